"""Random depots with random faults whose truth is known: what a gateway that asks every so often would have read."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from gateway.collect.replay import Event, Round
from gateway.core.cause import mains_root
from gateway.core.device import Criticality, Device, Kind, Park, Service
from gateway.core.reading import Failure, FailureKind, Reading

HOUR = 3600.0
DAY = 24 * HOUR
START = 1_780_012_800.0
"""A midnight."""

STORES = (Kind.SERVER, Kind.NAS)
NETWORK = (Kind.ROUTER, Kind.SWITCH)


@dataclass(frozen=True)
class Trouble:
    """One fault. ``cause`` is empty for what must lead to no incident; ``root`` is what a diagnosis should blame."""

    kind: str
    cause: str
    target: str
    root: str | None
    begin: float
    end: float
    to: float = 0.0


@dataclass
class Machine:
    """What the simulation keeps of a device: its usual figures, when it last booted, when its power came back."""

    device: Device
    cpu: float
    memory: float
    disk: float
    warmth: float
    booted_at: float
    boot_s: float
    off: bool = False
    charge: float = 1.0
    battery_s: float = 3600.0
    may_lose_at: float = 0.0


@dataclass
class Depot:
    """One depot and its faults. ``steps`` are its rounds and events in order of time."""

    seed: int
    days: float = 3.0
    every_s: float = 300.0
    kinds: tuple[str, ...] = ()
    overlap: bool = False
    park: Park = field(init=False)
    troubles: list[Trouble] = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.park = Park(*inventory(self.rng))
        self.machines = {one.id: self._machine(one) for one in self.park.devices.values() if one.id != "gateway"}
        self.troubles = plan(self)

    def _machine(self, device: Device) -> Machine:
        rng = self.rng
        return Machine(
            device,
            rng.uniform(0.04, 0.3),
            rng.uniform(0.3, 0.6),
            rng.uniform(0.3, 0.75),
            rng.uniform(24, 38) if device.kind in STORES else rng.uniform(34, 48),
            START - rng.uniform(2, 60) * DAY,
            rng.uniform(30, 240) if device.kind in STORES else rng.uniform(10, 90),
            battery_s=rng.uniform(900, 9000),
        )

    def steps(self) -> Iterator[Round | Event]:
        """All rounds; within one instant in the order of the inventory."""
        off, linked = False, True
        count = int(self.days * DAY // self.every_s)
        for number in range(count + 1):
            at = START + number * self.every_s
            if bool(self.happens("gateway", "", at)) != off:
                off = not off
                yield Event(at, "gateway_off" if off else "gateway_on", "", "", "")
            self._power(at)
            if off:
                continue
            if any(one.kind == "uplink" and one.begin <= at < one.end for one in self.troubles) == linked:
                linked = not linked
                yield Event(at, "link_up" if linked else "link_down", "", "", "")
            yield from self._rounds(at)

    def happens(self, kind: str, target: str, at: float) -> Trouble | None:
        """The fault of a kind at a target that lasts at an instant."""
        for one in self.troubles:
            if one.kind == kind and one.target == target and one.begin <= at < one.end:
                return one
        return None

    def _power(self, at: float) -> None:
        dark = self.happens("mains", "", at) is not None
        for machine in self.machines.values():
            if machine.device.kind is Kind.UPS:
                step = -self.every_s / machine.battery_s if dark else self.every_s / 7200
                machine.charge = min(1.0, max(0.0, machine.charge + step))
        for machine in self.machines.values():
            device = machine.device
            supply = self.machines.get(device.power or "")
            fed = supply.charge > 0 if supply else not dark
            if device.kind is Kind.UPS:
                fed = machine.charge > 0
            fed = fed and not self.happens("dead", device.id, at) and not self.happens("phase", device.id, at)
            if fed and machine.off:
                machine.booted_at = at
            restarted = next((r for r in self.troubles if (r.kind, r.target) == ("reboot", device.id)), None)
            if restarted and restarted.begin <= at < restarted.begin + self.every_s:
                machine.booted_at = restarted.begin
            machine.off = not fed

    def up(self, device: str, at: float) -> bool:
        """True if the device and everything on its way to the gateway has power and has booted."""
        return all(self._itself_up(one, at) for one in (device, *self.park.path(device)))

    def _itself_up(self, device: str, at: float) -> bool:
        machine = self.machines[device]
        flap = self.happens("flap", device, at)
        beat = int((at - flap.begin) // flap.to) % 2 == 0 if flap else False
        return not machine.off and not beat and at - machine.booted_at >= machine.boot_s

    def _rounds(self, at: float) -> Iterator[Round]:
        for machine in self.machines.values():
            name = machine.device.id
            found = Round(at, name)
            lost = at >= machine.may_lose_at and self.rng.random() < 0.001  # a question is lost now and then
            if lost:
                machine.may_lose_at = at + HOUR
            if lost or not self.up(name, at):
                found.failures.append(Failure(FailureKind.TIMEOUT, "poll"))
            else:
                found.readings.extend(Reading(name, m, v, at, i) for m, i, v in self._device(machine, at))
            yield found
        for service in self.park.services.values():
            readings = [Reading(service.id, m, v, at) for m, v in self._service(service, at)]
            yield Round(at, service.id, readings)

    def _level(self, kind: str, target: str, usual: float, at: float) -> float:
        """A level that a fault pushes up within the first third of its time."""
        one = self.happens(kind, target, at)
        if one is None:
            return usual
        return usual + (one.to - usual) * min(1.0, (at - one.begin) / ((one.end - one.begin) / 3))

    def _device(self, machine: Machine, at: float) -> Iterator[tuple[str, str, float | str]]:
        device, rng = machine.device, self.rng
        yield "reach.up", "", 1
        busy = self.happens("storage", device.id, at)
        yield "reach.duration", "", round(busy.to if busy else rng.uniform(0.001, 0.004), 4)
        yield "system.uptime", "", round(at - machine.booted_at, 1)
        if device.kind in (*STORES, *NETWORK):
            yield "hw.temperature", "inlet" if device.kind in STORES else "board", self._heat(machine, at)
        if device.kind is Kind.UPS:
            yield from self._ups(machine, at)
        elif device.kind in STORES:
            yield from self._store(machine, at)
        elif device.kind in NETWORK:
            for port in ("1", "2", "24"):
                errors = self.happens("errors", device.id, at) if port == "24" else None
                yield "hw.network.up", port, 1
                rate = errors.to * rng.uniform(0.5, 1.5) if errors else 0.0
                yield "system.network.error_rate.receive", port, round(rate, 3)
                yield "system.network.io_rate.receive", port, round(rng.uniform(3e4, 1.4e5) * self._busy(at), 1)
        elif device.kind is Kind.PRINTER:
            yield "printer.supply.level", "black", round(self._level("supply", device.id, 0.6, at), 3)

    def _heat(self, machine: Machine, at: float) -> float:
        swing = 2.0 * math.sin(2 * math.pi * (at - START - 9 * HOUR) / DAY)
        room = self._level("room", "", 0.0, at)
        own = self._level("heat", machine.device.id, 0.0, at)
        return round(machine.warmth + swing + room + own + self.rng.gauss(0, 0.4), 2)

    def _busy(self, at: float) -> float:
        hour = (at - START) % DAY / HOUR
        return 8.0 if 1.0 <= hour < 2.0 else 1.0 + 0.5 * (8 <= hour < 17)

    def _ups(self, machine: Machine, at: float) -> Iterator[tuple[str, str, float | str]]:
        device = machine.device
        dark = self.happens("mains", "", at) is not None
        low = machine.charge < 0.2
        words = "OB DISCHRG" if dark else "OL CHRG" if machine.charge < 1 else "OL"
        words += " LB" if low and dark else ""
        words += " RB" if self.happens("battery", device.id, at) else ""
        tested = self.happens("test", device.id, at)
        yield "ups.status", "", "OB DISCHRG TEST" if tested and not dark else words
        yield "battery.charge", "", round(100 * machine.charge, 1)
        yield "battery.runtime", "", round(machine.charge * machine.battery_s)
        load = self.happens("overload", device.id, at)
        yield "ups.load", "", round(self.rng.uniform(30, 45) if load is None else load.to, 1)
        yield "input.voltage", "", 0.0 if dark else round(self.rng.gauss(228, 3), 1)

    def _store(self, machine: Machine, at: float) -> Iterator[tuple[str, str, float | str]]:
        device, rng = machine.device, self.rng
        backup = 0.35 if 1.0 <= (at - START) % DAY / HOUR < 2.0 else 0.0
        cpu = machine.cpu * self._busy(at) ** 0.3 + backup + rng.gauss(0, 0.02)
        yield "system.cpu.utilization", "", round(min(1.0, max(0.01, self._level("cpu", device.id, cpu, at))), 3)
        memory = self._level("memory", device.id, machine.memory + rng.gauss(0, 0.01), at)
        yield "system.memory.utilization", "", round(min(0.995, memory), 4)
        full = self._level("disk", device.id, machine.disk + 0.004 * (at - START) / DAY, at)
        mount = "/volume1" if device.kind is Kind.NAS else "/"
        yield "system.filesystem.utilization", mount, round(min(0.999, full), 4)
        bad = self.happens("sectors", device.id, at)
        yield "hw.physical_disk.smart.pending_sectors", "sda", int((at - bad.begin) // 600) + 1 if bad else 0
        for part, kind in (("raid", "raid"), ("fan 1", "fan"), ("power supply 1", "psu")):
            if device.kind is Kind.NAS or part != "raid":
                word = "degraded" if kind == "raid" else "failed"
                yield "hw.status", part, word if self.happens(kind, device.id, at) else "ok"
        if device.kind is Kind.NAS:
            night = (at - START - HOUR) % DAY
            missed = self.happens("backup", device.id, at)
            yield "backup.age", "nightly", round(at - missed.begin + DAY if missed else night)

    def _service(self, service: Service, at: float) -> Iterator[tuple[str, float]]:
        cut = [one for one in service.depends_on if self.happens("uplink", one, at)]
        up = all(self.up(one, at) for one in service.depends_on) and not cut
        up = up and not self.happens("hang", service.id, at)
        yield "reach.up", int(up)
        if not up:
            return
        usual = 0.12 * self.rng.uniform(0.8, 1.3) * (1.2 if self._busy(at) > 1 else 1.0)
        stuck = any(
            self.happens(kind, one, at) and self._level(kind, one, 0.5, at) > least
            for one in service.depends_on
            for kind, least in (("disk", 0.94), ("memory", 0.94), ("cpu", 0.97))
        )
        stuck = stuck or any(self.happens("storage", one, at) for one in service.depends_on)
        slow = self.happens("slow", service.id, at)
        yield "reach.duration", round(usual * (10 if stuck else slow.to if slow else 1), 4)
        expiring = self.happens("certificate", service.id, at)
        yield "reach.certificate.remaining", (20.9 if expiring else 80) * DAY - (at - START)


def inventory(rng: random.Random) -> tuple[list[Device], list[Service]]:
    """Routers, UPSs, a tree of switches, machines behind them, services on those."""
    levels = [Criticality.CRITICAL, Criticality.IMPORTANT, Criticality.STANDARD]
    upses = [f"ups-{number + 1}" for number in range(rng.choice((1, 1, 2, 2, 3)))]
    before = rng.random() < 0.5
    devices = [Device("rtr-1", "rtr-1", Kind.ROUTER, criticality=levels[0], parent=None if before else "sw-1",
                      power=upses[0])]  # fmt: skip
    if rng.random() < 0.3:
        devices.append(Device("rtr-2", "rtr-2", Kind.ROUTER, criticality=levels[1], parent="sw-1", power=upses[-1]))
    devices.append(Device("sw-1", "sw-1", Kind.SWITCH, criticality=levels[0], parent="rtr-1" if before else None,
                          power=upses[0]))  # fmt: skip
    switches = ["sw-1"]
    for number in range(rng.randrange(4)):
        name = f"sw-{number + 2}"
        power = rng.choice([*upses, None])
        devices.append(Device(name, name, Kind.SWITCH, criticality=levels[1], parent=rng.choice(switches), power=power))
        switches.append(name)
    devices += [Device(name, name, Kind.UPS, criticality=levels[0], parent=rng.choice(switches)) for name in upses]
    stores = []
    for kind, letters, count in ((Kind.SERVER, "srv", rng.randint(1, 4)), (Kind.NAS, "nas", rng.randint(0, 2))):
        for number in range(count):
            name = f"{letters}-{number + 1}"
            stores.append(name)
            devices.append(Device(name, name, kind, criticality=rng.choice(levels), parent=rng.choice(switches),
                                  power=rng.choice(upses)))  # fmt: skip
    for kind, letters in ((Kind.PRINTER, "prn"), (Kind.CAMERA, "cam"), (Kind.ACCESS_POINT, "ap")):
        for number in range(rng.randrange(3)):
            name = f"{letters}-{number + 1}"
            devices.append(Device(name, name, kind, parent=rng.choice(switches)))
    services = []
    for name in ("erp", "files", "mail", "web", "paie")[: rng.randint(1, 5)]:
        on = rng.sample(stores, min(len(stores), rng.choice((1, 1, 2))))
        on += ["rtr-1"] if name == "mail" else []
        services.append(Service(name, name, rng.choice(levels), tuple(on)))
    return devices, services


CAUSES = {
    "mains": "power_lost", "dead": "device_unreachable", "flap": "device_unreachable", "hang": "service_down",
    "slow": "service_slow", "disk": "disk_full", "memory": "memory_exhausted", "cpu": "cpu_saturated",
    "room": "overheating", "heat": "overheating", "sectors": "disk_failing", "raid": "raid_degraded",
    "fan": "fan_failed", "psu": "psu_failed", "errors": "port_errors", "uplink": "uplink_lost",
    "backup": "backup_missed", "certificate": "certificate_expiring", "supply": "supply_empty", "reboot": "rebooted",
    "storage": "service_slow", "overload": "ups_overloaded", "battery": "battery_worn", "gateway": "", "test": "",
}  # fmt: skip
"""What a fault of each kind should be diagnosed as; nothing for what is none."""

_HOURS = {"mains": (0.4, 3), "flap": (1, 2), "gateway": (0.5, 3), "test": (0.01, 0.1), "reboot": (0.3, 0.31),
          "disk": (4, 10), "memory": (4, 9), "room": (4, 8), "heat": (4, 8), "backup": (20, 22),
          "supply": (6, 12), "battery": (6, 12), "certificate": (8, 14), "cpu": (2, 6)}  # fmt: skip
_TO = {"disk": (0.96, 0.999), "memory": (0.985, 0.995), "cpu": (0.99, 1.0), "room": (9, 22), "heat": (12, 30),
       "errors": (5, 50), "supply": (0.02, 0.08), "overload": (102, 125), "slow": (8, 25), "storage": (0.7, 3),
       "flap": (600, 900)}  # fmt: skip


def targets(depot: Depot, kind: str) -> list[str]:
    """What a fault of a kind may befall."""
    of: Callable[..., list[str]] = lambda *kinds: [  # noqa: E731
        one.device.id for one in depot.machines.values() if one.device.kind in kinds
    ]
    stores, network = of(*STORES), of(*NETWORK)
    choices = {
        "mains": [""], "room": [""], "gateway": [""], "uplink": of(Kind.ROUTER) if len(of(Kind.ROUTER)) == 1 else [],
        "dead": list(depot.machines), "flap": [*stores, *of(Kind.CAMERA)], "reboot": stores,
        "hang": list(depot.park.services), "slow": list(depot.park.services), "certificate": list(depot.park.services),
        "heat": [*stores, *network], "raid": of(Kind.NAS), "backup": of(Kind.NAS), "storage": of(Kind.NAS),
        "errors": network,
        "supply": of(Kind.PRINTER), "overload": of(Kind.UPS), "battery": of(Kind.UPS), "test": of(Kind.UPS),
    }  # fmt: skip
    return choices.get(kind, stores)


def plan(depot: Depot) -> list[Trouble]:
    """Faults after a day of quiet, one after the other with hours between, or overlapping at different targets."""
    rng = depot.rng
    kinds = list(depot.kinds or [kind for kind in CAUSES if not (kind == "gateway" and depot.overlap)])
    at, last = START + DAY * 1.1 + rng.uniform(0, 6) * HOUR, START + (depot.days - 0.2) * DAY
    planned: list[Trouble] = []
    while at < last:
        kind = rng.choice(kinds)
        choices = [one for one in targets(depot, kind) if one not in {known.target for known in planned}]
        length = rng.uniform(*_HOURS.get(kind, (0.7, 4))) * HOUR
        if not choices or at + length > last:
            at += HOUR
            continue
        target = rng.choice(choices)
        root = target or None
        if kind == "mains":
            root = mains_root(
                [one for one in depot.park.devices if depot.park.devices[one].kind is Kind.UPS], depot.park
            )
        begin = at - at % DAY + DAY + HOUR if kind == "backup" else at
        to = rng.uniform(*_TO.get(kind, (0, 0)))
        if kind == "flap":
            to = depot.every_s * rng.choice((2, 3))
        planned.append(Trouble(kind, CAUSES[kind], target, root, begin, begin + length, to))
        at = begin + (rng.uniform(0.2, 1.0) * length if depot.overlap else length + rng.uniform(2.5, 6) * HOUR)
    return planned
