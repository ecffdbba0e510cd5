"""Keys and ciphers of SNMP v3: the examples of RFC 3414, both ways to lengthen keys, and what hostile bytes do."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysnmp.entity import config
from pysnmp.proto.rfc1902 import OctetString

from gateway.collect.snmp_auth import AUTH_PROTOCOLS, PRIV_PROTOCOLS
from gateway.collect.snmp_codec import GET, RESPONSE, GarbledError, encode_pdu
from gateway.collect.snmp_usm import Keys, localised_key, master_key, privacy_key
from gateway.collect.snmp_v3 import AUTH, LATEST, PRIV, Head, decode, encode, engine_and_user

ENGINE = bytes.fromhex("000000000000000000000002")
PAIRS = [(auth, priv) for auth in AUTH_PROTOCOLS for priv in PRIV_PROTOCOLS]


@pytest.mark.parametrize(
    ("protocol", "master", "localised"),
    [
        ("MD5", "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"),  # RFC 3414 A.3.1
        (
            "SHA",  # RFC 3414 A.3.2
            "9fb5cc0381497b3793528939ff788d5d79145211",
            "6695febc9288e36282235fc7151f128497b38f3f",
        ),
    ],
)
def test_the_keys_of_the_examples_of_rfc_3414(protocol: str, master: str, localised: str) -> None:
    made = master_key(protocol, b"maplesyrup")
    assert made.hex() == master
    assert localised_key(protocol, made, ENGINE).hex() == localised


def keys(auth: str, priv: str) -> Keys:
    master = master_key(auth, b"a long secret")
    return Keys(auth, localised_key(auth, master, ENGINE), priv, privacy_key((auth, priv), master, ENGINE))


@pytest.mark.parametrize(
    ("name", "service"), [("AES256", config.USM_PRIV_CFB256_AES_BLUMENTHAL), ("AES256C", config.USM_PRIV_CFB256_AES)]
)
def test_keys_longer_than_the_digest_are_made_as_pysnmp_makes_them(name: str, service: tuple[int, ...]) -> None:
    master = master_key("SHA", b"a long secret")
    theirs = config.PRIV_SERVICES[service].localize_key(config.USM_AUTH_HMAC96_SHA, master, OctetString(ENGINE))
    assert privacy_key(("SHA", name), master, ENGINE) == bytes(theirs)


def test_the_two_ways_to_lengthen_a_key_differ_only_where_it_is_lengthened() -> None:
    short, long = master_key("SHA", b"a long secret"), master_key("SHA512", b"a long secret")
    blumenthal, cisco = (privacy_key(("SHA", name), short, ENGINE) for name in ("AES256", "AES256C"))
    assert (blumenthal[:20], len(blumenthal)) == (cisco[:20], 32)
    assert blumenthal[20:] != cisco[20:]
    assert privacy_key(("SHA512", "AES256"), long, ENGINE) == privacy_key(("SHA512", "AES256C"), long, ENGINE)


HEAD = Head(77, AUTH | PRIV, ENGINE, 3, 1234, b"vigie")
PDU = b"\xa2" + encode_pdu(GET, 99, [(1, 3, 6, 1), (1, 3, 7)])[1:]


@pytest.mark.parametrize(("auth", "priv"), PAIRS, ids=["-".join(pair) for pair in PAIRS])
def test_a_message_is_proved_and_read_with_the_same_keys(auth: str, priv: str) -> None:
    shared = keys(auth, priv)
    message = decode(encode(HEAD, PDU, shared, b"12345678"))
    assert message.head == HEAD
    assert message.proved_by(shared)
    assert (message.pdu(shared).tag, message.pdu(shared).request_id) == (RESPONSE, 99)
    assert b"\x2b\x06\x01" not in message.octets  # nothing of it can be read on the wire


@pytest.mark.parametrize("where", ["digest", "user", "payload"])
def test_a_message_changed_on_the_way_is_not_proved(where: str) -> None:
    shared = keys("SHA256", "AES")
    octets = encode(HEAD, PDU, shared, b"12345678")
    at = {"digest": decode(octets).digest_at, "user": octets.index(b"vigie"), "payload": len(octets) - 1}[where]
    changed = bytearray(octets)
    changed[at] ^= 1
    assert not decode(bytes(changed)).proved_by(shared)


def test_a_digest_of_another_length_proves_nothing() -> None:
    message = decode(encode(HEAD, PDU, keys("MD5", "AES"), b"12345678"))
    assert not message.proved_by(keys("SHA256", "AES"))
    assert not decode(encode(Head(7, 0, ENGINE), PDU, Keys(), b"")).proved_by(keys("SHA256", "AES"))


def test_keys_do_not_show_themselves() -> None:
    assert repr(keys("SHA256", "AES")) == "Keys(auth_protocol='SHA256', priv_protocol='AES')"


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_garbled(data: bytes) -> None:
    with suppress(GarbledError):
        decode(data)
    engine_and_user(data)


SHARED = [keys("SHA256", "AES"), keys("MD5", "DES"), Keys()]


@given(st.data(), st.sampled_from(SHARED))
def test_a_damaged_message_is_a_message_or_garbled(data: st.DataObject, shared: Keys) -> None:
    flags = AUTH | PRIV if shared.priv_key else 0
    whole = bytearray(encode(Head(77, flags, ENGINE, 3, LATEST, b"vigie"), PDU, shared, b"12345678"))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with suppress(GarbledError):
        message = decode(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
        message.proved_by(shared)
        message.pdu(shared)


@given(st.binary(max_size=200), st.binary(max_size=12), st.sampled_from(SHARED[:2]))
def test_any_secret_decrypts_to_a_pdu_or_is_garbled(secret: bytes, salt: bytes, shared: Keys) -> None:
    with suppress(GarbledError):
        shared.decrypt(secret, (1, 2), salt)


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (Head(77, PRIV, ENGINE), "without being authenticated"),
        (Head(77, 0, b"x" * 65), "engine ID"),
        (Head(77, 0, ENGINE, -1), "clock"),
        (Head(77, 0, ENGINE, 0, 2**31), "clock"),
    ],
)
def test_a_message_that_no_agent_may_send_is_garbled(head: Head, says: str) -> None:
    with pytest.raises(GarbledError, match=says):
        decode(encode(head, PDU, SHARED[0] if head.flags else Keys(), b"12345678"))


def test_whose_message_it_is_can_be_read_without_a_key() -> None:
    octets = encode(HEAD, PDU, SHARED[0], b"12345678")
    assert engine_and_user(octets) == (ENGINE, "vigie")
    assert engine_and_user(octets[:-1]) == (b"", "?")
