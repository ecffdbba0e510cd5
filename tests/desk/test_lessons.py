"""Headquarters' page of an incident: steps done, what helped before, the report and its thirty-second form."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

from gateway.core.cost import IncidentCost
from gateway.core.incident import Cause, Change, ChangeKind, Incident, Symptom, fold
from gateway.core.runbook import Audience, Step, by_cause, merged
from gateway.runbooks import shipped_runbooks
from web.common.formats import Formats
from web.common.language import Language
from web.desk.facts import SiteFacts
from web.desk.lessons import lessons

FR = Formats(Language("fr"), ZoneInfo("Africa/Algiers"))
NOW = 1_795_339_208.0
DAY = 86_400.0


UNKNOWN = IncidentCost("", 0, known=False, told=False)


def failure(days_ago: float, *, note: str = "") -> Incident:
    at, name = NOW - days_ago * DAY, f"down-{days_ago}"
    symptom = Symptom("rtr-1", "reach.up")
    changes = [
        Change(
            name, ChangeKind.OPENED, at, at + 60, cause=Cause.DEVICE_UNREACHABLE, root_device="rtr-1",
            root_metric="reach.up", priority="P2", symptoms=(symptom,),
        )
    ]  # fmt: skip
    if note:
        changes.append(Change(name, ChangeKind.NOTE, at + 600, at + 600, "Nadia", note))
        changes.append(Change(name, ChangeKind.RESTORED, at + 1800, at + 1800))
    return fold(changes)[name]


def site(*incidents: Incident) -> SiteFacts:
    return SiteFacts("oran", "Oran", incidents=incidents)


def test_what_ended_three_like_incidents_is_proposed() -> None:
    now = failure(0.02)
    past = [failure(days, note="Carte SIM remise en place") for days in (10, 20, 30)]
    found = lessons(site(now, *past), now, FR, NOW)
    assert [(one.text, len(one.cases)) for one in found["tried"]] == [("Carte SIM remise en place", 3)]
    assert len(found["again"]) == 3


def test_two_like_incidents_are_counted_but_propose_nothing() -> None:
    now = failure(0.02)
    found = lessons(site(now, *(failure(days, note="Câble") for days in (10, 20))), now, FR, NOW)
    assert found["tried"] == []
    assert len(found["again"]) == 2


def test_ticks_from_the_depot_are_shown_with_who() -> None:
    now = failure(0.02)
    tick = Change(now.id, ChangeKind.TICKED, NOW, NOW, "Karim", "device_unreachable/power")
    ticked = fold([*now.story, tick])[now.id]
    found = lessons(site(ticked), ticked, FR, NOW)
    assert found["runbook"].done == 1


def test_the_owner_reads_it_in_thirty_seconds() -> None:
    now = failure(0.02)
    brief = lessons(site(now), now, FR, NOW)["tell"](UNKNOWN).brief
    assert brief.startswith("Oran : rtr-1 ne répond plus.")
    assert "Personne ne s’en occupe encore" in brief
    assert len(brief.split()) <= 75


def test_a_site_without_an_inventory_is_told_too() -> None:
    now = replace(failure(0.02), root_device=None)
    assert lessons(site(now), now, FR, NOW)["tell"](UNKNOWN).report


def test_what_was_told_of_its_cost_is_in_the_report() -> None:
    now = failure(0.02)
    told = lessons(site(now), now, FR, NOW)["tell"](IncidentCost(now.id, 1_250_000, known=True, told=True))
    assert "Coût estimé : 12\u202f500\u00a0DZD." in dict(told.report)["Mesuré"]


def test_a_sites_own_step_is_shown_at_headquarters_too() -> None:
    now = failure(0.02)
    own = by_cause([Step("device_unreachable", "key", Audience.ANYONE, {"fr": "La clé est chez Karim."})])
    at = replace(site(now), runbooks=merged(shipped_runbooks(), own))
    found = lessons(at, now, FR, NOW)
    assert "La clé est chez Karim." in [row.text for row in found["runbook"].anyone]
