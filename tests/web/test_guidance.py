"""The incident's page tells what to do, who did it, what helped before and the whole story; the device's, what ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from site_example import NOW

from gateway.core.incident import Change, ChangeKind, Symptom, apply
from gateway.runbooks import shipped_runbooks
from web.common import Formats, Language
from web.common.guidance import checklist
from web.site.evidence import evidence
from web.site.facts import gather
from web.site.foresight import ends

FR = Formats(Language("fr"), ZoneInfo("Africa/Algiers"))
DEAD = "/incidents/7c1f03a9d2e4"


def test_without_an_account_the_steps_can_be_read_but_not_ticked(depot: Callable[..., Any]) -> None:
    text = depot().text(DEAD)
    assert "Regardez si l’appareil est allumé" in text
    assert "/tick" not in text
    assert "pour cocher ce qui est fait" in text


def test_who_is_signed_in_ticks_a_step_with_one_button(depot: Callable[..., Any]) -> None:
    page = depot()
    page.sign_in()
    assert 'name="text" value="device_unreachable/look"' in page.text(DEAD)
    answer = page.post(f"{DEAD}/tick", text="device_unreachable/look")
    assert (answer.status_code, answer.location) == (303, f"{DEAD}?done=tick")
    (command,) = page.example.submitted
    assert (command.kind, command.who) == ("tick", "Karim Benali")
    assert command.body == {"incident": "7c1f03a9d2e4", "text": "device_unreachable/look"}
    assert "C’est noté : cette étape est faite." in page.text(answer.location)


@pytest.mark.parametrize("step", ["", "device_unreachable/dance", "look"])
def test_a_step_that_is_in_no_runbook_cannot_be_ticked(depot: Callable[..., Any], step: str) -> None:
    page = depot()
    page.sign_in()
    assert page.post(f"{DEAD}/tick", text=step).status_code == 400
    assert page.example.submitted == []


def test_a_tick_needs_an_account(depot: Callable[..., Any]) -> None:
    page = depot()
    answer = page.post(f"{DEAD}/tick", text="device_unreachable/look")
    assert answer.status_code in (303, 401)
    assert page.example.submitted == []


def test_ticks_are_shown_with_who_and_under_a_revised_cause_too(depot: Callable[..., Any]) -> None:
    incident = gather(depot().example.sources(), NOW).open[0]
    for step in ("device_unreachable/power", "power_lost/breaker"):
        incident = apply(incident, Change(incident.id, ChangeKind.TICKED, NOW, NOW, "Samira", step))
    found = checklist(incident, shipped_runbooks(), FR, lambda who: f"<{who}>")
    assert (found.done, found.count) == (1, 7)
    assert [(row.key, row.who, row.at) for row in found.technician if row.at] == [
        ("device_unreachable/power", "<Samira>", NOW)
    ]
    assert [row.key for row in found.earlier] == ["power_lost/breaker"]


def test_what_helped_before_is_told_with_its_cases(depot: Callable[..., Any]) -> None:
    text = depot().text(DEAD)
    assert "Bloc d’alimentation remplacé" in text
    assert "2 fois sur 3 cas" in text
    assert 'href="/incidents/aa01"' in text
    assert "La même panne, 3 fois déjà en 180 jours." in text


def test_the_whole_story_keeps_facts_deductions_and_people_apart(depot: Callable[..., Any]) -> None:
    text = depot().text(DEAD)
    places = [text.index(f'muted">{word}</h3>') for word in ("Mesuré", "Déduit", "Personnes", "Décision")]
    assert places == sorted(places)
    assert places[2] < text.index("Prise en charge : Karim Benali, à 09:53")


def test_the_page_of_an_incident_has_its_own_qr_code(depot: Callable[..., Any]) -> None:
    assert 'aria-label="QR : http://192.168.10.5/incidents/7c1f03a9d2e4"' in depot().text(DEAD)


def test_ends_are_dates_with_interval_and_reason(depot: Callable[..., Any]) -> None:
    text = depot().text("/devices/srv-1")
    assert "Disque plein (/data)" in text
    assert "2 janvier 2027" in text
    assert "entre le 25 décembre 2026 et le 16 janvier 2027 · au rythme mesuré" in text
    box = depot().text("/box", "ar")
    assert "امتلاء القرص" in box
    assert "2 جانفي 2027" in box


def test_an_end_within_what_criticality_needs_is_marked(depot: Callable[..., Any]) -> None:
    facts = gather(depot().example.sources(), NOW)
    assert [(one.device, one.soon) for one in ends(facts, FR)] == [("srv-1", False), ("ups-1", True), ("srv-1", False)]


def test_forecasts_of_a_newer_version_are_passed_over(depot: Callable[..., Any]) -> None:
    facts = gather(depot().example.sources(), NOW)
    rows = [
        {"what": "roof_leaking", "at": NOW},
        {"device": "srv-1", "what": "disk_full", "at": NOW, "reasons": ["moon"]},
    ]
    newer = replace(facts, status={**facts.status, "forecasts": rows})
    assert [(one.what, one.why) for one in ends(newer, FR)] == [("Disque plein", "")]


def test_programs_get_one_line_for_a_screen_of_lights(depot: Callable[..., Any]) -> None:
    first = depot().client.get("/api/v1/incidents").json["incidents"][0]
    assert first["line"] == {
        "fr": "P1 Dépôt de Rouiba: Serveur de caisse ne répond plus, depuis 09:42, arrêté : Caisse et facturation, "
        "Karim Benali s’en occupe",
        "ar": "P1 Dépôt de Rouiba: Serveur de caisse لا يستجيب، منذ 09:42، متوقف: Caisse et facturation، "
        "المتكفّل: Karim Benali",
        "en": "P1 Dépôt de Rouiba: Serveur de caisse no longer answers, since 09:42, stopped: Caisse et facturation, "
        "Karim Benali is on it",
    }


def test_a_ticked_step_can_be_unticked_and_both_stay_in_the_story(depot: Callable[..., Any]) -> None:
    page = depot()
    page.sign_in()
    assert page.post(f"{DEAD}/untick", text="device_unreachable/look").location == f"{DEAD}?done=untick"
    assert page.example.submitted[0].kind == "untick"
    incident = gather(page.example.sources(), NOW).open[0]
    for kind in (ChangeKind.TICKED, ChangeKind.UNTICKED):
        incident = apply(incident, Change(incident.id, kind, NOW, NOW, "Samira", "device_unreachable/look"))
    assert checklist(incident, shipped_runbooks(), FR, str).done == 0
    assert [one.kind for one in incident.story[-2:]] == [ChangeKind.TICKED, ChangeKind.UNTICKED]


def test_a_decision_is_recorded_with_who_does_it_and_until_when(depot: Callable[..., Any]) -> None:
    page = depot()
    assert "/decide" not in page.text(DEAD)
    page.sign_in()
    assert "/decide" in page.text(DEAD)
    answer = page.post(f"{DEAD}/decide", text="Changer la prise", whom="Nadia", day="2026-12-01")
    assert answer.location == f"{DEAD}?done=decide"
    (command,) = page.example.submitted
    assert command.body == {
        "incident": "7c1f03a9d2e4", "text": "Changer la prise", "whom": "Nadia", "day": "2026-12-01"
    }  # fmt: skip
    assert page.post(f"{DEAD}/decide", text=" ", whom="Nadia").status_code == 400


def test_the_incident_names_its_readings_and_rules(depot: Callable[..., Any]) -> None:
    page = depot()
    incident = gather(page.example.sources(), NOW).open[0]
    shown = [Symptom("srv-1", "system.filesystem.utilization", "/", "filesystem", 0.92), Symptom("srv-1", "reach.up")]
    rows = evidence(replace(incident, symptoms=tuple(shown)), page.example.sources().park(), FR)
    text = rows[0].what.replace("\u2068", "").replace("\u2069", "") + "|" + rows[0].rule
    assert "92" in text
    assert "filesystem" in text
    assert "≥ 90" in text
    assert rows[1].rule == ""
    assert "Mesures et règles" in page.text(DEAD)
