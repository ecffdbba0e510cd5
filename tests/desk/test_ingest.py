"""From a site's outbox over a real broker into the ledger: nothing lost, nothing doubled, nothing that crashes it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gateway import wire
from gateway.clock import FakeClock, SystemClock, stamp
from gateway.core.incident import Change, ChangeKind, Transition, Verdict
from gateway.ports import Batch, Message
from gateway.settings import UplinkSettings
from gateway.settings.tls import tls_context
from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.outbox import SqliteOutbox
from gateway.uplink.mqtt import MqttUplink
from gateway.uplink.pace import Pace
from gateway.uplink.sender import Sender
from web.desk.ingest import Ingest, IngestOptions
from web.desk.ledger import Ledger

pytestmark = pytest.mark.integration
CLOCK = SystemClock()
NAMES = wire.Names("org", "depot-oran", "0.1.0")


class Desk:
    """Headquarters' ingest on a thread, which can be ended and started again."""

    def __init__(self, folder: Path, broker: UplinkSettings, silent_after_s: float = 720.0) -> None:
        self.ledger = Ledger(f"sqlite:///{folder}/desk.db", CLOCK)
        self.options = IngestOptions("org", broker, silent_after_s=silent_after_s)
        self.lines: list[str] = []

    def start(self) -> None:
        self.ingest = Ingest(self.ledger, self.options, CLOCK, self.lines.append)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self.ingest.run, args=(self._stopping,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(10)
        assert not self._thread.is_alive()


class Box:
    """A site's record, outbox and sender, without an agent."""

    def __init__(self, folder: Path, broker: UplinkSettings) -> None:
        database = open_database(folder / "vigie.db")
        self.outbox = SqliteOutbox(database)
        self.record = SqliteLedger(database)
        self.sender = Sender(self.outbox, MqttUplink(broker, NAMES, CLOCK), CLOCK, NAMES, Pace(resend_min_s=1.0))
        self.sender.start()

    def tell(self, n: int) -> Transition:
        told = Transition("sw-1", "reach.up", str(n), Verdict.OK, Verdict.CRITICAL, 1.0 + n, 2.0 + n, 0.0)
        message = Message("evt", 1, wire.facts_body([told]))
        self.record.record(Batch(stamp(CLOCK), [told], (), [message]))
        return told


@pytest.fixture
def desk(tmp_path: Path, mosquitto: Any) -> Iterator[Desk]:
    desk = Desk(tmp_path, mosquitto.settings("desk"))
    desk.start()
    yield desk
    desk.stop()
    desk.ledger.close()


@pytest.fixture
def box(tmp_path: Path, mosquitto: Any) -> Iterator[Box]:
    box = Box(tmp_path, mosquitto.settings("depot-oran"))
    yield box
    box.sender.close()


@pytest.fixture
def site(mosquitto: Any, eventually: Callable[..., None]) -> Iterator[paho.Client]:
    """A bare client of the site, to say what no proper sender says."""
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.tls_set_context(tls_context(mosquitto.settings("depot-oran")))
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()
    eventually(client.is_connected, "the bare client")
    yield client
    client.disconnect()
    client.loop_stop()


def test_facts_arrive_and_the_outbox_is_empty_afterwards(desk: Desk, box: Box, eventually: Any) -> None:
    told = [box.tell(n) for n in range(30)]
    eventually(lambda: box.sender.step() or not box.outbox.waiting(), "an empty outbox")
    assert desk.ledger.transitions("depot-oran", 0, 1e12) == told
    (row,) = desk.ledger.site_rows()
    assert (row.status, row.version) == ("online", "0.1.0")
    assert desk.ingest.status.connected
    assert desk.ingest.status.kept == 30


def test_a_broker_that_is_killed_loses_nothing(desk: Desk, box: Box, mosquitto: Any, eventually: Any) -> None:
    told = [box.tell(n) for n in range(5)]
    eventually(lambda: box.sender.step() or desk.ingest.status.kept >= 1, "a first message")
    mosquitto.kill()
    told += [box.tell(n) for n in range(5, 10)]
    eventually(lambda: box.sender.step() or not box.sender.status()["connected"], "the loss")
    mosquitto.start()
    eventually(lambda: box.sender.step() or not box.outbox.waiting(), "an empty outbox", within_s=30)
    assert desk.ledger.transitions("depot-oran", 0, 1e12) == told


def test_a_desk_that_was_away_gets_everything_later(desk: Desk, box: Box, eventually: Any) -> None:
    box.tell(0)
    eventually(lambda: box.sender.step() or not box.outbox.waiting(), "an empty outbox")
    desk.stop()
    told = [box.tell(n) for n in range(1, 6)]
    eventually(lambda: box.sender.step() or box.sender.status()["in_flight"] == 5, "messages on their way")
    assert box.outbox.waiting() == {1: 5}
    desk.start()
    eventually(lambda: box.sender.step() or not box.outbox.waiting(), "an empty outbox")
    assert desk.ledger.transitions("depot-oran", 0, 1e12)[1:] == told


def test_a_repetition_is_acknowledged_again(desk: Desk, site: paho.Client, eventually: Any) -> None:
    acks: list[wire.Acknowledgement] = []
    site.on_message = lambda _c, _d, message: acks.append(wire.acknowledgement_of(message.payload))
    site.subscribe(NAMES.topic("ack", "s1"), 1)
    payload = wire.encode(wire.Envelope("depot-oran", "s1", 7, "evt", {}, 1.0, 2.0))
    eventually(lambda: desk.ingest.status.connected, "headquarters")
    for count in (1, 2):
        site.publish(NAMES.topic("evt"), payload, qos=1)
        eventually(lambda count=count: len(acks) == count, f"acknowledgement {count}")
    assert acks[0] == acks[1] == wire.Acknowledgement("s1", [(7, 7)], 7)
    assert (desk.ingest.status.kept, desk.ingest.status.repeated) == (1, 1)


def test_garbage_is_kept_apart_and_the_rest_goes_on(desk: Desk, site: paho.Client, eventually: Any) -> None:
    good = wire.Envelope("depot-oran", "s1", 1, "evt", {}, 1.0, 2.0)
    bad = {
        "evt": b"\x00\x01garbage",
        "summary": wire.encode(replace(good, seq=2, kind="summary", body={"at": "yesterday"})),
        "rpt": wire.encode(replace(good, seq=3, site="depot-setif", kind="rpt")),
        "status": b"online",
    }
    eventually(lambda: desk.ingest.status.connected, "headquarters")
    for kind, payload in bad.items():
        site.publish(NAMES.topic(kind), payload, qos=1)
    site.publish(NAMES.topic("evt"), wire.encode(good), qos=1)
    eventually(lambda: desk.ingest.status.kept == 1, "the good message")
    found = {one.topic.rsplit("/")[-1]: one for one in desk.ledger.quarantined()}
    assert {kind: one.payload for kind, one in found.items()} == bad
    assert "neither JSON nor deflated" in found["evt"].reason
    assert "yesterday" in found["summary"].reason
    assert "rpt of depot-setif" in found["rpt"].reason
    assert [row.id for row in desk.ledger.site_rows()] == ["depot-oran"]


def test_a_site_whose_message_is_in_quarantine_may_forget_it(desk: Desk, box: Box, eventually: Any) -> None:
    """Otherwise it would send it for ever."""
    box.outbox.put(Message("evt", 1, {"transitions": "many"}), stamp(CLOCK))
    eventually(lambda: box.sender.step() or not box.outbox.waiting(), "an empty outbox")
    assert desk.ingest.status.quarantined == 1


def test_a_silent_site_becomes_an_incident_until_it_speaks(
    tmp_path: Path, mosquitto: Any, site: paho.Client, eventually: Any
) -> None:
    desk = Desk(tmp_path, mosquitto.settings("desk"), silent_after_s=1.0)
    desk.start()
    eventually(lambda: desk.ingest.status.connected, "headquarters")
    site.publish(NAMES.topic("status"), wire.status_payload("online", "b1", "0.1.0", 1.0), qos=1)
    eventually(lambda: [one.incident.open for one in desk.ledger.incidents()] == [True], "an incident")
    (one,) = desk.ledger.incidents()
    assert (one.site, one.incident.cause, one.incident.story[0].who) == ("depot-oran", "site_silent", "desk")
    summary = wire.Envelope("depot-oran", "s1", 1, "summary", wire.summary_body(wire.Summary(1.0)), 1.0, 2.0)
    site.publish(NAMES.topic("summary"), wire.encode(summary), qos=1)
    eventually(lambda: not desk.ledger.incidents()[-1].incident.open, "its end")
    desk.stop()


def test_a_retained_status_that_the_broker_repeats_is_no_sign_of_life(
    desk: Desk, site: paho.Client, eventually: Any
) -> None:
    eventually(lambda: desk.ingest.status.connected, "headquarters")
    site.publish(NAMES.topic("status"), wire.status_payload("online", "b1", "0.1.0", 1.0), qos=1, retain=True)
    eventually(desk.ledger.site_rows, "the site")
    before = desk.ledger.site_rows()[0]
    desk.stop()
    desk.start()
    eventually(lambda: desk.ledger.site_rows()[0].status_at != before.status_at, "the repetition")
    assert desk.ledger.site_rows()[0].last_seen == before.last_seen


def test_a_ledger_that_cannot_be_written_leaves_the_message_with_the_site(
    desk: Desk, box: Box, tmp_path: Path, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    monkeypatch.setattr("web.desk.tables.BUSY_TIMEOUT_S", 0.1)
    eventually(lambda: box.sender.step() or desk.ingest.status.connected, "headquarters")
    desk.ledger.close()  # the next connections wait only shortly
    blocker = sqlite3.connect(tmp_path / "desk.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    box.tell(1)
    eventually(lambda: box.sender.step() or any("locked" in line for line in desk.lines), "what is wrong")
    assert box.outbox.waiting() == {1: 1}
    blocker.execute("ROLLBACK")
    eventually(lambda: box.sender.step() or not box.outbox.waiting(), "an empty outbox", within_s=30)
    blocker.close()
    assert len(desk.ledger.transitions("depot-oran", 0, 1e12)) == 1


def test_what_a_person_does_here_meets_what_the_site_tells(desk: Desk, box: Box, eventually: Any) -> None:
    opened = Change("inc1", ChangeKind.OPENED, 1.0, 2.0, cause="link_down", root_device="sw-1", priority="P2")
    box.outbox.put(Message("evt", 1, wire.facts_body([], [opened])), stamp(CLOCK))
    eventually(lambda: box.sender.step() or not box.outbox.waiting(), "an empty outbox")
    desk.ledger.write("depot-oran", Change("inc1", ChangeKind.ACKNOWLEDGED, 9.0, 9.0, "Nadia"))
    (one,) = desk.ledger.incidents("depot-oran")
    assert (one.incident.root_device, one.incident.acknowledged_by) == ("sw-1", "Nadia")


def test_a_refused_certificate_is_said_in_one_line(
    tmp_path: Path, mosquitto: Any, eventually: Callable[..., None]
) -> None:
    stranger = type(mosquitto.authority)(tmp_path / "other", "stranger").issue("desk")
    settings = replace(mosquitto.settings("desk", cert=stranger.cert, key=stranger.key), table="broker")
    desk = Desk(tmp_path, settings)
    desk.start()
    eventually(lambda: desk.lines, "a line")
    desk.stop()
    assert "the authority that signed this certificate: check broker.cert" in desk.lines[0]
    assert not desk.ingest.status.connected


def test_messages_that_come_together_are_kept_and_acknowledged_one_by_one(
    desk: Desk, site: paho.Client, eventually: Any
) -> None:
    """One of them cannot be read: it goes into quarantine, and does not hold up its neighbours."""
    acks: list[wire.Acknowledgement] = []
    site.on_message = lambda _c, _d, message: acks.append(wire.acknowledgement_of(message.payload))
    site.subscribe(NAMES.topic("ack", "s1"), 1)
    told = [Transition("sw-1", "reach.up", str(n), Verdict.OK, Verdict.CRITICAL, 1.0 + n, 2.0 + n) for n in (1, 3)]
    bodies = [wire.facts_body([told[0]]), {"transitions": [{"subject": 7}]}, wire.facts_body([told[1]])]
    batch = [wire.Envelope("depot-oran", "s1", n, "evt", body, 1.0) for n, body in enumerate(bodies, 1)]
    eventually(lambda: desk.ingest.status.connected, "headquarters")
    site.publish(NAMES.topic("hist"), wire.encode_batch(batch), 1)
    eventually(lambda: acks, "an acknowledgement")
    assert acks[0].ranges == [(1, 3)]
    assert desk.ledger.transitions("depot-oran", 0, 1e12) == told
    (found,) = desk.ledger.quarantined()
    assert found.topic == NAMES.topic("hist")


def test_a_batch_of_another_site_is_refused_whole(desk: Desk, site: paho.Client, eventually: Any) -> None:
    batch = [wire.Envelope(name, "s1", n, "evt", {}, 1.0) for n, name in enumerate(("depot-alger",) * 2, 1)]
    eventually(lambda: desk.ingest.status.connected, "headquarters")
    site.publish(NAMES.topic("hist"), wire.encode_batch(batch), 1)
    eventually(desk.ledger.quarantined, "the refusal")
    assert "says it is evt of depot-alger" in desk.ledger.quarantined()[0].reason
    assert not [row for row in desk.ledger.site_rows() if row.id == "depot-alger"]


def test_a_week_without_headquarters_arrives_together_over_two_connections(
    desk: Desk, tmp_path: Path, mosquitto: Any, eventually: Any
) -> None:
    broker, week = mosquitto.settings("depot-oran"), FakeClock(CLOCK.wall() - 7 * 86_400)
    outbox = SqliteOutbox(open_database(tmp_path / "vigie.db"))
    told = []
    for n in range(7 * 24):
        fact = Transition("sw-1", "reach.up", str(n), Verdict.OK, Verdict.CRITICAL, 1.0 + n, 2.0 + n, 0.0)
        told.append(fact)
        outbox.put(Message("evt", 1, wire.facts_body([fact])), stamp(week))
        figures = {"hour": wire.iso(week.wall()), "series": "x", "mean": [n / 7 + m for m in range(200)]}
        outbox.put(Message("summary", 3, figures | {"lowest": [], "highest": []}), stamp(week))
        week.advance(3600)
    sender = Sender(outbox, MqttUplink(broker, NAMES, CLOCK), CLOCK, NAMES, Pace(bulk_per_s=0.0))
    sender.spare(MqttUplink(broker, NAMES, CLOCK, spare=True))
    sender.start()
    seen = set()

    def done() -> bool:
        sender.step()
        seen.add(sender.status()["second"])
        return not outbox.waiting() and not sender.status()["second"]

    eventually(done, "everything told", within_s=40)
    assert desk.ledger.transitions("depot-oran", 0, 1e12) == told
    assert desk.ingest.status.kept == 2 * 7 * 24
    assert seen == {False, True}
    (row,) = desk.ledger.site_rows()
    assert row.status == "online", "the end of the second connection is not the end of the site"
    sender.close()
