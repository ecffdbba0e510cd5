"""Synthetic telemetry: windows of made-up but plausible metrics, normal and with a fault in their newest values.

Nothing here is measured on a real device; MODEL_CARD.md says what that means for the model.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gateway.detect.features import WINDOW

Rows = NDArray[np.float64]
FAULTS = ("spike", "shift", "ramp", "burst", "drop")


def normal(random: np.random.Generator, n: int) -> tuple[Rows, Rows]:
    """``n`` normal windows (n, WINDOW) and their sampling intervals (n,), s."""
    interval = random.choice([60.0, 300.0], n)
    t = np.arange(WINDOW) * interval[:, None]
    sigma = np.exp(random.normal(0.0, 0.5, (n, 1)))
    rows = _noise(random, n) * sigma + _season(random, t) * sigma
    rows += _sometimes(random, n, 0.15) * np.cumsum(random.normal(0, 0.3, (n, WINDOW)), axis=1) * sigma
    rows += _sometimes(random, n, 0.10) * _step(random, n, last=WINDOW - 16) * sigma * random.uniform(-8, 8, (n, 1))
    rows += _sometimes(random, n, 0.05) * _periodic_peaks(random, n) * sigma * random.uniform(3, 10, (n, 1))
    rows += _sometimes(random, n, 0.08) * _sawtooth(random, n) * sigma * random.uniform(2, 8, (n, 1))
    rows += np.exp(random.uniform(0.0, 5.0, (n, 1))) * random.choice([1.0, 1.0, 0.0], (n, 1))
    rows = np.where(_sometimes(random, n, 0.2), np.round(rows), rows)  # devices that report whole numbers
    rows = np.where(_sometimes(random, n, 0.5), np.maximum(rows, 0.0), rows)  # rates and loads are never negative
    return np.where(_sometimes(random, n, 0.05), rows[:, :1], rows), interval  # and some never change


def faulty(random: np.random.Generator, n: int) -> tuple[Rows, Rows, NDArray[np.int64]]:
    """``n`` windows whose newest value is part of a fault, their intervals and the index of the fault in ``FAULTS``."""
    rows, interval = normal(random, n)
    size = np.maximum(rows.std(axis=1, keepdims=True), 0.01 * np.abs(rows.mean(axis=1, keepdims=True)) + 1e-3)
    sign = random.choice([-1.0, 1.0], (n, 1))
    strength = np.exp(random.uniform(np.log(3.0), np.log(20.0), (n, 1)))
    kind = random.integers(0, len(FAULTS), n)
    begun = random.integers(1, 7, (n, 1))
    age = np.arange(WINDOW)[None, :] - (WINDOW - begun)
    inside = (age >= 0).astype(float)
    long_age = np.arange(WINDOW)[None, :] - (WINDOW - 3 * begun)
    shapes = np.stack(
        [
            sign * strength * size * (np.arange(WINDOW) == WINDOW - 1),
            sign * strength * size * inside,
            sign * strength * size * np.clip(long_age, 0, None) / (3 * begun),
            strength * size * inside * random.choice([-1.0, 1.0], (n, WINDOW)) * random.uniform(0.7, 1.3, (n, WINDOW)),
            -inside * (np.abs(rows) + 3.0 * size),
        ]
    )
    return rows + shapes[kind, np.arange(n)], interval, kind


def _sometimes(random: np.random.Generator, n: int, share: float) -> NDArray[np.bool_]:
    return np.asarray(random.random((n, 1)) < share)


def _noise(random: np.random.Generator, n: int) -> Rows:
    """Autocorrelated noise, of which a third has heavy tails."""
    memory = random.uniform(0.0, 0.9, (n, 1)) * random.integers(0, 2, (n, 1))
    white = random.standard_normal((n, WINDOW))
    white = np.where(_sometimes(random, n, 0.33), random.standard_t(4, (n, WINDOW)) / np.sqrt(2.0), white)
    rows = np.empty_like(white)
    rows[:, 0] = white[:, 0]
    for column in range(1, WINDOW):
        rows[:, column] = (memory * rows[:, column - 1 : column] + white[:, column : column + 1])[:, 0]
    return np.asarray(rows * np.sqrt(1.0 - memory**2))


def _season(random: np.random.Generator, t: Rows) -> Rows:
    """A day's curve, cut out at any hour."""
    n = len(t)
    height = np.exp(random.uniform(-1.0, 3.0, (n, 1))) * random.integers(0, 2, (n, 1))
    phase = random.uniform(0.0, 2.0 * np.pi, (n, 2, 1))
    day = 2.0 * np.pi * t / 86400.0
    return np.asarray(height * (np.sin(day + phase[:, 0]) + 0.4 * np.sin(2.0 * day + phase[:, 1])))


def _step(random: np.random.Generator, n: int, *, last: int) -> Rows:
    return (np.arange(WINDOW)[None, :] >= random.integers(4, last, (n, 1))).astype(float)


def _periodic_peaks(random: np.random.Generator, n: int) -> Rows:
    """A job that runs every few samples, as cron jobs do: its peak is normal, the newest value included."""
    every = random.integers(5, 16, (n, 1))
    return ((np.arange(WINDOW)[None, :] + random.integers(0, 16, (n, 1))) % every == 0).astype(float)


def _sawtooth(random: np.random.Generator, n: int) -> Rows:
    every = random.integers(12, 80, (n, 1))
    return np.asarray((np.arange(WINDOW)[None, :] + random.integers(0, 80, (n, 1))) % every / every)
