"""An order over a real broker to an agent and back: done once, told on both sides, forged ones refused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gateway import wire
from gateway.agent.loop import Agent
from gateway.agent.orders import Desk as Headquarters
from gateway.agent.parts import Board, Parts
from gateway.alert.panel import NoPanel
from gateway.clock import SystemClock
from gateway.core.device import Device, Kind, Park, Service, Site
from gateway.core.incident import Change, ChangeKind
from gateway.core.reading import Poll
from gateway.ports import Command
from gateway.settings import Settings
from gateway.settings.tls import tls_context
from gateway.signing import read_signing_key
from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.memory import MemoryCommands, MemorySamples
from gateway.store.orders import SqliteOrders
from gateway.store.outbox import SqliteOutbox
from gateway.uplink.mqtt import MqttUplink
from gateway.uplink.sender import Sender
from web.desk.ingest import Ingest, IngestOptions
from web.desk.ledger import Ledger
from web.desk.orders import Commander, OrderState

pytestmark = pytest.mark.integration
CLOCK = SystemClock()
NAMES = wire.Names("org", "depot-oran", "0.1.0")


class Silent:
    """Collectors that nobody asks."""

    name = "none"

    async def poll(self, device: Device) -> Poll:
        return Poll(device.id, self.name, 0.0)

    async def check(self, service: Service) -> Poll:
        return Poll(service.id, self.name, 0.0)


class Box:
    """An agent on its real record, with a real link."""

    def __init__(self, folder: Path, broker: Any, key: str) -> None:
        database = open_database(folder / "vigie.db")
        self.ledger, self.outbox, self.orders = SqliteLedger(database), SqliteOutbox(database), SqliteOrders(database)
        self.commands = MemoryCommands()
        settings = Settings(Site("depot-oran", "Oran", "org"), folder, folder / "inventory.json", uplink=broker)
        parts = Parts(
            settings=settings,
            park=Park([Device("sw-1", "Switch", Kind.SWITCH)]),
            clock=CLOCK,
            collectors={},
            services=Silent(),
            samples=MemorySamples(),
            ledger=self.ledger,
            outbox=self.outbox,
            commands=self.commands,
            panel=NoPanel(),
            board=Board(lambda _status: None, lambda: None, lambda _beat: None),
            link=Sender(self.outbox, MqttUplink(broker, NAMES, CLOCK), CLOCK, NAMES),
            desk=Headquarters(NAMES, key, self.orders),
        )
        self.agent = Agent(parts)

    def step(self) -> None:
        async def once() -> None:
            self.agent.step()

        asyncio.run(once())


class Desk:
    """Headquarters' ingest on a thread."""

    def __init__(self, folder: Path, broker: Any) -> None:
        self.ledger = Ledger(f"sqlite:///{folder}/desk.db", CLOCK)
        self.key = read_signing_key(folder / "signing.pem")
        self.commander = Commander(self.ledger.orders, self.key, "org", CLOCK)
        self._ingest = Ingest(self.ledger, IngestOptions("org", broker), CLOCK)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._ingest.run, args=(self._stopping,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(10)
        self.ledger.close()

    def state(self, order: wire.Order) -> OrderState:
        kept = next(one for one in self.ledger.orders.of(order.site) if one.order.id == order.id)
        return kept.state(CLOCK.wall())


@pytest.fixture
def desk(tmp_path: Path, mosquitto: Any) -> Iterator[Desk]:
    desk = Desk(tmp_path, mosquitto.settings("desk"))
    yield desk
    desk.stop()


@pytest.fixture
def box(tmp_path: Path, mosquitto: Any, desk: Desk) -> Iterator[Box]:
    box = Box(tmp_path, mosquitto.settings("depot-oran"), desk.key.public)
    box.agent.start()
    yield box
    box.agent.finish()


@pytest.fixture
def intruder(mosquitto: Any, eventually: Callable[..., None]) -> Iterator[paho.Client]:
    """Somebody who may publish as headquarters, but does not have its key."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.tls_set_context(tls_context(mosquitto.settings("desk")))
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()
    eventually(client.is_connected, "the intruder")
    yield client
    client.disconnect()
    client.loop_stop()


def test_an_acknowledgement_at_headquarters_is_known_at_the_depot_as_one_fact(
    desk: Desk, box: Box, intruder: paho.Client, eventually: Any
) -> None:
    box.commands.commands.append(Command(1, "report", CLOCK.wall(), "Samir", {"text": "il fume", "device": "sw-1"}))
    eventually(lambda: box.step() or desk.ledger.incidents("depot-oran"), "the incident at headquarters")
    (incident,) = [one.incident for one in desk.ledger.incidents("depot-oran")]
    now = CLOCK.wall()
    desk.ledger.write("depot-oran", Change(incident.id, ChangeKind.ACKNOWLEDGED, now, now, "Nadia"))
    order = desk.commander.issue("depot-oran", "acknowledge", "Nadia", {"incident": incident.id}, at=now)
    eventually(lambda: box.step() or desk.state(order) is OrderState.DONE, "the answer at headquarters")
    (here,) = box.ledger.incidents()
    assert here.acknowledged_by == "Nadia"
    (there,) = [one.incident for one in desk.ledger.incidents("depot-oran")]
    kinds = [change.kind for change in there.story]
    assert kinds == [ChangeKind.OPENED, ChangeKind.ACKNOWLEDGED], "told twice, kept once"

    (kept,) = desk.ledger.orders.of("depot-oran")
    stolen = kept.payload
    forged = stolen.replace(b"acknowledge", b"diagnostics")
    for payload in (stolen, forged, b"nonsense"):
        intruder.publish(NAMES.topic("cmd", order.id), payload, qos=1).wait_for_publish(5)
    later = desk.commander.issue("depot-oran", "diagnostics", "Nadia", {})
    eventually(lambda: box.step() or desk.state(later) is OrderState.DONE, "the next order")
    assert len(box.ledger.incidents()[0].story) == 2, "a repeated order changes nothing"
    assert [one.kind for one in box.orders.orders()] == ["acknowledge", "diagnostics"]
    newest = desk.ledger.orders.of("depot-oran")[0]
    assert newest.result is not None
    assert newest.result.answer["site"] == "depot-oran"
