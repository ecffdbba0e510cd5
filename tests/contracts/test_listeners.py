"""What every listener owes the agent: the fake, traps and syslog."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from gateway.clock import FakeClock
from gateway.collect.listening import FakeListener
from gateway.collect.snmp import SnmpAuth
from gateway.collect.syslog import SyslogListener, shipped_patterns
from gateway.collect.trap import TrapListener
from gateway.core.errors import UnavailableError
from gateway.core.heard import Heard
from gateway.ports import Listener

KNOWN = {"127.0.0.1": ("sw-1",)}


def tlv(tag: int, content: bytes) -> bytes:
    return bytes([tag, len(content)]) + content


UP_TIME = tlv(0x30, bytes.fromhex("06082b06010201010300430101"))
TRAP_OID = tlv(0x30, bytes.fromhex("060a2b06010603010104010006092b0601060301010501"))
TRAP = tlv(
    0x30,
    tlv(2, b"\1") + tlv(4, b"lecture") + tlv(0xA7, 3 * tlv(2, b"\0") + tlv(0x30, UP_TIME + TRAP_OID)),
)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def traps(port: int) -> Listener:
    return TrapListener(KNOWN, [SnmpAuth("2c", "lecture")], FakeClock(), bind=("127.0.0.1", port))


def syslog(port: int) -> Listener:
    return SyslogListener(KNOWN, shipped_patterns(), FakeClock(), host="127.0.0.1", ports=(port, None))


REAL: Mapping[str, tuple[Callable[[int], Listener], bytes]] = {
    "traps": (traps, TRAP),
    "syslog": (syslog, b"<3>kernel: Out of memory: Killed process 7 (java)"),
}


class Ear:
    """One listener, and how it is spoken to."""

    def __init__(self, name: str) -> None:
        self.port = free_port()
        self.name = name
        if name == "fake":
            self.listener: Listener = FakeListener()
        else:
            make, self.message = REAL[name]
            self.listener = make(self.port)

    def say(self) -> None:
        if isinstance(self.listener, FakeListener):
            self.listener.waiting.append(Heard(FakeClock().wall(), "syslog", "127.0.0.1", "x", ("sw-1",), "x", True))
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(self.message, ("127.0.0.1", self.port))

    async def listen(self, count: int) -> list[Heard]:
        heard: list[Heard] = []
        async with asyncio.timeout(10):
            while len(heard) < count:
                heard.extend(self.listener.heard())
                await asyncio.sleep(0.01)
        return heard


@pytest.fixture(params=["fake", *REAL])
async def ear(request: pytest.FixtureRequest) -> AsyncIterator[Ear]:
    made = Ear(request.param)
    yield made
    made.listener.close()


async def test_what_is_said_is_heard_once_with_its_source_and_its_device(ear: Ear) -> None:
    ear.listener.open()
    ear.say()
    (line,) = await ear.listen(1)
    assert (line.source, line.device, line.at, line.count) == ("127.0.0.1", "sw-1", FakeClock().wall(), 1)
    assert line.event
    assert line.hasten
    assert line.text
    assert ear.listener.heard() == []


async def test_silence_is_nothing(ear: Ear) -> None:
    ear.listener.open()
    assert ear.listener.heard() == []


async def test_it_can_be_closed_twice_and_opened_again(ear: Ear) -> None:
    ear.listener.open()
    ear.listener.close()
    ear.listener.close()
    ear.listener.open()
    ear.say()
    assert len(await ear.listen(1)) == 1


@pytest.mark.parametrize("name", REAL)
async def test_address_that_the_machine_does_not_have_is_told_with_a_remedy(name: str) -> None:
    host = "192.0.2.1"
    listener: Listener = (
        TrapListener({}, [], FakeClock(), bind=(host, 0))
        if name == "traps"
        else SyslogListener({}, (), FakeClock(), host=host, ports=(0, None))
    )
    with pytest.raises(UnavailableError, match="this machine has no such address"):
        listener.open()
    listener.close()
