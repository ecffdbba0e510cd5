"""The simulated depot in virtual time: what a gateway that asks every so often would have read, and the truth of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.core.cause import mains_root
from gateway.core.device import Device, Kind, Park, Service
from gateway.simulate.scenario import Fault, Scenario, SimulatedDevice
from gateway.simulate.world import DeviceState, World
from gateway.wire import iso

Line = dict[str, Any]

_STORES = frozenset({"server", "nas", "hypervisor", "workstation"})


@dataclass(frozen=True, slots=True)
class Span:
    """Virtual time to simulate: ``start`` s since the epoch, ``seconds`` long, a round every ``every_s``."""

    start: float
    seconds: float
    every_s: float


@dataclass(slots=True)
class Simulation:
    """One scenario read in virtual time."""

    world: World
    span: Span
    _counters: dict[tuple[str, str], tuple[float, int, int]] = field(default_factory=dict)

    def lines(self) -> Iterator[Line]:
        """Lines of READINGS.jsonl in order of time."""
        off = linked_before = False
        linked = True
        for step in range(int(self.span.seconds // self.span.every_s) + 1):
            t = step * self.span.every_s
            instant = iso(self.span.start + t)
            kinds = {fault.kind for fault, _ in self.world.happening(t)}
            if ("gateway" in kinds) != off:
                off = not off
                yield {"t": instant, "event": "gateway_off" if off else "gateway_on"}
            if off:
                continue
            linked_before, linked = linked, "uplink" not in kinds
            if linked != linked_before:
                yield {"t": instant, "event": "link_up" if linked else "link_down"}
            yield from self._round(t, instant)

    def _round(self, t: float, instant: str) -> Iterator[Line]:
        for device in self.world.scenario.devices:
            if not self.world.answers(device.id, t):
                self._counters = {key: value for key, value in self._counters.items() if key[0] != device.id}
                yield {"t": instant, "device": device.id, "failure": "timeout"}
                continue
            for metric, instance, value in self._device(device, t):
                yield {"t": instant, "device": device.id, "metric": metric, "instance": instance, "value": value}
        for service in self.world.scenario.services:
            up = self.world.service_answers(service.id, t)
            yield {"t": instant, "device": service.id, "metric": "reach.up", "instance": "", "value": int(up)}

    def _device(self, device: SimulatedDevice, t: float) -> Iterator[tuple[str, str, float | str]]:
        state = self.world.state(device.id, t)
        yield "reach.up", "", 1
        yield "system.uptime", "", round(state.uptime_s, 1)
        yield "hw.temperature", "inlet" if device.kind in _STORES else "board", state.temperature
        if state.battery:
            yield "ups.status", "", state.battery.status
            yield "battery.charge", "", round(state.battery.charge, 1)
            yield "battery.runtime", "", round(state.battery.runtime_s)
            yield "input.voltage", "", state.battery.input_voltage
        if device.kind in _STORES:
            yield "system.cpu.utilization", "", round(state.cpu, 4)
            yield "system.memory.utilization", "", round(state.memory, 4)
            for volume, used in zip(device.sim.volumes, state.volumes, strict=True):
                yield "system.filesystem.utilization", volume.mount, round(used, 4)
        yield from self._ports(device.id, state, t)

    def _ports(self, device: str, state: DeviceState, t: float) -> Iterator[tuple[str, str, float | str]]:
        for port in state.ports:
            yield "hw.network.up", port.name, int(port.up)
            before = self._counters.get((device, port.name))
            self._counters[device, port.name] = (t, port.received, port.errors)
            if before and before[0] < t and port.received >= before[1] and port.errors >= before[2]:
                span = t - before[0]
                yield "system.network.io_rate.receive", port.name, round((port.received - before[1]) / span, 3)
                yield "system.network.error_rate.receive", port.name, round((port.errors - before[2]) / span, 4)

    def truth(self) -> Mapping[str, Any]:
        """The faults that happen within the span, with the cause and root that a diagnosis should name."""
        park = park_of(self.world.scenario)
        length = self.world.scenario.loop_s
        faults = []
        for fault in self.world.scenario.faults:
            starts = [fault.start_s]
            while length and starts[-1] + length < self.span.seconds:
                starts.append(starts[-1] + length)
            faults += [
                {
                    "cause": fault.cause,
                    "root_device": _root(fault, park),
                    "at": iso(self.span.start + start),
                    "until": iso(self.span.start + start + fault.duration_s),
                }
                for start in starts
                if start < self.span.seconds and fault.kind != "gateway"
            ]
        faults.sort(key=lambda fault: str(fault["at"]))
        return {"faults": faults, "end": iso(self.span.start + self.span.seconds)}


def park_of(scenario: Scenario) -> Park:
    """The scenario's inventory as far as explaining needs it."""
    return Park(
        [Device(d.id, d.name, Kind(d.kind), parent=d.parent, power=d.power) for d in scenario.devices],
        [Service(service.id, service.name, depends_on=service.depends_on) for service in scenario.services],
    )


def _root(fault: Fault, park: Park) -> str | None:
    if fault.kind != "mains":
        return fault.target or None
    upses = [device.id for device in park.devices.values() if device.kind is Kind.UPS]
    return mains_root(upses, park) if upses else None
