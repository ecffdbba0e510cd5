"""What one reading cannot say: how soon something is full, how far a temperature is from what is usual there.

Each result is one more reading, judged like those from the wire. State is RAM only: after a restart a trend needs half
an hour and a usual temperature six hours to be known again; the limits on the values themselves hold meanwhile.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
_NOTICED_S = 0.5
_REBOOT_TOLD_S = 120.0
_WRAP_S = (2**32 - 60_000) / 100
"""A sysUpTime this high falls because its 32 bits of 10 ms are full after 497 days, not because of a boot."""

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
    _uptimes: dict[str, tuple[float, float | None]] = field(default_factory=dict)

    def of(self, reading: Reading) -> Iterator[Reading]:
        """The trend readings that this reading leads to: none, or one."""
        if isinstance(reading.value, str):
            return
        if reading.metric in _FILLING:
            seconds = self._time_to_full(reading, reading.value)
            if seconds is not None:
                yield reading._replace(metric=_FILLING[reading.metric], value=seconds)
        elif reading.metric == "system.uptime":
            yield reading._replace(metric="system.rebooted", value=float(self._rebooted(reading, reading.value)))
        elif reading.metric == "reach.duration":
            ratio = self._slowness(reading, reading.value)
            if ratio is not None:
                yield reading._replace(metric="reach.slowness", value=ratio)
        elif reading.metric == "hw.temperature":
            excess = self._excess(reading, reading.value)
            if excess is not None:
                yield reading._replace(metric="hw.temperature.excess", value=excess)

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

    def _rebooted(self, reading: Reading, uptime: float) -> bool:
        """True for two minutes after a boot was seen to have happened (the uptime fell)."""
        before, seen_at = self._uptimes.get(reading.device, (uptime, None))
        if uptime < before < _WRAP_S:
            seen_at = reading.at
        self._uptimes[reading.device] = (uptime, seen_at)
        return seen_at is not None and reading.at - seen_at < _REBOOT_TOLD_S

    def _slowness(self, reading: Reading, seconds: float) -> float | None:
        """How many times the usual the answer took; 1 below half a second, which nobody notices."""
        usual = self._learned(reading, seconds, seconds_may_teach)
        if usual is None:
            return None
        return seconds / max(usual, 0.01) if seconds >= _NOTICED_S else 1.0

    def _excess(self, reading: Reading, value: float) -> float | None:
        """Kelvins above the mean of the last day; ``None`` until six hours are known."""
        usual = self._learned(reading, value, kelvins_may_teach)
        return None if usual is None else value - usual

    def _learned(self, reading: Reading, value: float, may_teach: Callable[[float, float], bool]) -> float | None:
        """The mean of the last day before this reading; ``None`` while it is being learned. A reading teaches only if
        ``may_teach(value, usual)``: a slow fault must not become normal."""
        usual = self._usual.get(reading.series)
        if usual is None:
            self._usual[reading.series] = _Usual(value, reading.at, reading.at)
            return None
        if reading.at <= usual.last:
            return None
        known = usual.value
        learning = reading.at - usual.began < _LEARNING_S
        if learning or may_teach(value, known):
            weight = 1.0 - math.exp((usual.last - reading.at) / (_LEARNING_S if learning else _USUAL_S))
            usual.value += weight * (value - known)
        usual.last = reading.at
        return None if learning else known


def kelvins_may_teach(value: float, usual: float) -> bool:
    """A temperature near the usual one."""
    return abs(value - usual) <= _LEARNS_UP_TO_K


def seconds_may_teach(value: float, usual: float) -> bool:
    """An answer that took no more than twice the usual."""
    return value <= 2 * usual
