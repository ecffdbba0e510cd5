"""The collector on real sockets against an agent that misbehaves: always a Poll with a named failure, never a hang.

All of it by v2c and by v3: both owe the collector the same.
"""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.collect.snmp import SnmpAuth, SnmpCollector
from gateway.collect.snmp_ask import Patience
from gateway.core.device import Device
from gateway.core.errors import VigieError
from gateway.core.reading import FailureKind
from gateway.profiles.load import shipped
from gateway.profiles.recording import oid, parse
from gateway.simulate import ber

RECORDINGS = Path(__file__).parents[1] / "recordings"
PROFILES = shipped()


async def test_a_good_agent_is_read_and_named(bench: Any) -> None:
    found = await bench.poll(None)
    assert found.failure is None
    assert found.partial == ()
    assert (found.identity.profile, found.identity.kind, found.identity.serial) == ("switch", "switch", "SN00012345")
    assert len(found.readings) > 50
    assert {reading.at for reading in found.readings} == {found.at}


def _wrong_id(request: ber.Request, _right: bytes) -> bytes:
    other = ber.Request(request.community, request.pdu, request.request_id + 1, 0, 0, request.oids)
    return ber.encode_response(other, b"")


SPOILT: dict[str, tuple[Any, set[FailureKind]]] = {
    # by v3 it tells its engine ID even so: then the password may be wrong
    "silent": (lambda _request, _right: None, {FailureKind.TIMEOUT, FailureKind.UNAUTHORISED}),
    "garbage": (lambda _request, right: os.urandom(len(right)), {FailureKind.GARBLED}),
    "truncated": (lambda _request, right: right[: len(right) // 2], {FailureKind.GARBLED}),
    "too long": (lambda _request, right: right + b"\0\0", {FailureKind.GARBLED, FailureKind.TIMEOUT}),
    "wrong id": (_wrong_id, {FailureKind.TIMEOUT, FailureKind.GARBLED}),
    "no access": (6, {FailureKind.UNAUTHORISED}),
    "always tooBig": (1, {FailureKind.GARBLED}),
    "always genErr": (5, {FailureKind.GARBLED}),
    "empty answers": (lambda request, _right: ber.encode_response(request, b""), {FailureKind.GARBLED}),
}


@pytest.mark.parametrize("name", SPOILT)
async def test_an_agent_that_spoils_every_answer_is_a_named_failure(bench: Any, name: str) -> None:
    how, kinds = SPOILT[name]
    found = await bench.poll(how if callable(how) else lambda request, _right: bench.with_error(request, how))
    assert found.failure is not None
    assert found.failure.kind in kinds, found.failure
    assert found.failure.detail
    assert found.readings == ()


async def test_answers_to_other_questions_are_told_from_silence(bench: Any) -> None:
    spoken, silent = await bench.poll(_wrong_id), await bench.poll(lambda _request, _right: None)
    assert spoken.failure is not None
    assert silent.failure is not None
    assert "to other questions" in spoken.failure.detail
    assert "to other questions" not in silent.failure.detail


async def test_an_agent_that_loops_is_told_and_the_rest_is_read(bench: Any) -> None:
    start = oid("1.3.6.1.2.1.2.2.1.8.2")

    def loops(request: ber.Request, right: bytes) -> bytes:
        if any(one[:10] == start[:10] for one in request.oids) and request.pdu == ber.GET_BULK:
            return ber.encode_response(request, ber.encode_binding(start, (ber.INTEGER, 1)) * 30)
        return right

    found = await bench.poll(loops)
    assert found.failure is None
    assert [(failure.kind, failure.what) for failure in found.partial] == [
        (FailureKind.GARBLED, "interfaces interfaces")
    ]
    assert any(reading.metric == "hw.temperature" for reading in found.readings)


async def test_too_big_answers_are_asked_in_halves(bench: Any) -> None:
    sizes: list[int] = []

    def picky(request: ber.Request, right: bytes) -> bytes:
        wanted = len(request.oids) * max(1, request.repetitions)
        sizes.append(wanted)
        return bench.with_error(request, 1) if wanted > 8 else right

    found = await bench.poll(picky)
    assert found.failure is None
    assert found.partial == ()
    assert len(found.readings) == len((await bench.poll(None)).readings)


async def test_silence_on_large_bulk_answers_costs_time_but_no_values(bench: Any) -> None:
    def deaf(request: ber.Request, right: bytes) -> bytes | None:
        return None if request.repetitions > 10 else right

    found = await bench.poll(deaf, "server-linux")
    assert (found.failure, found.partial) == (None, ())
    assert any(reading.metric == "system.filesystem.utilization" for reading in found.readings)


async def test_answers_that_come_twice_do_no_harm(bench: Any) -> None:
    async with bench.agent("switch") as running, bench.collector() as asking:
        running.times = 2
        first = await asking.poll(bench.device(running.port))
        second = await asking.poll(bench.device(running.port))
    assert (first.failure, second.failure) == (None, None)


async def test_a_port_where_nothing_listens_is_refused(bench: Any) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as spare:
        spare.bind(("127.0.0.1", 0))
        port = spare.getsockname()[1]
    async with bench.collector() as asking:
        found = await asking.poll(bench.device(port))
    assert found.failure is not None
    assert found.failure.kind is FailureKind.REFUSED


async def test_a_name_that_nobody_knows_is_a_failure_and_no_exception(bench: Any) -> None:
    async with bench.collector() as asking:
        found = await asking.poll(Device("thing", "Thing", address="no-such-host.invalid", credential="it"))
    assert found.failure is not None
    assert "no-such-host.invalid" in found.failure.detail


async def test_a_poll_that_is_cancelled_leaves_the_collector_usable(bench: Any) -> None:
    async with bench.agent("switch", lambda _request, _right: None) as running, bench.collector() as asking:
        task = asyncio.create_task(asking.poll(bench.device(running.port)))
        await running.asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        running.fault = None
        assert (await asking.poll(bench.device(running.port))).failure is None


async def test_a_slow_device_is_bounded_by_the_deadline(bench: Any) -> None:
    async with bench.agent("switch") as running:
        answers: asyncio.Queue[None] = asyncio.Queue()
        running.fault = lambda _request, _right: answers.put_nowait(None)
        asking = SnmpCollector({"it": bench.auth}, PROFILES, FakeClock(), patience=Patience(5.0, 3, 0.3))
        found = await asyncio.wait_for(asking.poll(bench.device(running.port)), 5)
        asking.close()
    assert found.failure is not None
    assert found.failure.kind is FailureKind.TIMEOUT


async def test_counters_become_rates_at_the_second_poll(bench: Any) -> None:
    clock = FakeClock()
    received = oid("1.3.6.1.2.1.31.1.1.1.6.1")
    async with bench.agent("switch") as running, bench.collector(clock) as asking:
        first = await asking.poll(bench.device(running.port))
        before = running.values[received]
        assert isinstance(before.content, int)
        running.values[received] = before._replace(content=before.content + 60_000)
        clock.advance(60)
        second = await asking.poll(bench.device(running.port))
    rates = {
        reading.instance: reading.value for reading in second.readings if reading.metric.endswith("io_rate.receive")
    }
    assert not any("rate" in reading.metric for reading in first.readings)
    assert rates["Gi0/1"] == 1000.0
    assert rates["Gi0/2"] == 0.0


async def test_a_restart_of_the_agent_is_a_gap_in_the_rates(bench: Any) -> None:
    clock = FakeClock()
    uptime, received = oid("1.3.6.1.2.1.1.3.0"), oid("1.3.6.1.2.1.2.2.1.10.1")
    async with bench.agent("router") as running, bench.collector(clock) as asking:
        await asking.poll(bench.device(running.port))
        clock.advance(60)
        running.values[uptime] = running.values[uptime]._replace(content=4294906000)
        assert any("rate" in reading.metric for reading in (await asking.poll(bench.device(running.port))).readings)
        clock.advance(60)
        running.values[uptime] = running.values[uptime]._replace(content=1000)
        running.values[received] = running.values[received]._replace(content=10)
        third = await asking.poll(bench.device(running.port))
    assert not any("rate" in reading.metric for reading in third.readings)


async def test_another_device_at_the_same_address_is_identified_anew(bench: Any) -> None:
    async with bench.agent("switch") as running, bench.collector() as asking:
        assert (await asking.poll(bench.device(running.port))).identity.kind == "switch"
        running.values = parse((RECORDINGS / "printer.rec").read_text(encoding="utf-8"))
        found = await asking.poll(bench.device(running.port))
    assert (found.identity.kind, found.identity.serial) == ("printer", "PRN0000042")
    assert any(reading.metric == "printer.supply.level" for reading in found.readings)


async def test_later_polls_cost_fewer_requests_than_the_first(bench: Any) -> None:
    async with bench.agent("switch") as running, bench.collector() as asking:
        first = await asking.poll(bench.device(running.port))
        second = await asking.poll(bench.device(running.port))
    assert second.requests < first.requests
    assert second.identity == first.identity
    assert {reading.series for reading in first.readings} <= {reading.series for reading in second.readings}


async def test_a_credential_that_nobody_defined_is_told(bench: Any) -> None:
    async with bench.collector() as asking:
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
