"""The real upsd with its dummy-ups driver: readings, a status that changes, a driver that dies."""

from __future__ import annotations

import asyncio
import os
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.collect.nut import Nut
from gateway.core.device import Device
from gateway.core.reading import Poll, Severity
from gateway.simulate.agents import Endpoint
from gateway.simulate.nut import NutServer, installed

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(installed() is None, reason="nut-server is not installed"),
]
HOST = "127.0.0.1"
DEADLINE_S = 30


def free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


class Ups:
    """One running upsd and the file its driver reads."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        programs = installed()
        assert programs
        self._server = NutServer(folder, Endpoint(HOST, self.port), programs)
        self._processes: dict[str, Process] = {}
        self._written = 1_000_000_000

    async def start(self) -> None:
        self._server.prepare()
        self.show("OL CHRG")
        for program in self._server.programs():
            self._processes[program.name] = await asyncio.create_subprocess_exec(
                *program.command,
                env=os.environ | dict(program.environment),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )

    def show(self, status: str) -> None:
        """Puts a status into the driver's file, dated some whole seconds later: the driver looks at that."""
        pending = self._folder / "ups.new"
        lines = ("ups.mfr: ACME", "ups.model: Test 1000", "ups.serial: S1", f"ups.status: {status}")
        pending.write_text("\n".join((*lines, "battery.charge: 91", "battery.runtime: 1200", "ups.load: 12", "")))
        self._written += 1
        os.utime(pending, (self._written, self._written))
        pending.replace(self._folder / "ups.dev")

    async def end(self, name: str) -> None:
        process = self._processes.pop(name)
        process.terminate()
        await process.wait()

    async def close(self) -> None:
        for name in list(self._processes):
            await self.end(name)


@pytest.fixture
async def ups(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ups]:
    found = Ups(tmp_path_factory.mktemp("n"))
    await found.start()
    yield found
    await found.close()


async def until(ups: Ups, condition: Callable[[Poll], bool], name: str = "ups") -> Poll:
    """Polls until a condition holds."""
    device = Device("ups-1", "UPS", address=HOST, ports={"nut": ups.port}, nut_name=name)
    collector = Nut(FakeClock(), timeout_s=2)
    async with asyncio.timeout(DEADLINE_S):
        while not condition(poll := await collector.poll(device)):  # noqa: ASYNC110 - another process sets no event
            await asyncio.sleep(0.05)
    return poll


def status(poll: Poll) -> tuple[float | str, Severity | None]:
    return next(((r.value, r.severity) for r in poll.readings if r.metric == "ups.status"), ("", None))


async def test_a_power_cut_is_seen_as_the_ups_tells_it(ups: Ups) -> None:
    first = await until(ups, lambda poll: status(poll)[0] == "OL CHRG")
    assert status(first) == ("OL CHRG", Severity.OK)
    assert {reading.metric: reading.value for reading in first.readings}["battery.runtime"] == 1200
    assert (first.identity.vendor, first.identity.model, first.identity.serial) == ("ACME", "Test 1000", "S1")
    ups.show("OB DISCHRG")
    cut = await until(ups, lambda poll: status(poll)[0] == "OB DISCHRG")
    assert status(cut)[1] == Severity.WARNING
    ups.show("OL")
    await until(ups, lambda poll: status(poll) == ("OL", Severity.OK))


async def test_a_ups_that_upsd_does_not_know_is_named(ups: Ups) -> None:
    poll = await until(ups, lambda poll: poll.failure is not None and "nut_name" in poll.failure.detail, "other")
    assert poll.readings == ()


async def test_a_driver_that_dies_is_no_data_and_not_a_power_cut(ups: Ups) -> None:
    await until(ups, lambda poll: status(poll)[0] == "OL CHRG")
    await ups.end("dummy-ups")
    poll = await until(ups, lambda poll: poll.failure is not None)
    assert poll.failure is not None
    assert poll.failure.kind == "timeout"
    assert "driver" in poll.failure.detail
