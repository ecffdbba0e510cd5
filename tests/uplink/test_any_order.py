"""Box and headquarters with a wire in between on which everything may be lost, doubled and overtaken, acknowledgements
too: headquarters ends with each fact exactly once. Real outbox and real ledger of headquarters, in virtual time."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway import wire
from gateway.clock import FakeClock, stamp
from gateway.core.incident import Transition, Verdict
from gateway.ports import Batch, Message
from gateway.store.db import Database, open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.outbox import SqliteOutbox
from gateway.uplink.memory import MemoryUplink
from gateway.uplink.sender import Pace, Sender
from web.desk.ledger import Ledger

NAMES = wire.Names("org", "depot", "1")
TOPICS = {NAMES.topic(kind) for kind in wire.KINDS}


def fact(number: int) -> Transition:
    return Transition(f"srv-{number}", "reach.up", "", Verdict.OK, Verdict.CRITICAL, float(number), float(number))


class Depot:
    """A box: its record, its outbox, its sender, and a link that does what it is told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock, self.uplink = FakeClock(), MemoryUplink()
        self.database: Database | None = None
        self.start()

    def start(self) -> None:
        """As after the end of the process, whatever it was."""
        if self.database:
            self.database.close()
        self.database = open_database(self.path)
        self.database.execute("PRAGMA synchronous=OFF")  # no power is cut here
        self.record, self.outbox = SqliteLedger(self.database), SqliteOutbox(self.database)
        self.uplink.connected = False
        self.sender = Sender(self.outbox, self.uplink, self.clock, NAMES, Pace(windows={1: 600, 3: 300}, take=3))
        self.sender.start()

    def write(self, number: int, lane: int) -> None:
        message = Message("evt" if lane == 1 else "hist", lane, wire.facts_body([fact(number)]))
        self.record.record(Batch(stamp(self.clock), [fact(number)], [], [message]))

    def work(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.sender.step()


class WireMachine(RuleBasedStateMachine):
    """``up`` and ``down`` hold what is on its way; any of it may be the next to arrive."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.box = Depot(Path(self.folder.name) / "vigie.db")
        self.desk = Ledger(f"sqlite:///{self.folder.name}/desk.db", FakeClock())
        self.up: list[bytes] = []
        self.down: list[tuple[str, bytes]] = []
        self.sent = 0
        self.written = 0

    @rule(lane=st.sampled_from([1, 3]))
    def write(self, lane: int) -> None:
        self.written += 1
        self.box.write(self.written, lane)

    @rule(seconds=st.floats(0, 4000))
    def work(self, seconds: float) -> None:
        self.box.work(seconds)
        new = self.box.uplink.history[self.sent :]
        self.sent += len(new)
        self.up += [message.payload for message in new if message.topic in TOPICS]

    @precondition(lambda self: self.up)
    @rule(which=st.integers(0), again=st.booleans())
    def message_arrives(self, which: int, again: bool) -> None:
        payload = self.up[which % len(self.up)]
        if not again:
            del self.up[which % len(self.up)]
        kept = wire.decode_all(payload)
        for envelope in kept:
            self.desk.ingest(envelope, 0.0)
        (stream,) = {envelope.stream for envelope in kept}
        newest = self.desk.newest("depot", stream)
        told = wire.acknowledgement(stream, [envelope.seq for envelope in kept], newest)
        self.down.append((NAMES.topic("ack", stream), told))

    @precondition(lambda self: self.down)
    @rule(which=st.integers(0), again=st.booleans())
    def acknowledgement_arrives(self, which: int, again: bool) -> None:
        topic, payload = self.down[which % len(self.down)]
        if not again:
            del self.down[which % len(self.down)]
        if self.box.uplink.connected:
            self.box.uplink.deliver(topic, payload)

    @precondition(lambda self: self.up or self.down)
    @rule(which=st.integers(0), upwards=st.booleans())
    def something_is_lost(self, which: int, upwards: bool) -> None:
        way = self.up if upwards and self.up else self.down or self.up
        del way[which % len(way)]

    @rule()
    def link_breaks(self) -> None:
        if self.box.uplink.connected:
            self.box.uplink.disconnect()

    @rule()
    def link_is_back(self) -> None:
        if not self.box.uplink.connected:
            self.box.uplink.connect()

    @rule()
    def box_is_killed(self) -> None:
        self.box.start()

    @rule()
    def stream_id_is_damaged(self) -> None:
        assert self.box.database is not None
        self.box.database.execute("UPDATE meta SET value = 'x' || substr(value, 2) WHERE key = 'stream'")
        self.box.start()

    @invariant()
    def nothing_leaves_the_box_before_headquarters_has_it(self) -> None:
        waiting = {body for row in self.box.outbox.take(1000) for body in [row.body]}
        known = {one.subject for one in self.desk.transitions("depot", 0, 1e12)}
        for number in range(1, self.written + 1):
            subject = f"srv-{number}"
            assert subject in known or any(f'"{subject}"'.encode() in body for body in waiting)

    def teardown(self) -> None:
        for _ in range(200):
            self.link_is_back()
            self.work(1000.0)
            while self.up:
                self.message_arrives(0, again=False)
            while self.down:
                self.acknowledgement_arrives(0, again=False)
            self.work(1.0)
            if not self.box.outbox.waiting():
                break
        told = Counter(one.subject for one in self.desk.transitions("depot", 0, 1e12))
        assert told == Counter(f"srv-{number}" for number in range(1, self.written + 1))
        assert not self.box.outbox.waiting()
        self.desk.close()
        assert self.box.database is not None
        self.box.database.close()
        self.folder.cleanup()


TestAnyOrder = WireMachine.TestCase
TestAnyOrder.settings = hypothesis_settings(max_examples=15, stateful_step_count=30, deadline=None)
