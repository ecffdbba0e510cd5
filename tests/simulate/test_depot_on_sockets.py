"""The simulated depot answers the world's own tools: net-snmp, upsc, an HTTP client."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.clock import FakeClock, SystemClock
from gateway.core.errors import UnavailableError
from gateway.simulate import agents, nut, scenario
from gateway.simulate.agents import Endpoint, Login
from gateway.simulate.depot import Access, Depot, find_places

pytestmark = pytest.mark.integration

LOGIN = Login("vigie", "authentication", "confidential")
V3 = ["-v3", "-l", "authPriv", "-u", "vigie", "-a", "SHA-256", "-A", LOGIN.auth, "-x", "AES", "-X", LOGIN.priv]
V2C = ["-v2c", "-c", "public"]
SYS_UPTIME, SYS_NAME, STORAGE = "1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.25.2.3.1"

needs_net_snmp = pytest.mark.skipif(shutil.which("snmpget") is None, reason="net-snmp's programs are not installed")
needs_nut = pytest.mark.skipif(
    nut.installed() is None or shutil.which("upsc") is None, reason="nut-server or nut-client is not installed"
)


async def output(*command: str) -> str:
    """What a program says on both streams."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return said.decode()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def depot(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Depot]:
    """The shipped depot without upsd, in which time stands still unless the clock is moved."""
    played = scenario.load(scenario.shipped())
    running = Depot(played, clock, find_places(played, with_nut=False), Access("public", LOGIN), tmp_path / "nut")
    await running.start()
    yield running
    running.close()


def where(depot: Depot, device: str) -> str:
    at = depot.places.devices[device]
    return f"{at.host}:{at.port}"


def asked_by(depot: Depot, device: str) -> list[str]:
    return V3 if depot.scenario.device(device).sim.agent == "v3" else V2C


@needs_net_snmp
async def test_every_device_tells_its_name_and_walks_to_the_end(depot: Depot) -> None:
    for device in depot.scenario.devices:
        options = [*asked_by(depot, device.id), "-On", "-t", "2", where(depot, device.id)]
        assert device.id in await output("snmpget", *options, SYS_NAME)
        walked = await output("snmpbulkwalk", *options, "1.3")
        assert len(walked.splitlines()) > 30
        assert "Error" not in walked
        assert "Timeout" not in walked


@needs_net_snmp
async def test_getnext_walk_and_bulk_walk_tell_the_same(depot: Depot) -> None:
    options = [*V2C, "-On", "-t", "2", where(depot, "nas-1"), STORAGE]
    assert await output("snmpwalk", *options) == await output("snmpbulkwalk", "-Cr7", *options)


@needs_net_snmp
async def test_v3_agent_refuses_wrong_password_and_missing_privacy(depot: Depot) -> None:
    at = where(depot, "rtr-1")
    wrong = [part if part != LOGIN.auth else "not the password" for part in V3]
    assert "Authentication failure" in await output("snmpget", *wrong, "-t", "2", at, SYS_NAME)
    plain = ["-v3", "-l", "authNoPriv", "-u", "vigie", "-a", "SHA-256", "-A", LOGIN.auth]
    assert "rtr-1" not in await output("snmpget", *plain, "-t", "2", at, SYS_NAME)


@needs_net_snmp
@pytest.mark.parametrize("device", ["sw-core", "rtr-1"])
async def test_wrong_community_and_v2c_on_v3_get_no_answer(depot: Depot, device: str) -> None:
    said = await output("snmpget", "-v2c", "-c", "wrong", "-r", "0", "-t", "0.4", where(depot, device), SYS_NAME)
    assert "Timeout" in said


@needs_net_snmp
async def test_dark_device_is_silent_and_comes_back_with_a_young_uptime(depot: Depot, clock: FakeClock) -> None:
    at = [*V2C, "-Oqvt", "-r", "0", "-t", "0.5", where(depot, "sw-2"), SYS_UPTIME]
    old = int(await output("snmpget", *at))
    clock.advance(61)
    assert "Timeout" in await output("snmpget", *at)
    clock.advance(90)
    assert int(await output("snmpget", *at)) < 100 * 60 < old


@needs_net_snmp
async def test_filling_disk_is_seen_on_the_wire(depot: Depot, clock: FakeClock) -> None:
    async def used() -> float:
        at = [*V2C, "-Oqv", "-t", "2", where(depot, "nas-1")]
        total, taken = (await output("snmpget", *at, f"{STORAGE}.5.32", f"{STORAGE}.6.32")).split()
        return int(taken) / int(total)

    assert await used() == pytest.approx(0.80, abs=0.001)
    clock.advance(455)
    assert await used() == pytest.approx(0.97, abs=0.001)


async def test_service_answers_or_hangs_with_its_machine(depot: Depot, clock: FakeClock) -> None:
    at = depot.places.services["messagerie"]
    assert await asyncio.to_thread(status, at) == 200
    clock.advance(61)
    with pytest.raises(TimeoutError):
        await asyncio.to_thread(status, at)


def status(at: Endpoint) -> int:
    connection = http.client.HTTPConnection(at.host, at.port, timeout=0.5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


async def test_taken_port_is_one_line(depot: Depot) -> None:
    with pytest.raises(UnavailableError, match=r"in use.*choose a free UDP port"):
        await agents.serve_v2c(depot.places.devices["sw-core"], lambda: None, "public")


@needs_nut
async def test_upsd_goes_from_mains_to_battery_and_back(tmp_path: Path, clock: FakeClock) -> None:
    played = scenario.load(scenario.shipped())
    depot = Depot(played, clock, find_places(played, with_nut=True), Access("public", LOGIN), tmp_path / "n")
    processes = []
    for program in depot.nut_programs():
        environment = {**os.environ, **program.environment}
        quiet = asyncio.subprocess.DEVNULL
        processes.append(await asyncio.create_subprocess_exec(*program.command, env=environment, stdout=quiet))
    driving = asyncio.create_task(depot.drive_ups())
    at = depot.places.nut
    assert at is not None

    async def becomes(pattern: str) -> dict[str, str]:
        """The variables once ``ups.status`` matches."""
        return await until(f"{nut.UPS_NAME}@{at.host}:{at.port}", lambda seen: bool(re.fullmatch(pattern, seen)))

    try:
        before = await becomes("OL")
        assert (before["battery.charge"], before["device.mfr"], before["ups.model"]) == ("100", "APC", "Smart-UPS 1500")
        clock.advance(90)
        on_battery = await becomes("OB DISCHRG")
        assert int(on_battery["battery.charge"]) < 100
        assert on_battery["input.voltage"] == "0.0"
        clock.advance(50)
        assert (await becomes("OL CHRG"))["output.voltage"].startswith("2")
    finally:
        driving.cancel()
        for process in processes:
            process.terminate()
            await process.wait()


async def until(ups: str, good: Callable[[str], bool]) -> dict[str, str]:
    """Asks upsd until its status is good; fails after 20 s."""
    deadline = SystemClock().monotonic() + 20
    seen: dict[str, str] = {}
    while SystemClock().monotonic() < deadline:
        lines = (await output("upsc", ups)).splitlines()
        seen = dict(line.split(": ", 1) for line in lines if ": " in line)
        if good(seen.get("ups.status", "")):
            return seen
        await asyncio.sleep(0.1)
    raise AssertionError(f"never came: {seen}")
