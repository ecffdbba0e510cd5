"""The model's opinion as one more reading: a short history per series, scored when a new value comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from gateway.core.reading import Reading
from gateway.ports import Detector

WINDOW = 64
"""Values kept per series, the newest included."""

# Levels that a person would look at in a chart. Counters are scored by their rates, states by their checks.
_METRICS = frozenset(
    {
        "system.cpu.utilization",
        "system.memory.utilization",
        "hw.temperature",
        "ups.load",
        "input.voltage",
        "reach.duration",
        "system.network.io_rate.receive",
        "system.network.io_rate.transmit",
    }
)


class AnomalyScores:
    """Turns readings into readings of ``anomaly.score`` (instance: metric and instance of the scored series)."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._history: dict[tuple[str, str, str], deque[tuple[float, float]]] = {}

    def of(self, readings: Iterable[Reading]) -> Iterator[Reading]:
        """Scores for those readings whose series has enough history."""
        for reading in readings:
            if reading.metric not in _METRICS or isinstance(reading.value, str):
                continue
            history = self._history.setdefault(reading.series, deque(maxlen=WINDOW))
            if history and reading.at <= history[-1][0]:
                continue
            history.append((reading.at, reading.value))
            if len(history) < WINDOW:
                continue
            span = history[-1][0] - history[0][0]
            score = self._detector.score([value for _, value in history], interval_s=span / (WINDOW - 1))
            if score is not None:
                name = f"{reading.metric} {reading.instance}".strip()
                yield Reading(reading.device, "anomaly.score", score, reading.at, name, source=self._detector.version)
