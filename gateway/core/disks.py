"""Disks by their change: what a disk gained of bad sectors and uncorrected errors within a week. Pure.

A raw value alone says little (makers pack several counters into one, and a disk may live for years with five sectors
remapped in its first week); that a counter *moves* is what precedes failures.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.core.reading import Reading

WINDOW_S = 7 * 86_400.0
STEP_S = 3_600.0
"""One remembered reading an hour is enough to know the level of a week ago."""

_PREFIX = "hw.physical_disk.smart."
GROWTH = _PREFIX + "growth"
COUNTED = tuple(
    _PREFIX + name
    for name in (
        "pending_sectors",
        "reallocated_sectors",
        "uncorrectable_sectors",
        "reported_uncorrectable",
        "media_errors",
    )
)
"""Counters whose growth is damage. Not: cable errors, command time-outs, spin retries (Seagate packs them)."""


@dataclass(slots=True)
class Growth:
    """The counters of disks over the last week, each disk by its label (model and serial number)."""

    _levels: dict[tuple[str, str], deque[tuple[float, float]]] = field(default_factory=dict)

    def of(self, readings: Iterable[Reading]) -> list[Reading]:
        """How much each disk gained within a week: one reading a disk, 0 from its first reading on."""
        gained: dict[tuple[str, str], tuple[Reading, float]] = {}
        for reading in readings:
            if reading.metric not in COUNTED or isinstance(reading.value, str):
                continue
            disk = (reading.device, reading.instance)
            more = self._gained((f"{reading.device} {reading.label}", reading.metric), reading.at, reading.value)
            gained[disk] = (reading, gained.get(disk, (reading, 0.0))[1] + more)
        return [
            Reading(one.device, GROWTH, more, one.at, one.instance, one.label, source="growth of a week")
            for one, more in gained.values()
        ]

    def _gained(self, key: tuple[str, str], at: float, value: float) -> float:
        """The rise above the lowest level of the week: a pending sector that was remapped or read after all is no
        rise, and what falls back and rises again is."""
        levels = self._levels.setdefault(key, deque())
        while levels and levels[0][0] < at - WINDOW_S:
            levels.popleft()
        lowest = min((level for _at, level in levels), default=value)
        if not levels or at - levels[-1][0] >= STEP_S or value < lowest:
            levels.append((at, value))
        return max(0.0, value - lowest)
