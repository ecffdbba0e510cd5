"""Judging over time: holds, trends, what flaps, what is no longer told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.core.check import Check, CheckState, Hold, cause_of, judge, opinion
from gateway.core.correlator import Patience
from gateway.core.default_checks import DEFAULT_CHECKS
from gateway.core.device import Limit, Park
from gateway.core.incident import Cause, ChangeKind, Verdict
from gateway.core.reading import Reading, Severity
from gateway.core.trend import PACES, Trends
from gateway.core.verdicts import ABSENT_S

STEP = 30.0


def test_filling_disk_opens_once_and_gets_worse_in_the_same_incident(site: Any) -> None:
    key = ("srv-1", "system.filesystem.utilization", "/")
    for value in (0.91, 0.92, 0.93, 0.96, 0.97, 0.97):
        site.values[key] = value
        site.step()
    incident = site.only()
    assert (incident.cause, incident.root_device, incident.priority) == ("disk_full", "srv-1", "P1")
    assert [c.kind for c in incident.story] == [ChangeKind.OPENED, ChangeKind.REVISED]
    site.values[key] = 0.5
    site.step(4)
    assert not site.only().open


def heat(site: Any, kelvins: float, *devices: str) -> None:
    for device in devices:
        site.values[device, "hw.temperature", "inlet"] = 24.0 + kelvins


def test_many_machines_warmer_than_usual_at_once_is_the_room_and_one_incident(site: Any) -> None:
    machines = ("srv-1", "srv-2", "sw-core")
    heat(site, 0.0, *machines)
    site.step(int(7 * 3600 / STEP))
    heat(site, 9.0, *machines)
    site.step(8)
    assert (site.only().cause, site.only().root_device) == ("overheating", None)
    assert {symptom.device for symptom in site.only().symptoms} == set(machines)
    heat(site, 0.5, *machines)
    site.step(6)
    assert not site.only().open


def test_one_machine_warmer_than_usual_is_that_machine(site: Any) -> None:
    heat(site, 0.0, "srv-1", "srv-2")
    site.step(int(7 * 3600 / STEP))
    heat(site, 9.0, "srv-1")
    site.step(8)
    assert (site.only().cause, site.only().root_device) == ("overheating", "srv-1")


def test_fast_filling_volume_is_told_hours_before_it_is_full(site: Any) -> None:
    key = ("srv-1", "system.filesystem.utilization", "/")
    for minute in range(60):
        site.values[key] = 0.70 + 0.0015 * minute
        site.step(2)
    incident = site.only()
    assert (incident.cause, incident.root_metric, incident.priority) == (
        "disk_full",
        "system.filesystem.time_to_full",
        "P1",
    )
    assert site.values[key] < 0.80


def test_volume_that_fills_a_little_every_day_is_no_incident(site: Any) -> None:
    for minute in range(240):
        site.values["srv-1", "system.filesystem.utilization", "/"] = 0.80 + 0.00001 * minute
        site.step(2)
    assert not site.changes


def test_root_that_comes_and_goes_is_one_incident_told_as_unstable(make_depot: Any) -> None:
    site = make_depot(patience=Patience(2.5 * STEP, 300.0))
    site.step(3)
    for _ in range(8):
        site.silent |= {"srv-1"}
        site.step(2)
        site.silent.clear()
        site.step(2)
    story = [change.kind for change in site.only().story]
    assert story.count(ChangeKind.OPENED) == 1
    assert [change.text for change in site.only().story if change.kind is ChangeKind.NOTE] == ["unstable"]
    site.step(12)
    assert not site.only().open


def test_metric_that_a_device_no_longer_tells_is_unknown_and_closes_nothing(site: Any) -> None:
    key = ("srv-1", "system.filesystem.utilization", "/backup")
    site.values[key] = 0.97
    site.step(4)
    del site.values[key]
    site.step(int(ABSENT_S / STEP) * 2 + 2)
    last = {t.key: t.after for outcome in site.outcomes for t in outcome.transitions}
    assert last[key] is Verdict.UNKNOWN
    assert site.only().open


def test_hold_by_duration_believes_a_slow_rhythm_as_early_as_a_fast_one() -> None:
    check = Check("memory", "m", Cause.MEMORY_EXHAUSTED, warning=0.9, worse=Hold(5, 6, 240.0))
    state, transition = judge(check, CheckState(Verdict.OK), Reading("d", "m", 0.95, 300.0))
    assert transition is None
    state, transition = judge(check, state, Reading("d", "m", 0.95, 600.0))
    assert transition is not None
    assert (transition.at, transition.detected_at) == (300.0, 600.0)
    assert state.verdict is Verdict.WARNING


def test_hold_by_duration_starts_anew_after_a_good_reading() -> None:
    check = Check("memory", "m", Cause.MEMORY_EXHAUSTED, warning=0.9, worse=Hold(5, 6, 240.0))
    state = CheckState(Verdict.OK)
    for at, value in ((300.0, 0.95), (420.0, 0.5), (600.0, 0.95)):
        state, transition = judge(check, state, Reading("d", "m", value, at))
        assert transition is None


def with_limits(site: Any, *limits: str) -> Park:
    devices = dict(site.park.devices)
    devices["srv-1"] = replace(devices["srv-1"], limits=tuple(Limit.parse(text) for text in limits))
    return Park(devices.values(), site.park.services.values())


def test_device_has_limits_of_its_own_where_it_was_given_some(make_depot: Any, site: Any) -> None:
    own = make_depot(with_limits(site, "system.filesystem.utilization[/backup]=0.97/0.99"))
    own.values["srv-1", "system.filesystem.utilization", "/backup"] = 0.96
    own.values["srv-2", "system.filesystem.utilization", "/backup"] = 0.96
    own.step(4)
    assert own.only().root_device == "srv-2"


def test_check_that_a_device_switched_off_judges_nothing_there(make_depot: Any, site: Any) -> None:
    own = make_depot(with_limits(site, "system.filesystem.utilization=off"))
    own.values["srv-1", "system.filesystem.utilization", "/"] = 1.0
    own.step(4)
    assert not own.changes


@pytest.mark.parametrize("text", ["a.b=1/2", "a.b[/x]=/0.5", "a.b=3/", "a.b=off", "a.b[Fan ?]=off"])
def test_limit_reads_back_as_it_was_written(text: str) -> None:
    assert str(Limit.parse(text)) == text


@pytest.mark.parametrize("text", ["", "a.b", "a.b=", "a.b=1", "=1/2", "a.b=x/y"])
def test_text_of_another_form_is_no_limit(text: str) -> None:
    with pytest.raises(ValueError, match=r"limit|could not convert"):
        Limit.parse(text)


def test_forecast_opens_as_p3_on_a_critical_device_and_as_advice_elsewhere(site: Any) -> None:
    site.values["srv-1", "forecast.margin", "disk_full C:"] = -1.0
    site.values["srv-2", "forecast.margin", "battery_worn"] = -86_400.0
    site.step(2)
    assert {(i.cause, i.root_device, i.priority) for i in site.incidents()} == {
        ("disk_full", "srv-1", "P3"),
        ("battery_worn", "srv-2", "P4"),
    }


def test_warranty_and_support_that_end_are_one_matter_of_contracts(site: Any) -> None:
    site.values["srv-2", "forecast.margin", "warranty_ending"] = -1.0
    site.values["srv-2", "forecast.margin", "support_ending"] = -1.0
    site.step(2)
    assert {(i.cause, i.root_device, i.priority) for i in site.incidents()} == {("contract_ending", "srv-2", "P4")}


def test_boot_that_ends_a_power_cut_neither_keeps_it_open_nor_is_told(site: Any) -> None:
    site.values["srv-1", "system.uptime", ""] = 50_000.0
    site.values["ups-1", "ups.status", ""] = "OL"
    site.step(2)
    site.values["ups-1", "ups.status", ""] = "OB"
    site.silent |= {"srv-1"}
    site.step(4)
    site.values["ups-1", "ups.status", ""] = "OL"
    site.values["srv-1", "system.uptime", ""] = 10.0
    site.silent.clear()
    site.step(7)
    assert (site.only().cause, site.only().open) == ("power_lost", False)
    site.step(20)
    assert len(site.incidents()) == 1


def test_boot_out_of_the_blue_is_told_and_soon_over(site: Any) -> None:
    site.values["srv-1", "system.uptime", ""] = 50_000.0
    site.step(2)
    site.values["srv-1", "system.uptime", ""] = 5.0
    site.step(12)
    assert (site.only().cause, site.only().root_device, site.only().open) == ("rebooted", "srv-1", False)


def test_uptime_that_wraps_after_497_days_is_no_boot(site: Any) -> None:
    site.values["sw-core", "system.uptime", ""] = 2**32 / 100 - 10
    site.step(2)
    site.values["sw-core", "system.uptime", ""] = 20.0
    site.step(6)
    assert not site.changes


@pytest.mark.parametrize(
    ("said", "judged"),
    [("degraded", Verdict.WARNING), ("Failed", Verdict.CRITICAL), ("unknown", Verdict.UNKNOWN), ("ok", Verdict.OK)],
)
def test_a_state_without_a_judgement_of_the_device_means_what_its_words_say(said: str, judged: Verdict) -> None:
    check = Check("component", "hw.status", Cause.RAID_DEGRADED)
    assert opinion(check, Verdict.OK, Reading("nas", "hw.status", said, 1.0, "raid")) is judged
    severe = Reading("nas", "hw.status", said, 1.0, "raid", severity=Severity.OK)
    assert opinion(check, Verdict.OK, severe) is Verdict.OK


def test_a_ups_that_tests_its_battery_is_on_it_on_purpose() -> None:
    check = next(one for one in DEFAULT_CHECKS if one.id == "ups-status")
    for words in ("OB DISCHRG TEST", "OB DISCHRG CAL LB"):
        assert opinion(check, Verdict.OK, Reading("ups", "ups.status", words, 1.0)) is Verdict.OK
    worn = Reading("ups", "ups.status", "OB DISCHRG TEST RB", 1.0)
    assert opinion(check, Verdict.OK, worn) is Verdict.WARNING
    assert cause_of(check, worn) is Cause.BATTERY_WORN


def test_an_incident_names_the_reading_and_the_rule_it_stands_on(site: Any) -> None:
    key = ("srv-1", "system.filesystem.utilization", "/")
    for value in (0.91, 0.92, 0.93):
        site.values[key] = value
        site.step()
    (symptom,) = site.only().symptoms
    assert (symptom.check, symptom.value) == ("filesystem", 0.92)


@pytest.mark.parametrize("metric", ["system.filesystem.utilization", "hw.temperature", "reach.duration"])
def test_a_trend_cut_in_the_middle_and_taken_up_goes_on_as_if_it_had_not_been(metric: str) -> None:
    told = [Reading("srv", metric, 0.7 + 0.001 * step, 300.0 * step, "/") for step in range(120)]
    whole, cut = Trends(), Trends()
    expected = [next(whole.of(one), None) for one in told]
    found = next(cut.of(told[100]), None)
    assert found is None
    kept = told[88:100] if metric in PACES else told[:100]
    cut.take_up(told[0].series, [(one.at, float(one.value)) for one in kept])
    values = [next(cut.of(one), None) for one in told[101:]]
    assert [one.value for one in values if one] == pytest.approx([one.value for one in expected[101:] if one], rel=1e-2)
