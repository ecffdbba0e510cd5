"""Messages of SNMP v3 with the user-based security model (RFC 3412 section 6, RFC 3414 section 2.4). Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from hmac import compare_digest

from gateway.collect.snmp_codec import (
    OCTETS,
    SEQUENCE,
    GarbledError,
    Pdu,
    decode_message,
    decode_pdu,
    expect,
    integer,
    number,
    tlv,
)
from gateway.collect.snmp_usm import Keys

AUTH, PRIV, REPORTABLE = 1, 2, 4
LARGEST = 65507
"""Bytes of the largest answer that is taken: what fits into a UDP datagram."""

LATEST = 2**31 - 1
"""The highest count of starts and of seconds since the last start."""

_VERSION = 3
_USM = 3
_ENGINE_ID_SIZE = 64
"""RFC 3411 allows 5 to 32 bytes; agents have been seen with less and with more."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a v3 message says of itself in clear: which question, by which protections (``flags``), at which engine, at
    what count of starts and seconds since the last one, by which user."""

    message_id: int
    flags: int
    engine_id: bytes = b""
    boots: int = 0
    time: int = 0
    user: bytes = b""


@dataclass(frozen=True, slots=True)
class Secured:
    """A v3 message off the wire, nothing proved yet. ``payload`` is the scoped PDU, encrypted if the flags say so;
    ``digest_at`` is where the digest lies in ``octets``."""

    head: Head
    digest: bytes
    salt: bytes
    payload: bytes = field(repr=False)
    octets: bytes = field(repr=False)
    digest_at: int

    def proved_by(self, keys: Keys) -> bool:
        """True if the digest was made with the key."""
        size = keys.digest_size
        if len(self.digest) != size:
            return False
        at = self.digest_at
        return compare_digest(keys.digest(self.octets[:at] + bytes(size) + self.octets[at + size :]), self.digest)

    def pdu(self, keys: Keys) -> Pdu:
        """The PDU, decrypted if need be. Raises GarbledError."""
        plain = self.payload
        if self.head.flags & PRIV:
            if not keys.priv_key:
                raise GarbledError("encrypted without having been agreed")
            plain = keys.decrypt(plain, (self.head.boots, self.head.time), self.salt)
        start, _end = expect(plain, 0, SEQUENCE)
        _start, at = expect(plain, start, OCTETS)
        _start, at = expect(plain, at, OCTETS)
        return decode_pdu(plain, at)


def decode(octets: bytes) -> Secured:
    """A v3 message that fills the datagram. Raises GarbledError."""
    version, at = decode_message(octets)
    if version != _VERSION:
        raise GarbledError(f"version {version}")
    head, at = expect(octets, at, SEQUENCE)
    message_id, flags = _head(octets[head:at])
    start, at = expect(octets, at, OCTETS)
    inner, _end = expect(octets[:at], start, SEQUENCE)
    engine_id, inner = _octets(octets[:at], inner)
    if len(engine_id) > _ENGINE_ID_SIZE:
        raise GarbledError("an engine ID that is too long")
    boots, inner = integer(octets, inner)
    time, inner = integer(octets, inner)
    if not (0 <= boots <= LATEST and 0 <= time <= LATEST):
        raise GarbledError("a clock that no engine has")
    user, inner = _octets(octets[:at], inner)
    digest, inner = _octets(octets[:at], inner)
    digest_at = inner - len(digest)
    salt, _inner = _octets(octets[:at], inner)
    payload = octets[at:]
    if flags & PRIV:
        payload, _at = _octets(octets, at)
    return Secured(Head(message_id, flags, engine_id, boots, time, user), digest, salt, payload, octets, digest_at)


def _head(octets: bytes) -> tuple[int, int]:
    """(message ID, flags)."""
    message_id, at = integer(octets, 0)
    _largest, at = integer(octets, at)
    flags, at = _octets(octets, at)
    model, at = integer(octets, at)
    if len(flags) != 1 or model != _USM:
        raise GarbledError("not the user-based security model")
    if flags[0] & (AUTH | PRIV) == PRIV:
        raise GarbledError("encrypted without being authenticated")
    return message_id, flags[0]


def _octets(octets: bytes, at: int) -> tuple[bytes, int]:
    start, end = expect(octets, at, OCTETS)
    return octets[start:end], end


def encode(head: Head, pdu: bytes, keys: Keys, salt: bytes) -> bytes:
    """A question with the protections that the flags of ``head`` name. ``salt`` has 8 bytes and never repeats."""
    scoped = tlv(SEQUENCE, tlv(OCTETS, head.engine_id) + tlv(OCTETS, b"") + pdu)
    if head.flags & PRIV:
        scoped = tlv(OCTETS, keys.encrypt(scoped, (head.boots, head.time), salt))
    else:
        salt = b""
    digest = bytes(keys.digest_size if head.flags & AUTH else 0)
    behind = tlv(OCTETS, salt)
    security = tlv(OCTETS, head.engine_id) + number(head.boots) + number(head.time) + tlv(OCTETS, head.user)
    security = tlv(OCTETS, tlv(SEQUENCE, security + tlv(OCTETS, digest) + behind))
    about = number(head.message_id) + number(LARGEST) + tlv(OCTETS, bytes((head.flags,))) + number(_USM)
    message = tlv(SEQUENCE, number(_VERSION) + tlv(SEQUENCE, about) + security + scoped)
    if not digest:
        return message
    end = len(message) - len(scoped) - len(behind)
    return message[: end - len(digest)] + keys.digest(message) + message[end:]


def engine_and_user(message: bytes) -> tuple[bytes, str]:
    """(engine ID, user) that a message names; (b"", "?") for what is no v3 message."""
    try:
        head = decode(message).head
    except GarbledError:
        return b"", "?"
    return head.engine_id, head.user.decode("utf-8", "replace")
