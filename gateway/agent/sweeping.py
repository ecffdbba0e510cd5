"""Sweeps the site's networks now and then, if the site wants it. What is found is told; nothing is added."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog

from gateway.core.errors import VigieError

FIRST_S = 120.0
"""Pause before the first sweep after a start: the devices that are known are asked first."""

NAME = "discovery"

log = structlog.get_logger()


class Survey(Protocol):
    """Looks through the site's networks."""

    every_s: float

    async def look(self) -> Mapping[str, Any]:
        """The document ``discovery`` of docs/reference/http.md. Takes minutes. Raises VigieError."""
        ...


class Sweeping:
    """One sweep after another, never two at once. ``tell`` takes the document of each."""

    def __init__(self, survey: Survey | None, tell: Callable[[Mapping[str, Any]], None]) -> None:
        self._survey = survey
        self._tell = tell
        self._due: float | None = None
        self._task: asyncio.Task[Mapping[str, Any]] | None = None
        self.faults: dict[str, str] = {NAME: ""} if survey else {}
        """Why the last sweep failed; "" if it did not."""

    def step(self, now: float) -> None:
        """Begins a sweep that is due; ``now`` is monotonic."""
        if self._survey is None:
            return
        if self._due is None:
            self._due = now + FIRST_S
        if now >= self._due and self._task is None:
            self._due = now + self._survey.every_s
            self._task = asyncio.get_running_loop().create_task(self._look(self._survey), name=NAME)
            self._task.add_done_callback(self._ended)

    async def _look(self, survey: Survey) -> Mapping[str, Any]:
        return await survey.look()

    def _ended(self, task: asyncio.Task[Mapping[str, Any]]) -> None:
        self._task = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._tell(task.result())
        elif not isinstance(error, VigieError):
            log.error("sweep failed", exc_info=error)
        self.faults[NAME] = str(error) if error else ""

    def close(self) -> None:
        """Ends a sweep that runs."""
        if self._task is not None:
            self._task.cancel()
