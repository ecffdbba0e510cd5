"""Service levels: availability with coverage and bounds, repair times, and what that means for a target.

Definitions (docs/reference/service-levels.md): *contract* time = service hours less holidays, planned maintenance and
unknown time; availability = (contract - down) / contract; coverage = contract / (service hours - holidays -
maintenance); bounds = all unknown counted as down / as up. A zero denominator gives ``None``, never 0 or 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.core.calendar import Calendar
from gateway.core.intervals import OpenSpan, Span, clip, intersect, overlap, subtract, total, union

CONCLUSIVE_COVERAGE = 0.95
"""Below this share of measured time a target is not conclusive, never kept (M14)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened to one service in the period [start, end): intervals in any order, overlapping as they may; one
    without an end runs to the period's end. ``deduced`` is time that was not measured but cannot have been up (after a
    recorded mains loss): it counts as down, is taken off ``unknown``, and is told apart."""

    start: float
    end: float
    outages: Sequence[OpenSpan] = ()
    maintenance: Sequence[OpenSpan] = ()
    unknown: Sequence[OpenSpan] = ()
    deduced: Sequence[OpenSpan] = ()


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """Figures of one service over one period. Seconds are of service hours; ``mttr_wall_s`` alone is of the wall.

    ``outages`` is the number of merged outages with some contract time down.
    """

    availability: float | None
    coverage: float | None
    bounds: tuple[float | None, float | None]
    contract_s: float
    down_s: float
    unknown_s: float
    maintenance_s: float
    mttr_business_s: float | None
    mttr_wall_s: float | None
    mtbf_s: float | None
    outages: int
    worst_s: float = 0.0
    """Seconds down if all that is unknown had been down."""
    deduced_s: float = 0.0
    """Part of ``down_s`` that was deduced and not measured."""


class Standing(StrEnum):
    """What can be said of a target."""

    KEPT = "kept"
    MISSED = "missed"
    INCONCLUSIVE = "inconclusive"
    IN_PROGRESS = "in_progress"
    """The period still runs, and what it allows is not used up."""


def measure(facts: Facts, calendar: Calendar) -> ServiceLevel:
    """The figures of one service over one period."""
    hours = calendar.open_spans(facts.start, facts.end)
    maintenance = clip(facts.maintenance, facts.start, facts.end)
    seen = clip(facts.outages, facts.start, facts.end)
    deduced = clip(facts.deduced, facts.start, facts.end)
    unknown = subtract(clip(facts.unknown, facts.start, facts.end), deduced)
    down = union([*seen, *deduced])
    base = subtract(hours, maintenance)
    contract = subtract(base, unknown)
    base_s, contract_s, down_s = total(base), total(contract), total(intersect(contract, down))
    worst_s = total(intersect(base, union([*down, *unknown])))
    business, wall, count = _repairs(facts, down, contract)
    return ServiceLevel(
        availability=_share(contract_s - down_s, contract_s),
        coverage=_share(contract_s, base_s),
        bounds=(_share(base_s - worst_s, base_s), _share(base_s - down_s, base_s)),
        contract_s=contract_s,
        down_s=down_s,
        unknown_s=total(intersect(base, unknown)),
        maintenance_s=total(intersect(hours, maintenance)),
        mttr_business_s=_mean(business),
        mttr_wall_s=_mean(wall),
        mtbf_s=(contract_s - down_s) / count if count else None,
        outages=count,
        worst_s=worst_s,
        deduced_s=total(intersect(contract, subtract(deduced, seen))),
    )


def pool(levels: Sequence[ServiceLevel]) -> ServiceLevel:
    """Several services as one: their times are added up, so a service weighs as much as its hours. Mean times to repair
    are not: they are of incidents, not of services (``gateway.core.figures``)."""
    contract_s = sum(level.contract_s for level in levels)
    down_s = sum(level.down_s for level in levels)
    unknown_s = sum(level.unknown_s for level in levels)
    worst_s = sum(level.worst_s for level in levels)
    count = sum(level.outages for level in levels)
    base_s = contract_s + unknown_s
    return ServiceLevel(
        availability=_share(contract_s - down_s, contract_s),
        coverage=_share(contract_s, base_s),
        bounds=(_share(base_s - worst_s, base_s), _share(base_s - down_s, base_s)),
        contract_s=contract_s,
        down_s=down_s,
        unknown_s=unknown_s,
        maintenance_s=sum(level.maintenance_s for level in levels),
        mttr_business_s=None,
        mttr_wall_s=None,
        mtbf_s=(contract_s - down_s) / count if count else None,
        outages=count,
        worst_s=worst_s,
        deduced_s=sum(level.deduced_s for level in levels),
    )


def standing(level: ServiceLevel, target: float, to_come_s: float | None = None) -> Standing:
    """Kept or missed where the measured time suffices to say so. With too little coverage a target is still missed if
    even the best case misses it.

    ``to_come_s`` is given while the period runs: the service hours that it still holds. It is missed then only where
    all of it up (and all that is unknown, since a box may still tell) would not make good what was down.
    """
    if to_come_s is not None:
        return _running(level, target, to_come_s)
    best = level.bounds[1]
    if level.availability is None or level.coverage is None or best is None:
        return Standing.INCONCLUSIVE
    if level.coverage < CONCLUSIVE_COVERAGE:
        return Standing.MISSED if best < target else Standing.INCONCLUSIVE
    return Standing.KEPT if level.availability >= target else Standing.MISSED


def _running(level: ServiceLevel, target: float, to_come_s: float) -> Standing:
    best = _share(_promised_s(level, to_come_s) - level.down_s, _promised_s(level, to_come_s))
    if best is None:
        return Standing.INCONCLUSIVE
    if best < target:
        return Standing.MISSED
    too_little = level.coverage is not None and level.coverage < CONCLUSIVE_COVERAGE
    return Standing.INCONCLUSIVE if too_little else Standing.IN_PROGRESS


def _promised_s(level: ServiceLevel, to_come_s: float | None) -> float:
    """The service hours that a target is promised over: of a period that is over those that were measured, of one that
    runs all but maintenance."""
    return level.contract_s if to_come_s is None else level.contract_s + level.unknown_s + to_come_s


def missed_by_s(level: ServiceLevel, target: float, to_come_s: float | None = None) -> float:
    """Seconds of outage beyond what the target allows; 0 where it is kept. ``to_come_s`` as in ``standing``."""
    return max(0.0, level.down_s - (1 - target) * _promised_s(level, to_come_s))


@dataclass(frozen=True, slots=True)
class Budget:
    """The outage that a target allows over a whole period, and what of it is used (business seconds).

    ``burn`` is the share that is used against the share of the period that has passed: above 1 it will not last.
    """

    allowed_s: float
    used_s: float
    burn: float | None

    @property
    def left_s(self) -> float:
        """What may still be lost; 0 once it is used up."""
        return max(0.0, self.allowed_s - self.used_s)


def budget(level: ServiceLevel, target: float, to_come_s: float | None = None) -> Budget:
    """``level`` covers what has passed of a period that holds ``to_come_s`` more of service hours (``None``: it is
    over). Nothing is left exactly where the target is missed."""
    promised_s = _promised_s(level, to_come_s)
    allowed_s = (1 - target) * promised_s
    passed = 1.0 if to_come_s is None else (_share(promised_s - to_come_s, promised_s) or 0.0)
    burn = level.down_s / allowed_s / passed if allowed_s and passed else None
    return Budget(allowed_s, level.down_s, burn)


def _repairs(facts: Facts, down: Sequence[Span], contract: Sequence[Span]) -> tuple[list[float], list[float], int]:
    """(contract seconds down, wall seconds) of the merged outages that have ended, and how many there are in all."""
    felt = [(overlap(contract, *span), span) for span in down]
    counted = [(seconds, end - start) for seconds, (start, end) in felt if seconds]
    # an outage without an end reaches the end of the period, so only the last merged one can hold it
    lasts = any(end is None and start < facts.end for start, end in (*facts.outages, *facts.deduced))
    ended = counted[:-1] if lasts and felt[-1][0] else counted
    return [seconds for seconds, _ in ended], [seconds for _, seconds in ended], len(counted)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
