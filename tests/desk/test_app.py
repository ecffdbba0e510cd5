"""Headquarters' application over HTTP: who gets in, what is written, what programs get, how heavy a page is."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from types import ModuleType

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.clock import FakeClock
from gateway.core.incident import ChangeKind
from web.common import MemoryAccounts
from web.common.accounts import RESPONDER, hash_secret
from web.desk.app import DeskOptions, create_app
from web.desk.memory import MemoryFleet

NAME, SECRET = "Nadia Haddad", "un long mot de passe"
HASH = hash_secret(SECRET)
PAGES = (
    "/",
    "/incidents",
    "/incidents/rouiba/c0ffee000147",
    "/incidents/ghardaia/c0ffee000052",
    "/incidents/rouiba/c0ffee000099",
    "/sites/rouiba",
    "/sites/ghardaia",
    "/figures",
    "/messages",
)
API = ("/api/v1/sites", "/api/v1/incidents", "/api/v1/figures")


def client_of(facts: MemoryFleet, now: float, **more: object) -> FlaskClient:
    accounts = MemoryAccounts()
    accounts.add(NAME, RESPONDER, HASH)
    options = DeskOptions("Sahel Distribution", accounts, b"k" * 32, told=True, **more)  # type: ignore[arg-type]
    return create_app(facts, options, FakeClock(now)).test_client()


def token(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def signed_in(facts: MemoryFleet, now: float) -> FlaskClient:
    client = client_of(facts, now)
    form = {"name": NAME, "secret": SECRET, "csrf_token": token(client, "/sign-in")}
    assert client.post("/sign-in", data=form).status_code == 303
    return client


@pytest.fixture
def facts(sahel: ModuleType) -> MemoryFleet:
    fleet: MemoryFleet = sahel.fleet(waiting=True)
    return fleet


@pytest.fixture
def client(facts: MemoryFleet, sahel: ModuleType) -> FlaskClient:
    return signed_in(facts, sahel.NOW)


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_anything_without_signing_in(facts: MemoryFleet, sahel: ModuleType, path: str):
    answer = client_of(facts, sahel.NOW).get(path)
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in")


@pytest.mark.parametrize("path", API)
def test_programs_without_a_session_are_told_so(facts: MemoryFleet, sahel: ModuleType, path: str):
    answer = client_of(facts, sahel.NOW).get(path)
    assert answer.status_code == 401
    assert "error" in answer.get_json()


def test_health_needs_no_session(facts: MemoryFleet, sahel: ModuleType):
    assert client_of(facts, sahel.NOW).get("/healthz").get_json() == {"status": "ok"}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_every_page_is_shown_in_every_language(client: FlaskClient, path: str, language: str):
    client.set_cookie("lang", language)
    answer = client.get(path)
    assert answer.status_code == 200
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in answer.text
    assert "%(" not in answer.text


@pytest.mark.parametrize(
    "path", ["/incidents/rouiba/nothing", "/incidents/nowhere/c0ffee000147", "/sites/nowhere", "/nothing"]
)
def test_what_does_not_exist_is_not_found(client: FlaskClient, path: str):
    assert client.get(path).status_code == 404


def test_the_first_page_leads_to_the_incident_nobody_owns(client: FlaskClient):
    page = client.get("/").text
    assert "Ghardaïa ne donne plus de nouvelles, et personne ne s’en occupe" in page
    assert 'href="tel:029000000"' in page
    assert 'action="/incidents/ghardaia/c0ffee000052/take"' in page
    assert "1 message n’a pas encore pu partir." in page
    assert "11 sites sur 12 ont parlé" in page


def test_the_page_of_an_incident_tells_it_in_words_with_its_steps(client: FlaskClient):
    page = client.get("/incidents/ghardaia/c0ffee000052").text
    assert "On ne peut pas savoir d’ici si le travail est arrêté." in page
    assert "Marche à suivre" in page
    assert "Joindre le dépôt par téléphone" in page


def take(client: FlaskClient) -> TestResponse:
    form = {"csrf_token": token(client, "/")}
    return client.post("/incidents/ghardaia/c0ffee000052/take", data=form)


def test_taking_an_incident_is_written_once_with_who_and_when(
    client: FlaskClient, facts: MemoryFleet, sahel: ModuleType
):
    assert take(client).location.endswith("done=taken")
    assert take(client).location.endswith("done=late")
    ghardaia = next(one for one in facts.sites() if one.id == "ghardaia")
    taken = ghardaia.incident("c0ffee000052")
    assert taken is not None
    assert (taken.acknowledged_by, taken.acknowledged_at) == (NAME, sahel.NOW)
    assert [change.kind for change in taken.story] == [ChangeKind.OPENED, ChangeKind.ACKNOWLEDGED]
    assert "vous prenez cet incident en charge" in client.get(take(client).location.replace("late", "taken")).text
    assert "Ghardaïa ne donne plus de nouvelles, et personne" not in client.get("/").text


def test_a_comment_is_kept_and_shown_as_text(client: FlaskClient, facts: MemoryFleet):
    path = "/incidents/rouiba/c0ffee000147"
    form = {"csrf_token": token(client, path), "text": " Pièce <b>commandée</b>\n pour mardi "}
    assert client.post(f"{path}/comment", data=form).status_code == 303
    page = client.get(path).text
    assert "Nadia Haddad : « Pièce &lt;b&gt;commandée&lt;/b&gt; pour mardi »" in page


@pytest.mark.parametrize("text", ["", "   ", "x" * 2001])
def test_an_empty_or_endless_comment_is_refused(client: FlaskClient, facts: MemoryFleet, text: str):
    path = "/incidents/rouiba/c0ffee000147"
    before = facts.version()
    form = {"csrf_token": token(client, path), "text": text}
    assert client.post(f"{path}/comment", data=form).status_code == 400
    assert facts.version() == before


@pytest.mark.parametrize("act", ["take", "comment"])
def test_an_act_without_its_token_or_session_changes_nothing(
    client: FlaskClient, facts: MemoryFleet, sahel: ModuleType, act: str
):
    before = facts.version()
    assert client.post(f"/incidents/ghardaia/c0ffee000052/{act}", data={"text": "x"}).status_code == 400
    stranger = client_of(facts, sahel.NOW)
    form = {"csrf_token": token(stranger, "/sign-in"), "text": "x"}
    answer = stranger.post(f"/incidents/ghardaia/c0ffee000052/{act}", data=form)
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in")
    assert facts.version() == before


def test_a_poll_costs_nothing_until_something_changes(client: FlaskClient):
    first = client.get("/", headers={"X-Part": "main"})
    again = {"X-Part": "main", "If-None-Match": first.headers["ETag"]}
    assert client.get("/", headers=again).status_code == 304
    take(client)
    assert client.get("/", headers=again).status_code == 200


def test_programs_get_sites_worst_first(client: FlaskClient):
    answer = client.get("/api/v1/sites").get_json()
    assert answer["at"] == "2026-11-22T09:20:08Z"
    assert len(answer["items"]) == 12
    assert answer["items"][0] == {
        "id": "ghardaia",
        "name": "Ghardaïa",
        "state": "unknown",
        "silent": True,
        "heard_at": "2026-11-22T07:10:08Z",
        "devices": 9,
        "open_incidents": 1,
        "says": "Aucune nouvelle depuis 2 h 10, personne ne s’en occupe",
    }


def test_programs_get_incidents_with_both_clocks(client: FlaskClient):
    items = client.get("/api/v1/incidents").get_json()["items"]
    till = next(one for one in items if one["id"] == "c0ffee000147")
    assert till["severity"] == "P1"
    assert till["owner"] == "Karim Benali"
    assert till["response"] == {
        "used_s": 570.0,
        "allowed_s": 1800.0,
        "due_at": "2026-11-22T09:13:38Z",
        "breached": False,
    }
    assert items[-1]["response"] is None


def test_programs_get_the_four_figures(client: FlaskClient):
    answer = client.get("/api/v1/figures").get_json()
    assert (answer["target"], answer["standing"], answer["recurring"]) == (0.995, "kept", 1)
    assert answer["monthly_cost"] == 201606.0
    assert len(answer["sentences"]) == 4


def test_a_site_known_for_less_than_a_day_shows_no_availability_on_its_tile(sahel: ModuleType):
    up = sahel.transitions()["rouiba"][0]
    depot = sahel.site("a", "A")
    for age_s, shown in ((sahel.DAY - 1, False), (sahel.DAY, True)):
        young = replace(up, at=sahel.NOW - age_s)
        client = signed_in(MemoryFleet([depot], transitions={"a": [young]}), sahel.NOW)
        assert ("30 jours :" in client.get("/").text) is shown


def test_an_empty_ledger_is_said_to_be_empty_and_not_well(sahel: ModuleType):
    client = signed_in(MemoryFleet(), sahel.NOW)
    assert "Aucun site n’est encore connu" in client.get("/").text
    for path in ("/incidents", "/figures", "/messages"):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_first_load_keeps_its_budget(client: FlaskClient, path: str, language: str):
    client.set_cookie("lang", language)
    page = client.get(path, headers={"Accept-Encoding": "gzip"})
    assets = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', gzip.decompress(page.data).decode()))
    weights = {one: len(client.get(one, headers={"Accept-Encoding": "gzip"}).data) for one in assets}
    assert len(page.data) <= 6 * 1024
    assert 1 + len(assets) <= 5
    assert len(page.data) + sum(weights.values()) <= 16 * 1024
    assert sum(size for one, size in weights.items() if ".css" in one) <= 6 * 1024
    assert sum(size for one, size in weights.items() if ".js" in one) <= 2 * 1024


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(client: FlaskClient, path: str):
    answer = client.get(path)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)|//[a-z]", answer.text)


def test_the_page_of_messages_names_the_rule_that_told_people_for_nothing(sahel: ModuleType):
    first = sahel.notifications()[0]
    quiet = replace(sahel.OLD, story=sahel.OLD.story[:1])
    noise = [replace(first, key=f"n{n}", incident=quiet.id, created_at=sahel.NOW - 60 * n) for n in range(3)]
    mail = replace(first, key="day", site="", incident="", subject="Courrier du jour · 1 point sans urgence")
    facts = MemoryFleet([sahel.site("rouiba", "Rouiba", quiet)], [*noise, mail])
    page = signed_in(facts, sahel.NOW).get("/messages").text
    assert "Messages pour rien cette semaine" in page
    assert "Rouiba (Serveur de caisse)" in page
    assert "Courrier du jour · 1 point sans urgence<br>" in page, "a mail of the day leads to no incident"
    assert "pour rien" not in signed_in(MemoryFleet(facts.sites(), noise[:2]), sahel.NOW).get("/messages").text


def test_a_ticket_number_alone_is_a_note_in_the_story(facts: MemoryFleet, sahel: ModuleType):
    client, path = signed_in(facts, sahel.NOW), "/incidents/rouiba/c0ffee000147"
    form = {"csrf_token": token(client, path), "ticket": " AT-4711 ", "text": ""}
    assert client.post(f"{path}/comment", data=form).status_code == 303
    client.post(f"{path}/comment", data=form | {"text": "technicien en route"})
    page = client.get(path).text
    assert "Ticket AT-4711 »" in page
    assert "Ticket AT-4711 · technicien en route" in page


def test_a_decision_is_kept_with_who_does_it_and_until_when(client: FlaskClient, facts: MemoryFleet):
    path = "/incidents/rouiba/c0ffee000147"
    form = {"csrf_token": token(client, path)}
    asked = form | {"text": "Remplacer la batterie", "whom": "Nadia", "day": "2026-12-01"}
    assert client.post(f"{path}/decide", data=asked).status_code == 303
    page = client.get(path).text
    assert "Remplacer la batterie" in page
    assert "01/12/2026" in page
    assert client.post(f"{path}/decide", data=form | {"text": "x", "day": "demain"}).status_code == 400
    assert client.post(f"{path}/decide", data=form | {"text": " "}).status_code == 400
