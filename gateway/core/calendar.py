"""Opening hours: business time between instants, and the instant at which a delay of business time runs out.

Hours are local; days are those of the calendar's time zone. Summer time is right to the minute: a local time that comes
twice is open twice, one that is skipped is open not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.core.intervals import OpenSpan, Span, clip, intersect, subtract, total, union

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Keys of a week, in the order of ``date.weekday``."""

Week = Mapping[str, Sequence[tuple[int, int]]]
"""Day -> pairs of (opening, closing) in minutes after local midnight, 0 <= opening < closing <= 1440. A day that is
absent is closed."""

_DAY_S = 86400
_EPOCH = date(1970, 1, 1)
_SEARCH_DAYS = 3660
_KEPT_DAYS = 4000
"""A due date more than ten years away is none: the calendar practically never opens."""


@dataclass(frozen=True)
class Calendar:
    """When a depot (or a responder) works. Holidays and closures are closed, whatever else says; the later entry of
    ``special`` wins over the earlier and over ``week``; ``always_on`` ignores all of them."""

    timezone: str = "UTC"
    week: Week = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()
    special: Sequence[tuple[date, date, Week]] = ()
    always_on: bool = False
    closures: Sequence[tuple[tuple[int, int], tuple[int, int]]] = ()
    """Closed every year from (month, day) to (month, day), both included; the end may lie in the next year."""
    _kept: dict[date, list[Span]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Days that were asked for: a year of many services asks for each of its days many times."""

    def hours(self, day: date) -> Sequence[tuple[int, int]]:
        """The day's pairs of (opening, closing) minutes; none if it is closed all day."""
        if self.always_on:
            return ((0, 1440),)
        if day in self.holidays or any(_within(day, first, last) for first, last in self.closures):
            return ()
        week = self.week
        for first, last, other in self.special:
            if first <= day <= last:
                week = other
        return week.get(DAYS[day.weekday()], ())

    def open_spans(self, start: float, end: float) -> list[Span]:
        """Open time within [start, end): sorted and disjoint."""
        if start >= end:
            return []
        if self.always_on:
            return [(start, end)]
        found: list[Span] = []
        for day in self._days(start, end):
            for opening, closing in self._opened(day):
                low, high = max(opening, start), min(closing, end)
                if low >= high:
                    continue
                if found and low <= found[-1][1]:
                    found[-1] = (found[-1][0], max(high, found[-1][1]))
                else:
                    found.append((low, high))
        return found

    def business_seconds(self, start: float, end: float) -> float:
        """Seconds of open time in [start, end); 0 if ``end`` is not after ``start``."""
        return total(self.open_spans(start, end))

    def due(self, at: float, business_s: float, pending: Iterable[OpenSpan] = ()) -> float | None:
        """The instant at which ``business_s`` of open time outside ``pending`` has passed since ``at``.

        Falling on closing time it *is* closing time, not the next opening. ``None`` where it never comes: a pause
        without an end, or a calendar that does not open within ten years.
        """
        if business_s <= 0:
            return at
        horizon = at + _SEARCH_DAYS * _DAY_S
        paused = clip(pending, at, horizon)
        if self.always_on:
            return _run_out(subtract([(at, horizon)], paused), business_s)
        return _run_out(self._working(at, horizon, paused), business_s)

    def is_open(self, at: float) -> bool:
        """True within opening hours."""
        return bool(self.open_spans(at, at + 0.001))

    def _working(self, start: float, end: float, paused: Sequence[Span]) -> Iterator[Span]:
        """Open time outside the pauses, a day at a time: most delays run out within a few."""
        for day in self._days(start, end):
            yield from subtract(clip(self._opened(day), start, end), paused)

    def _days(self, start: float, end: float) -> Iterator[date]:
        day = datetime.fromtimestamp(start, self._zone).date()
        last = datetime.fromtimestamp(end, self._zone).date()
        while day <= last:
            yield day
            day += timedelta(days=1)

    def _opened(self, day: date) -> list[Span]:
        """The open instants of one local day, computed once."""
        found = self._kept.get(day)
        if found is None:
            if len(self._kept) >= _KEPT_DAYS:
                self._kept.clear()
            found = self._kept[day] = self._opening(day)
        return found

    def _opening(self, day: date) -> list[Span]:
        """The open instants of one local day."""
        hours = self.hours(day)
        if not hours:
            return []
        midnight = (day - _EPOCH).days * _DAY_S  # as if the zone were UTC
        before, after = self._offset(midnight - _DAY_S), self._offset(midnight + 2 * _DAY_S)
        if before == after:
            return union((midnight + a * 60 - before, midnight + b * 60 - before) for a, b in hours)
        change = self._change(midnight - _DAY_S, midnight + 2 * _DAY_S, before)
        regimes = ((before, (float("-inf"), change)), (after, (change, float("inf"))))
        return union(
            span
            for offset, regime in regimes
            for a, b in hours
            for span in intersect([(midnight + a * 60 - offset, midnight + b * 60 - offset)], [regime])
        )

    def _change(self, low: float, high: float, before: float) -> float:
        """The second at which the zone's offset stops being ``before``."""
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._offset(middle) == before else (low, middle)
        return high

    def _offset(self, at: float) -> float:
        """Seconds that local time is ahead of UTC."""
        moment = datetime.fromtimestamp(at, UTC).astimezone(self._zone).utcoffset()
        return moment.total_seconds() if moment else 0.0

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)  # cached by the standard library


def _within(day: date, first: tuple[int, int], last: tuple[int, int]) -> bool:
    """True if a day lies in a yearly closure; one that crosses the year is two ranges, not none."""
    today = (day.month, day.day)
    return first <= today <= last if first <= last else today >= first or today <= last


def _run_out(spans: Iterable[Span], business_s: float) -> float | None:
    for start, end in spans:
        if end - start >= business_s:
            return start + business_s
        business_s -= end - start
    return None
