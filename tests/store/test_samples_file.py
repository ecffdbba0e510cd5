"""The samples file: what a power cut costs, how hours are closed, what a flipped bit does, what is kept how long."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.core.errors import UnavailableError
from gateway.core.reading import Reading
from gateway.settings import KeepSettings
from gateway.store.db import open_database
from gateway.store.rollups import HOUR_S, Rollup, Uptime
from gateway.store.samples import SampleReader, SqliteSamples, rounded

START = 494_444 * HOUR_S
"""A full hour."""


def at_minute(minute: float, value: float | str, metric: str = "ups.load", device: str = "ups-1") -> Reading:
    return Reading(device, metric, value, START + minute * 60)


def open_samples(folder: Path, clock: FakeClock) -> SqliteSamples:
    return SqliteSamples(folder / "samples.db", clock)


def reader(folder: Path) -> SampleReader:
    return SampleReader(open_database(folder / "samples.db", schema="samples", read_only=True))


def rows(folder: Path, table: str) -> int:
    database = open_database(folder / "samples.db", schema="samples", read_only=True)
    ((count,),) = database.rows(f"SELECT count(*) FROM {table}")  # noqa: S608
    database.close()
    return int(count)


def fill(samples: SqliteSamples, clock: FakeClock, *, hours: int) -> None:
    """One reading a minute, committed each five minutes."""
    for minute in range(hours * 60):
        samples.append([at_minute(minute, float(minute % 60)), at_minute(minute, 1.0, "reach.up")])
        clock.advance(60)
        if minute % 5 == 4:
            samples.flush()


def values(samples: SampleReader, start: float = 0.0, end: float = 1e12) -> list[float | str]:
    return [value for _, value in samples.series("ups-1", "ups.load", "", start, end)]


def test_power_cut_costs_what_came_after_the_last_commit_and_no_more(tmp_path: Path) -> None:
    clock = FakeClock(START)
    samples = open_samples(tmp_path, clock)
    samples.append([at_minute(0, 1.0), at_minute(1, "OL")])
    samples.flush()
    samples.append([at_minute(2, 3.0)])
    assert values(open_samples(tmp_path, clock)) == [1.0, "OL"]


def test_hours_go_on_over_a_restart_and_are_closed_whole(tmp_path: Path) -> None:
    clock = FakeClock(START)
    first = open_samples(tmp_path, clock)
    first.append([at_minute(minute, float(minute)) for minute in range(30)])
    first.flush()
    second = open_samples(tmp_path, clock)
    second.append([at_minute(minute, float(minute)) for minute in range(30, 60)])
    clock.advance(HOUR_S + 120)
    second.flush()
    assert (rows(tmp_path, "chunk"), rows(tmp_path, "hot")) == (1, 0)
    assert values(reader(tmp_path)) == [float(minute) for minute in range(60)]
    assert second.rollups("ups-1", "ups.load", "", 0, 1e12) == [Rollup(START, 60, 0.0, 29.5, 59.0)]


def test_hour_is_not_closed_before_answers_on_their_way_can_have_come(tmp_path: Path) -> None:
    clock = FakeClock(START + HOUR_S + 10)
    samples = open_samples(tmp_path, clock)
    samples.append([at_minute(59, 1.0)])
    samples.flush()
    assert (rows(tmp_path, "chunk"), rows(tmp_path, "hot")) == (0, 1)


def test_readings_for_a_closed_hour_are_added_to_it(tmp_path: Path) -> None:
    clock = FakeClock(START + 3 * HOUR_S)
    samples = open_samples(tmp_path, clock)
    for minute, value in ((10, 1.0), (5, 3.0), (7, 8.0)):
        samples.append([at_minute(minute, value)])
        samples.flush()
    assert values(samples) == [3.0, 8.0, 1.0]
    assert samples.rollups("ups-1", "ups.load", "", 0, 1e12) == [Rollup(START, 3, 1.0, 4.0, 8.0)]


def test_page_in_another_process_sees_open_and_closed_hours(tmp_path: Path) -> None:
    clock = FakeClock(START)
    samples = open_samples(tmp_path, clock)
    page = reader(tmp_path)
    assert values(page) == []
    fill(samples, clock, hours=2)
    samples.append([at_minute(120, "OB")])
    samples.flush()
    assert values(page) == values(samples)
    assert len(values(page)) == 121
    assert values(page, START + HOUR_S, START + 2 * HOUR_S) == [float(minute) for minute in range(60)]


def test_uptime_counts_seconds_up_and_seconds_known(tmp_path: Path) -> None:
    clock = FakeClock(START)
    samples = open_samples(tmp_path, clock)
    up = [at_minute(minute, 0.0 if minute < 15 else 1.0, "reach.up") for minute in range(30)]
    samples.append(up)
    clock.advance(2 * HOUR_S)
    samples.flush()
    # fifteen minutes down, fifteen up, and the last reading vouches for three minutes at most
    assert samples.uptime(START, START + HOUR_S) == {"ups-1": Uptime(15 * 60 + 120, 30 * 60 + 120)}
    assert samples.uptime(START + HOUR_S, START + 2 * HOUR_S) == {}


@pytest.mark.parametrize(
    ("table", "left"), [("chunk", [float(n) for n in range(60)]), ("hot", [float(n) for n in range(60)] * 2)]
)
def test_flipped_bit_costs_one_frame_and_is_told(tmp_path: Path, table: str, left: list[float]) -> None:
    clock = FakeClock(START)
    samples = open_samples(tmp_path, clock)
    fill(samples, clock, hours=2)
    samples.append([at_minute(120, 99.0)])
    clock.advance(120)
    samples.flush()
    samples.append([at_minute(121, 98.0)])
    samples.flush()
    samples._database.close()
    raw = sqlite3.connect(tmp_path / "samples.db")
    frame = bytearray(raw.execute(f"SELECT frame FROM {table} ORDER BY id LIMIT 1").fetchone()[0])  # noqa: S608
    frame[len(frame) // 2] ^= 4
    raw.execute(f"UPDATE {table} SET frame = ? WHERE id = (SELECT min(id) FROM {table})", (bytes(frame),))  # noqa: S608
    raw.commit()
    raw.close()
    again = open_samples(tmp_path, clock)
    expected = [*left, 99.0, 98.0] if table == "chunk" else [*left, 98.0]
    assert values(again) == expected
    assert again.damage() == {table: 1}


def test_damaged_name_costs_its_series_and_is_told(tmp_path: Path) -> None:
    clock = FakeClock(START)
    samples = open_samples(tmp_path, clock)
    samples.append([at_minute(0, 1.0), at_minute(0, 2.0, device="ups-2")])
    samples.flush()
    samples._database.execute("UPDATE subject SET name = 'ups-9' WHERE name = 'ups-2'")
    page = reader(tmp_path)
    assert values(page) == [1.0]
    assert page.series("ups-9", "ups.load", "", 0, 1e12) == []
    assert page.damage() == {"subject": 1}


def test_old_readings_go_and_their_rollups_stay(tmp_path: Path) -> None:
    clock = FakeClock(START)
    keep = KeepSettings(raw_s=24 * HOUR_S, rollup_s=90 * 24 * HOUR_S)
    samples = SqliteSamples(tmp_path / "samples.db", clock, keep)
    fill(samples, clock, hours=1)
    clock.advance(24 * HOUR_S)
    samples.append([at_minute(60, 5.0)])
    samples.flush()
    assert values(samples) == [5.0]
    assert [rollup.count for rollup in samples.rollups("ups-1", "ups.load", "", 0, 1e12)] == [60, 1]


def test_clock_that_nobody_vouches_for_deletes_nothing(tmp_path: Path) -> None:
    clock = FakeClock(START)
    samples = open_samples(tmp_path, clock)
    fill(samples, clock, hours=1)
    samples.flush()
    clock.is_trusted = False
    clock.step(20 * 365 * 86400.0)
    samples.append([at_minute(60, 5.0)])
    samples.flush()
    assert len(values(samples)) == 61


def test_full_disk_keeps_readings_in_ram_until_it_has_room(tmp_path: Path) -> None:
    clock = FakeClock(START)
    samples = open_samples(tmp_path, clock)
    ((pages,),) = samples._database.rows("PRAGMA page_count")
    samples._database.rows(f"PRAGMA max_page_count = {pages}")
    many = [Reading(f"d-{n}", "ups.load", n * 1.2345, START) for n in range(2000)]
    samples.append(many)
    with pytest.raises(UnavailableError, match="the disk is full"):
        samples.flush()
    assert samples.series("d-1999", "ups.load", "", START, START + 1) == [(START, rounded(1999 * 1.2345))]
    samples._database.rows(f"PRAGMA max_page_count = {pages + 1000}")
    samples.flush()
    assert open_samples(tmp_path, clock).series("d-7", "ups.load", "", START, START + 1) == [(START, 8.6415)]


def test_when_the_disk_takes_nothing_for_too_long_the_oldest_hour_is_given_up_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.store.samples.READINGS_IN_RAM_MAX", 150)
    samples = open_samples(tmp_path, FakeClock(START))
    samples._database.execute("PRAGMA query_only = 1")
    samples.append([at_minute(minute, float(minute)) for minute in range(180)])
    with pytest.raises(UnavailableError):
        samples.flush()
    assert samples.lost == 60
    assert values(samples) == [float(minute) for minute in range(60, 180)]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_refused_and_counted_and_the_rest_is_kept(tmp_path: Path, value: float) -> None:
    samples = open_samples(tmp_path, FakeClock(START))
    samples.append([at_minute(0, value), at_minute(1, 1.0), Reading("ups-1", "ups.load", 1.0, at=-5.0)])
    samples.flush()
    assert (values(samples), samples.refused) == ([1.0], 2)


@pytest.mark.parametrize(
    ("given", "kept"),
    [(0.0, 0.0), (-3.0, -3.0), (231.46789, 231.47), (0.00312345678, 0.0031235), (123_456.7, 123_457.0), (1e-12, 0.0)],
)
def test_fractions_are_kept_to_five_digits(given: float, kept: float) -> None:
    assert rounded(given) == kept


def test_a_day_of_a_device_takes_less_than_one_and_a_half_bytes_a_reading(tmp_path: Path) -> None:
    """Roll-ups included; 20 metrics once a minute, as calm as real ones."""
    clock = FakeClock(START)
    samples = open_samples(tmp_path, clock)
    for minute in range(24 * 60):
        samples.append([at_minute(minute, round(50 + (minute * (n + 3)) % 37 / 10, 1), f"m{n}") for n in range(20)])
        clock.advance(60)
        if minute % 60 == 59:
            clock.advance(61)
            samples.flush()
            clock.advance(-61)
    database = open_database(tmp_path / "samples.db", schema="samples", read_only=True)
    ((size,),) = database.rows(
        "SELECT sum(length(frame)) FROM (SELECT frame FROM chunk UNION ALL SELECT frame FROM rollup)"
    )
    assert size / (24 * 60 * 20) < 1.5
    assert len(samples.series("ups-1", "m7", "", START, START + 24 * HOUR_S)) == 24 * 60
