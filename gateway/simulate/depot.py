"""The whole simulated depot on real sockets: agents, services and the UPS of one scenario telling the same story."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.clock import Clock
from gateway.simulate import agents, mib, nut
from gateway.simulate.agents import Endpoint
from gateway.simulate.scenario import Scenario, SimulatedDevice
from gateway.simulate.services import WebService
from gateway.simulate.world import World

_TICK_S = 0.5
_AGENT_PORT = 1161
_NUT_PORT = 3493


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything listens, by id. ``nut`` is upsd's endpoint, or None where the UPS is served over SNMP."""

    devices: Mapping[str, Endpoint]
    services: Mapping[str, Endpoint]
    nut: Endpoint | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """How the agents are asked: community of v2c, login of v3."""

    community: str
    login: agents.Login


@dataclass(slots=True)
class _Seen:
    at: float = -1.0
    shown: mib.View | None = None


def find_places(scenario: Scenario, *, with_nut: bool, usual_ports: bool = False) -> Places:
    """A loopback address of its own for every device; any free ports, or the usual ones where they are free."""
    agent_port, nut_port = (_AGENT_PORT, _NUT_PORT) if usual_ports else (0, 0)
    devices, services = {}, {}
    ups = None
    for number, device in enumerate(scenario.devices, start=10):
        host = f"127.0.23.{number}"
        if device.sim.agent == "nut" and with_nut:
            ups = Endpoint(host, _free_port(host, nut_port, socket.SOCK_STREAM))
            devices[device.id] = ups
        elif device.sim.agent != "none":
            devices[device.id] = Endpoint(host, _free_port(host, agent_port, socket.SOCK_DGRAM))
    for service in scenario.services:
        host = devices[service.depends_on[0]].host if service.depends_on else "127.0.23.9"
        services[service.id] = Endpoint(host, _free_port(host, 0, socket.SOCK_STREAM))
    return Places(devices, services, ups)


def _free_port(host: str, wanted: int, kind: socket.SocketKind) -> int:
    """``wanted`` if it is free on ``host``, else any free port."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, kind) as probe:
            if kind is socket.SOCK_STREAM:  # connections of an earlier run that linger are no obstacle
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    return wanted


@dataclass(slots=True)
class Depot:
    """A running depot. ``speed`` 2.0 lets the scenario pass twice as fast as the clock.

    ``nut_folder`` is where upsd's files go; the caller runs ``nut_programs()``.
    """

    scenario: Scenario
    clock: Clock
    places: Places
    access: Access
    nut_folder: Path
    speed: float = 1.0
    world: World = field(init=False)
    _began: float = field(init=False)
    _open: list[agents.Agent | WebService] = field(default_factory=list)
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _nut: nut.NutServer | None = None

    def __post_init__(self) -> None:
        self.world = World(self.scenario)
        self._began = self.clock.monotonic()

    def now(self) -> float:
        """Seconds of the scenario that have passed."""
        return (self.clock.monotonic() - self._began) * self.speed

    def restart(self) -> None:
        """The scenario begins now."""
        self._began = self.clock.monotonic()

    def nut_programs(self) -> tuple[nut.Program, ...]:
        """Prepares upsd's files; the programs to run, none where the UPS is served over SNMP."""
        programs = nut.installed()
        if self.places.nut is None or programs is None:
            return ()
        self._nut = nut.NutServer(self.nut_folder, self.places.nut, programs)
        self._nut.prepare()
        self._show_ups()
        return self._nut.programs()

    async def start(self) -> None:
        """Opens every socket; raises UnavailableError if one is taken."""
        for device in self.scenario.devices:
            place = self.places.devices.get(device.id)
            if place is None or place == self.places.nut:
                continue
            look = self._looker(device)
            if device.sim.agent == "v3":
                self._open.append(await agents.serve_v3(place, look, self.access.login))
            else:
                self._open.append(await agents.serve_v2c(place, look, self.access.community))
        for service in self.scenario.services:
            server = WebService(service.name, self._answerer(service.id))
            await server.start(self.places.services[service.id])
            self._open.append(server)

    def close(self) -> None:
        """Closes every socket."""
        while self._open:
            self._open.pop().close()

    async def drive_ups(self) -> None:
        """Keeps upsd's variables in step with the scenario until it is cancelled."""
        while self._nut is not None:
            self._show_ups()
            await asyncio.sleep(_TICK_S)

    def _show_ups(self) -> None:
        for device in self.scenario.devices:
            if device.sim.agent == "nut" and self._nut is not None:
                battery = self.world.state(device.id, self.now()).battery
                if battery is not None:
                    self._nut.show(device, battery)

    def _looker(self, device: SimulatedDevice) -> agents.Look:
        """One picture of the device serves all questions of a quarter of a second: a walk sees one instant."""
        seen = self._seen.setdefault(device.id, _Seen())

        def look() -> mib.View | None:
            now = self.now()
            if seen.at < 0 or now - seen.at > 0.25 * self.speed:
                state = self.world.state(device.id, now)
                seen.shown = mib.view(device, state) if state.answers else None
                seen.at = now
            return seen.shown

        return look

    def _answerer(self, service: str) -> Callable[[], bool]:
        return lambda: self.world.service_answers(service, self.now())
