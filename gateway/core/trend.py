"""What one reading cannot say: how soon something is full, how far a temperature is from what is usual there.

Each result is one more reading, judged like those from the wire. State is RAM only: after a restart a trend needs half
an hour and a usual temperature six hours to be known again; the limits on the values themselves hold meanwhile.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from gateway.core.reading import Reading

NO_TREND_S = 30 * 86_400.0
"""Told as the time to full of what is not filling."""

_SPAN_S = 3600.0
_CREDIBLE_SPAN_S = 1500.0
_CREDIBLE_POINTS = 6
_FALLING_SHARE = 0.2
_FILLED_FROM = 0.70
"""Below this share a rise is everyday life (a backup being written, a cache growing)."""

_USUAL_S = 86_400.0
_LEARNING_S = 6 * 3600.0
_LEARNS_UP_TO_K = 4.0
"""Readings further than this from the usual do not teach what is usual: a slow fault must not become normal."""

_FILLING = {
    "system.filesystem.utilization": "system.filesystem.time_to_full",
    "system.memory.utilization": "system.memory.time_to_full",
}


@dataclass(slots=True)
class _Usual:
    """Mean of a day, weighted by time."""

    value: float
    began: float
    last: float


@dataclass(slots=True)
class Trends:
    """Turns readings into readings of trends. One instance per watch."""

    _points: dict[tuple[str, str, str], deque[tuple[float, float]]] = field(default_factory=dict)
    _usual: dict[tuple[str, str, str], _Usual] = field(default_factory=dict)

    def of(self, reading: Reading) -> Iterator[Reading]:
        """The trend readings that this reading leads to: none, or one."""
        if isinstance(reading.value, str):
            return
        if reading.metric in _FILLING:
            seconds = self._time_to_full(reading, reading.value)
            if seconds is not None:
                yield replace(reading, metric=_FILLING[reading.metric], value=seconds)
        elif reading.metric == "hw.temperature":
            excess = self._excess(reading, reading.value)
            if excess is not None:
                yield replace(reading, metric="hw.temperature.excess", value=excess)

    def _time_to_full(self, reading: Reading, value: float) -> float | None:
        """Seconds until the share reaches 1 at the pace of the last hour; ``None`` while too little is known."""
        points = self._points.setdefault(reading.series, deque())
        if points and reading.at <= points[-1][0]:
            return None
        points.append((reading.at, value))
        while reading.at - points[0][0] > _SPAN_S:
            points.popleft()
        span = points[-1][0] - points[0][0]
        if len(points) < _CREDIBLE_POINTS or span < _CREDIBLE_SPAN_S:
            return None
        falls = sum(after < before for (_, before), (_, after) in pairwise(points))
        rise = value - points[0][1]
        if value < _FILLED_FROM or rise <= 0 or falls > _FALLING_SHARE * (len(points) - 1):
            return NO_TREND_S
        return min((1.0 - value) * span / rise, NO_TREND_S)

    def _excess(self, reading: Reading, value: float) -> float | None:
        """Kelvins above the mean of the last day; ``None`` until six hours are known."""
        usual = self._usual.get(reading.series)
        if usual is None:
            self._usual[reading.series] = _Usual(value, reading.at, reading.at)
            return None
        if reading.at <= usual.last:
            return None
        excess = value - usual.value
        learning = reading.at - usual.began < _LEARNING_S
        if learning or abs(excess) <= _LEARNS_UP_TO_K:
            weight = 1.0 - math.exp((usual.last - reading.at) / (_LEARNING_S if learning else _USUAL_S))
            usual.value += weight * excess
        usual.last = reading.at
        return None if learning else excess
