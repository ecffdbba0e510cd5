"""The book of decisions in the ledger's database (``web.desk.decisions.Book``)."""

from __future__ import annotations

import msgspec
from sqlalchemy import Engine, select

from web.desk.decisions import Entry
from web.desk.tables import add, decision, reading, touch, writing


class SqlBook:
    """Decisions in SQLite or PostgreSQL; UnavailableError while the database cannot be used."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def entries(self, *kinds: str) -> list[Entry]:
        """Those of the given kinds in the order in which they were written."""
        column = decision.c
        query = select(column.key, column.kind, column.at, column.who, column.body).where(column.kind.in_(kinds))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(column.id)).all()
        return [Entry(key, kind, at, who, msgspec.json.decode(body)) for key, kind, at, who, body in rows]

    def write(self, *entries: Entry) -> int:
        """Adds entries in one transaction; returns how many were new."""
        new = 0
        with writing(self._engine) as connection:
            for entry in entries:
                body = msgspec.json.encode(entry.body).decode()
                row = {"key": entry.key, "kind": entry.kind, "at": entry.at, "who": entry.who, "body": body}
                new += add(connection, decision, row)
            if new:
                touch(connection)
        return new
