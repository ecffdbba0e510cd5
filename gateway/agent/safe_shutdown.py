"""Safe shutdown: a collector around the one that asks a UPS. It looks again when the battery is said to be low, has
servers shut down once that is certain, and tells as readings of the UPS what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace

import structlog

from gateway.clock import Clock
from gateway.core.device import Device, Kind, Park
from gateway.core.reading import Failure, FailureKind, Poll, Reading
from gateway.core.shutdown import (
    ASKED,
    DOWN,
    METRIC,
    READY,
    REFUSED,
    REPEATS,
    SEVERITIES,
    STILL_UP,
    WOULD,
    Look,
    confirmed,
    is_low,
    look,
    on_mains,
    stages,
)
from gateway.ports import Collector

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks at a low battery, between two stages, and until a server must be down."""

    look_s: float = 4.0
    stage_s: float = 20.0
    down_s: float = 300.0


@dataclass(frozen=True, slots=True)
class Hands:
    """What is done to servers: ``stop`` asks one to shut down and gives the reason if it did not agree; ``answers``
    says whether one is still there. ``dry_run`` only tells what would be done."""

    stop: Callable[[Device], Awaitable[Failure | None]]
    answers: Callable[[Device], Awaitable[bool]]
    dry_run: bool = True
    pace: Pace = Pace()


@dataclass(slots=True)
class _State:
    word: str = READY
    detail: str = ""
    asked_at: float = 0.0
    unreached: bool = False
    """It did not refuse: the question did not come through."""

    @property
    def missed(self) -> bool:
        """It is there and has not been asked yet."""
        return self.unreached and self.word == REFUSED


@dataclass(slots=True)
class _Ups:
    states: dict[str, _State] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None
    begun: bool = False


class SafeShutdown:
    """Asks ``inner``; every device that is no UPS with servers in ``wanted`` passes through untouched."""

    def __init__(
        self,
        inner: Collector,
        park: Park,
        wanted: Iterable[str],
        clock: Clock,
        hands: Hands,
    ) -> None:
        self.name = inner.name
        self._inner = inner
        self._park = park
        self._wanted = frozenset(wanted)
        self._clock = clock
        self._hands = hands
        self._pace = hands.pace
        self._upses: dict[str, _Ups] = {}

    async def poll(self, device: Device) -> Poll:
        """One poll; further ones at once if the battery is said to be low."""
        poll = await self._inner.poll(device)
        plan = stages(self._park, device.id, self._wanted) if device.kind is Kind.UPS else []
        if not plan:
            return poll
        ups = self._upses.setdefault(device.id, _Ups({name: _State() for stage in plan for name in stage}))
        looks = [look(poll)]
        while is_low(looks[-1]) and len(looks) < REPEATS and not ups.begun:
            await asyncio.sleep(self._pace.look_s)
            poll = await self._inner.poll(device)
            looks.append(look(poll))
        await self._follow(ups, looks)
        if confirmed(looks, self._clock.wall()) and not ups.begun:
            ups.begun = True
            log.warning("battery low, confirmed", ups=device.id, dry_run=self._hands.dry_run, servers=plan)
            await self._begin(ups, plan)
        elif ups.begun and is_low(looks[-1]) and (ups.task is None or ups.task.done()):
            missed = [[name for name in stage if ups.states[name].missed] for stage in plan]
            if any(missed):
                await self._begin(ups, [stage for stage in missed if stage])
        return self._told(device, poll, ups)

    async def _begin(self, ups: _Ups, plan: list[list[str]]) -> None:
        ups.task = asyncio.get_running_loop().create_task(self._shut_down(ups, plan))
        await asyncio.sleep(0)

    async def _shut_down(self, ups: _Ups, plan: list[list[str]]) -> None:
        for number, stage in enumerate(plan):
            if number and not self._hands.dry_run:
                await asyncio.sleep(self._pace.stage_s)
            if not ups.begun:
                return  # the mains came back between two stages
            await asyncio.gather(*(self._stop(name, ups.states[name]) for name in stage))

    async def _stop(self, name: str, state: _State) -> None:
        state.asked_at = self._clock.monotonic()
        if self._hands.dry_run:
            state.word = WOULD
        else:
            failure = await self._hands.stop(self._park.devices[name])
            state.word, state.detail = (REFUSED, failure.detail) if failure else (ASKED, "")
            state.unreached = failure is not None and failure.kind is FailureKind.TIMEOUT
        log.warning("safe shutdown", server=name, outcome=state.word, why=state.detail)

    async def _follow(self, ups: _Ups, looks: list[Look]) -> None:
        """Whether those who were asked are down; and, once the mains are back, whether they are up again."""
        back = on_mains(looks[-1])
        if back:
            ups.begun = False
        for name, state in ups.states.items():
            if state.word in (WOULD, REFUSED) and back:
                state.word, state.detail, state.unreached = READY, "", False
            elif state.word in (ASKED, DOWN, STILL_UP) or state.unreached:
                there = await self._hands.answers(self._park.devices[name])
                waited = self._clock.monotonic() - state.asked_at
                if there and back and (state.word == DOWN or waited > self._pace.down_s):
                    state.word, state.unreached = READY, False
                elif not there:
                    state.word = DOWN
                elif state.unreached:
                    state.word = REFUSED
                elif waited > self._pace.down_s:
                    state.word = STILL_UP

    def _told(self, device: Device, poll: Poll, ups: _Ups) -> Poll:
        if poll.failure:
            return poll  # a poll that failed has no readings; what is known is told with the next answer
        told = tuple(
            Reading(device.id, METRIC, state.word, poll.at, name, state.detail, SEVERITIES[state.word], "safe shutdown")
            for name, state in ups.states.items()
        )
        return replace(poll, readings=(*poll.readings, *told))
