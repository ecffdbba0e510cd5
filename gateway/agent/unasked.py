"""What comes besides the answers to polls: what devices say unasked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import structlog

from gateway.agent.parts import Parts
from gateway.agent.status import Latest
from gateway.core.errors import UnavailableError
from gateway.core.heard import Tally
from gateway.core.reading import Reading
from gateway.core.schedule import Schedule
from gateway.ports import Listener

HEAR_S = 1.0
RETRY_S = 60.0
"""Pause before a listener that could not be opened is tried again."""

PAUSE_S = 10.0
"""A device that talks all the time is asked no more often than this."""

LOGGED = 20
"""Lines of the box's own log that one look at the listeners may cost."""

log = structlog.get_logger()


class Unasked:
    """The listeners of one agent. ``schedule`` says when devices are asked, ``asked`` when they were; ``latest`` takes
    what was heard."""

    def __init__(self, parts: Parts, schedule: Schedule, asked: Mapping[str, float], latest: Latest) -> None:
        self._schedule = schedule
        self._asked = asked
        self._closed: dict[str, tuple[Listener, float]] = {one.name: (one, 0.0) for one in parts.listeners}
        self._open: list[Listener] = []
        self._tally = Tally()
        self._latest = latest
        self._heard_at = 0.0
        self._unopened: dict[str, str] = dict.fromkeys(self._closed, "")

    def step(self, now: float) -> None:
        """Opens what is closed and takes what was said; ``now`` is monotonic."""
        if now - self._heard_at < HEAR_S:
            return
        self._heard_at = now
        for listener, at in list(self._closed.values()):
            if now >= at:
                self._try(listener, now)
        heard = [line for listener in self._open for line in listener.heard()]
        for number, line in enumerate(heard):
            self._tally.add(line)
            self._latest.heard.append(line)
            if number < LOGGED:
                log.info(line.channel, source=line.source, device=line.device, kind=line.event, text=line.text)
        for device in {device for line in heard if line.hasten for device in line.devices}:
            self._schedule.hasten([device], self._asked.get(device, now - PAUSE_S) + PAUSE_S)

    @property
    def faults(self) -> dict[str, str]:
        """Why each listener is not open; "" where all is well."""
        return self._unopened

    def _try(self, listener: Listener, now: float) -> None:
        try:
            listener.open()
        except UnavailableError as error:
            if self._unopened[listener.name] != str(error):
                log.error("cannot listen", listener=listener.name, error=str(error))
            self._unopened[listener.name] = str(error)
            self._closed[listener.name] = (listener, now + RETRY_S)
        else:
            self._unopened[listener.name] = ""
            self._closed.pop(listener.name)
            self._open.append(listener)

    def readings(self, device: str, at: float) -> Iterator[Reading]:
        """How often a device told of which events lately: judged with the next round of the device."""
        return self._tally.readings(device, at)

    def close(self) -> None:
        """Ends all listeners."""
        for listener in self._open:
            listener.close()
        self._open.clear()
