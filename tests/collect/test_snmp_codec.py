"""The manager's codec against the simulated agents' codec, written apart from it, and against any bytes at all."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.collect.snmp_codec import (
    GET,
    GET_BULK,
    GarbledError,
    decode_message,
    decode_oid,
    decode_pdu,
    encode_message,
    encode_pdu,
)
from gateway.collect.snmp_light import read
from gateway.collect.snmp_values import number_of
from gateway.profiles.recording import Oid, Tag, Value
from gateway.simulate import ber

PARTS = st.integers(0, 2**32 - 1)
OIDS = st.builds(lambda first, rest: (1, first, *rest), st.integers(0, 39), st.lists(PARTS, max_size=12))
VALUES = st.one_of(
    st.builds(Value, st.just(Tag.INTEGER), st.integers(-(2**31), 2**31 - 1)),
    st.builds(Value, st.sampled_from([Tag.COUNTER32, Tag.GAUGE32, Tag.TICKS]), st.integers(0, 2**32 - 1)),
    st.builds(Value, st.just(Tag.COUNTER64), st.integers(0, 2**64 - 1)),
    st.builds(Value, st.sampled_from([Tag.OCTETS, Tag.OPAQUE]), st.binary(max_size=300)),
    st.builds(Value, st.just(Tag.ADDRESS), st.binary(min_size=4, max_size=4)),
    st.builds(Value, st.just(Tag.OID), OIDS),
    st.just(Value(Tag.NULL, None)),
)
REQUEST = ber.Request("public", ber.GET, 77, 0, 0, ())


def answered(bindings: list[tuple[Oid, Value]]) -> bytes:
    encoded = b"".join(ber.encode_binding(oid, (int(value.tag), value.content)) for oid, value in bindings)
    return ber.encode_response(REQUEST, encoded)


@given(st.lists(st.tuples(OIDS, VALUES), max_size=8))
def test_what_an_agent_encodes_is_read_as_it_was(bindings: list[tuple[Oid, Value]]) -> None:
    number, pdu = read(answered(bindings))
    assert (number, pdu.status, pdu.bindings) == (77, 0, bindings)


@given(st.lists(OIDS, min_size=1, max_size=30), st.integers(1, 2**31 - 1), st.integers(0, 60))
def test_an_agent_understands_the_question(oids: list[Oid], number: int, repetitions: int) -> None:
    kind = GET_BULK if repetitions else GET
    request = ber.decode_request(encode_message(1, b"lookout", encode_pdu(kind, number, oids, repetitions)))
    assert request == ber.Request("lookout", kind, number, 0, repetitions, tuple(oids))


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_garbled(data: bytes) -> None:
    with suppress(GarbledError):
        read(data)


@given(st.data())
def test_a_damaged_answer_is_an_answer_or_garbled(data: st.DataObject) -> None:
    whole = bytearray(answered([((1, 3, 6, 1), Value(Tag.OCTETS, b"a string")), ((1, 3, 7), Value(Tag.INTEGER, -5))]))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(GarbledError):
        answer = read(bytes(whole[: data.draw(st.integers(0, len(whole)))]))[1]
        for _oid, value in answer.bindings:
            assert value is None or math.isfinite(number_of(value) or 0.0)


@pytest.mark.parametrize("tag", [0x80, 0x81, 0x82])
def test_absent_values_are_none(tag: int) -> None:
    answer = ber.encode_response(REQUEST, ber.encode_binding((1, 3, 6), (tag, None)))
    assert read(answer)[1].bindings == [((1, 3, 6), None)]


def test_a_counter_without_its_leading_zero_is_not_negative() -> None:
    binding = ber.tlv(ber.SEQUENCE, ber.tlv(ber.OBJECT_ID, ber.encode_oid((1, 3, 6))) + b"\x41\x04\xff\xff\xff\xfe")
    assert read(ber.encode_response(REQUEST, binding))[1].bindings == [((1, 3, 6), Value(Tag.COUNTER32, 2**32 - 2))]


@pytest.mark.parametrize("tag", [0x02, 0x41, 0x42, 0x43, 0x46])
def test_a_number_of_more_octets_than_any_type_has_is_garbled(tag: int) -> None:
    binding = ber.tlv(ber.SEQUENCE, ber.tlv(ber.OBJECT_ID, ber.encode_oid((1, 3, 6))) + ber.tlv(tag, b"\x01" * 300))
    with pytest.raises(GarbledError, match="number of 300 octets"):
        read(ber.encode_response(REQUEST, binding))


def test_a_32_bit_counter_in_more_than_32_bits_keeps_the_low_ones() -> None:
    binding = ber.tlv(ber.SEQUENCE, ber.tlv(ber.OBJECT_ID, ber.encode_oid((1, 3, 6))) + b"\x41\x06\x07\0\0\0\0\x05")
    assert read(ber.encode_response(REQUEST, binding))[1].bindings == [((1, 3, 6), Value(Tag.COUNTER32, 5))]


@pytest.mark.parametrize(
    "content",
    [b"\x2b" + b"\x01" * 1000, b"\x2b" + b"\x81" * 20 + b"\x01"],
    ids=["too many parts", "a part too large"],
)
def test_an_oid_longer_than_any_object_has_is_garbled(content: bytes) -> None:
    with pytest.raises(GarbledError, match="an OID longer"):
        decode_oid(content)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "too early"),
        (b"\x30\x05\x02\x01\x01", "longer than the message"),
        (b"\x30\x03\x02\x01\x01\x00", "bytes after"),
        (b"\x02\x01\x01", "is due"),
        (b"\x30\x03\x02\x01\x03", "version 3"),
    ],
)
def test_a_message_that_is_none_is_told(data: bytes, says: str) -> None:
    with pytest.raises(GarbledError, match=says):
        read(data)


def test_an_answer_that_is_a_question_is_refused() -> None:
    with pytest.raises(GarbledError, match="no answer"):
        decode_pdu(encode_pdu(GET, 1, [(1, 3, 6)]), 0)
    assert decode_message(encode_message(0, b"", b"")) == (0, 5)


def test_an_oid_without_an_end_is_garbled() -> None:
    with pytest.raises(GarbledError, match="without an end"):
        decode_oid(b"\x2b\x86")
