"""The envelope of the messages that go through the outbox, to bytes and back."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from gateway.core.device import IDENTIFIER
from gateway.wire.dictionary import DICTIONARIES, NEWEST
from gateway.wire.text import GarbledError, decode_json, instant, iso

VERSION = 1
KINDS = ("evt", "summary", "hist", "rpt")
"""Message kinds that go through the outbox; each is a topic level."""
LARGEST = 8 * 1024 * 1024
"""Bytes an envelope may have when inflated; more is refused, so that a small message cannot fill the memory."""


_WITH_DICTIONARY = 0x20
"""Bit of zlib's second byte (RFC 1950, FDICT): the checksum of a dictionary follows."""


class ClockState(StrEnum):
    """Whether the wall clock was synchronised when a fact was written down."""

    TRUSTED = "trusted"
    ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True)
class Names:
    """Who speaks: organisation and site are topic levels, version is the software's."""

    organisation: str
    site: str
    version: str = ""

    @property
    def root(self) -> str:
        """Topic root of the site, without a trailing slash."""
        return f"vigie/v1/{self.organisation}/{self.site}"

    def topic(self, *levels: str) -> str:
        """A topic of the site, e.g. ``topic("state", "sw-1")``."""
        return "/".join((self.root, *levels))


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message of the outbox. (site, stream, seq) is its idempotency key. ``written_at`` is when the fact was
    recorded, ``sent_at`` when this copy left (s since the epoch, UTC)."""

    site: str
    stream: str
    seq: int
    kind: str
    body: Mapping[str, Any]
    written_at: float = 0.0
    sent_at: float = 0.0
    boot_id: str = ""
    clock: ClockState = ClockState.TRUSTED

    @property
    def key(self) -> tuple[str, str, int]:
        """(site, stream, seq)."""
        return (self.site, self.stream, self.seq)


class _Wire(msgspec.Struct):
    v: int
    site: str
    stream: str
    seq: int
    kind: str
    body: dict[str, Any]
    written_at: str = ""
    sent_at: str = ""
    boot_id: str = ""
    clock: ClockState = ClockState.TRUSTED


class _Shared(msgspec.Struct):
    v: int = VERSION
    site: str = ""
    stream: str = ""
    sent_at: str = ""
    rows: list[tuple[int, str, str, str, ClockState, dict[str, Any]]] | None = None


_ENVELOPE = msgspec.json.Decoder(_Wire)
_SHARED = msgspec.json.Decoder(_Shared)
_BODY = msgspec.json.Decoder(dict[str, Any])


def body_bytes(body: Mapping[str, Any]) -> bytes:
    """A body as the outbox keeps it: compact JSON."""
    return msgspec.json.encode(body)


def body_of(raw: bytes) -> dict[str, Any]:
    """The reverse of ``body_bytes``."""
    return decode_json(_BODY, raw)


def encode(envelope: Envelope) -> bytes:
    """Envelope -> JSON, deflated against the newest dictionary (``gateway.wire.dictionary``)."""
    wire = {
        "v": VERSION,
        "site": envelope.site,
        "stream": envelope.stream,
        "seq": envelope.seq,
        "boot_id": envelope.boot_id,
        "clock": envelope.clock,
        "written_at": iso(envelope.written_at),
        "sent_at": iso(envelope.sent_at),
        "kind": envelope.kind,
        "body": envelope.body,
    }
    return _deflated(wire)


def encode_batch(envelopes: Sequence[Envelope]) -> bytes:
    """Several messages of one site and stream in one, with what they share said once: ``hist``. Rows are positional:
    seq, kind, written_at, boot_id, clock, body."""
    first = envelopes[0]
    rows = [[e.seq, e.kind, iso(e.written_at), e.boot_id, e.clock, e.body] for e in envelopes]
    wire = {
        "v": VERSION,
        "site": first.site,
        "stream": first.stream,
        "sent_at": iso(first.sent_at),
        "kind": "hist",
        "rows": rows,
    }
    return _deflated(wire)


def _deflated(wire: Mapping[str, Any]) -> bytes:
    deflater = zlib.compressobj(9, zdict=NEWEST)
    return deflater.compress(msgspec.json.encode(wire)) + deflater.flush()


def decode_all(payload: bytes) -> list[Envelope]:
    """Bytes -> the messages in them: one, or those of a batch. GarbledError if any of them is none."""
    text = _inflate(payload)
    shared = decode_json(_SHARED, text)
    if shared.rows is None:
        return [decode(text)]
    _same_version(shared.v)
    sent_at = instant(shared.sent_at) if shared.sent_at else 0.0
    return [
        _checked(Envelope(shared.site, shared.stream, seq, kind, body, instant(written_at), sent_at, boot_id, clock))
        for seq, kind, written_at, boot_id, clock, body in shared.rows
    ]


def decode(payload: bytes) -> Envelope:
    """Bytes -> Envelope. Unknown keys are ignored; anything that is no envelope of this version is a GarbledError."""
    wire = decode_json(_ENVELOPE, _inflate(payload))
    _same_version(wire.v)
    written_at = instant(wire.written_at) if wire.written_at else 0.0
    sent_at = instant(wire.sent_at) if wire.sent_at else 0.0
    return _checked(
        Envelope(wire.site, wire.stream, wire.seq, wire.kind, wire.body, written_at, sent_at, wire.boot_id, wire.clock)
    )


def _same_version(version: int) -> None:
    if version != VERSION:
        raise GarbledError(f"message of version {version}", remedy=f"this software reads version {VERSION}: update it")


def _checked(envelope: Envelope) -> Envelope:
    """The envelope if its names and number can be; GarbledError otherwise."""
    if envelope.kind not in KINDS:
        raise GarbledError(f"message of kind {envelope.kind[:20]!r}", remedy=f"known kinds are {', '.join(KINDS)}")
    if not IDENTIFIER.fullmatch(envelope.site) or not IDENTIFIER.fullmatch(envelope.stream):
        raise GarbledError("site or stream of a message is no identifier", remedy="use a-z, 0-9, '.', '_' and '-'")
    if not 0 < envelope.seq < 2**63:
        raise GarbledError(f"sequence number {envelope.seq} is out of range", remedy="it counts from 1")
    return envelope


def _inflate(payload: bytes) -> bytes:
    if payload[:1] == b"{":
        return payload
    named = DICTIONARIES.get(int.from_bytes(payload[2:6])) if payload[1:2] and payload[1] & _WITH_DICTIONARY else b""
    if named is None:
        raise GarbledError("message deflated against a dictionary that this software does not know", remedy="update it")
    inflater = zlib.decompressobj(zdict=named)
    try:
        text = inflater.decompress(payload, LARGEST)
    except zlib.error as error:
        raise GarbledError(f"{len(payload)} bytes are neither JSON nor deflated JSON") from error
    if not inflater.eof:
        raise GarbledError(f"deflated message of {len(payload)} bytes is cut short or inflates beyond {LARGEST} bytes")
    return text
