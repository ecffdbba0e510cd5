"""What the broker keeps is what there is: also after a restart, a removal in between, a switch that was turned off."""

from __future__ import annotations

from typing import Any

import msgspec
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway import wire
from gateway.clock import FakeClock, SystemClock
from gateway.core.device import Device
from gateway.settings.tls import tls_context
from gateway.store.memory import MemoryOutbox
from gateway.uplink.memory import MemoryUplink
from gateway.uplink.mqtt import MqttUplink
from gateway.uplink.pace import Pace
from gateway.uplink.sender import Sender
from gateway.wire.home_assistant import announcements

NAMES = wire.Names("org", "depot", "0.1.0")
SW_1, SW_2 = (NAMES.topic("state", name) for name in ("sw-1", "sw-2"))


class Run:
    """One run of an agent: a sender on an outbox that outlives it."""

    def __init__(self, outbox: MemoryOutbox, *devices: str, home_assistant: bool = False, most: int = 100_000) -> None:
        self.uplink, self.clock = MemoryUplink(), FakeClock()
        self.uplink.will = b"will of the first connection"
        self.sender = Sender(outbox, self.uplink, self.clock, NAMES, Pace(states_bytes=most))
        if home_assistant:
            self.sender.announce(announcements(NAMES, [Device(name, name) for name in devices]))
        self.sender.start()
        self.devices = devices

    def work(self, steps: int = 3) -> dict[str, bytes]:
        """What was published below `state/` and for Home Assistant, the last of each topic."""
        self.sender.set_states({name: {"device": name, "verdict": "ok"} for name in self.devices})
        for _ in range(steps):
            self.sender.step()
        return {m.topic: m.payload for m in self.uplink.history if m.retain and m.topic != NAMES.topic("status")}


def test_a_device_removed_between_two_runs_is_cleared() -> None:
    outbox = MemoryOutbox()
    Run(outbox, "sw-1", "sw-2").work()
    assert Run(outbox, "sw-2").work()[SW_1] == b""
    assert SW_1 not in Run(outbox, "sw-2").work(), "once the broker has confirmed it, it is not cleared again"


def test_nothing_is_cleared_before_the_agent_knows_what_there_is() -> None:
    outbox = MemoryOutbox()
    Run(outbox, "sw-1").work()
    run = Run(outbox, "sw-1")
    run.sender.step()
    run.sender.step()
    assert run.uplink.topics() == [NAMES.topic("status")]


def test_a_clearing_that_the_broker_did_not_confirm_is_done_again() -> None:
    outbox = MemoryOutbox()
    Run(outbox, "sw-1", "sw-2").work()
    run = Run(outbox, "sw-2")
    run.uplink.confirms = False
    run.work()
    assert Run(outbox, "sw-2").work()[SW_1] == b""


def test_a_topic_is_remembered_before_it_is_published() -> None:
    outbox = MemoryOutbox()
    run = Run(outbox, "sw-1")
    run.uplink.reachable = False
    run.uplink.disconnect()
    run.uplink.connect()
    run.sender.set_states({"sw-1": {"verdict": "ok"}})
    run.sender.step()
    assert outbox.retained() == [SW_1]


def test_a_device_that_comes_back_is_told_again() -> None:
    outbox = MemoryOutbox()
    run = Run(outbox, "sw-1", "sw-2")
    run.work()
    run.devices = ("sw-2",)
    assert run.work()[SW_1] == b""
    run.devices = ("sw-1", "sw-2")
    assert msgspec.json.decode(run.work()[SW_1])["verdict"] == "ok"
    assert outbox.retained() == [SW_1, SW_2]


def test_states_go_a_few_at_a_time() -> None:
    run = Run(MemoryOutbox(), *(f"srv-{n:02}" for n in range(50)), most=500)
    run.uplink.confirms = False
    told = run.work(20)
    assert 0 < sum(len(topic) + len(payload) for topic, payload in told.items()) < 700
    run = Run(MemoryOutbox(), *(f"srv-{n:02}" for n in range(50)), most=500)
    assert len(run.work(50)) == 50


def test_a_switch_that_is_turned_off_takes_its_announcements_with_it() -> None:
    outbox = MemoryOutbox()
    announced = Run(outbox, "sw-1", home_assistant=True).work()
    topic = "homeassistant/binary_sensor/depot/sw-1/config"
    assert msgspec.json.decode(announced[topic])["state_topic"] == SW_1
    after = Run(outbox, "sw-1").work()
    assert (after[topic], bool(after[SW_1])) == (b"", True)
    assert topic not in Run(outbox, "sw-1").work()


def test_an_announcement_of_a_device_that_is_gone_is_cleared_too() -> None:
    outbox = MemoryOutbox()
    Run(outbox, "sw-1", "sw-2", home_assistant=True).work()
    after = Run(outbox, "sw-2", home_assistant=True).work()
    assert after["homeassistant/binary_sensor/depot/sw-1/config"] == b""
    assert after["homeassistant/binary_sensor/depot/sw-2/config"]


class Broker:
    """What a broker that keeps messages says to a box that comes back."""

    def __init__(self) -> None:
        self.run = Run(MemoryOutbox(), "sw-1", "sw-2")

    def told_after(self, status: bytes | None, *devices: str, seconds: float = 0.0) -> set[str]:
        """States that the box tells anew on its second connection, where the broker has kept this status."""
        uplink = self.run.uplink
        self.run.work()
        before = len(uplink.history)
        uplink.disconnect()
        uplink.will = b"will of the second"
        uplink.connect()
        self.run.devices = devices or self.run.devices
        if status is not None:
            uplink.deliver(NAMES.topic("status"), status)
        self.run.sender.step()
        self.run.clock.advance(seconds)
        self.run.work()
        return {m.topic for m in uplink.history[before:]} - {NAMES.topic("status")}


def test_a_broker_that_remembers_is_not_told_again() -> None:
    """Fifty states are 16 kB: eight seconds of a line of 16 kbit/s after each short cut."""
    assert Broker().told_after(b"will of the first connection") == set()


def test_what_it_remembers_of_a_goodbye_counts_too() -> None:
    broker = Broker()
    broker.run.work()
    broker.run.sender.close()
    goodbye = broker.run.uplink.history[-1].payload
    broker.run.sender.start()
    broker.run.uplink.deliver(NAMES.topic("status"), goodbye)
    before = len(broker.run.uplink.history)
    broker.run.work()
    assert {m.topic for m in broker.run.uplink.history[before:]} == {NAMES.topic("status")}


def test_a_broker_with_an_older_memory_is_told_everything() -> None:
    """It was killed and came back with what it had saved: the will of a connection before."""
    assert Broker().told_after(b"will of an earlier connection") == {SW_1, SW_2}


def test_a_broker_that_keeps_nothing_is_told_everything() -> None:
    assert Broker().told_after(None) == set(), "not before it had time to say so"
    assert Broker().told_after(None, seconds=11.0) == {SW_1, SW_2}


def test_what_was_not_confirmed_before_the_cut_is_told_again() -> None:
    broker = Broker()
    broker.run.uplink.confirms = False
    assert broker.told_after(b"will of the first connection") == {SW_1, SW_2}


def test_what_changed_meanwhile_is_told() -> None:
    assert Broker().told_after(b"will of the first connection", "sw-2") == {SW_1}, "cleared"


@pytest.mark.integration
def test_a_real_broker_is_told_again_only_if_it_forgot(mosquitto: Any, eventually: Any) -> None:
    seen: list[str] = []
    clock, names = SystemClock(), wire.Names("org", "depot", "0.1.0")
    sender = Sender(MemoryOutbox(), MqttUplink(mosquitto.settings("depot"), names, clock), clock, names)
    state = {"sw-1": {"device": "sw-1", "verdict": "ok"}}

    def watch() -> paho.Client:
        watcher = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        watcher.tls_set_context(tls_context(mosquitto.settings("desk")))
        watcher.on_message = lambda _c, _d, message: seen.append(message.topic.rpartition("/")[2])
        watcher.connect("127.0.0.1", mosquitto.port)
        watcher.subscribe([(names.topic("state", "+"), 1), (names.topic("status"), 1)])
        watcher.loop_start()
        return watcher

    def again(what: str, count: int) -> None:
        sender.set_states(state)
        eventually(lambda: sender.step() or seen.count(what) >= count, f"{what}, not {seen}", within_s=40)

    watcher = watch()
    sender.start()
    again("sw-1", 1)
    sender.close()
    sender.start()
    state["sw-2"] = {"device": "sw-2", "verdict": "ok"}
    again("sw-2", 1)
    assert seen.count("sw-1") == 1, "the broker still had it"
    mosquitto.kill()
    watcher.loop_stop()
    mosquitto.start()  # without persistence it has forgotten everything
    watcher = watch()
    again("sw-2", 2)
    assert seen.count("sw-1") == 2
    sender.close()
    watcher.disconnect()
    watcher.loop_stop()
