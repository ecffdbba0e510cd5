"""The technician's page tells what room readings have left, and what is damaged."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path

from gateway.clock import FakeClock
from gateway.core.device import Site
from gateway.settings import Settings
from web.site.app import create_app
from web.site.example import NOW, Example


def test_room_for_readings_and_damage_are_on_the_page(tmp_path: Path) -> None:
    storage = {"readings": {"used": 100e6, "most": 1e9}, "faults": ["vigie.db: 2 damaged row(s) in change"]}
    example = Example("ok")
    sources = replace(example.sources(), status=lambda: {**(example.status() or {}), "storage": storage})
    settings = Settings(Site("rouiba", "Dépôt de Rouiba"), tmp_path, tmp_path / "inventory.json")
    html = create_app(settings, FakeClock(NOW), sources, secret_key=b"k" * 32).test_client().get("/box").text
    text = re.sub(r"[\s\u2066-\u2069]+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))
    assert re.search(r"samples\.db : 900 Mo libres sur 1 Go", text)
    assert "vigie.db: 2 damaged row(s) in change" in text
