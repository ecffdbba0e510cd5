"""Orders of headquarters: believed only with its signature, carried out once, answered always.

The box's own clock may be wrong. An order is overdue by the later of two clocks: the box's, and the newest order that
it has carried out (headquarters' time); only a box that knows the time refuses an order from the future.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from gateway.agent.commands import Past, carry_out
from gateway.clock import Clock
from gateway.core.correlator import Outcome
from gateway.core.watch import Watch
from gateway.ports import Command, DeskOrder
from gateway.settings import Settings
from gateway.settings.remote import readable, refused
from gateway.signing import verified
from gateway.wire import GarbledError, Names, Order, OrderResult, SignedOrder, order_of

log = structlog.get_logger()

AHEAD_S = 600.0
"""How far headquarters' clock may be ahead of the box's."""
_AS_IT_HAPPENED = frozenset(("acknowledge", "intervention_start", "note", "decide"))
"""What a person did at headquarters at that moment: told with that instant, it is the same fact on both sides."""
_ON_THE_WATCH = _AS_IT_HAPPENED | {"silence", "maintenance_start", "maintenance_end", "poll_now"}


class Orders(Protocol):
    """What was asked before."""

    def knows(self, order: str) -> bool:
        """True if an order with this id was dealt with."""
        ...

    def newest_at(self) -> float:
        """When the newest one was issued (s since the epoch)."""
        ...

    def adjust(self, name: str, value: float) -> None:
        """Keeps a changed setting."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Whom the box obeys: the public key (empty: nobody), what was asked before, and what it can be asked about."""

    names: Names
    key: str
    orders: Orders


@dataclass(frozen=True, slots=True)
class Done:
    """One order dealt with: what follows on the watch, what is told, what is kept, and whether settings changed."""

    outcome: Outcome
    result: OrderResult
    kept: DeskOrder | None = None
    settings_changed: bool = False


@dataclass(frozen=True, slots=True)
class _Act:
    outcome: Outcome = field(default_factory=Outcome)
    refusal: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)
    settings_changed: bool = False


class Obedience:
    """Deals with orders on one watch. ``diagnose`` tells how the box is doing, ``past`` what is over."""

    def __init__(
        self,
        desk: Desk,
        watch: Watch,
        clock: Clock,
        diagnose: Callable[[], Mapping[str, Any]],
        past: Past = lambda _: None,
    ) -> None:
        self._desk = desk
        self._past = past
        self._watch = watch
        self._clock = clock
        self._diagnose = diagnose

    def carry_out(self, came: Iterable[tuple[str, bytes]], settings: Settings) -> Iterator[Done]:
        """Deals with messages on ``cmd/<id>``, each when the one before has been written down."""
        for topic, payload in came:
            done = self.take(topic, payload, settings)
            if done:
                result = done.result
                log.info("order of headquarters", id=result.order, kind=result.kind, refusal=result.refusal)
                yield done

    def take(self, topic: str, payload: bytes, settings: Settings) -> Done | None:
        """Deals with one message on ``cmd/<id>``; ``None`` for one that was dealt with before."""
        now = self._clock.wall()
        named = topic.rpartition("/")[2]
        try:
            signed = order_of(payload)
        except GarbledError as error:
            return self._unbelieved(named, f"refused: {error}", now)
        order = signed.order
        if self._desk.orders.knows(order.id):
            return None
        doubt = self._doubt(signed)
        if doubt:
            return self._unbelieved(named, f"refused: {doubt}", now)
        refusal = self._untimely(order, now)
        act = _Act(refusal=f"refused: {refusal}") if refusal else self._act(order, settings, now)
        kept = DeskOrder(order.id, order.kind, order.who, order.issued_at, order.expires_at, now, act.refusal)
        result = OrderResult(order.id, order.kind, now, act.refusal, act.answer)
        return Done(act.outcome, result, kept, act.settings_changed)

    def _unbelieved(self, named: str, refusal: str, now: float) -> Done:
        """Nothing is kept of what nobody signed: otherwise a stranger could use up the ids of real orders."""
        return Done(Outcome(), OrderResult(named[:64], "", now, refusal))

    def _doubt(self, signed: SignedOrder) -> str:
        """Why an order is not believed; empty if it is headquarters' own, for this site."""
        if not self._desk.key:
            return "this box knows no key of headquarters: set uplink.desk_key"
        if not verified(self._desk.key, signed.text, signed.signature):
            return "the signature is not headquarters'"
        order, names = signed.order, self._desk.names
        if (order.organisation, order.site) != (names.organisation, names.site):
            return f"it is meant for {order.organisation}/{order.site}"
        return ""

    def _untimely(self, order: Order, now: float) -> str:
        if order.expires_at <= max(now, self._desk.orders.newest_at()):
            return "it came too late"
        if self._clock.trusted() and order.issued_at > now + AHEAD_S:
            return "headquarters' clock is ahead of this box's"
        return ""

    def _act(self, order: Order, settings: Settings, now: float) -> _Act:
        if order.kind in _ON_THE_WATCH:
            at = order.issued_at if order.kind in _AS_IT_HAPPENED else now
            command = Command(0, order.kind, order.issued_at, order.who, order.body)
            return _Act(*carry_out(self._watch, command, at, self._past))
        match order.kind:
            case "read_settings":
                return _Act(answer=readable(settings))
            case "diagnostics":
                return _Act(answer=self._diagnose())
            case "change_setting":
                name, value = str(order.body.get("name", "")), order.body.get("value")
                why = refused(name, value)
                if why:
                    return _Act(refusal=f"refused: {why}")
                self._desk.orders.adjust(name, float(value))  # type: ignore[arg-type]
                return _Act(answer={name: value}, settings_changed=True)
        return _Act(refusal=f"refused: this version does not know the order {order.kind!r}")
