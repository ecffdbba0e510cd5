"""What happened to the inventory, in the same file and the same transaction as the facts it came with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from gateway.core.inventory import Entry, EntryKind
from gateway.store.db import Database, row_crc

KEPT: Mapping[str, int] = {EntryKind.SURVEY: 1, EntryKind.SAID: 100}
"""Of these kinds only the newest are kept for each subject: a device that says something else every minute must not
fill the card."""

_ENTRY = msgspec.json.Decoder(Entry)
_COLUMNS = "id, batch, kind, subject, at, body, crc"


def put(database: Database, batch: int, entry: Entry) -> None:
    """Adds one entry inside a transaction that the caller holds."""
    row = (batch, str(entry.kind), entry.subject, entry.at, msgspec.json.encode(entry))
    database.execute(
        "INSERT INTO entry (batch, kind, subject, at, body, crc) VALUES (?, ?, ?, ?, ?, ?)", (*row, row_crc(*row))
    )
    if entry.kind in KEPT:
        oldest = "SELECT id FROM entry WHERE kind = ? AND subject = ? ORDER BY id DESC LIMIT -1 OFFSET ?"
        values = (str(entry.kind), entry.subject, KEPT[entry.kind])
        database.execute(f"DELETE FROM entry WHERE id IN ({oldest})", values)  # noqa: S608 - own names only


def read(database: Database, kinds: Sequence[str], subject: str | None) -> list[Entry]:
    """Entries in the order in which they were written; damaged ones are left out and counted."""
    marks = ", ".join("?" * len(kinds))
    where = [f"kind IN ({marks})"] if kinds else []
    where += ["subject = ?"] if subject is not None else []
    condition = f"WHERE {' AND '.join(where)}" if where else ""
    values = (*map(str, kinds), *([] if subject is None else [subject]))
    rows = database.rows(f"SELECT {_COLUMNS} FROM entry {condition} ORDER BY id", values)  # noqa: S608
    return [_ENTRY.decode(row[-2]) for row in rows if database.intact("entry", row[1:], key=row[0])]
