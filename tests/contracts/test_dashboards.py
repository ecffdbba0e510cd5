"""The examples for Telegraf, Grafana and Home Assistant, read from the files that people copy, on what a box sends."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import msgspec
import paho.mqtt.client as paho
import pytest
import yaml
from paho.mqtt.enums import CallbackAPIVersion

from gateway import wire
from gateway.clock import SystemClock
from gateway.core.device import Criticality, Device, Kind
from gateway.core.incident import Verdict
from gateway.settings.tls import tls_context
from gateway.store.memory import MemoryOutbox
from gateway.uplink.mqtt import MqttUplink
from gateway.uplink.sender import Sender

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "operate" / "dashboards.md").read_text(encoding="utf-8")
TELEGRAF = tomllib.loads((DOCS / "examples" / "telegraf.conf").read_text(encoding="utf-8"))
GRAFANA = msgspec.json.decode((DOCS / "examples" / "grafana-dashboard.json").read_bytes())
HOME_ASSISTANT = yaml.safe_load((DOCS / "examples" / "home-assistant.yaml").read_text(encoding="utf-8"))
NAMES = wire.Names("sarl-amel", "rouiba")
SWITCH = Device("sw-1", "Switch", Kind.SWITCH, criticality=Criticality.CRITICAL)
STATE = wire.state_payload(SWITCH, wire.StateNow(Verdict.OK, 1780300800.0, 1780304400.0))
TOPIC = NAMES.topic("state", "sw-1")


def state(verdict: Verdict) -> bytes:
    return msgspec.json.encode(wire.state_payload(SWITCH, wire.StateNow(verdict, 1.5, 2.5, "link_down")))


@dataclass
class Point:
    """What a database gets from Telegraf."""

    measurement: str
    at: float
    tags: dict[str, str] = field(default_factory=dict)
    fields: dict[str, object] = field(default_factory=dict)


def at_path(document: Any, path: str) -> Any:
    """A path of GJSON without modifiers: keys, and places in lists, divided by full stops. KeyError without a match,
    which Telegraf logs as an error, dropping the message."""
    for key in path.split("."):
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


def converted(value: object, wanted: str) -> object:
    """As json_v2 converts a field; ValueError where it would drop the message."""
    makers = {"int": int, "uint": int, "float": float, "string": str}
    return makers[wanted](value) if wanted in makers else value  # type: ignore[operator]


def telegraf(topic: str, payload: bytes) -> list[Point]:
    """What `inputs.mqtt_consumer` with `json_v2` and `topic_parsing` makes of one message with our configuration."""
    points = []
    for consumer in TELEGRAF["inputs"]["mqtt_consumer"]:
        if not any(re.fullmatch(wanted.replace("+", "[^/]+"), topic) for wanted in consumer["topics"]):
            continue
        assert consumer["data_format"] == "json_v2"
        for parser in consumer["json_v2"]:
            document = msgspec.json.decode(payload)
            assert parser["timestamp_format"] == "unix_ms"
            point = Point(parser["measurement_name"], int(at_path(document, parser["timestamp_path"])) / 1000)
            for tag in parser["tag"]:
                point.tags[tag.get("rename", tag["path"])] = str(at_path(document, tag["path"]))
            for one in parser["field"]:
                point.fields[one.get("rename", one["path"])] = converted(at_path(document, one["path"]), one["type"])
            for parsing in consumer["topic_parsing"]:
                point.tags |= topic_tags(parsing, topic)
            points.append(point)
    return points


def topic_tags(parsing: dict[str, str], topic: str) -> dict[str, str]:
    """Levels of a topic that become tags; Telegraf refuses to start if the lists differ in length."""
    names, levels = parsing["tags"].split("/"), parsing["topic"].split("/")
    assert len(names) == len(levels)
    return {name: level for name, level in zip(names, topic.split("/"), strict=True) if name != "_"}


class Frame:
    """How Grafana's MQTT data source makes columns: one per key of the outermost object, `Time` is its own; the first
    value decides the type, and values of another type are dropped."""

    def __init__(self) -> None:
        self.columns: dict[str, list[object]] = {"Time": []}
        self.dropped: list[str] = []

    def take(self, payload: bytes, arrived: float) -> None:
        for key, value in msgspec.json.decode(payload).items():
            kind = float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)
            column = self.columns.setdefault(key, [])
            if key == "Time" or kind not in (float, str, bool) or (column and not isinstance(column[0], kind)):
                self.dropped.append(key)
                continue
            column.append(float(value) if kind is float else value)
        self.columns["Time"].append(arrived)


def test_the_example_payload_is_the_real_one() -> None:
    found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    assert msgspec.json.decode(found[1].encode()) == STATE


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_state_is_flat_with_the_same_keys_and_types_whatever_it_says(verdict: Verdict) -> None:
    told = msgspec.json.decode(state(verdict))
    assert {key: type(value) for key, value in told.items()} == {key: type(value) for key, value in STATE.items()}
    assert "Time" not in told, "Grafana would take it for the time"


@pytest.mark.parametrize("verdict", list(Verdict))
def test_telegraf_makes_one_point_of_every_state(verdict: Verdict) -> None:
    (point,) = telegraf(TOPIC, state(verdict))
    assert point == Point(
        "vigie",
        2.5,
        {"organisation": "sarl-amel", "site": "rouiba", "device": "sw-1", "name": "Switch", "criticality": "critical"},
        {"level": verdict.rank, "verdict": verdict.value, "cause": "link_down"},
    )


def test_telegraf_leaves_everything_else_alone() -> None:
    assert telegraf(NAMES.topic("status"), wire.status_payload("online", "b", "1", 1.0)) == []
    assert telegraf(NAMES.topic("evt"), b"\x78\xda") == []


def test_a_state_without_a_key_of_the_example_would_be_noticed() -> None:
    """The parser of this test is no rubber stamp."""
    with pytest.raises(KeyError):
        telegraf(TOPIC, b'{"device": "sw-1", "ts": 1}')


def test_grafana_gets_a_column_of_one_type_for_every_key() -> None:
    frame = Frame()
    for n, verdict in enumerate(Verdict):
        frame.take(state(verdict), float(n))
    assert frame.dropped == []
    assert all(len(column) == len(Verdict) for column in frame.columns.values())
    assert frame.columns["level"] == [float(verdict.rank) for verdict in Verdict]


def test_grafanas_panels_show_a_column_that_is_there_with_a_word_for_every_level() -> None:
    frame = Frame()
    frame.take(state(Verdict.OK), 1.0)
    for panel in GRAFANA["panels"]:
        (target,) = panel["targets"]
        assert target["topic"] == NAMES.topic("state", panel["title"])
        assert panel["datasource"]["type"] == "grafana-mqtt-datasource"
        shown = panel["options"]["reduceOptions"]["fields"].strip("/")
        assert [key for key in frame.columns if re.search(shown, key)] == ["level"]
        (mapping,) = panel["fieldConfig"]["defaults"]["mappings"]
        words = {int(level): meant["text"] for level, meant in mapping["options"].items()}
        assert words == {verdict.rank: verdict.value for verdict in Verdict}


@pytest.mark.parametrize("verdict", list(Verdict))
def test_home_assistant_finds_its_topics_and_keys(verdict: Verdict) -> None:
    (sensor,) = HOME_ASSISTANT["mqtt"]["binary_sensor"]
    assert sensor["state_topic"] == TOPIC == sensor["json_attributes_topic"]
    assert sensor["availability_topic"] == NAMES.topic("status")
    strict = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
    template = strict.from_string(sensor["value_template"])
    shown = {Verdict.UNKNOWN: "None", Verdict.WARNING: "ON", Verdict.CRITICAL: "ON"}
    assert template.render(value_json=msgspec.json.decode(state(verdict))) == shown.get(verdict, "OFF")
    status = msgspec.json.decode(wire.status_payload("online", "b", "1", 1.0))
    assert strict.from_string(sensor["availability_template"]).render(value_json=status) == "online"


@pytest.mark.integration
def test_what_telegraf_and_grafana_subscribe_to_arrives_from_a_real_broker(mosquitto: Any, eventually: Any) -> None:
    """The depot of the examples, renamed to what this broker lets in."""
    names, seen = wire.Names("org", "rouiba"), list[tuple[str, bytes]]()
    reader = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv311)  # as both of them speak
    reader.tls_set_context(tls_context(mosquitto.settings("desk")))
    reader.on_message = lambda _c, _d, message: seen.append((message.topic, message.payload))
    reader.connect("127.0.0.1", mosquitto.port)
    reader.subscribe(TELEGRAF["inputs"]["mqtt_consumer"][0]["topics"][0].replace("v1/+", "v1/org"), 1)
    reader.loop_start()
    clock = SystemClock()
    sender = Sender(MemoryOutbox(), MqttUplink(mosquitto.settings("rouiba"), names, clock), clock, names)
    sender.start()
    for verdict in Verdict:
        sender.set_states({"sw-1": wire.state_payload(SWITCH, wire.StateNow(verdict, 1.5, 2.5))})
        eventually(
            lambda verdict=verdict: sender.step() or (seen and verdict.value.encode() in seen[-1][1]), f"{verdict}"
        )
    sender.close()
    reader.disconnect()
    reader.loop_stop()
    frame = Frame()
    for topic, payload in seen:
        (point,) = telegraf(topic, payload)
        assert point.tags["site"] == "rouiba"
        frame.take(payload, point.at)
    assert frame.columns["verdict"] == [verdict.value for verdict in Verdict]
