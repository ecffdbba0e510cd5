"""Messages that headquarters has not acknowledged yet, in the same file as the facts they report."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from gateway.core.errors import UnavailableError
from gateway.core.incident import Stamp
from gateway.ports import Message, OutboxRow
from gateway.store.db import Database, row_crc
from gateway.store.worth import CAP_BYTES, NOW_LANE, Waiting, given_up

_STREAM = re.compile(r"[0-9a-f]{16}")
_COUNTS = msgspec.json.Decoder(dict[str, int])
_TOPICS = msgspec.json.Decoder(list[str])
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
        """The stream id; another one where it is damaged, which is counted and told. Headquarters keeps a fact once by
        its content too, so what it has already under the old stream is not doubled (docs/reference/mqtt.md)."""
        text = self._meta("stream")
        if text is not None and _STREAM.fullmatch(text):
            return text
        stream = secrets.token_hex(8)
        if not self._database.read_only:
            with suppress(UnavailableError):  # a read-only or full disk: good for this run
                self._put_meta("stream", stream)
        return stream

    def _meta(self, key: str) -> str | None:
        rows = self._database.rows("SELECT key, value, crc FROM meta WHERE key = ?", (key,))
        return str(rows[0][1]) if rows and self._database.intact("meta", rows[0], key=key) else None

    def _put_meta(self, key: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", (key, value, row_crc(key, value)))

    @property
    def stream(self) -> str:
        """Random id made with the file: 16 hexadecimal digits."""
        return self._stream

    def new_stream(self) -> str:
        """Starts a new stream: for a file restored from a copy, whose numbers headquarters has already seen."""
        stream = secrets.token_hex(8)
        self._put_meta("stream", stream)
        self._stream = stream
        return stream

    def put(self, message: Message, stamp: Stamp) -> int:
        """Keeps one message durably; returns its sequence number."""
        with self._database.transaction():
            return put(self._database, message, stamp)

    def take(self, limit: int, *, skip: Collection[int] = ()) -> list[OutboxRow]:
        """Up to ``limit`` rows by lane, oldest first (lane 2: newest first), without those in ``skip``.

        A row that does not match its checksum is taken out and counted: sent, it would be a false fact.
        """
        taken: list[OutboxRow] = []
        damaged: list[int] = []
        skipped = msgspec.json.encode(list(skip)).decode()
        for lane in sorted(self.waiting()):
            order = "DESC" if lane == NOW_LANE else "ASC"
            rows = self._database.rows(
                f"SELECT {_COLUMNS} FROM outbox WHERE lane = ? AND seq NOT IN (SELECT value FROM json_each(?)) "  # noqa: S608
                f"ORDER BY seq {order} LIMIT ?",
                (lane, skipped, limit - len(taken)),
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
                self._put_meta("dropped", msgspec.json.encode(counts).decode())
        return len(gone)

    def dropped(self) -> dict[str, int]:
        """How many messages were ever given up, by what they were: ``summary``, ``figures``. Counted anew where the
        count is damaged."""
        text = self._meta("dropped")
        return dict(_COUNTS.decode(text)) if text else {}

    def retained(self) -> list[str]:
        """Topics that the broker was asked to keep. A list that does not match its checksum is counted as damage and
        taken for empty: what it named stays at the broker until somebody clears it."""
        text = self._meta("retained")
        return _TOPICS.decode(text) if text else []

    def keep_retained(self, topics: Sequence[str]) -> None:
        """Remembers topics durably."""
        with self._database.transaction():
            self._put_meta("retained", msgspec.json.encode(topics).decode())

    def newest(self) -> int:
        """Highest sequence number ever given, also to rows that are gone; 0 for none."""
        rows = self._database.rows("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")
        return int(rows[0][0]) if rows else 0

    def oldest_at(self) -> float | None:
        """When the oldest waiting message was put (s, UTC); ``None`` if nothing waits."""
        ((created,),) = self._database.rows("SELECT min(created_at) FROM outbox")
        return None if created is None else float(created)
