"""`docs/reference/asyncapi.yaml` describes what is really sent, and would notice if it were not."""

from __future__ import annotations

import re
import zlib
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

from gateway import wire
from gateway.clock import FakeClock, stamp
from gateway.core.device import Cost, Criticality, Device, Kind, Park, Service, Site, Support, SupportModel
from gateway.core.incident import Change, ChangeKind, Symptom, Transition, Verdict
from gateway.core.retiming import Move, moves_body
from gateway.core.runbook import Audience, Step
from gateway.ports import Message
from gateway.settings import CalendarSettings, Target
from gateway.store.memory import MemoryOutbox
from gateway.uplink.memory import MemoryUplink
from gateway.uplink.sender import Sender
from gateway.wire.dictionary import NEWEST
from gateway.wire.home_assistant import announcements
from gateway.wire.statistics import Statistics, names_body, names_digest, statistics_body
from web.desk.ingest import LEVELS
from web.desk.orders import VALID_S

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "asyncapi.yaml"
DOCUMENT: dict[str, Any] = yaml.safe_load(PAGE.read_text(encoding="utf-8"))
DICTIONARY = PAGE.with_name("mqtt-dictionary.bin")
NAMES = wire.Names("org", "depot-oran", "0.1.0")
SWITCH = Device(
    "sw-1",
    "Switch",
    Kind.SWITCH,
    address="192.0.2.7",
    criticality=Criticality.CRITICAL,
    credential="snmp",
    support=Support(SupportModel.TPM, "Hexa", "C-1", "0555", date(2027, 1, 1)),
    cost=Cost(900.0, 12.5),
)
FACTS = wire.facts_body(
    [Transition("sw-1", "reach.up", "", Verdict.OK, Verdict.CRITICAL, 1.5, 2.25, 0.0, "device_unreachable")],
    [
        Change(
            "inc1",
            ChangeKind.OPENED,
            1.5,
            2.25,
            cause="device_unreachable",
            root_device="sw-1",
            root_metric="reach.up",
            priority="P1",
            value=0.0,
            symptoms=(Symptom("sw-1", "reach.up"),),
            services=("erp",),
        ),
        Change("inc1", ChangeKind.SILENCED, 3.0, 3.0, "Samir", "vu", until=99.0),
        *(Change("inc1", kind, 4.0, 4.0, into="inc2") for kind in ChangeKind),
    ],
)
SUMMARY = wire.summary_body(
    wire.Summary(5.0, {"ok": 3, "critical": 1}, {"sw-1": Verdict.CRITICAL}, "red fast", {"cpu": 51.5}, {"1": 2})
)
INVENTORY = wire.inventory_body(
    Site("depot-oran", "Dépôt d'Oran", "org"),
    Park([SWITCH], [Service("erp", "ERP", Criticality.IMPORTANT, ("sw-1",), always_on=True, business="Ventes")]),
    {Criticality.CRITICAL: Target(3600.0, None, 14400.0, 0.995)},
    CalendarSettings({"sun": ((480, 990),)}, "DZ"),
    ("Samir", "0555"),
)


INVENTORY["steps"] = wire.steps_body([Step("power_lost", "call", Audience.ANYONE, {"fr": "Appelez Karim."}, "breaker")])
FACTS["line"] = 2
FACTS["results"] = wire.results_body([wire.OrderResult("a" * 32, "note", 6.0, "refused: no", {"version": "1"})])
ORDER = wire.Order("a" * 32, "org", "depot-oran", "note", "Nadia", 5.0, 99.0, {"incident": "inc1", "text": "vu"})


def sent() -> list[tuple[str, bytes]]:
    """(topic, payload) of a sender that has told everything there is to tell."""
    clock, outbox, uplink = FakeClock(), MemoryOutbox(), MemoryUplink()
    sender = Sender(outbox, uplink, clock, NAMES)
    names = [("sw-1", "reach.duration", ""), ("sw-1", "reach.loss", "")]
    hour = Statistics(3600.0, names_digest(names), [0.25, None], [0.125, None], [None, None])
    told = [("evt", FACTS), ("summary", SUMMARY), ("rpt", INVENTORY), ("rpt", names_body(names))]
    told += [("summary", statistics_body(hour)), ("rpt", moves_body("b-1", [Move(1.5, 3600.0)]))]
    for kind, body in told:  # of an hour that is over: they go together
        outbox.put(Message(kind, 1, body), stamp(clock))
    clock.advance(2 * 3600)
    for kind, body in told:
        outbox.put(Message(kind, 1, body), stamp(clock))
    sender.announce(announcements(NAMES, [SWITCH]))
    sender.set_states({"sw-1": wire.state_payload(SWITCH, wire.StateNow(Verdict.CRITICAL, 1.5, 2.5, "link_down"))})
    sender.start()
    sender.step()
    sender.close()
    published = [(message.topic, message.payload) for message in uplink.history]
    acknowledged = wire.acknowledgement(outbox.stream, [1, 2, 3, 7], 7)
    return [
        *published,
        (NAMES.topic("ack", outbox.stream), acknowledged),
        (NAMES.topic("cmd", ORDER.id), wire.order_payload(wire.order_text(ORDER), "A" * 86)),
    ]


def check(schema: str, payload: object) -> None:
    """Holds a payload against a schema of the document."""
    wanted = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(wanted).validate(payload)


def schemas_of(topic: str) -> list[str]:
    """Names of the schemas that the channel with this topic allows."""
    for channel in DOCUMENT["channels"].values():
        if re.fullmatch(re.sub(r"\{[a-z]+\}", "[^/]+", channel["address"]), topic):
            messages = [reference["$ref"].rpartition("/")[2] for reference in channel["messages"].values()]
            found = [DOCUMENT["components"]["messages"][message]["payload"]["$ref"] for message in messages]
            return [reference.rpartition("/")[2] for reference in found]
    pytest.fail(f"no channel for {topic}")


def schema_of(topic: str, payload: bytes) -> str:
    """The one of them that a payload must be: told apart by its keys, as readers do."""
    found = schemas_of(topic)
    if len(found) == 1:
        return found[0]
    body = plain(payload)["body"]
    keys = {"hour": "statistics", "names": "names", "devices": "inventory", "moves": "moves", "at": "summary"}
    return keys[next(key for key in keys if key in body)]


def plain(payload: bytes) -> Any:
    """As a reader in another language would: with the dictionary that stands beside the document."""
    inflater = zlib.decompressobj(zdict=DICTIONARY.read_bytes())
    return msgspec.json.decode(inflater.decompress(payload) if payload[:1] == b"\x78" else payload)


@pytest.mark.parametrize(("topic", "payload"), sent(), ids=lambda part: part if isinstance(part, str) else "")
def test_what_is_sent_is_what_is_described(topic: str, payload: bytes) -> None:
    check(schema_of(topic, payload), plain(payload))


def test_the_dictionary_beside_the_document_is_the_one_that_is_used() -> None:
    assert DICTIONARY.read_bytes() == NEWEST
    assert f"{zlib.adler32(NEWEST):08x}" in PAGE.with_name("mqtt.md").read_text()


def test_each_row_of_a_batch_is_described_as_the_message_that_it_is() -> None:
    (batch,) = (plain(payload) for topic, payload in sent() if topic == NAMES.topic("hist"))
    for seq, kind, written_at, boot_id, clock, body in batch["rows"]:
        shared = {key: batch[key] for key in ("v", "site", "stream", "sent_at")}
        single = {"seq": seq, "kind": kind, "written_at": written_at, "boot_id": boot_id, "clock": clock, "body": body}
        payload = msgspec.json.encode(shared | single)
        check(schema_of(NAMES.topic(kind), payload), plain(payload))
    assert len(batch["rows"]) == 6


def test_every_channel_is_used() -> None:
    used = {schema_of(topic, payload) for topic, payload in sent()}
    messages = DOCUMENT["components"]["messages"].values()
    assert used == {message["payload"]["$ref"].rpartition("/")[2] for message in messages}
    addresses = [channel["address"] for channel in DOCUMENT["channels"].values()]
    kinds = {address.split("/")[4] for address in addresses if address.startswith("vigie/v1/")}
    assert kinds == {*LEVELS, "state", "ack", "cmd"}, "what headquarters takes, and what it does not need"


def test_what_is_signed_is_described_too() -> None:
    check("order_text", msgspec.json.decode(wire.order_text(ORDER)))
    kinds = DOCUMENT["components"]["schemas"]["order_text"]["properties"]["kind"]["enum"]
    assert set(kinds) == set(VALID_S)


def test_the_schemas_are_schemas() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_the_words_are_those_of_the_core() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["verdict"]["enum"] == [*map(str, Verdict)]
    assert schemas["criticality"]["enum"] == [*map(str, Criticality)]
    assert schemas["change"]["properties"]["kind"]["enum"] == [*map(str, ChangeKind)]
    assert set(schemas["transition"]["properties"]) == set(Transition.__dataclass_fields__)
    assert set(schemas["change"]["properties"]) == set(Change.__dataclass_fields__)
    assert set(schemas["summary"]["properties"]["body"]["properties"]) == set(wire.Summary.__dataclass_fields__)


@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        ("instant", "2026-06-01T08:00:00Z"),
        ("state", {"device": "sw-1"}),
        ("status", {"state": "asleep", "boot_id": "b", "version": "1", "ts": 1}),
        ("acknowledgement", {"stream": "s1", "ranges": [[1]], "newest": 1}),
        ("facts", {"v": 1, "kind": "evt", "body": {}}),
        ("batch", {"v": 1, "site": "s", "stream": "s", "sent_at": "", "kind": "hist", "rows": [[1, "evt"]]}),
    ],
)
def test_a_wrong_payload_is_noticed(schema: str, payload: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        check(schema, payload)


def test_an_inventory_with_an_address_is_noticed() -> None:
    (payload,) = (plain(payload) for topic, payload in sent() if schema_of(topic, payload) == "inventory")
    payload["body"]["devices"][0]["address"] = "192.0.2.7"
    with pytest.raises(jsonschema.ValidationError):
        check("inventory", payload)
