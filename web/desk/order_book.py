"""Orders in the ledger's database (``web.desk.orders.OrderBook``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Select, select, update

from gateway.wire import OrderResult, order_of
from web.desk.orders import KeptOrder
from web.desk.tables import add, desk_order, reading, site, touch, writing

_BODY = msgspec.json.Decoder(dict[str, Any])


class SqlOrderBook:
    """Orders in SQLite or PostgreSQL; UnavailableError while the database cannot be used."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, order: KeptOrder) -> None:
        """Adds one. Durable when it returns."""
        said = order.order
        row = {
            "id": said.id,
            "site": said.site,
            "issued_at": said.issued_at,
            "expires_at": said.expires_at,
            "payload": order.payload,
        }
        with writing(self._engine) as connection:
            if add(connection, desk_order, row):
                touch(connection)

    def of(self, site_id: str) -> list[KeptOrder]:
        """Those of one site, the newest first."""
        with reading(self._engine) as connection:
            query = select(desk_order).where(desk_order.c.site == site_id)
            return _kept(connection, query.order_by(desk_order.c.issued_at.desc()))

    def due(self, now: float) -> list[KeptOrder]:
        """Those that are to be sent now, the oldest first."""
        column = desk_order.c
        query = select(desk_order).where(column.result_at.is_(None), column.expires_at > now)
        with reading(self._engine) as connection:
            waiting = _kept(connection, query.order_by(column.issued_at))
            if not waiting:
                return []
            online = select(site.c.id, site.c.status_at).where(site.c.status == "online")
            back_at = {str(name): at for name, at in connection.execute(online)}
        return [one for one in waiting if one.due(now, back_at.get(one.order.site))]

    def sent(self, order: str, at: float) -> None:
        """One was handed to the broker."""
        column = desk_order.c
        values = {"sent_at": at, "sends": column.sends + 1}
        with writing(self._engine) as connection:
            connection.execute(update(desk_order).where(column.id == order).values(**values))
            touch(connection)


def keep_results(connection: Connection, site_id: str, results: Iterable[OrderResult]) -> None:
    """What a site told became of orders, inside the transaction of its message; the first answer counts."""
    column = desk_order.c
    for result in results:
        values = {
            "result_at": result.at,
            "refusal": result.refusal,
            "answer": msgspec.json.encode(result.answer).decode(),
        }
        mine = (column.id == result.order) & (column.site == site_id) & column.result_at.is_(None)
        connection.execute(update(desk_order).where(mine).values(**values))


def _kept(connection: Connection, query: Select[Any]) -> list[KeptOrder]:
    return [_order(row) for row in connection.execute(query).mappings()]


def _order(row: Mapping[Any, Any]) -> KeptOrder:
    order = order_of(row["payload"]).order
    result = None
    if row["result_at"] is not None:
        answer = _BODY.decode(row["answer"] or "{}")
        result = OrderResult(order.id, order.kind, row["result_at"], row["refusal"] or "", answer)
    return KeptOrder(order, row["payload"], row["sent_at"], row["sends"], result)
