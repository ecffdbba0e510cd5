"""Work that may wait for the disk, done in threads while the watch goes on; the gateway's own faults as readings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

from gateway.agent.parts import Parts
from gateway.core.device import GATEWAY
from gateway.core.reading import Reading


class Aside:
    """Each piece of work once at a time; ``ended`` is told its name and is given what it left: a result or an error."""

    def __init__(self, ended: Callable[[str, Callable[[], object]], object]) -> None:
        self._ended = ended
        self._tasks: dict[str, asyncio.Task[object]] = {}

    def begin(self, what: str, work: Callable[[], object]) -> None:
        """Comes back at once; work that is still going on is not begun again."""
        if what not in self._tasks:
            task = self._tasks[what] = asyncio.get_running_loop().create_task(asyncio.to_thread(work))
            task.add_done_callback(lambda done: self._over(what, done))

    def _over(self, what: str, task: asyncio.Task[object]) -> None:
        del self._tasks[what]
        if not task.cancelled():
            self._ended(what, task.result)


def own_faults(
    parts: Parts, faulty: set[str], refused: Mapping[str, str], linked: bool | None, at: float
) -> Iterator[Reading]:
    """The gateway's own faults as readings of the gateway: they are judged like everything else. ``linked`` is ``None``
    where there is no headquarters."""
    for name in (*parts.collectors, "service", "agent"):
        yield Reading(GATEWAY, "gateway.fault", float(name in faulty), at, name)
    if linked is not None:
        yield Reading(GATEWAY, "gateway.uplink.up", float(linked), at)
    for name, why in refused.items():
        yield Reading(GATEWAY, "gateway.fault", float(bool(why)), at, name, why)
    if parts.storage:
        damage = parts.storage.faults()
        yield Reading(GATEWAY, "gateway.fault", float(bool(damage)), at, "storage", "; ".join(damage)[:500])
