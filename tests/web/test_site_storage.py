"""The technician's page tells what room readings have left, and what is damaged."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from site_example import NOW, Example

from gateway.clock import FakeClock
from gateway.core.device import Site
from gateway.settings import Settings
from web.site.app import create_app


def test_room_for_readings_and_damage_are_on_the_page(tmp_path: Path) -> None:
    storage = {
        "readings": {"used": 100e6, "most": 1e9},
        "faults": ["vigie.db: 2 damaged row(s) in change"],
        "rebuilt": [{"name": "samples.db", "at": NOW - 60, "kept_as": "samples.db.damaged-1"}],
    }
    example = Example("ok")
    sources = replace(example.sources(), status=lambda: {**(example.status() or {}), "storage": storage})
    settings = Settings(Site("rouiba", "Dépôt de Rouiba"), tmp_path, tmp_path / "inventory.json")
    html = create_app(settings, FakeClock(NOW), sources, secret_key=b"k" * 32).test_client().get("/box").text
    text = re.sub(r"[\s\u2066-\u2069]+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))
    assert re.search(r"samples\.db : 900 Mo libres sur 1 Go", text)
    assert "vigie.db: 2 damaged row(s) in change" in text
    assert "10:19 samples.db → samples.db.damaged-1" in text


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("fr", "n° 12 : entre 13/11 10:20 et 13/11 19:56"),
        ("en", "no. 12: between 13/11 10:20 and 13/11 19:56"),
        ("ar", "رقم 12: بين 13/11 10:20 و13/11 19:56"),
    ],
)
def test_starts_whose_time_was_never_known_are_told_with_their_bounds(
    language: str, sentence: str, tmp_path: Path
) -> None:
    settings = Settings(Site("rouiba", "Dépôt de Rouiba"), tmp_path, tmp_path / "inventory.json")
    client = create_app(settings, FakeClock(NOW), Example("ok").sources(), secret_key=b"k" * 32).test_client()
    client.set_cookie("lang", language)
    html = client.get("/box").text
    text = re.sub(r"[\s\u2066-\u2069]+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))
    assert sentence in text, text
