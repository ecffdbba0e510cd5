"""A detector that gives the scores it was told to, and remembers what it was asked: for tests and scripted demos."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class StubDetector:
    """Gives ``scores`` one after another, then ``None``. ``history`` holds (window, interval_s) of every question."""

    def __init__(self, scores: Iterable[float | None] = (), *, version: str = "stub") -> None:
        self.version = version
        self.history: list[tuple[tuple[float, ...], float]] = []
        self._scores = iter(tuple(scores))

    def score(self, window: Sequence[float], *, interval_s: float) -> float | None:
        """The next score of the script."""
        self.history.append((tuple(window), interval_s))
        return next(self._scores, None)
