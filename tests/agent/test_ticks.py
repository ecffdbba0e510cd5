"""A ticked step is kept with who and when, once."""

from __future__ import annotations

from gateway.agent.commands import carry_out
from gateway.core.device import Device, Park
from gateway.core.runbook import ticked
from gateway.core.watch import Watch
from gateway.ports import Command


def watch_with_a_report() -> tuple[Watch, str]:
    watch = Watch("depot", Park([Device("srv", "Serveur")]))
    watch.report("srv", "c'est lent", "Samira", 1.0)
    return watch, next(iter(watch.incidents))


def tick(incident: str, step: str, who: str = "Karim") -> Command:
    return Command(1, "tick", 2.0, who, {"incident": incident, "text": step})


def test_a_tick_is_kept_with_who_and_when_and_the_first_counts() -> None:
    watch, name = watch_with_a_report()
    outcome, refusal = carry_out(watch, tick(name, "reported/callback"), 5.0)
    again, _ = carry_out(watch, tick(name, "reported/callback", "Nadia"), 6.0)
    assert (len(outcome.changes), refusal, again.changes) == (1, "", [])
    assert [(one.who, one.at) for one in ticked(watch.incidents[name]).values()] == [("Karim", 5.0)]


def test_a_tick_without_a_step_or_of_no_open_incident_is_refused() -> None:
    watch, name = watch_with_a_report()
    assert carry_out(watch, tick(name, ""), 5.0)[1] == "refused: a tick names the step"
    assert carry_out(watch, tick("gone", "reported/close"), 5.0)[1] == "refused: no open incident 'gone'"
