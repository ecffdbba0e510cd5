"""Headquarters' record: what every site has told, once each, and what people here did about it.

One message is one transaction. A message that comes again is recognised by (site, stream, seq) and changes nothing; a
fact that comes again under another number is recognised by its content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import msgspec
from sqlalchemy import Connection, delete, func, or_, select, update
from sqlalchemy.engine import Engine

from gateway import wire
from gateway.clock import Clock
from gateway.core.device import Park
from gateway.core.incident import Change, Incident, Transition
from gateway.wire.statistics import is_statistics
from web.desk import tables
from web.desk.book import SqlBook
from web.desk.decisions import AMENDMENT, FEAST, RULING
from web.desk.facts import SiteFacts
from web.desk.notify import Notification, SiteIncident
from web.desk.order_book import SqlOrderBook, keep_results
from web.desk.people import AccountBook
from web.desk.record import DESK, Fact, KeptChange, digest, folded, told, told_here
from web.desk.retime import moves_told, put_right
from web.desk.sites import Context, Responder, SiteRow, site_facts, site_row
from web.desk.statistics import SqlStatistics
from web.desk.tables import add, open_engine, reading, touch, upsert, writing
from web.desk.windows import SqlWindows, decoded, forget

QUARANTINE_ROWS = 1000
KEPT_S = 180 * 86400.0
"""How far back ``sites`` tells of incidents that are over (recurrence looks at 180 days)."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A message that could not be read, kept as it came."""

    received_at: float
    topic: str
    reason: str
    payload: bytes


class Ledger:
    """The ledger in SQLite or PostgreSQL. May be used from several threads; raises UnavailableError while the database
    cannot be used."""

    def __init__(self, url: str, clock: Clock, responder: Responder | None = None) -> None:
        self._engine: Engine = open_engine(url)
        self._clock = clock
        self._responder = responder
        self.people = AccountBook(self._engine)
        self.book = SqlBook(self._engine)
        self.orders = SqlOrderBook(self._engine)
        self.statistics = SqlStatistics(self._engine)
        self.history = SqlWindows(self._engine).history
        self.hours = self.statistics.device

    def close(self) -> None:
        """Gives the database back."""
        self._engine.dispose()

    # --- what sites tell ---

    def ingest(self, envelope: wire.Envelope, received_at: float) -> bool:
        """Keeps one message and what it tells, in one transaction; False if it was here already. Raises GarbledError
        for a body that cannot be read: nothing of it is kept then."""
        meant = told(envelope, received_at)
        with writing(self._engine) as connection:
            if not _keep_message(connection, envelope, received_at):
                return False
            _hear(connection, envelope.site, received_at)
            for fact, transition in meant.transitions:
                _keep_transition(connection, envelope.site, fact, transition)
            _keep_changes(connection, envelope.site, (envelope.stream, envelope.seq), meant.changes)
            keep_results(connection, envelope.site, meant.results)
            for incident in put_right(connection, envelope):
                _index(connection, envelope.site, incident)
            known = {} if _overtaken(connection, envelope) else meant.site
            if known:
                connection.execute(update(tables.site).where(tables.site.c.id == envelope.site).values(**known))
            touch(connection)
            digests = [fact.digest for fact, _ in meant.transitions]
            forget(connection, envelope.site, digests, moved=moves_told(envelope.body) is not None)
        return True

    def heard(self, site: str, status: wire.Status, received_at: float, *, alive: bool = True) -> None:
        """A site came (``online``), left (``offline``) or was lost by the broker: the last is no sign of life, nor is
        a status that the broker repeats (``alive`` False)."""
        with writing(self._engine) as connection:
            _hear(connection, site, received_at, alive=alive and status.state != "lost")
            values = {"status": status.state, "status_at": received_at, "version": status.version}
            connection.execute(update(tables.site).where(tables.site.c.id == site).values(**values))
            touch(connection)

    def newest(self, site: str, stream: str) -> int:
        """Highest sequence number kept of a stream; 0 for none."""
        message = tables.message.c
        with reading(self._engine) as connection:
            query = select(func.max(message.seq)).where(message.site == site, message.stream == stream)
            return connection.scalar(query) or 0

    def quarantine(self, found: Quarantined) -> None:
        """Keeps a message that cannot be read, for a person to look at; the newest thousand are kept."""
        table = tables.quarantine
        with writing(self._engine) as connection:
            connection.execute(table.insert().values(**asdict(found)))
            newest = connection.scalar(select(func.max(table.c.id))) or 0
            connection.execute(delete(table).where(table.c.id <= newest - QUARANTINE_ROWS))
            touch(connection)

    def quarantined(self) -> list[Quarantined]:
        """Everything in quarantine, oldest first."""
        table = tables.quarantine
        with reading(self._engine) as connection:
            query = select(table.c.received_at, table.c.topic, table.c.reason, table.c.payload).order_by(table.c.id)
            return [Quarantined(*row) for row in connection.execute(query)]

    def expect(self, sites: Mapping[str, str]) -> None:
        """Sites (id -> name) that must speak: silence from the first moment is noticed too."""
        with writing(self._engine) as connection:
            for site, name in sites.items():
                row = {"id": site, "name": name, "first_seen": self._clock.wall()}
                if add(connection, tables.site, row):
                    touch(connection)

    # --- what is known ---

    def version(self) -> str:
        """A text that changes whenever anything in the ledger does."""
        with reading(self._engine) as connection:
            return str(connection.scalar(select(tables.meta.c.value).where(tables.meta.c.key == "version")))

    def heard_at(self) -> dict[str, float]:
        """When each site last spoke, or else when it was first expected."""
        column = tables.site.c
        query = select(column.id, func.coalesce(column.last_seen, column.first_seen))
        with reading(self._engine) as connection:
            return {str(site): float(at) for site, at in connection.execute(query)}

    def site_rows(self) -> list[SiteRow]:
        """Every site that is expected or was ever heard of, by id."""
        query = select(tables.site).order_by(tables.site.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(query).mappings().all()
        return [site_row({str(key): value for key, value in row.items()}) for row in rows]

    def sites(self) -> list[SiteFacts]:
        """The same with everything known of it: inventory, promises, open incidents and those of 180 days."""
        told: dict[str, list[Incident]] = {}
        for one in self.incidents(None, self._clock.wall() - KEPT_S):
            told.setdefault(one.site, []).append(one.incident)
        decided = self.book.entries(FEAST, AMENDMENT, RULING)
        context = Context(self._clock.wall(), decided, self._responder)
        return [site_facts(row, told.get(row.id, ()), context) for row in self.site_rows()]

    def park(self, site: str) -> Park | None:
        """Devices and services of a site; ``None`` before its first inventory."""
        row = next((row for row in self.site_rows() if row.id == site), None)
        return wire.park_of(row.inventory) if row and row.inventory else None

    def incidents(self, site: str | None = None, since: float = 0.0) -> list[SiteIncident]:
        """Incidents of one site (or all) that are open or were opened or restored at or after ``since``, the newest
        first."""
        index = tables.incident.c
        wanted = select(index.site, index.id).where(or_(index.open, index.last_at >= since))
        if site is not None:
            wanted = wanted.where(index.site == site)
        which = wanted.subquery()
        change = tables.change
        query = (
            select(change.c.site, change.c.stream, change.c.seq, change.c.body)
            .join(which, (change.c.site == which.c.site) & (change.c.incident == which.c.id))
            .order_by(change.c.id)
        )
        rows: dict[str, list[KeptChange]] = {}
        with reading(self._engine) as connection:
            for owner, *columns in connection.execute(query):
                rows.setdefault(owner, []).append(KeptChange(*columns))
        found = [SiteIncident(owner, one) for owner, kept in rows.items() for one in folded(kept).values()]
        return sorted(found, key=lambda one: one.incident.opened_at, reverse=True)

    def transitions(self, site: str, start: float, end: float) -> list[Transition]:
        """Transitions of a site with ``start <= at < end``, in order of time."""
        column = tables.transition.c
        query = select(column.body).where(column.site == site, column.at >= start, column.at < end)
        with reading(self._engine) as connection:
            return decoded(connection.scalars(query.order_by(column.at, column.id)))

    # --- what headquarters does ---

    def write(self, site: str, change: Change) -> None:
        """Adds what headquarters or a person here did to an incident. Durable when it returns."""
        with writing(self._engine) as connection:
            _keep_changes(connection, site, (DESK, 0), [told_here(change)])
            touch(connection)

    def notifications(self, newest: int | None = None) -> list[Notification]:
        """Every message to people ever made (or the newest), in the order in which they were made."""
        table = tables.notification
        with reading(self._engine) as connection:
            bodies = connection.scalars(select(table.c.body).order_by(table.c.id.desc()).limit(newest)).all()
        return [msgspec.json.decode(body, type=Notification) for body in reversed(bodies)]

    def since(self, mark: int) -> tuple[int, list[Notification]]:
        """Messages to people made after a mark (0: all), and the mark to ask with next time."""
        column = tables.notification.c
        with reading(self._engine) as connection:
            rows = connection.execute(select(column.id, column.body).where(column.id > mark).order_by(column.id)).all()
        made = [msgspec.json.decode(body, type=Notification) for _, body in rows]
        return (int(rows[-1][0]) if rows else mark), made

    def keep(self, messages: Sequence[Notification]) -> None:
        """Adds messages to people or replaces those with the same key, in one transaction."""
        with writing(self._engine) as connection:
            for message in messages:
                body = msgspec.json.encode(message).decode()
                put = upsert(connection, tables.notification).values(key=message.key, body=body)
                connection.execute(put.on_conflict_do_update(index_elements=["key"], set_={"body": body}))
            if messages:
                touch(connection)


def _hear(connection: Connection, site: str, at: float, *, alive: bool = True) -> None:
    row = {"id": site, "name": site, "first_seen": at}
    add(connection, tables.site, row)
    if alive:
        connection.execute(update(tables.site).where(tables.site.c.id == site).values(last_seen=at))


def _keep_message(connection: Connection, envelope: wire.Envelope, received_at: float) -> bool:
    body = wire.body_bytes(envelope.body).decode()
    row = {
        "site": envelope.site,
        "stream": envelope.stream,
        "seq": envelope.seq,
        "digest": digest(f"{envelope.kind}\n{envelope.written_at}\n{body}"),
        "kind": envelope.kind,
        "written_at": envelope.written_at,
        "received_at": received_at,
        "boot_id": envelope.boot_id,
        "clock": envelope.clock.value,
        "body": None if envelope.kind == "summary" and not is_statistics(envelope.body) else body,
    }
    return add(connection, tables.message, row)


def _overtaken(connection: Connection, envelope: wire.Envelope) -> bool:
    """True if a later summary or inventory of this stream is here already: the newest comes first after days without a
    link, and what comes after a repetition is older too."""
    message = tables.message.c
    later = (message.site == envelope.site) & (message.stream == envelope.stream) & (message.seq > envelope.seq)
    if envelope.kind == "summary" and not is_statistics(envelope.body):
        same = message.body.is_(None)
    elif envelope.kind == "rpt" and wire.is_inventory(envelope.body):
        same = message.body.like('{"site":%')
    else:
        return False
    query = select(message.seq).where(later, message.kind == envelope.kind, same).limit(1)
    return connection.scalar(query) is not None


def _keep_transition(connection: Connection, site: str, fact: Fact, transition: Transition) -> None:
    row = {"site": site, "digest": fact.digest, "subject": transition.subject, "at": transition.at, "body": fact.body}
    add(connection, tables.transition, row)


def _keep_changes(
    connection: Connection, site: str, place: tuple[str, int], changes: Iterable[tuple[Fact, Change]]
) -> None:
    stream, seq = place
    touched: dict[str, None] = {}
    for fact, change in changes:
        row = {"site": site, "digest": fact.digest, "incident": change.incident, "stream": stream, "seq": seq}
        if add(connection, tables.change, row | {"body": fact.body}):
            touched[change.incident] = None
    for incident in touched:
        _index(connection, site, incident)


def _index(connection: Connection, site: str, incident: str) -> None:
    """Makes the row of an incident in the index again from its changes."""
    change = tables.change.c
    query = select(change.stream, change.seq, change.body).where(change.site == site, change.incident == incident)
    rows = [KeptChange(*row) for row in connection.execute(query.order_by(change.id))]
    now = folded(rows)[incident]
    values = {"open": now.open, "last_at": max(now.opened_at, now.restored_at or 0.0)}
    put = upsert(connection, tables.incident).values(site=site, id=incident, **values)
    connection.execute(put.on_conflict_do_update(index_elements=["site", "id"], set_=values))
