"""What a Redfish service (DMTF DSP0268: iDRAC, iLO, XCC, iRMC ...) says of a server's health: pure, literal tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.core.reading import Identity, Severity

_HEALTH = {"OK": Severity.OK, "Warning": Severity.WARNING, "Critical": Severity.CRITICAL}
_THERE = ("Enabled", "StandbyOffline", "StandbySpare", "UnavailableOffline", "Degraded", "", None)
"""States of a component that is there; Absent, Disabled and the like are empty slots."""


@dataclass(frozen=True, slots=True)
class Value:
    """One metric of one component."""

    metric: str
    value: float | str
    instance: str
    source: str
    severity: Severity | None = None


def links(document: Mapping[str, Any], *keys: str) -> list[str]:
    """Paths of the members of a collection, or of the one resource a key leads to."""
    inner: Any = document
    for key in keys:
        inner = inner.get(key) if isinstance(inner, dict) else None
    found = inner if isinstance(inner, list) else [inner]
    paths = [one.get("@odata.id") for one in found if isinstance(one, dict)]
    return [path for path in paths if isinstance(path, str) and path.startswith("/")]


def system(document: Mapping[str, Any], path: str) -> Iterator[Value]:
    """A ComputerSystem: its health, that of all below it, of memory and processors."""
    name = "system"
    yield from _health(document, name, path)
    rolled = _inner(document, "Status").get("HealthRollup")
    if rolled in _HEALTH:
        yield Value("hw.status", str(rolled).lower(), "all parts", path, _HEALTH[rolled])
    for key, part in (("MemorySummary", "memory"), ("ProcessorSummary", "processors")):
        yield from _health(_inner(document, key), part, path)


def identity(document: Mapping[str, Any]) -> Identity:
    """What the system says of itself."""
    texts = {
        key: str(document.get(name) or "").strip()
        for key, name in (
            ("vendor", "Manufacturer"),
            ("model", "Model"),
            ("serial", "SerialNumber"),
            ("firmware", "BiosVersion"),
            ("name", "HostName"),
        )
    }
    return Identity(profile="redfish", kind="server", **texts)


def thermal(document: Mapping[str, Any], path: str) -> Iterator[Value]:
    """Temperatures and fans of a chassis."""
    for row in _rows(document, "Temperatures"):
        name = _name(row)
        yield from _number("hw.temperature", row.get("ReadingCelsius"), name, path)
        yield from _health(row, f"temperature {name}", path)
    for row in _rows(document, "Fans"):
        name = _name(row)
        metric = "hw.fan.speed_ratio" if row.get("ReadingUnits") == "Percent" else "hw.fan.speed"
        factor = 0.01 if row.get("ReadingUnits") == "Percent" else 1.0
        yield from _number(metric, row.get("Reading"), name, path, factor)
        yield from _health(row, f"fan {name}", path)


def power(document: Mapping[str, Any], path: str) -> Iterator[Value]:
    """Power supplies and consumption of a chassis."""
    for number, row in enumerate(_rows(document, "PowerSupplies"), start=1):
        name = _name(row) or str(number)
        yield from _health(row, f"power supply {name}", path)
    for row in _rows(document, "PowerControl"):
        yield from _number("hw.power", row.get("PowerConsumedWatts"), _name(row), path)


def fan(document: Mapping[str, Any], path: str) -> Iterator[Value]:
    """One fan of a ThermalSubsystem: its share of full speed, its turns where they are told."""
    name = _name(document)
    speed = _inner(document, "SpeedPercent")
    yield from _number("hw.fan.speed_ratio", speed.get("Reading"), name, path, 0.01)
    yield from _number("hw.fan.speed", speed.get("SpeedRPM"), name, path)
    yield from _health(document, f"fan {name}", path)


def thermal_metrics(document: Mapping[str, Any], path: str) -> Iterator[Value]:
    """Temperatures of a ThermalSubsystem: each sensor, or where none is listed the summary by place."""
    rows = _rows(document, "TemperatureReadingsCelsius")
    for row in rows:
        source = str(row.get("DataSourceUri") or "").rstrip("/").rpartition("/")[2]
        name = str(row.get("DeviceName") or source or row.get("PhysicalContext") or "").strip()
        if row.get("PhysicalContext") == "Intake" and "inlet" not in name.lower():
            name = f"{name} inlet".strip()  # the word by which the room's own limits are chosen
        yield from _number("hw.temperature", row.get("Reading"), name, path)
    summary = _inner(document, "TemperatureSummaryCelsius")
    for place, name in (("Intake", "Inlet"), ("Internal", "Internal"), ("Exhaust", "Exhaust"), ("Ambient", "Ambient")):
        if not rows:
            yield from _number("hw.temperature", _inner(summary, place).get("Reading"), name, path)


def thermal_subsystem(document: Mapping[str, Any], path: str) -> Iterator[Value]:
    """Whether enough fans are left; the fans themselves are documents of their own."""
    yield from _redundancy(document, "FanRedundancy", "fan redundancy", path)


def power_subsystem(document: Mapping[str, Any], path: str) -> Iterator[Value]:
    """Whether enough power supplies are left; they themselves are documents of their own."""
    yield from _redundancy(document, "PowerSupplyRedundancy", "power supply redundancy", path)


def power_supply(document: Mapping[str, Any], path: str) -> Iterator[Value]:
    """One power supply of a PowerSubsystem."""
    yield from _health(document, f"power supply {_name(document)}", path)


def environment(document: Mapping[str, Any], path: str) -> Iterator[Value]:
    """What a chassis as a whole takes (EnvironmentMetrics)."""
    yield from _number("hw.power", _inner(document, "PowerWatts").get("Reading"), "chassis", path)


def _redundancy(document: Mapping[str, Any], key: str, name: str, path: str) -> Iterator[Value]:
    rows = _rows(document, key)
    for number, row in enumerate(rows, start=1):
        yield from _health(row, name if len(rows) == 1 else f"{name} {number}", path)


def drive(document: Mapping[str, Any], path: str) -> Iterator[Value]:
    """One disk behind its controller."""
    name = _name(document)
    yield from _health(document, f"disk {name}", path)
    if document.get("FailurePredicted") is True:
        yield Value("hw.physical_disk.status", "failed", name, path, Severity.CRITICAL)
    elif document.get("FailurePredicted") is False:
        yield Value("hw.physical_disk.status", "passed", name, path, Severity.OK)
    left = document.get("PredictedMediaLifeLeftPercent")
    if isinstance(left, int | float) and not isinstance(left, bool) and 0 <= left <= 100:
        yield Value("hw.physical_disk.endurance_utilization", 1 - left / 100, name, path)


def volume(document: Mapping[str, Any], path: str) -> Iterator[Value]:
    """One RAID volume."""
    yield from _health(document, f"volume {_name(document)}", path)


def _health(row: Mapping[str, Any], instance: str, path: str) -> Iterator[Value]:
    status = _inner(row, "Status")
    health = status.get("Health") or status.get("HealthRollup")
    if status.get("State") in _THERE and health in _HEALTH:
        yield Value("hw.status", str(health).lower(), instance, path, _HEALTH[health])


def _number(metric: str, value: Any, instance: str, path: str, factor: float = 1.0) -> Iterator[Value]:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9:
        yield Value(metric, float(value) * factor, instance, path)


def _inner(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = document.get(key)
    return inner if isinstance(inner, dict) else {}


def _rows(document: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = document.get(key)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("Name") or row.get("MemberId") or row.get("Id") or "").strip()
