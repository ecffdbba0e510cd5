"""What a site told while its clock was wrong, put right once it has told how wrong it was.

The site tells all moves of a boot in one message, and with each fact how many had been made before. So the instant
that is kept is always computed from the fact as it was told: in whatever order messages come, and however often, the
outcome is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, Update, select, update

from gateway import wire
from gateway.core.incident import Change, Transition
from gateway.core.retiming import Move, line_of, moves_body, moves_of, retimed
from web.desk import tables
from web.desk.record import fact
from web.desk.tables import upsert


def moves_told(body: Mapping[str, Any]) -> tuple[str, list[Move]] | None:
    """The moves of a boot that a message tells, if any; GarbledError for what cannot be read."""
    try:
        return moves_of(body)
    except ValueError as error:
        raise wire.GarbledError(str(error)) from error


def put_right(connection: Connection, envelope: wire.Envelope) -> set[str]:
    """Corrects the facts of this message, or all that the boot told which this message is about. Returns the incidents
    that changed."""
    told = moves_told(envelope.body)
    if told is None:
        moves = _known(connection, envelope.site, envelope.boot_id)
        return _correct(connection, envelope.site, moves, [envelope.body])
    boot_id, moves = told
    if len(moves) > len(_known(connection, envelope.site, boot_id)):
        body = wire.body_bytes(moves_body(boot_id, moves)).decode()
        put = upsert(connection, tables.moved).values(site=envelope.site, boot_id=boot_id, body=body)
        connection.execute(put.on_conflict_do_update(index_elements=["site", "boot_id"], set_={"body": body}))
    message = tables.message.c
    of_boot = (message.site == envelope.site) & (message.boot_id == boot_id) & message.kind.in_(("evt", "hist"))
    bodies = connection.scalars(select(message.body).where(of_boot)).all()
    moves = _known(connection, envelope.site, boot_id)
    return _correct(connection, envelope.site, moves, [wire.body_of(body.encode()) for body in bodies if body])


def _known(connection: Connection, site: str, boot_id: str) -> list[Move]:
    moved = tables.moved.c
    body = connection.scalar(select(moved.body).where(moved.site == site, moved.boot_id == boot_id))
    told = moves_of(wire.body_of(body.encode())) if body else None
    return told[1] if told else []


def _correct(connection: Connection, site: str, moves: list[Move], bodies: Iterable[Mapping[str, Any]]) -> set[str]:
    touched: set[str] = set()
    for body in bodies:
        later = moves[line_of(body) :]
        if not later:
            continue
        for entry, transition in zip(body.get("transitions", ()), wire.transitions_of(body), strict=True):
            now = retimed(transition, later)
            connection.execute(_rewritten(tables.transition, site, entry, now).values(at=now.at))
        for entry, change in zip(body.get("changes", ()), wire.changes_of(body), strict=True):
            connection.execute(_rewritten(tables.change, site, entry, retimed(change, later)))
            touched.add(change.incident)
    return touched


def _rewritten(table: Table, site: str, entry: Mapping[str, Any], now: Transition | Change) -> Update:
    """The row keeps the digest of what was told, so that the same telling is still recognised."""
    instants = {"at": wire.iso(now.at), "detected_at": wire.iso(now.detected_at)}
    if isinstance(now, Change) and now.until is not None:
        instants["until"] = wire.iso(now.until)
    row = (table.c.site == site) & (table.c.digest == fact(entry).digest)
    return update(table).where(row).values(body=fact({**entry, **instants}).body)
