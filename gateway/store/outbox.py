"""Messages that headquarters has not acknowledged yet, in the same file as the facts they report."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.core.errors import DamagedError
from gateway.core.incident import Stamp
from gateway.ports import Message, OutboxRow
from gateway.store.db import Database, row_crc
from gateway.store.worth import CAP_BYTES, Waiting, given_up

_STREAM = re.compile(r"[0-9a-f]{16}")
_COUNTS = msgspec.json.Decoder(dict[str, int])
_DELETE_BATCH = 500
_COLUMNS = "seq, lane, kind, created_at, boot_id, trusted, body, crc"


def _row(*columns: Any) -> OutboxRow:
    seq, lane, kind, created_at, boot_id, trusted, body = columns
    return OutboxRow(seq, lane, kind, created_at, body, boot_id, bool(trusted))


def put(database: Database, message: Message, stamp: Stamp) -> int:
    """Adds one message inside a transaction that the caller holds; returns its sequence number.

    The checksum covers the number, which is known only after the row is in: hence the second statement.
    """
    row = (message.lane, message.kind, stamp.wall, stamp.boot_id, stamp.trusted, msgspec.json.encode(message.body))
    inserted = database.execute(
        "INSERT INTO outbox (lane, kind, created_at, boot_id, trusted, body, crc) VALUES (?, ?, ?, ?, ?, ?, 0)", row
    )
    seq = inserted.lastrowid or 0
    database.execute("UPDATE outbox SET crc = ? WHERE seq = ?", (row_crc(seq, *row), seq))
    return seq


class SqliteOutbox:
    """The outbox of one site. Bodies are the JSON of ``Message.body``; the uplink makes the wire form of them."""

    def __init__(self, database: Database, cap: int = CAP_BYTES) -> None:
        self._database = database
        self._cap = cap
        self._stream = self._read_stream()

    def _read_stream(self) -> str:
        rows = self._database.rows("SELECT value FROM meta WHERE key = 'stream'")
        if not rows or not _STREAM.fullmatch(rows[0][0]):
            raise DamagedError(f"{self._database.path}: the stream id is damaged", remedy="see `vigie doctor`")
        return str(rows[0][0])

    @property
    def stream(self) -> str:
        """Random id made with the file: 16 hexadecimal digits."""
        return self._stream

    def new_stream(self) -> str:
        """Starts a new stream: for a file restored from a copy, whose numbers headquarters has already seen."""
        with self._database.transaction():
            self._database.execute("UPDATE meta SET value = lower(hex(randomblob(8))) WHERE key = 'stream'")
        self._stream = self._read_stream()
        return self._stream

    def put(self, message: Message, stamp: Stamp) -> int:
        """Keeps one message durably; returns its sequence number."""
        with self._database.transaction():
            return put(self._database, message, stamp)

    def take(self, limit: int, *, after: Mapping[int, int] | None = None) -> list[OutboxRow]:
        """Up to ``limit`` rows by lane, oldest first; ``after[lane]`` skips what is in flight.

        A row that does not match its checksum is taken out and counted: sent, it would be a false fact.
        """
        taken: list[OutboxRow] = []
        damaged: list[int] = []
        for lane in sorted(self.waiting()):
            rows = self._database.rows(
                f"SELECT {_COLUMNS} FROM outbox WHERE lane = ? AND seq > ? ORDER BY seq LIMIT ?",  # noqa: S608
                (lane, (after or {}).get(lane, 0), limit - len(taken)),
            )
            for row in rows:
                if self._database.intact("outbox", row, key=row[0]):
                    taken.append(_row(*row[:-1]))
                else:
                    damaged.append(row[0])
            if len(taken) >= limit:
                break
        self.acknowledge(damaged)
        return taken

    def acknowledge(self, seqs: Iterable[int]) -> int:
        """Deletes rows in one transaction per 500; returns how many were there."""
        numbers = sorted(set(seqs))
        gone = 0
        for start in range(0, len(numbers), _DELETE_BATCH):
            part = numbers[start : start + _DELETE_BATCH]
            marks = ",".join("?" * len(part))
            gone += self._database.execute(f"DELETE FROM outbox WHERE seq IN ({marks})", part).rowcount  # noqa: S608
        return gone

    def waiting(self) -> dict[int, int]:
        """Number of rows by lane; a lane without rows is left out."""
        return dict(self._database.rows("SELECT lane, count(*) FROM outbox GROUP BY lane"))

    def trim(self) -> int:
        """Gives up what is worth least (``gateway.store.worth``) and counts it; returns how many messages went."""
        rows = self._database.rows(
            "SELECT seq, kind, created_at, length(body), substr(body, 1, 16) FROM outbox ORDER BY seq"
        )
        gone = list(given_up((Waiting(*row) for row in rows), self._cap))
        if gone:
            counts = Counter(self.dropped())
            counts.update(row.worth for row in gone)
            with self._database.transaction():
                self.acknowledge(row.seq for row in gone)
                text = msgspec.json.encode(counts).decode()
                self._database.execute("INSERT OR REPLACE INTO meta VALUES ('dropped', ?)", (text,))
        return len(gone)

    def dropped(self) -> dict[str, int]:
        """How many messages were ever given up, by what they were: ``summary``, ``figures``."""
        rows = self._database.rows("SELECT value FROM meta WHERE key = 'dropped'")
        return dict(_COUNTS.decode(rows[0][0])) if rows else {}

    def newest(self) -> int:
        """Highest sequence number ever given, also to rows that are gone; 0 for none."""
        rows = self._database.rows("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")
        return int(rows[0][0]) if rows else 0

    def oldest_at(self) -> float | None:
        """When the oldest waiting message was put (s, UTC); ``None`` if nothing waits."""
        ((created,),) = self._database.rows("SELECT min(created_at) FROM outbox")
        return None if created is None else float(created)
