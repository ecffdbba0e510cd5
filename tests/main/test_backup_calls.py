"""The dead man's switch whole: a job calls the page over HTTP, the page writes, the agent reads, judges and records;
all on the real files, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.agent.loop import Agent
from gateway.clock import FakeClock
from gateway.core.device import Device
from gateway.core.incident import Incident
from gateway.core.reading import Poll
from gateway.main.build import build_agent
from gateway.settings import load
from web.site.app import create_app
from web.site.calling import call_addresses
from web.site.sources import open_sources

HOUR_S = 3600.0
STEP_S = 300.0


class Quiet:
    """Stands for the box's own health, which has no part in this."""

    name = "self"

    async def poll(self, device: Device) -> Poll:
        return Poll(device.id, self.name, 0.0)


class Depot:
    """A server whose one backup calls, the page, and the agent that watches."""

    def __init__(self, folder: Path) -> None:
        (folder / "site.toml").write_text(
            '[site]\nid = "d"\n[data]\nruntime = "data"\n[poll]\nevery = "60s"\n[inventory]\npath = "inventory.toml"\n'
            "[detect]\nenabled = false\n"
        )
        (folder / "inventory.toml").write_text(
            '[[device]]\nid = "srv"\nname = "ERP"\nkind = "server"\nbackups = ["dump=call@24h"]\n'
        )
        self.clock = FakeClock()
        self.settings = load(folder / "site.toml")
        self.agent = self.start()
        sources = open_sources(self.settings, self.clock, port=8080)
        self.client = create_app(self.settings, self.clock, sources, secret_key=b"k" * 32).test_client()
        ((_, _, url),) = call_addresses(sources)
        self.path = "/" + url.split("/", 3)[3]

    def start(self) -> Agent:
        parts = build_agent(self.settings, self.clock)
        self.agent = Agent(replace(parts, collectors={**parts.collectors, "self": Quiet()}))
        self.agent.start()
        return self.agent

    def end(self) -> None:
        self.agent.finish()
        self.agent.parts.close()

    async def live(self, seconds: float, step_s: float = STEP_S) -> None:
        for _ in range(max(1, round(seconds / step_s))):
            self.clock.advance(step_s)
            self.agent.step()
            for _ in range(8):
                await asyncio.sleep(0)

    def call(self, query: str = "") -> None:
        assert self.client.get(self.path + query).status_code == 200

    def told(self) -> dict[str, float | str]:
        return {key[1]: one.value for key, one in self.agent.latest.readings.items() if key[0] == "srv"}

    def open(self) -> list[Incident]:
        return [one for one in self.agent.watch.incidents.values() if one.root_device == "srv"]


@pytest.fixture
def depot(tmp_path: Path) -> Iterator[Depot]:
    found = Depot(tmp_path)
    yield found
    found.end()


async def test_a_call_becomes_a_reading_that_outlives_the_agent(depot: Depot) -> None:
    await depot.live(600)
    assert depot.told() == {"backup.status": "none yet"}, "and nothing says whether the machine itself is up"
    depot.call("?size=1000")
    await depot.live(120, 2)
    assert depot.told()["backup.status"] == "good"
    assert 0 <= float(depot.told()["backup.age"]) <= 120
    depot.end()
    await asyncio.sleep(0)
    depot.start()
    await depot.live(600)
    assert depot.told()["backup.age"] == pytest.approx(720, abs=60)
    assert depot.told()["backup.size"] == 1000.0


async def test_a_call_that_does_not_come_opens_the_incident_and_the_next_one_ends_it(depot: Depot) -> None:
    depot.call()
    await depot.live(29.5 * HOUR_S)
    assert depot.open() == []
    await depot.live(1 * HOUR_S)
    (late,) = depot.open()
    assert (late.cause, late.root_metric) == ("backup_missed", "backup.age")
    depot.call()
    await depot.live(600)
    assert depot.open() == []


async def test_a_job_that_never_called_is_missed_as_well(depot: Depot) -> None:
    await depot.live(29.5 * HOUR_S)
    assert depot.open() == []
    await depot.live(1 * HOUR_S)
    (late,) = depot.open()
    assert (late.cause, late.root_metric) == ("backup_missed", "backup.status")


async def test_a_failure_that_a_job_reports_opens_the_incident_within_seconds(depot: Depot) -> None:
    depot.call()
    await depot.live(120, 2)
    assert depot.open() == []
    depot.call("?status=3")
    began = depot.clock.monotonic()
    while not depot.open() and depot.clock.monotonic() - began < 60:
        await depot.live(1, 1)
    assert [one.cause for one in depot.open()] == ["backup_missed"]
    assert depot.clock.monotonic() - began <= 25
    depot.call("?status=0")
    await depot.live(600)
    assert depot.open() == []
