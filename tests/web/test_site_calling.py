"""A backup job calls the box: what is kept, what is refused, and that its token opens nothing and is never logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from site_example import NOW, Example

from gateway.clock import FakeClock
from gateway.core.device import Device, Park, Site
from gateway.core.errors import UnavailableError
from gateway.settings import Settings
from gateway.store.calls import CallReader, Calls
from web.site.app import create_app
from web.site.calling import call_addresses

DAY_S = 86_400.0
PARK = Park([Device("srv-1", "Server", backups=("erp=call", "mail=call@7d", "files"))])


class Box:
    """A page whose park has jobs that call."""

    def __init__(self, folder: Path, park: Park = PARK) -> None:
        self.clock = FakeClock(NOW)
        self.example = Example("ok")
        self.path = folder / "commands.db"
        self.calls = Calls(self.path, self.clock)
        self.calls.know(PARK)
        self.sources = replace(self.example.sources(), park=lambda: park, calls=self.calls)
        settings = Settings(Site("rouiba", "Dépôt"), folder, folder / "inventory.json")
        self.app = create_app(settings, self.clock, self.sources, secret_key=b"k" * 32)
        self.client = self.app.test_client()
        self.url = f"/call/{self.calls.token('srv-1', 'erp')}"

    def agent(self) -> Any:
        return CallReader(self.path).of("srv-1")["erp"]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_call_without_any_account_or_form_is_kept_and_the_agent_is_asked_to_look(box: Box, method: str) -> None:
    answer = getattr(box.client, method)(f"{box.url}?size=1500")
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "noted\n", "text/plain")
    assert (box.agent().good_at, box.agent().size, box.agent().word()) == (NOW, 1500.0, "good")
    assert "Set-Cookie" not in answer.headers
    [asked] = box.example.submitted
    assert (asked.kind, asked.body) == ("poll_now", {"device": "srv-1"})


@pytest.mark.parametrize(
    ("status", "word", "detail"),
    [
        ("0", "good", ""),
        ("True", "good", ""),
        ("success", "good", ""),
        ("1", "failed", "1"),
        ("-1073741510", "failed", "-1073741510"),
        ("False", "failed", "False"),
        ("disk full\n on D:", "failed", "disk full on D:"),
    ],
)
def test_a_job_says_how_it_went(box: Box, status: str, word: str, detail: str) -> None:
    assert box.client.post(box.url, data={"status": status}).status_code == 200
    assert (box.agent().word(), box.agent().detail) == (word, detail)


@pytest.mark.parametrize(
    ("given", "word", "size"),
    [
        ({"status": 0, "size": 1500}, "good", 1500.0),
        ({"status": True}, "good", None),
        ({}, "good", None),
        ({"status": 1, "size": "1500"}, "failed", None),
        ({"status": False}, "failed", None),
        ({"status": None}, "failed", None),
    ],
)
def test_a_job_may_say_it_in_json(box: Box, given: dict[str, Any], word: str, size: float | None) -> None:
    assert box.client.post(box.url, json=given).status_code == 200
    assert (box.agent().word(), box.agent().size) == (word, size)


@pytest.mark.parametrize(
    ("body", "kind"),
    [("status=1", "text/plain"), ("{", "application/json"), ("[1]", "application/json"), ("x", "")],
)
def test_what_cannot_be_understood_is_never_taken_for_a_good_backup(box: Box, body: str, kind: str) -> None:
    answer = box.client.post(box.url, data=body, content_type=kind)
    assert answer.status_code == 400
    assert "as a form, as JSON or in the address" in answer.text
    assert box.agent().called_at is None


def test_who_only_looks_has_made_no_backup(box: Box) -> None:
    assert box.client.head(box.url).status_code == 200
    assert box.agent().word() == "none yet"
    assert box.example.submitted == []


def test_a_size_that_is_none_is_refused_with_what_it_should_be(box: Box) -> None:
    answer = box.client.get(f"{box.url}?size=1,5")
    assert (answer.status_code, answer.text) == (400, "size: a whole number of bytes\n")
    assert box.agent().called_at is None


def test_calls_of_one_job_are_rationed_and_another_job_is_still_heard(box: Box) -> None:
    assert [box.client.get(box.url).status_code for _ in range(7)] == [200] * 5 + [429] * 2
    assert box.client.get(f"/call/{box.calls.token('srv-1', 'mail')}").status_code == 200
    box.clock.advance(61)
    assert box.client.get(box.url).status_code == 200


@pytest.mark.parametrize("wrong", ["x", "x" * 32, "%00", "é"])
def test_a_wrong_token_is_nobody(box: Box, wrong: str) -> None:
    assert box.client.get(f"/call/{wrong}").status_code == 404
    assert box.example.submitted == []


def test_guessing_is_rationed_and_does_not_keep_a_job_from_calling(box: Box) -> None:
    codes = [box.client.get(f"/call/{number}").status_code for number in range(7)]
    assert codes == [404] * 5 + [429] * 2
    assert box.client.get(box.url).status_code == 200


def test_a_job_that_is_no_longer_in_the_inventory_is_not_heard(tmp_path: Path) -> None:
    box = Box(tmp_path, Park([Device("srv-1", "Server", backups=("erp", "mail=call"))]))
    assert box.client.get(box.url).status_code == 404


def test_the_token_opens_nothing_else(box: Box) -> None:
    token = box.calls.token("srv-1", "erp")
    for path in ("/poll", "/incidents/x/note", "/devices/srv-1/maintenance", "/api/v1/commands"):
        answer = box.client.post(f"{path}?token={token}", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code in (400, 401, 403), path
    assert [one for one in box.example.submitted if one.kind != "poll_now"] == []


def test_other_forms_still_need_their_csrf_token(box: Box) -> None:
    assert box.client.post("/report", data={"text": "x"}).status_code == 400


def test_a_token_is_in_no_log_even_when_the_store_or_the_code_fails(box: Box, caplog: Any) -> None:
    token = box.calls.token("srv-1", "erp")
    box.calls.close()  # everything from here on is a fault inside
    caplog.set_level(logging.DEBUG)
    assert box.client.get(box.url).status_code in (500, 503)
    logging.getLogger("waitress").error("Exception while serving %s", box.url)
    assert caplog.records
    assert token not in caplog.text
    assert "/call/..." in caplog.text


def test_a_full_disk_is_told_to_the_job_so_that_it_calls_again(box: Box, monkeypatch: Any) -> None:
    def full(*_: object, **__: object) -> None:
        raise UnavailableError("commands.db: the disk is full", remedy="free space")

    monkeypatch.setattr(box.calls, "note", full)
    assert box.client.get(box.url).status_code == 503


def test_addresses_are_printed_with_the_box_s_own(box: Box) -> None:
    found = list(call_addresses(box.sources))
    assert [(device, job) for device, job, _ in found] == [("srv-1", "erp"), ("srv-1", "mail")]
    assert found[0][2] == f"{box.sources.card.addresses[0].rstrip('/')}{box.url}"


def test_without_jobs_that_call_nobody_is_heard(depot: Callable[..., Any]) -> None:
    assert depot("ok").client.get("/call/x").status_code == 404
