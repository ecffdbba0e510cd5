"""Understanding of ``smartctl --json``: pure, tested with literal tables. ATA, NVMe and SCSI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.core.reading import Identity, Severity

_PREFIX = "hw.physical_disk.smart."
_HOUR_S = 3600.0
_HOURS_OF_THE_LOG = 65_536
_NVME_UNIT = 512_000.0
"""NVMe counts data in thousands of 512-byte blocks (NVMe 1.4, 5.14.1.2)."""
_FRACTION = 100.0
_NVME_FAILED = frozenset({5, 6, 7})
"""Results of a self-test that blame the disk (NVMe 1.4, figure 201): fatal error, segments that failed."""
_SCSI_FAILED = frozenset({3, 4, 5, 6, 7})
"""The same (SPC-4, 7.3.19): unknown error, segments that failed."""

_ATA = {
    5: "reallocated_sectors",
    10: "spin_retries",
    187: "reported_uncorrectable",
    188: "command_timeouts",
    193: "load_cycles",
    196: "reallocation_events",
    197: "pending_sectors",
    198: "uncorrectable_sectors",
    199: "crc_errors",
}
_LOW_16_BITS = frozenset({188})
"""Seagate packs three 16-bit counters into attribute 188; the lowest is the total."""
_LOW_32_BITS = frozenset({5, 187, 196, 197, 198, 199})
_WEAR = (231, 233, 177, 202, 173)
"""Attributes whose *normalised* value falls from 100 to 0 with an SSD's writing life; the first one there counts."""


@dataclass(frozen=True, slots=True)
class Value:
    """One metric of a disk."""

    metric: str
    value: float | str
    source: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """What one disk says of itself. ``name`` is the instance (sda, nvme0), ``label`` its model and serial number."""

    name: str
    label: str
    identity: Identity
    values: tuple[Value, ...]


def table(answer: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The inner object under some keys; an empty one where there is none."""
    inner: Any = answer
    for key in keys:
        inner = inner.get(key) if isinstance(inner, dict) else None
    return inner if isinstance(inner, dict) else {}


def rows(value: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def understand(name: str, answer: Mapping[str, Any]) -> Disk | None:
    """``None`` where the answer holds neither a verdict nor a counter (a USB bridge that passes nothing on)."""
    parts = (_verdict, _common, _self_test, _ata, _nvme, _scsi)
    values = tuple(value for part in parts for value in part(answer) if value.value is not None)
    if not values:
        return None
    model = str(answer.get("model_name") or answer.get("scsi_model_name") or "").strip()
    serial = str(answer.get("serial_number") or "").strip()
    identity = Identity(
        profile="smart",
        vendor=str(answer.get("model_family") or answer.get("scsi_vendor") or "").strip(),
        model=model,
        serial=serial,
        firmware=str(answer.get("firmware_version") or answer.get("scsi_revision") or "").strip(),
    )
    return Disk(name, " ".join(part for part in (model, serial) if part), identity, values)


def _verdict(answer: Mapping[str, Any]) -> Iterator[Value]:
    passed = table(answer, "smart_status").get("passed")
    if isinstance(passed, bool):
        word, severity = ("passed", Severity.OK) if passed else ("failed", Severity.CRITICAL)
        yield Value("hw.physical_disk.status", word, "smart_status.passed", severity)
    yield from _tested(answer)


def _tested(answer: Mapping[str, Any]) -> Iterator[Value]:
    """How the last self-test ended, in the disk's own words; one that was aborted says nothing of the disk."""
    ata = table(answer, "ata_smart_data", "self_test", "status")
    nvme = table(next(iter(rows(table(answer, "nvme_self_test_log").get("table"))), {}), "self_test_result")
    scsi = table(answer, "scsi_self_test_0", "result")
    for source, test, failed in (
        ("ata_smart_data.self_test.status", ata, ata.get("passed") is False),
        ("nvme_self_test_log", nvme, _number(nvme.get("value")) in _NVME_FAILED),
        ("scsi_self_test_0", scsi, _number(scsi.get("value")) in _SCSI_FAILED),
    ):
        if "string" in test:
            severity = Severity.CRITICAL if failed else Severity.OK
            yield Value(_PREFIX + "self_test", str(test["string"]), source, severity)
            return


def _common(answer: Mapping[str, Any]) -> Iterator[Value]:
    temperature = _number(table(answer, "temperature").get("current"))
    if temperature:  # 0 stands for "no sensor"
        yield Value("hw.temperature", temperature, "temperature.current")
    size = _number(table(answer, "user_capacity").get("bytes")) or _number(answer.get("nvme_total_capacity"))
    if size:
        yield Value("hw.physical_disk.size", size, "user_capacity.bytes")
    hours = _number(table(answer, "power_on_time").get("hours"))
    if hours is not None:
        yield Value(_PREFIX + "power_on_time", hours * _HOUR_S, "power_on_time.hours")
    cycles = _number(answer.get("power_cycle_count"))
    if cycles is not None:
        yield Value(_PREFIX + "power_cycles", cycles, "power_cycle_count")


def _self_test(answer: Mapping[str, Any]) -> Iterator[Value]:
    """How many hours of work ago the last self-test ended. ATA counts them in 16 bits, so they begin again after
    7.5 years."""
    hours = _number(table(answer, "power_on_time").get("hours"))
    ata = rows(table(answer, "ata_smart_self_test_log", "standard").get("table"))
    nvme = rows(table(answer, "nvme_self_test_log").get("table"))
    tested, source = None, ""
    if ata:
        tested, source = _number(ata[0].get("lifetime_hours")), "ata_smart_self_test_log"
    elif nvme:
        tested, source = _number(nvme[0].get("power_on_hours")), "nvme_self_test_log"
    elif "scsi_self_test_0" in answer:
        tested = _number(table(answer, "scsi_self_test_0", "power_on_time").get("hours"))
        source = "scsi_self_test_0"
    if hours is not None and tested is not None:
        age = (hours - tested) % _HOURS_OF_THE_LOG if source.startswith("ata") else hours - tested
        if age >= 0:
            yield Value(_PREFIX + "self_test.age", age * _HOUR_S, source)


def _ata(answer: Mapping[str, Any]) -> Iterator[Value]:
    found = rows(table(answer, "ata_smart_attributes").get("table"))
    known = {row["id"]: row for row in found if isinstance(row.get("id"), int)}
    for number, row in known.items():
        raw = _number(table(row, "raw").get("value"))
        if number in _ATA and raw is not None:
            yield Value(
                _PREFIX + _ATA[number], _low_bits(number, raw), f"attribute {number} {row.get('name', '')}".strip()
            )
    used = _number(table(answer, "endurance_used").get("current_percent"))
    if used is not None:  # what smartctl 7.4 works out itself, from whatever attribute the maker took
        yield Value("hw.physical_disk.endurance_utilization", used / _FRACTION, "endurance_used")
        return
    if answer.get("rotation_rate") != 0:  # 0: solid state; absent: not known, and then wear would be a guess
        return
    for number in _WEAR:
        left = _number(known.get(number, {}).get("value"))
        if left is not None and 0 <= left <= _FRACTION:
            source = f"attribute {number} {known[number].get('name', '')}".strip()
            yield Value("hw.physical_disk.endurance_utilization", 1 - left / _FRACTION, source)
            return


def _nvme(answer: Mapping[str, Any]) -> Iterator[Value]:
    log = table(answer, "nvme_smart_health_information_log")
    for key, metric, factor in (
        ("critical_warning", _PREFIX + "critical_warning", 1.0),
        ("available_spare", "hw.physical_disk.available_spare", 1 / _FRACTION),
        ("percentage_used", "hw.physical_disk.endurance_utilization", 1 / _FRACTION),
        ("media_errors", _PREFIX + "media_errors", 1.0),
        ("unsafe_shutdowns", _PREFIX + "unsafe_shutdowns", 1.0),
        ("data_units_read", "hw.physical_disk.io.read", _NVME_UNIT),
        ("data_units_written", "hw.physical_disk.io.write", _NVME_UNIT),
    ):
        number = _number(log.get(key))
        if number is not None:
            yield Value(metric, number * factor, f"nvme {key}")


def _scsi(answer: Mapping[str, Any]) -> Iterator[Value]:
    grown = _number(answer.get("scsi_grown_defect_list"))
    if grown is not None:
        yield Value(_PREFIX + "reallocated_sectors", grown, "scsi_grown_defect_list")
    pending = _number(table(answer, "scsi_pending_defects").get("count"))
    if pending is not None:
        yield Value(_PREFIX + "pending_sectors", pending, "scsi_pending_defects")
    endurance = "scsi_percentage_used_endurance_indicator"
    used = _number(answer.get(endurance))
    if used is not None:
        yield Value("hw.physical_disk.endurance_utilization", used / _FRACTION, endurance)
    counters = table(answer, "scsi_error_counter_log")
    wrong = [_number(table(counters, way).get("total_uncorrected_errors")) for way in ("read", "write", "verify")]
    if known := [number for number in wrong if number is not None]:
        yield Value(_PREFIX + "reported_uncorrectable", sum(known), "scsi_error_counter_log")


def _low_bits(number: int, raw: float) -> float:
    """Vendors hide other counters in the upper bits of a 48-bit raw value."""
    bits = 16 if number in _LOW_16_BITS else 32 if number in _LOW_32_BITS else 48
    return float(int(raw) & ((1 << bits) - 1))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
