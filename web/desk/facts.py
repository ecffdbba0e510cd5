"""What the pages and messages of headquarters are made from: plain facts about each site, read from the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from gateway.core.calendar import Calendar
from gateway.core.device import GATEWAY, Criticality, Park, Support
from gateway.core.incident import Cause, Change, Incident, Transition, Verdict
from gateway.core.intervals import OpenSpan
from gateway.core.runbook import Runbooks
from gateway.runbooks import shipped_runbooks
from gateway.settings import Target
from gateway.wire.statistics import Series
from web.desk.notify import Notification

SILENT_AFTER_S = 720.0
"""A site that said nothing for twelve minutes is silent, whatever its last words were (requirement M8)."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one series: ``at`` is its start (s since the epoch, UTC)."""

    at: float
    lowest: float
    mean: float
    highest: float


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """One site as headquarters knows it. ``heard_at`` is when it last said anything (s since the epoch, ``None`` if
    never); ``park``, ``targets`` and ``hours`` are what its last inventory told, ``None`` or empty if it sent none."""

    id: str
    name: str
    zone: str = "Africa/Algiers"
    language: str = "fr"
    contact: str = ""
    phone: str = ""
    heard_at: float | None = None
    park: Park | None = None
    hours: Calendar | None = None
    responder: Calendar | None = None
    """When those who answer for incidents work; ``None``: as the site does."""
    country: str = ""
    """Whose holidays the site keeps (ISO code); empty where it lists the dates itself."""
    moves: Mapping[date, date] = field(default_factory=dict)
    """Moving feasts as the site's own box has them: announced date -> the real one, told with its inventory at
    ``told_at`` (s since the epoch)."""
    told_at: float | None = None
    pauses: Mapping[str, tuple[OpenSpan, ...]] = field(default_factory=dict)
    """Waiting times in force, by incident."""
    targets: Mapping[Criticality, Target] = field(default_factory=dict)
    incidents: tuple[Incident, ...] = ()
    runbooks: Runbooks = field(default_factory=shipped_runbooks)
    """The shipped steps with the site's own, as its last inventory told them."""
    states: Mapping[str, Verdict] | None = None
    """Verdict of each device and service that was not ok in the site's last summary; ``None`` if it sent none."""

    def silent(self, now: float) -> bool:
        """True if nothing can be said about the site now."""
        if self.heard_at is None or now - self.heard_at >= SILENT_AFTER_S:
            return True
        return any(one.open and one.cause == Cause.SITE_SILENT for one in self.incidents)

    @property
    def open(self) -> tuple[Incident, ...]:
        """Incidents that last."""
        return tuple(incident for incident in self.incidents if incident.open)

    @property
    def devices(self) -> int:
        """How many devices are watched there, the box itself left out."""
        return sum(device != GATEWAY for device in self.park.devices) if self.park else 0

    def verdict(self, subject: str, now: float) -> Verdict:
        """What is known of a device or service now; of a silent site nothing is."""
        if self.states is None or self.silent(now):
            return Verdict.UNKNOWN
        return self.states.get(subject, Verdict.OK)

    def incident(self, incident_id: str) -> Incident | None:
        """The incident with this id."""
        return next((one for one in self.incidents if one.id == incident_id), None)

    def subject(self, incident: Incident) -> str:
        """What people call the thing the incident lies in: a device, a service, the site; empty if it is no one."""
        if incident.cause == Cause.SITE_SILENT:
            return self.name
        if not incident.root_device:
            return ""
        return self.park.name(incident.root_device) if self.park else incident.root_device

    def criticality(self, incident: Incident) -> Criticality:
        """The highest criticality that the incident touches: its root's and that of the services it hits."""
        if incident.cause == Cause.SITE_SILENT:
            return Criticality.CRITICAL
        touched = [subject for subject in (incident.root_device, *incident.services) if subject]
        levels = [self.park.criticality(subject) for subject in touched] if self.park else []
        return min(levels, key=lambda level: level.rank, default=Criticality.STANDARD)

    def target(self, incident: Incident) -> Target | None:
        """What was promised for an incident: that of its criticality, in the zone of its root."""
        target = self.targets.get(self.criticality(incident))
        root = self.park.devices.get(incident.root_device or "") if self.park else None
        return target.of_zone(root.zone) if target and root else target

    def support(self, incident: Incident) -> Support:
        """The contract behind the root device; an empty one where there is none."""
        device = self.park.devices.get(incident.root_device or "") if self.park else None
        return device.support if device else Support()


class FleetFacts(Protocol):
    """What headquarters' pages need from its ledger."""

    def version(self) -> str:
        """A text that changes whenever anything below does."""
        ...

    def sites(self) -> Sequence[SiteFacts]:
        """Every site that is expected or was ever heard of, with its open incidents and those of the last 180 days."""
        ...

    def history(self, site: str, start: float, end: float) -> Sequence[Transition]:
        """Transitions of a site from which any part of [start, end) can be counted, in order of time: those within,
        and the few before that are still in force."""
        ...

    def hours(self, site: str, device: str, start: float, end: float) -> Mapping[Series, Sequence[Hour]]:
        """Hourly figures that a site told of a device's series, of hours that begin in [start, end), in order."""
        ...

    def write(self, site: str, change: Change) -> None:
        """Adds what a person at headquarters did to an incident. Durable when it returns."""
        ...

    def notifications(self, newest: int | None = None) -> Sequence[Notification]:
        """Every message ever made (or the newest), oldest first."""
        ...
