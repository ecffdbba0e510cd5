"""Envelopes and bodies survive the way to headquarters, and garbage is named."""

from __future__ import annotations

import contextlib
import zlib
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import wire
from gateway.core.device import Cost, Criticality, Device, Kind, Park, Service, Site, Support, SupportModel, Warranty
from gateway.core.incident import Change, ChangeKind, Symptom, Transition, Verdict
from gateway.settings import CalendarSettings, Target
from gateway.wire.dictionary import DICTIONARIES, NEWEST

instants = st.integers(0, 4_000_000_000_000).map(lambda ms: ms / 1000)
names = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,20}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
values = st.none() | texts | st.floats(allow_nan=False, allow_infinity=False)

transitions = st.builds(
    Transition,
    subject=names,
    metric=names,
    instance=texts,
    before=st.sampled_from(Verdict),
    after=st.sampled_from(Verdict),
    at=instants,
    detected_at=instants,
    value=values,
    cause=names,
    label=texts,
)
symptoms = st.builds(Symptom, names, names, texts)
changes = st.builds(
    Change,
    incident=names,
    kind=st.sampled_from(ChangeKind),
    at=instants,
    detected_at=instants,
    who=texts,
    text=texts,
    cause=names,
    root_device=st.none() | names,
    priority=st.sampled_from(["", "P1", "P4"]),
    value=values,
    symptoms=st.lists(symptoms, max_size=3).map(tuple),
    services=st.lists(names, max_size=3).map(tuple),
    until=st.none() | instants,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
envelopes = st.builds(
    wire.Envelope,
    site=names,
    stream=names,
    seq=st.integers(1, 2**62),
    kind=st.sampled_from(wire.KINDS),
    body=st.dictionaries(texts, json_values, max_size=4),
    written_at=instants,
    sent_at=instants,
    boot_id=texts,
    clock=st.sampled_from(wire.ClockState),
)


@given(envelopes)
def test_an_envelope_survives_the_wire(envelope: wire.Envelope) -> None:
    assert wire.decode(wire.encode(envelope)) == envelope


@given(st.lists(transitions, max_size=4), st.lists(changes, max_size=4))
def test_facts_survive_the_wire(told: list[Transition], changed: list[Change]) -> None:
    body = wire.body_of(wire.body_bytes(wire.facts_body(told, changed)))
    assert wire.transitions_of(body) == told
    assert wire.changes_of(body) == changed


@given(instants)
def test_an_instant_survives_as_text(at: float) -> None:
    assert wire.instant(wire.iso(at)) == at
    assert wire.iso(at).endswith("Z")


@given(st.binary(max_size=80))
def test_garbage_is_a_garbled_error_and_nothing_else(payload: bytes) -> None:
    for read in (wire.decode, wire.status_of, wire.acknowledgement_of):
        with pytest.raises(wire.GarbledError):
            read(payload)


@given(envelopes, st.data())
def test_a_cut_or_flipped_message_never_crashes_the_reader(envelope: wire.Envelope, data: st.DataObject) -> None:
    payload = bytearray(wire.encode(envelope))
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] ^= data.draw(st.integers(1, 255))
    for broken in (bytes(payload), bytes(payload[:at])):
        with contextlib.suppress(wire.GarbledError):
            assert wire.decode(broken).kind in wire.KINDS


def text_of(payload: bytes) -> bytes:
    """The JSON of a message."""
    return zlib.decompressobj(zdict=NEWEST).decompress(payload)


def test_a_usual_message_shrinks_to_a_third_and_a_repetitive_one_to_less() -> None:
    fact = Transition("sw-7", "reach.up", "", Verdict.OK, Verdict.CRITICAL, 1.78e9, 1.78e9 + 60, 0.0)
    usual = wire.Envelope("oran", "9f1c04de77aa0b31", 4711, "evt", wire.facts_body([fact]), 1.78e9, 1.78e9)
    assert len(wire.encode(usual)) < len(text_of(wire.encode(usual))) / 2.5
    large = wire.Envelope("depot", "s1", 2, "evt", {"a": ["the same words"] * 200})
    assert len(wire.encode(large)) < 300


def test_messages_of_an_older_version_are_read_too() -> None:
    envelope = wire.Envelope("depot", "s1", 1, "evt", {"a": 1})
    text = text_of(wire.encode(envelope))
    assert wire.decode(text) == wire.decode(zlib.compress(text)) == wire.decode(wire.encode(envelope))


def test_an_unknown_dictionary_is_named_and_its_message_can_be_read_after_an_update() -> None:
    deflater = zlib.compressobj(zdict=b"a dictionary of tomorrow")
    with pytest.raises(wire.GarbledError, match="dictionary"):
        wire.decode(deflater.compress(b"{}") + deflater.flush())


def test_the_dictionary_is_the_one_that_is_in_the_field() -> None:
    """Another one is added beside it under its own checksum: boxes that are not updated yet go on using this one."""
    assert zlib.adler32(NEWEST) in DICTIONARIES
    assert 0x28FC47E9 in DICTIONARIES


def test_keys_of_a_newer_version_are_ignored() -> None:
    text = msgspec.json.decode(text_of(wire.encode(wire.Envelope("depot", "s1", 1, "evt", {"a": 1}))))
    text["colour"] = {"deep": [1, 2]}
    assert wire.decode(msgspec.json.encode(text)).body == {"a": 1}


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"v": 2}, "version 2"),
        ({"kind": "gossip"}, "gossip"),
        ({"site": "../up"}, "identifier"),
        ({"seq": 0}, "sequence number 0"),
        ({"sent_at": "yesterday"}, "yesterday"),
        ({"clock": "sundial"}, "sundial"),
        ({"body": []}, "object"),
    ],
)
def test_what_is_wrong_with_an_envelope_is_named(change: dict[str, object], names: str) -> None:
    text = msgspec.json.decode(text_of(wire.encode(wire.Envelope("depot", "s1", 1, "evt", {}))))
    with pytest.raises(wire.GarbledError, match=names):
        wire.decode(msgspec.json.encode(text | change))


def test_a_deflate_bomb_is_refused_before_it_fills_the_memory() -> None:
    bomb = zlib.compress(b"{" + b" " * (wire.LARGEST + 1_000_000))
    with pytest.raises(wire.GarbledError, match="inflates beyond"):
        wire.decode(bomb)


def test_deep_nesting_is_garbled_not_a_crash() -> None:
    with pytest.raises(wire.GarbledError):
        wire.decode(b'{"body":' + b"[" * 200_000)


def test_what_a_device_says_of_itself_is_told_to_headquarters() -> None:
    said = {
        "serial": "AS1",
        "firmware": "9.3",
        "mac": "00:c0:b7:00:00:01",
        "mac_vendor": "APC",
        "made_on": "2019-05-06",
    }
    ups = Device("ups-1", "Onduleur", serial="AS1", said=said)
    body = wire.body_of(wire.body_bytes(wire.inventory_body(Site("x", "X"), Park([ups]))))
    assert wire.park_of(body).devices["ups-1"].said == said


def test_an_inventory_tells_headquarters_what_counts_and_keeps_secrets_home() -> None:
    nas = Device(
        "nas-1",
        "NAS",
        Kind.NAS,
        address="192.168.9.9",
        criticality=Criticality.CRITICAL,
        parent="sw-1",
        power="ups-1",
        credential="snmp-secret",
        support=Support(SupportModel.TPM, "Hexa", "C-77", "+213 555", date(2027, 1, 31)),
        warranty=Warranty(date(2026, 12, 31)),
        cost=Cost(1200.0, 15.5),
    )
    erp = Service("erp", "ERP", Criticality.IMPORTANT, ("nas-1",), always_on=True, business="La facturation")
    site = Site("depot-oran", "Dépôt d'Oran", "sarl-amel")
    targets = {Criticality.CRITICAL: Target(3600.0, None, 14400.0, 0.995)}
    hours = CalendarSettings(
        {"sun": ((480, 990),)}, "DZ", ((date(2026, 2, 18), date(2026, 3, 19), {"sun": ((540, 900),)}),)
    )
    body = wire.inventory_body(site, Park([nas], [erp]), targets, hours, ("Samir", "0555"))
    raw = wire.body_bytes(body)
    assert b"192.168.9.9" not in raw
    assert b"snmp-secret" not in raw
    body = wire.body_of(raw)
    assert set(body["devices"][0]) == {
        "id",
        "name",
        "kind",
        "criticality",
        "parent",
        "power",
        "support",
        "warranty",
        "cost",
    }
    assert wire.is_inventory(body)
    assert wire.site_of(body) == site
    park = wire.park_of(body)
    assert park.devices["nas-1"].cost.monthly == 15.5
    assert park.devices["nas-1"].support.ends_on == date(2027, 1, 31)
    assert park.devices["nas-1"].warranty.expired(date(2027, 1, 1))
    assert park.services["erp"] == erp
    assert wire.part_of(body, "targets", dict[Criticality, Target]) == targets
    assert wire.part_of(body, "calendar", CalendarSettings) == hours
    assert wire.part_of(body, "contact", tuple[str, str]) == ("Samir", "0555")
    assert wire.part_of({}, "calendar", CalendarSettings) is None


@given(
    st.builds(
        wire.Summary,
        at=instants,
        counts=st.dictionaries(names, st.integers(0, 500), max_size=4),
        states=st.dictionaries(names, st.sampled_from(Verdict), max_size=4),
        signal=names,
        health=st.dictionaries(names, texts | st.floats(allow_nan=False, allow_infinity=False), max_size=4),
        waiting=st.dictionaries(st.sampled_from("0123"), st.integers(0, 10**6), max_size=4),
    )
)
def test_a_summary_survives_the_wire(summary: wire.Summary) -> None:
    assert wire.summary_of(wire.body_of(wire.body_bytes(wire.summary_body(summary)))) == summary


@given(st.sets(st.integers(1, 400)))
def test_an_acknowledgement_covers_exactly_its_sequences(seqs: set[int]) -> None:
    told = wire.acknowledgement_of(wire.acknowledgement("s1", seqs))
    assert {seq for first, last in told.ranges for seq in range(first, last + 1)} == seqs
    assert all(b[0] - a[1] > 1 for a, b in zip(told.ranges, told.ranges[1:], strict=False))


def test_a_state_payload_is_flat_and_keeps_its_types() -> None:
    device = Device("sw-1", "Switch", Kind.SWITCH)
    good = wire.state_payload(device, wire.StateNow(Verdict.OK, 1.0, 2.0))
    bad = wire.state_payload(device, wire.StateNow(Verdict.CRITICAL, 3.5, 4.25, "link_down"))
    assert {key: type(item) for key, item in good.items()} == {key: type(item) for key, item in bad.items()}
    assert bad["ts"] == 4250
    assert bad["level"] == 4
    assert "Time" not in bad


def test_birth_and_will_say_who_and_when() -> None:
    status = wire.status_of(wire.status_payload("online", "boot-1", "0.1.0", 1_780_000_000.5))
    assert (status.state, status.boot_id, status.version, status.ts) == ("online", "boot-1", "0.1.0", 1_780_000_000_500)
