"""The simulated depot as a pure function of time: what every machine is doing at second t of a scenario.

Nothing here reads a clock or a socket, so the same world serves real sockets (`vigie demo`) and virtual time. A device
is *down* while it has no power, is broken or boots; it *answers* while it and everything on its way to the gateway is
up. All states follow from the faults' windows, so any t can be asked for in any order.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.simulate.scenario import Behaviour, Fault, Scenario, SimulatedDevice

Window = tuple[float, float]
"""[start, end) in seconds of the scenario."""

_DAY = 86_400.0
_RECOVERY_S = 8.0
"""A level that was too high comes back to normal within this time after its fault ends."""


@dataclass(frozen=True, slots=True)
class PortState:
    """One network interface. Counters are since the device's last boot: octets and bad frames received or sent."""

    number: int
    name: str
    up: bool
    speed_mbit: int
    received: int
    sent: int
    errors: int


@dataclass(frozen=True, slots=True)
class BatteryState:
    """A UPS. ``charge`` in percent, ``runtime_s`` at the present load, voltages in volt, ``load`` a fraction."""

    on_mains: bool
    charge: float
    runtime_s: float
    load: float
    input_voltage: float
    output_voltage: float
    on_battery_s: float

    @property
    def status(self) -> str:
        """The words of NUT's ``ups.status``."""
        if not self.on_mains:
            return "OB DISCHRG LB" if self.charge < 20 else "OB DISCHRG"
        return "OL CHRG" if self.charge < 100 else "OL"


@dataclass(frozen=True, slots=True)
class DeviceState:
    """A machine at one instant. Fractions are of 1, ``temperature`` in degrees Celsius."""

    answers: bool
    uptime_s: float
    cpu: float
    memory: float
    temperature: float
    volumes: tuple[float, ...]
    ports: tuple[PortState, ...]
    battery: BatteryState | None


class World:
    """The depot of one scenario. Instants are seconds since the scenario began, 0 or more."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._devices = {device.id: device for device in scenario.devices}
        self._services = {service.id: service for service in scenario.services}
        self._charges: dict[str, list[float]] = {}

    def happening(self, t: float) -> list[tuple[Fault, float]]:
        """The faults in force at ``t``, each with the instant at which it began."""
        return [
            (fault, start)
            for fault in self.scenario.faults
            for start, end in self._occurrences(fault, t)
            if start <= t < end
        ]

    def answers(self, device: str, t: float) -> bool:
        """True while the device is up and every device on its way to the gateway is, and no cable is cut."""
        known: SimulatedDevice | None = self._devices[device]
        while known is not None:
            if self._down(known, t) or self._during("link", known.id, t):
                return False
            known = self._devices.get(known.parent) if known.parent else None
        return True

    def service_answers(self, service: str, t: float) -> bool:
        """True while everything that the service runs on answers and the service itself does not hang."""
        known = self._services[service]
        hangs = self._during("hang", service, t) or any(self._during("uplink", on, t) for on in known.depends_on)
        return not hangs and all(self.answers(device, t) for device in known.depends_on)

    def state(self, device: str, t: float) -> DeviceState:
        """Everything about one device at ``t``."""
        known = self._devices[device]
        sim = known.sim
        uptime = self._uptime(known, t)
        cpu = self._level("cpu", known, "", sim.cpu, t) + 0.6 * sim.cpu * self._noise(f"{device}/cpu", t, 7.0)
        memory = self._level("memory", known, "", sim.memory, t) + 0.01 * self._noise(f"{device}/memory", t, 60.0)
        return DeviceState(
            answers=self.answers(device, t),
            uptime_s=uptime,
            cpu=_clamp(cpu),
            memory=_clamp(memory),
            temperature=round(
                sim.temperature + 6 * cpu + self._heat(known, t) + 0.8 * self._noise(f"{device}/heat", t, 90.0), 1
            ),
            volumes=tuple(_clamp(self._level("disk", known, disk.mount, disk.used, t)) for disk in sim.volumes),
            ports=tuple(self._ports(known, uptime, t)),
            battery=self._battery(known, t) if known.kind == "ups" else None,
        )

    # --- power

    def _down(self, device: SimulatedDevice, t: float) -> bool:
        return any(start <= t < end + device.sim.boot_s for start, end in self._off(device, t))

    def _uptime(self, device: SimulatedDevice, t: float) -> float:
        """Seconds since the last boot, which is the end of the last window without power."""
        boots = [end for _start, end in self._off(device, t) if end <= t]
        if boots:
            return t - max(boots)
        return t + _DAY * (3 + 60 * (1 + self._hash(f"{device.id}/uptime")) / 2)

    def _off(self, device: SimulatedDevice, t: float) -> list[Window]:
        """Windows in which the device had no power of its own, this cycle's and the one before."""
        windows = [w for fault in self._of("dead", device.id) for w in self._occurrences(fault, t)]
        if device.kind == "ups":
            windows += self._empty(device, t)
        elif device.power is not None:
            windows += self._empty(self._devices[device.power], t)
            windows += self._off_of_ups(device.power, t)
        else:
            windows += self._mains(t)
        return windows

    def _off_of_ups(self, ups: str, t: float) -> list[Window]:
        """A UPS that is broken feeds nobody."""
        return [w for fault in self._of("dead", ups) for w in self._occurrences(fault, t)]

    def _mains(self, t: float) -> list[Window]:
        """Windows without mains, joined where they touch, this cycle's and the one before."""
        return _joined(w for fault in self._of("mains", "") for w in self._occurrences(fault, t))

    def _empty(self, ups: SimulatedDevice, t: float) -> list[Window]:
        """Windows in which the mains were off and the battery empty."""
        found = []
        for start, end in self._mains(t):
            lasts = self._charge(ups, start) / 100 * ups.sim.battery_s
            if start + lasts < end:
                found.append((start + lasts, end))
        return found

    def _charge(self, ups: SimulatedDevice, t: float) -> float:
        """Charge in percent: it falls without mains and rises with them, never outside 0 to 100."""
        cycle, start = self._cycle(t)
        return self._charge_from(ups, self._charge_at_cycle(ups, cycle), start, t)

    def _charge_at_cycle(self, ups: SimulatedDevice, cycle: int) -> float:
        """Charge at the start of a cycle; every cycle has the same windows, so it settles and the walk ends."""
        known = self._charges.setdefault(ups.id, [100.0])
        length = self.scenario.loop_s or 0.0
        while len(known) <= cycle:
            following = self._charge_from(ups, known[-1], 0.0, length)
            if following == known[-1]:
                return following
            known.append(following)
        return known[cycle]

    def _charge_from(self, ups: SimulatedDevice, charge: float, start: float, t: float) -> float:
        cycle_windows = [
            (start + fault.start_s, start + fault.end_s) for fault in self.scenario.faults if fault.kind == "mains"
        ]
        at = start
        for lost, back in _joined(iter(cycle_windows)):
            if lost >= t:
                break
            charge = min(100.0, charge + 100 * (lost - at) / ups.sim.recharge_s)
            charge = max(0.0, charge - 100 * (min(back, t) - lost) / ups.sim.battery_s)
            at = min(back, t)
        return min(100.0, charge + 100 * (t - at) / ups.sim.recharge_s)

    def _battery(self, ups: SimulatedDevice, t: float) -> BatteryState:
        charge = self._charge(ups, t)
        lost_at = next((start for start, end in self._mains(t) if start <= t < end), None)
        load = _clamp(ups.sim.load + 0.02 * self._noise(f"{ups.id}/load", t, 15.0))
        mains = 228 + 4 * self._noise(f"{ups.id}/mains", t, 10.0)
        return BatteryState(
            on_mains=lost_at is None,
            charge=charge,
            runtime_s=charge / 100 * ups.sim.battery_s,
            load=load,
            input_voltage=round(mains, 1) if lost_at is None else 0.0,
            output_voltage=round(mains, 1) if lost_at is None else 230.0,
            on_battery_s=t - lost_at if lost_at is not None else 0.0,
        )

    # --- levels and counters

    def _level(self, kind: str, device: SimulatedDevice, part: str, base: float, t: float) -> float:
        """A level that faults of ``kind`` push up from ``base``: a rise over ``over_s``, a plateau, a recovery."""
        return self._rise(kind, device.id, base, t, part)

    def _rise(self, kind: str, target: str, base: float, t: float, part: str = "") -> float:
        level = base
        for fault in self._of(kind, target):
            if fault.part not in ("", part):
                continue
            for start, end in self._occurrences(fault, t):
                rising = (t - start) / fault.over_s if fault.over_s else 1.0
                falling = 1 - (t - end) / _RECOVERY_S if t >= end else 1.0
                share = min(1.0, rising, falling)
                if t >= start and share > 0:
                    level = max(level, base + (fault.to - base) * share)
        return level

    def _heat(self, device: SimulatedDevice, t: float) -> float:
        """Degrees that faults add: of this machine, or of the room it stands in."""
        return max(self._level("heat", device, "", 0.0, t), self._rise("heat", "", 0.0, t))

    def _ports(self, device: SimulatedDevice, uptime: float, t: float) -> Iterator[PortState]:
        for number in range(1, device.sim.ports + 1):
            used = number <= device.sim.used_ports
            other = device.sim.wired.get(str(number))
            cut = other is not None and (self._down(self._devices[other], t) or bool(self._during("link", other, t)))
            share = (0.3 + 0.35 * (1 + self._hash(f"{device.id}/{number}"))) if used else 0.0
            received = _counted(device.sim.traffic * share, uptime)
            yield PortState(
                number=number,
                name=_port_name(device.sim, number),
                up=used and not cut,
                speed_mbit=device.sim.speed_mbit,
                received=received,
                sent=int(received * (0.4 + 0.3 * (1 + self._hash(f"{device.id}/{number}/sent")))),
                errors=self._errors(device, str(number), t - uptime, t),
            )

    def _errors(self, device: SimulatedDevice, port: str, since: float, t: float) -> int:
        """Bad frames since the boot at ``since``: only faults of kind errors make any."""
        total = 0.0
        for fault in self._of("errors", device.id):
            if fault.part in ("", port):
                cycle, _start = self._cycle(t)
                for index in range(cycle + 1):
                    start = index * (self.scenario.loop_s or 0.0) + fault.start_s
                    begin, end = max(start, since), min(start + fault.duration_s, t)
                    total += fault.to * max(0.0, end - begin)
        return int(total)

    # --- time

    def _cycle(self, t: float) -> tuple[int, float]:
        """Number of the repetition at ``t`` and the instant at which it began."""
        if self.scenario.loop_s is None:
            return 0, 0.0
        cycle = int(t // self.scenario.loop_s)
        return cycle, cycle * self.scenario.loop_s

    def _occurrences(self, fault: Fault, t: float) -> list[Window]:
        """Windows of the fault in the repetition at ``t`` and in the one before."""
        cycle, _start = self._cycle(t)
        length = self.scenario.loop_s or 0.0
        return [
            (index * length + fault.start_s, index * length + fault.end_s)
            for index in range(max(0, cycle - 1), cycle + 1)
        ]

    def _of(self, kind: str, target: str) -> list[Fault]:
        return [fault for fault in self.scenario.faults if fault.kind == kind and fault.target == target]

    def _during(self, kind: str, target: str, t: float) -> bool:
        return any(start <= t < end for fault in self._of(kind, target) for start, end in self._occurrences(fault, t))

    # --- noise: the same for the same seed, key and instant

    def _hash(self, key: str) -> float:
        """A number in [-1, 1) that belongs to ``key``."""
        return zlib.crc32(f"{self.scenario.seed}/{key}".encode()) / 2**31 - 1

    def _noise(self, key: str, t: float, step_s: float) -> float:
        """Smooth noise in [-1, 1): a new value every ``step_s``, straight lines between."""
        bucket, share = divmod(t / step_s, 1.0)
        before, after = (self._hash(f"{key}/{int(bucket) + i}") for i in (0, 1))
        return before + (after - before) * share


def _counted(rate: float, uptime: float) -> int:
    """The integral of rate * (1 + 0.8 sin) over the uptime: traffic that swells and ebbs but never runs backwards."""
    wave = 2 * math.pi / 420
    return int(rate * (uptime + 0.8 * (1 - math.cos(wave * uptime)) / wave))


def _port_name(sim: Behaviour, number: int) -> str:
    if sim.ports == 1:
        return "eth0"
    return f"ether{number}" if sim.ports <= 8 else f"GigabitEthernet0/{number}"


def _joined(windows: Iterator[Window]) -> list[Window]:
    """Windows in order of time, those that touch or overlap made one."""
    joined: list[Window] = []
    for start, end in sorted(windows):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _clamp(value: float) -> float:
    return min(1.0, max(0.0, value))
