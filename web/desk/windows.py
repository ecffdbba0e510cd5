"""The transitions that a period is counted from: what was in force when it began, and what changed since.

What was in force is folded once a week and kept (``checkpoint``), so that a count reads a few weeks and not the whole
history of a site. A fact that comes late, or is moved in time, takes back every checkpoint after it.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Engine, delete, func, select

from gateway import wire
from gateway.core.incident import Transition
from gateway.core.outages import carried
from web.desk.tables import add, checkpoint, lock, reading, transition, writing

STEP_S = 7 * 86_400.0
_NEVER = float("-inf")
KEPT = 16
"""Checkpoints of a site: reports go back to the month before the last one."""


class SqlWindows:
    """Reads windows of history; UnavailableError while the database cannot be used."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def history(self, site: str, start: float, end: float) -> list[Transition]:
        """Everything from which any part of [start, end) can be counted, in order of time."""
        with reading(self._engine) as connection:
            at, before = _newest(connection, site, start)
            old = start - at >= 2 * STEP_S and _exists(connection, site, start - STEP_S)
            if not old:
                rows = [*before, *_between(connection, site, at, end)]
        if old:
            self._fold(site, start // STEP_S * STEP_S)
            return self.history(site, start, end) if self._holds(site, start) else self._whole(site, start, end)
        begun = next((number for number, one in enumerate(rows) if one.at >= start), len(rows))
        return [*carried(rows, start), *rows[begun:]]

    def _fold(self, site: str, at: float) -> None:
        """Keeps what is in force at an instant, and in the weeks before it where nothing is kept yet. No fact can come
        between the look and the word: ``lock`` waits for messages that are being taken in, and they forget after they
        hold it."""
        with writing(self._engine) as connection:
            lock(connection)
            since, rows = _newest(connection, site, at)
            weeks = KEPT if since == _NEVER else 1
            for one in (at - STEP_S * ago for ago in range(weeks - 1, -1, -1)):
                rows = carried([*rows, *_between(connection, site, since, one)], one)
                since = one
                if rows:
                    body = wire.body_bytes(wire.facts_body(transitions=rows)).decode()
                    add(connection, checkpoint, {"site": site, "at": one, "body": body})
            column = checkpoint.c
            newest = select(column.at).where(column.site == site).order_by(column.at.desc()).limit(KEPT)
            connection.execute(delete(checkpoint).where(column.site == site, column.at.not_in(newest)))

    def _holds(self, site: str, start: float) -> bool:
        with reading(self._engine) as connection:
            return start - _newest(connection, site, start)[0] < 2 * STEP_S

    def _whole(self, site: str, start: float, end: float) -> list[Transition]:
        """Of a period long past, whose checkpoint is not kept."""
        with reading(self._engine) as connection:
            before = _between(connection, site, _NEVER, start)
            return [*carried(before, start), *_between(connection, site, start, end)]


def forget(connection: Connection, site: str, digests: Iterable[str], *, moved: bool) -> None:
    """Takes back what was folded after the earliest of some facts, or all of it where facts were moved in time. To be
    called once the transaction holds ``lock``."""
    column = checkpoint.c
    if moved:
        connection.execute(delete(checkpoint).where(column.site == site))
        return
    wanted = list(digests)
    mine = (transition.c.site == site) & transition.c.digest.in_(wanted)
    earliest = connection.scalar(select(func.min(transition.c.at)).where(mine)) if wanted else None
    if earliest is not None:
        connection.execute(delete(checkpoint).where(column.site == site, column.at > earliest))


def decoded(bodies: Iterable[str]) -> list[Transition]:
    """Transitions from the JSON they are kept in."""
    return wire.transitions_of(wire.body_of(f'{{"transitions":[{",".join(bodies)}]}}'.encode()))


def _newest(connection: Connection, site: str, at: float) -> tuple[float, list[Transition]]:
    """The newest checkpoint of a site up to an instant, and what was in force there."""
    column = checkpoint.c
    query = select(column.at, column.body).where(column.site == site, column.at <= at).order_by(column.at.desc())
    found = connection.execute(query.limit(1)).first()
    return (found[0], wire.transitions_of(wire.body_of(found[1].encode()))) if found else (_NEVER, [])


def _between(connection: Connection, site: str, start: float, end: float) -> list[Transition]:
    column = transition.c
    query = select(column.body).where(column.site == site, column.at >= start, column.at < end)
    return decoded(connection.scalars(query.order_by(column.at, column.id)))


def _exists(connection: Connection, site: str, before: float) -> bool:
    """True if anything was told so long ago that it is worth folding."""
    column = transition.c
    return connection.scalar(select(column.id).where(column.site == site, column.at < before).limit(1)) is not None
