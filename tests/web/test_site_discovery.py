"""The technician's page on what a sweep found and on replaced machines."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.core.device import Site
from gateway.settings import Settings
from web.site.app import create_app
from web.site.example import NOW, Example

ROW = {
    "address": "192.168.1.44",
    "device": {"id": "prn-2", "name": "<b>imprimante</b>", "kind": "printer"},
    "because": ["kind: open port 9100", "open ports: 80, 9100"],
}


def page(folder: Path, told: dict[str, Any], language: str = "fr") -> str:
    example = Example("ok")
    sources = replace(example.sources(), status=lambda: {**(example.status() or {}), **told})
    settings = Settings(Site("rouiba", "Dépôt de Rouiba"), folder, folder / "inventory.json")
    client = create_app(settings, FakeClock(NOW), sources, secret_key=b"k" * 32).test_client()
    client.set_cookie("lang", language)
    return client.get("/box").text


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def sweep(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"discovery": {"at": NOW - 60, "networks": ["192.168.1.0/24"], "asked": 254, "found": list(rows)}}


def test_what_is_new_is_shown_with_its_reason_and_what_to_do(tmp_path: Path) -> None:
    html = page(tmp_path, sweep(ROW))
    assert "Découverte" in words(html)
    assert "192.168.1.44" in html
    assert "kind: open port 9100 · open ports: 80, 9100" in words(html)
    assert "vigie discover 192.168.1.0/24 --toml" in html


def test_name_of_a_stranger_is_text_and_nothing_else(tmp_path: Path) -> None:
    html = page(tmp_path, sweep(ROW))
    assert "<b>imprimante" not in html
    assert "&lt;b&gt;imprimante" in html


def test_sweep_that_found_nothing_says_so_and_without_a_sweep_nothing_is_said(tmp_path: Path) -> None:
    assert "Rien de nouveau sur le réseau." in words(page(tmp_path, sweep()))
    assert "Découverte" not in page(tmp_path, {"discovery": None, "replaced": []})


@pytest.mark.parametrize(
    ("language", "said"),
    [("fr", "un autre numéro de série répond"), ("en", "another serial number answers"), ("ar", "يجيب رقم تسلسلي آخر")],
)
def test_replaced_machine_is_told_with_its_serial(tmp_path: Path, language: str, said: str) -> None:
    told = {"replaced": [{"device": "ups-1", "serial": "QS999", "instead_of": "AS1"}]}
    html = page(tmp_path, told, language)
    assert said in words(html)
    assert "QS999" in html
