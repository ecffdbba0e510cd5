"""Orders: what headquarters asks of one site (``cmd/<id>``), signed, and what became of it (told in ``evt``).

The signature covers the very text that is sent, so that nothing depends on how JSON is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.core.device import IDENTIFIER
from gateway.wire.text import GarbledError, decode_json, entries, instant, iso, plain, typed

ORDER_VERSION = 1
ORDER_BYTES = 16_384
"""A longer order is refused unread."""
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Order:
    """One thing asked of one site by ``who``. ``id`` is random (32 hexadecimal digits) and used once; instants are s
    since the epoch on headquarters' clock."""

    id: str
    organisation: str
    site: str
    kind: str
    who: str
    issued_at: float
    expires_at: float
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SignedOrder:
    """An order as it came: ``text`` is what was signed. Nobody has looked at the signature yet."""

    order: Order
    text: bytes
    signature: str


@dataclass(frozen=True, slots=True)
class OrderResult:
    """What became of an order. ``refusal`` is empty where it was carried out, ``answer`` what was asked for."""

    order: str
    kind: str
    at: float
    refusal: str = ""
    answer: Mapping[str, Any] = field(default_factory=dict)


class _Text(msgspec.Struct):
    v: int
    id: str
    organisation: str
    site: str
    kind: str
    who: str
    issued_at: str
    expires_at: str
    body: dict[str, Any]


class _Sealed(msgspec.Struct):
    order: str
    signature: str


_TEXT = msgspec.json.Decoder(_Text)
_SEALED = msgspec.json.Decoder(_Sealed)


def order_text(order: Order) -> bytes:
    """What is signed."""
    return msgspec.json.encode(
        {
            "v": ORDER_VERSION,
            "id": order.id,
            "organisation": order.organisation,
            "site": order.site,
            "kind": order.kind,
            "who": order.who,
            "issued_at": iso(order.issued_at),
            "expires_at": iso(order.expires_at),
            "body": order.body,
        }
    )


def order_payload(text: bytes, signature: str) -> bytes:
    """Payload of ``cmd/<id>``."""
    return msgspec.json.encode({"order": text.decode(), "signature": signature})


def order_of(payload: bytes) -> SignedOrder:
    """The reverse of ``order_payload``; GarbledError for anything that is no order of this version."""
    if len(payload) > ORDER_BYTES:
        raise GarbledError(f"order of {len(payload)} bytes", remedy=f"{ORDER_BYTES} at most")
    sealed = decode_json(_SEALED, payload)
    text = sealed.order.encode()
    said = decode_json(_TEXT, text)
    if said.v != ORDER_VERSION:
        raise GarbledError(
            f"order of version {said.v}", remedy=f"this software reads version {ORDER_VERSION}: update it"
        )
    if not _ID.fullmatch(said.id) or not IDENTIFIER.fullmatch(said.kind.replace("_", "-")):
        raise GarbledError("id or kind of an order is none", remedy="update headquarters")
    order = Order(
        said.id,
        said.organisation,
        said.site,
        said.kind,
        said.who,
        instant(said.issued_at),
        instant(said.expires_at),
        said.body,
    )
    return SignedOrder(order, text, sealed.signature)


def results_body(results: Iterable[OrderResult]) -> list[dict[str, Any]]:
    """``results`` of a body of facts."""
    return [plain(result) for result in results]


def results_of(body: Mapping[str, Any]) -> list[OrderResult]:
    """Results of a body of facts; none if it carries none."""
    return [typed(entry, OrderResult) for entry in entries(body, "results")]
