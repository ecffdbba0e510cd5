"""What the agent puts into which lane, and what it tells the broker at its start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway import wire
from gateway.agent.loop import Agent
from gateway.agent.orders import Desk
from gateway.agent.parts import Board, Parts
from gateway.alert.panel import NoPanel
from gateway.clock import FakeClock, stamp
from gateway.core.device import Device, Kind, Park, Service, Site
from gateway.core.reading import Poll
from gateway.ports import Message
from gateway.settings import Settings, UplinkSettings
from gateway.signing import read_signing_key
from gateway.store.memory import MemoryCommands, MemoryLedger, MemoryOrders, MemoryOutbox, MemorySamples

NAMES = wire.Names("org", "depot", "0.1.0")


class Link:
    """A link that only listens: what is said to it, and orders that it has heard."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.states: Mapping[str, Mapping[str, Any]] = {}
        self.heard: list[tuple[str, bytes]] = []

    def start(self) -> None:
        self.said.append("start")

    def step(self) -> None:
        """Nothing is sent."""

    def close(self) -> None:
        """Nothing is open."""

    def set_states(self, states: Mapping[str, Mapping[str, Any]]) -> None:
        self.said.append("states")
        self.states = states

    def orders(self) -> Sequence[tuple[str, bytes]]:
        heard, self.heard = self.heard, []
        return heard

    def status(self) -> Mapping[str, Any]:
        return {"connected": True, "reason": ""}


class Silent:
    """No service is asked."""

    async def check(self, service: Service) -> Poll:
        return Poll(service.id, "reach", 0.0)


class Box:
    """An agent with one switch and headquarters' key."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.link, self.outbox = FakeClock(), Link(), MemoryOutbox()
        self.key = read_signing_key(folder / "signing.pem")
        ledger = MemoryLedger(self.outbox)
        self.agent = Agent(
            Parts(
                settings=Settings(
                    Site("depot", "Dépôt", "org"), folder, folder / "i.json", uplink=UplinkSettings("mqtt://x")
                ),
                park=Park([Device("sw-1", "Switch", Kind.SWITCH)]),
                clock=self.clock,
                collectors={},
                services=Silent(),
                samples=MemorySamples(),
                ledger=ledger,
                outbox=self.outbox,
                commands=MemoryCommands(),
                panel=NoPanel(),
                board=Board(lambda _status: None, lambda: None, lambda _beat: None),
                link=self.link,
                desk=Desk(NAMES, self.key.public, MemoryOrders(ledger)),
            )
        )
        self.agent.start()

    def order(self, kind: str, body: dict[str, Any]) -> None:
        now = self.clock.wall()
        text = wire.order_text(wire.Order("a" * 32, "org", "depot", kind, "Nadia", now, now + 99, body))
        self.link.heard.append(("vigie/v1/org/depot/cmd/x", wire.order_payload(text, self.key.sign(text))))

    async def live(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.agent.step()
            self.clock.advance(1.0)

    def bodies(self, lane: int) -> list[Any]:
        return [msgspec.json.decode(row.body) for row in self.outbox.rows.values() if row.lane == lane]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_the_states_of_all_devices_are_known_from_the_start(box: Box) -> None:
    """So that one that was removed meanwhile can be cleared at the broker, also if nothing else happens."""
    assert box.link.said == ["start", "states"]
    assert "sw-1" in box.link.states


async def test_an_answer_to_headquarters_goes_before_everything_else(box: Box) -> None:
    box.order("diagnostics", {})
    await box.live(3)
    ((answer,),) = [body["results"] for body in box.bodies(0)]
    assert answer["kind"] == "diagnostics"


async def test_an_answer_that_changes_an_incident_keeps_its_place_among_the_facts(box: Box) -> None:
    """In a lane of its own it could arrive before the incident that it is about."""
    outcome = box.agent.watch.report("sw-1", "il fume", "Samir", box.clock.wall())
    box.order("acknowledge", {"incident": outcome.changes[0].incident})
    await box.live(3)
    assert box.bodies(0) == []
    (body,) = [body for body in box.bodies(1) if "results" in body]
    assert [change["kind"] for change in body["changes"]] == ["acknowledged"]


async def test_the_summary_tells_what_waits_and_what_was_ever_given_up(box: Box) -> None:
    for _ in range(30):
        box.outbox.put(Message("summary", 2, {"at": "long ago"}), stamp(box.clock))
    gone = box.outbox.trim()
    assert gone
    await box.live(302)
    told = [body for body in box.bodies(2) if "counts" in body]
    assert told[-1]["dropped"] == {"summary": gone}
    assert told[-1]["waiting"]["2"] > 0
