"""What disks gained of bad sectors, taken up after a start from the readings that were kept."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence

import structlog

from gateway.agent.foresight import History
from gateway.core.disks import COUNTED, NEVER_FALLING, Growth, Level, same_disk
from gateway.core.errors import VigieError
from gateway.core.forecast import Hour
from gateway.core.reading import Reading

KEPT_S = 31 * 86_400.0
"""A box that was off for a month still knows what its disks were like."""

_Disk = tuple[str, str]
_WANTED = frozenset({*COUNTED, *NEVER_FALLING})

log = structlog.get_logger()


class DiskGrowth:
    """Turns the counters of disks into their growth. A disk seen for the first time since the start is told once its
    past was read, beside the loop. ``history`` may be called from another thread; ``None``: nothing was kept."""

    def __init__(self, history: History | None) -> None:
        self._history = history
        self._growth = Growth()
        self._reading: set[_Disk] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def of(self, readings: Sequence[Reading]) -> list[Reading]:
        """The growth of each disk among these readings whose past is known."""
        disks = _disks(readings)
        for disk, counters in disks.items():
            fresh = not any(self._growth.known(counters[name]) for name in counters if name in COUNTED)
            if self._history and fresh and disk not in self._reading:
                self._reading.add(disk)
                task = asyncio.get_running_loop().create_task(self._take_up(disk, counters, self._history))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        told = (one for disk, counters in disks.items() if disk not in self._reading for one in counters.values())
        return self._growth.of(told)

    async def settled(self) -> None:
        """Waits until every past that is being read has been taken up."""
        await asyncio.gather(*self._tasks)

    async def _take_up(self, disk: _Disk, counters: Mapping[str, Reading], history: History) -> None:
        past: Mapping[str, list[Level]] = {}
        try:
            past = await asyncio.to_thread(_past, disk, counters, history)
        except VigieError as error:
            log.error("the past of a disk cannot be read", device=disk[0], disk=disk[1], error=str(error))
        finally:
            self._reading.discard(disk)
        for metric in counters.keys() & set(COUNTED):
            self._growth.take_up(counters[metric], past.get(metric, ()))


def _disks(readings: Sequence[Reading]) -> dict[_Disk, dict[str, Reading]]:
    """The counters of each disk that has one whose growth is damage."""
    found: dict[_Disk, dict[str, Reading]] = {}
    for reading in readings:
        if reading.metric in _WANTED and not isinstance(reading.value, str):
            found.setdefault((reading.device, reading.instance), {})[reading.metric] = reading
    return {disk: counters for disk, counters in found.items() if not counters.keys().isdisjoint(COUNTED)}


def _past(disk: _Disk, counters: Mapping[str, Reading], history: History) -> dict[str, list[Level]]:
    """The levels of a week by counter, and the newest before; empty lists where another disk was in this place."""
    now = max(reading.at for reading in counters.values())
    hours = {metric: list(history(disk[0], metric, disk[1], now - KEPT_S, now)) for metric in counters}
    before = {metric: _level(known[-1]) for metric, known in hours.items() if known}
    same = same_disk(before, {metric: (one.at, float(one.value)) for metric, one in counters.items()})
    return {
        metric: [_level(hour) for hour in hours[metric]] if same else [] for metric in counters if metric in COUNTED
    }


def _level(hour: Hour) -> Level:
    """The level of a counter in an hour; that in which it rose counts from below."""
    return (hour.at, float(math.floor(hour.mean)))
