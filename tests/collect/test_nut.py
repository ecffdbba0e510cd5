"""UPSs over NUT: what the variables mean, and every way upsd or the line to it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.clock import FakeClock
from gateway.collect.nut import Nut, identify, understand
from gateway.core.device import Device
from gateway.core.reading import Poll, Severity

HOST = "127.0.0.1"
VARIABLES = {
    "battery.charge": "100",
    "battery.charge.low": "10",
    "battery.runtime": "1860",
    "battery.temperature": "-4.5",
    "battery.type": "PbAc",
    "device.mfr": "EATON ",
    "device.model": "Ellipse PRO 1600",
    "device.serial": "G123",
    "driver.name": "usbhid-ups",
    "experimental.color": "7",
    "input.voltage": "231.0",
    "input.L1-N.voltage": "229.5",
    "input.transfer.reason": "input voltage out of range",
    "ups.alarm": "Replace battery!",
    "ups.beeper.status": "",
    "ups.load": "nan",
    "ups.status": "OL  CHRG RB",
    "ups.timer.shutdown": "-1",
    "output.frequency": "fifty",
    "ups.firmware": "02.08.0010",
}


def test_numbers_words_and_nothing_else_become_readings() -> None:
    found = {reading.metric: (reading.value, reading.severity) for reading in understand(VARIABLES, "ups-1", 7.0)}
    assert found == {
        "battery.charge": (100, None),
        "battery.charge.low": (10, None),
        "battery.runtime": (1860, None),
        "battery.temperature": (-4.5, None),
        "battery.type": ("PbAc", Severity.UNKNOWN),
        "input.voltage": (231, None),
        "input.L1-N.voltage": (229.5, None),
        "input.transfer.reason": ("input voltage out of range", Severity.UNKNOWN),
        "ups.alarm": ("Replace battery!", Severity.WARNING),
        "ups.status": ("OL CHRG RB", Severity.WARNING),
    }


def test_a_reading_says_whose_it_is_when_and_from_which_variable() -> None:
    (reading,) = understand({"ups.load": "34"}, "ups-1", 7.0)
    assert (reading.device, reading.at, reading.source) == ("ups-1", 7.0, "ups.load")


def test_the_ups_says_what_it_is() -> None:
    identity = identify(VARIABLES)
    assert (identity.kind, identity.vendor, identity.model, identity.serial, identity.firmware) == (
        *("ups", "EATON", "Ellipse PRO 1600", "G123", "02.08.0010"),
    )


@asynccontextmanager
async def upsd(answer: bytes, *, hang: bool = False) -> AsyncIterator[int]:
    """A server that answers every line with the same bytes, then hangs up (or not)."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        await writer.drain()
        if hang:
            await reader.read()
        writer.close()

    server = await asyncio.start_server(handle, HOST, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def ask(port: int) -> Poll:
    """Polls the UPS "ups" at a port of this machine."""
    device = Device("ups-1", "UPS", address=HOST, ports={"nut": port})
    return await Nut(FakeClock(), timeout_s=0.3).poll(device)


async def test_a_ups_is_read_in_one_list() -> None:
    rows = "".join(f'VAR ups {name} "{value}"\n' for name, value in VARIABLES.items())
    async with upsd(f"BEGIN LIST VAR ups\n{rows}END LIST VAR ups\n".encode(), hang=True) as port:
        poll = await ask(port)
    assert poll.failure is None
    assert len(poll.readings) == 10
    assert poll.identity.model == "Ellipse PRO 1600"


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        (b"ERR UNKNOWN-UPS\n", "refused", 'no UPS named "ups"'),
        (b"ERR DATA-STALE\n", "timeout", "the driver has lost the UPS"),
        (b"ERR DRIVER-NOT-CONNECTED\n", "timeout", "upsd has lost its driver"),
        (b"ERR ACCESS-DENIED\n", "unauthorised", "refuses this address"),
        (b"ERR NEW-CODE why\n", "refused", "NEW-CODE"),
        (b"220 smtp ready\n", "garbled", "220 smtp ready"),
        (b"BEGIN LIST VAR ups\nVAR ups", "garbled", "cut off"),
        (b"BEGIN LIST VAR ups\nVAR ups x\nEND LIST VAR ups\n", "garbled", "not NUT"),
        (b"BEGIN LIST VAR ups\n" + b"x" * 200_000, "garbled", "not NUT"),
        (b"\xff\xfe\n", "garbled", "ascii"),
        (b"", "garbled", "closed"),
    ],
)
async def test_an_answer_that_is_no_list_is_a_named_failure(answer: bytes, kind: str, detail: str) -> None:
    async with upsd(answer) as port:
        poll = await ask(port)
    assert poll.readings == ()
    assert poll.failure is not None
    assert (poll.failure.kind, poll.failure.what) == (kind, f"nut ups@{HOST}:{port}")
    assert detail in poll.failure.detail


async def test_a_silent_upsd_is_a_timeout() -> None:
    async with upsd(b"", hang=True) as port:
        poll = await ask(port)
    assert poll.failure is not None
    assert (poll.failure.kind, poll.failure.detail) == ("timeout", "upsd does not answer")


async def test_no_upsd_is_a_refusal() -> None:
    async with upsd(b"") as port:
        pass
    poll = await ask(port)
    assert poll.failure is not None
    assert (poll.failure.kind, poll.failure.detail) == ("refused", "no upsd listens there")
