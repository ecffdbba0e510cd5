"""When something will be full, empty, worn or over: dates with their reasons, from hourly summaries and the inventory.

A date is only given where it can be believed: a trend beyond doubt, long enough, and not stretched further than its
history carries. What a contract or certificate says is a date, not a forecast, and has no interval.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from gateway.core.device import GATEWAY, Criticality, Device, Kind, Park
from gateway.core.incident import Cause
from gateway.core.theil_sen import Point, Trend, since_last_jump, theil_sen, without_weekly_rhythm

DAY_S = 86_400.0

Key = tuple[str, str, str]
"""(device, metric, instance)"""


class Hour(Protocol):
    """One hour of one series."""

    @property
    def at(self) -> float:
        """Start of the hour (s since the epoch, UTC)."""
        ...

    @property
    def mean(self) -> float:
        """Mean of its readings."""
        ...


class What(StrEnum):
    """What comes to its end. The word is that of the cause an incident about it has, contracts left out."""

    DISK_FULL = "disk_full"
    SUPPLY_EMPTY = "supply_empty"
    BATTERY_WORN = "battery_worn"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    DISK_FAILING = "disk_failing"
    WARRANTY_ENDING = "warranty_ending"
    SUPPORT_ENDING = "support_ending"


_PAPERS = (What.WARRANTY_ENDING, What.SUPPORT_ENDING)
PART_CAUSES: tuple[tuple[str, Cause], ...] = tuple(
    (str(what), Cause.CONTRACT_ENDING if what in _PAPERS else Cause(str(what))) for what in What
)
"""What a forecast is about -> the cause of the incident it opens."""


class Reason(StrEnum):
    """Why a date is believed."""

    TREND = "trend"
    DATE = "date"
    AGE = "age"
    HEAT = "heat"
    TEST = "test"
    RUNTIME = "runtime"


@dataclass(frozen=True, slots=True)
class Forecast:
    """One end. ``at`` is the likeliest instant (s since the epoch), ``earliest`` and ``latest`` its interval (``None``:
    exact, or open). ``instance`` tells several of one device apart (a mount, a cartridge). ``per_day`` is the trend in
    the metric's unit, ``level`` where it stands now."""

    device: str
    what: What
    instance: str
    at: float
    reasons: tuple[Reason, ...]
    earliest: float | None = None
    latest: float | None = None
    metric: str = ""
    level: float | None = None
    per_day: float | None = None
    label: str = ""

    @property
    def name(self) -> str:
        """The instance of the readings made of it."""
        return f"{self.what} {self.instance}".strip()

    def day(self, zone: str) -> date:
        """The day in the site's zone."""
        return datetime.fromtimestamp(self.at, ZoneInfo(zone)).date()


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest reading of a series."""

    value: float | str
    at: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """Everything forecasts are made from at ``now``: hourly summaries of months, oldest first, and the newest readings,
    both by (device, metric, instance)."""

    park: Park
    now: float
    history: Mapping[Key, Sequence[Hour]] = field(default_factory=dict)
    latest: Mapping[Key, Newest] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Course:
    """How one metric goes to its end: towards ``limit``, rising or falling; ``jump`` ends a course (a refill), points
    are of ``step`` days, at least ``least`` of them."""

    what: What
    limit: float
    rising: bool
    jump: float
    step: float = 1.0
    least: int = 7


_COURSES: Mapping[str, _Course] = {
    "system.filesystem.utilization": _Course(What.DISK_FULL, 1.0, rising=True, jump=0.03),
    "hw.logical_disk.utilization": _Course(What.DISK_FULL, 1.0, rising=True, jump=0.03),
    "printer.supply.level": _Course(What.SUPPLY_EMPTY, 0.0, rising=False, jump=0.2, least=14),
    "gateway.storage.wear": _Course(What.DISK_FAILING, 1.0, rising=True, jump=0.5, step=7.0, least=12),
    "hw.physical_disk.endurance_utilization": _Course(
        What.DISK_FAILING, 1.0, rising=True, jump=0.5, step=7.0, least=12
    ),
}

HISTORY: Mapping[str, float] = {
    **{metric: (400.0 if course.step > 1 else 120.0) * DAY_S for metric, course in _COURSES.items()},
    "battery.runtime": 400 * DAY_S,
    "battery.temperature": 90 * DAY_S,
    "ambient.temperature": 90 * DAY_S,
}
"""Metrics whose hourly summaries are needed, and how far back (s)."""

_HORIZON = 4.0
"""A trend is not stretched further than four times its own length."""
_MOST_POINTS = 120
_FARTHEST_S = 1095 * DAY_S

_LIFE_S, _SHORTEST_S, _LONGEST_S = 4 * 365.25 * DAY_S, 3 * 365.25 * DAY_S, 5 * 365.25 * DAY_S
"""Life of a lead-acid battery at 25 °C: four years, most between three and five (design life of standby batteries)."""
_WORN_RUNTIME = 0.5
"""A battery that lasts half as long as it did is at its end."""
_AGREE_S = 180 * DAY_S
"""Signs that speak of the same half-year confirm each other."""
_BAD_TESTS = ("fail", "bad", "replace", "défaut")

NEEDED_DAYS: Mapping[What, tuple[float, float, float]] = {
    What.DISK_FULL: (30, 14, 7),
    What.SUPPLY_EMPTY: (14, 7, 5),
    What.BATTERY_WORN: (60, 30, 21),
    What.CERTIFICATE_EXPIRING: (30, 21, 14),
    What.DISK_FAILING: (90, 60, 45),
    What.WARRANTY_ENDING: (60, 45, 30),
    What.SUPPORT_ENDING: (60, 45, 30),
}
"""Days that ordering, approving and fitting take, for a critical, an important and a standard device."""


def forecasts(known: Known) -> list[Forecast]:
    """Everything that comes to its end within sight, the nearest first."""
    found = [*_courses(known), *_certificates(known), *_batteries(known), *_contracts(known)]
    return sorted(found, key=lambda one: (one.at, one.device, one.what, one.instance))


def margin_s(forecast: Forecast, park: Park, now: float) -> float:
    """Seconds left beyond those that its criticality needs, counted to the earliest likely end; below 0 it is time to
    act. A device carries the highest criticality of what stands on it."""
    subjects = (forecast.device, *park.services_on(forecast.device))
    level = min((park.criticality(subject) for subject in subjects), key=lambda one: one.rank)
    if forecast.device == GATEWAY:
        level = Criticality.IMPORTANT
    until = forecast.at if forecast.earliest is None else forecast.earliest
    return until - now - NEEDED_DAYS[forecast.what][level.rank] * DAY_S


def _courses(known: Known) -> Iterator[Forecast]:
    """What goes to its end steadily: disks, cartridges, flash storage."""
    for (device, metric, instance), hours in known.history.items():
        course = _COURSES.get(metric)
        if course is None:
            continue
        points = _course_of(hours, course)
        if len(points) < course.least:
            continue
        trend = theil_sen(without_weekly_rhythm(points) if course.step < 7 else points)
        ends = _ends(trend, course.limit, rising=course.rising) if trend else None
        if trend is None or ends is None:
            continue
        span_s = (points[-1][0] - points[0][0]) * DAY_S
        at, earliest, latest = (one if one is None else one * DAY_S for one in ends)
        if at is None or at - known.now > min(_HORIZON * span_s, _FARTHEST_S):
            continue
        newest = known.latest.get((device, metric, instance))
        yield Forecast(
            device,
            course.what,
            instance,
            max(at, known.now),
            (Reason.TREND,),
            None if earliest is None else max(earliest, known.now),
            latest,
            metric,
            trend.level,
            trend.slope,
            newest.label if newest else "",
        )


def _course_of(hours: Sequence[Hour], course: _Course) -> list[Point]:
    """The points since the last clean-up or refill, and since the last single big copy."""
    points = _points(hours, course.step)[-_MOST_POINTS:]
    points = since_last_jump(points, least=course.jump, up=not course.rising)
    return since_last_jump(points, least=course.jump, up=course.rising, most=2)


def _points(hours: Sequence[Hour], step: float) -> list[Point]:
    """One point per ``step`` days: the median of its hours, so that a backup at night or a busy morning is no trend. x
    is days since the epoch."""
    days: dict[int, list[float]] = {}
    for hour in hours:
        days.setdefault(int(hour.at / DAY_S / step), []).append(hour.mean)
    return [((day + 0.5) * step, statistics.median(values)) for day, values in sorted(days.items())]


def _ends(trend: Trend, limit: float, *, rising: bool) -> tuple[float, float | None, float | None] | None:
    """(when, earliest, latest) in days since the epoch; ``None`` without a trend beyond doubt."""
    going = trend if rising else trend.turned()
    if not going.rising:
        return None
    missing = (limit if rising else -limit) - going.level
    return (
        trend.at + missing / going.slope,
        trend.at + missing / going.high,
        trend.at + missing / going.low,
    )


def _certificates(known: Known) -> Iterator[Forecast]:
    for (subject, metric, instance), newest in known.latest.items():
        if metric == "reach.certificate.remaining" and isinstance(newest.value, int | float):
            end = newest.at + newest.value
            yield Forecast(subject, What.CERTIFICATE_EXPIRING, instance, end, (Reason.DATE,), metric=metric)


def _contracts(known: Known) -> Iterator[Forecast]:
    """Warranty and support end with their last day; what ended long ago is history, not a forecast."""
    for device in known.park.devices.values():
        for what, last in (
            (What.WARRANTY_ENDING, device.warranty.ends_on),
            (What.SUPPORT_ENDING, device.support.ends_on),
        ):
            if last is not None:
                # noon: the same day in every zone people live in
                end = datetime(last.year, last.month, last.day, 12, tzinfo=UTC).timestamp()
                if end >= known.now - DAY_S:
                    yield Forecast(device.id, what, "", end, (Reason.DATE,))


def _batteries(known: Known) -> Iterator[Forecast]:
    """The end of a battery: the soonest of what its age, heat, last test and shrinking runtime say."""
    for device in known.park.devices.values():
        if device.kind is Kind.UPS:
            found = [*_by_age(device, known), *_by_runtime(device, known), *_by_test(device, known)]
            if found:
                first = min(found, key=lambda one: one.at)
                near = [one for one in found if one.at <= first.at + _AGREE_S]
                yield replace(first, reasons=tuple(dict.fromkeys(reason for one in near for reason in one.reasons)))


def _by_age(device: Device, known: Known) -> Iterator[Forecast]:
    age = known.latest.get((device.id, "battery.age", ""))
    if age is not None and isinstance(age.value, int | float):
        born = age.at - age.value
    elif device.purchased_on is not None:
        bought = device.purchased_on
        born = datetime(bought.year, bought.month, bought.day, tzinfo=UTC).timestamp()
    else:
        return
    # every 10 K above 25 °C halve the life of a lead-acid battery (Arrhenius; manufacturers' data sheets)
    heat = _usual_heat(device, known)
    factor = 0.5 ** (max(0.0, heat - 25.0) / 10.0) if heat is not None else 1.0
    end, earliest, latest = (born + life * factor for life in (_LIFE_S, _SHORTEST_S, _LONGEST_S))
    reasons = (Reason.AGE, Reason.HEAT) if factor < 0.9 else (Reason.AGE,)
    yield Forecast(device.id, What.BATTERY_WORN, "", max(end, known.now), reasons, max(earliest, known.now), latest)


def _usual_heat(device: Device, known: Known) -> float | None:
    for metric in ("battery.temperature", "ambient.temperature"):
        means = [hour.mean for hour in known.history.get((device.id, metric, ""), ())]
        if means:
            return statistics.median(means)
    return None


def _by_runtime(device: Device, known: Known) -> Iterator[Forecast]:
    """The runtime the UPS states, falling towards half of what it was at first."""
    points = since_last_jump(
        _points(known.history.get((device.id, "battery.runtime", ""), ()), 1.0), least=300.0, up=True
    )
    if len(points) < 60:
        return
    first = statistics.median(value for _, value in points[:14])
    trend = theil_sen(points[:: max(1, len(points) // 120)])
    ends = _ends(trend, first * _WORN_RUNTIME, rising=False) if trend else None
    if trend is None or ends is None:
        return
    at, earliest, latest = (one if one is None else one * DAY_S for one in ends)
    span_s = (points[-1][0] - points[0][0]) * DAY_S
    if at is not None and at - known.now <= _HORIZON * span_s:
        yield Forecast(
            device.id,
            What.BATTERY_WORN,
            "",
            max(at, known.now),
            (Reason.RUNTIME,),
            earliest,
            latest,
            "battery.runtime",
            trend.level,
            trend.slope,
        )


def _by_test(device: Device, known: Known) -> Iterator[Forecast]:
    result = known.latest.get((device.id, "ups.test.result", ""))
    if result and isinstance(result.value, str) and any(word in result.value.lower() for word in _BAD_TESTS):
        yield Forecast(device.id, What.BATTERY_WORN, "", known.now, (Reason.TEST,))
