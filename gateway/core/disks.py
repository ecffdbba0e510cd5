"""Disks by their change: what a disk gained of bad sectors and uncorrected errors within a week. Pure.

A raw value alone says little (makers pack several counters into one, and a disk may live for years with five sectors
remapped in its first week); that a counter *moves* is what precedes failures.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.core.reading import Reading

WINDOW_S = 7 * 86_400.0
STEP_S = 3_600.0
"""One remembered reading an hour is enough to know the level of a week ago."""

_PREFIX = "hw.physical_disk.smart."
GROWTH = _PREFIX + "growth"
REMAPPED = _PREFIX + "reallocated_sectors"
SPARED = 3
"""So many sectors remapped within a week are what spare sectors are for; more are counted, all of them."""
COUNTED = (
    REMAPPED,
    *(
        _PREFIX + name
        for name in ("pending_sectors", "uncorrectable_sectors", "reported_uncorrectable", "media_errors")
    ),
)
"""Counters whose growth is damage. Not: cable errors, command time-outs, spin retries (Seagate packs them)."""

POWER_ON = _PREFIX + "power_on_time"
NEVER_FALLING = (
    POWER_ON,
    REMAPPED,
    *(_PREFIX + name for name in ("power_cycles", "load_cycles", "unsafe_shutdowns", "media_errors")),
    "hw.physical_disk.io.read",
    "hw.physical_disk.io.write",
)
"""Counters by which a disk is known again where only its place was kept."""

_SLACK_S = 3 * 3600.0  # hours are whole, and what is kept is the mean of an hour
_SHARE = 1e-6  # kept in single precision

Level = tuple[float, float]
"""(instant, value) of a counter."""


def same_disk(before: Mapping[str, Level], now: Mapping[str, Level]) -> bool:
    """True if what was kept of a disk's counters and what a disk in the same place tells now can be one disk: nothing
    fell, and it did not work longer than time has passed."""
    shared = before.keys() & now.keys()
    for metric in shared:
        (was_at, was), (at, value) = before[metric], now[metric]
        if value < was - max(1.0, was * _SHARE):
            return False
        if metric == POWER_ON and value - was > at - was_at + _SLACK_S:
            return False
    return bool(shared)


@dataclass(slots=True)
class Growth:
    """The counters of disks over the last week, each disk by its label (model and serial number)."""

    _levels: dict[tuple[str, str], deque[Level]] = field(default_factory=dict)

    def known(self, reading: Reading) -> bool:
        """True if this counter of this very disk was seen before."""
        return _key(reading) in self._levels

    def take_up(self, reading: Reading, levels: Iterable[Level]) -> None:
        """Remembers what a counter was before ``reading``, oldest first."""
        self._levels[_key(reading)] = deque(levels)

    def of(self, readings: Iterable[Reading]) -> list[Reading]:
        """How much each disk gained within a week: one reading a disk, 0 from its first reading on."""
        gained: dict[tuple[str, str], tuple[Reading, float]] = {}
        for reading in readings:
            if reading.metric not in COUNTED or isinstance(reading.value, str):
                continue
            disk = (reading.device, reading.instance)
            more = self._gained(_key(reading), reading.at, reading.value)
            if reading.metric == REMAPPED and more <= SPARED:
                more = 0.0
            gained[disk] = (reading, gained.get(disk, (reading, 0.0))[1] + more)
        return [
            Reading(one.device, GROWTH, more, one.at, one.instance, one.label, source="growth of a week")
            for one, more in gained.values()
        ]

    def _gained(self, key: tuple[str, str], at: float, value: float) -> float:
        """The rise above the lowest level of the week: a pending sector that was remapped or read after all is no
        rise, and what falls back and rises again is. The level a week ago is the newest that was seen before it."""
        levels = self._levels.setdefault(key, deque())
        while len(levels) > 1 and levels[1][0] <= at - WINDOW_S:
            levels.popleft()
        lowest = min((level for _at, level in levels), default=value)
        if not levels or at - levels[-1][0] >= STEP_S or value < lowest:
            levels.append((at, value))
        return max(0.0, value - lowest)


def _key(reading: Reading) -> tuple[str, str]:
    return (f"{reading.device} {reading.label or reading.instance}", reading.metric)
