"""The examples for Telegraf, Grafana and Home Assistant name only what `state/<device>` and `status` really carry."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from gateway import wire
from gateway.core.device import Criticality, Device, Kind
from gateway.core.incident import Verdict

PAGE = (Path(__file__).parents[2] / "docs" / "operate" / "dashboards.md").read_text(encoding="utf-8")
NAMES = wire.Names("sarl-amel", "rouiba")
SWITCH = Device("sw-1", "Switch", Kind.SWITCH, criticality=Criticality.CRITICAL)
STATE = wire.state_payload(SWITCH, wire.StateNow(Verdict.OK, 1780300800.0, 1780304400.0))


def example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_example_payload_is_the_real_one() -> None:
    assert msgspec.json.decode(example("json").encode()) == STATE


@pytest.mark.parametrize("verdict", list(Verdict))
def test_a_state_is_flat_with_the_same_keys_and_types_whatever_it_says(verdict: Verdict) -> None:
    told = wire.state_payload(SWITCH, wire.StateNow(verdict, 1.5, 2.5, "link_down"))
    assert {key: type(value) for key, value in told.items()} == {key: type(value) for key, value in STATE.items()}
    assert "Time" not in told, "Grafana would take it for the time"
    assert isinstance(told["ts"], int)


def test_telegraf_finds_every_path_with_the_type_it_expects() -> None:
    (consumer,) = tomllib.loads(example("toml"))["inputs"]["mqtt_consumer"]
    (parser,) = consumer["json_v2"]
    kinds = {"int": int, "string": str}
    assert parser["timestamp_path"] in STATE
    for tag in parser["tag"]:
        assert isinstance(STATE[tag["path"]], str)
    for field in parser["field"]:
        assert isinstance(STATE[field["path"]], kinds[field["type"]])
    (parsing,) = consumer["topic_parsing"]
    levels = NAMES.topic("state", "sw-1").split("/")
    assert len(parsing["tags"].split("/")) == len(levels)
    assert dict(zip(parsing["tags"].split("/"), levels, strict=True))["site"] == "rouiba"
    assert re.fullmatch(consumer["topics"][0].replace("+", "[^/]+"), "/".join(levels))


def test_home_assistant_finds_its_topics_and_keys() -> None:
    (sensor,) = yaml.safe_load(example("yaml"))["mqtt"]["binary_sensor"]
    assert sensor["state_topic"] == NAMES.topic("state", "sw-1") == sensor["json_attributes_topic"]
    assert sensor["availability_topic"] == NAMES.topic("status")
    status: dict[str, Any] = msgspec.json.decode(wire.status_payload("online", "b", "1", 1.0))
    for template, payload in ((sensor["value_template"], STATE), (sensor["availability_template"], status)):
        assert set(re.findall(r"value_json\.(\w+)", template)) <= payload.keys()
