"""The vocabulary of metrics: every name once, with a unit, and documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.core.units import METRICS, Metric, known, reference, unit_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
UNITS = {
    *("1", "s", "By", "By/s", "1/s", "V", "A", "A.h", "W", "VA", "J", "Hz", "Cel", "K", "rpm", "percent", "dB", "dBm"),
    "m3/h",
}
NAME = re.compile(r"[a-z][a-z0-9_]*(\.([a-z0-9_]+|L[123]|N|L[123]-(N|L[123])))+")


def faults(metric: Metric) -> list[str]:
    """What is wrong with one word of the vocabulary."""
    right_unit = metric.unit in UNITS or re.fullmatch(r"\{[a-z]+\}(/s)?", metric.unit)
    return [
        f"{metric.name}: {fault}"
        for fault, there in (
            ("name", not NAME.fullmatch(metric.name)),
            ("description", not metric.description or "|" in metric.description),
            ("unit", bool(metric.unit) if metric.kind == "state" else not right_unit),
            ("reads", bool(metric.reads) and metric.unit != "1"),
        )
        if there
    ]


def test_every_metric_has_a_well_formed_name_a_unit_and_a_meaning() -> None:
    assert [fault for metric in METRICS.values() for fault in faults(metric)] == []
    assert faults(Metric("Loud", "dB(A)", "gauge", "")) == ["Loud: name", "Loud: description", "Loud: unit"]


CONTRACT = {
    "battery.charge": "percent",
    "battery.runtime": "s",
    "ups.load": "percent",
    "input.voltage": "V",
    "output.voltage": "V",
    "ups.temperature": "Cel",
    "ups.status": "",
    "system.cpu.utilization": "1",
    "system.memory.utilization": "1",
    "system.filesystem.utilization": "1",
    "system.filesystem.usage": "By",
    "hw.temperature": "Cel",
    "hw.fan.speed": "rpm",
    "hw.voltage": "V",
    "hw.electric_current": "A",
    "hw.power": "W",
    "hw.humidity": "percent",
    "hw.status": "",
    "hw.network.up": "1",
    "hw.network.bandwidth.limit": "By/s",
    "system.network.io.receive": "By",
    "system.network.io.transmit": "By",
    "system.network.io_rate.receive": "By/s",
    "system.network.io_rate.transmit": "By/s",
    "system.network.error_rate.receive": "1/s",
    "system.network.error_rate.transmit": "1/s",
    "hw.physical_disk.smart.pending_sectors": "1",
    "hw.physical_disk.smart.reallocated_sectors": "1",
    "hw.physical_disk.smart.uncorrectable_sectors": "1",
    "system.paging.utilization": "1",
    "backup.age": "s",
    "printer.supply.level": "1",
    "system.uptime": "s",
    "reach.up": "1",
    "reach.duration": "s",
    "reach.loss": "1",
}


@pytest.mark.parametrize(("name", "unit"), CONTRACT.items())
def test_the_metrics_promised_to_other_programs_keep_their_units(name: str, unit: str) -> None:
    assert known(name)
    assert unit_of(name) == unit


def test_a_three_phase_device_has_a_metric_for_each_phase() -> None:
    assert unit_of("input.L1-N.voltage") == "V"
    assert unit_of("output.L3.power.percent") == "percent"


def test_a_metric_of_a_newer_version_has_no_unit_and_is_not_known() -> None:
    assert not known("hw.flux_capacitor")
    assert unit_of("hw.flux_capacitor") == ""


def test_the_page_of_metrics_is_the_vocabulary() -> None:
    assert PAGE.read_text() == reference(), "run `make docs`"
