"""What replay tells of an incident beyond its clocks: recurrence, proposals with evidence, the report."""

from __future__ import annotations

from gateway.core.device import Device, Kind, Park
from gateway.core.incident import Cause, Change, ChangeKind, Incident, Symptom, fold
from gateway.core.narrative import Context
from gateway.main.lessons import lessons
from gateway.runbooks import shipped_runbooks

DAY, NOW = 86_400.0, 1_795_000_000.0
PARK = Park([Device("sw-1", "Switch quai", Kind.SWITCH)])


def incident(days_ago: float, kind: ChangeKind, text: str) -> Incident:
    at, name = NOW - days_ago * DAY, f"i{days_ago}"
    changes = [
        Change(
            name,
            ChangeKind.OPENED,
            at,
            at,
            cause=Cause.LINK_DOWN,
            root_device="sw-1",
            root_metric="hw.network.up",
            priority="P3",
            symptoms=(Symptom("sw-1", "hw.network.up"),),
        ),
        Change(name, kind, at + 60, at + 60, "Karim", text),
        Change(name, ChangeKind.RESTORED, at + 600, at + 600),
    ]
    return fold(changes)[name]


def told(kind: ChangeKind, text: str) -> dict[str, object]:
    every = [incident(days, kind, text) for days in (40, 30, 20, 10)]
    return lessons(every[-1], every, Context(PARK, NOW, "Oran"), shipped_runbooks())


def test_a_fourth_failure_names_the_third_and_what_ended_the_three() -> None:
    found = told(ChangeKind.NOTE, "Câble remplacé")
    assert found["recurrence_of"] == "i20"
    assert found["proposals"] == [
        {
            "action": "Câble remplacé",
            "evidence": "3 fois sur 3 cas ; durée habituelle : 10 minutes ; "
            "la dernière fois le 29 octobre 2026 ; même appareil : 3",
        }
    ]
    assert set(found["narrative"]) == {"fr", "ar", "en"}  # type: ignore[call-overload]


def test_a_step_that_helped_is_told_in_words() -> None:
    (proposal,) = told(ChangeKind.TICKED, "link_down/swap")["proposals"]  # type: ignore[misc]
    assert proposal["action"].startswith("Remplacer le câble")


def test_a_first_failure_has_neither() -> None:
    only = incident(10, ChangeKind.NOTE, "Câble remplacé")
    found = lessons(only, [only], Context(PARK, NOW, "Oran"), shipped_runbooks())
    assert (found["recurrence_of"], found["proposals"]) == (None, [])
