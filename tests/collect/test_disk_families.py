"""What disks of many makers say through smartctl, as literal tables written from their manuals and smartctl's own
database: packed raw values, other attributes for the same thing, other logs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.collect.smart_values import understand
from gateway.core.disks import COUNTED
from tests.collect.disks import Case, P, ata

SPINNING = {"rotation_rate": 7200}
SOLID = {"rotation_rate": 0}

CASES = (
    Case(
        "Seagate Barracuda: attribute 188 is three counters in one, 1 and 7 are rates",
        ata(
            "ST2000DM008-2FR102",
            {
                1: ("Raw_Read_Error_Rate", 82, 154_837_328),
                5: ("Reallocated_Sector_Ct", 100, 8),
                7: ("Seek_Error_Rate", 91, 1_361_212_004),
                187: ("Reported_Uncorrect", 100, 0),
                188: ("Command_Timeout", 100, 8_590_065_666),  # 0x2_0002_0002
                197: ("Current_Pending_Sector", 100, 0),
                240: ("Head_Flying_Hours", 100, 145_444_107_884_093),
            },
            **SPINNING,
        ),
        {P + "smart.reallocated_sectors": 8.0, P + "smart.command_timeouts": 2.0, P + "smart.pending_sectors": 0.0},
        (P + "endurance_utilization",),
    ),
    Case(
        "Seagate IronWolf: hours with milliseconds in the upper bits come from smartctl, not from attribute 9",
        ata(
            "ST4000VN008-2DR166",
            {9: ("Power_On_Hours", 80, 209_775_616_018_011), 5: ("Reallocated_Sector_Ct", 100, 0)},
            power_on_time={"hours": 18_011, "minutes": 12},
            temperature={"current": 34},
            **SPINNING,
        ),
        {P + "smart.power_on_time": 18_011 * 3600.0, "hw.temperature": 34.0},
    ),
    Case(
        "Western Digital Red: temperature with minimum and maximum in the upper bits of 194",
        ata(
            "WDC WD40EFRX-68N32N0",
            {194: ("Temperature_Celsius", 116, 157_840_048_162), 196: ("Reallocated_Event_Count", 200, 3)},
            temperature={"current": 34, "lifetime_max": 47},
            **SPINNING,
        ),
        {"hw.temperature": 34.0, P + "smart.reallocation_events": 3.0},
    ),
    Case(
        "Toshiba: self-test log with its age, wrapped at 65,536 hours",
        ata(
            "TOSHIBA MG04ACA400N",
            {5: ("Reallocated_Sector_Ct", 100, 0)},
            power_on_time={"hours": 65_636},
            ata_smart_self_test_log={"standard": {"table": [{"lifetime_hours": 52, "status": {"passed": True}}]}},
            **SPINNING,
        ),
        {P + "smart.self_test.age": 48 * 3600.0},
    ),
    Case(
        "HGST Ultrastar: pending and uncorrectable, last self-test failed",
        ata(
            "HGST HUS726040ALE610",
            {197: ("Current_Pending_Sector", 100, 16), 198: ("Offline_Uncorrectable", 100, 4)},
            ata_smart_data={"self_test": {"status": {"string": "completed: read failure", "passed": False}}},
            **SPINNING,
        ),
        {
            P + "smart.pending_sectors": 16.0,
            P + "smart.uncorrectable_sectors": 4.0,
            P + "smart.self_test": "completed: read failure",
        },
    ),
    Case(
        "Samsung 860 EVO: wear as the normalised value of 177",
        ata("Samsung SSD 860 EVO 500GB", {177: ("Wear_Leveling_Count", 93, 142)}, **SOLID),
        {P + "endurance_utilization": 0.07},
    ),
    Case(
        "Crucial MX500: 202 counts what is left",
        ata(
            "CT500MX500SSD1",
            {202: ("Percent_Lifetime_Remain", 61, 39), 197: ("Current_Pending_ECC_Cnt", 100, 1)},
            **SOLID,
        ),
        {P + "endurance_utilization": 0.39, P + "smart.pending_sectors": 1.0},
    ),
    Case(
        "Intel S4510: 233 before 177",
        ata(
            "INTEL SSDSC2KB480G8",
            {233: ("Media_Wearout_Indicator", 99, 0), 5: ("Reallocated_Sector_Ct", 100, 0)},
            **SOLID,
        ),
        {P + "endurance_utilization": 0.01},
    ),
    Case(
        "Kingston A400: 231 SSD_Life_Left",
        ata("KINGSTON SA400S37240G", {231: ("SSD_Life_Left", 88, 88)}, **SOLID),
        {P + "endurance_utilization": 0.12},
    ),
    Case(
        "smartctl 7.4 works the wear out itself",
        ata("Micron_5300_MTFDDAK480TDS", {202: ("x", 50, 50)}, endurance_used={"current_percent": 3}, **SOLID),
        {P + "endurance_utilization": 0.03},
    ),
    Case(
        "a disk of which it is not known whether it turns: no guess at wear",
        ata("Generic SSD", {177: ("Wear_Leveling_Count", 93, 142)}),
        {P + "status": "passed"},
        (P + "endurance_utilization",),
    ),
    Case(
        "a disk that says of itself that it fails",
        ata("MAXTOR 6L250S0", {5: ("Reallocated_Sector_Ct", 1, 2040)}, **SPINNING)
        | {"smart_status": {"passed": False}},
        {P + "status": "failed", P + "smart.reallocated_sectors": 2040.0},
    ),
    Case(
        "NVMe: health log and self-test log",
        {
            "device": {"name": "/dev/nvme0", "type": "nvme", "protocol": "NVMe"},
            "model_name": "Samsung SSD 970 EVO Plus 1TB",
            "smart_status": {"passed": True},
            "temperature": {"current": 41},
            "power_on_time": {"hours": 5120},
            "nvme_smart_health_information_log": {
                "critical_warning": 0,
                "available_spare": 100,
                "percentage_used": 104,
                "media_errors": 2,
                "unsafe_shutdowns": 77,
            },
            "nvme_self_test_log": {"table": [{"power_on_hours": 5000}]},
        },
        {
            P + "endurance_utilization": 1.04,
            P + "smart.media_errors": 2.0,
            P + "available_spare": 1.0,
            P + "smart.self_test.age": 120 * 3600.0,
        },
    ),
    Case(
        "SAS: grown defects, pending defects, uncorrected errors of all three logs",
        {
            "device": {"name": "/dev/sdb", "type": "scsi", "protocol": "SCSI"},
            "scsi_vendor": "SEAGATE",
            "scsi_model_name": "ST600MM0009",
            "smart_status": {"passed": True},
            "power_on_time": {"hours": 31_000},
            "scsi_grown_defect_list": 12,
            "scsi_pending_defects": {"count": 2},
            "scsi_error_counter_log": {
                "read": {"errors_corrected_by_eccfast": 4_012_345_678, "total_uncorrected_errors": 1},
                "write": {"total_uncorrected_errors": 0},
            },
            "scsi_self_test_0": {"power_on_time": {"hours": 30_900}, "result": {"string": "Completed"}},
        },
        {
            P + "smart.reallocated_sectors": 12.0,
            P + "smart.pending_sectors": 2.0,
            P + "smart.reported_uncorrectable": 1.0,
            P + "smart.self_test.age": 100 * 3600.0,
        },
    ),
    Case(
        "SAS solid state: endurance indicator",
        {
            "scsi_model_name": "KPM5XRUG960G",
            "smart_status": {"passed": True},
            "scsi_percentage_used_endurance_indicator": 6,
        },
        {P + "endurance_utilization": 0.06},
    ),
    Case(
        "behind a RAID controller: only the verdict passes",
        {"device": {"name": "/dev/bus/0", "type": "megaraid,4"}, "smart_status": {"passed": True}, "model_name": "X"},
        {P + "status": "passed"},
        (P + "smart.pending_sectors",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.family)
def test_a_family_is_read_as_its_maker_means_it(case: Case) -> None:
    disk = understand("sda", case.answer)
    assert disk is not None
    values = {value.metric: value.value for value in disk.values}
    read = {metric: values.get(metric) for metric in case.reads}
    assert read == {m: pytest.approx(v) if isinstance(v, float) else v for m, v in case.reads.items()}
    assert not set(case.absent) & set(values)


def test_a_usb_bridge_that_passes_nothing_on_is_no_disk() -> None:
    assert (
        understand("sdc", {"device": {"name": "/dev/sdc", "type": "sntjmicron"}, "smartctl": {"exit_status": 0}})
        is None
    )


NUMBERS = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(), st.text(max_size=4))
LEAVES = st.recursive(NUMBERS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))
KEYS = st.sampled_from(
    (
        *("smart_status", "temperature", "power_on_time", "ata_smart_attributes", "endurance_used", "rotation_rate"),
        *("nvme_smart_health_information_log", "scsi_grown_defect_list", "scsi_error_counter_log"),
        *("ata_smart_self_test_log", "scsi_self_test_0", "scsi_pending_defects"),
    )
)


@given(st.dictionaries(KEYS, LEAVES))
def test_whatever_a_broken_smartctl_says_is_a_disk_or_none(answer: dict[str, Any]) -> None:
    understand("sda", answer)


@given(st.integers(0, 2**48 - 1))
def test_counters_whose_growth_is_damage_hold_no_packed_bits(raw: int) -> None:
    disk = understand("sda", ata("EX-1", {5: ("Reallocated_Sector_Ct", 100, raw), 188: ("Command_Timeout", 100, raw)}))
    assert disk is not None
    values = {value.metric: float(value.value) for value in disk.values if not isinstance(value.value, str)}
    assert values[P + "smart.reallocated_sectors"] < 2**32
    assert values[P + "smart.command_timeouts"] < 2**16
    assert P + "smart.command_timeouts" not in COUNTED
