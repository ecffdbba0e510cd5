"""Signing in on the page: who may act, and who may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from site_example import NOW

from web.common import issue_code

NOTE = "/incidents/7c1f03a9d2e4/note"


def test_first_account_is_made_with_the_code_that_was_printed(depot: Callable[..., Any]) -> None:
    page = depot()
    code = issue_code(page.example.accounts, NOW)
    fields = {"code": code, "name": "Nadia Haddad", "secret": "long enough 1", "again": "long enough 1"}
    answer = page.post("/sign-in/code", next="/incidents", **fields)
    assert (answer.status_code, answer.location) == (303, "/incidents")
    assert "Nadia Haddad" in page.text("/")
    assert [one.name for one in page.example.accounts.accounts()] == ["Nadia Haddad"]
    again = page.post("/sign-in/code", **{**fields, "name": "Somebody Else"})
    assert again.status_code == 403


def test_wrong_code_short_or_unequal_passwords_make_no_account(depot: Callable[..., Any]) -> None:
    page = depot()
    code = issue_code(page.example.accounts, NOW)
    good = {"code": code, "name": "Nadia", "secret": "long enough 1", "again": "long enough 1"}
    for wrong, status in (
        ({"code": "AAAAA-AAAAA"}, 403),
        ({"secret": "short", "again": "short"}, 400),
        ({"again": "different 12"}, 400),
        ({"name": "  "}, 400),
    ):
        assert page.post("/sign-in/code", **{**good, **wrong}).status_code == status
    assert page.example.accounts.accounts() == []


def test_session_cookie_is_for_this_site_only_and_out_of_reach_of_scripts(depot: Callable[..., Any]) -> None:
    page = depot()
    page.sign_in()
    cookie = page.client.get_cookie("vigie")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site) == (True, "Strict")


def test_guessing_is_slowed_down_and_the_wait_is_told(depot: Callable[..., Any]) -> None:
    page = depot()
    page.sign_in()
    page.post("/sign-out")
    for _ in range(5):
        assert page.post("/sign-in", name="Karim Benali", secret="wrong").status_code == 403
    refused = page.post("/sign-in", name="Karim Benali", secret="correct horse battery")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) == 300
    page.clock.advance(301)
    assert page.post("/sign-in", name="Karim Benali", secret="correct horse battery").status_code == 303


def test_unknown_name_and_wrong_password_are_told_alike(depot: Callable[..., Any]) -> None:
    page = depot()
    page.sign_in()
    page.post("/sign-out")
    texts = [page.post("/sign-in", name=name, secret="wrong").text for name in ("Karim Benali", "Nobody")]
    assert all("Nom ou mot de passe inconnu" in text for text in texts)


def test_sign_in_leads_back_to_this_site_and_nowhere_else(depot: Callable[..., Any]) -> None:
    page = depot()
    page.sign_in()
    for target, expected in (
        ("/incidents", "/incidents"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
    ):
        page.post("/sign-out")
        answer = page.post("/sign-in", name="Karim Benali", secret="correct horse battery", next=target)
        assert answer.location == expected


def test_changed_password_ends_old_sessions(depot: Callable[..., Any]) -> None:
    page = depot()
    page.sign_in()
    page.example.accounts.add("Karim Benali", "responder", "$argon2id$another")
    assert "Karim Benali</bdi></span><form" not in page.text("/")


def test_actions_need_an_account_except_the_silence(depot: Callable[..., Any]) -> None:
    page = depot("power")
    answer = page.post("/incidents/e51d77b0c3f8/acknowledge")
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in")
    assert page.example.submitted == []
    assert page.post("/silence").location == "/?done=silence"
    assert [(one.kind, one.who) for one in page.example.submitted] == [("silence", "page")]


def test_signed_in_person_takes_the_incident_under_their_name(depot: Callable[..., Any]) -> None:
    page = depot("power")
    page.sign_in("Karim Benali")
    assert page.post("/incidents/e51d77b0c3f8/acknowledge").status_code == 303
    assert page.post("/incidents/e51d77b0c3f8/note", text=" Disjoncteur baissé ").status_code == 303
    sent = [(one.kind, one.who, one.body) for one in page.example.submitted]
    assert sent == [
        ("acknowledge", "Karim Benali", {"incident": "e51d77b0c3f8", "text": ""}),
        ("note", "Karim Benali", {"incident": "e51d77b0c3f8", "text": "Disjoncteur baissé"}),
    ]


def test_form_without_its_token_does_nothing(depot: Callable[..., Any]) -> None:
    page = depot()
    page.sign_in()
    for path in ("/silence", NOTE, "/poll", "/sign-out", "/api/v1/commands"):
        assert page.client.post(path, data={"text": "x"}).status_code == 400
    assert page.example.submitted == []


def test_unknown_incident_empty_note_and_unknown_act_are_refused(depot: Callable[..., Any]) -> None:
    page = depot()
    page.sign_in()
    assert page.post("/incidents/000000000000/acknowledge").status_code == 404
    assert page.post("/incidents/7c1f03a9d2e4/explode").status_code == 404
    assert page.post(NOTE, text="  ").status_code == 400
    assert page.example.submitted == []
