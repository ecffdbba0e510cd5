"""What each kind of simulated device shows over SNMP: its state as a table of object identifiers. Pure.

Sources: RFC 3418 (system), RFC 2863 (interfaces), RFC 2790 (host resources), RFC 3805 (printer), RFC 1628 (UPS),
RFC 4188 (bridge), RFC 6933 (entity), UCD-SNMP-MIB and LM-SENSORS-MIB as net-snmp serves them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

from gateway.simulate import ber
from gateway.simulate.ber import COUNTER32, COUNTER64, GAUGE32, INTEGER, OBJECT_ID, OCTETS, TICKS, Oid, Value
from gateway.simulate.scenario import SimulatedDevice
from gateway.simulate.world import DeviceState

MIB2: Oid = (1, 3, 6, 1, 2, 1)
_UCD: Oid = (1, 3, 6, 1, 4, 1, 2021)
_SERVERS = ("server", "nas", "hypervisor", "workstation")
_BLOCK = 4096


class View:
    """One device's objects at one instant, in the order of their identifiers."""

    def __init__(self, objects: Mapping[Oid, Value]) -> None:
        self._objects = objects
        self._order = sorted(objects)

    def get(self, oid: Oid) -> Value:
        """The object, or noSuchObject."""
        return self._objects.get(oid, (ber.NO_SUCH_OBJECT, None))

    def after(self, oid: Oid) -> tuple[Oid, Value]:
        """The first object behind ``oid``; endOfMibView (with ``oid`` itself) past the last."""
        index = bisect_right(self._order, oid)
        if index == len(self._order):
            return oid, (ber.END_OF_MIB, None)
        return self._order[index], self._objects[self._order[index]]


def view(device: SimulatedDevice, state: DeviceState) -> View:
    """Everything the device shows, by its kind."""
    objects = {**_system(device, state), **_interfaces(device, state), **_entity(device)}
    if device.kind in _SERVERS:
        objects |= {**_host(device, state), **_ucd(device, state)}
    elif device.kind in ("switch", "router"):
        objects |= _bridge(device)
    elif device.kind == "printer":
        objects |= _printer(device, state)
    elif device.kind == "ups":
        objects |= _ups(device, state)
    return View(objects)


def _system(device: SimulatedDevice, state: DeviceState) -> dict[Oid, Value]:
    root = (*MIB2, 1)
    return {
        (*root, 1, 0): (OCTETS, device.sim.description or device.name),
        (*root, 2, 0): (OBJECT_ID, tuple(int(part) for part in device.sim.object_id.split("."))),
        (*root, 3, 0): (TICKS, int(state.uptime_s * 100) & 0xFFFFFFFF),
        (*root, 4, 0): (OCTETS, "informatique@vigie.invalid"),
        (*root, 5, 0): (OCTETS, device.id),
        (*root, 6, 0): (OCTETS, str(device.inventory.get("location", ""))),
        (*root, 7, 0): (INTEGER, {"switch": 2, "router": 6}.get(device.kind, 72)),
    }


def _mac(device: SimulatedDevice, number: int) -> bytes:
    return b"\x02\x56\x47" + sum(device.id.encode()).to_bytes(2, "big") + bytes([number])


def _interfaces(device: SimulatedDevice, state: DeviceState) -> dict[Oid, Value]:
    table, more = (*MIB2, 2, 2, 1), (*MIB2, 31, 1, 1, 1)
    objects: dict[Oid, Value] = {(*MIB2, 2, 1, 0): (INTEGER, len(state.ports))}
    for port in state.ports:
        packets = (port.received // 700, port.sent // 700)
        columns: dict[int, Value] = {
            1: (INTEGER, port.number),
            2: (OCTETS, port.name),
            3: (INTEGER, 6),
            4: (INTEGER, 1500),
            5: (GAUGE32, min(port.speed_mbit * 1_000_000, 0xFFFFFFFF)),
            6: (OCTETS, _mac(device, port.number)),
            7: (INTEGER, 1),
            8: (INTEGER, 1 if port.up else 2),
            9: (TICKS, 0),
            10: (COUNTER32, port.received & 0xFFFFFFFF),
            11: (COUNTER32, packets[0] & 0xFFFFFFFF),
            13: (COUNTER32, 0),
            14: (COUNTER32, port.errors & 0xFFFFFFFF),
            16: (COUNTER32, port.sent & 0xFFFFFFFF),
            17: (COUNTER32, packets[1] & 0xFFFFFFFF),
            19: (COUNTER32, 0),
            20: (COUNTER32, 0),
        }
        extended: dict[int, Value] = {
            1: (OCTETS, port.name),
            6: (COUNTER64, port.received),
            7: (COUNTER64, packets[0]),
            10: (COUNTER64, port.sent),
            11: (COUNTER64, packets[1]),
            15: (GAUGE32, port.speed_mbit if port.up else 0),
            18: (OCTETS, device.sim.wired.get(str(port.number), "")),
        }
        objects |= {(*table, column, port.number): value for column, value in columns.items()}
        objects |= {(*more, column, port.number): value for column, value in extended.items()}
    return objects


def _entity(device: SimulatedDevice) -> dict[Oid, Value]:
    row = (*MIB2, 47, 1, 1, 1, 1)
    told = {7: "name", 10: "firmware", 11: "serial", 12: "vendor", 13: "model"}
    objects: dict[Oid, Value] = {(*row, 2, 1): (OCTETS, device.name), (*row, 5, 1): (INTEGER, 3)}
    return objects | {(*row, column, 1): (OCTETS, str(device.inventory.get(key, ""))) for column, key in told.items()}


def _bridge(device: SimulatedDevice) -> dict[Oid, Value]:
    if device.kind == "router":
        return {(*MIB2, 4, 1, 0): (INTEGER, 1)}
    return {
        (*MIB2, 17, 1, 1, 0): (OCTETS, _mac(device, 0)),
        (*MIB2, 17, 1, 2, 0): (INTEGER, device.sim.ports),
        (*MIB2, 17, 1, 3, 0): (INTEGER, 2),
    }


def _host(device: SimulatedDevice, state: DeviceState) -> dict[Oid, Value]:
    root = (*MIB2, 25)
    total = int(device.sim.memory_gb * 2**20)
    objects: dict[Oid, Value] = {
        (*root, 1, 1, 0): (TICKS, int(state.uptime_s * 100) & 0xFFFFFFFF),
        (*root, 1, 5, 0): (GAUGE32, 2),
        (*root, 1, 6, 0): (GAUGE32, 140),
        (*root, 2, 2, 0): (INTEGER, total),
    }
    ram, fixed_disk = 2, 4
    rows = [(1, ram, "Physical memory", total * 1024, state.memory)]
    for number, (disk, used) in enumerate(zip(device.sim.volumes, state.volumes, strict=True)):
        rows.append((31 + number, fixed_disk, disk.mount, int(disk.size_gb * 1e9), used))
    for index, kind, label, size, used in rows:
        units = size // _BLOCK
        columns: tuple[Value, ...] = (
            (INTEGER, index),
            (OBJECT_ID, (*root, 2, 1, kind)),
            (OCTETS, label),
            (INTEGER, _BLOCK),
            (INTEGER, min(units, 0x7FFFFFFF)),
            (INTEGER, min(int(units * used), 0x7FFFFFFF)),
        )
        objects |= {(*root, 2, 3, 1, column, index): value for column, value in enumerate(columns, start=1)}
    for cpu in range(device.sim.cpus):
        index = 196608 + cpu
        objects[(*root, 3, 2, 1, 1, index)] = (INTEGER, index)
        objects[(*root, 3, 2, 1, 2, index)] = (OBJECT_ID, (*root, 3, 1, 3))
        objects[(*root, 3, 2, 1, 3, index)] = (OCTETS, "Processor")
        objects[(*root, 3, 2, 1, 5, index)] = (INTEGER, 2)
        objects[(*root, 3, 3, 1, 1, index)] = (OBJECT_ID, (0, 0))
        objects[(*root, 3, 3, 1, 2, index)] = (INTEGER, round(state.cpu * 100))
    return objects


def _ucd(device: SimulatedDevice, state: DeviceState) -> dict[Oid, Value]:
    total = int(device.sim.memory_gb * 2**20)
    free = int(total * (1 - state.memory))
    memory = {3: total // 4, 4: total // 4, 5: total, 6: free // 2, 11: free // 2 + total // 4, 14: free // 8}
    objects: dict[Oid, Value] = {(*_UCD, 4, column, 0): (INTEGER, value) for column, value in memory.items()}
    objects[(*_UCD, 4, 15, 0)] = (INTEGER, free - free // 2 - free // 8)
    load = state.cpu * device.sim.cpus
    for row, label in enumerate(("Load-1", "Load-5", "Load-15"), start=1):
        objects[(*_UCD, 10, 1, 1, row)] = (INTEGER, row)
        objects[(*_UCD, 10, 1, 2, row)] = (OCTETS, label)
        objects[(*_UCD, 10, 1, 3, row)] = (OCTETS, f"{load:.2f}")
        objects[(*_UCD, 10, 1, 5, row)] = (INTEGER, int(load * 100))
    busy = round(state.cpu * 100)
    objects[(*_UCD, 11, 9, 0)] = (INTEGER, busy * 7 // 10)
    objects[(*_UCD, 11, 10, 0)] = (INTEGER, busy - busy * 7 // 10)
    objects[(*_UCD, 11, 11, 0)] = (INTEGER, 100 - busy)
    sensor = (*_UCD, 13, 16, 2, 1)
    objects[(*sensor, 1, 1)] = (INTEGER, 1)
    objects[(*sensor, 2, 1)] = (OCTETS, "CPU Temperature")
    objects[(*sensor, 3, 1)] = (GAUGE32, int(state.temperature * 1000))
    return objects


def _printer(device: SimulatedDevice, state: DeviceState) -> dict[Oid, Value]:
    host, root = (*MIB2, 25), (*MIB2, 43)
    objects: dict[Oid, Value] = {
        (*host, 3, 2, 1, 1, 1): (INTEGER, 1),
        (*host, 3, 2, 1, 2, 1): (OBJECT_ID, (*host, 3, 1, 5)),
        (*host, 3, 2, 1, 3, 1): (OCTETS, str(device.inventory.get("model", device.name))),
        (*host, 3, 2, 1, 5, 1): (INTEGER, 2),
        (*host, 3, 5, 1, 1, 1): (INTEGER, 3),
        (*host, 3, 5, 1, 2, 1): (OCTETS, b"\x00"),
        (*root, 5, 1, 1, 16, 1): (OCTETS, device.name),
        (*root, 5, 1, 1, 17, 1): (OCTETS, str(device.inventory.get("serial", ""))),
        (*root, 10, 2, 1, 4, 1, 1): (COUNTER32, 48_000 + int(state.uptime_s / 90)),
    }
    for index, supply in enumerate(device.sim.supplies, start=1):
        row: dict[int, Value] = {
            2: (INTEGER, 1),
            3: (INTEGER, 0),
            4: (INTEGER, 3),
            5: (INTEGER, 3),
            6: (OCTETS, supply.name),
            7: (INTEGER, 19),
            8: (INTEGER, 100),
            9: (INTEGER, round(supply.level * 100)),
        }
        objects |= {(*root, 11, 1, 1, column, 1, index): value for column, value in row.items()}
    return objects


def _ups(device: SimulatedDevice, state: DeviceState) -> dict[Oid, Value]:
    battery = state.battery
    if battery is None:
        return {}
    root = (*MIB2, 33, 1)
    told = (device.inventory.get("vendor", ""), device.inventory.get("model", ""), "2.4", "1.0", device.id)
    objects: dict[Oid, Value] = {(*root, 1, row, 0): (OCTETS, str(text)) for row, text in enumerate(told, start=1)}
    watts = int(1500 * battery.load)
    numbers = {
        (2, 1, 0): 3 if battery.charge < 20 else 2,
        (2, 2, 0): int(battery.on_battery_s),
        (2, 3, 0): int(battery.runtime_s / 60),
        (2, 4, 0): int(battery.charge),
        (2, 5, 0): 480 + int(battery.charge * 0.6),
        (2, 7, 0): int(state.temperature),
        (3, 2, 0): 1,
        (3, 3, 1, 2, 1): 500 if battery.on_mains else 0,
        (3, 3, 1, 3, 1): int(battery.input_voltage),
        (4, 1, 0): 3 if battery.on_mains else 5,
        (4, 2, 0): 500,
        (4, 3, 0): 1,
        (4, 4, 1, 2, 1): int(battery.output_voltage),
        (4, 4, 1, 3, 1): int(10 * watts / max(battery.output_voltage, 1)),
        (4, 4, 1, 4, 1): watts,
        (4, 4, 1, 5, 1): round(battery.load * 100),
    }
    objects |= {(*root, *part): (INTEGER, number) for part, number in numbers.items()}
    objects[(*root, 6, 1, 0)] = (GAUGE32, 0 if battery.on_mains else 1)
    return objects
