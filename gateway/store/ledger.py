"""The append-only record: transitions, what happened to incidents, and the messages about both, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.core.errors import UnavailableError
from gateway.core.incident import Change, Incident, Stamp, Transition, fold
from gateway.core.inventory import Entry
from gateway.ports import Batch, CurrentVerdict
from gateway.store import entries, orders, outbox
from gateway.store.db import Database, row_crc

_TRANSITION = msgspec.json.Decoder(Transition)
_AT_ONCE = 500
CHECKPOINT_S = 3600.0
"""The log is emptied into the file this often, since nothing checks its content."""
_CHANGE = msgspec.json.Decoder(Change)
_BATCH_COLUMNS = "wall, boot_id, monotonic, trusted, command, result, crc"
_TRANSITION_COLUMNS = "id, batch, subject, metric, instance, at, body, crc"
_CHANGE_COLUMNS = "id, batch, incident, kind, at, body, crc"

# An incident is worth folding if something happened to it lately or if it is not closed: not merged into another, and
# not restored since it was last reopened. The index answers this without touching the bodies.
_WANTED = """
SELECT incident FROM change GROUP BY incident
HAVING max(at) >= ? OR (
    max(kind = 'merged') = 0
    AND max(CASE WHEN kind = 'restored' THEN id ELSE 0 END) <= max(CASE WHEN kind = 'reopened' THEN id ELSE 0 END)
)
"""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What became of one command of commands.db: the agent's answer ("" is plain success) and when (s, UTC)."""

    command: int
    result: str
    at: float


class SqliteLedger:
    """The ledger of one site. Read it from another process with a database opened ``read_only``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._checkpoint_at = 0.0

    def record(self, batch: Batch) -> None:
        """Writes the batch in one durable transaction: after a power cut all of it is there or nothing."""
        database = self._database
        with database.transaction():
            number = self._put_batch(batch)
            for transition in batch.transitions:
                self._append("transition", "subject, metric, instance, at", number, transition)
            for change in batch.changes:
                self._append("change", "incident, kind, at", number, change)
            for message in batch.messages:
                outbox.put(database, message, batch.stamp)
            if batch.order:
                orders.put(database, batch.order)
            for entry in batch.entries:
                entries.put(database, number, entry)
        if not 0 <= self._checkpoint_at - batch.stamp.monotonic <= CHECKPOINT_S:
            self._checkpoint_at = batch.stamp.monotonic + CHECKPOINT_S
            with suppress(UnavailableError):  # a full disk: the batch is written, and must not be written twice
                database.checkpoint()

    def _put_batch(self, batch: Batch) -> int:
        stamp = batch.stamp
        row = (stamp.wall, stamp.boot_id, stamp.monotonic, stamp.trusted, batch.command, batch.command_result)
        inserted = self._database.execute(
            "INSERT INTO batch (wall, boot_id, monotonic, trusted, command, result, crc) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*row, row_crc(*row)),
        )
        return inserted.lastrowid or 0

    def _append(self, table: str, columns: str, batch: int, fact: Transition | Change) -> None:
        keys = tuple(getattr(fact, column) for column in columns.split(", "))
        row = (batch, *keys, msgspec.json.encode(fact))
        marks = ", ".join("?" * (len(row) + 1))
        self._database.execute(
            f"INSERT INTO {table} (batch, {columns}, body, crc) VALUES ({marks})",  # noqa: S608 - own names only
            (*row, row_crc(*row)),
        )

    def verdicts(self) -> list[CurrentVerdict]:
        """The newest transition of every series. A damaged one is left out: its series is unknown again."""
        newest = "SELECT max(id) FROM transition GROUP BY subject, metric, instance"
        return [
            CurrentVerdict(*last.key, last.after, last.at, last.value, last.cause, last.label, last.check)
            for last in self._transitions(f"WHERE id IN ({newest}) ORDER BY id", ())
        ]

    def incidents(self, *, since: float = 0.0) -> list[Incident]:
        """Incidents that are open, or were opened or restored at or after ``since``, newest first."""
        names = [name for (name,) in self._database.rows(_WANTED, (since,))]
        changes: list[Change] = []
        for start in range(0, len(names), _AT_ONCE):  # in two steps: in one, SQLite reads the whole table
            part = names[start : start + _AT_ONCE]
            changes += self._changes(f"WHERE incident IN ({','.join('?' * len(part))}) ORDER BY id", tuple(part))
        wanted = [
            incident
            for incident in fold(changes).values()
            if incident.open or incident.opened_at >= since or (incident.restored_at or since - 1) >= since
        ]
        return sorted(wanted, key=lambda incident: incident.opened_at, reverse=True)

    def incident(self, number: str) -> Incident | None:
        """One incident by its id."""
        return fold(self._changes("WHERE incident = ? ORDER BY id", (number,))).get(number)

    def transitions(self, start: float, end: float, *, subject: str | None = None) -> list[Transition]:
        """Transitions with ``start <= at < end`` in the order in which they were written."""
        if subject is None:
            return self._transitions("WHERE at >= ? AND at < ? ORDER BY id", (start, end))
        return self._transitions("WHERE at >= ? AND at < ? AND subject = ? ORDER BY id", (start, end, subject))

    def changes(self, start: float, end: float) -> list[Change]:
        """Changes of all incidents with ``start <= at < end`` in the order in which they were written."""
        return self._changes("WHERE at >= ? AND at < ? ORDER BY id", (start, end))

    def entries(self, *kinds: str, subject: str | None = None) -> list[Entry]:
        """What happened to the inventory, of some kinds (none named: all), in the order in which it was written."""
        return entries.read(self._database, kinds, subject)

    def last_command(self) -> int:
        """Id of the last command of commands.db that was carried out; 0 if none was."""
        rows = self._database.rows(f"SELECT {_BATCH_COLUMNS} FROM batch WHERE command IS NOT NULL")  # noqa: S608
        return max((row[4] for row in rows if self._database.intact("batch", row, key=row[4])), default=0)

    def command_results(self, commands: Iterable[int]) -> dict[int, CommandResult]:
        """What became of commands; one that was not carried out yet is left out."""
        numbers = list(commands)
        marks = ",".join("?" * len(numbers))
        rows = self._database.rows(
            f"SELECT {_BATCH_COLUMNS} FROM batch WHERE command IN ({marks})",  # noqa: S608 - own names only
            numbers,
        )
        intact = (row for row in rows if self._database.intact("batch", row, key=row[4]))
        return {row[4]: CommandResult(row[4], row[5], row[0]) for row in intact}

    def last_stamp(self) -> Stamp | None:
        """When the newest batch was written down."""
        rows = self._database.rows(f"SELECT {_BATCH_COLUMNS} FROM batch ORDER BY id DESC LIMIT 1")  # noqa: S608
        if not rows or not self._database.intact("batch", rows[0], key="newest"):
            return None
        wall, boot_id, monotonic, trusted = rows[0][:4]
        return Stamp(wall, boot_id, monotonic, bool(trusted))

    def written(self) -> int:
        """How many acts of writing there were; 0 for none."""
        ((newest,),) = self._database.rows("SELECT max(id) FROM batch")
        return int(newest or 0)

    def damage(self) -> dict[str, int]:
        """Rows found damaged since the file was opened, by table."""
        return dict(self._database.damage)

    def _transitions(self, where: str, values: tuple[Any, ...]) -> list[Transition]:
        rows = self._database.rows(f"SELECT {_TRANSITION_COLUMNS} FROM transition {where}", values)  # noqa: S608
        return [_TRANSITION.decode(row[-2]) for row in rows if self._intact("transition", row)]

    def _changes(self, where: str, values: tuple[Any, ...]) -> list[Change]:
        rows = self._database.rows(f"SELECT {_CHANGE_COLUMNS} FROM change {where}", values)  # noqa: S608
        return [_CHANGE.decode(row[-2]) for row in rows if self._intact("change", row)]

    def _intact(self, table: str, row: tuple[Any, ...]) -> bool:
        return self._database.intact(table, row[1:], key=row[0])
