"""Rounds: one device or service asked by all its collectors at once, on a schedule, with a limit and a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import structlog

from gateway.agent.parts import Parts
from gateway.core.device import GATEWAY
from gateway.core.reading import Failure, FailureKind, Poll
from gateway.core.schedule import Schedule

log = structlog.get_logger()


class Rounds:
    """Who is asked when. ``taken`` gets each round: the subject, its polls and the instant at which it began."""

    def __init__(self, parts: Parts, taken: Callable[[str, list[Poll], float], object]) -> None:
        self._parts = parts
        self._taken = taken
        poll = parts.settings.poll
        every = {device.id: device.every_s or poll.every_s for device in parts.park.devices.values() if device.collect}
        every.update((service.id, poll.every_s) for service in parts.park.services.values() if service.check)
        self.schedule = Schedule(every, parts.clock.monotonic())
        self.asked: dict[str, float] = {}
        """When each was asked last, monotonic."""
        self.faults: set[str] = set()
        """Collectors, or ``agent``, that ended in a fault of the gateway itself."""
        self._limit = asyncio.Semaphore(poll.concurrency)
        self._running: dict[str, asyncio.Task[None]] = {}

    def step(self, now: float) -> None:
        """Begins the rounds that are due; ``now`` is monotonic. Comes back at once."""
        for subject in self.schedule.due(now):
            if subject not in self._running:
                task = asyncio.get_running_loop().create_task(self._round(subject), name=subject)
                self._running[subject] = task
                task.add_done_callback(self._ended)

    async def close(self) -> None:
        """Ends the rounds that run."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def hasten(self, suspects: Iterable[str]) -> None:
        """Suspects and witnesses are asked before their turn, but none sooner than a third of the interval after its
        last answer: asked at once, a blink of the network would count as two failures."""
        pause, names = self._parts.settings.poll.every_s / 3, set(suspects)
        for name in names | {GATEWAY} if names else ():
            self.schedule.hasten([name], self.asked.get(name, 0.0) + pause)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A round is over; a fault in judging it is a fault of the gateway like one in asking."""
        self._running.pop(task.get_name(), None)
        error = None if task.cancelled() else task.exception()
        if error:
            self.faults.add("agent")
            log.error("round failed", subject=task.get_name(), exc_info=error)

    async def _round(self, subject: str) -> None:
        """A slow collector delays nobody else."""
        async with self._limit:
            at = self._parts.clock.wall()
            self.asked[subject] = self._parts.clock.monotonic()
            names = self._collectors(subject)
            polls = list(await asyncio.gather(*(self._poll(subject, name, at) for name in names)))
            self._taken(subject, polls, at)

    def _collectors(self, subject: str) -> Sequence[str]:
        device = self._parts.park.devices.get(subject)
        return device.collect if device else ("service",)

    async def _poll(self, subject: str, name: str, at: float) -> Poll:
        deadline = self._parts.settings.poll.deadline_s
        try:
            async with asyncio.timeout(deadline):
                poll = await self._ask(subject, name)
        except TimeoutError:
            return Poll(subject, name, at, failure=Failure(FailureKind.TIMEOUT, name, f"no end within {deadline:g} s"))
        except Exception as error:  # the one blind except: a faulty collector must not end the watch
            log.exception("collector failed", collector=name, device=subject)
            self.faults.add(name)
            return Poll(subject, name, at, failure=Failure(FailureKind.GARBLED, name, f"fault of the gateway: {error}"))
        self.faults.discard(name)
        readings = tuple(reading if reading.at else reading._replace(at=at) for reading in poll.readings)
        return replace(poll, at=at, readings=readings)

    async def _ask(self, subject: str, name: str) -> Poll:
        if subject in self._parts.park.services:
            return await self._parts.services.check(self._parts.park.services[subject])
        return await self._parts.collectors[name].poll(self._parts.park.devices[subject])
