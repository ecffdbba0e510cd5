"""Figures of the running hour, told once it is over: lowest, mean, highest of every series that is a number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.core.reading import Reading
from gateway.ports import Message
from gateway.wire.statistics import Series, Statistics, names_body, names_digest, short, statistics_body

HOUR_S = 3600.0
_LANE = 3
"""Back-fill: after days without a link the figures must not stand before the summary of now."""
_COUNTERS = frozenset(("system.network.io.receive", "system.network.io.transmit", "system.uptime"))
"""What only ever grows: its mean says nothing, its rate is a series of its own."""


@dataclass(slots=True)
class _Sum:
    count: int = 0
    total: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.low, self.high = min(self.low, value), max(self.high, value)


class Hourly:
    """Sums of the running hour: RAM only. After a restart an hour is told from what was read since; the record has
    all of it. Without a link nothing is ``told``, so nothing is summed."""

    def __init__(self, *, told: bool = True) -> None:
        self._wanted = told
        self._names: dict[Series, int] = {}
        self._sums: dict[Series, _Sum] = {}
        self._hour: float | None = None
        self._told = ""

    def take(self, readings: Iterable[Reading]) -> list[Message]:
        """Takes readings; what there is to tell when the first of a new hour comes."""
        messages: list[Message] = []
        for reading in readings if self._wanted else ():
            value = reading.value
            if isinstance(value, str) or reading.metric in _COUNTERS:
                continue
            hour = reading.at // HOUR_S * HOUR_S
            if self._hour is not None and hour > self._hour:
                messages += self._tell(self._hour)
            if self._hour is None or hour > self._hour:
                self._hour = hour
            if hour == self._hour:  # what comes late belongs to an hour that is told: the record has it
                self._names.setdefault(reading.series, len(self._names))
                self._sums.setdefault(reading.series, _Sum()).add(value)
        return messages

    def _tell(self, hour: float) -> list[Message]:
        names = list(self._names)
        digest = names_digest(names)
        messages = []
        if digest != self._told:
            messages.append(Message("rpt", _LANE, names_body(names)))
            self._told = digest
        mean: list[float | None] = [None] * len(names)
        lowest, highest = list(mean), list(mean)
        for series, sums in self._sums.items():
            place = self._names[series]
            middle, low, high = short(sums.total / sums.count), short(sums.low), short(sums.high)
            mean[place] = middle
            lowest[place] = None if low == middle else low
            highest[place] = None if high == middle else high
        self._sums.clear()
        body = statistics_body(Statistics(hour, digest, mean, lowest, highest))
        return [*messages, Message("summary", _LANE, body)]
