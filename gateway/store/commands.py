"""commands.db: what people ask of the agent, and who may sign in. The page alone writes it; the agent only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from gateway.clock import Clock
from gateway.core.errors import UnavailableError, VigieError
from gateway.ports import Command
from gateway.store.db import Database, go_on_beyond, open_database, row_crc

FILE_NAME = "commands.db"
_COLUMNS = "id, kind, created_at, who, body, crc"
_BODY = msgspec.json.Decoder(dict[str, Any])


def emptied(database: Database) -> None:
    """Empties the log after a write, since a damaged log loses its rows without a word. People write rarely, and what
    they wrote is durable already: a full disk may leave it in the log."""
    with suppress(UnavailableError):
        database.checkpoint()


class CommandQueue:
    """The page's side: puts commands. What became of them is read from ``SqliteLedger.command_results``.

    ``beyond`` is the newest command that the agent has dealt with: where the file was made anew, its numbers go on from
    there, since the agent takes no older one.
    """

    def __init__(self, path: Path, clock: Clock, beyond: int = 0) -> None:
        self._database = open_database(path, schema="commands")
        self._clock = clock
        if beyond:
            # a read-only or full disk: nothing can be asked then anyway
            with suppress(UnavailableError), self._database.transaction():
                go_on_beyond(self._database, "command", beyond)

    def put(self, kind: str, who: str, body: Mapping[str, Any]) -> int:
        """Keeps one command durably; returns its id."""
        row = (kind, self._clock.wall(), who, msgspec.json.encode(body))
        with self._database.transaction():
            inserted = self._database.execute(
                "INSERT INTO command (kind, created_at, who, body, crc) VALUES (?, ?, ?, ?, 0)", row
            )
            number = inserted.lastrowid or 0
            self._database.execute("UPDATE command SET crc = ? WHERE id = ?", (row_crc(number, *row), number))
        emptied(self._database)
        return number

    def when_damaged(self, act: Callable[[], object]) -> None:
        """``act`` is called when a page of the file turns out to be damaged: it is made anew at the next start."""
        self._database.on_damaged = act

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
        """Everybody, by name. A damaged row lets nobody in; it is counted, and making the account anew replaces it."""
        return self._accounts("ORDER BY name")

    def account(self, name: str) -> Account | None:
        """One person, or ``None``."""
        return next(iter(self._accounts("WHERE name = ?", name)), None)

    def _accounts(self, where: str, *values: str) -> list[Account]:
        rows = self._database.rows(f"SELECT name, role, secret_hash, created_at, crc FROM account {where}", values)  # noqa: S608
        return [Account(*row[:-1]) for row in rows if self._database.intact("account", row, key=row[0])]

    def _put(self, account: Account) -> None:
        row = (account.name, account.role, account.secret_hash, account.created_at)
        self._database.execute("INSERT OR REPLACE INTO account VALUES (?, ?, ?, ?, ?)", (*row, row_crc(*row)))

    def add(self, name: str, role: str, secret_hash: str) -> None:
        """Makes an account. Raises ``VigieError`` if the name is taken."""
        with self._database.transaction():
            if self.account(name):
                raise VigieError(f'the name "{name}" is taken', remedy="choose another name")
            self._put(Account(name, role, secret_hash, self._clock.wall()))
        emptied(self._database)

    def set_secret(self, name: str, secret_hash: str) -> None:
        """Replaces somebody's secret."""
        with self._database.transaction():
            if known := self.account(name):
                self._put(replace(known, secret_hash=secret_hash))
        emptied(self._database)

    def remove(self, name: str) -> None:
        """Deletes an account; the name stays in the record of what that person did."""
        self._database.execute("DELETE FROM account WHERE name = ?", (name,))

    def save_code(self, code_hash: str, expires_at: float) -> None:
        """Keeps the hash of a new one-time code; the one before is void."""
        self._put_code(OneTimeCode(code_hash, expires_at, used=False))

    def code(self) -> OneTimeCode | None:
        """The code that was saved last, used and expired ones too."""
        rows = self._database.rows("SELECT id, hash, expires_at, used, crc FROM code")
        intact = (row for row in rows if self._database.intact("code", row, key=row[0]))
        return next((OneTimeCode(row[1], row[2], bool(row[3])) for row in intact), None)

    def burn_code(self) -> bool:
        """Marks the code as used; False if somebody else was first (then it must not be honoured)."""
        with self._database.transaction():
            code = self.code()
            if code is None or code.used:
                return False
            self._put_code(replace(code, used=True))
        return True

    def _put_code(self, code: OneTimeCode) -> None:
        row = (1, code.hash, code.expires_at, int(code.used))
        self._database.execute("INSERT OR REPLACE INTO code VALUES (?, ?, ?, ?, ?)", (*row, row_crc(*row)))

    def when_damaged(self, act: Callable[[], object]) -> None:
        """As of ``CommandQueue``."""
        self._database.on_damaged = act

    def close(self) -> None:
        """Ends the use of the file."""
        self._database.close()
