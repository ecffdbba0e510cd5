"""After a restart a pace and what is usual are known at once: they are taken up from the readings that were kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.agent.recall import Recall
from gateway.clock import FakeClock
from gateway.core.device import Device, Kind, Park
from gateway.core.errors import UnavailableError
from gateway.core.reading import Reading
from gateway.core.watch import Watch
from gateway.store.samples import SqliteSamples

STEP_S = 300.0
DISK, HEAT, ANSWER = "system.filesystem.utilization", "hw.temperature", "reach.duration"


class Box:
    """A server and a service, and a watch that may start again on the same file of readings."""

    def __init__(self, file: Path) -> None:
        self.clock = FakeClock()
        self.file = file
        self.start()

    def start(self) -> None:
        park = Park([Device("srv", "srv", Kind.SERVER)])
        self.watch = Watch("site", park)
        self.samples = SqliteSamples(self.file, self.clock)
        self.recall = Recall(self.samples, self.samples.rollups, self.watch.recall)

    def restart(self) -> None:
        self.samples.flush()
        self.samples.close()
        self.start()

    async def poll(self, steps: int, value: Callable[[float], dict[str, float]]) -> set[str]:
        """Causes of the incidents that are open after these polls."""
        for _ in range(steps):
            at = self.clock.wall()
            readings = [Reading("srv", "reach.up", 1.0, at)]
            readings += [Reading("srv", metric, told, at, "/") for metric, told in value(at).items()]
            self.samples.append(readings)
            self.recall.note((one.series, at) for one in readings)
            self.watch.see("srv", readings, at)
            await self.recall.settled()
            self.clock.advance(STEP_S)
        return {str(one.cause) for one in self.watch.incidents.values()}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A box that has kept nothing yet."""
    box = Box(tmp_path / "samples.db")
    yield box
    box.samples.close()


def filling(began: float) -> Callable[[float], dict[str, float]]:
    return lambda at: {DISK: 0.75 + 0.08 * (at - began) / 3600.0}


async def test_the_pace_of_filling_is_known_right_after_a_restart(box: Box) -> None:
    value = filling(box.clock.wall())
    assert await box.poll(6, value) == set()
    box.restart()
    assert await box.poll(3, value) == {"disk_full"}


async def test_without_what_was_kept_the_pace_is_not_known_yet(box: Box) -> None:
    value = filling(box.clock.wall())
    await box.poll(6, value)
    box.restart()
    box.recall = Recall(box.samples, None, box.watch.recall)
    assert await box.poll(3, value) == set()


async def test_the_usual_temperature_and_answer_are_known_right_after_a_restart(box: Box) -> None:
    await box.poll(12 * 9, lambda _: {HEAT: 30.0, ANSWER: 0.2})
    box.restart()
    assert await box.poll(4, lambda _: {HEAT: 41.0, ANSWER: 0.2}) == {"overheating"}


async def test_a_day_without_readings_is_no_usual(box: Box) -> None:
    await box.poll(12 * 9, lambda _: {HEAT: 30.0})
    box.clock.advance(2 * 86_400.0)
    box.restart()
    assert await box.poll(4, lambda _: {HEAT: 41.0}) == set()


async def test_each_series_is_read_once_and_a_file_that_cannot_be_read_stops_nothing(box: Box) -> None:
    asked = []

    def refuses(device: str, metric: str, instance: str, start: float, end: float) -> list[float]:
        asked.append((device, metric, instance))
        raise UnavailableError("samples.db: damaged")

    box.recall = Recall(box.samples, refuses, box.watch.recall)  # type: ignore[arg-type]
    assert await box.poll(3, lambda _: {HEAT: 30.0}) == set()
    assert asked == [("srv", HEAT, "/")]
