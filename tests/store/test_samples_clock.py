"""Readings that were taken before anybody knew the time: where they lie once it is known."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from gateway.clock import FakeClock, LineClock, begin
from gateway.core.reading import Reading
from gateway.store.rollups import HOUR_S, Uptime
from gateway.store.samples import SqliteSamples

TRUTH = 494_444 * HOUR_S
WRONG = 1000 * HOUR_S


class Box:
    """A box whose clock nobody vouches for yet."""

    def __init__(self, folder: Path, wall: float = WRONG) -> None:
        self.folder, self.base = folder, FakeClock(wall)
        self.base.is_trusted = False
        self.clock = LineClock(self.base, begin(self.base))
        self.samples = SqliteSamples(folder / "samples.db", self.clock)

    def take(self, minutes: int, *, commit: bool = True) -> None:
        for _ in range(minutes):
            at = self.clock.wall()
            self.samples.append([Reading("ups-1", "reach.up", 1.0, at), Reading("ups-1", "ups.load", 30.0, at)])
            self.base.advance(60)
        if commit:
            self.samples.flush()

    def learn(self, truth: float) -> None:
        self.base.step(truth - self.base.wall())
        self.base.is_trusted = True
        anchor = self.clock.compare()
        assert anchor is not None
        self.clock.adopt(anchor)

    def restart(self) -> None:
        """As the agent does once its record was moved."""
        self.samples.flush()
        self.samples = SqliteSamples(
            self.folder / "samples.db", self.clock, lines={self.base.boot_id(): self.clock.line.offset}
        )

    def instants(self) -> list[float]:
        return [at for at, _ in self.samples.series("ups-1", "ups.load", "", 0, 1e12)]


def test_readings_are_moved_to_where_they_belong_those_in_ram_too(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.take(90)
    box.take(20, commit=False)
    box.learn(TRUTH + 110 * 60)
    box.restart()
    expected = [TRUTH + minute * 60 for minute in range(110)]
    assert box.instants() == expected
    box.base.advance(2 * HOUR_S)
    box.samples.flush()
    assert box.instants() == expected
    assert box.samples.uptime(TRUTH, TRUTH + HOUR_S) == {"ups-1": Uptime(3600, 3600)}
    assert box.samples._database.rows("SELECT count(*) FROM hot") == [(0,)]
    assert box.samples._database.rows("SELECT count(*) FROM adrift") == [(0,)]


def test_power_cut_while_readings_are_moved_moves_them_once(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.take(30)
    box.learn(TRUTH + 30 * 60)
    for _ in range(3):  # no commit in between: the file still holds the old instants
        box.samples = SqliteSamples(tmp_path / "samples.db", box.clock, lines={"boot-1": box.clock.line.offset})
        assert box.instants() == [TRUTH + minute * 60 for minute in range(30)]


def test_hours_stay_open_until_the_time_is_known_and_close_by_themselves_if_it_was_right(tmp_path: Path) -> None:
    box = Box(tmp_path, TRUTH)
    box.take(180)
    assert box.samples._database.rows("SELECT count(*) FROM chunk") == [(0,)]
    box.learn(box.base.wall())
    box.samples.flush()
    assert box.samples._database.rows("SELECT count(*) FROM chunk") == [(2,)]
    assert len(box.instants()) == 180


def test_time_that_stays_unknown_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.store.samples.READINGS_IN_RAM_MAX", 150)
    box = Box(tmp_path)
    box.take(180)
    assert box.samples._database.rows("SELECT count(*) > 0 FROM chunk") == [(1,)]
    assert len(box.instants()) == 180


def test_readings_that_come_while_a_commit_runs_are_neither_lost_nor_doubled(tmp_path: Path) -> None:
    clock = FakeClock(TRUTH)
    samples = SqliteSamples(tmp_path / "samples.db", clock)
    stop = threading.Event()

    def commit() -> None:
        while not stop.is_set():
            samples.flush()

    thread = threading.Thread(target=commit)
    thread.start()
    for minute in range(600):
        samples.append([Reading(f"d-{minute % 7}", "ups.load", float(minute), TRUTH + minute * 60)])
        clock.advance(60)
    stop.set()
    thread.join()
    samples.flush()
    again = SqliteSamples(tmp_path / "samples.db", clock)
    kept = [value for n in range(7) for _, value in again.series(f"d-{n}", "ups.load", "", 0, 1e12)]
    assert sorted(kept) == [float(minute) for minute in range(600)]


@pytest.mark.parametrize("step_s", [-5400.0, 5400.0])
def test_readings_of_closed_hours_stay_where_they_were_when_a_known_clock_steps_none_is_lost_or_doubled(
    tmp_path: Path, step_s: float
) -> None:
    """The one gap in putting things right, and its size: the step itself, in charts of the hours before it."""
    box = Box(tmp_path, TRUTH)
    box.learn(TRUTH)
    box.take(200)
    assert box.samples._database.rows("SELECT count(*) FROM chunk") == [(3,)]
    box.learn(box.base.wall() + step_s)
    box.restart()
    box.take(200)
    box.base.advance(3 * HOUR_S)
    box.samples.flush()
    before = [TRUTH + minute * 60 for minute in range(200)]
    after = [TRUTH + step_s + (200 + minute) * 60 for minute in range(200)]
    assert box.instants() == sorted(before + after)
    assert sum(one.count for one in box.samples.rollups("ups-1", "ups.load", "", 0, 1e12)) == 400
