"""Messages between a site and headquarters: envelopes and bodies to bytes and back. Pure; versioned; tolerant of keys
it does not know. `docs/reference/asyncapi.yaml` describes every payload.

Keys that end in ``_at`` (and ``at``, ``until``) are instants as ISO 8601 UTC with milliseconds and ``Z``; ``ts`` in the
flat payloads (``status``, ``state/<device>``) is milliseconds since the epoch, as dashboards want it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from gateway.core.device import IDENTIFIER, Criticality, Device, Park, Service, Site
from gateway.core.errors import VigieError
from gateway.core.incident import Change, Transition, Verdict

VERSION = 1
KINDS = ("evt", "summary", "hist", "rpt")
"""Message kinds that go through the outbox; each is a topic level."""
DEFLATE_ABOVE = 512
"""Bytes of JSON above which an envelope is deflated; below, deflating saves less than it hides from a person's eye."""
LARGEST = 8 * 1024 * 1024
"""Bytes an envelope may have when inflated; more is refused, so that a small message cannot fill the memory."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_INSTANTS = frozenset(("at", "detected_at", "until"))
_STAYS_HOME = frozenset(("address", "credential", "ports", "collect", "every_s", "nut_name", "check"))
"""What an inventory does not tell of devices and services."""
_T = TypeVar("_T")


class GarbledError(VigieError):
    """Bytes that are no message of Vigie, or one that this version cannot read."""


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


_ENVELOPE = msgspec.json.Decoder(_Wire)
_BODY = msgspec.json.Decoder(dict[str, Any])


def iso(at: float) -> str:
    """Seconds since the epoch as `2026-06-01T08:00:00.000Z`."""
    moment = _EPOCH + round(at * 1000) * _MS
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def instant(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 text with an offset or ``Z``; GarbledError for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        return round((moment - _EPOCH) / _MS) / 1000
    except (ValueError, TypeError) as error:  # TypeError: no offset
        raise GarbledError(f"{text[:40]!r} is no instant", remedy="write it like 2026-06-01T08:00:00.000Z") from error


def body_bytes(body: Mapping[str, Any]) -> bytes:
    """A body as the outbox keeps it: compact JSON."""
    return msgspec.json.encode(body)


def body_of(raw: bytes) -> dict[str, Any]:
    """The reverse of ``body_bytes``."""
    return _decode(_BODY, raw)


def encode(envelope: Envelope) -> bytes:
    """Envelope -> JSON, deflated above ``DEFLATE_ABOVE`` bytes. The first byte tells which: ``{`` or zlib's 0x78."""
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
    text = msgspec.json.encode(wire)
    return zlib.compress(text, 9) if len(text) > DEFLATE_ABOVE else text


def decode(payload: bytes) -> Envelope:
    """Bytes -> Envelope. Unknown keys are ignored; anything that is no envelope of this version is a GarbledError."""
    wire = _decode(_ENVELOPE, _inflate(payload))
    if wire.v != VERSION:
        raise GarbledError(f"message of version {wire.v}", remedy=f"this software reads version {VERSION}: update it")
    if wire.kind not in KINDS:
        raise GarbledError(f"message of kind {wire.kind[:20]!r}", remedy=f"known kinds are {', '.join(KINDS)}")
    if not IDENTIFIER.fullmatch(wire.site) or not IDENTIFIER.fullmatch(wire.stream):
        raise GarbledError("site or stream of a message is no identifier", remedy="use a-z, 0-9, '.', '_' and '-'")
    if not 0 < wire.seq < 2**63:
        raise GarbledError(f"sequence number {wire.seq} is out of range", remedy="it counts from 1")
    written_at = instant(wire.written_at) if wire.written_at else 0.0
    sent_at = instant(wire.sent_at) if wire.sent_at else 0.0
    return Envelope(
        wire.site, wire.stream, wire.seq, wire.kind, wire.body, written_at, sent_at, wire.boot_id, wire.clock
    )


def _inflate(payload: bytes) -> bytes:
    if payload[:1] == b"{":
        return payload
    inflater = zlib.decompressobj()
    try:
        text = inflater.decompress(payload, LARGEST)
    except zlib.error as error:
        raise GarbledError(f"{len(payload)} bytes are neither JSON nor deflated JSON") from error
    if not inflater.eof:
        raise GarbledError(f"deflated message of {len(payload)} bytes is cut short or inflates beyond {LARGEST} bytes")
    return text


def _decode(decoder: msgspec.json.Decoder[_T], text: bytes) -> _T:
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise GarbledError(f"message of {len(text)} bytes cannot be read: {error}") from error


# --- bodies -----------------------------------------------------------------------------------------------------------


def _plain(value: Any, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A dataclass as JSON types: defaults are left out, instants become ISO texts."""
    plain: dict[str, Any] = {}
    for entry in fields(value):
        name, item = entry.name, getattr(value, entry.name)
        default = entry.default if entry.default_factory is MISSING else entry.default_factory()
        if name in without or item == default:
            continue
        if name in _INSTANTS:
            plain[name] = iso(item)
        elif hasattr(item, "__dataclass_fields__"):
            plain[name] = _plain(item)
        elif isinstance(item, tuple) and item and hasattr(item[0], "__dataclass_fields__"):
            plain[name] = [_plain(part) for part in item]
        else:
            plain[name] = msgspec.to_builtins(item)
    return plain


def _typed(plain: Any, kind: type[_T]) -> _T:
    """The reverse of ``_plain``; GarbledError names what does not fit."""
    if isinstance(plain, dict):
        plain = {key: instant(str(item)) if key in _INSTANTS else item for key, item in plain.items()}
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise GarbledError(f"{kind.__name__.lower()} in a message: {error}") from error


def _entries(body: Mapping[str, Any], key: str) -> Sequence[Any]:
    found = body.get(key, ())
    if not isinstance(found, list | tuple):
        raise GarbledError(f"{key!r} of a message is no list")
    return found


def facts_body(transitions: Iterable[Transition] = (), changes: Iterable[Change] = ()) -> dict[str, Any]:
    """Body of ``evt`` (as it happens) and ``hist`` (afterwards): the facts in the order in which they were written."""
    body: dict[str, Any] = {}
    if told := [_plain(transition) for transition in transitions]:
        body["transitions"] = told
    if changed := [_plain(change) for change in changes]:
        body["changes"] = changed
    return body


def transitions_of(body: Mapping[str, Any]) -> list[Transition]:
    """Transitions of a body of facts; none if it carries none."""
    return [_typed(entry, Transition) for entry in _entries(body, "transitions")]


def changes_of(body: Mapping[str, Any]) -> list[Change]:
    """Incident changes of a body of facts; none if it carries none."""
    return [_typed(entry, Change) for entry in _entries(body, "changes")]


def inventory_body(
    site: Site,
    park: Park,
    targets: Mapping[Criticality, object] | None = None,
    calendar: object | None = None,
    contact: tuple[str, str] = ("", ""),
) -> dict[str, Any]:
    """Body of ``rpt`` that tells headquarters what there is to watch, when people work and what was promised.

    Addresses, ports and credentials stay on the site. ``targets`` are dataclasses such as ``settings.Target`` (business
    seconds, fraction of 1), ``calendar`` one such as ``settings.CalendarSettings``, ``contact`` name and telephone."""
    return {
        "site": _plain(site),
        "devices": [_plain(device, _STAYS_HOME) for device in park.devices.values()],
        "services": [_plain(service, _STAYS_HOME) for service in park.services.values()],
        "targets": {level.value: msgspec.to_builtins(target) for level, target in (targets or {}).items()},
        "calendar": msgspec.to_builtins(calendar),
        "contact": list(contact),
    }


def is_inventory(body: Mapping[str, Any]) -> bool:
    """True for a body made by ``inventory_body``."""
    return "devices" in body and "site" in body


def site_of(body: Mapping[str, Any]) -> Site:
    """The site of an inventory."""
    return _typed(body.get("site"), Site)


def park_of(body: Mapping[str, Any]) -> Park:
    """Devices and services of an inventory."""
    return Park(
        [_typed(entry, Device) for entry in _entries(body, "devices")],
        [_typed(entry, Service) for entry in _entries(body, "services")],
    )


def part_of(body: Mapping[str, Any], key: str, kind: type[_T]) -> _T | None:
    """``targets``, ``calendar`` or ``contact`` of an inventory as the type it was made from; ``None`` if it is not
    there."""
    return None if body.get(key) is None else _typed(body[key], kind)


@dataclass(frozen=True, slots=True)
class Summary:
    """The site in one glance, every five minutes: this is the heartbeat. ``counts`` is subjects by verdict, ``states``
    only the subjects that are not ok, ``signal`` what the panel shows, ``health`` the box's own figures (numbers and
    words), ``waiting`` outbox rows by lane."""

    at: float
    counts: Mapping[str, int] = field(default_factory=dict)
    states: Mapping[str, Verdict] = field(default_factory=dict)
    signal: str = ""
    health: Mapping[str, float | str] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)


def summary_body(summary: Summary) -> dict[str, Any]:
    """Body of ``summary``."""
    return _plain(summary)


def summary_of(body: Mapping[str, Any]) -> Summary:
    """The reverse of ``summary_body``."""
    return _typed(dict(body), Summary)


# --- flat payloads and acknowledgements -------------------------------------------------------------------------------


def status_payload(state: str, boot_id: str, version: str, at: float) -> bytes:
    """Birth (``online``), goodbye (``offline``) and will (``lost``; ``ts`` is then the instant of connecting)."""
    return msgspec.json.encode({"state": state, "boot_id": boot_id, "version": version, "ts": round(at * 1000)})


class Status(msgspec.Struct):
    """What a site's ``status`` says."""

    state: str
    boot_id: str = ""
    version: str = ""
    ts: int = 0


_STATUS = msgspec.json.Decoder(Status)


def status_of(payload: bytes) -> Status:
    """The reverse of ``status_payload``."""
    return _decode(_STATUS, payload)


@dataclass(frozen=True, slots=True)
class StateNow:
    """The verdict on a device now, with its reason; ``since`` and ``at`` are s since the epoch."""

    verdict: Verdict
    since: float
    at: float
    cause: str = ""


def state_payload(device: Device, now: StateNow) -> dict[str, str | int]:
    """Flat payload of ``state/<device>``: always the same keys and types, ``ts`` in ms. ``level`` orders the verdicts
    for a gauge: 0 ok, 1 maintenance, 2 unknown, 3 warning, 4 critical."""
    return {
        "device": device.id,
        "name": device.name,
        "kind": device.kind.value,
        "criticality": device.criticality.value,
        "verdict": now.verdict.value,
        "level": now.verdict.rank,
        "cause": now.cause,
        "since": round(now.since * 1000),
        "ts": round(now.at * 1000),
    }


class Acknowledgement(msgspec.Struct):
    """What headquarters has: inclusive ranges of sequence numbers of a stream, and the newest it ever kept of it."""

    stream: str
    ranges: list[tuple[int, int]]
    newest: int = 0


_ACKNOWLEDGEMENT = msgspec.json.Decoder(Acknowledgement)


def acknowledgement(stream: str, seqs: Iterable[int], newest: int = 0) -> bytes:
    """Payload of ``ack/<stream>``."""
    ranges: list[list[int]] = []
    for seq in sorted(set(seqs)):
        if ranges and ranges[-1][1] == seq - 1:
            ranges[-1][1] = seq
        else:
            ranges.append([seq, seq])
    return msgspec.json.encode({"stream": stream, "ranges": ranges, "newest": newest})


def acknowledgement_of(payload: bytes) -> Acknowledgement:
    """The reverse of ``acknowledgement``."""
    return _decode(_ACKNOWLEDGEMENT, payload)
