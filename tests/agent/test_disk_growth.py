"""What a disk gained survives a restart: it is taken up from the readings that were kept, of the same disk only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.agent.disk_growth import DiskGrowth
from gateway.clock import FakeClock
from gateway.core.disks import GROWTH, POWER_ON
from gateway.core.errors import UnavailableError
from gateway.core.reading import Reading
from gateway.store.samples import SqliteSamples

HOUR_S, DAY_S = 3_600.0, 86_400.0
PENDING = "hw.physical_disk.smart.pending_sectors"
REMAPPED = "hw.physical_disk.smart.reallocated_sectors"


class Box:
    """A box whose process may end and start again on the same file of readings."""

    def __init__(self, file: Path) -> None:
        self.clock = FakeClock()
        self._file = file
        self._hours = 1000.0
        self.start()

    def start(self) -> None:
        self.samples = SqliteSamples(self._file, self.clock)
        self.growth = DiskGrowth(self.samples.rollups)

    def stop(self) -> None:
        self.samples.flush()
        self.samples.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    async def ask(self, pending: float, *, remapped: float = 5, hours: float | None = None) -> list[float]:
        """One poll; hours is what the disk says of its own age."""
        at = self.clock.wall()
        own = (self._hours if hours is None else hours) * HOUR_S
        values = {PENDING: pending, REMAPPED: remapped, POWER_ON: own}
        readings = [Reading("srv-1", metric, value, at, "sda", "EX-1 S1") for metric, value in values.items()]
        found = self.growth.of(readings)
        self.samples.append([*readings, *found])
        await self.growth.settled()
        assert {one.metric for one in found} <= {GROWTH}
        return [float(one.value) for one in found]

    async def watch(self, days: float, pending: float) -> None:
        for _ in range(int(days * 24)):
            await self.ask(pending)
            self.clock.advance(HOUR_S)
            self._hours += 1


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path / "samples.db")
    yield made
    made.samples.close()


async def test_growth_is_told_on_after_a_restart(box: Box) -> None:
    await box.watch(1, pending=0)
    await box.watch(1, pending=24)
    assert await box.ask(24) == [24.0]
    box.restart()
    assert await box.ask(24) == []  # its past is being read
    assert await box.ask(24) == [24.0]


async def test_what_grew_while_the_process_was_not_there_is_told(box: Box) -> None:
    await box.watch(2, pending=3)
    box.stop()
    box.clock.advance(12 * DAY_S)
    box.start()
    await box.ask(40)
    assert await box.ask(40) == [37.0]


async def test_old_growth_is_over_after_a_restart_as_well(box: Box) -> None:
    await box.watch(1, pending=0)
    await box.watch(8, pending=24)
    box.restart()
    await box.ask(24)
    assert await box.ask(24) == [0.0]


@pytest.mark.parametrize("hours", [3.0, 30_000.0])
async def test_another_disk_in_the_same_place_begins_anew(box: Box, hours: float) -> None:
    await box.watch(2, pending=0)
    box.restart()
    await box.ask(300, remapped=5, hours=hours)
    assert await box.ask(300, remapped=5, hours=hours) == [0.0]


async def test_disk_of_an_empty_record_begins_anew(box: Box) -> None:
    await box.ask(300)
    assert await box.ask(300) == [0.0]


async def test_without_history_the_first_reading_is_told_at_once() -> None:
    growth = DiskGrowth(None)
    (told,) = growth.of([Reading("srv-1", PENDING, 300.0, 0.0, "sda", "EX-1 S1")])
    assert told.value == 0


async def test_record_that_cannot_be_read_is_no_reason_to_stay_silent() -> None:
    def broken(*_: object) -> list[Callable[[], None]]:
        raise UnavailableError("samples.db: disk I/O error")

    growth = DiskGrowth(broken)  # type: ignore[arg-type]
    assert growth.of([Reading("srv-1", PENDING, 300.0, 0.0, "sda", "EX-1 S1")]) == []
    await growth.settled()
    assert [one.value for one in growth.of([Reading("srv-1", PENDING, 301.0, 600.0, "sda", "EX-1 S1")])] == [0.0]


async def test_what_is_no_disk_is_left_alone(box: Box) -> None:
    assert box.growth.of([Reading("srv-1", "hw.temperature", 40.0, 0.0, "sda")]) == []
    assert box.growth.of([Reading("srv-1", POWER_ON, 40.0, 0.0, "sda")]) == []
