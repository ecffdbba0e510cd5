"""The codec of readings loses nothing, whatever it is given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store.codec import Column, decode, encode

_INSTANTS = st.lists(st.integers(0, 2**44), max_size=70)
_DECIMALS = st.builds(lambda number, places: number / 10.0**places, st.integers(-(10**9), 10**9), st.integers(0, 9))
_COUNTERS = st.integers(0, 2**64 - 1).map(float)
_ANY = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def columns(draw: st.DrawFn) -> list[Column]:
    instants = draw(st.lists(_INSTANTS, min_size=1, max_size=3))
    found = []
    for number in range(draw(st.integers(0, 6))):
        times = draw(st.sampled_from(instants))
        values = draw(st.lists(st.sampled_from((_DECIMALS, _COUNTERS, _ANY)).flatmap(lambda kind: kind), max_size=70))
        length = min(len(times), len(values))
        column = np.array(times[:length], np.int64), np.array(values[:length], np.float64)
        found.append(Column(number * 7919, *column, draw(st.booleans())))
    return found


def same(one: Column, other: Column) -> bool:
    return (one.series, one.words, one.times.tolist(), one.values.tolist()) == (
        other.series,
        other.words,
        other.times.tolist(),
        other.values.tolist(),
    )


@settings(deadline=None)
@given(columns())
def test_every_column_comes_back_exactly(given: list[Column]) -> None:
    found = decode(encode(given))
    assert len(found) == len(given)
    assert all(same(one, other) for one, other in zip(found, given, strict=True))


@settings(deadline=None)
@given(columns(), st.integers(0, 5))
def test_one_series_alone_comes_back_as_among_all(given: list[Column], wanted: int) -> None:
    number = wanted * 7919
    found = decode(encode(given), only=frozenset((number,)))
    expected = [column for column in given if column.series == number]
    assert len(found) == len(expected)
    assert all(same(one, other) for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="series 7: not a finite number"):
        encode([Column(7, np.array([1], np.int64), np.array([value]))])


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 instants, 1 values"):
        encode([Column(7, np.array([1, 2], np.int64), np.array([1.0]))])


def test_an_hour_of_a_calm_device_takes_less_than_a_byte_a_reading() -> None:
    random = np.random.default_rng(1)
    times = 1_780_000_000_000 + np.arange(60, dtype=np.int64) * 60_000
    walks = [np.round(50 + np.cumsum(random.normal(0, 0.3, 60)), 1) for _ in range(20)]
    frame = encode([Column(number, times, walk) for number, walk in enumerate(walks)])
    assert len(frame) < 60 * 20
