"""The whole chain of safe shutdown on real programs: upsd with dummy-ups, the agent, ssh, sshd with a forced command,
and the record on disk afterwards."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.agent.loop import Agent
from gateway.agent.safe_shutdown import Pace, SafeShutdown
from gateway.clock import SystemClock
from gateway.collect.nut import Nut
from gateway.core.device import Device
from gateway.core.reading import Poll
from gateway.core.shutdown import is_low, look
from gateway.main.build import build_agent, shell
from gateway.main.shutdown import hands
from gateway.ports import Collector
from gateway.settings import Settings, load
from gateway.simulate.nut import installed
from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
from tests.collect.test_nut_real import Ups

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
REMOTE = Path(__file__).parents[2] / "deploy/remote/vigie-remote"
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(installed() is None, reason="nut-server is not installed"),
    pytest.mark.skipif(SSHD is None or not shutil.which("ssh"), reason="OpenSSH's sshd and ssh are not installed"),
]
WITHIN_S = 40
PACE = Pace(look_s=0.1, stage_s=0.3)


@dataclass
class Server:
    """A machine: its sshd, which ends when it is shut down, and whether it agrees to that."""

    folder: Path
    name: str
    allowed: bool
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with socket.socket() as spare:
            spare.bind(("127.0.0.1", 0))
            self.port = spare.getsockname()[1]
        host = self.folder / f"{self.name}-host"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(host)], check=True)
        files = {"HostKey": host, "AuthorizedKeysFile": self.folder / f"{self.name}-keys", "PidFile": "none"}
        options = {**files, "StrictModes": "no", "UsePAM": "no", "ListenAddress": "127.0.0.1"}
        given = [part for key, value in options.items() for part in ("-o", f"{key}={value}")]
        with self.log.open("wb") as log:
            command = [str(SSHD), "-D", "-e", "-f", "/dev/null", "-p", str(self.port), *given]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        conf = self.folder / f"{self.name}.conf"
        conf.write_text("shutdown allowed\n" if self.allowed else "# nothing is allowed here\n")
        power_off = f"kill {self.process.pid}"
        forced = f"VIGIE_REMOTE_CONF={conf} VIGIE_REMOTE_SHUTDOWN='{power_off}' {REMOTE}"
        public = (self.folder / "box.pub").read_text()
        (self.folder / f"{self.name}-keys").write_text(f'restrict,command="{forced}" {public}')

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def up(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def asked(self) -> bool:
        return b"Starting session" in self.log.read_bytes() or b"Accepted publickey" in self.log.read_bytes()

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)


class Depot:
    """A UPS on a real upsd, two servers on it, and the agent that `vigie run` builds."""

    def __init__(self, folder: Path, ups: Ups, servers: dict[str, Server]) -> None:
        self.folder, self.ups, self.servers = folder, ups, servers

    def settings(self, shutdown: str) -> Settings:
        (self.folder / "site.toml").write_text(
            '[site]\nid = "d"\n[data]\nruntime = "data"\n[poll]\nevery = "1s"\n[inventory]\npath = "inventory.toml"\n'
            f"[detect]\nenabled = false\n[shutdown]\n{shutdown}\n"
            f'[credentials.box]\ntype = "ssh"\nuser = "{getpass.getuser()}"\nkey = {{ file = "box" }}\n'
        )
        servers = "".join(
            f'[[device]]\nid = "{name}"\nname = "{name}"\nkind = "server"\naddress = "127.0.0.1"\npower = "ups-1"\n'
            f'collect = ["reach"]\ncriticality = "{level}"\naccess = ["ssh=box"]\nports = {{ ssh = {one.port} }}\n'
            for (name, one), level in zip(self.servers.items(), ("standard", "critical"), strict=True)
        )
        (self.folder / "inventory.toml").write_text(
            '[[device]]\nid = "ups-1"\nname = "UPS"\nkind = "ups"\naddress = "127.0.0.1"\ncollect = ["nut"]\n'
            f"ports = {{ nut = {self.ups.port} }}\n{servers}"
        )
        return load(self.folder / "site.toml")

    def agent(self, shutdown: str, asking: Collector | None = None) -> Agent:
        settings = self.settings(shutdown)
        parts = build_agent(settings)

        async def answers(device: Device) -> bool:  # loopback answers every ping: the port stands for the machine
            return self.servers[device.id].up()

        given = replace(hands(settings, parts.clock, shell(settings)), answers=answers, pace=PACE)
        inner = asking or Nut(parts.clock, timeout_s=2)
        guard = SafeShutdown(inner, parts.park, settings.shutdown.devices, parts.clock, given)
        return Agent(replace(parts, collectors={**parts.collectors, "nut": guard}))

    async def watch(self, agent: Agent, *steps: Callable[[], bool | None]) -> None:
        """Runs the agent; each step is done, or waited for until it is true, before the next."""
        stop = asyncio.Event()
        watching = asyncio.create_task(agent.run(stop))
        try:
            async with asyncio.timeout(WITHIN_S):
                for step in steps:
                    while step() is False:  # noqa: ASYNC110 - other processes set no event
                        await asyncio.sleep(0.05)
        finally:
            stop.set()
            await watching
            agent.parts.close()

    def recorded(self) -> dict[str, list[tuple[str, str]]]:
        """Of each server the words of its record on disk, in order, with the reasons."""
        ledger = SqliteLedger(open_database(self.folder / "data/vigie.db", read_only=True))
        found: dict[str, list[tuple[str, str]]] = {}
        for one in ledger.transitions(0.0, SystemClock().wall() + 60, subject="ups-1"):
            if one.metric == "ups.shutdown":
                found.setdefault(one.instance, []).append((str(one.value), one.label))
        return found


@pytest.fixture
async def ups(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ups]:
    found = Ups(tmp_path_factory.mktemp("u"))
    await found.start()
    yield found
    await found.close()


@pytest.fixture
def servers(tmp_path: Path, eventually: Callable[..., None]) -> Iterator[dict[str, Server]]:
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd's own demand
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "box")], check=True)
    found = {name: Server(tmp_path, name, allowed) for name, allowed in (("agrees", True), ("refuses", False))}
    for one in found.values():
        one.start()
        eventually(one.up, "sshd listens")
    yield found
    for one in found.values():
        one.stop()


@pytest.fixture
def depot(tmp_path: Path, ups: Ups, servers: dict[str, Server]) -> Depot:
    return Depot(tmp_path, ups, servers)


def told(agent: Agent) -> dict[str, str]:
    """What the status document says of each server."""
    readings = agent.latest.readings.values()
    return {one.instance: str(one.value) for one in readings if one.metric == "ups.shutdown"}


REAL = 'devices = ["agrees", "refuses"]\ndry_run = false'


async def test_a_low_battery_shuts_a_server_down_and_both_outcomes_are_in_the_record(depot: Depot) -> None:
    agent = depot.agent(REAL)
    await depot.watch(
        agent,
        lambda: told(agent) == {"agrees": "ready", "refuses": "ready"},
        lambda: depot.ups.show("OB DISCHRG LB"),
        lambda: not depot.servers["agrees"].up(),
        lambda: told(agent) == {"agrees": "down", "refuses": "refused"},
    )
    record = depot.recorded()
    assert (record["agrees"][0][0], record["agrees"][-1][0]) == ("ready", "down")
    assert record["refuses"][-1][0] == "refused"
    assert "shutdown is not allowed by" in record["refuses"][-1][1]
    assert depot.servers["refuses"].up(), "who does not agree is left alone"


async def test_by_default_it_only_says_and_records_what_it_would_do(depot: Depot) -> None:
    agent = depot.agent('devices = ["agrees", "refuses"]')
    await depot.watch(
        agent,
        lambda: bool(told(agent)),
        lambda: depot.ups.show("OB DISCHRG LB"),
        lambda: told(agent) == dict.fromkeys(depot.servers, "would shut down"),
    )
    assert {name: words[-1][0] for name, words in depot.recorded().items()} == dict.fromkeys(
        depot.servers, "would shut down"
    )
    assert all(one.up() for one in depot.servers.values())
    assert not any(one.asked() for one in depot.servers.values())


class Dying:
    """Asks the real upsd; at the first low battery its driver dies, as USB links do in a power cut."""

    name = "nut"

    def __init__(self, ups: Ups) -> None:
        self._inner = Nut(SystemClock(), timeout_s=2)
        self._ups = ups
        self.low = 0
        self.silent = 0

    async def poll(self, device: Device) -> Poll:
        poll = await self._inner.poll(device)
        self.silent += poll.failure is not None
        if is_low(look(poll)) and not self.low:
            await self._ups.end("dummy-ups")
            async with asyncio.timeout(WITHIN_S):
                while (await self._inner.poll(device)).failure is None:  # noqa: ASYNC110 - upsd sets no event
                    await asyncio.sleep(0.05)
        self.low += is_low(look(poll))
        return poll


async def test_a_low_battery_that_goes_stale_never_acts(depot: Depot) -> None:
    asking = Dying(depot.ups)
    agent = depot.agent(REAL, asking)
    await depot.watch(
        agent,
        lambda: bool(told(agent)),
        lambda: depot.ups.show("OB DISCHRG LB"),
        lambda: asking.low == 1,
        lambda: asking.silent >= 4,
    )
    assert asking.low == 1
    assert all(one.up() for one in depot.servers.values())
    assert not any(one.asked() for one in depot.servers.values())
    assert {words[-1][0] for words in depot.recorded().values()} <= {"ready"}


async def test_a_battery_that_is_not_low_never_acts_however_long_it_lasts(depot: Depot) -> None:
    agent = depot.agent(REAL)
    polls: list[float] = []

    def lasts() -> bool:
        at = agent.latest.rounds.get("ups-1", (0.0, ()))[0]
        if at and at not in polls and agent.latest.readings["ups-1", "ups.status", ""].value == "OB DISCHRG":
            polls.append(at)
        return len(polls) >= 3

    await depot.watch(agent, lambda: bool(told(agent)), lambda: depot.ups.show("OB DISCHRG"), lasts)
    assert told(agent) == {"agrees": "ready", "refuses": "ready"}
    assert not any(one.asked() for one in depot.servers.values())
