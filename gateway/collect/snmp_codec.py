"""The BER of SNMP as a manager speaks it (RFC 3416, RFC 3417 section 8): pure bytes, no network, no time.

By hand because a general ASN.1 decoder makes an object of every part of every value: about thirty times the processor
time per value. OIDs repeat from poll to poll, so both ways are remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.profiles.recording import Oid, Tag, Value

GET, GET_NEXT, RESPONSE, GET_BULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA5, 0xA8
INTEGER, OCTETS, OBJECT_ID, SEQUENCE = 0x02, 0x04, 0x06, 0x30
_NULL = b"\x05\x00"
_ABSENT = (0x80, 0x81, 0x82)
"""noSuchObject, noSuchInstance, endOfMibView."""

_SIGNED = 0x02
_UNSIGNED = {0x41: Tag.COUNTER32, 0x42: Tag.GAUGE32, 0x43: Tag.TICKS, 0x46: Tag.COUNTER64}
_BYTES = {0x03: Tag.OCTETS, 0x04: Tag.OCTETS, 0x40: Tag.ADDRESS, 0x44: Tag.OPAQUE}
_COUNTER64 = 0x46
_LOW_32, _LOW_64 = 2**32 - 1, 2**64 - 1
_NUMBER_OCTETS = 9
"""A 64-bit number with a zero before its high bit. Longer ones are no numbers of SNMP, and too large to reckon with."""

_OID_OCTETS = 128 * 5
"""128 parts of 32 bits (RFC 2578 section 3.5)."""

_REMEMBERED = 32768
"""OIDs kept in each direction: the tables of some fifty different devices, about 10 MB."""

Binding = tuple[Oid, Value | None]


class GarbledError(ValueError):
    """The bytes are not what SNMP would send."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """An answer. ``index`` counts from 1; 0 points at no value."""

    tag: int
    request_id: int
    status: int
    index: int
    bindings: list[Binding]


def element(octets: bytes, at: int) -> tuple[int, int, int]:
    """(tag, start, end) of the content of the element at an index. Raises GarbledError."""
    try:
        tag, size = octets[at], octets[at + 1]
        start = at + 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(octets[start : start + count], "big")
            start += count
    except IndexError:
        raise GarbledError("ends too early") from None
    end = start + size
    if end > len(octets):
        raise GarbledError("longer than the message")
    return tag, start, end


def expect(octets: bytes, at: int, tag: int) -> tuple[int, int]:
    """(start, end) of the content of an element that must have this tag. Raises GarbledError."""
    found, start, end = element(octets, at)
    if found != tag:
        raise GarbledError(f"tag {found:#x} where {tag:#x} is due")
    return start, end


def integer(octets: bytes, at: int) -> tuple[int, int]:
    """(number, index after) of an INTEGER. Raises GarbledError."""
    start, end = expect(octets, at, INTEGER)
    if end - start > _NUMBER_OCTETS:
        raise GarbledError(f"a number of {end - start} octets")
    return int.from_bytes(octets[start:end], "big", signed=True), end


def tlv(tag: int, content: bytes) -> bytes:
    """One tag-length-value."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def number(value: int) -> bytes:
    """An INTEGER."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


@lru_cache(maxsize=_REMEMBERED)
def _asked(oid: Oid) -> bytes:
    """A binding of a question: the OID with Null."""
    out = bytearray()
    for part in (oid[0] * 40 + (oid[1] if len(oid) > 1 else 0), *oid[2:]):
        septets = [part & 0x7F]
        part >>= 7
        while part:
            septets.append(part & 0x7F | 0x80)
            part >>= 7
        out += bytes(reversed(septets))
    return tlv(SEQUENCE, tlv(OBJECT_ID, bytes(out)) + _NULL)


@lru_cache(maxsize=_REMEMBERED)
def decode_oid(content: bytes) -> Oid:
    """An OID from its content. Raises GarbledError."""
    if not content or content[-1] & 0x80:
        raise GarbledError("an OID without an end")
    if len(content) > _OID_OCTETS:
        raise GarbledError("an OID longer than any")
    parts, part = [], 0
    for octet in content:
        part = part << 7 | octet & 0x7F
        if not octet & 0x80:
            parts.append(part)
            part = 0
    if max(parts) > _LOW_32:
        raise GarbledError("an OID longer than any")
    first = min(parts[0] // 40, 2)
    return (first, parts[0] - 40 * first, *parts[1:])


def encode_pdu(tag: int, request_id: int, oids: Sequence[Oid], repetitions: int = 0) -> bytes:
    """A question: GET, GET_NEXT, or GET_BULK with ``repetitions`` and no non-repeaters."""
    head = number(request_id) + number(0) + number(repetitions)
    return tlv(tag, head + tlv(SEQUENCE, b"".join(map(_asked, oids))))


def decode_pdu(octets: bytes, at: int) -> Pdu:
    """The answer that starts at an index. Raises GarbledError."""
    tag, start, end = element(octets, at)
    if tag not in (RESPONSE, REPORT):
        raise GarbledError(f"tag {tag:#x} is no answer")
    request_id, start = integer(octets, start)
    status, start = integer(octets, start)
    index, start = integer(octets, start)
    start, last = expect(octets, start, SEQUENCE)
    if last > end:
        raise GarbledError("more values than the answer holds")
    bindings: list[Binding] = []
    while start < last:
        start = _binding(octets, start, bindings)
    return Pdu(tag, request_id, status, index, bindings)


def _binding(octets: bytes, at: int, bindings: list[Binding]) -> int:
    """Reads the binding at an index; the index after it. The usual short form is read at once: half of the time."""
    size = octets[at + 1] if at + 1 < len(octets) else 0x80
    if size < 0x80 and size > 4 and at + 2 + size <= len(octets):
        value = at + 4 + octets[at + 3]
        after = at + 2 + size
        if (
            octets[at] == SEQUENCE
            and octets[at + 2] == OBJECT_ID
            and value + 2 <= after == value + 2 + octets[value + 1]
        ):
            bindings.append((decode_oid(octets[at + 4 : value]), _value(octets[value], octets[value + 2 : after])))
            return after
    inner, end = expect(octets, at, SEQUENCE)
    start, value = expect(octets, inner, OBJECT_ID)
    kind, content, after = element(octets, value)
    if after > end:
        raise GarbledError("a value longer than its binding")
    bindings.append((decode_oid(octets[start:value]), _value(kind, octets[content:after])))
    return end


def _value(kind: int, content: bytes) -> Value | None:
    if (tag := _UNSIGNED.get(kind)) is not None and len(content) <= _NUMBER_OCTETS:
        # agents forget the zero before a high bit: these types are never negative; some write 32 bits in 64
        return Value(tag, int.from_bytes(content, "big") & (_LOW_64 if kind == _COUNTER64 else _LOW_32))
    if tag or (kind == _SIGNED and len(content) > _NUMBER_OCTETS):
        raise GarbledError(f"a number of {len(content)} octets")
    if kind == _SIGNED:
        return Value(Tag.INTEGER, int.from_bytes(content, "big", signed=True))
    if (tag := _BYTES.get(kind)) is not None:
        return Value(tag, content)
    if kind == OBJECT_ID:
        # some agents write 0.0 as nothing at all
        return Value(Tag.OID, decode_oid(content) if content else (0, 0))
    return None if kind in _ABSENT else Value(Tag.NULL, None)


def encode_message(version: int, community: bytes, pdu: bytes) -> bytes:
    """A v1 (``version`` 0) or v2c (1) message."""
    return tlv(SEQUENCE, number(version) + tlv(OCTETS, community) + pdu)


def decode_message(octets: bytes) -> tuple[int, int]:
    """(version, index of what follows it) of a message that fills the datagram. Raises GarbledError."""
    start, end = expect(octets, 0, SEQUENCE)
    if end != len(octets):
        raise GarbledError("bytes after the message")
    return integer(octets, start)
