"""What headquarters asked of the box, in the same file as the facts it led to."""

from __future__ import annotations

from gateway.ports import DeskOrder
from gateway.store.db import Database, row_crc

_COLUMNS = "id, kind, who, issued_at, expires_at, at, refusal, crc"


def put(database: Database, order: DeskOrder) -> None:
    """Adds one order inside a transaction that the caller holds; one that is there stays as it is."""
    row = (order.id, order.kind, order.who, order.issued_at, order.expires_at, order.at, order.refusal)
    database.execute("INSERT OR IGNORE INTO desk_order VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, row_crc(*row)))


class SqliteOrders:
    """The orders that were carried out or refused, newest last, and the settings that headquarters changed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def knows(self, order: str) -> bool:
        """True if an order with this id was dealt with, whatever came of it; its damage does not make it new."""
        return bool(self._database.rows("SELECT 1 FROM desk_order WHERE id = ?", (order,)))

    def newest_at(self) -> float:
        """When the newest signed order was issued (s since the epoch, headquarters' clock); 0 for none."""
        return max((order.issued_at for order in self.orders()), default=0.0)

    def orders(self) -> list[DeskOrder]:
        """All of them in the order in which they were issued; damaged rows are left out and counted."""
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM desk_order ORDER BY issued_at, id")  # noqa: S608
        return [DeskOrder(*row[:-1]) for row in rows if self._database.intact("desk_order", row, key=row[0])]

    def adjust(self, name: str, value: float) -> None:
        """Keeps a changed setting."""
        self._database.execute(
            "INSERT OR REPLACE INTO adjustment VALUES (?, ?, ?)", (name, value, row_crc(name, value))
        )

    def adjustments(self) -> dict[str, float]:
        """Changed settings by name; a damaged one does not count: the file's own value holds again."""
        rows = self._database.rows("SELECT name, value, crc FROM adjustment")
        return {row[0]: row[1] for row in rows if self._database.intact("adjustment", row, key=row[0])}
