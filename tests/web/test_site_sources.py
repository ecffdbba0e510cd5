"""The page on the agent's real files: what it reads, what it writes, and what it never touches."""

from __future__ import annotations

import stat
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.core.device import Criticality, Device, Kind, Service, Site
from gateway.core.errors import UnavailableError
from gateway.core.incident import Cause, Change, ChangeKind, Stamp, Transition, Verdict
from gateway.core.inventory import Entry, EntryKind
from gateway.core.reading import Reading
from gateway.feasts import feasts
from gateway.ports import Batch
from gateway.settings import CalendarSettings, PageSettings, Settings
from gateway.settings.remote import feast_setting
from gateway.store.commands import CommandReader
from gateway.store.db import open_database
from gateway.store.inventory import InventoryStore
from gateway.store.ledger import SqliteLedger
from gateway.store.orders import SqliteOrders
from gateway.store.samples import SqliteSamples
from gateway.store.status import FILE_NAME, write_status
from web.common import read_secret_key
from web.site.app import create_app
from web.site.facts import gather
from web.site.sources import addresses, open_sources, opening_hours

NOW = 1_780_000_000.0
WEEK = dict.fromkeys(("sun", "mon", "tue", "wed", "thu"), ((480, 990),))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    site = Site("depot", "Dépôt")
    return Settings(site, tmp_path / "data", tmp_path / "data/inventory.json", tmp_path / "run")


def agent_writes(settings: Settings, clock: FakeClock) -> None:
    """What a minute of the agent's work leaves behind."""
    settings.data.mkdir(parents=True, exist_ok=True)
    InventoryStore(settings.inventory).replace(
        [Device("ups-1", "Onduleur", Kind.UPS)], [Service("erp", "ERP", Criticality.CRITICAL, ("ups-1",))]
    )
    change = Change(
        "aaaaaaaaaaaa",
        ChangeKind.OPENED,
        NOW - 60,
        NOW - 30,
        cause=Cause.POWER_LOST,
        root_device="ups-1",
        root_metric="ups.status",
        priority="P1",
    )
    transition = Transition("ups-1", "ups.status", "", Verdict.OK, Verdict.CRITICAL, NOW - 60, NOW - 30)
    database = open_database(settings.data / "vigie.db")
    SqliteLedger(database).record(Batch(Stamp(NOW), [transition], [change]))
    database.close()
    samples = SqliteSamples(settings.data / "samples.db", clock)
    samples.append([Reading("ups-1", "battery.charge", 100.0 - step, NOW - 300 + step * 60) for step in range(5)])
    samples.flush()
    samples.close()
    write_status(
        settings.runtime / FILE_NAME,
        {
            "at": NOW,
            "devices": {"ups-1": {"verdict": "critical", "since": NOW - 60, "last_poll_at": NOW, "failure": None}},
            "services": {},
            "latest": [["ups-1", "battery.charge", "", "", 96.0, None, NOW]],
        },
    )


def test_page_reads_what_the_agent_wrote(settings: Settings) -> None:
    clock = FakeClock(NOW)
    agent_writes(settings, clock)
    sources = open_sources(settings, clock, port=8080)
    app = create_app(settings, clock, sources, secret_key=b"k" * 32)
    text = app.test_client().get("/").text
    assert "Le courant est coupé : Onduleur" in text
    assert [value for _, value in sources.series("ups-1", "battery.charge", "", NOW - 600, NOW)] == [
        100,
        99,
        98,
        97,
        96,
    ]
    assert sources.park().services["erp"].criticality is Criticality.CRITICAL
    assert sources.storage()["vigie.db"] > 0
    assert 'class="chart"' in app.test_client().get("/devices/ups-1").text


def test_page_that_started_first_sees_the_agents_files_as_soon_as_they_are_there(settings: Settings) -> None:
    clock = FakeClock(NOW)
    sources = open_sources(settings, clock, port=8080)
    assert (sources.status(), list(sources.incidents(0.0)), sources.series("ups-1", "x", "", 0, NOW)) == (None, [], [])
    before = sources.version()
    agent_writes(settings, clock)
    assert sources.version() != before
    assert [one.id for one in sources.incidents(0.0)] == ["aaaaaaaaaaaa"]
    assert "ups-1" in sources.park().devices


def test_page_writes_commands_and_nothing_else(settings: Settings) -> None:
    clock = FakeClock(NOW)
    agent_writes(settings, clock)
    agents = [path for path in settings.data.rglob("*") if path.is_file() and path.parent.name != "page"]
    before = {path: path.read_bytes() for path in agents}
    sources = open_sources(settings, clock, port=8080)
    app = create_app(settings, clock, sources, secret_key=b"k" * 32)
    client = app.test_client()
    for path in ("/", "/incidents", "/incidents/aaaaaaaaaaaa", "/devices", "/devices/ups-1", "/box", "/metrics"):
        assert client.get(path).status_code == 200
    token = client.get("/api/v1/session").json["csrf_token"]
    assert client.post("/silence", data={"csrf_token": token}).status_code == 303
    assert {path: path.read_bytes() for path in agents} == before
    (command,) = CommandReader(settings.commands).after(0)
    assert (command.kind, command.who, command.created_at) == ("silence", "page", NOW)


def test_addresses_lead_with_one_that_every_telephone_finds() -> None:
    names = PageSettings().host_names
    assert addresses("192.168.10.5", names, 80) == ("http://192.168.10.5/",)
    by_ip, by_name = addresses("0.0.0.0", names, 8080)
    assert by_ip.removeprefix("http://")[0].isdigit()
    assert by_name == "http://gateway.local:8080/"
    assert addresses("::1", (), 8080) == ("http://[::1]:8080/",)


def test_holidays_of_a_country_cover_the_years_around_now(settings: Settings) -> None:
    days = opening_hours(replace(settings, calendar=CalendarSettings(holidays="DZ")), NOW).holidays
    assert {day.year for day in days} >= {2025, 2026, 2027}
    assert opening_hours(settings, NOW).holidays == frozenset()


def test_a_feast_that_headquarters_moves_counts_on_the_page_at_once(settings: Settings) -> None:
    clock = FakeClock(NOW)
    agent_writes(settings, clock)
    sources = open_sources(replace(settings, calendar=CalendarSettings(WEEK, "DZ")), clock, port=8080)
    announced = next(one.on for one in feasts("DZ", [2026]) if one.estimated and one.on > date(2026, 6, 1))
    after = announced + timedelta(days=1)
    assert announced in gather(sources, NOW).card.hours.holidays
    database = open_database(settings.data / "vigie.db")
    SqliteOrders(database).adjust(feast_setting("DZ", announced), 1.0)
    moved = gather(sources, NOW).card.hours
    database.close()
    assert announced not in moved.holidays
    assert after in moved.holidays
    assert moved.hours(announced) == WEEK["tue"]


def test_session_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "session.key"
    key = read_secret_key(path)
    assert len(key) == 32
    assert read_secret_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_damaged_session_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "session.key"
    path.write_bytes(b"short")
    with pytest.raises(UnavailableError, match=r"session\.key: not a session key \(5 bytes\)"):
        read_secret_key(path)


def test_what_is_added_and_said_reaches_the_page_without_its_restart(settings: Settings, tmp_path: Path) -> None:
    by_hand = replace(settings, inventory=tmp_path / "inventory.toml")
    by_hand.inventory.write_text('[[device]]\nid = "ups-1"\n')
    sources = open_sources(by_hand, FakeClock(NOW), port=8080)
    assert (list(sources.park().devices), list(sources.entries())) == (["ups-1", "gateway"], [])
    before = sources.version()
    InventoryStore(by_hand.inventory).add({"id": "nas-1", "parent": "ups-1"})
    said = Entry(EntryKind.SAID, "ups-1", NOW, body={"serial": "AS1"})
    survey = Entry(EntryKind.SURVEY, "", NOW, body={"found": []})
    database = open_database(by_hand.data / "vigie.db")
    SqliteLedger(database).record(Batch(Stamp(NOW), entries=[said, survey]))
    database.close()
    assert "nas-1" in sources.park().devices
    assert list(sources.entries()) == [said]
    assert sources.version() != before
