"""The four figures of the steering page (M14): availability of critical services, time to repair, what comes back, and
what maintenance costs a month. Every figure can be explained in one sentence and says what it does not know."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.core.calendar import Calendar
from gateway.core.device import Device
from gateway.core.incident import Cause, Incident, Priority
from gateway.core.service_level import Facts, ServiceLevel, Standing, measure, missed_by_s, pool, standing

RECURRENCE_S = 180 * 86_400.0
"""Two incidents of one cause at one root within this time are a recurrence."""


_OF_ONE_PART = frozenset(
    {
        Cause.DISK_FULL,
        Cause.DISK_FAILING,
        Cause.RAID_DEGRADED,
        Cause.FAN_FAILED,
        Cause.PSU_FAILED,
        Cause.PART_FAILED,
        Cause.PORT_ERRORS,
        Cause.LINK_DOWN,
        Cause.SUPPLY_EMPTY,
        Cause.BACKUP_MISSED,
    }
)


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """One site over [start, end): ``critical`` holds each critical service with the calendar of its own hours,
    ``calendar`` is the responder's (repair times), ``incidents`` reach back at least ``RECURRENCE_S`` from ``end``."""

    site: str
    start: float
    end: float
    calendar: Calendar
    critical: Sequence[tuple[Facts, Calendar]] = ()
    incidents: Sequence[Incident] = ()
    devices: Sequence[Device] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    """Mean time to repair over the faults (P1 to P3) restored in the period that touched business time.

    ``None`` where there was none. Business seconds and wall seconds are both given: state which.
    """

    business_s: float | None
    wall_s: float | None
    count: int


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The same failure, at least twice within ``RECURRENCE_S``; ``part`` is empty where no one part failed."""

    site: str
    cause: str
    root_device: str | None
    count: int
    last_opened_at: float
    part: str = ""


@dataclass(frozen=True, slots=True)
class MonthlyCost:
    """What maintenance costs a month. ``total`` is ``None`` where no cost is known at all; ``unknown`` devices have
    none entered; ``by_perimeter`` adds up to ``total`` exactly ("" holds devices without a perimeter)."""

    total: float | None
    by_perimeter: tuple[tuple[str, float], ...]
    unknown: int


@dataclass(frozen=True, slots=True)
class FourFigures:
    """Four figures and no more. ``availability`` is ``None`` where there is no critical service; ``missed_s`` is the
    outage beyond what the target allows, ``standing`` says whether the target is kept."""

    availability: ServiceLevel | None
    target: float | None
    standing: Standing | None
    missed_s: float
    repair: Repair
    recurring: tuple[Recurrence, ...]
    cost: MonthlyCost


def four_figures(
    sites: Sequence[SiteFacts],
    target: float | None = None,
    level: ServiceLevel | None = None,
    to_come_s: float | None = None,
) -> FourFigures:
    """The figures of one site or of many together. ``target`` is the availability promised for critical services,
    ``level`` theirs, where it is measured already; ``to_come_s`` are the service hours still to come, while the period
    runs."""
    levels = [measure(facts, calendar) for site in sites for facts, calendar in site.critical]
    level = pool(levels) if levels else level
    return FourFigures(
        availability=level,
        target=target,
        standing=standing(level, target, to_come_s) if level is not None and target is not None else None,
        missed_s=missed_by_s(level, target, to_come_s) if level is not None and target is not None else 0.0,
        repair=repair(sites),
        recurring=tuple(one for site in sites for one in recurrences(site.site, site.incidents, site.end)),
        cost=monthly_cost(device for site in sites for device in site.devices),
    )


def repair(sites: Iterable[SiteFacts]) -> Repair:
    """Mean time from the first bad reading to the first good one of each fault."""
    times = [
        (business, incident.restored_at - incident.opened_at)
        for site in sites
        for incident in site.incidents
        if is_fault(incident)
        and incident.restored_at is not None
        and site.start <= incident.restored_at < site.end
        and (business := site.calendar.business_seconds(incident.opened_at, incident.restored_at)) > 0
    ]
    if not times:
        return Repair(None, None, 0)
    count = len(times)
    return Repair(sum(business for business, _ in times) / count, sum(wall for _, wall in times) / count, count)


def failure(incident: Incident) -> tuple[str, str | None, str]:
    """(cause, device, part): two incidents with the same are the same failure. The part is the disk, volume, port, fan,
    supply, cartridge or job, where the cause lies in one."""
    part = incident.root_instance if incident.cause in _OF_ONE_PART else ""
    return incident.cause, incident.root_device, part


def recurrences(site: str, incidents: Iterable[Incident], end: float) -> list[Recurrence]:
    """What came back within ``RECURRENCE_S`` before ``end``, the most frequent first."""
    opened: dict[tuple[str, str | None, str], list[float]] = {}
    for incident in incidents:
        if is_fault(incident) and end - RECURRENCE_S <= incident.opened_at < end:
            opened.setdefault(failure(incident), []).append(incident.opened_at)
    found = [
        Recurrence(site, cause, root, len(ats), max(ats), part)
        for (cause, root, part), ats in opened.items()
        if len(ats) > 1
    ]
    return sorted(found, key=lambda one: (-one.count, -one.last_opened_at))


def monthly_cost(devices: Iterable[Device]) -> MonthlyCost:
    """Monthly maintenance, per perimeter. Kept in hundredths: the parts add up to the total to the last centime."""
    hundredths: dict[str, int] = {}
    unknown = 0
    for device in devices:
        if device.cost.monthly is None or not math.isfinite(device.cost.monthly):
            unknown += 1
        else:
            hundredths[device.perimeter] = hundredths.get(device.perimeter, 0) + round(device.cost.monthly * 100)
    parts = tuple((perimeter, amount / 100) for perimeter, amount in sorted(hundredths.items()))
    return MonthlyCost(sum(hundredths.values()) / 100 if hundredths else None, parts, unknown)


def is_fault(incident: Incident) -> bool:
    """Advice (P4) and work that takes long are no fault, and what another incident explains is counted there."""
    advice = incident.priority == Priority.P4 or incident.cause == Cause.MAINTENANCE_OVERDUE
    return not advice and not incident.merged_into
