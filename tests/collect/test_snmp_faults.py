"""The collector on real sockets against an agent that misbehaves: always a Poll with a named failure, never a hang.

All of it on the project's own codec and on pysnmp: both owe the collector the same.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.collect.snmp import SnmpAuth, SnmpCollector
from gateway.collect.snmp_ask import Patience
from gateway.collect.snmp_lines import LightLines, Lines, PysnmpLines
from gateway.core.device import Device
from gateway.core.errors import VigieError
from gateway.core.reading import FailureKind, Poll
from gateway.profiles.load import shipped
from gateway.profiles.recording import Oid, Value, oid, parse
from gateway.simulate import ber
from gateway.simulate.agents import answer
from gateway.simulate.mib import View

RECORDINGS = Path(__file__).parents[1] / "recordings"
PROFILES = shipped()

LINES: list[Callable[[], Lines]] = [LightLines]


@pytest.fixture(autouse=True, params=[LightLines, PysnmpLines])
def lines(request: pytest.FixtureRequest) -> Callable[[], Lines]:
    LINES[0] = request.param
    return LINES[0]


Fault = Callable[[ber.Request, bytes], bytes | None]
"""What an agent sends instead of the right answer; None for nothing."""


class Agent(asyncio.DatagramProtocol):
    """A v2c agent that answers from a recording and then spoils the answer."""

    def __init__(self, values: dict[Oid, Value], fault: Fault | None = None) -> None:
        self.values = values
        self.fault = fault
        self.port = 0
        self.times = 1
        self.requests: list[ber.Request] = []
        self.asked = asyncio.Event()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        try:
            request = ber.decode_request(data)
        except ber.GarbledError:
            return
        self.requests.append(request)
        self.asked.set()
        right = answer(request, View(self.values))
        sent = self.fault(request, right) if self.fault else right
        for _ in range(self.times if sent is not None else 0):
            self._transport.sendto(sent, addr)


@asynccontextmanager
async def agent(recording: str = "switch", fault: Fault | None = None) -> AsyncIterator[Agent]:
    values = parse((RECORDINGS / f"{recording}.rec").read_text(encoding="utf-8"))
    loop = asyncio.get_running_loop()
    transport, running = await loop.create_datagram_endpoint(lambda: Agent(values, fault), local_addr=("127.0.0.1", 0))
    try:
        yield running
    finally:
        transport.close()


@asynccontextmanager
async def collector(clock: FakeClock | None = None) -> AsyncIterator[SnmpCollector]:
    running = SnmpCollector({}, PROFILES, clock or FakeClock(), patience=Patience(0.5, 0, 20.0), lines=LINES[0]())
    try:
        yield running
    finally:
        running.close()


def device(port: int) -> Device:
    return Device("thing", "Thing", address="127.0.0.1", ports={"snmp": port})


async def poll(fault: Fault | None, recording: str = "switch") -> Poll:
    async with agent(recording, fault) as running, collector() as asking:
        return await asyncio.wait_for(asking.poll(device(running.port)), 30)


async def test_a_good_agent_is_read_and_named() -> None:
    found = await poll(None)
    assert found.failure is None
    assert found.partial == ()
    assert (found.identity.profile, found.identity.kind, found.identity.serial) == ("switch", "switch", "SN00012345")
    assert len(found.readings) > 50
    assert {reading.at for reading in found.readings} == {found.at}


def _with_error(request: ber.Request, status: int) -> bytes:
    body = ber.tlv(ber.INTEGER, ber.encode_integer(request.request_id)) + bytes([2, 1, status, 2, 1, 0])
    body += ber.tlv(ber.SEQUENCE, b"")
    head = b"\x02\x01\x01" + ber.tlv(ber.OCTETS, request.community.encode())
    return ber.tlv(ber.SEQUENCE, head + ber.tlv(ber.RESPONSE, body))


def _wrong_id(request: ber.Request, _right: bytes) -> bytes:
    other = ber.Request(request.community, request.pdu, request.request_id + 1, 0, 0, request.oids)
    return ber.encode_response(other, b"")


SPOILT: dict[str, tuple[Fault, set[FailureKind]]] = {
    "silent": (lambda _request, _right: None, {FailureKind.TIMEOUT}),
    "garbage": (lambda _request, right: os.urandom(len(right)), {FailureKind.GARBLED}),
    "truncated": (lambda _request, right: right[: len(right) // 2], {FailureKind.GARBLED}),
    "too long": (lambda _request, right: right + b"\0\0", {FailureKind.GARBLED, FailureKind.TIMEOUT}),
    "wrong id": (_wrong_id, {FailureKind.TIMEOUT, FailureKind.GARBLED}),
    "no access": (lambda request, _right: _with_error(request, 6), {FailureKind.UNAUTHORISED}),
    "always tooBig": (lambda request, _right: _with_error(request, 1), {FailureKind.GARBLED}),
    "always genErr": (lambda request, _right: _with_error(request, 5), {FailureKind.GARBLED}),
    "empty answers": (lambda request, _right: ber.encode_response(request, b""), {FailureKind.GARBLED}),
}


@pytest.mark.parametrize("name", SPOILT)
async def test_an_agent_that_spoils_every_answer_is_a_named_failure(name: str) -> None:
    fault, kinds = SPOILT[name]
    found = await poll(fault)
    assert found.failure is not None
    assert found.failure.kind in kinds, found.failure
    assert found.failure.detail
    assert found.readings == ()


async def test_answers_to_other_questions_are_told_from_silence() -> None:
    spoken, silent = await poll(_wrong_id), await poll(lambda _request, _right: None)
    assert spoken.failure is not None
    assert silent.failure is not None
    assert "to other questions" in spoken.failure.detail
    assert "no answer" in silent.failure.detail


async def test_an_agent_that_loops_is_told_and_the_rest_is_read() -> None:
    start = oid("1.3.6.1.2.1.2.2.1.8.2")

    def loops(request: ber.Request, right: bytes) -> bytes:
        if any(one[:10] == start[:10] for one in request.oids) and request.pdu == ber.GET_BULK:
            return ber.encode_response(request, ber.encode_binding(start, (ber.INTEGER, 1)) * 30)
        return right

    found = await poll(loops)
    assert found.failure is None
    assert [(failure.kind, failure.what) for failure in found.partial] == [
        (FailureKind.GARBLED, "interfaces interfaces")
    ]
    assert any(reading.metric == "hw.temperature" for reading in found.readings)


async def test_too_big_answers_are_asked_in_halves() -> None:
    sizes: list[int] = []

    def picky(request: ber.Request, right: bytes) -> bytes:
        wanted = len(request.oids) * max(1, request.repetitions)
        sizes.append(wanted)
        return _with_error(request, 1) if wanted > 8 else right

    found = await poll(picky)
    assert found.failure is None
    assert found.partial == ()
    assert len(found.readings) == len((await poll(None)).readings)


async def test_silence_on_large_bulk_answers_costs_time_but_no_values() -> None:
    def deaf(request: ber.Request, right: bytes) -> bytes | None:
        return None if request.repetitions > 10 else right

    found = await poll(deaf, "server-linux")
    assert (found.failure, found.partial) == (None, ())
    assert any(reading.metric == "system.filesystem.utilization" for reading in found.readings)


async def test_answers_that_come_twice_do_no_harm() -> None:
    async with agent("switch") as running, collector() as asking:
        running.times = 2
        first = await asking.poll(device(running.port))
        second = await asking.poll(device(running.port))
    assert (first.failure, second.failure) == (None, None)


async def test_a_port_where_nothing_listens_is_refused() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as spare:
        spare.bind(("127.0.0.1", 0))
        port = spare.getsockname()[1]
    async with collector() as asking:
        found = await asking.poll(device(port))
    assert found.failure is not None
    assert found.failure.kind is FailureKind.REFUSED


async def test_a_name_that_nobody_knows_is_a_failure_and_no_exception() -> None:
    async with collector() as asking:
        found = await asking.poll(Device("thing", "Thing", address="no-such-host.invalid"))
    assert found.failure is not None
    assert "no-such-host.invalid" in found.failure.detail


async def test_a_poll_that_is_cancelled_leaves_the_collector_usable() -> None:
    async with agent("switch", lambda _request, _right: None) as running, collector() as asking:
        task = asyncio.create_task(asking.poll(device(running.port)))
        await running.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        running.fault = None
        assert (await asking.poll(device(running.port))).failure is None


async def test_a_slow_device_is_bounded_by_the_deadline() -> None:
    async with agent("switch") as running:
        answers: asyncio.Queue[None] = asyncio.Queue()
        running.fault = lambda _request, _right: answers.put_nowait(None)
        asking = SnmpCollector({}, PROFILES, FakeClock(), patience=Patience(5.0, 3, 0.3), lines=LINES[0]())
        found = await asyncio.wait_for(asking.poll(device(running.port)), 5)
        asking.close()
    assert found.failure is not None
    assert found.failure.kind is FailureKind.TIMEOUT


async def test_counters_become_rates_at_the_second_poll() -> None:
    clock = FakeClock()
    received = oid("1.3.6.1.2.1.31.1.1.1.6.1")
    async with agent("switch") as running, collector(clock) as asking:
        first = await asking.poll(device(running.port))
        before = running.values[received]
        assert isinstance(before.content, int)
        running.values[received] = before._replace(content=before.content + 60_000)
        clock.advance(60)
        second = await asking.poll(device(running.port))
    rates = {
        reading.instance: reading.value for reading in second.readings if reading.metric.endswith("io_rate.receive")
    }
    assert not any("rate" in reading.metric for reading in first.readings)
    assert rates["Gi0/1"] == 1000.0
    assert rates["Gi0/2"] == 0.0


async def test_a_restart_of_the_agent_is_a_gap_in_the_rates() -> None:
    clock = FakeClock()
    uptime, received = oid("1.3.6.1.2.1.1.3.0"), oid("1.3.6.1.2.1.2.2.1.10.1")
    async with agent("router") as running, collector(clock) as asking:
        await asking.poll(device(running.port))
        clock.advance(60)
        running.values[uptime] = running.values[uptime]._replace(content=4294906000)
        assert any("rate" in reading.metric for reading in (await asking.poll(device(running.port))).readings)
        clock.advance(60)
        running.values[uptime] = running.values[uptime]._replace(content=1000)
        running.values[received] = running.values[received]._replace(content=10)
        third = await asking.poll(device(running.port))
    assert not any("rate" in reading.metric for reading in third.readings)


async def test_another_device_at_the_same_address_is_identified_anew() -> None:
    async with agent("switch") as running, collector() as asking:
        assert (await asking.poll(device(running.port))).identity.kind == "switch"
        running.values = parse((RECORDINGS / "printer.rec").read_text(encoding="utf-8"))
        found = await asking.poll(device(running.port))
    assert (found.identity.kind, found.identity.serial) == ("printer", "PRN0000042")
    assert any(reading.metric == "printer.supply.level" for reading in found.readings)


async def test_later_polls_cost_fewer_requests_than_the_first() -> None:
    async with agent("switch") as running, collector() as asking:
        first = await asking.poll(device(running.port))
        second = await asking.poll(device(running.port))
    assert second.requests < first.requests
    assert second.identity == first.identity
    assert {reading.series for reading in first.readings} <= {reading.series for reading in second.readings}


async def test_a_credential_that_nobody_defined_is_told() -> None:
    async with collector() as asking:
        with pytest.raises(VigieError, match="no credential is named 'oran'"):
            await asking.poll(Device("thing", "Thing", address="127.0.0.1", credential="oran"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"version": "4"}, "version"),
        ({"version": "3"}, "user"),
        ({"version": "3", "user": "u", "auth": "short"}, "too short"),
        ({"version": "3", "user": "u", "priv": "long enough"}, "auth password"),
        ({"version": "3", "user": "u", "auth_protocol": "SHA3"}, "SHA3"),
        ({"version": "3", "user": "u", "priv_protocol": "ROT13"}, "ROT13"),
    ],
)
def test_credentials_that_snmp_does_not_have_are_refused(given: dict[str, str], says: str) -> None:
    with pytest.raises(VigieError, match=says):
        SnmpAuth(**given)


def test_a_credential_does_not_show_its_secrets() -> None:
    shown = repr(SnmpAuth("3", community="zebra-1", user="u", auth="zebra-two", priv="zebra-three"))
    assert "zebra" not in shown
