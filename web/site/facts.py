"""What the pages are made from: plain facts of one instant, read from the agent's files or written by a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from gateway.core.calendar import Calendar
from gateway.core.device import GATEWAY, Criticality, Park
from gateway.core.incident import Incident, Transition, Verdict
from gateway.core.inventory import Entry
from gateway.core.runbook import Runbooks
from gateway.ports import CurrentVerdict
from gateway.runbooks import shipped_runbooks
from gateway.settings import Target
from gateway.store.calls import Calls
from web.common import Accounts, State, state_of
from web.common.deadlines import Clocks, clocks

STALE_AFTER_S = 60.0
"""A status document older than this means that the watch itself has stopped."""

DAY_S = 86400.0
HISTORY_S = 30 * DAY_S

Series = list[tuple[float, float | str]]


@dataclass(frozen=True, slots=True)
class SiteCard:
    """What was decided about the site: names, whom to call, promises, opening hours, and where the page is found."""

    id: str
    name: str
    language: str = "fr"
    timezone: str = "Africa/Algiers"
    contact: str = ""
    phone: str = ""
    targets: Mapping[Criticality, Target] = field(default_factory=dict)
    hours: Calendar = field(default_factory=lambda: Calendar(always_on=True))
    addresses: tuple[str, ...] = ()
    """URLs of this page, the one for the QR code (with an IP address) first."""
    runbooks: Runbooks = field(default_factory=shipped_runbooks)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the pages get their facts and leave their commands. Callables, so that a test can pass literal facts.

    ``version`` is any text that changes when the other facts may have changed. ``status`` is the agent's status
    document or ``None``. ``submit`` (kind, who, body) keeps a command for the agent and returns its id. Each may
    raise a `VigieError`: the page then says that the facts cannot be read.
    """

    card: SiteCard
    accounts: Accounts
    version: Callable[[], str]
    park: Callable[[], Park]
    status: Callable[[], Mapping[str, Any] | None]
    incidents: Callable[[float], Sequence[Incident]]
    incident: Callable[[str], Incident | None]
    transitions: Callable[[float, float, str | None], Sequence[Transition]]
    verdicts: Callable[[], Sequence[CurrentVerdict]]
    series: Callable[[str, str, str, float, float], Series]
    submit: Callable[[str, str, Mapping[str, Any]], int]
    storage: Callable[[], Mapping[str, float]]
    """Free and whole bytes of the data directory: ``free``, ``total``; sizes of files by name."""
    entries: Callable[[], Sequence[Entry]] = tuple
    """What happened to the inventory, oldest first, without sweeps."""
    calls: Calls | None = None
    """Backup jobs that call the box."""
    hours: Callable[[], Calendar] | None = None
    """Opening hours as they are now: headquarters may move a feast at any time. ``None``: those of the card."""


@dataclass(frozen=True, slots=True)
class Value:
    """One row of the status document's ``latest``."""

    device: str
    metric: str
    instance: str
    label: str
    value: float | str
    severity: str | None
    at: float | None


@dataclass(frozen=True)
class Facts:
    """The facts of one instant ``now``, with what follows from them directly."""

    card: SiteCard
    park: Park
    now: float
    status: Mapping[str, Any]
    incidents: tuple[Incident, ...] = ()

    @property
    def checked_at(self) -> float | None:
        """When the agent last wrote its status (s since the epoch); ``None`` if it never did."""
        at = self.status.get("at")
        return float(at) if isinstance(at, int | float) else None

    @property
    def stale(self) -> bool:
        """True if the watch itself has stopped: what is known is old."""
        return self.checked_at is None or self.now - self.checked_at > STALE_AFTER_S

    @cached_property
    def open(self) -> tuple[Incident, ...]:
        """Open incidents, the one to look at first first: down before handled before watch, then by priority."""
        lasting = [incident for incident in self.incidents if incident.open]
        return tuple(
            sorted(lasting, key=lambda one: (-self.incident_state(one).rank, one.priority or "P9", one.opened_at))
        )

    def entry(self, subject: str) -> Mapping[str, Any]:
        """What the status document says of a device or service; empty if it says nothing."""
        group = "services" if subject in self.park.services else "devices"
        entry = (self.status.get(group) or {}).get(subject)
        return entry if isinstance(entry, dict) else {}

    def verdict(self, subject: str) -> Verdict:
        """The verdict in force, as the status document has it."""
        try:
            return Verdict(self.entry(subject).get("verdict", Verdict.UNKNOWN))
        except ValueError:
            return Verdict.UNKNOWN

    def state(self, subject: str) -> State:
        """The state to show for a device or service: nothing that is old is shown as true."""
        if self.stale:
            return State.UNKNOWN
        incident = self.incident_of(subject)
        return state_of(self.verdict(subject), handled=incident is not None and bool(incident.acknowledged_by))

    def incident_of(self, subject: str) -> Incident | None:
        """The open incident that explains what is wrong with a device or service."""
        for incident in self.open:
            if incident.root_device == subject or any(symptom.device == subject for symptom in incident.symptoms):
                return incident
        return next((incident for incident in self.open if subject in incident.services), None)

    def incident_state(self, incident: Incident) -> State:
        """The state an incident is shown in. Advisory ones (a forecast, an unusual value) are never red."""
        if not incident.open:
            return State.OK
        if incident.priority == "P4":
            return State.WATCH
        subjects = {symptom.device for symptom in incident.symptoms} | {incident.root_device or ""}
        severe = incident.priority in ("P1", "P2") or any(
            self.verdict(subject) is Verdict.CRITICAL for subject in subjects if subject
        )
        return state_of(Verdict.CRITICAL if severe else Verdict.WARNING, handled=bool(incident.acknowledged_by))

    def stopped(self, incident: Incident) -> list[str]:
        """Services that stand still because of this incident, the most critical first."""
        hit = [s for s in incident.services if s in self.park.services and self.verdict(s) is Verdict.CRITICAL]
        return sorted(hit, key=lambda service: self.park.criticality(service).rank)

    def criticality(self, incident: Incident) -> Criticality:
        """The highest criticality that the incident touches: its root's and that of the services it hits."""
        touched = [subject for subject in (incident.root_device, *incident.services) if subject]
        return min(
            (self.park.criticality(subject) for subject in touched),
            key=lambda level: level.rank,
            default=Criticality.STANDARD,
        )

    def clocks(self, incident: Incident) -> Clocks:
        """Its two clocks against the site's promises."""
        return clocks(incident, self.card.targets.get(self.criticality(incident)), self.card.hours, self.now)

    @property
    def link(self) -> Mapping[str, Any]:
        """What the agent says of the way to headquarters; empty if there is none."""
        link = self.status.get("link")
        return link if isinstance(link, dict) else {}

    @property
    def waiting(self) -> int:
        """Messages that headquarters has not acknowledged yet."""
        counts = self.link.get("waiting") or {}
        return sum(int(count) for count in counts.values())

    def latest(self, device: str) -> list[Value]:
        """The newest readings of a device, by metric and instance."""
        rows = [Value(*row) for row in self.status.get("latest") or () if row[0] == device]
        return sorted(rows, key=lambda row: (row.metric, row.instance))

    @property
    def devices(self) -> list[str]:
        """Ids of the devices without the box itself, the worst first, then by criticality and name."""
        return self._ordered(device for device in self.park.devices if device != GATEWAY)

    @property
    def services(self) -> list[str]:
        """Ids of the services, the worst first."""
        return self._ordered(self.park.services)

    def _ordered(self, subjects: Any) -> list[str]:
        return sorted(
            subjects,
            key=lambda one: (-self.state(one).rank, self.park.criticality(one).rank, self.park.name(one).casefold()),
        )


def gather(sources: Sources, now: float) -> Facts:
    """Reads what the pages need at ``now``: the status document and the incidents of thirty days."""
    status = sources.status() or {}
    incidents = tuple(sources.incidents(now - HISTORY_S))
    card = replace(sources.card, hours=sources.hours()) if sources.hours else sources.card
    return Facts(card, sources.park(), now, status, incidents)


def hourly(
    transitions: Sequence[Transition], verdicts: Sequence[CurrentVerdict], now: float, *, hours: int = 24
) -> list[State]:
    """The worst state of one subject in each of the last whole clock hours, the current one last.

    ``transitions`` are those of the span, ``verdicts`` those in force now, both of one subject. Before the first of a
    metric's transitions its verdict was that transition's ``before``.
    """
    end = (now // 3600 + 1) * 3600
    start = end - hours * 3600
    lines: dict[tuple[str, str], list[tuple[float, Verdict]]] = {}
    for one in transitions:
        line = lines.setdefault((one.metric, one.instance), [(start, one.before)])
        line.append((max(one.at, start), one.after))
    for current in verdicts:
        lines.setdefault((current.metric, current.instance), [(start, current.verdict)])
    worst = [-1] * hours
    for line in lines.values():
        for (since, verdict), until in zip(line, [at for at, _ in line[1:]] + [now], strict=True):
            first, last = int((since - start) // 3600), int((max(until - 0.001, since) - start) // 3600)
            for hour in range(max(first, 0), min(last, hours - 1) + 1):
                worst[hour] = max(worst[hour], verdict.rank)
    by_rank = {verdict.rank: verdict for verdict in Verdict}
    return [state_of(by_rank[rank]) if rank >= 0 else State.UNKNOWN for rank in worst]
