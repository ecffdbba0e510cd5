"""The tables of headquarters' ledger, for SQLite and PostgreSQL alike, and how they are opened.

Facts are kept as the JSON they came in (``body``), with the columns beside it that queries need: a newer gateway may
say more than this version understands. ``digest`` makes a fact unique by its content, so that the same fact told under
another sequence number (a restored copy, a new stream) is still one fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Engine,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from gateway.core.errors import UnavailableError, VigieError

SCHEMA_VERSION = "1"
BUSY_TIMEOUT_S = 10.0

metadata = MetaData()
_SERIAL = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER keys up by itself

meta = Table("meta", metadata, Column("key", Text, primary_key=True), Column("value", Text, nullable=False))

site = Table(
    "site",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("first_seen", Double, nullable=False),
    Column("last_seen", Double),
    Column("inventory", Text),
    Column("inventory_at", Double),
    Column("summary", Text),
    Column("summary_at", Double),
    Column("clock", Text, nullable=False, default="trusted"),
    Column("skew_s", Double),
    Column("status", Text, nullable=False, default=""),
    Column("status_at", Double),
    Column("version", Text, nullable=False, default=""),
)

message = Table(
    "message",
    metadata,
    Column("site", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("written_at", Double, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("clock", Text, nullable=False),
    Column("body", Text),
)

transition = Table(
    "transition",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("site", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("site", "digest"),
    Index("transition_at", "site", "at"),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("site", Text, primary_key=True),
    Column("at", Double, primary_key=True),
    Column("body", Text, nullable=False),
)
"""What was in force at a site at an instant, folded from ``transition`` (``web.desk.windows``); can be made again."""

change = Table(
    "change",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("site", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("site", "digest"),
    Index("change_incident", "site", "incident"),
)

incident = Table(
    "incident",
    metadata,
    Column("site", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("open", Boolean, nullable=False),
    Column("last_at", Double, nullable=False),
    Index("incident_open", "open", "last_at"),
)
"""An index over ``change``, made again from it with every change: which incidents are open, and when each was last
opened or restored."""

account = Table(
    "account",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
)

code = Table(
    "code",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("hash", Text, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used", Boolean, nullable=False),
)

notification = Table(
    "notification",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("body", Text, nullable=False),
)

decision = Table(
    "decision",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("key", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("who", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("decision_kind", "kind", "id"),
)
"""What people at headquarters decided, never changed (``web.desk.decisions``)."""

moved = Table(
    "moved",
    metadata,
    Column("site", Text, primary_key=True),
    Column("boot_id", Text, primary_key=True),
    Column("body", Text, nullable=False),
)
"""How far the facts of one start of a site's box were moved in time, as it told it last."""

desk_order = Table(
    "desk_order",
    metadata,
    Column("id", Text, primary_key=True),
    Column("site", Text, nullable=False),
    Column("issued_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("sent_at", Double),
    Column("sends", Integer, nullable=False, default=0),
    Column("result_at", Double),
    Column("refusal", Text),
    Column("answer", Text),
    Index("desk_order_site", "site", "issued_at"),
)
"""What was asked of sites, signed (``payload``), and what became of it; nothing is deleted."""

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", _SERIAL, primary_key=True),
    Column("received_at", Double, nullable=False),
    Column("topic", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)


def open_engine(url: str) -> Engine:
    """Opens a database, makes its tables if they are not there. UnavailableError if it cannot be reached or written,
    VigieError if its URL is of no use or a newer Vigie has made it."""
    try:
        engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise VigieError(f"ledger: {error}", remedy="give sqlite:///FILE or postgresql+psycopg://...") from error
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    with writing(engine) as connection:
        metadata.create_all(connection)
        for row in _FIRST_META:
            add(connection, meta, row)
        version = connection.scalar(select(meta.c.value).where(meta.c.key == "schema"))
    if version != SCHEMA_VERSION:
        raise VigieError(
            f"ledger: made by another Vigie (schema {version}, this one knows {SCHEMA_VERSION})", remedy="update Vigie"
        )
    return engine


_FIRST_META = [{"key": "schema", "value": SCHEMA_VERSION}, {"key": "version", "value": "0"}]


def _prepare_sqlite(engine: Engine) -> None:
    """Write-ahead log and FULL: what was committed survives a power cut. A writer takes the lock when it begins, so
    that it waits there and never fails half-way."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # this module says BEGIN itself
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000:.0f}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("reads")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: committed when the block ends, undone if it raises."""
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise _explained(engine, error) from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent view; never waits for a writer."""
    try:
        with engine.connect().execution_options(reads=True) as connection:
            yield connection
    except DBAPIError as error:
        raise _explained(engine, error) from error


def upsert(connection: Connection, table: Table) -> SqliteInsert | PostgresInsert:
    """An INSERT of the connection's database that knows ON CONFLICT."""
    return postgres_insert(table) if connection.dialect.name == "postgresql" else sqlite_insert(table)


def add(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Adds a row unless one with the same key is there; True if it was added."""
    key = next(iter(table.primary_key))
    # the database's own answer: row counts of an INSERT are not told by every driver
    put = upsert(connection, table).values(**row).on_conflict_do_nothing().returning(key)
    return connection.execute(put).first() is not None


def touch(connection: Connection) -> None:
    """Counts the ledger's version up: pages ask by it whether anything is new."""
    value = lock(connection)
    connection.execute(update(meta).where(meta.c.key == "version").values(value=str(int(value or 0) + 1)))


def lock(connection: Connection) -> str | None:
    """Waits for whoever is writing, and lets nobody write before the end of this transaction; the ledger's version."""
    return connection.scalar(select(meta.c.value).where(meta.c.key == "version").with_for_update())


def _explained(engine: Engine, error: DBAPIError) -> UnavailableError:
    """One line for people: which database, what it said."""
    url = make_url(str(engine.url)).render_as_string(hide_password=True)
    said = str(error.orig).strip().splitlines()
    return UnavailableError(
        f"ledger {url}: {said[0] if said else error}", remedy="check the database, its disk and rights"
    )
