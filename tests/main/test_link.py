"""What `site.toml` says of the link is what the agent is built with, down to the broker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.core.errors import InputError
from gateway.main.build import build_agent
from gateway.settings import parse
from gateway.settings.tls import tls_context

SITE = """
[site]
id = "depot"
organisation = "org"
[data]
path = "data"
runtime = "data"
[inventory]
path = "inventory.toml"
[detect]
enabled = false
[uplink]
url = "{url}"
ca = "{ca}"
cert = "{cert}"
key = "{key}"
"""
INVENTORY = '[[device]]\nid = "sw-1"\nname = "Switch"\nkind = "switch"\n'


def test_what_is_not_said_is_half_of_a_slow_line_and_no_announcement() -> None:
    uplink = parse('[site]\nid = "x"\n[uplink]\nurl = "mqtt://x"\n', Path("site.toml")).uplink
    assert uplink is not None
    assert (uplink.history_kbit_s, uplink.home_assistant) == (32, False)


@pytest.mark.parametrize("line", ["history_kbit_s = 3", "history_kbit_s = 1.5", 'home_assistant = "yes"'])
def test_what_cannot_be_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(f'[site]\nid = "x"\n[uplink]\nurl = "mqtt://x"\n{line}\n', Path("site.toml"))
    (fault,) = refused.value.faults
    assert str(fault).startswith("site.toml:5: ")


@pytest.mark.integration
def test_the_switch_announces_the_inventory_and_takes_it_back(mosquitto: Any, tmp_path: Path, eventually: Any) -> None:
    kept: dict[str, bytes] = {}
    watcher = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    watcher.tls_set_context(tls_context(mosquitto.settings("desk")))
    watcher.on_message = lambda _c, _d, message: kept.__setitem__(message.topic, message.payload)
    watcher.connect("127.0.0.1", mosquitto.port)
    watcher.subscribe("homeassistant/#", 1)
    watcher.loop_start()
    (tmp_path / "data").mkdir()
    (tmp_path / "inventory.toml").write_text(INVENTORY)
    way = mosquitto.settings("depot")
    text = SITE.format(url=way.url, ca=way.ca, cert=way.cert, key=way.key)
    topic = "homeassistant/binary_sensor/depot/sw-1/config"
    for switch, there in (("true", True), ("false", False)):
        parts = build_agent(parse(f"{text}home_assistant = {switch}\n", tmp_path / "site.toml"))
        assert parts.link is not None
        parts.link.start()
        parts.link.set_states({})
        eventually(lambda link=parts.link, there=there: link.step() or bool(kept.get(topic)) == there, f"{switch}")
        eventually(
            lambda parts=parts, there=there: parts.link.step() or bool(parts.outbox.retained()) == there, "confirmed"
        )
        parts.link.close()
        parts.close()
    watcher.disconnect()
    watcher.loop_stop()
