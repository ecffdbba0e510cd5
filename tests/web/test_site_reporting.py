"""A person's report on the depot's page: who may, what is kept, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

SLOW = "L’ERP est lent depuis ce matin"


def test_anybody_reports_in_plain_words_without_an_account(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    answer = page.post("/report", text=f"  {SLOW}\n", subject="", name="Samia", ticket="")
    assert (answer.status_code, answer.location) == (303, "/?done=report")
    [kept] = page.example.submitted
    assert (kept.kind, kept.who, kept.body) == ("report", "Samia", {"text": SLOW})
    assert "C’est signalé" in page.text(answer.location)


def test_a_report_names_what_it_is_about_and_the_providers_ticket(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    service = next(iter(page.example.sources().park().services))
    page.post("/report", text=SLOW, subject=service, ticket="AT-4711")
    assert page.example.submitted[0].body == {"text": f"{SLOW} · Ticket AT-4711", "subject": service}
    assert page.example.submitted[0].who == "page", "nobody has to say who they are"


def test_who_is_signed_in_reports_under_that_name(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    page.sign_in()
    page.post("/report", text=SLOW, name="Somebody else")
    assert page.example.submitted[0].who == "Karim Benali"


@pytest.mark.parametrize("fields", [{"text": " \n "}, {"text": SLOW, "subject": "no-such-thing"}])
def test_a_report_without_words_or_about_nothing_here_is_refused(
    depot: Callable[..., Any], fields: dict[str, str]
) -> None:
    page = depot("ok")
    answer = page.post("/report", **fields)
    assert answer.status_code == 400
    assert "Dites en quelques mots" in answer.text
    assert page.example.submitted == []


def test_the_fourth_report_at_once_is_refused_with_the_number_to_call_and_what_was_written(
    depot: Callable[..., Any],
) -> None:
    page = depot("ok")
    codes = [page.post("/report", text=SLOW).status_code for _ in range(4)]
    assert codes == [303, 303, 303, 429]
    refused = page.post("/report", text=SLOW).text
    assert "Trop de signalements" in refused
    assert "tel:021000000" in refused
    assert SLOW in refused
    page.clock.advance(301.0)
    assert page.post("/report", text=SLOW).status_code == 303
    assert len(page.example.submitted) == 4


def test_a_long_report_is_cut_not_refused(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    page.post("/report", text="x" * 900, name="n" * 90)
    kept = page.example.submitted[0]
    assert (len(kept.body["text"]), len(kept.who)) == (500, 60)


def test_a_report_from_elsewhere_is_refused(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    assert page.client.post("/report", data={"text": SLOW}).status_code == 400
    assert page.example.submitted == []


@pytest.mark.parametrize("scene", ["ok", "down", "stale"])
def test_every_page_leads_to_the_form(depot: Callable[..., Any], scene: str) -> None:
    assert 'href="/report"' in depot(scene).text("/")


def test_planned_work_begins_and_ends_on_the_page_of_the_device(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    page.sign_in()
    assert "Je commence des travaux" in page.text("/devices/srv-1")
    answer = page.post("/devices/srv-1/maintenance", begins="yes")
    assert answer.location == "/devices/srv-1?done=maintenance_start"
    assert "personne n’est alerté" in page.text(answer.location)
    page.post("/devices/srv-1/maintenance")
    kept = [(one.kind, one.who, one.body) for one in page.example.submitted]
    subject = {"subject": "srv-1"}
    assert kept == [
        ("maintenance_start", "Karim Benali", {**subject, "hours": ""}),
        ("maintenance_end", "Karim Benali", subject),
    ]
    assert page.post("/devices/nothing/maintenance", begins="yes").status_code == 404


def test_nobody_begins_planned_work_without_signing_in(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    page.post("/devices/srv-1/maintenance", begins="yes")
    assert page.example.submitted == []


def test_a_device_in_planned_work_offers_its_end(depot: Callable[..., Any]) -> None:
    text = depot("down").text("/devices/sw-2")
    assert "Les travaux sont finis" in text
    assert "Je commence des travaux" not in text


def test_work_is_announced_with_its_length_and_for_the_whole_depot(depot: Callable[..., Any]) -> None:
    page = depot("ok")
    assert "tout le dépôt" not in page.text("/devices")
    page.sign_in()
    assert "Travaux dans tout le dépôt" in page.text("/devices")
    page.post("/devices/srv-1/maintenance", begins="yes", hours="2")
    assert page.post("/maintenance", begins="yes", hours="8").location == "/devices?done=maintenance_start"
    page.post("/maintenance")
    assert [(one.kind, one.body) for one in page.example.submitted] == [
        ("maintenance_start", {"subject": "srv-1", "hours": "2"}),
        ("maintenance_start", {"subject": "*", "hours": "8"}),
        ("maintenance_end", {"subject": "*"}),
    ]
