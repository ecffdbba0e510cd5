"""How full and how warm it was before the start: read once for each series that tells a trend, beside the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

import structlog

from gateway.agent.foresight import History
from gateway.core.errors import VigieError
from gateway.core.trend import PACES, SPAN_S, USUAL_S, USUALS, Series
from gateway.ports import Samples

Past = Sequence[tuple[float, float]]
_HALF_AN_HOUR_S = 1800.0

log = structlog.get_logger()


class Recall:
    """Hands what was kept to ``take_up``. ``history`` may be called from another thread; ``None``: nothing is kept."""

    def __init__(self, samples: Samples, history: History | None, take_up: Callable[[Series, Past], None]) -> None:
        self._samples = samples
        self._history = history
        self._take_up = take_up
        self._asked: set[Series] = set()
        self._waiting: list[tuple[Series, float]] = []
        self._task: asyncio.Task[None] | None = None

    def note(self, told: Iterable[tuple[Series, float]]) -> None:
        """Series that were just told, each with its instant: the past of new ones is read, one after the other."""
        for series, at in told:
            if self._history and series[1] in _WANTED and series not in self._asked:
                self._asked.add(series)
                self._waiting.append((series, at))
        if self._waiting and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._read_all())

    async def settled(self) -> None:
        """Waits until everything asked for was taken up."""
        while self._task is not None:
            await self._task

    async def _read_all(self) -> None:
        try:
            while self._waiting:
                series, at = self._waiting.pop(0)
                self._take_up(series, await asyncio.to_thread(self._read, series, at))
        except VigieError as error:
            self._waiting.clear()
            log.error("what was kept of before the start cannot be read", error=str(error))
        finally:
            self._task = None

    def _read(self, series: Series, at: float) -> Past:
        if series[1] in PACES:
            kept = self._samples.series(*series, at - SPAN_S, at)
            return [(then, value) for then, value in kept if not isinstance(value, str)]
        hours = self._history(*series, at - USUAL_S, at) if self._history else ()
        return [(hour.at + _HALF_AN_HOUR_S, hour.mean) for hour in hours]


_WANTED = PACES | USUALS
