"""SQLite files: opened the one durable way, brought up to date by numbered schema files, with errors people understand.

Write-ahead log, ``synchronous=FULL``: a commit that returned survives a power cut. SQLite does not check content, so
every row carries a CRC-32 (``row_crc``) that readers compare; what does not match is counted in ``Database.damage`` and
never used.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gateway.core.errors import DamagedError, UnavailableError, VigieError

BUSY_TIMEOUT_S = 10.0
UNREADABLE = (sqlite3.Error, UnicodeDecodeError)
"""What reading a damaged file may raise: the message of SQLite's error may itself hold the flipped bit."""
_FULL = ("full", "no space")
_READ_ONLY = ("readonly", "read-only", "unable to open")
_DAMAGED = ("malformed", "not a database", "corrupt")


def row_crc(*columns: float | str | bytes | None) -> int:
    """CRC-32 over the columns of a row, types and lengths included, so that no two rows look alike by shifting."""
    crc = 0
    for column in columns:
        if isinstance(column, bytes):
            part = b"b%d:%s" % (len(column), column)
        elif isinstance(column, str):
            encoded = column.encode(errors="surrogateescape")
            part = b"s%d:%s" % (len(encoded), encoded)
        elif column is None:
            part = b"n"
        else:  # 1 and 1.0 are one value to SQLite's REAL columns
            part = b"f" + struct.pack("<d", column)
        crc = zlib.crc32(part, crc)
    return crc


def explain(path: Path, error: sqlite3.Error) -> VigieError:
    """The error for people behind an error of SQLite: disk full, read-only, damaged, busy."""
    text = str(error).lower()
    if any(word in text for word in _FULL):
        return UnavailableError(f"{path}: the disk is full", remedy="free space or shorten the retention")
    if any(word in text for word in _READ_ONLY):
        return UnavailableError(f"{path}: cannot be written ({error})", remedy="give its directory to Vigie's user")
    if any(word in text for word in _DAMAGED):
        return DamagedError(f"{path}: damaged ({error})", remedy="see `vigie doctor`; keep a copy of the file")
    if "locked" in text or "busy" in text:
        return UnavailableError(f"{path}: in use by another process", remedy="stop the other `vigie run`")
    return UnavailableError(f"{path}: {error}", remedy="see `vigie doctor`")


def on_read_only_disk(path: Path) -> bool:
    """True if the file system of a file (there or not) is mounted so that nothing can be written, as a kernel does it
    with a card that fails. Missing rights are something else: those are refused at the start."""
    for place in (path, *path.absolute().parents):
        try:
            return bool(os.statvfs(place).f_flag & os.ST_RDONLY)
        except FileNotFoundError:
            continue
        except OSError:
            return False
    return False


def _text(raw: bytes) -> str:
    """A text with a flipped bit may be no UTF-8 any more: its checksum must tell, not an error for the whole query."""
    return raw.decode(errors="surrogateescape")


class Database:
    """One open SQLite file, safe to use from several threads. Made by ``open_database``.

    On a disk that is read-only when it is opened it holds what can be read, refuses every write with an
    ``UnavailableError`` and goes on by itself once the disk takes writes again (``thaw``).
    """

    def __init__(self, path: Path, *, schema: str, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self.frozen = not read_only and on_read_only_disk(path)
        """True while the disk is read-only."""
        self.steps = schema_files(schema)
        self.damage: Counter[str] = Counter()
        """Rows found not to match their checksum since the file was opened, by table."""
        self._damaged_rows: set[tuple[str, object]] = set()
        self.on_full: Callable[[], object] = lambda: None
        """Called when a write failed because the disk is full: room may be made for the next try."""
        self.on_damaged: Callable[[], object] = lambda: None
        """Called when a page of the file turned out to be damaged."""
        self._lock = threading.RLock()
        self._immutable = False
        self._connection = self._connect()

    def _connect(self) -> sqlite3.Connection:
        if self.frozen:
            return self._snapshot()
        address = f"file:{quote(str(self.path))}"
        if self.read_only:
            # After a clean stop of the writer there is no -wal file, and a reader without write permission to the
            # directory cannot make one: then nobody writes, and the file can be read as it lies (see `_fresh`).
            self._immutable = not self._wal().exists()
            address += "?mode=ro&immutable=1" if self._immutable else "?mode=ro"
        self._file = self._inode() if self.read_only else None
        return _connection(address)

    def _snapshot(self) -> sqlite3.Connection:
        """The file as it lies on a disk that takes no writes. In RAM where it is of an older version, is not there or
        cannot be read; its structure is looked at once it can be mended."""
        newest = self.steps[-1][0]
        stand_in = _connection(":memory:")
        # without the index of its log a file can only be read as it lies, without the log
        for mode in ("mode=ro", "mode=ro&immutable=1"):
            with suppress(*UNREADABLE):
                found = _connection(f"file:{quote(str(self.path))}?{mode}")
                version = _version(found)
                if version >= newest:
                    found.execute("SELECT count(*) FROM sqlite_master").fetchall()
                    return found
                found.backup(stand_in)
                found.close()
                break
        for number, text in self.steps:
            if number > _version(stand_in):
                stand_in.executescript(text)
                stand_in.execute(f"PRAGMA user_version={number}")
        stand_in.execute("PRAGMA query_only=ON")
        return stand_in

    def thaw(self) -> None:
        """Opens a file for writing that could only be read so far. Raises UnavailableError while the disk is read-only,
        and what ``open_database`` raises; the file can then still be read as before."""
        with self._lock:
            if not self.frozen:
                return
            if on_read_only_disk(self.path):
                raise UnavailableError(
                    f"{self.path}: the disk is read-only",
                    remedy="nothing is kept over a restart: see `dmesg`, then replace the card",
                )
            self._connection.close()  # first: SQLite would share the read-only index of the log with it
            self.frozen = False
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._connection = self._connect()
                migrate(self)
            except (OSError, sqlite3.Error, VigieError) as error:
                self._connection.close()
                self.frozen = True
                self._connection = self._connect()
                if isinstance(error, sqlite3.Error):
                    raise explain(self.path, error) from error
                if isinstance(error, OSError):
                    raise UnavailableError(f"{self.path}: {error.strerror}", remedy="see `vigie doctor`") from error
                raise

    def _inode(self) -> int | None:
        try:
            return self.path.stat().st_ino
        except OSError:
            return None

    def _wal(self) -> Path:
        return self.path.with_name(f"{self.path.name}-wal")

    def _fresh(self) -> sqlite3.Connection:
        """The connection; opened anew once a writer has appeared beside a file that was read as it lay, or another file
        has taken the place of this one (it was rebuilt)."""
        replaced = self.read_only and self._inode() not in (None, self._file)
        if replaced or (self._immutable and self._wal().exists()):
            self._connection.close()
            self._connection = self._connect()
        return self._connection

    def rows(self, statement: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._lock, self._explained():
            return self._fresh().execute(statement, tuple(values)).fetchall()

    def each(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query one by one, for tables that do not fit into memory."""
        with self._lock, self._explained():
            yield from self._fresh().execute(statement)

    def execute(self, statement: str, values: Iterable[Any] = ()) -> sqlite3.Cursor:
        """One statement; commits by itself unless it stands inside ``transaction``."""
        with self._lock, self._explained():
            self.thaw()
            return self._connection.execute(statement, tuple(values))

    def executemany(self, statement: str, rows: Iterable[Iterable[Any]]) -> None:
        """One statement for many rows."""
        with self._lock, self._explained():
            self.thaw()
            self._connection.executemany(statement, [tuple(row) for row in rows])

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside are durable together when the block is left, or none of them."""
        with self._lock, self._explained():
            self.thaw()
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:  # SQLite has rolled back by itself after some errors
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except UnicodeDecodeError as error:
            self.on_damaged()
            raise DamagedError(
                f"{self.path}: damaged (a name in it is no text any more)",
                remedy="see `vigie doctor`; keep a copy of the file",
            ) from error
        except sqlite3.Error as error:
            if any(word in str(error).lower() for word in _FULL):
                self.on_full()
            explained = explain(self.path, error)
            if isinstance(explained, DamagedError):
                self.on_damaged()
            raise explained from error

    def intact(self, table: str, row: tuple[Any, ...], *, key: object) -> bool:
        """True if the last column of ``row`` is the checksum of the others; else the row is counted as damaged."""
        if row_crc(*row[:-1]) == row[-1]:
            return True
        if (table, key) not in self._damaged_rows:
            self._damaged_rows.add((table, key))
            self.damage[table] += 1
        return False

    def check(self) -> list[str]:
        """SQLite's own check of the structure, indexes included, since a row that is missing in one is not found (slow:
        run it in the background); empty if all is in order."""
        return [text for (text,) in self.rows("PRAGMA integrity_check(20)") if text != "ok"]

    def checkpoint(self) -> None:
        """Moves the log into the file and begins it anew: a damaged log loses its rows without a word, so little should
        stand in it. It keeps its size, since one that grows anew costs the card a quarter more. Does not wait for
        readers: what they still need stays in the log until the next time."""
        with self._lock, self._explained():
            self._connection.execute("PRAGMA busy_timeout = 0")
            self._connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
            self._connection.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT_S * 1000)}")

    def copy_to(self, path: Path) -> None:
        """A consistent copy of the file, also while another process writes."""
        with self._lock, self._explained(), closing(sqlite3.connect(path)) as target:
            self._fresh().backup(target)

    def close(self) -> None:
        """Ends the use of the file."""
        with self._lock:
            self._connection.close()


def open_database(path: Path, *, schema: str = "record", read_only: bool = False) -> Database:
    """Opens (and, unless ``read_only``, makes and migrates) a file with one of the schemas ``record``, ``samples``,
    ``commands``. Raises ``UnavailableError`` or ``DamagedError`` naming the file and the remedy."""
    if read_only and not path.exists():
        raise UnavailableError(f"{path}: not there", remedy="start `vigie run` once")
    try:
        if not read_only and not on_read_only_disk(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        database = Database(path, schema=schema, read_only=read_only)
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}", remedy="give its directory to Vigie's user") from error
    except sqlite3.Error as error:
        raise explain(path, error) from error
    try:
        migrate(database)
    except VigieError:
        database.close()
        raise
    return database


def _connection(address: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        address, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_S
    )
    connection.text_factory = _text
    connection.create_function("row_crc", -1, row_crc, deterministic=True)
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def go_on_beyond(database: Database, table: str, number: int) -> None:
    """Numbers that an AUTOINCREMENT table gives from now on lie above ``number``; inside the caller's transaction."""
    rows = database.rows("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
    given = [seq for (seq,) in rows if isinstance(seq, int)]
    if len(given) != 1 or given[0] < number:
        database.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        database.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, max([number, *given])))


def _prepare(database: Database) -> None:
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("PRAGMA foreign_keys=ON")


def schema_files(schema: str) -> list[tuple[int, str]]:
    """(number, SQL text) of every step of a schema, in order."""
    steps = (files("gateway.store") / "schema" / schema).iterdir()
    return sorted((int(step.name[:4]), step.read_text()) for step in steps if step.name.endswith(".sql"))


def migrate(database: Database) -> None:
    """Runs the steps of its schema above the file's ``user_version``, each in one transaction with its number. A file
    that this version cannot use is not touched at all."""
    steps = database.steps
    (version,) = database.rows("PRAGMA user_version")[0]
    newest = steps[-1][0]
    if version > newest:
        raise VigieError(
            f"{database.path}: made by a newer Vigie (schema {version}, this one knows {newest})",
            remedy="install that version again; the file was not changed",
        )
    if database.frozen:
        return
    if database.read_only:
        if version < newest:
            raise UnavailableError(f"{database.path}: not brought up to date yet", remedy="start `vigie run` once")
        return
    _prepare(database)
    for number, text in steps:
        if number > version:
            with database.transaction():
                for statement in _statements(text):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version={number}")


def _statements(text: str) -> Iterator[str]:
    """The statements of a script one by one: ``executescript`` would commit the transaction around it."""
    pending = ""
    for line in text.splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
