"""The sender: nothing leaves the outbox before headquarters has it, and the line is used in the right order."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway import wire
from gateway.clock import FakeClock, stamp
from gateway.ports import Message
from gateway.store.memory import MemoryOutbox
from gateway.uplink.memory import MemoryUplink
from gateway.uplink.pace import Pace
from gateway.uplink.sender import Sender

NAMES = wire.Names("org", "depot", "0.1.0")
ACK = NAMES.topic("ack", MemoryOutbox().stream)


class Bench:
    """A sender with fakes on both sides."""

    def __init__(self, pace: Pace | None = None, *, reachable: bool = True) -> None:
        self.clock = FakeClock()
        self.outbox = MemoryOutbox()
        self.uplink = MemoryUplink(reachable=reachable)
        self.sender = Sender(self.outbox, self.uplink, self.clock, NAMES, pace)
        self.sender.start()

    def put(self, text: str = "x", *, kind: str = "evt", lane: int = 1) -> int:
        return self.outbox.put(Message(kind, lane, {"text": text}), stamp(self.clock))

    def sent(self) -> list[int]:
        """Sequence numbers in the order in which they were published."""
        topics = {NAMES.topic(kind) for kind in wire.KINDS}
        return [wire.decode(message.payload).seq for message in self.uplink.history if message.topic in topics]

    def acknowledge(self, *seqs: int, newest: int = 0) -> None:
        self.uplink.deliver(ACK, wire.acknowledgement(self.outbox.stream, seqs, newest))
        self.sender.step()


def test_a_row_stays_until_headquarters_acknowledges_it() -> None:
    bench = Bench()
    seq = bench.put()
    bench.sender.step()
    bench.sender.step()
    assert bench.sent() == [seq]
    assert bench.outbox.waiting() == {1: 1}, "the broker's own confirmation must not delete it"
    bench.acknowledge(seq)
    assert bench.outbox.waiting() == {}
    assert bench.sender.status()["last_ack_at"] == bench.clock.wall()


def test_birth_comes_first_and_is_retained() -> None:
    bench = Bench()
    bench.put()
    bench.sender.step()
    birth = bench.uplink.history[0]
    assert birth.topic == NAMES.topic("status")
    assert birth.retain
    assert wire.status_of(birth.payload).state == "online"


def test_goodbye_is_told_before_the_link_is_closed() -> None:
    bench = Bench()
    bench.sender.step()
    bench.sender.close()
    assert wire.status_of(bench.uplink.history[-1].payload).state == "offline"
    assert not bench.uplink.connected


def test_the_envelope_tells_where_and_when_the_fact_was_written() -> None:
    bench = Bench()
    bench.clock.is_trusted = False
    written = bench.clock.wall()
    bench.put("bonjour", kind="rpt", lane=2)
    bench.clock.advance(100)
    bench.sender.step()
    envelope = wire.decode(bench.uplink.history[-1].payload)
    assert envelope.key == ("depot", bench.outbox.stream, 1)
    assert (envelope.written_at, envelope.sent_at) == (written, written + 100)
    assert (envelope.clock, envelope.boot_id) == ("estimated", "boot-1")
    assert (envelope.kind, envelope.body) == ("rpt", {"text": "bonjour"})


def test_live_facts_overtake_history() -> None:
    bench = Bench(reachable=False)
    history = bench.put(lane=3, kind="hist")
    alert = bench.put(lane=1)
    bench.uplink.connect()
    bench.sender.step()
    assert bench.sent() == [alert, history]


def test_history_never_fills_more_than_its_window() -> None:
    bench = Bench(Pace(windows={1: 10_000, 3: 3_000}))
    noise = random.Random(1)
    for _ in range(20):
        bench.put(noise.randbytes(400).hex(), lane=3, kind="hist")
    bench.sender.step()
    first = bench.sent()
    on_the_way = sum(len(message.payload) for message in bench.uplink.history[1:])
    assert on_the_way <= 3_000
    assert 0 < len(first) < 20
    bench.acknowledge(*first)
    assert bench.sent()[: len(first) + 1] == [*first, first[-1] + 1]


def test_a_row_larger_than_its_window_still_gets_through() -> None:
    bench = Bench(Pace(windows={3: 10}))
    seqs = [bench.put("z" * 100, lane=3, kind="hist") for _ in range(2)]
    bench.sender.step()
    assert bench.sent() == seqs[:1]
    bench.acknowledge(seqs[0])
    assert bench.sent() == seqs


def test_what_is_not_acknowledged_is_sent_again_with_doubling_patience() -> None:
    bench = Bench(Pace(resend_min_s=30.0, resend_max_s=900.0))
    bench.put()
    bench.sender.step()
    counts = []
    for _ in range(40):
        bench.clock.advance(30.5)
        bench.sender.step()
        counts.append(len(bench.sent()))
    assert counts[0] == 2, "once more after 30 s"
    assert 5 <= counts[-1] <= 7, "but not every 30 s for 20 minutes"


def test_an_answer_ends_the_patience() -> None:
    bench = Bench(Pace(resend_min_s=30.0))
    seq, other = bench.put(), bench.put()
    bench.sender.step()
    for _ in range(3):
        bench.clock.advance(400)
        bench.sender.step()
    bench.acknowledge(seq)
    before = len(bench.sent())
    bench.clock.advance(31)
    bench.sender.step()
    assert bench.sent()[before:] == [other]


def test_a_slow_line_gives_more_time_before_a_resend() -> None:
    bench = Bench(Pace(resend_min_s=30.0))
    seq = bench.put()
    bench.sender.step()
    bench.clock.advance(20)
    bench.acknowledge(seq)
    assert bench.sender.status()["rtt_s"] == pytest.approx(20)
    bench.put()
    bench.sender.step()
    bench.clock.advance(70)
    bench.sender.step()
    assert bench.sent() == [1, 2]
    bench.clock.advance(11)
    bench.sender.step()
    assert bench.sent() == [1, 2, 2]


def test_after_a_reconnect_everything_open_is_sent_again_in_order() -> None:
    bench = Bench()
    seqs = [bench.put() for _ in range(3)]
    bench.sender.step()
    bench.acknowledge(seqs[1])
    bench.uplink.disconnect("the cable was pulled")
    bench.sender.step()
    assert bench.sender.status()["reason"] == "the cable was pulled"
    bench.uplink.connect()
    bench.sender.step()
    assert bench.sent() == [*seqs, seqs[0], seqs[2]]


def test_a_new_process_sends_what_the_old_one_left() -> None:
    bench = Bench()
    seq = bench.put()
    bench.sender.step()
    uplink = MemoryUplink()
    heir = Sender(bench.outbox, uplink, bench.clock, NAMES)
    heir.start()
    heir.step()
    uplink.deliver(ACK, wire.acknowledgement(bench.outbox.stream, [seq]))
    heir.step()
    assert bench.outbox.waiting() == {}


def test_a_half_open_link_is_noticed_by_the_missing_puback() -> None:
    bench = Bench(Pace(silent_s=60.0))
    bench.uplink.confirms = False
    bench.put()
    bench.sender.step()
    bench.clock.advance(61)
    bench.uplink.idle = 61
    bench.sender.step()
    assert bench.uplink.starts == 2
    assert not bench.sender.status()["connected"]
    bench.sender.step()
    assert bench.sent() == [1, 1]


def test_an_idle_link_that_owes_nothing_is_left_alone_until_the_keepalive_must_have_been_answered() -> None:
    bench = Bench(Pace(silent_s=60.0, dead_s=480.0))
    bench.sender.step()
    bench.sender.step()
    bench.uplink.idle = 300
    bench.clock.advance(300)
    bench.sender.step()
    assert bench.uplink.starts == 1
    bench.uplink.idle = 481
    bench.sender.step()
    assert bench.uplink.starts == 2


def test_states_are_published_only_when_they_change() -> None:
    bench = Bench()
    state: dict[str, Any] = {"device": "sw-1", "verdict": "ok", "ts": 1}
    bench.sender.set_states({"sw-1": state})
    bench.sender.step()
    bench.sender.set_states({"sw-1": state | {"ts": 2}})
    bench.sender.step()
    bench.sender.set_states({"sw-1": state | {"verdict": "critical", "ts": 3}})
    bench.sender.step()
    told = [message for message in bench.uplink.history if "/state/" in message.topic]
    assert [msgspec.json.decode(message.payload)["verdict"] for message in told] == ["ok", "critical"]
    assert all(message.retain for message in told)


def test_a_device_that_is_gone_is_cleared_at_the_broker() -> None:
    bench = Bench()
    bench.sender.set_states({"sw-1": {"verdict": "ok"}, "sw-2": {"verdict": "ok"}})
    bench.sender.step()
    bench.sender.set_states({"sw-2": {"verdict": "ok"}})
    bench.sender.step()
    last = bench.uplink.history[-1]
    assert (last.topic, last.payload, last.retain) == (NAMES.topic("state", "sw-1"), b"", True)


def test_a_restored_copy_starts_a_new_stream_and_loses_nothing() -> None:
    bench = Bench()
    seq = bench.put()
    bench.sender.step()
    old = bench.outbox.stream
    bench.acknowledge(newest=500)
    bench.sender.step()
    assert bench.outbox.stream != old
    assert "restored from an older copy" in str(bench.sender.status()["reason"])
    assert bench.sent() == [seq, seq]
    assert wire.decode(bench.uplink.history[-1].payload).stream == bench.outbox.stream


def test_an_unreadable_acknowledgement_is_said_and_deletes_nothing() -> None:
    bench = Bench()
    bench.put()
    bench.sender.step()
    bench.uplink.deliver(ACK, b"\x00\x01")
    bench.sender.step()
    assert "cannot be read" in str(bench.sender.status()["reason"])
    assert bench.outbox.waiting() == {1: 1}


def test_an_absurd_range_is_cut_to_what_this_box_has_written() -> None:
    bench = Bench()
    bench.put()
    bench.sender.step()
    bench.uplink.deliver(ACK, msgspec.json.encode({"stream": bench.outbox.stream, "ranges": [[1, 10**15]]}))
    bench.sender.step()
    assert bench.outbox.waiting() == {}


def test_another_streams_acknowledgement_is_not_ours() -> None:
    bench = Bench()
    seq = bench.put()
    bench.sender.step()
    bench.uplink.deliver(NAMES.topic("ack", "ffff"), wire.acknowledgement("ffff", [seq]))
    bench.sender.step()
    assert bench.outbox.waiting() == {1: 1}


class DeliveryMachine(RuleBasedStateMachine):
    """Any order of writing, cutting, restarting and acknowledging: headquarters ends with each fact exactly once."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(Pace(windows={1: 400, 3: 200}, take=3))
        self.written: set[int] = set()
        self.desk: set[int] = set()
        self.read = 0

    @rule(lane=st.sampled_from([1, 3]))
    def write(self, lane: int) -> None:
        self.written.add(self.bench.put(lane=lane, kind="evt" if lane == 1 else "hist"))

    @rule(seconds=st.floats(0, 100))
    def work(self, seconds: float) -> None:
        self.bench.clock.advance(seconds)
        self.bench.sender.step()

    @precondition(lambda self: self.bench.uplink.connected)
    @rule()
    def cut(self) -> None:
        self.bench.uplink.disconnect()

    @precondition(lambda self: not self.bench.uplink.connected)
    @rule()
    def mend(self) -> None:
        self.bench.uplink.connect()

    @rule()
    def restart(self) -> None:
        self.bench.sender = Sender(self.bench.outbox, self.bench.uplink, self.bench.clock, NAMES)
        self.bench.uplink.disconnect()

    @rule(lost=st.booleans())
    def desk_commits(self, lost: bool) -> None:
        new = self.bench.sent()[self.read :]
        self.read += len(new)
        if not lost:
            self.desk.update(new)
            self.bench.uplink.deliver(
                ACK, wire.acknowledgement(self.bench.outbox.stream, new, max(self.desk, default=0))
            )

    @invariant()
    def nothing_leaves_before_the_desk_has_it(self) -> None:
        assert self.written - self.desk <= set(self.bench.outbox.rows)

    def teardown(self) -> None:
        if not self.bench.uplink.connected:
            self.bench.uplink.connect()
        for _ in range(200):
            self.work(31.0)
            self.desk_commits(lost=False)
        self.bench.sender.step()
        assert self.desk == self.written
        assert not self.bench.outbox.rows


TestDelivery = DeliveryMachine.TestCase
TestDelivery.settings = hypothesis_settings(max_examples=40, stateful_step_count=30, deadline=None)
