"""What headquarters asks of its sites: signed when it is asked, sent until it is answered or overdue, kept for ever."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from gateway.clock import Clock
from gateway.signing import SigningKey
from gateway.wire import Order, OrderResult, order_payload, order_text

HOUR_S = 3600.0
VALID_S: Mapping[str, float] = {
    "acknowledge": 48 * HOUR_S,
    "intervention_start": 48 * HOUR_S,
    "note": 48 * HOUR_S,
    "decide": 48 * HOUR_S,
    "silence": 0.5 * HOUR_S,
    "maintenance_start": HOUR_S,
    "maintenance_end": 48 * HOUR_S,
    "poll_now": 0.25 * HOUR_S,
    "read_settings": HOUR_S,
    "change_setting": 48 * HOUR_S,
    "diagnostics": HOUR_S,
}
"""What may be asked, and for how long it makes sense: maintenance that begins a day late would hide a fault."""
AGAIN_S = (30.0, 900.0)
"""An order without an answer is sent again after so long, doubling up to the second; at once when its site is back."""


class OrderState(StrEnum):
    """How far an order has come."""

    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """One order with its fate. ``payload`` is what is sent; instants are s since the epoch."""

    order: Order
    payload: bytes
    sent_at: float | None = None
    sends: int = 0
    result: OrderResult | None = None

    def state(self, now: float) -> OrderState:
        """How far it has come. An answer counts even if it comes late."""
        if self.result is not None:
            return OrderState.REFUSED if self.result.refusal else OrderState.DONE
        return OrderState.WAITING if now < self.order.expires_at else OrderState.OVERDUE

    def due(self, now: float, back_at: float | None) -> bool:
        """True if it is to be sent now; ``back_at`` is when its site last came (back) to the broker."""
        if self.state(now) is not OrderState.WAITING:
            return False
        if self.sent_at is None or (back_at is not None and back_at >= self.sent_at):
            return True
        return now - self.sent_at >= min(AGAIN_S[0] * 2.0 ** (self.sends - 1), AGAIN_S[1])


class OrderBook(Protocol):
    """Where orders are kept."""

    def put(self, order: KeptOrder) -> None:
        """Adds one. Durable when it returns."""
        ...

    def of(self, site: str) -> Sequence[KeptOrder]:
        """Those of one site, the newest first."""
        ...

    def due(self, now: float) -> Sequence[KeptOrder]:
        """Those that are to be sent now, the oldest first."""
        ...

    def sent(self, order: str, at: float) -> None:
        """One was handed to the broker."""
        ...


class MemoryOrderBook:
    """The fake that ships beside the ledger's: forgets with the process."""

    def __init__(self) -> None:
        self._kept: dict[str, KeptOrder] = {}
        self.back_at: dict[str, float] = {}

    def put(self, order: KeptOrder) -> None:
        """Adds one."""
        self._kept[order.order.id] = order

    def of(self, site: str) -> list[KeptOrder]:
        """Those of one site, the newest first."""
        found = [one for one in self._kept.values() if one.order.site == site]
        return sorted(found, key=lambda one: one.order.issued_at, reverse=True)

    def due(self, now: float) -> list[KeptOrder]:
        """Those that are to be sent now, the oldest first."""
        return [one for one in self._kept.values() if one.due(now, self.back_at.get(one.order.site))]

    def sent(self, order: str, at: float) -> None:
        """One was handed to the broker."""
        one = self._kept[order]
        self._kept[order] = replace(one, sent_at=at, sends=one.sends + 1)

    def answered(self, site: str, result: OrderResult) -> None:
        """A site told what became of one; the first answer counts."""
        one = self._kept.get(result.order)
        if one and one.order.site == site and one.result is None:
            self._kept[result.order] = replace(one, result=result)


class Commander:
    """Signs orders and puts them into the book; the page asks it, ingest sends them."""

    def __init__(self, book: OrderBook, key: SigningKey, organisation: str, clock: Clock) -> None:
        self.book = book
        self._key = key
        self._organisation = organisation
        self._clock = clock

    def issue(self, site: str, kind: str, who: str, body: Mapping[str, Any], *, at: float | None = None) -> Order:
        """Asks a site for something; KeyError for a kind that nobody may ask for. ``at`` is when the person did it,
        if that is told as a fact too."""
        now = self._clock.wall() if at is None else at
        identity = secrets.token_hex(16)
        order = Order(identity, self._organisation, site, kind, who, now, now + VALID_S[kind], body)
        text = order_text(order)
        self.book.put(KeptOrder(order, order_payload(text, self._key.sign(text))))
        return order
