"""State changes as append-only facts, and incidents as a fold over them.

Two kinds of fact are kept for ever: a ``Transition`` (the verdict on one metric changed) and a ``Change`` (something
happened to an incident: it was opened, explained anew, acknowledged, restored ...). An ``Incident`` is never stored as
truth: it is ``fold(changes)``, so it can be rebuilt from the record at any time, here and at headquarters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Verdict(StrEnum):
    """What is concluded about a metric, a device or a service. ``unknown`` is never ok and never down."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    MAINTENANCE = "maintenance"

    @property
    def bad(self) -> bool:
        """True for a fault that was seen: warning or critical."""
        return self in (Verdict.WARNING, Verdict.CRITICAL)

    @property
    def rank(self) -> int:
        """Orders verdicts for display, the worst highest."""
        return _RANK[self]


_RANK = {Verdict.OK: 0, Verdict.MAINTENANCE: 1, Verdict.UNKNOWN: 2, Verdict.WARNING: 3, Verdict.CRITICAL: 4}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict to show for several; nothing judged yet is unknown."""
    return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.UNKNOWN)


class Cause(StrEnum):
    """Why. The closed vocabulary of `docs/reference/causes.md`."""

    POWER_LOST = "power_lost"
    BATTERY_WORN = "battery_worn"
    UPS_OVERLOADED = "ups_overloaded"
    DEVICE_UNREACHABLE = "device_unreachable"
    LINK_DOWN = "link_down"
    UPLINK_LOST = "uplink_lost"
    PORT_ERRORS = "port_errors"
    DISK_FULL = "disk_full"
    DISK_FAILING = "disk_failing"
    RAID_DEGRADED = "raid_degraded"
    MEMORY_EXHAUSTED = "memory_exhausted"
    CPU_SATURATED = "cpu_saturated"
    OVERHEATING = "overheating"
    FAN_FAILED = "fan_failed"
    PSU_FAILED = "psu_failed"
    SERVICE_DOWN = "service_down"
    SERVICE_SLOW = "service_slow"
    BACKUP_MISSED = "backup_missed"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    CLOCK_WRONG = "clock_wrong"
    SUPPLY_EMPTY = "supply_empty"
    REBOOTED = "rebooted"
    ANOMALY = "anomaly"
    SITE_SILENT = "site_silent"
    REPORTED = "reported"
    GATEWAY_FAULT = "gateway_fault"
    CONTRACT_ENDING = "contract_ending"
    MAINTENANCE_OVERDUE = "maintenance_overdue"
    PART_FAILED = "part_failed"


class Priority(StrEnum):
    """P1 needs somebody now; P4 is advisory only."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a fact was written down: wall clock (s since the epoch), boot, monotonic seconds of that boot, and whether
    the wall clock was synchronised then."""

    wall: float
    boot_id: str = ""
    monotonic: float = 0.0
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Transition:
    """The verdict on one metric of one device or service changed.

    ``at`` is the first reading of the run that led to the new verdict, ``detected_at`` the reading at which the hold
    was satisfied (both s since the epoch, UTC). ``value`` is the deciding reading, ``cause`` what the check suspects,
    ``check`` the rule that judged (its id in `docs/reference/checks.md`; empty where no rule did, and in old records).
    Of planned work ``value`` is its planned end (s since the epoch) and ``label`` who announced it.
    """

    subject: str
    metric: str
    instance: str
    before: Verdict
    after: Verdict
    at: float
    detected_at: float
    value: float | str | None = None
    cause: str = ""
    label: str = ""
    check: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """(subject, metric, instance)."""
        return (self.subject, self.metric, self.instance)


@dataclass(frozen=True, slots=True)
class Symptom:
    """One bad metric that an incident explains, and its evidence: the reading that decided and the rule it broke (empty
    in records of versions that kept neither)."""

    device: str
    metric: str
    instance: str = ""
    check: str = ""
    value: float | str | None = None


class ChangeKind(StrEnum):
    """What can happen to an incident."""

    OPENED = "opened"
    SYMPTOM = "symptom"
    REVISED = "revised"
    MERGED = "merged"
    ACKNOWLEDGED = "acknowledged"
    INTERVENTION_STARTED = "intervention_started"
    SILENCED = "silenced"
    NOTE = "note"
    TICKED = "ticked"
    UNTICKED = "unticked"
    DECIDED = "decided"
    RESTORED = "restored"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one incident. Fields that do not belong to its ``kind`` are left empty.

    opened and revised carry the whole explanation (cause, root, priority, symptoms, services, value); symptom carries
    the symptoms and services that were added; merged names the incident that explains this one in ``into``; silenced
    carries ``until``; ticked and unticked carry the key of a step of the runbook in ``text``; decided carries what in
    ``text``, who is to do it in ``whom`` and the day until when in ``day`` (ISO date). ``who`` is "gateway", "panel",
    "desk" or a person's name.
    """

    incident: str
    kind: ChangeKind
    at: float
    detected_at: float
    who: str = "gateway"
    text: str = ""
    cause: str = ""
    root_device: str | None = None
    root_metric: str = ""
    root_instance: str = ""
    priority: str = ""
    value: float | str | None = None
    symptoms: tuple[Symptom, ...] = ()
    services: tuple[str, ...] = ()
    into: str = ""
    until: float | None = None
    whom: str = ""
    day: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """One fault: its cause, what it explains, and its clocks. All instants are s since the epoch, ``None`` if not yet.

    ``opened_at`` is the first bad reading, ``detected_at`` the reading that made it an incident, ``restored_at`` the
    first good reading of the stable run that closed it.
    """

    id: str
    cause: str
    root_device: str | None
    root_metric: str
    root_instance: str
    priority: str
    opened_at: float
    detected_at: float
    value: float | str | None = None
    symptoms: tuple[Symptom, ...] = ()
    services: tuple[str, ...] = ()
    acknowledged_at: float | None = None
    acknowledged_by: str = ""
    intervention_at: float | None = None
    silenced_until: float | None = None
    restored_at: float | None = None
    merged_into: str = ""
    story: tuple[Change, ...] = ()

    @property
    def open(self) -> bool:
        """True while the fault lasts and no other incident explains it."""
        return self.restored_at is None and not self.merged_into


def incident_id(site: str, cause: str, root: str | None, opened_at: float) -> str:
    """Stable id: the same fault found again by a replay has the same id."""
    text = "\x1f".join((site, cause, root or "", f"{opened_at:.3f}"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def apply(incident: Incident | None, change: Change) -> Incident:
    """One step of the fold. A change that comes before its incident was opened makes an incident of what it tells."""
    if incident is None:
        incident = Incident(
            change.incident,
            change.cause,
            change.root_device,
            change.root_metric,
            change.root_instance,
            change.priority,
            change.at,
            change.detected_at,
        )
    return replace(incident, story=(*incident.story, change), **_effect(incident, change))  # type: ignore[arg-type]


def _effect(incident: Incident, change: Change) -> dict[str, object]:
    """Fields of the incident that a change sets."""
    match change.kind:
        case ChangeKind.OPENED | ChangeKind.REVISED:
            return {
                "cause": change.cause,
                "root_device": change.root_device,
                "root_metric": change.root_metric,
                "root_instance": change.root_instance,
                "priority": change.priority,
                "value": change.value,
                "symptoms": change.symptoms,
                "services": change.services,
            }
        case ChangeKind.SYMPTOM:
            return {
                "symptoms": tuple(dict.fromkeys((*incident.symptoms, *change.symptoms))),
                "services": tuple(dict.fromkeys((*incident.services, *change.services))),
            }
        case ChangeKind.MERGED:
            return {"merged_into": change.into}
        case ChangeKind.ACKNOWLEDGED if incident.acknowledged_at is None:
            return {"acknowledged_at": change.at, "acknowledged_by": change.who}
        case ChangeKind.INTERVENTION_STARTED if incident.intervention_at is None:
            return {"intervention_at": change.at}
        case ChangeKind.SILENCED:
            return {"silenced_until": change.until}
        case ChangeKind.RESTORED:
            return {"restored_at": change.at}
        case ChangeKind.REOPENED:
            return {"restored_at": None}
    return {}


def continued(incidents: Iterable[Incident], changes: Iterable[Change]) -> list[Incident]:
    """Incidents after further changes (those that no disk has taken yet), the newest first. What happened to an
    incident that is neither among them nor opened by the changes is left out."""
    known = {incident.id: incident for incident in incidents}
    for change in changes:
        if change.incident in known or change.kind is ChangeKind.OPENED:
            known[change.incident] = apply(known.get(change.incident), change)
    return sorted(known.values(), key=lambda incident: incident.opened_at, reverse=True)


def fold(changes: Iterable[Change]) -> dict[str, Incident]:
    """Incidents by id, from the changes in the order in which they were written."""
    incidents: dict[str, Incident] = {}
    for change in changes:
        incidents[change.incident] = apply(incidents.get(change.incident), change)
    return incidents
