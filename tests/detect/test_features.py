"""Features: shape without level and unit, and never a value that the model could choke on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detect.features import FEATURES, WINDOW, features, latest

values = st.floats(-1e12, 1e12, allow_nan=False)
wave = [10.0 + math.sin(i / 3.0) for i in range(WINDOW)]


def of(window: list[float], interval_s: float = 60.0) -> np.ndarray:
    return features(np.asarray([window]), np.asarray([interval_s]))[0]


def test_too_short_a_history_gives_nothing() -> None:
    assert latest(wave[1:]) is None
    assert latest([]) is None


def test_only_the_newest_values_count() -> None:
    found = latest([1e9, 2e9, *wave])
    assert found is not None
    assert found.tolist() == wave


@pytest.mark.parametrize("hole", [math.nan, math.inf, -math.inf])
def test_holes_are_left_out_but_a_hole_now_gives_nothing(hole: float) -> None:
    found = latest([5.0, *wave[:10], hole, *wave[10:]])
    assert found is not None
    assert found.tolist() == wave
    assert latest([5.0, *wave, hole]) is None


@given(st.lists(values, min_size=WINDOW, max_size=WINDOW), st.floats(1.0, 3600.0))
def test_features_are_finite_and_bounded_for_any_series(window: list[float], interval_s: float) -> None:
    row = of(window, interval_s)
    assert row.shape == (FEATURES,)
    assert row.dtype == np.float32
    assert np.all(np.abs(row) <= 8.0)


@given(st.floats(0.01, 1e6), st.floats(-1e3, 1e3))
def test_scale_does_not_matter_where_the_series_moves(scale: float, offset: float) -> None:
    centred = [value - 10.0 for value in wave]
    assert np.allclose(of(centred), of([value * scale for value in centred]), atol=1e-3)


def test_the_newest_value_does_not_hide_itself() -> None:
    quiet = of(wave)
    loud = of([*wave[:-1], 1000.0])
    assert np.allclose(quiet[: WINDOW - 1], loud[: WINDOW - 1])
    assert loud[WINDOW - 1] > 6.0


def test_a_flat_history_has_a_spread() -> None:
    row = of([50.0] * (WINDOW - 1) + [50.1])
    assert 0.0 < row[WINDOW - 1] < 1.0
