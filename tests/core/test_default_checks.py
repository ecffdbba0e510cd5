"""Every limit that is shipped, from both sides: a threshold that moves by more than a hair fails here by its name."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from gateway.core.check import Check, CheckState, Hold, cause_of, judge, opinion
from gateway.core.default_checks import DEFAULT_CHECKS
from gateway.core.device import Kind
from gateway.core.incident import Cause, Verdict
from gateway.core.reading import Reading, Severity

CHECKS = {check.id: check for check in DEFAULT_CHECKS}
OK, WARNING, CRITICAL = Verdict.OK, Verdict.WARNING, Verdict.CRITICAL
HOUR, DAY = 3600.0, 86_400.0

# check, a value still good, the first that warns (None: there is no such limit), the first that is critical
LIMITS: list[tuple[str, float, float | None, float | None]] = [
    ("reach", 1.0, None, 0.0),
    ("collect", 1.0, 0.0, None),
    ("ups-load", 89.9, 90.0, 100.0),
    ("filesystem", 0.899, 0.90, 0.95),
    ("memory", 0.949, 0.95, 0.98),
    ("filesystem-pace", 4 * HOUR + 1, None, 4 * HOUR),
    ("memory-pace", 2 * HOUR + 1, None, 2 * HOUR),
    ("rebooted", 0.0, 1.0, None),
    ("slow", 3.99, 4.0, None),
    ("slow-storage", 3.99, 4.0, None),
    ("intake-temperature", 44.9, 45.0, 55.0),
    ("temperature", 79.9, 80.0, 95.0),
    ("temperature-excess", 5.99, 6.0, None),
    ("cpu", 0.949, 0.95, None),
    ("port-errors", 0.99, 1.0, None),
    ("certificate", 21 * DAY + 1, 21 * DAY, 3 * DAY),
    ("supply", 0.101, 0.10, None),
    ("disk-growth", 0.0, 1.0, 64.0),
    ("backup", 30 * HOUR - 1, 30 * HOUR, 54 * HOUR),
    ("clock", 1.0, 0.0, None),
    ("lan", 1.0, None, 0.0),
    ("uplink", 1.0, 0.0, None),
    *((f"log-{part}", 0.0, 1.0, None) for part in ("raid", "disk", "filesystem", "memory", "power", "fan")),
    *(("log-heat", 1.0, 2.0, None), ("log-link", 7.0, 8.0, None), ("log-login", 19.0, 20.0, None)),
    ("forecast", 1.0, 0.0, None),
    ("gateway-fault", 0.0, 1.0, None),
    ("anomaly", 0.99989, 0.9999, None),
]

# check, rounds of one minute in which a bad value is not believed yet
PATIENCE = [
    *(("reach", 1), ("collect", 4), ("ups-status", 0), ("ups-load", 2), ("filesystem", 1), ("memory", 4), ("cpu", 14)),
    *(("port-errors", 2), ("clock", 29), ("lan", 1), ("uplink", 2), ("certificate", 0), ("anomaly", 2), ("slow", 2)),
    ("slow-storage", 2),
    *(
        ("temperature", 2),
        ("temperature-excess", 1),
        ("disk-growth", 1),
        ("component", 1),
        ("part", 1),
        ("whole", 1),
        ("gateway-fault", 0),
    ),
]


def seen(check: Check, value: float | str, severity: Severity | None = None) -> Verdict:
    return opinion(check, OK, Reading("d", check.metric, value, 0.0, severity=severity))


@pytest.mark.parametrize(("name", "good", "warns", "severe"), LIMITS, ids=[row[0] for row in LIMITS])
def test_limit_is_where_the_table_says(name: str, good: float, warns: float | None, severe: float | None) -> None:
    check = CHECKS[name]
    assert seen(check, good) is OK
    if warns is not None:
        assert seen(check, warns) is WARNING
    if severe is not None:
        assert seen(check, severe) is CRITICAL
    if warns is not None and severe is not None:
        assert seen(check, severe + (warns - severe) * 0.01) is WARNING
    assert (check.warning is None, check.critical is None) == (warns is None, severe is None)


@pytest.mark.parametrize("metric", ["hw.physical_disk.status", "hw.physical_disk.smart.self_test"])
def test_the_drives_own_verdict_is_believed(metric: str) -> None:
    (check,) = (one for one in DEFAULT_CHECKS if one.metric == metric)
    assert seen(check, "failed", Severity.CRITICAL) is CRITICAL
    assert seen(check, "completed without error", Severity.OK) is OK
    assert check.cause is Cause.DISK_FAILING


def test_every_check_has_a_name_of_its_own() -> None:
    assert len(CHECKS) == len(DEFAULT_CHECKS)


def test_every_check_with_a_limit_is_in_the_table() -> None:
    limited = {check.id for check in DEFAULT_CHECKS if check.warning is not None or check.critical is not None}
    assert limited - {row[0] for row in LIMITS} == set()


@pytest.mark.parametrize(("name", "rounds"), PATIENCE, ids=[row[0] for row in PATIENCE])
def test_bad_value_is_believed_after_its_hold_and_not_before(name: str, rounds: int) -> None:
    check = CHECKS[name]
    limits = {row[0]: row[3] if row[3] is not None else row[2] for row in LIMITS}
    value: float | str = limits.get(name) or 0.0
    if name == "ups-status":
        value = "OB"
    severity = Severity.CRITICAL if check.metric == "hw.status" else None
    state = CheckState(OK)
    for number in range(rounds + 1):
        reading = Reading("d", check.metric, "failed" if severity else value, 60.0 * (number + 1), severity=severity)
        state, transition = judge(check, state, reading)
        assert (transition is not None) == (number == rounds), f"round {number + 1}"


@pytest.mark.parametrize(
    ("status", "verdict", "cause"),
    [
        ("OL", OK, None),
        ("OL CHRG", OK, None),
        ("OB DISCHRG", CRITICAL, Cause.POWER_LOST),
        ("OB DISCHRG LB", CRITICAL, Cause.POWER_LOST),
        ("LB OB", CRITICAL, Cause.POWER_LOST),
        ("OL LB", CRITICAL, Cause.BATTERY_WORN),
        ("OL RB", WARNING, Cause.BATTERY_WORN),
        ("OL OVER", WARNING, Cause.UPS_OVERLOADED),
        ("OL BYPASS", WARNING, Cause.UPS_OVERLOADED),
        ("OFF", CRITICAL, Cause.PSU_FAILED),
    ],
)
def test_ups_status_is_judged_by_its_worst_word_and_blamed_on_the_mains_first(
    status: str, verdict: Verdict, cause: Cause | None
) -> None:
    check = CHECKS["ups-status"]
    assert seen(check, status) is verdict
    if cause:
        assert cause_of(check, Reading("ups", "ups.status", status)) is cause


@pytest.mark.parametrize(
    ("instance", "cause"),
    [
        ("Fan 2", Cause.FAN_FAILED),
        ("Power Supply 1", Cause.PSU_FAILED),
        ("PSU2", Cause.PSU_FAILED),
        ("RAID 5", Cause.RAID_DEGRADED),
        ("Volume 1", Cause.RAID_DEGRADED),
        ("Virtual Disk 0", Cause.RAID_DEGRADED),
        ("Disk 3", Cause.DISK_FAILING),
        ("Inlet temperature", Cause.OVERHEATING),
    ],
)
def test_part_that_speaks_tells_the_cause(instance: str, cause: Cause) -> None:
    assert judged_as(Kind.SERVER, instance, Severity.CRITICAL) is cause


@pytest.mark.parametrize(
    "instance",
    [
        "memory DIMM B2",
        "DIMM 3",
        "processor CPU 1",
        "battery System Board CMOS Battery",
        "raid battery 0",
        "battery of raid cache 0",
        "disk controller PERC H730",
        "array controller 1",
        "backplane 1",
        "PoE supply 1",
    ],
)
@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.CRITICAL])
def test_part_without_a_cause_of_its_own_has_failed(instance: str, severity: Severity) -> None:
    assert judged_as(Kind.SERVER, instance, severity) is Cause.PART_FAILED


@pytest.mark.parametrize("instance", ["overall", "system", "storage", "memory overall", "all parts", "voltage 3.3 V"])
@pytest.mark.parametrize("kind", [Kind.SERVER, Kind.BMC, Kind.NAS])
def test_whole_machine_is_judged_when_it_is_critical_and_not_for_a_warning(kind: Kind, instance: str) -> None:
    assert judged_as(kind, instance, Severity.CRITICAL) is Cause.PART_FAILED
    assert judged_as(kind, instance, Severity.WARNING) is None


@pytest.mark.parametrize(
    ("kind", "instance"),
    [
        (Kind.SERVER, "Chassis intrusion"),
        (Kind.BMC, "chassis cover"),
        (Kind.UPS, "battery"),  # ups.status tells it
        (Kind.PDU, "source A"),
        (Kind.PRINTER, "printer"),
        (Kind.ROUTER, "connection modem"),
        (Kind.CAMERA, "video 2"),
    ],
)
def test_what_is_no_failed_part_opens_nothing(kind: Kind, instance: str) -> None:
    assert judged_as(kind, instance, Severity.CRITICAL) is None


def judged_as(kind: Kind, instance: str, severity: Severity) -> Cause | None:
    """What the first check that applies makes of a part's state; ``None`` if it is judged good or not at all."""
    reading = Reading("d", "hw.status", "failed", instance=instance, severity=severity)
    check = next((one for one in DEFAULT_CHECKS if one.applies(kind, reading)), None)
    return cause_of(check, reading) if check and opinion(check, OK, reading).bad else None


def test_own_port_and_clock_are_judged_on_the_gateway_alone() -> None:
    for name in ("lan", "clock", "uplink"):
        check = CHECKS[name]
        assert check.applies(Kind.GATEWAY, Reading("gateway", check.metric, 0.0))
        assert not check.applies(Kind.SWITCH, Reading("sw", check.metric, 0.0))


COUNTS = {
    "log.events",
    "trap.events",
    "hw.physical_disk.smart.growth",
    "hw.physical_disk.smart.pending_sectors",
    "gateway.fault",
}

STEADINESS = [
    ("reach", Hold(2, 3), Hold(2, 2), 0),
    ("collect", Hold(5, 5), Hold(1, 1), 0),
    ("ups-status", Hold(1, 1), Hold(2, 2), 0),
    ("ups-load", Hold(3, 5), Hold(3, 3), 5),
    ("filesystem", Hold(2, 3), Hold(2, 2), 0.02),
    ("memory", Hold(5, 6, 240.0), Hold(3, 3), 0.03),
    ("filesystem-pace", Hold(2, 2), Hold(2, 2), 7200),
    ("memory-pace", Hold(2, 2), Hold(2, 2), 7200),
    ("slow", Hold(3, 5, 240.0), Hold(3, 3), 1),
    ("slow-storage", Hold(3, 5, 240.0), Hold(3, 3), 1),
    ("intake-temperature", Hold(2, 3), Hold(2, 2), 3),
    ("temperature", Hold(3, 5, 240.0), Hold(2, 2), 5),
    ("temperature-excess", Hold(2, 3), Hold(2, 2), 2),
    ("cpu", Hold(15, 15, 840.0), Hold(3, 3), 0.1),
    ("port-errors", Hold(3, 5, 240.0), Hold(5, 5), 0.5),
    ("supply", Hold(2, 3), Hold(1, 1), 0.02),
    ("disk-growth", Hold(2, 2), Hold(3, 3), 0),
    ("disk-verdict", Hold(2, 2), Hold(2, 2), 0),
    ("disk-self-test", Hold(2, 2), Hold(2, 2), 0),
    ("component", Hold(2, 3), Hold(2, 2), 0),
    ("part", Hold(2, 3), Hold(2, 2), 0),
    ("whole", Hold(2, 3), Hold(2, 2), 0),
    ("clock", Hold(30, 30, 1740.0), Hold(2, 2), 0),
    ("lan", Hold(2, 2), Hold(2, 2), 0),
    ("uplink", Hold(3, 3, 120.0), Hold(2, 2), 0),
    ("own-supply", Hold(3, 5, 240.0), Hold(5, 5), 0),
    ("own-storage", Hold(2, 2), Hold(2, 2), 0),
    ("log-link", Hold(1, 1), Hold(1, 1), 6),
    ("log-login", Hold(1, 1), Hold(1, 1), 15),
    ("forecast", Hold(1, 1), Hold(1, 1), 172800),
    ("gateway-fault", Hold(1, 1), Hold(3, 3), 0),
    ("anomaly", Hold(3, 5), Hold(5, 5), 0.01),
]


@pytest.mark.parametrize(("name", "worse", "better", "clear"), STEADINESS, ids=[row[0] for row in STEADINESS])
def test_hold_and_hysteresis_are_what_the_table_says(name: str, worse: Hold, better: Hold, clear: float) -> None:
    check = CHECKS[name]
    assert (check.worse, check.better, check.clear) == (worse, better, clear)


def test_every_check_that_waits_is_in_the_table() -> None:
    waits = {one.id for one in DEFAULT_CHECKS if (one.worse, one.better, one.clear) != (Hold(), Hold(), 0.0)}
    assert waits == {row[0] for row in STEADINESS}


@pytest.mark.parametrize("name", [row[0] for row in LIMITS])
@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_limit_that_is_moved_by_a_tenth_fails_its_test(
    name: str, factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = next(row for row in LIMITS if row[0] == name)
    check = CHECKS[name]
    for limit in ("warning", "critical"):
        value = getattr(check, limit)
        # a flag is 0 or 1 and a count whole, whatever lies between
        same = check.metric in COUNTS and value and math.ceil(value * factor) == value
        if value and abs(value) != 0.5 and not same:
            with monkeypatch.context() as patch:
                patch.setitem(CHECKS, name, replace(check, **{limit: value * factor}))
                with pytest.raises(AssertionError):
                    test_limit_is_where_the_table_says(*row)
