"""commands.db: what people ask of the agent, and who may sign in. The page alone writes it; the agent only reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from gateway.clock import Clock
from gateway.core.errors import UnavailableError, VigieError
from gateway.ports import Command
from gateway.store.db import Database, open_database, row_crc

FILE_NAME = "commands.db"
_COLUMNS = "id, kind, created_at, who, body, crc"
_BODY = msgspec.json.Decoder(dict[str, Any])


class CommandQueue:
    """The page's side: puts commands. What became of them is read from ``SqliteLedger.command_results``."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._database = open_database(path, schema="commands")
        self._clock = clock

    def put(self, kind: str, who: str, body: Mapping[str, Any]) -> int:
        """Keeps one command durably; returns its id."""
        row = (kind, self._clock.wall(), who, msgspec.json.encode(body))
        with self._database.transaction():
            inserted = self._database.execute(
                "INSERT INTO command (kind, created_at, who, body, crc) VALUES (?, ?, ?, ?, 0)", row
            )
            number = inserted.lastrowid or 0
            self._database.execute("UPDATE command SET crc = ? WHERE id = ?", (row_crc(number, *row), number))
        return number

    def close(self) -> None:
        """Ends the use of the file."""
        self._database.close()


class CommandReader:
    """The agent's side: a missing file means that nobody has asked for anything yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: Database | None = None

    def after(self, last: int) -> list[Command]:
        """Commands with an id above ``last``, oldest first. Damaged ones are left out and counted."""
        if self._database is None and not self._open():
            return []
        assert self._database is not None  # noqa: S101 - `_open` said so
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM command WHERE id > ? ORDER BY id", (last,))  # noqa: S608
        intact = (row for row in rows if self._database.intact("command", row, key=row[0]))
        return [Command(number, kind, at, who, _BODY.decode(body)) for number, kind, at, who, body, _ in intact]

    def _open(self) -> bool:
        """False while the page has not finished making the file."""
        try:
            self._database = open_database(self._path, schema="commands", read_only=True)
        except UnavailableError:
            return False
        return True

    def damage(self) -> dict[str, int]:
        """Commands found damaged since the file was opened."""
        return dict(self._database.damage) if self._database else {}

    def close(self) -> None:
        """Ends the use of the file."""
        if self._database:
            self._database.close()
            self._database = None


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in. ``role`` is what the page's sign-in gives it, ``secret_hash`` an argon2id hash."""

    name: str
    role: str
    secret_hash: str
    created_at: float


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """The code of the first sign-in, as a hash; ``expires_at`` in s since the epoch."""

    hash: str
    expires_at: float
    used: bool


class Accounts:
    """Accounts and the one-time code. Hashing and comparing are the page's business (web.common.signin)."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._database = open_database(path, schema="commands")
        self._clock = clock

    def accounts(self) -> list[Account]:
        """Everybody, by name."""
        rows = self._database.rows("SELECT name, role, secret_hash, created_at FROM account ORDER BY name")
        return [Account(*row) for row in rows]

    def account(self, name: str) -> Account | None:
        """One person, or ``None``."""
        rows = self._database.rows("SELECT name, role, secret_hash, created_at FROM account WHERE name = ?", (name,))
        return Account(*rows[0]) if rows else None

    def add(self, name: str, role: str, secret_hash: str) -> None:
        """Makes an account. Raises ``VigieError`` if the name is taken."""
        with self._database.transaction():
            if self.account(name):
                raise VigieError(f'the name "{name}" is taken', remedy="choose another name")
            row = (name, role, secret_hash, self._clock.wall())
            self._database.execute("INSERT INTO account VALUES (?, ?, ?, ?)", row)

    def set_secret(self, name: str, secret_hash: str) -> None:
        """Replaces somebody's secret."""
        self._database.execute("UPDATE account SET secret_hash = ? WHERE name = ?", (secret_hash, name))

    def remove(self, name: str) -> None:
        """Deletes an account; the name stays in the record of what that person did."""
        self._database.execute("DELETE FROM account WHERE name = ?", (name,))

    def save_code(self, code_hash: str, expires_at: float) -> None:
        """Keeps the hash of a new one-time code; the one before is void."""
        self._database.execute("INSERT OR REPLACE INTO code VALUES (1, ?, ?, 0)", (code_hash, expires_at))

    def code(self) -> OneTimeCode | None:
        """The code that was saved last, used and expired ones too."""
        rows = self._database.rows("SELECT hash, expires_at, used FROM code")
        return OneTimeCode(rows[0][0], rows[0][1], bool(rows[0][2])) if rows else None

    def burn_code(self) -> bool:
        """Marks the code as used; False if somebody else was first (then it must not be honoured)."""
        return self._database.execute("UPDATE code SET used = 1 WHERE used = 0").rowcount == 1

    def close(self) -> None:
        """Ends the use of the file."""
        self._database.close()
