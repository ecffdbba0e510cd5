"""Counters become rates: wraps are wraps, restarts are gaps, and no rate is ever negative."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.collect.snmp_rates import Sample, rate, restarted
from gateway.profiles.recording import Tag

C32, C64 = Tag.COUNTER32, Tag.COUNTER64


def test_a_rate_is_the_increase_per_second() -> None:
    assert rate(Sample(1000, 10, C64), Sample(4000, 70, C64)) == 50.0


def test_a_32_bit_counter_wraps_once() -> None:
    assert rate(Sample(2**32 - 500, 0, C32), Sample(500, 10, C32)) == 100.0


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (Sample(10**12, 0, C64), Sample(5, 10, C64)),  # 64 bits do not wrap in our lives: the counter was set back
        (Sample(2**30, 0, C32), Sample(5, 10, C32)),  # a wrap by more than half the range is a reset
        (Sample(5, 10, C32), Sample(9, 10, C32)),  # no time passed
        (Sample(5, 0, C32), Sample(9, 10, C64)),  # another counter
    ],
)
def test_where_no_rate_can_be_known_there_is_none(before: Sample, now: Sample) -> None:
    assert rate(before, now) is None


@given(
    st.integers(0, 2**32 - 1), st.integers(0, 2**31), st.floats(0.1, 1000, allow_nan=False), st.sampled_from([C32, C64])
)
def test_the_rate_of_a_true_increase_is_found_again(start: int, increase: int, seconds: float, tag: Tag) -> None:
    end = (start + increase) % 2**32 if tag is C32 else start + increase
    assert rate(Sample(start, 5.0, tag), Sample(end, 5.0 + seconds, tag)) == pytest.approx(increase / seconds, rel=1e-6)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.floats(-10, 1000), st.sampled_from([C32, C64]))
def test_no_rate_is_negative(one: int, other: int, seconds: float, tag: Tag) -> None:
    found = rate(Sample(one, 0, tag), Sample(other, seconds, tag))
    assert found is None or found >= 0


@pytest.mark.parametrize(
    ("before", "now", "elapsed", "is_restart"),
    [
        (1000.0, 1060.0, 60.0, False),
        (1000.0, 5.0, 60.0, True),
        (42949600.0, 12.0, 80.0, False),  # sysUpTime wraps after 497 days
        (42949600.0, 12.0, 3600.0, True),
        (42949000.0, 12.0, 60.0, True),
        (None, 5.0, 60.0, False),
        (1000.0, None, 60.0, False),
    ],
)
def test_a_restart_is_told_from_the_wrap_of_the_agents_clock(
    before: float | None, now: float | None, elapsed: float, is_restart: bool
) -> None:
    assert restarted(before, now, elapsed) is is_restart
