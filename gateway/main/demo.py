"""`vigie demo`: the whole product on one machine, watching a simulated depot on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import click

from gateway.clock import Clock, SystemClock
from gateway.core.errors import UnavailableError
from gateway.main.rig import broker, certificates, commentary
from gateway.main.rig.children import Child
from gateway.main.rig.mail import MailSink
from gateway.main.rig.plan import HOST, Ports, Stage, Uplink, find_ports, make_access
from gateway.simulate import nut, scenario
from gateway.simulate.depot import Depot, find_places
from gateway.simulate.nut import Program

_READY_S = 110.0
_CODE = re.compile(r"\b([2-9A-HJ-NP-Z]{4,5}(?:-?[2-9A-HJ-NP-Z]{4,5}){1,2})\b")


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line says. ``folder`` is kept if ``keep``."""

    folder: Path
    keep: bool
    scenario: Path
    port: int
    for_s: float | None
    speed: float


@click.command()
@click.option(
    "--for", "for_s", type=click.FloatRange(min=0, min_open=True), help="End this many seconds after it is ready."
)
@click.option("--port", type=click.IntRange(1, 65000), default=8080, show_default=True, help="Port of the depot page.")
@click.option("--scenario", "path", type=click.Path(path_type=Path), help="Another scenario than the one shipped.")
@click.option("--speed", type=click.FloatRange(0.1, 100), default=1.0, help="Let the scenario pass this much faster.")
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False), help="Keep all files in this folder.")
def demo(for_s: float | None, port: int, path: Path | None, speed: float, keep: Path | None) -> int:
    """The whole product on this machine, with a simulated depot in which faults happen and are found.

    Nothing has to be configured. Ctrl-C ends everything.
    """
    folder = keep.absolute() if keep else Path(tempfile.mkdtemp(prefix="vigie-demo-"))
    options = DemoOptions(folder, keep is not None, path or scenario.shipped(), port, for_s, speed)
    try:
        return asyncio.run(_Demo(options, SystemClock()).run())
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class _Demo:
    """One demo from start to end."""

    options: DemoOptions
    clock: Clock
    _began: float = 0.0
    _codes: dict[str, str] = field(default_factory=dict)

    async def run(self) -> int:
        """Runs until told to stop or the time is over; returns the exit code."""
        self._began = self.clock.monotonic()
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        click.echo("Vigie demo: starting ...")
        async with contextlib.AsyncExitStack() as stack:
            running = asyncio.create_task(self._play(stack))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            running.cancel()
            click.echo("Vigie demo: ending ...")
            with contextlib.suppress(asyncio.CancelledError):
                await running
        if self.options.keep:
            click.echo(f"all files are in {self.options.folder}")
        return 0

    async def _play(self, stack: contextlib.AsyncExitStack) -> None:
        """Builds everything onto the stack, shows where it is, and comments until the time is over."""
        async with _turn():
            depot, stage = await self._build(stack)
        depot.restart()
        self._show(stage)
        truth, findings = commentary.Truth(depot, self._say), commentary.Findings(self._say)
        with contextlib.suppress(TimeoutError):
            follow = commentary.follow(truth, findings, HOST, stage.ports.site)
            await asyncio.wait_for(follow, self.options.for_s)

    async def _build(self, stack: contextlib.AsyncExitStack) -> tuple[Depot, Stage]:
        """Everything up to the moment in which both pages answer."""
        stage = self._stage()
        stage.write()
        depot = await stack.enter_async_context(self._depot(stage))
        mail = MailSink(stage.folder / "mails", lambda to, subject: self._say("mail", f"to {to}: {subject}"))
        await mail.start(HOST, stage.ports.mail)
        stack.callback(mail.close)
        if stage.uplink is not None:
            await self._keep_running(stack, broker.prepare(stage.uplink.broker, broker.installed() or "mosquitto"))
        await self._start_product(stack, stage)
        return depot, stage

    def _stage(self) -> Stage:
        """Chooses ports, addresses and secrets; says what is missing and what that costs."""
        played = scenario.load(self.options.scenario)
        ports, notes = find_ports(self.options.port)
        with_nut = nut.installed() is not None
        if not with_nut and any(device.sim.agent == "nut" for device in played.devices):
            notes.append("nut-server is not installed: the UPS is read over SNMP instead of NUT")
        places = find_places(played, with_nut=with_nut, usual_ports=True)
        uplink = self._uplink(ports, str(played.site["organisation"]), str(played.site["id"]), notes)
        for note in notes:
            click.echo(f"note: {note}")
        return Stage(self.options.folder, played, places, make_access(), ports, uplink)

    def _uplink(self, ports: Ports, organisation: str, site: str, notes: list[str]) -> Uplink | None:
        if broker.installed() is None:
            notes.append("mosquitto is not installed: there is no broker, and headquarters stays empty")
            return None
        folder = self.options.folder / "broker"
        if not certificates.available():
            notes.append("openssl is not installed: the broker speaks without TLS, on this machine only")
            return Uplink(broker.BrokerPlan(folder, HOST, ports.broker, organisation, None), None, None)
        authority = certificates.make_authority(self.options.folder / "tls")
        tls = broker.Tls(authority.pair.cert, authority.server(HOST))
        plan = broker.BrokerPlan(folder, HOST, ports.broker, organisation, tls)
        return Uplink(plan, authority.client(site), authority.client(broker.DESK))

    @contextlib.asynccontextmanager
    async def _depot(self, stage: Stage) -> AsyncIterator[Depot]:
        """The simulated depot on its sockets, with its upsd."""
        nut_folder = stage.folder / "nut"
        depot = Depot(stage.scenario, self.clock, stage.places, stage.access, nut_folder, self.options.speed)
        async with contextlib.AsyncExitStack() as stack:
            for program in depot.nut_programs():
                await self._keep_running(stack, program)
            stack.callback(depot.close)
            await depot.start()
            driving = asyncio.create_task(depot.drive_ups())
            stack.callback(driving.cancel)
            yield depot

    async def _start_product(self, stack: contextlib.AsyncExitStack, stage: Stage) -> None:
        """Starts agent, page and headquarters, and waits until both pages answer."""
        waiting = {"web": stage.ports.site}
        await self._keep_running(stack, _vigie("run", stage.folder / "site.toml"))
        await self._keep_running(stack, _vigie("web", stage.folder / "site.toml"))
        if stage.uplink is not None:
            await self._keep_running(stack, _vigie("desk", stage.folder / "desk.toml"))
            waiting["desk"] = stage.ports.desk
        deadline = self.clock.monotonic() + _READY_S
        for name, port in waiting.items():
            while await asyncio.to_thread(commentary.get, HOST, port, "/healthz") is None:
                if self.clock.monotonic() > deadline:
                    raise UnavailableError(f"vigie {name} did not answer within {_READY_S:g} s", remedy="see its log")
                await asyncio.sleep(0.2)

    async def _keep_running(self, stack: contextlib.AsyncExitStack, program: Program) -> None:
        child = Child(program, self.options.folder, lambda text: self._say("demo", text), self.clock)
        child.heard = lambda line: self._listen(program.name, line)
        await child.start()
        stack.push_async_callback(child.stop)

    def _listen(self, name: str, line: str) -> None:
        """Picks the one-time code for signing in out of what a page's process prints."""
        found = _CODE.search(line) if "code" in line.lower() else None
        if found:
            self._codes[name] = found.group(1)

    def _show(self, stage: Stage) -> None:
        headquarters, at_broker = "not started: it needs the broker", "not started: mosquitto is not installed"
        if stage.uplink is not None:
            headquarters = f"http://{HOST}:{stage.ports.desk}/{self._code('desk')}"
            at_broker = stage.uplink.broker.url
            if stage.uplink.site is not None:
                at_broker += f"   certificates in {stage.folder}/tls"
        played = stage.scenario
        click.echo(f"Ready after {self.clock.monotonic() - self._began:.0f} s. Ctrl-C ends everything.\n")
        click.echo(f"  depot page         http://{HOST}:{stage.ports.site}/{self._code('web')}")
        click.echo(f"  headquarters page  {headquarters}")
        click.echo(f"  broker             {at_broker}\n")
        click.echo(
            f"  {played.name}: {len(played.devices)} devices, {len(played.services)} services. What will happen:"
        )
        for fault in played.faults:
            minutes, seconds = divmod(int(fault.start_s / self.options.speed), 60)
            click.echo(f"    {minutes:2}:{seconds:02}  {fault.note or fault.kind}")
        click.echo("")

    def _code(self, name: str) -> str:
        return f"   sign in with the code {self._codes[name]}" if name in self._codes else ""

    def _say(self, who: str, text: str) -> None:
        minutes, seconds = divmod(int(self.clock.monotonic() - self._began), 60)
        click.echo(f"{minutes:3}:{seconds:02}  {who:6} {text}")


@contextlib.asynccontextmanager
async def _turn() -> AsyncIterator[None]:
    """One demo of this machine starts at a time: a port that was found free must still be free when it is opened.

    The turn is a name in the kernel's list of Unix sockets, which is given back even by a process that is killed.
    """
    with socket.socket(socket.AF_UNIX) as turn:
        while True:
            try:
                turn.bind("\0vigie-demo-starts")
            except OSError:
                await asyncio.sleep(0.2)
            else:
                break
        yield


def _vigie(command: str, config: Path) -> Program:
    return Program(command, (sys.executable, "-m", "gateway.main", command, "--config", str(config)))
