"""The watch in virtual time: what a depot's polls become."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.core.correlator import GRACE_S
from gateway.core.device import GATEWAY, Device, Kind, Park
from gateway.core.incident import Cause, Change, ChangeKind, Verdict, fold
from gateway.core.reading import Failure, FailureKind, Poll, Reading, round_readings
from gateway.core.works import Work

STEP = 30.0


def test_power_cut_is_one_incident_with_everything_dark_as_its_symptoms(site: Any) -> None:
    site.values["ups-1", "ups.status", ""] = "OB DISCHRG"
    site.silent |= {"sw-2", "prn-1", "srv-2"}
    site.down |= {"mail"}
    site.step(4)
    incident = site.only()
    assert (incident.cause, incident.root_device) == (Cause.POWER_LOST, "ups-1")
    assert {symptom.device for symptom in incident.symptoms} == {"ups-1", "sw-2", "prn-1", "srv-2", "mail"}
    assert incident.services == ("mail",)
    assert incident.priority == "P2"


def test_incident_is_never_detected_before_its_first_bad_reading(site: Any) -> None:
    at = site.now
    outcome = site.watch.see("ups-1", [Reading("ups-1", "ups.status", "OB DISCHRG", at + 0.2)], at)
    [opened] = outcome.changes
    assert opened.at == at + 0.2 == opened.detected_at


def test_power_cut_is_restored_when_the_last_machine_has_booted(site: Any) -> None:
    site.values["ups-1", "ups.status", ""] = "OB DISCHRG"
    site.silent |= {"prn-1"}
    site.step(4)
    site.values["ups-1", "ups.status", ""] = "OL CHRG"
    site.step(5)
    assert site.only().open
    site.silent.clear()
    back_at = site.now
    site.step(3)
    assert site.only().restored_at == pytest.approx(back_at, abs=STEP)
    assert not site.watch.incidents


def test_what_is_behind_a_switch_that_still_boots_belongs_to_the_power_cut(site: Any) -> None:
    site.values["ups-1", "ups.status", ""] = "OB DISCHRG"
    site.silent |= {"sw-2", "prn-1", "srv-2"}
    site.down |= {"mail"}
    site.step(4)
    site.values["ups-1", "ups.status", ""] = "OL CHRG"
    site.step(4)
    assert site.only().cause == Cause.POWER_LOST
    site.silent.clear()
    site.down.clear()
    site.step(4)
    assert not site.only().open


def test_machine_that_never_comes_back_after_a_power_cut_becomes_its_own_incident(site: Any) -> None:
    site.values["ups-1", "ups.status", ""] = "OB"
    site.silent |= {"prn-1"}
    site.step(4)
    site.values["ups-1", "ups.status", ""] = "OL"
    site.step(int(GRACE_S / STEP) + 6)
    causes = {(i.cause, i.root_device, i.open) for i in site.incidents()}
    assert causes == {("power_lost", "ups-1", False), ("device_unreachable", "prn-1", True)}


def test_server_on_a_charged_ups_that_dies_later_in_a_power_cut_is_a_fault_of_its_own(site: Any) -> None:
    site.values["ups-1", "ups.status", ""] = "OB"
    site.step(8)
    site.silent |= {"srv-1"}
    site.step(6)
    assert {(i.cause, i.root_device) for i in site.incidents()} == {
        ("power_lost", "ups-1"),
        ("device_unreachable", "srv-1"),
    }


def test_empty_battery_explains_the_servers_it_fed(site: Any) -> None:
    site.values["ups-1", "ups.status", ""] = "OB"
    site.step(8)
    site.silent |= {"ups-1", "sw-core", "srv-1", "srv-2", "sw-2", "prn-1"}
    site.step(5)
    incident = site.only()
    assert incident.cause == "power_lost"
    assert incident.priority == "P1"
    assert "erp" in incident.services


def test_dead_switch_explains_silent_devices_and_services_behind_it(site: Any) -> None:
    site.silent |= {"sw-2", "srv-2", "prn-1"}
    site.down |= {"mail"}
    site.step(5)
    incident = site.only()
    assert (incident.cause, incident.root_device) == ("device_unreachable", "sw-2")
    assert {symptom.device for symptom in incident.symptoms} == {"sw-2", "srv-2", "prn-1", "mail"}
    site.silent.clear()
    site.down.clear()
    site.step(4)
    assert not site.only().open


def test_silent_server_behind_an_answering_switch_is_blamed_itself(site: Any) -> None:
    site.silent |= {"srv-2"}
    site.down |= {"mail"}
    site.step(5)
    assert (site.only().cause, site.only().root_device) == ("device_unreachable", "srv-2")


def test_symptom_told_first_is_merged_when_its_parent_is_found_silent(site: Any) -> None:
    site.silent |= {"srv-2"}
    site.step(5)
    site.silent |= {"sw-2", "prn-1"}
    site.step(5)
    incidents = fold(site.changes)
    assert [(i.root_device, bool(i.merged_into)) for i in incidents.values()] == [("srv-2", True), ("sw-2", False)]


def test_one_lost_poll_is_not_an_incident(site: Any) -> None:
    site.silent |= {"srv-1"}
    site.step(1)
    site.silent.clear()
    site.step(5)
    assert not site.changes


def test_lost_poll_makes_its_witnesses_worth_asking_at_once(site: Any) -> None:
    site.silent |= {"srv-2"}
    site.see("srv-2", site.now)
    assert site.outcomes[-1].suspects >= {"srv-2", "sw-2", "sw-core", "ups-1"}


def test_gateway_without_network_knows_nothing_of_the_others_and_tells_one_incident(site: Any) -> None:
    site.values[GATEWAY, "hw.network.up", "eth0"] = 1.0
    site.step(2)
    site.values[GATEWAY, "hw.network.up", "eth0"] = 0.0
    site.silent |= {d for d in site.park.devices if d != GATEWAY}
    site.down |= set(site.park.services)
    site.step(5)
    incident = site.only()
    assert (incident.cause, incident.root_device) == ("link_down", GATEWAY)
    assert site.watch.verdict("srv-1") is Verdict.UNKNOWN
    site.values[GATEWAY, "hw.network.up", "eth0"] = 1.0
    site.silent.clear()
    site.down.clear()
    site.step(4)
    assert not site.only().open
    assert site.watch.verdict("srv-1") is Verdict.OK


def test_service_on_a_full_disk_is_a_symptom_of_the_disk(site: Any) -> None:
    site.values["srv-1", "system.filesystem.utilization", "/"] = 0.99
    site.step(3)
    site.down |= {"erp"}
    site.step(4)
    incident = site.only()
    assert incident.cause == "disk_full"
    assert incident.services == ("erp",)
    assert incident.priority == "P1"


def test_service_that_fails_on_healthy_machines_is_blamed_itself(site: Any) -> None:
    site.down |= {"erp"}
    site.step(5)
    assert (site.only().cause, site.only().root_device, site.only().priority) == ("service_down", "erp", "P1")


def test_refused_credentials_are_told_as_a_fault_of_watching_not_as_a_dead_device(site: Any) -> None:
    failure = Failure(FailureKind.UNAUTHORISED, "usm")
    for _ in range(6):
        outcome = site.watch.see(
            "srv-1", round_readings("srv-1", [Poll("srv-1", "snmp", site.now, (), failure)], site.now), site.now
        )
        site.changes.extend(outcome.changes)
        site.now += STEP
    assert site.only().root_metric == "collect.up"
    assert site.only().priority == "P3"


def test_device_that_answers_ping_while_snmp_is_silent_is_up(site: Any) -> None:
    polls = [
        Poll("srv-1", "snmp", site.now, (), Failure(FailureKind.TIMEOUT, "snmp")),
        Poll("srv-1", "reach", site.now, (Reading("srv-1", "reach.up", 1.0, site.now),)),
    ]
    for _ in range(4):
        site.watch.see("srv-1", round_readings("srv-1", polls, site.now), site.now)
        site.now += STEP
    assert site.watch.verdict("srv-1") is Verdict.OK


def test_a_machine_that_died_is_not_alive_because_its_last_answer_is_still_remembered(site: Any) -> None:
    age = Reading("srv-1", "backup.age", 60.0, site.now, "erp")
    polls = [
        Poll("srv-1", "reach", site.now, (Reading("srv-1", "reach.up", 0.0, site.now),)),
        Poll("srv-1", "backup", site.now, (age,), remembered=True),
    ]
    assert {one.metric: one.value for one in round_readings("srv-1", polls, site.now)} == {
        "reach.up": 0.0,
        "backup.age": 60.0,
    }


def test_a_device_that_nobody_asked_is_neither_up_nor_down(site: Any) -> None:
    age = Reading("srv-1", "backup.age", 60.0, site.now, "erp")
    polls = [Poll("srv-1", "backup", site.now, (age,), remembered=True)]
    assert list(round_readings("srv-1", polls, site.now)) == [age]


def test_time_in_which_the_box_was_off_is_unknown(site: Any) -> None:
    outcome = site.watch.gateway_off(site.now, site.now + 3600)
    assert {transition.after for transition in outcome.transitions} == {Verdict.UNKNOWN}
    assert {transition.at for transition in outcome.transitions} == {site.now}
    assert not outcome.changes


def test_open_incident_outlives_a_restart_and_is_restored_by_the_next_run(site: Any, make_depot: Any) -> None:
    site.silent |= {"srv-1"}
    site.step(5)
    before = site.only()
    last = {t.key: t for outcome in site.outcomes for t in outcome.transitions}
    again = make_depot(site.park)
    again.watch.resume(last.values(), [before])
    again.now = site.now
    again.step(4)
    (change,) = again.changes
    assert (change.kind, change.incident) == (ChangeKind.RESTORED, before.id)


def test_device_in_maintenance_opens_no_incident_and_is_judged_again_afterwards(site: Any) -> None:
    site.watch.maintenance("srv-1", site.now, Work())
    site.silent |= {"srv-1"}
    site.step(6)
    assert not site.changes
    assert site.watch.verdict("srv-1") is Verdict.MAINTENANCE
    site.watch.maintenance("srv-1", site.now, None)
    site.step(6)
    assert site.only().root_device == "srv-1"


def test_same_polls_seen_twice_give_no_second_record(site: Any) -> None:
    site.silent |= {"srv-1"}
    site.step(5)
    count = len(site.changes)
    rewound = site.now
    site.now -= 5 * STEP
    site.step(5)
    assert site.now == rewound
    assert len(site.changes) == count


def test_report_of_a_person_stays_open_until_a_person_ends_it(site: Any) -> None:
    outcome = site.watch.report("erp", "l'ERP est lent", "Amina", site.now)
    site.changes.extend(outcome.changes)
    site.step(5)
    assert site.only().open
    done = Change(site.only().id, ChangeKind.RESTORED, site.now, site.now, who="Amina")
    site.changes.extend(site.watch.person(done).changes)
    assert not site.only().open


def test_lost_headquarters_blames_the_line_behind_the_only_router(site: Any, make_depot: Any) -> None:
    park = Park(
        [*make_depot().park.devices.values(), Device("rtr-1", "Routeur", Kind.ROUTER, parent="sw-core", power="ups-1")]
    )
    site = make_depot(park)
    site.values[GATEWAY, "gateway.uplink.up", ""] = 1.0
    site.step(3)
    site.values[GATEWAY, "gateway.uplink.up", ""] = 0.0
    site.step(7)
    assert (site.only().cause, site.only().root_device) == ("uplink_lost", "rtr-1")


def test_lost_headquarters_behind_a_silent_router_is_a_symptom_of_the_router(make_depot: Any) -> None:
    park = Park(
        [*make_depot().park.devices.values(), Device("rtr-1", "Routeur", Kind.ROUTER, parent="sw-core", power="ups-1")]
    )
    site = make_depot(park)
    site.values[GATEWAY, "gateway.uplink.up", ""] = 1.0
    site.step(3)
    site.values[GATEWAY, "gateway.uplink.up", ""] = 0.0
    site.silent |= {"rtr-1"}
    site.step(8)
    assert (site.only().cause, site.only().root_device) == ("device_unreachable", "rtr-1")


def test_model_speaks_only_where_no_rule_does_and_its_word_is_advice(site: Any) -> None:
    site.values["srv-1", "anomaly.score", "system.cpu.utilization"] = 0.99999
    site.values["srv-2", "anomaly.score", "system.cpu.utilization"] = 0.99999
    site.values["srv-2", "system.filesystem.utilization", "/"] = 0.97
    site.step(6)
    assert {(i.cause, i.root_device, i.priority) for i in site.incidents()} == {
        ("anomaly", "srv-1", "P4"),
        ("disk_full", "srv-2", "P2"),
    }
