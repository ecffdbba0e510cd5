"""What people ask for about incidents: decisions, steps ticked and unticked, also when the incident is over."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.agent.commands import carry_out
from gateway.core.device import Device, Park
from gateway.core.incident import ChangeKind, Incident
from gateway.core.reading import Reading
from gateway.core.runbook import ticked
from gateway.core.watch import Watch
from gateway.ports import Command


@pytest.fixture
def watch() -> Watch:
    """One device that does not answer."""
    watch = Watch("site", Park([Device("srv", "srv")]))
    for at in (0.0, 60.0, 120.0, 300.0):
        watch.see("srv", [Reading("srv", "reach.up", float(at == 0.0), at)], at)
    assert len(watch.incidents) == 1
    return watch


def ask(watch: Watch, kind: str, past: Any = lambda _: None, **body: str) -> tuple[list[Any], str]:
    outcome, refusal = carry_out(
        watch, Command(1, kind, 400.0, "Karim", {"incident": number(watch), **body}), 400, past
    )
    return outcome.changes, refusal


def number(watch: Watch) -> str:
    return next(iter(watch.incidents), "gone")


def test_a_decision_says_what_who_and_until_when(watch: Watch) -> None:
    ((made,), refusal) = ask(watch, "decide", text="Changer le disque", whom="Nadia", day="2026-12-01")
    assert refusal == ""
    assert (made.kind, made.who, made.text) == (ChangeKind.DECIDED, "Karim", "Changer le disque")
    assert (made.whom, made.day) == ("Nadia", "2026-12-01")


@pytest.mark.parametrize(("body", "why"), [({"text": ""}, "words"), ({"text": "x", "day": "demain"}, "no day")])
def test_a_decision_without_words_or_with_a_day_that_is_none_is_refused(
    watch: Watch, body: dict[str, str], why: str
) -> None:
    changes, refusal = ask(watch, "decide", **body)
    assert changes == []
    assert why in refusal


def test_a_step_is_ticked_unticked_and_ticked_again(watch: Watch) -> None:
    step = "device_unreachable/look"
    kinds = [[one.kind for one in ask(watch, kind, text=step)[0]] for kind in ("untick", "tick", "tick", "untick")]
    assert kinds == [[], [ChangeKind.TICKED], [], [ChangeKind.UNTICKED]]
    assert ticked(watch.incidents[number(watch)]) == {}
    ask(watch, "tick", text=step)
    assert list(ticked(watch.incidents[number(watch)])) == [step]


def test_a_decision_about_an_incident_that_is_over_is_recorded_and_opens_nothing(watch: Watch) -> None:
    over: Incident = watch.incidents[number(watch)]
    empty = Watch("site", watch.park)
    (changes, refusal) = ask(empty, "decide", lambda _: over, text="Changer la prise")
    assert refusal == ""
    assert [one.kind for one in changes] == [ChangeKind.DECIDED]
    assert empty.incidents == {}
    assert "no open incident" in ask(empty, "tick", lambda _: over, text="x/y")[1]
