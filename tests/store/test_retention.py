"""Room for readings: what goes when there is none, in which order, and what people are told."""

from __future__ import annotations

import random
from pathlib import Path

from gateway.clock import FakeClock
from gateway.core.reading import Reading
from gateway.settings import KeepSettings
from gateway.store.retention import used_bytes
from gateway.store.rollups import HOUR_S
from gateway.store.samples import SqliteSamples

START = 494_444 * HOUR_S


def fill(samples: SqliteSamples, clock: FakeClock, *, days: int) -> None:
    """Noise, so that bytes are needed; committed once an hour."""
    noise = random.Random(1)
    for _ in range(days * 24):
        at = clock.wall()
        samples.append(
            Reading("ups-1", "ups.load", noise.random(), at + minute * 60, str(series))
            for minute in range(60)
            for series in range(5)
        )
        clock.advance(HOUR_S)
        clock.advance(61)
        samples.flush()
        clock.advance(-61)


def hours(samples: SqliteSamples, table: str) -> int:
    ((count,),) = samples._database.rows(f"SELECT count(DISTINCT id >> 24) FROM {table}")  # noqa: S608
    return int(count)


def test_single_readings_go_first_oldest_first_and_summaries_stay(tmp_path: Path) -> None:
    clock = FakeClock(START)
    samples = SqliteSamples(tmp_path / "samples.db", clock, KeepSettings(bytes_max=500_000))
    fill(samples, clock, days=20)
    assert used_bytes(samples._database) <= 500_000
    assert hours(samples, "rollup") == 20 * 24
    assert 7 * 24 <= hours(samples, "chunk") < 20 * 24
    newest = samples.series("ups-1", "ups.load", "0", clock.wall() - HOUR_S, clock.wall())
    assert len(newest) == 60
    assert samples.early_h == 20 * 24 - hours(samples, "chunk")


def test_file_does_not_grow_beyond_its_bound(tmp_path: Path) -> None:
    clock = FakeClock(START)
    samples = SqliteSamples(tmp_path / "samples.db", clock, KeepSettings(bytes_max=500_000))
    fill(samples, clock, days=30)
    assert (tmp_path / "samples.db").stat().st_size < 600_000


def test_room_tells_since_when_and_for_how_long(tmp_path: Path) -> None:
    clock = FakeClock(START)
    samples = SqliteSamples(tmp_path / "samples.db", clock)
    assert samples.room(1e9).days_left is None
    fill(samples, clock, days=4)
    room = samples.room(1_000_000)
    assert (room.raw_since, room.rollup_since, room.most) == (START, START, 1_000_000)
    assert room.days_left is not None
    per_day = room.used / 4
    assert abs(room.days_left - (1_000_000 - room.used) / per_day) < 1
