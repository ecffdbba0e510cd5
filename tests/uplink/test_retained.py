"""What the broker keeps is what there is: also after a restart, a removal in between, a switch that was turned off."""

from __future__ import annotations

import msgspec

from gateway import wire
from gateway.clock import FakeClock
from gateway.core.device import Device
from gateway.store.memory import MemoryOutbox
from gateway.uplink.memory import MemoryUplink
from gateway.uplink.pace import Pace
from gateway.uplink.sender import Sender
from gateway.wire.home_assistant import announcements

NAMES = wire.Names("org", "depot", "0.1.0")
SW_1, SW_2 = (NAMES.topic("state", name) for name in ("sw-1", "sw-2"))


class Run:
    """One run of an agent: a sender on an outbox that outlives it."""

    def __init__(self, outbox: MemoryOutbox, *devices: str, home_assistant: bool = False, most: int = 100_000) -> None:
        self.uplink = MemoryUplink()
        self.sender = Sender(outbox, self.uplink, FakeClock(), NAMES, Pace(states_bytes=most))
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
