"""Announcements of devices for Home Assistant (MQTT discovery): retained messages from which it makes an entity each.

Written from https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery and binary_sensor.mqtt: one message per
entity, which versions before 2024.12 read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from gateway.core.device import Device
from gateway.core.incident import Verdict
from gateway.wire.envelope import Names

_NO_WORD = re.compile(r"[^a-z0-9]+")
PREFIX = "homeassistant"
"""Where Home Assistant listens unless it is told otherwise."""
_PROBLEM, _UNKNOWN = Verdict.WARNING.rank, Verdict.UNKNOWN.rank
VALUE = f"{{{{ 'ON' if value_json.level >= {_PROBLEM} else 'None' if value_json.level == {_UNKNOWN} else 'OFF' }}}}"
"""``None`` is Home Assistant's word for "unknown": no data is neither a fault nor fine."""
AVAILABLE = "{{ 'online' if value_json.state == 'online' else 'offline' }}"


def announcement(names: Names, device: Device) -> tuple[str, dict[str, Any]]:
    """Topic and payload that announce one device: a binary sensor "problem", which is unavailable without a link."""
    node, entity = _id(names.site), _id(device.id)
    state, name = names.topic("state", device.id), f"vigie_{node}_{entity}"
    told = {
        "manufacturer": device.vendor,
        "model": device.model,
        "serial_number": device.serial,
        "sw_version": device.firmware,
    }
    payload = {
        "name": None,  # the entity is the device: it bears its name
        "unique_id": name,
        "default_entity_id": "binary_sensor." + _NO_WORD.sub("_", name),
        "device_class": "problem",
        "state_topic": state,
        "value_template": VALUE,
        "json_attributes_topic": state,
        "availability_topic": names.topic("status"),
        "availability_template": AVAILABLE,
        "qos": 1,
        "device": {"identifiers": [name], "name": device.name, **{key: value for key, value in told.items() if value}},
        "origin": {"name": "Vigie", "sw_version": names.version},
    }
    return f"{PREFIX}/binary_sensor/{node}/{entity}/config", payload


def announcements(names: Names, devices: Iterable[Device]) -> dict[str, dict[str, Any]]:
    """Payloads by topic for every device."""
    return dict(announcement(names, device) for device in devices)


def _id(text: str) -> str:
    """Letters, digits, ``_`` and ``-`` only, as Home Assistant wants them in a topic; different ids stay different."""
    return text.replace("_", "__").replace(".", "_-")
