"""Backup jobs that call a URL of the box, in commands.db: the page writes what they told, the agent reads it.

A token has 192 random bits and never changes: it stands in scripts on machines that nobody wants to touch again.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from gateway.clock import Clock
from gateway.core.backups import Call, jobs
from gateway.core.device import Park
from gateway.core.errors import UnavailableError
from gateway.store.db import Database, open_database, row_crc

_COLUMNS = "device, job, token, made_at, called_at, ok, detail, good_at, size, crc"
_BYTES = 24


class Calls:
    """The page's side."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._database = open_database(path, schema="commands")
        self._clock = clock

    def know(self, park: Park) -> None:
        """Makes a token for each job of the park that calls and has none. Those of jobs that are gone are kept: a job
        that comes back keeps its URL."""
        wanted = {(one.id, job.name) for one in park.devices.values() for job in jobs(one) if job.calls}
        with self._database.transaction():
            for device, job in sorted(wanted - _read(self._database).keys()):
                self._put(Call(device, job, self._clock.wall()), secrets.token_urlsafe(_BYTES))

    def of(self, device: str) -> Mapping[str, Call]:
        """The jobs of a device by name."""
        return {call.job: call for call, _ in _read(self._database).values() if call.device == device}

    def token(self, device: str, job: str) -> str:
        """The token of a job; "" for one that is not known."""
        found = _read(self._database).get((device, job))
        return found[1] if found else ""

    def find(self, token: str) -> Call | None:
        """The job that this token belongs to. All are compared, each in constant time."""
        given = token.encode("utf-8", "replace")
        found = None
        for call, known in _read(self._database).values():
            if hmac.compare_digest(given, known.encode()):
                found = call
        return found

    def note(self, call: Call, *, ok: bool, detail: str = "", size: float | None = None) -> Call:
        """Keeps durably that a job called, now, and what it told."""
        now = self._clock.wall()
        with self._database.transaction():
            known, token = _read(self._database)[call.device, call.job]
            noted = replace(known, called_at=now, ok=ok, detail=detail)
            if ok:
                noted = replace(noted, good_at=now, size=size)
            self._put(noted, token)
        return noted

    def when_damaged(self, act: Callable[[], object]) -> None:
        """As of ``CommandQueue``, whose file this is."""
        self._database.on_damaged = act

    def _put(self, call: Call, token: str) -> None:
        row = (
            *(call.device, call.job, token, call.made_at, call.called_at),
            *(int(call.ok), call.detail, call.good_at, call.size),
        )
        marks = ", ".join("?" * (len(row) + 1))
        self._database.execute(f"INSERT OR REPLACE INTO call VALUES ({marks})", (*row, row_crc(*row)))  # noqa: S608

    def close(self) -> None:
        """Ends the use of the file."""
        self._database.close()


class CallReader:
    """The agent's side: a missing file means that no job has an address yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: Database | None = None

    def of(self, device: str) -> Mapping[str, Call]:
        """The jobs of a device by name. Raises UnavailableError or DamagedError."""
        if self._database is None:
            try:
                self._database = open_database(self._path, schema="commands", read_only=True)
            except UnavailableError:
                return {}
        return {call.job: call for call, _ in _read(self._database).values() if call.device == device}

    def close(self) -> None:
        """Ends the use of the file."""
        if self._database:
            self._database.close()
            self._database = None


def _read(database: Database) -> dict[tuple[str, str], tuple[Call, str]]:
    """Every job with its token; damaged rows are left out and counted."""
    found = {}
    for row in database.rows(f"SELECT {_COLUMNS} FROM call"):  # noqa: S608
        if database.intact("call", row, key=row[:2]):
            device, job, token, made_at, called_at, ok, detail, good_at, size, _ = row
            found[device, job] = Call(device, job, made_at, called_at, bool(ok), detail, good_at, size), token
    return found
