"""Local disks: what smartctl's JSON means, and every way a disk or smartctl fails."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.collect.smart import Disks, FakeDisks, PySmartDisks, Smart
from gateway.collect.smart_values import understand
from gateway.core.device import gateway_device
from gateway.core.reading import Poll, Severity
from gateway.core.units import METRICS

_SMART = "hw.physical_disk.smart."


def attribute(number: int, name: str, raw: int, value: int = 100) -> dict[str, Any]:
    """One row of the ATA table."""
    return {"id": number, "name": name, "value": value, "worst": value, "raw": {"value": raw, "string": str(raw)}}


HARD_DISK = {
    "model_family": "Example Red",
    "model_name": "EX4000RED-1",
    "serial_number": "EX-1",
    "firmware_version": "80.0",
    "user_capacity": {"blocks": 7814037168, "bytes": 4000787030016},
    "rotation_rate": 5400,
    "smart_status": {"passed": True},
    "temperature": {"current": 34},
    "power_on_time": {"hours": 100},
    "power_cycle_count": 12,
    "ata_smart_data": {"self_test": {"status": {"value": 0, "string": "completed without error", "passed": True}}},
    "ata_smart_attributes": {
        "table": [
            attribute(5, "Reallocated_Sector_Ct", 8),
            attribute(9, "Power_On_Hours", 100),
            attribute(188, "Command_Timeout", 0x0001_0001_0002),
            attribute(197, "Current_Pending_Sector", 0x0003_0000_0010),
            attribute(198, "Offline_Uncorrectable", 1),
            attribute(199, "UDMA_CRC_Error_Count", 3),
            attribute(231, "Temperature_Celsius", 34, value=90),
        ]
    },
}
SATA_SSD = {
    "model_name": "EX-SSD 250",
    "serial_number": "EX-2",
    "rotation_rate": 0,
    "smart_status": {"passed": False},
    "temperature": {"current": 0},
    "ata_smart_attributes": {"table": [attribute(177, "Wear_Leveling_Count", 1200, value=35)]},
}
NVME = {
    "model_name": "EX-NVME 500",
    "serial_number": "EX-3",
    "nvme_total_capacity": 500107862016,
    "smart_status": {"passed": True, "nvme": {"value": 0}},
    "temperature": {"current": 41},
    "nvme_smart_health_information_log": {
        "critical_warning": 4,
        "available_spare": 95,
        "percentage_used": 103,
        "media_errors": 2,
        "unsafe_shutdowns": 7,
        "data_units_read": 10,
        "data_units_written": 20,
    },
}
SAS = {
    "scsi_vendor": "EXAMPLE",
    "scsi_model_name": "EX SAS 900",
    "serial_number": "EX-4",
    "smart_status": {"passed": True},
    "scsi_grown_defect_list": 5,
    "scsi_error_counter_log": {
        "read": {"total_uncorrected_errors": 1},
        "write": {"total_uncorrected_errors": 0},
        "verify": {},
    },
}


@pytest.mark.parametrize(
    ("answer", "label", "expected"),
    [
        (
            HARD_DISK,
            "EX4000RED-1 EX-1",
            {
                "hw.physical_disk.status": "passed",
                _SMART + "self_test": "completed without error",
                "hw.temperature": 34,
                "hw.physical_disk.size": 4000787030016,
                _SMART + "power_on_time": 360_000,
                _SMART + "power_cycles": 12,
                _SMART + "reallocated_sectors": 8,
                # the upper bits of these raw values hold other counters
                _SMART + "command_timeouts": 2,
                _SMART + "pending_sectors": 16,
                _SMART + "uncorrectable_sectors": 1,
                _SMART + "crc_errors": 3,
            },
        ),
        (
            SATA_SSD,
            "EX-SSD 250 EX-2",
            {"hw.physical_disk.status": "failed", "hw.physical_disk.endurance_utilization": pytest.approx(0.65)},
        ),
        (
            NVME,
            "EX-NVME 500 EX-3",
            {
                "hw.physical_disk.status": "passed",
                "hw.temperature": 41,
                "hw.physical_disk.size": 500107862016,
                _SMART + "critical_warning": 4,
                "hw.physical_disk.available_spare": pytest.approx(0.95),
                "hw.physical_disk.endurance_utilization": pytest.approx(1.03),
                _SMART + "media_errors": 2,
                _SMART + "unsafe_shutdowns": 7,
                "hw.physical_disk.io.read": 5_120_000,
                "hw.physical_disk.io.write": 10_240_000,
            },
        ),
        (
            SAS,
            "EX SAS 900 EX-4",
            {
                "hw.physical_disk.status": "passed",
                _SMART + "reallocated_sectors": 5,
                _SMART + "reported_uncorrectable": 1,
            },
        ),
    ],
    ids=["hard disk", "sata ssd", "nvme", "sas"],
)
def test_a_disk_is_understood(answer: dict[str, Any], label: str, expected: dict[str, Any]) -> None:
    disk = understand("sda", answer)
    assert disk is not None
    assert disk.label == label
    assert {value.metric: value.value for value in disk.values} == expected
    assert all(value.metric in METRICS for value in disk.values)


def test_only_the_disks_own_verdict_is_a_verdict() -> None:
    def severities(answer: dict[str, Any]) -> dict[str, Severity]:
        disk = understand("sda", answer)
        assert disk is not None
        return {value.metric: value.severity for value in disk.values if value.severity}

    assert severities(SATA_SSD) == {"hw.physical_disk.status": Severity.CRITICAL}
    assert set(severities(HARD_DISK).values()) == {Severity.OK}


@pytest.mark.parametrize("answer", [{}, {"model_name": "USB bridge"}, {"ata_smart_attributes": {"table": ["?"]}}])
def test_a_disk_that_tells_nothing_is_not_invented(answer: dict[str, Any]) -> None:
    assert understand("sda", answer) is None


# the collector

SCAN = ("--scan",)
TWO_DISKS = {"devices": [{"name": "/dev/sda", "type": "sat"}, {"name": "/dev/nvme0", "type": "nvme"}]}


def one(name: str, kind: str) -> tuple[str, ...]:
    """How one disk is asked."""
    return ("--all", "--nocheck=standby", f"--device={kind}", name)


def said(text: str, severity: str = "error") -> str:
    """smartctl's JSON with a message."""
    return json.dumps({"smartctl": {"messages": [{"string": text, "severity": severity}], "exit_status": 2}})


async def ask(disks: Disks) -> Poll:
    """Polls the box."""
    return await Smart(FakeClock(), disks).poll(gateway_device())


async def test_each_disk_is_asked_once_and_never_woken() -> None:
    disks = FakeDisks(
        {
            SCAN: (json.dumps(TWO_DISKS), 0),
            one("/dev/sda", "sat"): (json.dumps(HARD_DISK), 0x40),  # errors in its log, no fault of the question
            one("/dev/nvme0", "nvme"): (json.dumps(NVME), 0),
        }
    )
    poll = await ask(disks)
    assert poll.failure is None
    assert poll.requests == 3
    assert {reading.instance for reading in poll.readings} == {"sda", "nvme0"}
    assert {reading.device for reading in poll.readings} == {"gateway"}
    assert poll.identity.model == "EX4000RED-1"
    assert disks.asked == [list(SCAN), list(one("/dev/sda", "sat")), list(one("/dev/nvme0", "nvme"))]


async def test_one_bad_disk_does_not_hide_the_other() -> None:
    disks = FakeDisks({SCAN: (json.dumps(TWO_DISKS), 0), one("/dev/nvme0", "nvme"): (json.dumps(NVME), 0)})
    poll = await ask(disks)
    assert {reading.instance for reading in poll.readings} == {"nvme0"}
    assert [(failure.what, failure.kind) for failure in poll.partial] == [("smart /dev/sda", "refused")]


async def test_a_sleeping_disk_is_left_alone_without_a_failure() -> None:
    asleep = said("Device is in STANDBY mode, exit(2)", "information")
    disks = FakeDisks(
        {
            SCAN: (json.dumps({"devices": [{"name": "/dev/sda", "type": "sat"}]}), 0),
            one("/dev/sda", "sat"): (asleep, 2),
        }
    )
    poll = await ask(disks)
    assert (poll.failure, poll.partial, poll.readings) == (None, (), ())


@pytest.mark.parametrize(
    ("text", "status", "kind", "detail"),
    [
        (said("Smartctl open device: /dev/sda failed: Permission denied"), 2, "unauthorised", "CAP_SYS_RAWIO"),
        (said("Smartctl open device: /dev/sda failed: No such device"), 2, "refused", "No such device"),
        ("", 124, "timeout", "did not answer in time"),
        ("smartctl 6.6 UNRECOGNIZED OPTION: json", 1, "garbled", "needs version 7"),
        ("[]", 0, "garbled", "object"),
        ('{"smartctl": {}}', 0, "garbled", "tells nothing"),
    ],
)
async def test_a_disk_without_an_answer_is_a_named_failure(text: str, status: int, kind: str, detail: str) -> None:
    scan = {"devices": [{"name": "/dev/sda", "type": "sat"}]}
    poll = await ask(FakeDisks({SCAN: (json.dumps(scan), 0), one("/dev/sda", "sat"): (text, status)}))
    assert poll.failure is not None
    assert (poll.failure.kind, poll.failure.what) == (kind, "smart /dev/sda")
    assert detail in poll.failure.detail


class NoSmartctl:
    """A machine without smartmontools."""

    def run(self, arguments: list[str]) -> tuple[str, int]:
        raise FileNotFoundError("smartctl")


async def test_without_smartctl_the_package_to_install_is_named() -> None:
    poll = await ask(NoSmartctl())
    assert poll.failure is not None
    assert "smartmontools" in poll.failure.detail


async def test_a_machine_without_disks_says_so() -> None:
    poll = await ask(FakeDisks({SCAN: ("{}", 0)}))
    assert poll.failure is not None
    assert "no disk" in poll.failure.detail


needs_smartctl = pytest.mark.skipif(shutil.which("smartctl") is None, reason="smartctl is not installed")


@pytest.mark.integration
@needs_smartctl
async def test_the_real_smartctl_answers_in_the_form_that_is_understood() -> None:
    text, status = PySmartDisks().run(["--scan"])
    assert status == 0
    assert json.loads(text)["smartctl"]["version"][0] >= 7
    poll = await ask(PySmartDisks())
    # a virtual machine has no disk that speaks SMART, a real one has: either way it is said
    assert poll.readings or poll.failure


@pytest.mark.integration
@needs_smartctl
async def test_the_real_smartctl_says_of_a_device_that_is_not_there_why() -> None:
    text, status = PySmartDisks().run(list(one("/dev/no-such-disk", "sat")))
    scan = {"devices": [{"name": "/dev/no-such-disk", "type": "sat"}]}
    poll = await ask(FakeDisks({SCAN: (json.dumps(scan), 0), one("/dev/no-such-disk", "sat"): (text, status)}))
    assert poll.failure is not None
    assert poll.failure.kind == "refused"
    assert "No such" in poll.failure.detail
