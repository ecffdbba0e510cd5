"""What one reading cannot say: how soon something is full, how far a temperature is from what is usual there.

Each result is one more reading, judged like those from the wire. State is RAM only: what was kept of before the start
is taken up once (``take_up``); without it a pace needs half an hour and a usual temperature six hours to be known.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from gateway.core.reading import Reading

NO_TREND_S = 30 * 86_400.0
"""Told as the time to full of what is not filling."""

SPAN_S = 3600.0
_CREDIBLE_SPAN_S = 1500.0
_CREDIBLE_POINTS = 6
_FALLING_SHARE = 0.2
_FILLED_FROM = 0.70
"""Below this share a rise is everyday life (a backup being written, a cache growing)."""

USUAL_S = 86_400.0
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


Series = tuple[str, str, str]
MayTeach = Callable[[float, float], bool]


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

    def take_up(self, series: tuple[str, str, str], past: Sequence[tuple[float, float]]) -> None:
        """Puts what was kept of a series, (at, value) oldest first, before what was seen of it since the start. A pace
        wants readings of ``SPAN_S``, the usual hourly means of ``USUAL_S``."""
        if series[1] in _FILLING:
            points = self._points.setdefault(series, deque())
            points.extendleft(reversed([one for one in past if not points or one[0] < points[0][0]]))
            while points and points[-1][0] - points[0][0] > SPAN_S:
                points.popleft()
            return
        may_teach = _TEACHING[series[1]]
        now = self._usual.pop(series, None)
        for at, value in past:
            if now is None or at < now.began:
                self._learn(series, at, value, may_teach)
        known = self._usual.get(series)
        if known is None and now is not None:
            self._usual[series] = now
        elif known is not None and now is not None:
            known.last = now.last

    def _time_to_full(self, reading: Reading, value: float) -> float | None:
        """Seconds until the share reaches 1 at the pace of the last hour; ``None`` while too little is known."""
        points = self._points.setdefault(reading.series, deque())
        if points and reading.at <= points[-1][0]:
            return None
        points.append((reading.at, value))
        while reading.at - points[0][0] > SPAN_S:
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
        usual = self._learn(reading.series, reading.at, seconds, seconds_may_teach)
        if usual is None:
            return None
        return seconds / max(usual, 0.01) if seconds >= _NOTICED_S else 1.0

    def _excess(self, reading: Reading, value: float) -> float | None:
        """Kelvins above the mean of the last day; ``None`` until six hours are known."""
        usual = self._learn(reading.series, reading.at, value, kelvins_may_teach)
        return None if usual is None else value - usual

    def _learn(self, series: Series, at: float, value: float, may_teach: MayTeach) -> float | None:
        """The mean of the last day before this reading; ``None`` while it is being learned. A reading teaches only if
        ``may_teach(value, usual)``: a slow fault must not become normal."""
        usual = self._usual.get(series)
        if usual is None:
            self._usual[series] = _Usual(value, at, at)
            return None
        if at <= usual.last:
            return None
        known = usual.value
        learning = at - usual.began < _LEARNING_S
        if learning or may_teach(value, known):
            weight = 1.0 - math.exp((usual.last - at) / (_LEARNING_S if learning else USUAL_S))
            usual.value += weight * (value - known)
        usual.last = at
        return None if learning else known


def kelvins_may_teach(value: float, usual: float) -> bool:
    """A temperature near the usual one."""
    return abs(value - usual) <= _LEARNS_UP_TO_K


def seconds_may_teach(value: float, usual: float) -> bool:
    """An answer that took no more than twice the usual."""
    return value <= 2 * usual


_TEACHING: Mapping[str, MayTeach] = {"hw.temperature": kelvins_may_teach, "reach.duration": seconds_may_teach}
PACES = frozenset(_FILLING)
"""Metrics whose readings of ``SPAN_S`` are wanted after a start."""
USUALS = frozenset(_TEACHING)
"""Metrics whose hourly means of ``USUAL_S`` are wanted after a start."""
