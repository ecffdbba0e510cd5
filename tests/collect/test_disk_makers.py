"""More families of disks: what each maker's way of writing becomes, and that none of it is an alarm by itself."""

from __future__ import annotations

import pytest

from gateway.collect.smart_values import understand
from gateway.core.check import opinion
from gateway.core.default_checks import DEFAULT_CHECKS
from gateway.core.device import Kind
from gateway.core.disks import Growth
from gateway.core.incident import Verdict
from gateway.core.reading import Reading
from tests.collect.disks import Case, P, S, ata, nvme, scsi

DISK, LAPTOP, SOLID = {"rotation_rate": 7200}, {"rotation_rate": 5400}, {"rotation_rate": 0}
REMAPPED, PENDING, LOST = S + "reallocated_sectors", S + "pending_sectors", S + "uncorrectable_sectors"
WEAR = P + "endurance_utilization"

HARD_DISKS = (
    Case(
        "Western Digital Blue",
        ata("WDC WD10EZEX-08WN4A0", {3: ("Spin_Up_Time", 174, 2_275), 5: ("x", 200, 0), 197: ("x", 200, 0)}, **DISK),
        {REMAPPED: 0.0, PENDING: 0.0},
        (WEAR,),
    ),
    Case(
        "Western Digital Purple in a recorder: load cycles far beyond what its manual promises",
        ata("WDC WD40PURZ-85TTDY0", {193: ("Load_Cycle_Count", 1, 1_904_221), 199: ("x", 200, 41)}, **LAPTOP),
        {S + "load_cycles": 1_904_221.0, S + "crc_errors": 41.0},
    ),
    Case(
        "Western Digital Gold with helium",
        ata("WDC WD102KRYZ-01A5AB0", {22: ("Helium_Level", 100, 100), 5: ("x", 100, 2), 198: ("x", 100, 0)}, **DISK),
        {REMAPPED: 2.0, LOST: 0.0},
    ),
    Case(
        "Western Digital Ultrastar: temperature with its extremes in the upper bits of 194",
        ata("WDC WUH721414ALE6L4", {194: ("x", 41, 240_519_348_265)}, temperature={"current": 41}, **DISK),
        {"hw.temperature": 41.0},
    ),
    Case(
        "HGST Travelstar: G-sense and spin retries packed",
        ata("HGST HTS541010A9E680", {10: ("Spin_Retry_Count", 100, 65_536), 191: ("x", 100, 3)}, **LAPTOP),
        {S + "spin_retries": 65_536.0},
    ),
    Case(
        "Hitachi Deskstar: events of remapping beside sectors",
        ata("Hitachi HDS721010CLA332", {5: ("x", 100, 1), 196: ("Reallocated_Event_Count", 100, 1)}, **DISK),
        {REMAPPED: 1.0, S + "reallocation_events": 1.0},
    ),
    Case(
        "Toshiba P300: spin retries with a rate in the upper bits, 220 and 222 of no meaning here",
        ata(
            "TOSHIBA HDWD110", {5: ("x", 100, 0), 220: ("Disk_Shift", 100, 17_301_523), 222: ("x", 60, 16_283)}, **DISK
        ),
        {REMAPPED: 0.0},
    ),
    Case(
        "Toshiba MQ of a laptop: two counters in 193 alone",
        ata("TOSHIBA MQ01ABD100", {193: ("Load_Cycle_Count", 93, 78_410), 197: ("x", 100, 8)}, **LAPTOP),
        {S + "load_cycles": 78_410.0, PENDING: 8.0},
    ),
    Case(
        "Samsung SpinPoint: 200 and 201 are rates",
        ata("SAMSUNG HD103SJ", {200: ("Multi_Zone_Error_Rate", 100, 22_961), 197: ("x", 252, 0)}, **DISK),
        {PENDING: 0.0},
    ),
    Case(
        "Seagate Exos: rates of billions, command time-outs in three parts",
        ata(
            "ST8000NM000A-2KE101",
            {
                1: ("x", 83, 209_182_944),
                7: ("x", 88, 643_122_004),
                188: ("x", 100, 0x0005_0005_0009),
                195: ("x", 9, 1 << 31),
            },
            **DISK,
        ),
        {S + "command_timeouts": 9.0},
    ),
    Case(
        "Seagate SkyHawk: 240 packs hours with milliseconds, 241 and 242 are sectors",
        ata("ST4000VX007-2DT166", {240: ("x", 100, 19_335_417_282_733), 241: ("x", 100, 94_811_002_310)}, **LAPTOP),
        {P + "status": "passed"},
        (S + "power_on_time",),
    ),
    Case(
        "Seagate FireCuda, half solid state: it turns, so no wear is guessed",
        ata("ST2000DX002-2DV164", {5: ("x", 100, 0), 231: ("x", 44, 44)}, **DISK),
        {REMAPPED: 0.0},
        (WEAR,),
    ),
    Case(
        "Seagate Backup Plus behind a USB bridge",
        ata("ST4000LM024-2AN17V", {187: ("Reported_Uncorrect", 93, 7), 188: ("x", 100, 0x0001_0000_0001)}, **LAPTOP),
        {S + "reported_uncorrectable": 7.0, S + "command_timeouts": 1.0},
    ),
    Case(
        "Maxtor: a long row of attributes that no manual explains",
        ata("Maxtor 6Y080P0", {number: ("Unknown", 253, number * 7919) for number in range(204, 225)}, **DISK),
        {P + "status": "passed"},
        (PENDING, WEAR),
    ),
)
SOLID_STATE = (
    Case(
        "Samsung 870 EVO", ata("Samsung SSD 870 EVO 1TB", {177: ("Wear_Leveling_Count", 97, 61)}, **SOLID), {WEAR: 0.03}
    ),
    Case(
        "Samsung PM883 of a server",
        ata("SAMSUNG MZ7LH960HAJR-00005", {5: ("x", 100, 0), 177: ("x", 88, 210), 235: ("x", 99, 77)}, **SOLID),
        {WEAR: 0.12, REMAPPED: 0.0},
    ),
    Case("Crucial BX500", ata("CT240BX500SSD1", {202: ("Percent_Lifetime_Remain", 74, 26)}, **SOLID), {WEAR: 0.26}),
    Case(
        "Micron 5200: remapped blocks of NAND are counted in 5",
        ata("Micron_5200_MTFDDAK960TDD", {5: ("Reallocated_Block_Count", 100, 3), 202: ("x", 98, 2)}, **SOLID),
        {WEAR: 0.02, REMAPPED: 3.0},
    ),
    Case("Intel S3500", ata("INTEL SSDSC2BB240G4", {233: ("Media_Wearout_Indicator", 81, 0)}, **SOLID), {WEAR: 0.19}),
    Case(
        "Intel 520: 225 and 226 are amounts",
        ata("INTEL SSDSC2CW120A3", {225: ("x", 100, 301_229), 226: ("x", 100, 65_535), 233: ("x", 97, 0)}, **SOLID),
        {WEAR: 0.03},
    ),
    Case("SanDisk Plus", ata("SanDisk SDSSDA240G", {173: ("Avg_Write/Erase_Count", 90, 104)}, **SOLID), {WEAR: 0.10}),
    Case(
        "Western Digital Green: 233 would be wear elsewhere and is an amount written here",
        ata("WDC WDS240G2G0A-00JH30", {231: ("SSD_Life_Left", 92, 92), 233: ("NAND_GB_Written", 100, 9_120)}, **SOLID),
        {WEAR: 0.08},
    ),
    Case("Kingston UV400", ata("KINGSTON SUV400S37120G", {231: ("SSD_Life_Left", 55, 55)}, **SOLID), {WEAR: 0.45}),
    Case("Kingston DC500R", ata("KINGSTON SEDC500R480G", {231: ("SSD_Life_Left", 99, 99)}, **SOLID), {WEAR: 0.01}),
    Case("SK hynix SC300", ata("HFS256G39TND-N210A", {177: ("Wear_Leveling_Count", 100, 9)}, **SOLID), {WEAR: 0.0}),
    Case(
        "a module without a maker's name in an industrial PC",
        ata("32GB SATA Flash Drive", {5: ("Later_Bad_Block", 100, 1), 173: ("x", 70, 30)}, **SOLID),
        {WEAR: 0.30, REMAPPED: 1.0},
    ),
    Case(
        "no attribute of wear at all",
        ata("TS64GSSD370S", {5: ("x", 100, 0), 9: ("Power_On_Hours", 100, 800)}, **SOLID),
        {REMAPPED: 0.0},
        (WEAR,),
    ),
)
OVER_PCI = (
    Case(
        "Kingston NV2",
        nvme(
            "KINGSTON SNV2S500G",
            {"percentage_used": 2, "available_spare": 100, "media_errors": 0, "num_err_log_entries": 912},
        ),
        {WEAR: 0.02, S + "media_errors": 0.0, P + "available_spare": 1.0},
    ),
    Case(
        "Western Digital SN570",
        nvme("WDS500G3B0C", {"data_units_written": 12_000, "unsafe_shutdowns": 31}),
        {P + "io.write": 6.144e9, S + "unsafe_shutdowns": 31.0},
    ),
    Case("Kioxia CD6", nvme("KCD6XLUL1T92", {"percentage_used": 0, "critical_warning": 0}), {WEAR: 0.0}),
    Case(
        "Intel P4510 with a failed self-test",
        nvme(
            "INTEL SSDPE2KX010T8",
            {"percentage_used": 9},
            nvme_self_test_log={"table": [{"self_test_result": {"value": 7, "string": "Completed: failed segments"}}]},
        ),
        {S + "self_test": "Completed: failed segments"},
    ),
    Case(
        "Samsung 980 whose spare is used up: its own verdict says so",
        nvme("Samsung SSD 980 500GB", {"critical_warning": 1, "available_spare": 3}),
        {P + "status": "failed", S + "critical_warning": 1.0, P + "available_spare": 0.03},
    ),
)
SAS = (
    Case(
        "Seagate Exos SAS: billions of errors corrected on the way are its everyday life",
        scsi(
            "SEAGATE",
            "ST4000NM0295",
            scsi_grown_defect_list=0,
            scsi_error_counter_log={
                "read": {"errors_corrected_by_eccfast": 3_201_776_204, "total_uncorrected_errors": 0}
            },
        ),
        {REMAPPED: 0.0, S + "reported_uncorrectable": 0.0},
    ),
    Case(
        "HGST Ultrastar SAS",
        scsi("HGST", "HUS726T4TAL5204", scsi_grown_defect_list=3, power_on_time={"hours": 41_200}),
        {REMAPPED: 3.0, S + "power_on_time": 41_200 * 3600.0},
    ),
    Case(
        "Toshiba under the name of Dell, last self-test failed",
        scsi("TOSHIBA", "MG04SCA20EN", scsi_self_test_0={"result": {"value": 7, "string": "Failed in segment -->"}}),
        {S + "self_test": "Failed in segment -->"},
    ),
    Case(
        "HPE under its own name, self-test aborted by a person",
        scsi("HP", "EG0600FBVFP", scsi_self_test_0={"result": {"value": 2, "string": "Aborted (device reset ?)"}}),
        {S + "self_test": "Aborted (device reset ?)"},
    ),
    Case(
        "HPE solid state behind a Smart Array",
        {**scsi("HP", "MO0400JFFCF"), "device": {"type": "cciss,0"}, "scsi_percentage_used_endurance_indicator": 11},
        {WEAR: 0.11, P + "status": "passed"},
    ),
    Case(
        "a volume of a RAID controller: it has a temperature and nothing else",
        {
            "device": {"type": "scsi"},
            "scsi_model_name": "PERC H730 Mini",
            "temperature": {"current": 0, "drive_trip": 0},
        },
        {},
    ),
)
CASES = (*HARD_DISKS, *SOLID_STATE, *OVER_PCI, *SAS)
SAY_THEY_FAIL = ("Intel P4510", "Samsung 980", "Toshiba under")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.family)
def test_a_family_is_read_as_its_maker_means_it(case: Case) -> None:
    disk = understand("sda", case.answer)
    values = {value.metric: value.value for value in disk.values} if disk else {}
    read = {metric: values.get(metric) for metric in case.reads}
    assert read == {m: pytest.approx(v) if isinstance(v, float) else v for m, v in case.reads.items()}
    assert not set(case.absent) & set(values)
    assert (disk is None) == (not case.reads)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.family)
def test_a_disk_alarms_by_its_own_verdict_alone_when_it_is_first_seen(case: Case) -> None:
    disk = understand("sda", case.answer)
    readings = [
        Reading("srv-1", value.metric, value.value, 0.0, disk.name, disk.label, value.severity)
        for value in (disk.values if disk else ())
    ]
    readings += Growth().of(readings)
    bad = {reading.metric for reading in readings if _verdict(reading).bad}
    failing = case.family.startswith(SAY_THEY_FAIL)
    assert bool(bad) == failing
    assert bad <= {P + "status", S + "self_test"}


def _verdict(reading: Reading) -> Verdict:
    check = next((one for one in DEFAULT_CHECKS if one.applies(Kind.SERVER, reading)), None)
    return opinion(check, Verdict.UNKNOWN, reading) if check else Verdict.OK
