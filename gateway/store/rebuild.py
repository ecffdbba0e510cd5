"""A database file with damaged pages, made anew from everything that can still be read. The damaged file is kept."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gateway.core.errors import DamagedError, VigieError
from gateway.store.db import UNREADABLE, Database, go_on_beyond, open_database, row_crc

NUMBERED_LATER = ("batch", "transition", "change", "anchor", "entry")
"""Tables whose checksum leaves out the number of the row."""
_COUNTED = ("outbox", "boot", "command")
"""Tables that never give a number twice."""
_ROW_IDS_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Salvage:
    """What became of a damaged file: rows kept and rows given up by table, and where the damaged file lies."""

    name: str
    at: float
    kept_as: str
    kept: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    """Rows that were read but did not match their checksum; of pages that cannot be read nobody can count the rows."""
    why: tuple[str, ...] = ()


def faults(path: Path, schema: str) -> list[str]:
    """What SQLite's own check says of the structure of a file; empty if it is sound or not there."""
    if not path.exists():
        return []
    database = Database(path, schema=schema, read_only=True)
    try:
        newer = database.rows("PRAGMA user_version")[0][0] > database.steps[-1][0]
        return [] if newer else database.check()  # of what a newer version made nothing may be left out
    except DamagedError as error:
        return [error.what]
    except VigieError:
        return []  # in use, or gone: that is no damage
    finally:
        database.close()


def mend(path: Path, schema: str, now: float) -> Salvage | None:
    """Rebuilds the file if its structure is damaged; ``None`` if it is not. Nobody may have it open. Raises
    ``UnavailableError`` if there is no room; the damaged file is then where it was."""
    why = faults(path, schema)
    return rebuild(path, schema, now, tuple(why)) if why else None


def rebuild(path: Path, schema: str, now: float, why: tuple[str, ...] = ()) -> Salvage:
    """Copies every row that can be read and matches its checksum into a new file, which takes the place of the old."""
    fresh = path.with_name(f"{path.name}.rebuilt")
    _remove(fresh)
    target = open_database(fresh, schema=schema)
    kept: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    done = False
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as source, target.transaction():
            source.text_factory = lambda raw: raw.decode(errors="surrogateescape")
            tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            for (table,) in target.rows(tables):
                _copy_table(source, target, table, kept, lost)
            for table, number in _given(source):
                go_on_beyond(target, table, number)
        target.checkpoint()
        done = True
    finally:
        target.close()
        if not done:
            _remove(fresh)
    aside = _aside(path)
    salvage = Salvage(path.name, now, aside.name, dict(kept), dict(lost), why)
    aside.with_name(f"{aside.name}.json").write_text(json.dumps(asdict(salvage)), encoding="utf-8")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    fresh.rename(path)
    return salvage


def _copy_table(
    source: sqlite3.Connection, target: Database, table: str, kept: Counter[str], lost: Counter[str]
) -> None:
    columns = [row[1] for row in target.rows(f"PRAGMA table_info({table})")]
    aged = "crc" not in _columns(source, table)  # of a version whose rows had no checksum yet
    start = 1 if table in NUMBERED_LATER else 0
    put = f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - own names only
    for row in _readable(source, table, columns[:-1] if aged else columns):
        whole = (*row, row_crc(*row[start:])) if aged else row
        if row_crc(*whole[start:-1]) != whole[-1]:
            lost[table] += 1
            continue
        target.execute(put, whole)
        kept[table] += 1


def _columns(source: sqlite3.Connection, table: str) -> list[str]:
    try:
        return [row[1] for row in source.execute(f"PRAGMA table_info({table})")]
    except UNREADABLE:
        return []


def _given(source: sqlite3.Connection) -> list[tuple[str, int]]:
    """The highest number that each table has ever given, also to rows that are gone."""
    try:
        rows = source.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
    except UNREADABLE:
        return []
    return [(name, number) for name, number in rows if name in _COUNTED and isinstance(number, int)]


def salvaged(folder: Path) -> list[Salvage]:
    """Everything that was rebuilt in a folder and whose damaged file nobody has taken away yet."""
    found = []
    for note in sorted(folder.glob("*.damaged-*.json")):
        with suppress(OSError, ValueError, TypeError):
            told = json.loads(note.read_text(encoding="utf-8"))
            found.append(Salvage(**{**told, "why": tuple(told["why"])}))
    return found


def _aside(path: Path) -> Path:
    numbers = (path.with_name(f"{path.name}.damaged-{number}") for number in range(1, 1000))
    return next(place for place in numbers if not place.exists())


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _readable(source: sqlite3.Connection, table: str, columns: list[str]) -> Iterator[tuple[Any, ...]]:
    """Every row of a table that can be read, in order; what lies on damaged pages is jumped over."""
    names = ", ".join(columns)
    if not _has_row_ids(source, table):
        seen: set[tuple[Any, ...]] = set()
        for order in ("ASC", "DESC"):  # up to what is damaged, from either end
            with suppress(*UNREADABLE):
                for row in source.execute(f"SELECT {names} FROM {table} ORDER BY {columns[0]} {order}"):  # noqa: S608
                    if row not in seen:
                        seen.add(row)
                        yield row
        return
    query = f"SELECT rowid, {names} FROM {table} WHERE rowid >= ? ORDER BY rowid"  # noqa: S608 - as above
    at = 0
    while at < _ROW_IDS_MAX:
        try:
            # the driver reads one row ahead and drops the row before a damaged one: so they are asked for one by one
            found = source.execute(f"{query} LIMIT 1", (at,)).fetchone()
        except UNREADABLE:
            at = _beyond(source, query, at)
            continue
        if found is None:
            return
        at = max(at, found[0]) + 1  # a damaged number must not lead back
        yield tuple(found[1:])


def _beyond(source: sqlite3.Connection, query: str, at: int) -> int:
    """The first row id from which on rows can be read again: galloping, then halving."""

    def good(start: int) -> bool:
        try:
            source.execute(f"{query} LIMIT 1", (start,)).fetchone()
        except UNREADABLE:
            return False
        return True

    step = 1
    while at + step < _ROW_IDS_MAX and not good(at + step):
        step *= 2
    low, high = at + step // 2, min(at + step, _ROW_IDS_MAX)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if good(middle) else (middle, high)
    return high


def _has_row_ids(source: sqlite3.Connection, table: str) -> bool:
    try:
        source.execute(f"SELECT rowid FROM {table} LIMIT 0")  # noqa: S608 - names of our own schema
    except sqlite3.OperationalError:
        return False
    except UNREADABLE:
        return True
    return True
