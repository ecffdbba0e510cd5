"""A stretch of one series as the numbers the model sees: shape, without level and unit. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WINDOW = 64
"""How many values the model looks at, the newest included."""

FEATURES = 2 * WINDOW + 2

_IQR_OF_NORMAL = 1.349
_FLOOR = 0.005
_SHARE_OF_STD = 0.4
_LIMIT = 8.0


def latest(window: Sequence[float]) -> NDArray[np.float64] | None:
    """The newest ``WINDOW`` finite values, oldest first; ``None`` while there are fewer or the newest is not finite."""
    if not len(window) or not math.isfinite(window[-1]):
        return None
    values = np.asarray(window, np.float64)
    finite = values[np.isfinite(values)]
    return finite[-WINDOW:] if len(finite) >= WINDOW else None


def features(windows: NDArray[np.float64], interval_s: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rows of windows (n, WINDOW) and their sampling intervals (n,), s, to rows of features (n, FEATURES).

    A row holds the robust z of each value and of each step (asinh, so that a huge one does not drown the rest), then
    how rough the series is and how often it is sampled. The newest value is left out of median and spread: it is what
    is being judged. Where most values are equal the quartiles say nothing, so a part of the standard deviation counts;
    a flat history gets a spread of half a percent of its level instead of none.
    """
    past = windows[:, :-1]
    middle = np.median(past, axis=1, keepdims=True)
    spread = np.maximum(_spread(past), _FLOOR * np.abs(middle) + 1e-9)
    steps = np.diff(windows, axis=1, prepend=windows[:, :1])
    step_spread = np.maximum(_spread(steps[:, 1:-1]), 0.1 * spread)
    rows = np.concatenate(
        [
            np.arcsinh((windows - middle) / spread),
            np.arcsinh(steps / step_spread),
            np.log(step_spread / spread),
            np.log(interval_s[:, None] / 60.0) / 2.0,
        ],
        axis=1,
    )
    return np.asarray(np.clip(rows, -_LIMIT, _LIMIT), np.float32)


def _spread(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = rows.shape[1] // 4, rows.shape[1] - 1 - rows.shape[1] // 4
    ordered = np.partition(rows, (low, high), axis=1)
    quartiles = (ordered[:, high] - ordered[:, low]) / _IQR_OF_NORMAL
    return np.asarray(np.maximum(quartiles, _SHARE_OF_STD * rows.std(axis=1))[:, None])
