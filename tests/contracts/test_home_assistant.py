"""Announcements are what Home Assistant's documentation of MQTT discovery asks for, and go and come with the switch."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import jsonschema
import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway import wire
from gateway.clock import SystemClock
from gateway.core.device import Device, Kind
from gateway.core.incident import Verdict
from gateway.settings.tls import tls_context
from gateway.store.db import open_database
from gateway.store.outbox import SqliteOutbox
from gateway.uplink.mqtt import MqttUplink
from gateway.uplink.sender import Sender
from gateway.wire.home_assistant import announcement, announcements

NAMES = wire.Names("org", "depot", "0.1.0")
SWITCH = Device("sw_1.a", "Switch R+1", Kind.SWITCH, vendor="HP", model="2530", serial="CN1", firmware="YA.16")
TOPIC, PAYLOAD = announcement(NAMES, SWITCH)

TEXT = {"type": "string", "minLength": 1}
SUBSCRIBED = {"type": "string", "pattern": "^[^#+]+$"}
DOCUMENTED = {
    "type": "object",
    "required": ["state_topic", "unique_id", "device"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": ["string", "null"]},
        "unique_id": TEXT,
        "default_entity_id": {"type": "string", "pattern": r"^binary_sensor\.(?!.*__)[a-z0-9][a-z0-9_]*[a-z0-9]$"},
        "device_class": {"enum": ["connectivity", "power", "problem", "running", "safety"]},
        "state_topic": SUBSCRIBED,
        "value_template": TEXT,
        "json_attributes_topic": SUBSCRIBED,
        "availability_topic": SUBSCRIBED,
        "availability_template": TEXT,
        "qos": {"enum": [0, 1, 2]},
        "device": {
            "type": "object",
            "required": ["identifiers"],
            "additionalProperties": False,  # Home Assistant refuses the whole message for an unknown key here
            "properties": {
                "identifiers": {"type": "array", "items": TEXT, "minItems": 1},
                **dict.fromkeys(("name", "manufacturer", "model", "serial_number", "sw_version", "hw_version"), TEXT),
            },
        },
        "origin": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": dict.fromkeys(("name", "sw_version", "support_url"), TEXT),
        },
    },
}

"""What the pages binary_sensor.mqtt and mqtt-discovery of home-assistant.io say of the keys that are sent."""


def rendered(template: str, payload: bytes) -> str:
    """As Home Assistant renders a template on a message of JSON."""
    return jinja2.Environment(autoescape=True).from_string(template).render(value_json=msgspec.json.decode(payload))


@pytest.mark.parametrize("device", [SWITCH, Device("gateway", "La passerelle")])
def test_an_announcement_is_what_the_documentation_asks_for(device: Device) -> None:
    topic, payload = announcement(NAMES, device)
    jsonschema.Draft202012Validator(DOCUMENTED).validate(payload)
    assert re.fullmatch(r"homeassistant/binary_sensor/[a-zA-Z0-9_-]+/[a-zA-Z0-9_-]+/config", topic)


def test_it_points_to_what_the_depot_really_sends() -> None:
    assert PAYLOAD["state_topic"] == PAYLOAD["json_attributes_topic"] == NAMES.topic("state", SWITCH.id)
    assert PAYLOAD["availability_topic"] == NAMES.topic("status")


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [
        (Verdict.OK, "OFF"),
        (Verdict.MAINTENANCE, "OFF"),
        (Verdict.WARNING, "ON"),
        (Verdict.CRITICAL, "ON"),
        (Verdict.UNKNOWN, "None"),
    ],
)
def test_a_problem_is_on_and_no_data_is_neither_on_nor_off(verdict: Verdict, shown: str) -> None:
    state = msgspec.json.encode(wire.state_payload(SWITCH, wire.StateNow(verdict, 1.0, 2.0)))
    assert rendered(PAYLOAD["value_template"], state) == shown


@pytest.mark.parametrize(("state", "shown"), [("online", "online"), ("offline", "offline"), ("lost", "offline")])
def test_without_a_link_a_device_is_unavailable_and_not_fine(state: str, shown: str) -> None:
    assert rendered(PAYLOAD["availability_template"], wire.status_payload(state, "b", "1", 1.0)) == shown


def test_different_devices_and_sites_never_share_a_topic_or_an_identity() -> None:
    ids = ["a.b", "a_b", "a-b", "a_.b", "a__b", "a_-b", "a-_b", "a..b", "a.-b"]
    made = [announcement(wire.Names("org", site), Device(name, name)) for site in ids for name in ids]
    assert len({topic for topic, _ in made}) == len({payload["unique_id"] for _, payload in made}) == len(ids) ** 2


class Watcher:
    """Somebody who connects later and sees what the broker has kept."""

    def __init__(self, mosquitto: Any) -> None:
        self.kept: dict[str, bytes] = {}
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self.client.tls_set_context(tls_context(mosquitto.settings("desk")))
        self.client.on_message = lambda _c, _d, message: self.kept.__setitem__(message.topic, message.payload)
        self.client.connect("127.0.0.1", mosquitto.port)
        self.client.subscribe([("homeassistant/#", 1), (NAMES.topic("state", "+"), 1)])
        self.client.loop_start()

    def there(self) -> set[str]:
        """Topics that hold something."""
        return {topic for topic, payload in self.kept.items() if payload}


@pytest.fixture
def watcher(mosquitto: Any) -> Iterator[Watcher]:
    watcher = Watcher(mosquitto)
    yield watcher
    watcher.client.disconnect()
    watcher.client.loop_stop()


@pytest.mark.integration
def test_a_broker_keeps_what_there_is_and_nothing_that_is_gone(
    mosquitto: Any, watcher: Watcher, tmp_path: Path, eventually: Any
) -> None:
    """Three runs of a box: switch on; one device removed meanwhile; switch off."""
    broker, clock = mosquitto.settings("depot"), SystemClock()

    def run(*names: str, switch: bool, expected: set[str]) -> None:
        devices = [Device(name, name) for name in names]
        database = open_database(tmp_path / "vigie.db")
        sender = Sender(SqliteOutbox(database), MqttUplink(broker, NAMES, clock), clock, NAMES)
        if switch:
            sender.announce(announcements(NAMES, devices))
        sender.start()
        now = wire.StateNow(Verdict.OK, 1.0, 2.0)
        sender.set_states({device.id: wire.state_payload(device, now) for device in devices})
        eventually(lambda: sender.step() or watcher.there() == expected, f"{expected}, not {watcher.there()}")
        remembered = SqliteOutbox(database)
        eventually(lambda: sender.step() or set(remembered.retained()) == expected, "the broker's confirmation")
        sender.close()
        database.close()

    states = {name: NAMES.topic("state", name) for name in ("sw-1", "sw-2")}
    configs = {name: f"homeassistant/binary_sensor/depot/{name}/config" for name in ("sw-1", "sw-2")}
    run("sw-1", "sw-2", switch=True, expected={*states.values(), *configs.values()})
    run("sw-2", switch=True, expected={states["sw-2"], configs["sw-2"]})
    run("sw-2", switch=False, expected={states["sw-2"]})
