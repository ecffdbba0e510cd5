"""Once a day, when things will end: computed beside the loop, told with the next round of each device."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import structlog

from gateway.clock import Clock
from gateway.core.device import Park
from gateway.core.errors import VigieError
from gateway.core.forecast import HISTORY, Forecast, Hour, Key, Known, Newest, forecasts, margin_s
from gateway.core.reading import Reading

EVERY_S = 86_400.0
FIRST_S = 120.0
"""After a start, once every device has answered."""

History = Callable[[str, str, str, float, float], Sequence[Hour]]
"""Hourly summaries of (device, metric, instance) in [start, end)."""

log = structlog.get_logger()


class Foresight:
    """Keeps the forecasts of the day. ``history`` may be called from another thread; ``None``: only what needs none."""

    def __init__(self, park: Park, clock: Clock, history: History | None = None) -> None:
        self.forecasts: list[Forecast] = []
        self._park = park
        self._clock = clock
        self._history = history
        self._due = clock.monotonic() + FIRST_S
        self._running: asyncio.Task[None] | None = None
        self._untold: set[str] = set()

    def readings(self, subject: str, latest: Mapping[Key, Reading], at: float) -> Iterator[Reading]:
        """Readings of ``forecast.time_left`` and ``forecast.margin`` for a device or service, once after each time they
        were computed. Starts the computation when it is due."""
        if self._clock.monotonic() >= self._due and self._running is None:
            self._due = self._clock.monotonic() + EVERY_S
            newest = {key: Newest(one.value, one.at, one.label) for key, one in latest.items()}
            self._running = asyncio.get_running_loop().create_task(self._renew(newest))
        if subject in self._untold:
            self._untold.discard(subject)
            for one in self.forecasts:
                if one.device == subject:
                    yield Reading(subject, "forecast.time_left", one.at - at, at, one.name, one.label)
                    margin = margin_s(one, self._park, at)
                    yield Reading(subject, "forecast.margin", margin, at, one.name, one.label)

    def told(self) -> list[dict[str, Any]]:
        """The forecasts for the status document."""
        return [
            {
                "device": one.device,
                "what": one.what,
                "instance": one.instance,
                "label": one.label,
                "at": one.at,
                "earliest": one.earliest,
                "latest": one.latest,
                "reasons": list(one.reasons),
                "level": one.level,
                "per_day": one.per_day,
                "metric": one.metric,
            }
            for one in self.forecasts
        ]

    async def _renew(self, newest: Mapping[Key, Newest]) -> None:
        now = self._clock.wall()
        try:
            history = await asyncio.to_thread(self._read, newest, now)
        except VigieError as error:
            log.error("no forecasts today", error=str(error))
        else:
            self.forecasts = await asyncio.to_thread(forecasts, Known(self._park, now, history, newest))
            self._untold = {one.device for one in self.forecasts}
        finally:
            self._running = None

    def _read(self, newest: Mapping[Key, Newest], now: float) -> dict[Key, Sequence[Hour]]:
        if self._history is None:
            return {}
        return {key: self._history(*key, now - HISTORY[key[1]], now) for key in newest if key[1] in HISTORY}
