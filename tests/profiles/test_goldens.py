"""Every profile has an own recording, and what is read of each recording is kept as a golden file.

`VIGIE_WRITE_GOLDENS=1 pytest tests/profiles/test_goldens.py` writes the goldens anew; look at the difference first.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from gateway.collect.snmp_ask import RecordedSession
from gateway.collect.snmp_poll import fetch, identify
from gateway.collect.snmp_read import Item, combine, understand
from gateway.collect.snmp_read import identify as identity_of
from gateway.core import units
from gateway.profiles.load import shipped
from gateway.profiles.model import Profile
from gateway.profiles.recording import parse

FOLDER = Path(__file__).parents[1] / "recordings"
RECORDINGS = sorted(FOLDER.glob("*.rec"))
PROFILES = shipped()


def _recorded(file: Path) -> RecordedSession:
    return RecordedSession(parse(file.read_text(encoding="utf-8"), name=file.name))


async def _read(file: Path) -> tuple[list[Profile], dict[str, Any]]:
    session = _recorded(file)
    known = await identify(session, PROFILES)
    fetched = await fetch(session, known)
    assert fetched.partial == ()
    identity = identity_of(known.profiles, fetched.answers)
    items = combine(understand(profile, fetched.answers) for profile in known.profiles)
    return known.profiles, {
        "device": {name: getattr(identity, name) for name in identity.__slots__},
        "profiles": [profile.id for profile in known.profiles],
        "readings": [_row(item) for item in items],
    }


def _row(item: Item) -> list[Any]:
    row = [item.metric, item.instance, item.value, item.severity or "", item.source]
    return [*row, item.label] if item.label else row


def _written(document: dict[str, Any]) -> str:
    head = json.dumps({"device": document["device"], "profiles": document["profiles"]}, ensure_ascii=False, indent=1)
    rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in document["readings"])
    return f'{head[:-2]},\n "readings": [\n  {rows}\n ]\n}}\n'


def _golden(file: Path) -> Path:
    return file.with_suffix(".json")


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_what_is_read_of_a_recording_is_what_the_golden_says(file: Path) -> None:
    _chosen, document = asyncio.run(_read(file))
    if os.environ.get("VIGIE_WRITE_GOLDENS"):
        _golden(file).write_text(_written(document), encoding="utf-8")
    assert json.loads(_golden(file).read_text(encoding="utf-8")) == document


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
async def test_readings_have_known_metrics_one_value_a_series_and_severities_with_states(file: Path) -> None:
    _chosen, document = await _read(file)
    series = [(metric, instance) for metric, instance, *_rest in document["readings"]]
    assert len(series) == len(set(series))
    for metric, _instance, value, severity, source, *_label in document["readings"]:
        kind = units.METRICS[metric].kind
        assert isinstance(value, str) == (kind == "state"), metric
        assert bool(severity) == (kind == "state"), metric
        assert source, metric


def test_every_profile_applies_to_an_own_recording() -> None:
    used = {profile.id for file in RECORDINGS for profile in asyncio.run(_read(file))[0]}
    assert {profile.id for profile in PROFILES} - used == set()
