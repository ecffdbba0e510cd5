"""The little of ASN.1 BER that an SNMP v2c agent needs (RFC 3416, RFC 3417 section 8): pure bytes in, bytes out.

Written by hand because pysnmp's responder costs about fifteen times the CPU per value, and the demo answers for six
devices on the machine that also runs the whole product.
"""

from __future__ import annotations

from dataclasses import dataclass

Oid = tuple[int, ...]

INTEGER, OCTETS, NULL, OBJECT_ID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
ADDRESS, COUNTER32, GAUGE32, TICKS, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x46
NO_SUCH_OBJECT, END_OF_MIB = 0x80, 0x82
GET, GET_NEXT, RESPONSE, GET_BULK = 0xA0, 0xA1, 0xA2, 0xA5

Value = tuple[int, int | str | bytes | Oid | None]
"""(tag, value): an int for numbers, str or bytes for octets and addresses, an Oid, None for what has no content."""


class GarbledError(ValueError):
    """The bytes are no SNMP v2c request; an agent drops them without a word."""


@dataclass(frozen=True, slots=True)
class Request:
    """A v2c request. For GET_BULK ``non_repeaters`` and ``repetitions`` are set, else 0."""

    community: str
    pdu: int
    request_id: int
    non_repeaters: int
    repetitions: int
    oids: tuple[Oid, ...]


def encode_length(length: int) -> bytes:
    """BER length octets, the shortest form."""
    if length < 128:
        return bytes([length])
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def tlv(tag: int, content: bytes) -> bytes:
    """One tag-length-value."""
    return bytes([tag]) + encode_length(len(content)) + content


def encode_integer(value: int) -> bytes:
    """Content octets of an INTEGER; unsigned SMI types use the same form with a leading zero where needed."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


def encode_oid(oid: Oid) -> bytes:
    """Content octets of an OBJECT IDENTIFIER of two or more numbers."""
    out = bytearray()
    for number in (oid[0] * 40 + oid[1], *oid[2:]):
        septets = [number & 0x7F]
        number >>= 7
        while number:
            septets.append(number & 0x7F | 0x80)
            number >>= 7
        out += bytes(reversed(septets))
    return bytes(out)


def encode_value(value: Value) -> bytes:
    """A whole TLV of a value."""
    tag, content = value
    if content is None:
        return bytes([tag, 0])
    if isinstance(content, int):
        return tlv(tag, encode_integer(content))
    if isinstance(content, str):
        return tlv(tag, content.encode())
    if isinstance(content, bytes):
        return tlv(tag, content)
    return tlv(tag, encode_oid(content))


def encode_binding(oid: Oid, value: Value) -> bytes:
    """A variable binding."""
    return tlv(SEQUENCE, tlv(OBJECT_ID, encode_oid(oid)) + encode_value(value))


def encode_response(request: Request, bindings: bytes) -> bytes:
    """The whole message that answers ``request`` with the bindings already encoded."""
    body = tlv(INTEGER, encode_integer(request.request_id)) + b"\x02\x01\x00\x02\x01\x00" + tlv(SEQUENCE, bindings)
    head = b"\x02\x01\x01" + tlv(OCTETS, request.community.encode())
    return tlv(SEQUENCE, head + tlv(RESPONSE, body))


class _Reader:
    """Walks through the octets of a message; every step may raise GarbledError."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets
        self.at = 0

    def next(self, *tags: int) -> tuple[int, bytes]:
        """Tag and content of the next element, whose tag must be one of ``tags``."""
        try:
            tag, length = self.octets[self.at], self.octets[self.at + 1]
            start = self.at + 2
            if length & 0x80:
                count = length & 0x7F
                length = int.from_bytes(self.octets[start : start + count], "big")
                start += count
        except IndexError as error:
            raise GarbledError("ends too early") from error
        if tags and tag not in tags:
            raise GarbledError(f"tag {tag:#x} where one of {tags} is due")
        if start + length > len(self.octets):
            raise GarbledError("longer than the datagram")
        self.at = start + length
        return tag, self.octets[start : self.at]

    def integer(self) -> int:
        return int.from_bytes(self.next(INTEGER)[1], "big", signed=True)


def decode_oid(content: bytes) -> Oid:
    """An OBJECT IDENTIFIER from its content octets."""
    if not content:
        raise GarbledError("an empty object identifier")
    numbers, number = [], 0
    for octet in content:
        number = number << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2) if numbers else 0
    return (first, numbers[0] - 40 * first, *numbers[1:]) if numbers else (0, 0)


def decode_request(datagram: bytes) -> Request:
    """A v2c GET, GETNEXT or GETBULK; raises GarbledError for anything else."""
    message = _Reader(_Reader(datagram).next(SEQUENCE)[1])
    if message.integer() != 1:
        raise GarbledError("not SNMP v2c")
    community = message.next(OCTETS)[1].decode("utf-8", "replace")
    pdu, content = message.next(GET, GET_NEXT, GET_BULK)
    body = _Reader(content)
    request_id, first, second = body.integer(), body.integer(), body.integer()
    bindings = _Reader(body.next(SEQUENCE)[1])
    oids = []
    while bindings.at < len(bindings.octets):
        oids.append(decode_oid(_Reader(bindings.next(SEQUENCE)[1]).next(OBJECT_ID)[1]))
    bulk = pdu == GET_BULK
    return Request(community, pdu, request_id, max(0, first) if bulk else 0, max(0, second) if bulk else 0, tuple(oids))
