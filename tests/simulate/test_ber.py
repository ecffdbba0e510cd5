"""The hand-written BER of the simulated agents agrees with pysnmp's, in both directions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import rfc1902, rfc1905
from pysnmp.proto.api import v2c

from gateway.simulate import ber
from gateway.simulate.ber import GarbledError, Request

oids = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=12).map(lambda tail: (1, 3, *tail))


@given(st.sampled_from([ber.GET, ber.GET_NEXT]), st.integers(0, 2**31 - 1), st.lists(oids, min_size=1, max_size=5))
def test_requests_of_pysnmp_are_understood(kind: int, number: int, asked: list[ber.Oid]) -> None:
    pdu = v2c.GetRequestPDU() if kind == ber.GET else v2c.GetNextRequestPDU()
    v2c.apiPDU.set_defaults(pdu)
    v2c.apiPDU.set_request_id(pdu, number)
    v2c.apiPDU.set_varbinds(pdu, [(oid, v2c.Null("")) for oid in asked])
    message = v2c.Message()
    v2c.apiMessage.set_defaults(message)
    v2c.apiMessage.set_community(message, "public")
    v2c.apiMessage.set_pdu(message, pdu)
    assert ber.decode_request(encoder.encode(message)) == Request("public", kind, number, 0, 0, tuple(asked))


@given(
    st.one_of(
        st.tuples(st.just(ber.INTEGER), st.integers(-(2**31), 2**31 - 1)),
        st.tuples(st.sampled_from([ber.COUNTER32, ber.GAUGE32, ber.TICKS]), st.integers(0, 2**32 - 1)),
        st.tuples(st.just(ber.COUNTER64), st.integers(0, 2**64 - 1)),
        st.tuples(st.just(ber.OCTETS), st.binary(max_size=300)),
        st.tuples(st.just(ber.OBJECT_ID), oids),
    ),
    oids,
)
def test_answers_are_understood_by_pysnmp(value: ber.Value, oid: ber.Oid) -> None:
    request = Request("public", ber.GET, 77, 0, 0, (oid,))
    encoded = ber.encode_response(request, ber.encode_binding(oid, value))
    message, rest = decoder.decode(encoded, asn1Spec=v2c.Message())
    pdu = v2c.apiMessage.get_pdu(message)
    assert not rest
    assert v2c.apiPDU.get_request_id(pdu) == 77
    [(name, got)] = v2c.apiPDU.get_varbinds(pdu)
    assert tuple(name) == oid
    kinds = {
        ber.INTEGER: rfc1902.Integer32,
        ber.COUNTER32: rfc1902.Counter32,
        ber.GAUGE32: rfc1902.Gauge32,
        ber.TICKS: rfc1902.TimeTicks,
        ber.COUNTER64: rfc1902.Counter64,
        ber.OCTETS: rfc1902.OctetString,
        ber.OBJECT_ID: rfc1902.ObjectIdentifier,
    }
    assert got == kinds[value[0]](value[1])
    assert got.tagSet == kinds[value[0]].tagSet


def test_end_of_view_is_understood_by_pysnmp() -> None:
    request = Request("public", ber.GET_NEXT, 1, 0, 0, ((1, 3),))
    encoded = ber.encode_response(request, ber.encode_binding((1, 3), (ber.END_OF_MIB, None)))
    message, _ = decoder.decode(encoded, asn1Spec=v2c.Message())
    [(_, got)] = v2c.apiPDU.get_varbinds(v2c.apiMessage.get_pdu(message))
    assert got.tagSet == rfc1905.EndOfMibView.tagSet


@given(st.binary(max_size=80))
def test_any_bytes_are_a_request_or_garbled(datagram: bytes) -> None:
    try:
        request = ber.decode_request(datagram)
    except GarbledError:
        return
    assert request.pdu in (ber.GET, ber.GET_NEXT, ber.GET_BULK)


def test_truncated_request_is_garbled() -> None:
    whole = bytes.fromhex("302602010104067075626c6963a019020101020100020100300e300c06082b060102010101000500")
    assert ber.decode_request(whole).oids == ((1, 3, 6, 1, 2, 1, 1, 1, 0),)
    for length in range(len(whole)):
        with pytest.raises(GarbledError):
            ber.decode_request(whole[:length])
