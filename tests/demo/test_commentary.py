"""What the demo prints: every event once, in the order in which it happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.main.rig.commentary import Findings, Truth
from gateway.simulate import scenario
from gateway.simulate.agents import Login
from gateway.simulate.depot import Access, Depot, Places


@pytest.fixture
def said() -> list[tuple[str, str]]:
    return []


def incident(identity: str = "a", **more: Any) -> dict[str, Any]:
    known = {
        "id": identity,
        "cause": "power_lost",
        "root_device": "ups-1",
        "severity": "P2",
        "symptoms": [{"device": "ups-1"}, {"device": "sw-2"}],
        "restored_at": None,
        "merged_into": None,
        "title": {"en": "The power is cut"},
    }
    return known | more


def test_incident_is_told_when_it_opens_and_when_it_is_over(said: list[tuple[str, str]]) -> None:
    findings = Findings(lambda who, text: said.append((who, text)))
    findings.step([])
    findings.step([incident(symptoms=[])])
    findings.step([incident()])  # one more symptom is no news
    findings.step([incident(restored_at="2026-01-01T00:00:00Z")])
    findings.step([incident(restored_at="2026-01-01T00:00:00Z")])
    assert said == [
        ("vigie", "incident: P2 The power is cut (power_lost ups-1)"),
        ("vigie", "over: P2 The power is cut (power_lost ups-1 and explains 1 more)"),
    ]


def test_better_explanation_and_merged_incident_are_told(said: list[tuple[str, str]]) -> None:
    findings = Findings(lambda who, text: said.append((who, text)))
    findings.step([incident(cause="device_unreachable", root_device="sw-2", title={})])
    findings.step([incident()])
    findings.step([incident(), incident("b", merged_into="a")])
    assert [text.partition(":")[0] for _, text in said] == ["incident", "explained anew", "explained by another"]
    assert said[0][1] == "incident: P2 sw-2 (device_unreachable sw-2 and explains 1 more)"


def test_faults_are_told_when_they_begin_and_end_in_every_round(said: list[tuple[str, str]], tmp_path: Path) -> None:
    clock = FakeClock()
    access = Access("public", Login("u", "authentication", "confidential"))
    depot = Depot(scenario.load(scenario.shipped()), clock, Places({}, {}), access, tmp_path, speed=2.0)
    truth = Truth(depot, lambda who, text: said.append((who, text)))
    for _ in range(620):
        truth.step()
        clock.advance(0.5)
    assert [text for _, text in said] == [
        "the mains fail (for 38 s)",
        "over: the mains fail",
        "the switch of the workshop dies (for 38 s)",
        "over: the switch of the workshop dies",
        "the NAS fills up (for 60 s)",
        "over: the NAS fills up",
    ]
