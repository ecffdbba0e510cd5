"""Disks are judged by their change: literal weeks, and any series of counters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.check import opinion
from gateway.core.default_checks import DEFAULT_CHECKS
from gateway.core.disks import GROWTH, POWER_ON, SPARED, STEP_S, WINDOW_S, Growth, same_disk
from gateway.core.incident import Verdict
from gateway.core.reading import Reading

PENDING = "hw.physical_disk.smart.pending_sectors"
REMAPPED = "hw.physical_disk.smart.reallocated_sectors"
UNCORRECTED = "hw.physical_disk.smart.reported_uncorrectable"
TIMEOUTS = "hw.physical_disk.smart.command_timeouts"
DAY_S = 86_400.0
HOUR_S = 3_600.0


def read(growth: Growth, at: float, *, label: str = "EX-1 S1", **counters: float) -> float:
    names = {"pending": PENDING, "remapped": REMAPPED, "timeouts": TIMEOUTS, "uncorrected": UNCORRECTED}
    readings = [Reading("srv-1", names[name], value, at, "sda", label) for name, value in counters.items()]
    found = growth.of(readings)
    assert [one.metric for one in found] in ([GROWTH], [])
    return float(found[0].value) if found else -1.0


def test_a_disk_with_old_remapped_sectors_is_not_growing() -> None:
    growth = Growth()
    assert [read(growth, day * DAY_S, remapped=1208, pending=0) for day in range(30)] == [0.0] * 30


def test_a_disk_first_seen_with_pending_sectors_is_not_growing() -> None:
    assert read(Growth(), 0.0, pending=312) == 0


def test_no_check_judges_the_raw_counters_of_a_disk() -> None:
    judged = {check.metric for check in DEFAULT_CHECKS}
    assert not {PENDING, REMAPPED, UNCORRECTED, TIMEOUTS} & judged


def test_one_more_pending_sector_or_uncorrected_error_warns() -> None:
    (check,) = (one for one in DEFAULT_CHECKS if one.metric == GROWTH)
    for counter in ("pending", "uncorrected"):
        growth = Growth()
        read(growth, 0.0, **{counter: 7})
        more = read(growth, 600.0, **{counter: 8})
        assert opinion(check, Verdict.OK, Reading("srv-1", GROWTH, more)) is Verdict.WARNING


@pytest.mark.parametrize(("remapped", "told"), [(SPARED, 0.0), (SPARED + 1, SPARED + 1.0)])
def test_few_remapped_sectors_are_what_spares_are_for(remapped: int, told: float) -> None:
    growth = Growth()
    read(growth, 0.0, remapped=5)
    assert read(growth, 600.0, remapped=5 + remapped) == told


def test_new_sectors_count_for_a_week() -> None:
    growth = Growth()
    seen = [read(growth, day * DAY_S, remapped=5 if day < 3 else 9) for day in range(14)]
    assert seen == [0.0] * 3 + [4.0] * 7 + [0.0] * 4


def test_what_a_disk_lost_while_nobody_asked_is_told_when_it_is_asked_again() -> None:
    growth = Growth()
    read(growth, 0.0, pending=0)
    seen = [read(growth, 20 * DAY_S + day * DAY_S, pending=40) for day in range(9)]
    assert seen == [40.0] * 7 + [0.0] * 2


def test_a_pending_sector_that_could_be_read_after_all_is_no_damage() -> None:
    growth = Growth()
    assert [read(growth, hour * HOUR_S, pending=p) for hour, p in enumerate((0, 8, 0, 0))] == [0.0, 8.0, 0.0, 0.0]


def test_pending_sectors_that_are_remapped_count_once() -> None:
    growth = Growth()
    states = ((0, 0), (8, 0), (0, 8))
    assert [read(growth, h * HOUR_S, pending=p, remapped=r) for h, (p, r) in enumerate(states)] == [0.0, 8.0, 8.0]


def test_a_replaced_disk_begins_anew() -> None:
    growth = Growth()
    assert read(growth, 0.0, remapped=0) == 0
    assert read(growth, 60.0, remapped=400, label="EX-1 S2") == 0


def test_disks_without_a_label_are_told_apart_by_their_place() -> None:
    growth = Growth()
    for place, value in (("sda", 0.0), ("sdb", 500.0)):
        (told,) = growth.of([Reading("srv-1", PENDING, value, 0.0, place)])
        assert told.value == 0


def test_counters_that_makers_pack_are_not_counted() -> None:
    assert read(Growth(), 0.0, timeouts=4_295_032_833) == -1


def test_what_is_remembered_is_bounded() -> None:
    growth = Growth()
    for minute in range(0, int(3 * WINDOW_S / 60), 10):
        read(growth, minute * 60.0, pending=3)
    (levels,) = growth._levels.values()
    assert len(levels) <= WINDOW_S / STEP_S + 2


@given(st.lists(st.tuples(st.floats(60, 2 * DAY_S), st.integers(0, 2**32)), max_size=40))
def test_growth_is_never_below_zero_nor_above_the_counter(steps: list[tuple[float, int]]) -> None:
    growth, at = Growth(), 0.0
    for pause, value in steps:
        at += pause
        assert 0 <= read(growth, at, pending=value) <= value


@given(st.lists(st.tuples(st.floats(60, DAY_S), st.integers(0, 50)), min_size=1, max_size=30), st.integers(0, 29))
def test_growth_after_a_restart_is_what_it_would_have_been(steps: list[tuple[float, int]], stop: int) -> None:
    whole, before, at = Growth(), Growth(), 0.0
    seen: list[tuple[float, float]] = []
    for number, (pause, value) in enumerate(steps):
        at += pause
        told = read(whole, at, pending=value)
        if number == stop:  # a new process, with what the old one had told
            before = Growth()
            before.take_up(Reading("srv-1", PENDING, value, at, "sda", "EX-1 S1"), seen)
        assert number < stop or read(before, at, pending=value) >= told
        seen.append((at, value))


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        ({POWER_ON: 100 * HOUR_S, REMAPPED: 5}, {POWER_ON: 102 * HOUR_S, REMAPPED: 5}, True),
        ({POWER_ON: 100 * HOUR_S}, {POWER_ON: 100 * HOUR_S}, True),  # it slept
        ({POWER_ON: 100 * HOUR_S}, {POWER_ON: 20 * HOUR_S}, False),  # a newer disk
        ({POWER_ON: 100 * HOUR_S}, {POWER_ON: 9_000 * HOUR_S}, False),  # an older disk
        ({POWER_ON: 100 * HOUR_S, REMAPPED: 5}, {POWER_ON: 102 * HOUR_S, REMAPPED: 0}, False),
        ({REMAPPED: 5}, {REMAPPED: 9}, True),
        ({REMAPPED: 5}, {POWER_ON: 1.0}, False),  # nothing in common: nothing is known
        ({}, {REMAPPED: 5}, False),
        ({"hw.physical_disk.io.read": 5.0000001e12}, {"hw.physical_disk.io.read": 5e12}, True),  # single precision
    ],
)
def test_a_disk_is_known_again_by_its_counters(before: dict[str, float], now: dict[str, float], same: bool) -> None:
    hours = {metric: (0.0, value) for metric, value in before.items()}
    told = {metric: (2 * HOUR_S, value) for metric, value in now.items()}
    assert same_disk(hours, told) is same
