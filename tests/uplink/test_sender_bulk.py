"""History after days without a link: together, oldest first, within its rate, on a connection of its own, and never in
the way of what happens now."""

from __future__ import annotations

import random

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway import wire
from gateway.clock import FakeClock, stamp
from gateway.ports import Message
from gateway.store.memory import MemoryOutbox
from gateway.uplink.memory import MemoryUplink
from gateway.uplink.pace import Pace
from gateway.uplink.sender import Sender

NAMES = wire.Names("org", "depot", "0.1.0")
NOISE = random.Random(1)


class Bench:
    """A sender with two fake connections."""

    def __init__(self, pace: Pace | None = None, *, second: bool = True) -> None:
        self.clock = FakeClock()
        self.outbox = MemoryOutbox()
        self.first = MemoryUplink(reachable=False)
        self.second = MemoryUplink(reachable=False)
        self.sender = Sender(self.outbox, self.first, self.clock, NAMES, pace)
        if second:
            self.sender.spare(self.second)
        self.sender.start()

    def put(self, lane: int, kind: str = "evt", size: int = 20) -> int:
        return self.outbox.put(Message(kind, lane, {"text": NOISE.randbytes(size // 2).hex()}), stamp(self.clock))

    def history(self, rows: int = 40, size: int = 3000) -> list[int]:
        """Figures of hours that are long over."""
        numbers = []
        for _ in range(rows):
            numbers.append(self.put(3, "summary", size))
            self.clock.advance(3600)
        return numbers

    def acknowledge(self, *seqs: int) -> None:
        topic = NAMES.topic("ack", self.outbox.stream)
        self.first.deliver(topic, wire.acknowledgement(self.outbox.stream, seqs))
        self.sender.step()


def told(uplink: MemoryUplink, after: int = 0) -> list[list[int]]:
    """Sequence numbers in the messages of a connection, without the first so many of its history."""
    kinds = {NAMES.topic(kind) for kind in wire.KINDS}
    return [[one.seq for one in wire.decode_all(m.payload)] for m in uplink.history[after:] if m.topic in kinds]


def test_history_of_a_lane_goes_together_oldest_first_on_its_topic() -> None:
    bench = Bench()
    numbers = [bench.put(1) for _ in range(5)]
    bench.clock.advance(2 * 3600)
    live = bench.put(1)
    bench.first.connect()
    bench.sender.step()
    assert told(bench.first) == [numbers, [live]]
    assert [message.topic for message in bench.first.history[1:]] == [NAMES.topic("hist"), NAMES.topic("evt")]


def test_what_was_merged_leaves_the_outbox_row_by_row() -> None:
    bench = Bench()
    numbers = [bench.put(1) for _ in range(4)]
    bench.clock.advance(2 * 3600)
    bench.first.connect()
    bench.sender.step()
    bench.acknowledge(numbers[0], numbers[2])
    assert sorted(bench.outbox.rows) == [numbers[1], numbers[3]]
    bench.clock.advance(40)
    bench.sender.step()
    assert told(bench.first)[1:] == [[numbers[1], numbers[3]]], "what is still open goes again"
    bench.acknowledge(*numbers)
    assert bench.outbox.waiting() == {}


def test_of_summaries_the_newest_goes_first_of_history_the_oldest() -> None:
    bench = Bench(Pace(merge_after_s=1e9), second=False)
    old = [bench.put(3, "summary") for _ in range(3)]
    now = [bench.put(2, "summary") for _ in range(3)]
    bench.first.connect()
    bench.sender.step()
    assert told(bench.first) == [[seq] for seq in [*reversed(now), *old]]


def test_a_second_connection_is_made_for_much_bulk_only() -> None:
    bench = Bench()
    bench.history(4)
    bench.first.connect()
    bench.sender.step()
    assert bench.second.starts == 0
    bench.history(40)
    bench.sender.step()
    assert bench.second.starts == 1


def test_bulk_takes_the_second_connection_and_alerts_the_first() -> None:
    bench = Bench()
    numbers = bench.history()
    bench.first.connect()
    bench.sender.step()
    before = len(told(bench.first))
    assert before, "until the second is there, bulk goes over the first"
    bench.second.connect()
    bench.sender.step()
    bench.acknowledge(*(seq for parcel in told(bench.first) for seq in parcel))
    alert = bench.put(1)
    bench.clock.advance(10)
    bench.sender.step()
    assert told(bench.first)[before:] == [[alert]]
    assert told(bench.second)
    assert {seq for parcel in told(bench.second) for seq in parcel} <= set(numbers)
    assert bench.sender.status()["second"] is True


def test_it_ends_when_nothing_waits() -> None:
    bench = Bench()
    bench.history()
    bench.first.connect()
    bench.sender.step()
    bench.second.connect()
    bench.sender.step()
    bench.acknowledge(*list(bench.outbox.rows))
    bench.sender.step()
    assert not bench.second.connected
    assert bench.sender.status()["second"] is False


def test_what_was_on_a_second_connection_that_broke_goes_again() -> None:
    bench = Bench()
    bench.history()
    bench.first.connect()
    bench.sender.step()
    bench.acknowledge(*(seq for parcel in told(bench.first) for seq in parcel))
    bench.second.connect()
    bench.clock.advance(10)
    bench.sender.step()
    lost = told(bench.second)
    bench.second.disconnect()
    bench.clock.advance(10)
    bench.sender.step()
    assert lost
    assert told(bench.first)[-len(lost) :][0] == lost[0], "over the first, until the second is back"


def test_a_second_connection_without_a_sign_of_life_is_made_anew() -> None:
    bench = Bench(Pace(silent_s=60.0))
    bench.history()
    bench.first.connect()
    bench.sender.step()
    bench.second.confirms = False
    bench.second.connect()
    bench.clock.advance(10)
    bench.acknowledge(*(seq for parcel in told(bench.first) for seq in parcel))
    assert told(bench.second)
    bench.clock.advance(61)
    bench.second.idle = 61
    bench.sender.step()
    assert bench.second.starts == 2
    assert bench.first.starts == 1


def test_the_first_connection_takes_the_second_with_it() -> None:
    bench = Bench()
    bench.history()
    bench.first.connect()
    bench.sender.step()
    bench.second.connect()
    bench.sender.step()
    bench.first.disconnect()
    bench.sender.step()
    assert not bench.second.connected


def test_history_keeps_to_its_rate_while_alerts_go_at_once() -> None:
    windows = {1: 65_536, 2: 10**9, 3: 10**9}
    bench = Bench(Pace(windows, resend_min_s=1e9, bulk_per_s=1_000.0, bulk_burst=4_000), second=False)
    bench.history(200)
    bench.first.connect()
    sizes, alerts = [], []
    for _ in range(100):
        bench.clock.advance(1.0)
        alerts.append(bench.put(1))
        bench.sender.step()
        sizes.append(sum(len(m.payload) for m in bench.first.history if m.topic != NAMES.topic("evt")))
    assert sizes[-1] <= 4_000 + 100 * 1_000 + 8_000
    assert sizes[-1] >= 80_000
    assert [[seq] for seq in alerts] == [one for one in told(bench.first) if one[0] in alerts], "each in its second"


class BulkMachine(RuleBasedStateMachine):
    """Any order of writing, waiting, cutting either connection, restarting, losing and acknowledging, with history that
    goes together and moves from one connection to the other: headquarters ends with each fact, the box with none."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.outbox = FakeClock(), MemoryOutbox()
        self.first, self.second = MemoryUplink(), MemoryUplink()
        self.read = {id(self.first): 0, id(self.second): 0}
        self.written: set[int] = set()
        self.desk: set[int] = set()
        self.restart()

    @rule()
    def restart(self) -> None:
        for uplink in (self.first, self.second):
            uplink.stop()
            uplink.events()
        pace = Pace({1: 400, 2: 200, 3: 200}, take=5, bulk_burst=500, bulk_per_s=50.0, second_bytes=20, merge_bytes=400)
        self.sender = Sender(self.outbox, self.first, self.clock, NAMES, pace)
        self.sender.spare(self.second)
        self.sender.start()

    @rule(lane=st.sampled_from([0, 1, 2, 3]), count=st.integers(1, 6))
    def write(self, lane: int, count: int) -> None:
        for _ in range(count):
            message = Message("rpt" if lane > 1 else "evt", lane, {"n": len(self.written)})  # never given up
            self.written.add(self.outbox.put(message, stamp(self.clock)))

    @rule(seconds=st.sampled_from([0.2, 5.0, 61.0, 4000.0]))
    def work(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.sender.step()

    @rule(second=st.booleans())
    def cut(self, second: bool) -> None:
        uplink = self.second if second else self.first
        if uplink.connected:
            uplink.disconnect()

    @rule(second=st.booleans())
    def mend(self, second: bool) -> None:
        uplink = self.second if second else self.first
        if not uplink.connected and (uplink is self.first or self.second.starts):
            uplink.connect()

    @rule(lost=st.booleans())
    def desk_commits(self, lost: bool) -> None:
        for uplink in (self.first, self.second):
            new = [seq for parcel in told(uplink, self.read[id(uplink)]) for seq in parcel]
            self.read[id(uplink)] = len(uplink.history)
            self.desk.update(() if lost else new)
            if new and not lost:
                payload = wire.acknowledgement(self.outbox.stream, new, max(self.desk))
                self.first.deliver(NAMES.topic("ack", self.outbox.stream), payload)

    @invariant()
    def nothing_leaves_before_the_desk_has_it(self) -> None:
        assert self.written - self.desk <= set(self.outbox.rows)

    def teardown(self) -> None:
        for _ in range(400):
            if not self.outbox.rows:
                break
            self.mend(second=False)
            self.work(61.0)
            self.desk_commits(lost=False)
        self.sender.step()
        assert self.desk == self.written
        assert not self.outbox.rows


TestBulkDelivery = BulkMachine.TestCase
TestBulkDelivery.settings = hypothesis_settings(max_examples=40, stateful_step_count=30, deadline=None)
