"""Agents as they are in depots: what each does wrong costs no more than the value it spoils. By v2c and by v3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.core.reading import FailureKind, Poll
from gateway.profiles.recording import Tag, Value, oid
from gateway.simulate import ber

OPER = oid("1.3.6.1.2.1.2.2.1.8")
UPTIME, LAST_CHANGE = oid("1.3.6.1.2.1.1.3.0"), oid("1.3.6.1.2.1.31.1.5.0")
NAMES, RECEIVED = oid("1.3.6.1.2.1.31.1.1.1.1"), oid("1.3.6.1.2.1.31.1.1.1.6")
ALIASES = oid("1.3.6.1.2.1.31.1.1.1.18")
RATE = "system.network.io_rate.receive"


def readings(poll: Poll, metric: str) -> Mapping[str, Any]:
    assert poll.failure is None, poll.failure
    return {reading.instance: reading.value for reading in poll.readings if reading.metric == metric}


def labels(poll: Poll) -> Mapping[str, str]:
    return {reading.instance: reading.label for reading in poll.readings if reading.metric == "hw.network.up"}


def ticks(running: Any, hundredths: int) -> None:
    running.values[UPTIME] = Value(Tag.TICKS, hundredths % 2**32)


async def test_oids_that_do_not_increase_end_the_table_and_nothing_else(bench: Any) -> None:
    def backwards(request: ber.Request, right: bytes) -> bytes:
        if request.pdu == ber.GET_BULK and any(one[: len(OPER)] == OPER for one in request.oids):
            earlier = ber.encode_binding((*OPER[:-1], 7, 99), (ber.INTEGER, 1))
            return ber.encode_response(request, earlier * 3)
        return right

    poll = await bench.poll(backwards)
    assert [(failure.kind, failure.what) for failure in poll.partial] == [
        (FailureKind.GARBLED, "interfaces interfaces")
    ]
    assert "the agent goes" in poll.partial[0].detail
    assert readings(poll, "hw.temperature")


async def test_late_answers_are_not_taken_for_those_to_the_next_question(bench: Any) -> None:
    before: list[bytes] = []

    def late(_request: ber.Request, right: bytes) -> bytes | None:
        before.append(right)
        return before[-2] if len(before) > 1 else None

    async with bench.agent("switch", late) as running, bench.collector() as asking:
        spoilt = [await asking.poll(bench.device(running.port)) for _ in range(2)]
        running.fault = None
        well = await asking.poll(bench.device(running.port))
    assert readings(well, "hw.network.up")
    assert [poll.failure.kind for poll in spoilt if poll.failure] == [
        FailureKind.UNAUTHORISED if bench.auth.version == "3" else FailureKind.TIMEOUT,
        FailureKind.TIMEOUT,
    ]


async def test_a_clock_that_wraps_after_497_days_is_no_gap_in_the_rates(bench: Any) -> None:
    clock = FakeClock()
    async with bench.agent() as running, bench.collector(clock) as asking:
        ticks(running, 2**32 - 3000)
        await asking.poll(bench.device(running.port))
        clock.advance(60)
        ticks(running, 2**32 + 3000)
        wrapped = await asking.poll(bench.device(running.port))
        clock.advance(60)
        ticks(running, 500)  # and this is a start
        started = await asking.poll(bench.device(running.port))
    assert readings(wrapped, RATE)
    assert not readings(started, RATE)


async def test_a_counter_set_back_alone_has_no_rate_once_and_the_others_have_theirs(bench: Any) -> None:
    clock, counter = FakeClock(), (*RECEIVED, 1)
    async with bench.agent() as running, bench.collector(clock) as asking:
        polls = []
        for content in (10**9, 500, 60_500):
            running.values[counter] = Value(Tag.COUNTER64, content)
            polls.append(await asking.poll(bench.device(running.port)))
            clock.advance(60)
    assert "Gi0/1" not in readings(polls[1], RATE)
    assert "Gi0/2" in readings(polls[1], RATE)
    assert readings(polls[2], RATE)["Gi0/1"] == 1000.0


@pytest.mark.parametrize("start", [True, False], ids=["by a start", "without a start"])
async def test_interfaces_numbered_anew_keep_their_names(bench: Any, start: bool) -> None:
    clock = FakeClock()
    async with bench.agent() as running, bench.collector(clock) as asking:
        ticks(running, 100_000)
        running.values[LAST_CHANGE] = Value(Tag.TICKS, 5)
        running.values = dict(sorted(running.values.items()))
        running.values[*OPER, 1], running.values[*OPER, 2] = Value(Tag.INTEGER, 1), Value(Tag.INTEGER, 2)
        first = await asking.poll(bench.device(running.port))
        clock.advance(60)
        ticks(running, 100 if start else 106_000)
        running.values[LAST_CHANGE] = Value(Tag.TICKS, 50 if start else 104_000)
        for column in (OPER, NAMES, RECEIVED, ALIASES):
            one, other = (*column, 1), (*column, 2)
            if one in running.values:
                running.values[one], running.values[other] = running.values[other], running.values[one]
        second = await asking.poll(bench.device(running.port))
    assert readings(first, "hw.network.up")["Gi0/1"] == 1.0
    assert readings(second, "hw.network.up") == readings(first, "hw.network.up")
    assert labels(second) == labels(first)


async def test_an_interface_that_goes_and_one_that_comes_are_known_by_their_names_at_once(bench: Any) -> None:
    async with bench.agent() as running, bench.collector() as asking:
        await asking.poll(bench.device(running.port))
        for key in [key for key in running.values if key[-1] == 2 and key[:7] == OPER[:7]]:
            running.values[*key[:-1], 77] = running.values.pop(key)
        running.values[*NAMES, 77] = Value(Tag.OCTETS, b"Gi9/9")
        for column in (NAMES, RECEIVED, ALIASES):
            running.values.pop((*column, 2), None)
        running.values = dict(sorted(running.values.items()))
        poll = await asking.poll(bench.device(running.port))
    found = readings(poll, "hw.network.up")
    assert "Gi9/9" in found
    assert "Gi0/2" not in found


@pytest.mark.parametrize(
    "none",
    [Value(Tag.NULL, None), Value(Tag.OCTETS, b""), Value(Tag.OCTETS, b"n/a")],
    ids=["Null", "an empty string", "no number"],
)
async def test_what_is_no_value_gives_no_reading_and_spoils_no_other(bench: Any, none: Value) -> None:
    async with bench.agent() as running, bench.collector() as asking:
        running.values[*RECEIVED, 1] = none
        running.values.pop((1, 3, 6, 1, 2, 1, 2, 2, 1, 10, 1), None)  # nor its 32-bit form
        poll = await asking.poll(bench.device(running.port))
    found = readings(poll, "system.network.io.receive")
    assert "Gi0/1" not in found
    assert "Gi0/2" in found


async def test_sentinels_are_no_values(bench: Any) -> None:
    charge = oid("1.3.6.1.2.1.33.1.2.4.0")
    async with bench.agent("ups-rfc1628") as running, bench.collector() as asking:
        usual = await asking.poll(bench.device(running.port))
        running.values[charge] = Value(Tag.INTEGER, -1)
        absent = await asking.poll(bench.device(running.port))
    assert readings(usual, "battery.charge")
    assert not readings(absent, "battery.charge")
    assert len(absent.readings) == len(usual.readings) - 1


@pytest.mark.parametrize(
    ("content", "label"),
    [
        (b"d\xe9p\xf4t", "dépôt"),  # Latin-1
        ("مخزن".encode(), "مخزن"),
        ("dépôt".encode("utf-16-be"), "dépôt"),
        (b"\xff\xfe\x01\x02", "ff:fe:01:02"),
        (b"depot\0\0", "depot"),
    ],
    ids=["Latin-1", "UTF-8", "UTF-16", "bytes", "NULs"],
)
async def test_strings_that_are_no_utf_8_are_told_in_letters_or_in_hexadecimal(
    bench: Any, content: bytes, label: str
) -> None:
    async with bench.agent() as running, bench.collector() as asking:
        running.values[*ALIASES, 1] = Value(Tag.OCTETS, content)
        poll = await asking.poll(bench.device(running.port))
    assert labels(poll)["Gi0/1"] == label
