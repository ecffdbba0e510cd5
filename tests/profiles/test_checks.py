"""What profiles expect of their devices is judged like the general checks, and before them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.default_checks import DEFAULT_CHECKS
from gateway.core.device import Device, Kind, Park
from gateway.core.errors import InputError
from gateway.core.incident import Verdict
from gateway.core.reading import Reading, Severity
from gateway.core.watch import Watch
from gateway.profiles.checks import all_checks, profile_checks
from gateway.profiles.load import load, shipped
from gateway.runbooks import shipped_runbooks

PROFILES = shipped()
MINUTE = 60.0
DOOR = """\
title = "Door"
source = "none"
kind = "sensor"
[[match]]
has = ["1.3.9"]
[[check]]
id = "door"
metric = "hw.status"
instance = "door *"
cause = "anomaly"
"""


def _watched(kind: Kind, reading: Reading) -> Verdict:
    """The verdict on a device after the same reading came four times."""
    watch = Watch("depot", Park([Device("thing", "Thing", kind)]), checks=all_checks(PROFILES))
    for minute in range(1, 5):
        again = Reading("thing", reading.metric, reading.value, minute * MINUTE, reading.instance, "", reading.severity)
        watch.see("thing", [again], minute * MINUTE)
    return watch.verdict("thing")


def test_a_full_volume_of_a_nas_is_a_fault_and_of_another_kind_is_not_judged() -> None:
    full = Reading("thing", "hw.logical_disk.utilization", 0.97, instance="volume 1")
    assert _watched(Kind.NAS, full) is Verdict.CRITICAL
    assert _watched(Kind.OTHER, full) is Verdict.UNKNOWN


def test_a_tunnel_that_is_down_is_a_lost_link() -> None:
    down = Reading("thing", "hw.status", "down", instance="tunnel to headquarters", severity=Severity.WARNING)
    assert _watched(Kind.FIREWALL, down) is Verdict.WARNING


def test_checks_of_profiles_come_before_the_general_ones_and_have_ids_of_their_own() -> None:
    checks = all_checks(PROFILES)
    own = profile_checks(PROFILES)
    assert checks == (*own, *DEFAULT_CHECKS)
    assert len({check.id for check in own}) == len(own) > 5
    assert not {check.id for check in own} & {check.id for check in DEFAULT_CHECKS}


def test_no_two_profiles_judge_the_same_thing_of_one_kind() -> None:
    judged = [(check.kinds, check.metric, check.instance) for check in profile_checks(PROFILES)]
    assert len(judged) == len(set(judged))


def test_every_cause_a_profile_names_has_a_runbook() -> None:
    assert {check.cause for check in profile_checks(PROFILES)} <= set(shipped_runbooks())


def test_a_check_is_made_as_it_is_written() -> None:
    (check,) = profile_checks([load(DOOR + "bad_when = [1, 1]\n", "sensor-door.toml")])
    assert (check.id, check.instance, check.kinds) == (
        "sensor-door-door",
        "door *",
        frozenset[Kind | None]({Kind.SENSOR}),
    )
    assert (check.worse.n, check.worse.m, check.better.n) == (1, 1, 2)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("warning = 3.0", "a state has its own severities"),
        ("bad_when = [3, 2]", "3 of 2"),
        ('runbook = "x"', "unknown key 'runbook'"),
    ],
)
def test_a_check_that_cannot_be_meant_is_refused_with_its_line(line: str, says: str) -> None:
    with pytest.raises(InputError) as raised:
        load(f"{DOOR}{line}\n", "sensor-door.toml")
    assert says in raised.value.faults[0].what
    assert raised.value.faults[0].line >= 6


def test_a_number_without_a_limit_and_an_unknown_metric_are_refused() -> None:
    with pytest.raises(InputError, match="needs limits"):
        load(DOOR.replace("hw.status", "hw.temperature"), "sensor-door.toml")
    with pytest.raises(InputError, match="is no metric"):
        load(DOOR.replace("hw.status", "door.open"), "sensor-door.toml")


def test_the_profile_of_the_how_to_is_a_good_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operate" / "add-a-profile.md").read_text(encoding="utf-8")
    example = load(page.partition("```toml\n")[2].partition("```")[0], "ups-example.toml")
    assert example.kind is Kind.UPS


def test_late_collisions_and_wrong_checksums_are_errors_of_a_port() -> None:
    for metric, value in (("late_collision", 0.2), ("checksum", 3.0)):
        bad = Reading("thing", f"system.network.error_rate.{metric}", value, instance="Gi0/2")
        good = Reading("thing", f"system.network.error_rate.{metric}", 0.0, instance="Gi0/2")
        assert _watched(Kind.SWITCH, bad) is Verdict.WARNING
        assert _watched(Kind.SWITCH, good) is Verdict.OK


@pytest.mark.parametrize(
    ("kind", "instance", "severity", "verdict"),
    [
        (Kind.SWITCH, "stack member 2", Severity.WARNING, Verdict.OK),  # it joins the stack
        (Kind.SWITCH, "PoE poe 3", Severity.WARNING, Verdict.OK),  # nothing is plugged in
        (Kind.SWITCH, "PoE poe 3", Severity.CRITICAL, Verdict.CRITICAL),
        (Kind.NAS, "power", Severity.CRITICAL, Verdict.CRITICAL),
        (Kind.NAS, "smart HDD2", Severity.CRITICAL, Verdict.CRITICAL),
        (Kind.BMC, "battery ROMB", Severity.WARNING, Verdict.WARNING),
    ],
)
def test_states_of_parts_are_judged_from_the_severity_that_matters(
    kind: Kind, instance: str, severity: Severity, verdict: Verdict
) -> None:
    assert _watched(kind, Reading("thing", "hw.status", "x", instance=instance, severity=severity)) is verdict


@pytest.mark.parametrize(
    ("kind", "instance"),
    [
        (Kind.CAMERA, "storage SD"),
        (Kind.CAMERA, "video 2"),
        (Kind.ROUTER, "connection modem"),
        (Kind.SWITCH, "standby group x"),
    ],
)
def test_what_was_never_good_is_no_fault_and_what_was_is_one(kind: Kind, instance: str) -> None:
    watch = Watch("depot", Park([Device("thing", "Thing", kind)]), checks=all_checks(PROFILES))
    minutes = iter(range(1, 100))

    def tell(severity: Severity) -> Verdict:
        for at in (next(minutes) * MINUTE for _ in range(6)):
            watch.see("thing", [Reading("thing", "hw.status", "x", at, instance, severity=severity)], at)
        return watch.verdict("thing")

    assert [tell(Severity.CRITICAL), tell(Severity.OK), tell(Severity.CRITICAL)] == [
        Verdict.UNKNOWN,
        Verdict.OK,
        Verdict.CRITICAL,
    ]
