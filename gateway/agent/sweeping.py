"""Sweeps the site's networks: now and then if the site wants it, and when a person asks. Nothing is added."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog

from gateway.core.device import Park
from gateway.core.errors import VigieError

FIRST_S = 120.0
"""Pause before the first sweep after a start: the devices that are known are asked first."""

AGAIN_S = 60.0
"""Pause between the beginnings of two sweeps that people ask for."""

NAME = "discovery"

log = structlog.get_logger()


class Survey(Protocol):
    """Looks through the site's networks. ``every_s`` is how often, ``None`` for only when somebody asks."""

    every_s: float | None

    async def look(self, known: Park) -> Mapping[str, Any]:
        """The document ``discovery`` of docs/reference/http.md for an inventory, and besides under ``said`` what the
        devices of the inventory told, by id. Takes minutes. Raises VigieError."""
        ...


class Sweeping:
    """One sweep after another, never two at once. ``park`` gives the inventory as it is known, ``tell`` takes the
    document of each sweep. ``age_s`` is how long ago the last sweep ended, if there was one: a restart is no reason for
    another one."""

    def __init__(
        self,
        survey: Survey | None,
        park: Callable[[], Park],
        tell: Callable[[Mapping[str, Any]], object],
        age_s: float | None = None,
    ) -> None:
        self._survey = survey
        self._park = park
        self._tell = tell
        self._age_s = age_s
        self._due: float | None = None
        self._began_at: float | None = None
        self._asked = False
        self._task: asyncio.Task[Mapping[str, Any]] | None = None
        self.faults: dict[str, str] = {NAME: ""} if survey else {}
        """Why the last sweep failed; "" if it did not."""

    @property
    def running(self) -> bool:
        """True while a sweep runs or is asked for."""
        return self._task is not None or self._asked

    @property
    def possible(self) -> bool:
        """True if there is anything to sweep with."""
        return self._survey is not None

    def ask(self) -> None:
        """A person wants a sweep: it begins with the next step that may begin one."""
        self._asked = self._survey is not None

    def step(self, now: float) -> None:
        """Begins a sweep that is due; ``now`` is monotonic."""
        if self._survey is None or self._task is not None:
            return
        rested = self._began_at is None or now >= self._began_at + AGAIN_S
        if not (self._asked and rested) and not self._is_due(self._survey, now):
            return
        self._asked, self._began_at = False, now
        if self._survey.every_s is not None:
            self._due = now + self._survey.every_s
        self._task = asyncio.get_running_loop().create_task(self._look(self._survey), name=NAME)
        self._task.add_done_callback(self._ended)

    def _is_due(self, survey: Survey, now: float) -> bool:
        if survey.every_s is None:
            return False
        if self._due is None:
            rest = survey.every_s - self._age_s if self._age_s is not None and self._age_s >= 0.0 else 0.0
            self._due = now + max(FIRST_S, rest)
        return now >= self._due

    async def _look(self, survey: Survey) -> Mapping[str, Any]:
        return await survey.look(self._park())

    def _ended(self, task: asyncio.Task[Mapping[str, Any]]) -> None:
        self._task = None
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            document = task.result()
            log.info("sweep", asked=document["asked"], proposals=len(document["found"]))
            self._tell(document)
        elif not isinstance(error, VigieError):
            log.error("sweep failed", exc_info=error)
        self.faults[NAME] = str(error) if error else ""

    def close(self) -> None:
        """Ends a sweep that runs."""
        if self._task is not None:
            self._task.cancel()
