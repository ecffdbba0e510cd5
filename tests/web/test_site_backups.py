"""Backups on a device's page, and what a page says is not seen of a Windows server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from site_example import NOW, Example

from gateway.clock import FakeClock
from gateway.core.device import Park, Site
from gateway.settings import Settings
from gateway.store.calls import Calls
from web.common import hash_secret
from web.site.app import create_app

HOUR_S = 3600.0
SECRET = "correct horse battery"


class Box:
    """The example depot whose till server has backups of three sorts, and answers as Windows does."""

    def __init__(self, folder: Path) -> None:
        self.version = 0
        example = Example("ok")
        sources = example.sources()
        park, status = sources.park(), dict(sources.status() or {})
        jobs = ("erp", "files=smb:Bak/", "veeam=call@7d")
        servers = {"srv-1": replace(park.devices["srv-1"], backups=jobs)}
        self.park = Park((park.devices | servers).values(), park.services.values())
        self.status = status
        self.clock = FakeClock(NOW - 10 * HOUR_S)
        self.calls = Calls(folder / "commands.db", self.clock)
        self.calls.know(self.park)
        sources = replace(sources, park=lambda: self.park, calls=self.calls, status=lambda: self.status)
        sources = replace(sources, version=lambda: str(self.version))
        settings = Settings(Site("rouiba", "Dépôt"), folder, folder / "inventory.json")
        app = create_app(settings, FakeClock(NOW), sources, secret_key=b"k" * 32)
        self.client: FlaskClient = app.test_client()
        example.accounts.add("Karim", "responder", hash_secret(SECRET))

    def tell(self, *rows: tuple[str, str, float]) -> None:
        self.version += 1
        latest = [["srv-1", metric, name, "", value, None, NOW] for metric, name, value in rows]
        self.status["latest"] = [*(self.status.get("latest") or ()), *latest]

    def identify(self, profile: str) -> None:
        self.version += 1
        devices = dict(self.status["devices"])
        devices["srv-1"] = {**devices["srv-1"], "identity": {"profile": profile}}
        self.status["devices"] = devices

    def page(self, language: str = "en") -> str:
        self.client.set_cookie("lang", language)
        return self.client.get("/devices/srv-1").text

    def sign_in(self) -> None:
        token = self.client.get("/api/v1/session").json["csrf_token"]  # type: ignore[index]
        form = {"csrf_token": token, "name": "Karim", "secret": SECRET}
        assert self.client.post("/sign-in", data=form).status_code == 303


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def section(page: str, name: str) -> str:
    return page.partition(f'aria-labelledby="{name}"')[2].partition("</section>")[0]


def test_each_job_tells_its_last_good_backup_and_when_the_next_is_due(box: Box) -> None:
    box.tell(("backup.age", "erp", 2 * HOUR_S), ("backup.size", "erp", 5e9), ("backup.age", "files", 40 * HOUR_S))
    box.calls.note(box.calls.of("srv-1")["veeam"], ok=True, size=1.5e9)
    told = section(box.page(), "bk")
    assert told.count("up to date") == 2
    assert told.count("late") == 1
    assert "08:20" in told, "the good one of erp, two hours before 10:20"
    assert "tomorrow 08:20" in told
    assert "29/11 00:20" in told, "a week after the call"
    assert "1.5" in told


def test_a_failure_is_told_with_what_the_job_said(box: Box) -> None:
    box.calls.note(box.calls.of("srv-1")["veeam"], ok=False, detail="exit <3>")
    told = section(box.page(), "bk")
    assert "failed" in told
    assert "exit &lt;3&gt;" in told
    assert "No good backup has been reported yet." in told


def test_the_address_of_a_job_is_for_those_who_signed_in(box: Box) -> None:
    token = box.calls.token("srv-1", "veeam")
    assert token not in box.page()
    box.sign_in()
    assert f"/call/{token}</code>" in section(box.page(), "bk")
    assert section(box.page(), "bk").count("/call/") == 1, "jobs that do not call have none"


def test_devices_without_backups_have_no_such_part(box: Box) -> None:
    assert 'id="bk"' not in box.client.get("/devices/prn-1").text


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_page_of_a_windows_server_says_what_stays_unseen(box: Box, language: str) -> None:
    assert section(box.page(language), "un") == ""
    box.identify("host-windows-server")
    assert section(box.page(language), "un").count("<li>") >= 2


def test_what_is_seen_is_not_said_to_be_unseen(box: Box) -> None:
    box.identify("host-windows-server")
    before = section(box.page(), "un")
    assert "Temperatures" in before
    assert "Backups." not in before, "it has backups"
    box.tell(("hw.temperature", "CPU", 40.0))
    assert "Temperatures" not in section(box.page(), "un")


def test_a_page_is_not_shown_to_somebody_else_than_it_was_made_for(box: Box) -> None:
    box.sign_in()
    token = box.calls.token("srv-1", "veeam")
    assert token in box.page()
    other: Any = box.client.application.test_client()
    assert token not in other.get("/devices/srv-1").text
