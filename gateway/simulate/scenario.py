"""A scenario as data: a depot (its inventory and how each machine behaves) and the faults that will happen to it.

One TOML file holds all of it. Its ``[[device]]`` and ``[[service]]`` tables are those of an `inventory.toml`; what only
the simulation needs stands in the sub-table ``sim`` of a device. ``docs/reference/scenarios.md`` describes the form.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec

from gateway.core.errors import Fault as InputFault
from gateway.core.errors import InputError, UnavailableError

FaultKind = Literal["mains", "dead", "link", "disk", "cpu", "memory", "errors", "hang", "heat", "uplink", "gateway"]
"""mains: the street's electricity; dead: a machine's own power supply; link: its cable; disk, cpu, memory: a level that
rises; errors: bad frames on a port; hang: a service that accepts and never answers; heat: degrees above the usual, of
one machine or (no target) of the room; uplink: the provider's line behind a router; gateway: the box itself is off (the
last two in virtual time only)."""

_UNTARGETED = frozenset({"mains", "heat", "gateway"})


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of every table: an unknown key is a fault, not a wish."""


class Volume(_Strict, frozen=True):
    """A mounted file system: ``used`` is the fraction of ``size_gb`` in use when nothing is wrong."""

    mount: str
    size_gb: float
    used: float = 0.4


class Supply(_Strict, frozen=True):
    """A consumable of a printer; ``level`` is the fraction left."""

    name: str
    level: float = 0.6


class Behaviour(_Strict, frozen=True):
    """How one simulated machine behaves.

    ``agent`` is how it answers (v2c, v3, nut, none). ``wired`` maps a port number to the device at the other end of
    the cable, whose darkness takes the port down; ``used_ports`` is how many ports have a cable at all.
    ``boot_s`` is the time between its power coming back and its first answer, ``battery_s`` how long a full battery
    carries the load, ``recharge_s`` how long an empty one takes to fill.
    """

    agent: Literal["v2c", "v3", "nut", "none"] = "v2c"
    description: str = ""
    object_id: str = "1.3.6.1.4.1.8072.3.2.10"
    ports: int = 1
    used_ports: int = 1
    speed_mbit: int = 1000
    traffic: float = 40_000.0
    wired: Mapping[str, str] = {}
    cpus: int = 2
    cpu: float = 0.12
    memory_gb: float = 8.0
    memory: float = 0.45
    temperature: float = 41.0
    volumes: tuple[Volume, ...] = ()
    supplies: tuple[Supply, ...] = ()
    boot_s: float = 8.0
    load: float = 0.38
    battery_s: float = 480.0
    recharge_s: float = 1500.0


class SimulatedDevice(_Strict, frozen=True):
    """A machine of the depot: what the simulation needs, and its ``inventory`` table as it stood in the file."""

    id: str
    name: str
    kind: str
    parent: str | None
    power: str | None
    sim: Behaviour
    inventory: Mapping[str, Any]


class SimulatedService(_Strict, frozen=True):
    """A service of the depot; it answers on HTTP while every device of ``depends_on`` can be reached."""

    id: str
    name: str
    depends_on: tuple[str, ...]
    inventory: Mapping[str, Any]


class Fault(_Strict, frozen=True):
    """Something that goes wrong, and the cause that a diagnosis should name. Times are seconds of the scenario.

    ``target`` is a device or service (empty for mains), ``part`` a mount or port of it; ``to`` is the level reached
    (a fraction; bad frames per second for errors) and ``over_s`` the time the rise takes.
    """

    kind: FaultKind
    cause: str
    start_s: float
    duration_s: float
    target: str = ""
    part: str = ""
    to: float = 1.0
    over_s: float = 0.0
    note: str = ""

    @property
    def end_s(self) -> float:
        """When it is repaired."""
        return self.start_s + self.duration_s


class Scenario(_Strict, frozen=True):
    """A whole scenario. With ``loop_s`` the faults happen again every so many seconds; ``None`` means once.

    ``site`` is the `[site]` table for `site.toml`, ``tables`` other tables of that file (calendar, service levels).
    """

    name: str
    seed: int
    loop_s: float | None
    devices: tuple[SimulatedDevice, ...]
    services: tuple[SimulatedService, ...]
    faults: tuple[Fault, ...]
    site: Mapping[str, Any] = {}
    tables: Mapping[str, Any] = {}

    def device(self, device: str) -> SimulatedDevice:
        """The device of that id; KeyError if there is none."""
        for known in self.devices:
            if known.id == device:
                return known
        raise KeyError(device)


_PLAIN_KEYS = {"scenario", "device", "service", "fault", "site"}


def shipped() -> Path:
    """The scenario of `vigie demo`."""
    return Path(str(files("gateway.simulate").joinpath("scenarios", "demo.toml")))


def load(path: Path) -> Scenario:
    """Reads and validates a scenario; raises InputError with all its faults, UnavailableError if it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}", remedy="name a readable scenario file") from error
    return parse(text, str(path))


def parse(text: str, name: str = "scenario") -> Scenario:
    """A scenario from the text of its file; ``name`` is used in the faults told."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError([InputFault(name, 0, str(error), "write valid TOML")]) from error
    head = raw.get("scenario", {})
    try:
        scenario = Scenario(
            name=head.get("name", name),
            seed=int(head.get("seed", 1)),
            loop_s=head.get("loop_s"),
            devices=tuple(_device(table) for table in raw.get("device", ())),
            services=tuple(
                SimulatedService(table["id"], table.get("name", table["id"]), tuple(table["depends_on"]), table)
                for table in raw.get("service", ())
            ),
            faults=tuple(msgspec.convert(table, Fault) for table in raw.get("fault", ())),
            site=raw.get("site", {}),
            tables={key: value for key, value in raw.items() if key not in _PLAIN_KEYS},
        )
    except msgspec.ValidationError as error:
        raise InputError([InputFault(name, 0, str(error), "see docs/reference/scenarios.md")]) from error
    except KeyError as error:
        what = f"a device or service without the key {error}"
        raise InputError([InputFault(name, 0, what, "give it one")]) from error
    faults = [InputFault(name, 0, what, remedy) for what, remedy in _contradictions(scenario)]
    if faults:
        raise InputError(faults)
    return scenario


def _device(table: Mapping[str, Any]) -> SimulatedDevice:
    inventory = {key: value for key, value in table.items() if key != "sim"}
    return SimulatedDevice(
        id=table["id"],
        name=table.get("name", table["id"]),
        kind=table.get("kind", "other"),
        parent=table.get("parent"),
        power=table.get("power"),
        sim=msgspec.convert(table.get("sim", {}), Behaviour),
        inventory=inventory,
    )


def _contradictions(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """(what, remedy) of everything in the scenario that cannot be simulated."""
    ids = [device.id for device in scenario.devices] + [service.id for service in scenario.services]
    for repeated in sorted({known for known in ids if ids.count(known) > 1}):
        yield f"two devices or services have the id {repeated!r}", "give each its own"
    yield from _broken_relations(scenario)
    for fault in scenario.faults:
        if fault.target not in ids and (fault.target or fault.kind not in _UNTARGETED):
            yield f"fault {fault.kind} has the unknown target {fault.target!r}", "name a device or service"
        if fault.start_s < 0 or fault.duration_s <= 0:
            yield f"fault {fault.kind} starts before 0 or has no duration", "give start_s >= 0 and duration_s > 0"
        if scenario.loop_s is not None and fault.end_s > scenario.loop_s:
            yield f"fault {fault.kind} ends at {fault.end_s:g} s, after loop_s", "make loop_s longer"


def _broken_relations(scenario: Scenario) -> Iterator[tuple[str, str]]:
    devices = {device.id: device for device in scenario.devices}
    for device in scenario.devices:
        others = {"parent": device.parent, "power": device.power}
        others |= {f"port {port}": other for port, other in device.sim.wired.items()}
        for relation, other in others.items():
            if other is not None and other not in devices:
                yield f"{relation} {other!r} of {device.id} is no device", "name a device of this file"
        if device.power in devices and devices[device.power].kind != "ups":
            yield f"power {device.power!r} of {device.id} is no UPS", "name a device of kind ups"
        if _in_a_circle(device, devices):
            yield f"the parents of {device.id} form a circle", "let one of them have no parent"
    for service in scenario.services:
        for other in set(service.depends_on) - set(devices):
            yield f"{service.id} depends on {other!r}, which is no device", "name a device of this file"


def _in_a_circle(device: SimulatedDevice, devices: Mapping[str, SimulatedDevice]) -> bool:
    seen = {device.id}
    parent = device.parent
    while parent is not None and parent in devices:
        if parent in seen:
            return parent == device.id
        seen.add(parent)
        parent = devices[parent].parent
    return False
