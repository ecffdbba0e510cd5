"""Disks are judged by their change: literal weeks, and any series of counters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.disks import GROWTH, STEP_S, WINDOW_S, Growth
from gateway.core.reading import Reading

PENDING = "hw.physical_disk.smart.pending_sectors"
REMAPPED = "hw.physical_disk.smart.reallocated_sectors"
DAY_S = 86_400.0


def read(growth: Growth, at: float, *, label: str = "EX-1 S1", **counters: float) -> float:
    names = {"pending": PENDING, "remapped": REMAPPED, "timeouts": "hw.physical_disk.smart.command_timeouts"}
    readings = [Reading("srv-1", names[name], value, at, "sda", label) for name, value in counters.items()]
    found = growth.of(readings)
    assert [one.metric for one in found] in ([GROWTH], [])
    return float(found[0].value) if found else -1.0


def test_a_disk_with_old_remapped_sectors_is_not_growing() -> None:
    growth = Growth()
    assert [read(growth, day * DAY_S, remapped=1208, pending=0) for day in range(30)] == [0.0] * 30


def test_new_sectors_count_for_a_week() -> None:
    growth = Growth()
    seen = [read(growth, day * DAY_S, remapped=5 if day < 3 else 9) for day in range(14)]
    assert seen == [0.0] * 3 + [4.0] * 7 + [0.0] * 4


def test_a_pending_sector_that_could_be_read_after_all_is_no_damage() -> None:
    growth = Growth()
    assert [read(growth, hour * 3600.0, pending=p) for hour, p in enumerate((0, 8, 0, 0))] == [0.0, 8.0, 0.0, 0.0]


def test_pending_sectors_that_are_remapped_count_once() -> None:
    growth = Growth()
    states = ((0, 0), (8, 0), (0, 8))
    assert [read(growth, h * 3600.0, pending=p, remapped=r) for h, (p, r) in enumerate(states)] == [0.0, 8.0, 8.0]


def test_a_replaced_disk_begins_anew() -> None:
    growth = Growth()
    assert read(growth, 0.0, remapped=0) == 0
    assert read(growth, 60.0, remapped=400, label="EX-1 S2") == 0


def test_counters_that_makers_pack_are_not_counted() -> None:
    assert read(Growth(), 0.0, timeouts=4_295_032_833) == -1


def test_what_is_remembered_is_bounded() -> None:
    growth = Growth()
    for minute in range(0, int(3 * WINDOW_S / 60), 10):
        read(growth, minute * 60.0, pending=3)
    (levels,) = growth._levels.values()
    assert len(levels) <= WINDOW_S / STEP_S + 1


@given(st.lists(st.tuples(st.floats(60, 2 * DAY_S), st.integers(0, 2**32)), max_size=40))
def test_growth_is_never_below_zero_nor_above_the_counter(steps: list[tuple[float, int]]) -> None:
    growth, at = Growth(), 0.0
    for pause, value in steps:
        at += pause
        assert 0 <= read(growth, at, pending=value) <= value
