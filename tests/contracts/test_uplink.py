"""The Uplink port: one suite on the fake and on paho against a real mosquitto with client certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest

from gateway import wire
from gateway.clock import SystemClock
from gateway.ports import Uplink, UplinkEvent
from gateway.uplink.memory import MemoryUplink
from gateway.uplink.mqtt import MqttUplink

NAMES = wire.Names("org", "depot", "0.1.0")
ACK = NAMES.topic("ack", "s1")


class World(Protocol):
    """One uplink and the hand that moves its broker."""

    uplink: Uplink

    def cut(self) -> None:
        """Ends the connection from the broker's side."""

    def mend(self) -> None:
        """Lets it connect again."""


class FakeWorld:
    """The fake: what is published to an acknowledgement topic comes back, as from a broker."""

    def __init__(self) -> None:
        fake = MemoryUplink()
        self.uplink = fake
        self.fake = fake
        publish = fake.publish

        def looped(topic: str, payload: bytes, *, retain: bool = False) -> int | None:
            token = publish(topic, payload, retain=retain)
            if token is not None and topic == ACK:
                fake.deliver(topic, payload)
            return token

        fake.publish = looped  # type: ignore[method-assign]

    def cut(self) -> None:
        self.fake.disconnect("cut")

    def mend(self) -> None:
        self.fake.connect()


class RealWorld:
    """paho and mosquitto."""

    def __init__(self, mosquitto: Any) -> None:
        self.mosquitto = mosquitto
        self.uplink = MqttUplink(mosquitto.settings("depot"), NAMES, SystemClock())

    def cut(self) -> None:
        self.mosquitto.kill()

    def mend(self) -> None:
        self.mosquitto.start()


@pytest.fixture(params=["fake", pytest.param("mosquitto", marks=pytest.mark.integration)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    world: World = FakeWorld() if request.param == "fake" else RealWorld(request.getfixturevalue("mosquitto"))
    yield world
    world.uplink.stop()


@pytest.fixture
def until(world: World, eventually: Callable[..., None]) -> Callable[[str], list[UplinkEvent]]:
    """Collects events until one of a kind came."""
    seen: list[UplinkEvent] = []

    def wait(kind: str) -> list[UplinkEvent]:
        def came() -> bool:
            seen.extend(world.uplink.events())
            return any(event.kind == kind for event in seen)

        eventually(came, f"an event {kind}")
        found = list(seen)
        seen.clear()
        return found

    return wait


def test_without_a_connection_nothing_is_taken(world: World) -> None:
    assert world.uplink.publish(NAMES.topic("evt"), b"x") is None
    assert world.uplink.events() == []


def test_it_connects_when_started(world: World, until: Any) -> None:
    world.uplink.start()
    assert [event.kind for event in until("connected")] == ["connected"]


def test_a_message_is_confirmed_with_its_token(world: World, until: Any) -> None:
    world.uplink.start()
    until("connected")
    tokens = [world.uplink.publish(NAMES.topic("evt"), b"x") for _ in range(3)]
    assert None not in tokens
    assert len(set(tokens)) == 3
    confirmed = [event.token for event in until("published")]
    while len(confirmed) < 3:
        confirmed += [event.token for event in until("published")]
    assert confirmed == tokens


def test_headquarters_acknowledgement_arrives(world: World, until: Any) -> None:
    world.uplink.start()
    until("connected")
    world.uplink.publish(ACK, b"payload \x00\xff")
    message = next(event for event in until("message") if event.kind == "message")
    assert (message.topic, message.payload) == (ACK, b"payload \x00\xff")


def test_a_cut_is_told_with_a_reason_and_heals(world: World, until: Any) -> None:
    world.uplink.start()
    until("connected")
    world.cut()
    lost = next(event for event in until("disconnected") if event.kind == "disconnected")
    assert lost.reason
    assert "\n" not in lost.reason
    assert world.uplink.publish(NAMES.topic("evt"), b"x") is None
    world.mend()
    until("connected")
    assert world.uplink.publish(NAMES.topic("evt"), b"x") is not None


def test_stop_and_start_again(world: World, until: Any) -> None:
    world.uplink.start()
    until("connected")
    world.uplink.stop()
    assert world.uplink.publish(NAMES.topic("evt"), b"x") is None
    world.uplink.start()
    until("connected")
    assert world.uplink.publish(NAMES.topic("evt"), b"x") is not None
