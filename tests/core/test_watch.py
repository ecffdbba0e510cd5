"""The watch in virtual time: what a depot's polls become."""

from __future__ import annotations

import pytest

from gateway.core.check import Check, CheckState, Hold, judge
from gateway.core.correlator import GRACE_S, Outcome, Patience
from gateway.core.device import GATEWAY, Criticality, Device, Kind, Park, Service
from gateway.core.incident import Cause, Change, ChangeKind, Incident, Verdict, fold
from gateway.core.reading import Failure, FailureKind, Poll, Reading, round_readings
from gateway.core.verdicts import ABSENT_S
from gateway.core.watch import Watch

STEP = 30.0
QUICK = Patience(2.5 * STEP, 2.0 * STEP)


def depot() -> Park:
    critical, important = Criticality.CRITICAL, Criticality.IMPORTANT
    return Park(
        [
            Device("ups-1", "Onduleur", Kind.UPS, criticality=critical, parent="sw-core"),
            Device("sw-core", "Switch", Kind.SWITCH, criticality=critical, power="ups-1"),
            Device("srv-1", "Serveur", Kind.SERVER, criticality=critical, parent="sw-core", power="ups-1"),
            Device("sw-2", "Switch 2", Kind.SWITCH, criticality=important, parent="sw-core"),
            Device("srv-2", "Serveur 2", Kind.SERVER, criticality=important, parent="sw-2", power="ups-1"),
            Device("prn-1", "Imprimante", Kind.PRINTER, parent="sw-2"),
        ],
        [
            Service("erp", "ERP", critical, ("srv-1",)),
            Service("mail", "Messagerie", important, ("srv-2",)),
        ],
    )


class Depot:
    """Polls everything once per step; what is silent, and extra readings, are set by the test."""

    def __init__(self, park: Park | None = None, patience: Patience = QUICK) -> None:
        self.park = park or depot()
        self.watch = Watch("site", self.park, patience=patience)
        self.now = 1000.0
        self.silent: set[str] = set()
        self.down: set[str] = set()
        self.values: dict[tuple[str, str, str], float | str] = {("ups-1", "ups.status", ""): "OL"}
        self.changes: list[Change] = []
        self.outcomes: list[Outcome] = []

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            for number, subject in enumerate([GATEWAY, *self.order()]):
                self.see(subject, self.now + 0.1 * number)
            self.now += STEP

    def order(self) -> list[str]:
        # the worst order: what is furthest from the gateway is asked first
        return [*reversed([d for d in self.park.devices if d != GATEWAY]), *self.park.services]

    def see(self, subject: str, at: float) -> None:
        failure = Failure(FailureKind.TIMEOUT, "poll") if subject in self.silent | self.down else None
        readings = tuple(
            Reading(device, metric, value, at, instance)
            for (device, metric, instance), value in self.values.items()
            if device == subject and not failure
        )
        outcome = self.watch.see(
            subject, round_readings(subject, [Poll(subject, "snmp", at, readings, failure)], at), at
        )
        self.outcomes.append(outcome)
        self.changes.extend(outcome.changes)

    def incidents(self) -> list[Incident]:
        return [incident for incident in fold(self.changes).values() if not incident.merged_into]

    def only(self) -> Incident:
        (incident,) = self.incidents()
        return incident


@pytest.fixture
def site() -> Depot:
    site = Depot()
    site.step(3)
    assert not site.changes
    return site


def test_power_cut_is_one_incident_with_everything_dark_as_its_symptoms(site: Depot) -> None:
    site.values["ups-1", "ups.status", ""] = "OB DISCHRG"
    site.silent |= {"sw-2", "prn-1", "srv-2"}
    site.down |= {"mail"}
    site.step(4)
    incident = site.only()
    assert (incident.cause, incident.root_device) == (Cause.POWER_LOST, "ups-1")
    assert {symptom.device for symptom in incident.symptoms} == {"ups-1", "sw-2", "prn-1", "srv-2", "mail"}
    assert incident.services == ("mail",)
    assert incident.priority == "P2"


def test_incident_is_never_detected_before_its_first_bad_reading(site: Depot) -> None:
    at = site.now
    outcome = site.watch.see("ups-1", [Reading("ups-1", "ups.status", "OB DISCHRG", at + 0.2)], at)
    [opened] = outcome.changes
    assert opened.at == at + 0.2 == opened.detected_at


def test_power_cut_is_restored_when_the_last_machine_has_booted(site: Depot) -> None:
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


def test_what_is_behind_a_switch_that_still_boots_belongs_to_the_power_cut(site: Depot) -> None:
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


def test_machine_that_never_comes_back_after_a_power_cut_becomes_its_own_incident(site: Depot) -> None:
    site.values["ups-1", "ups.status", ""] = "OB"
    site.silent |= {"prn-1"}
    site.step(4)
    site.values["ups-1", "ups.status", ""] = "OL"
    site.step(int(GRACE_S / STEP) + 6)
    causes = {(i.cause, i.root_device, i.open) for i in site.incidents()}
    assert causes == {("power_lost", "ups-1", False), ("device_unreachable", "prn-1", True)}


def test_server_on_a_charged_ups_that_dies_later_in_a_power_cut_is_a_fault_of_its_own(site: Depot) -> None:
    site.values["ups-1", "ups.status", ""] = "OB"
    site.step(8)
    site.silent |= {"srv-1"}
    site.step(6)
    assert {(i.cause, i.root_device) for i in site.incidents()} == {
        ("power_lost", "ups-1"),
        ("device_unreachable", "srv-1"),
    }


def test_empty_battery_explains_the_servers_it_fed(site: Depot) -> None:
    site.values["ups-1", "ups.status", ""] = "OB"
    site.step(8)
    site.silent |= {"ups-1", "sw-core", "srv-1", "srv-2", "sw-2", "prn-1"}
    site.step(5)
    incident = site.only()
    assert incident.cause == "power_lost"
    assert incident.priority == "P1"
    assert "erp" in incident.services


def test_dead_switch_explains_silent_devices_and_services_behind_it(site: Depot) -> None:
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


def test_silent_server_behind_an_answering_switch_is_blamed_itself(site: Depot) -> None:
    site.silent |= {"srv-2"}
    site.down |= {"mail"}
    site.step(5)
    assert (site.only().cause, site.only().root_device) == ("device_unreachable", "srv-2")


def test_symptom_told_first_is_merged_when_its_parent_is_found_silent(site: Depot) -> None:
    site.silent |= {"srv-2"}
    site.step(5)
    site.silent |= {"sw-2", "prn-1"}
    site.step(5)
    incidents = fold(site.changes)
    assert [(i.root_device, bool(i.merged_into)) for i in incidents.values()] == [("srv-2", True), ("sw-2", False)]


def test_one_lost_poll_is_not_an_incident(site: Depot) -> None:
    site.silent |= {"srv-1"}
    site.step(1)
    site.silent.clear()
    site.step(5)
    assert not site.changes


def test_lost_poll_makes_its_witnesses_worth_asking_at_once(site: Depot) -> None:
    site.silent |= {"srv-2"}
    site.see("srv-2", site.now)
    assert site.outcomes[-1].suspects >= {"srv-2", "sw-2", "sw-core", "ups-1"}


def test_gateway_without_network_knows_nothing_of_the_others_and_tells_one_incident(site: Depot) -> None:
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


def test_filling_disk_opens_once_and_gets_worse_in_the_same_incident(site: Depot) -> None:
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


def test_service_on_a_full_disk_is_a_symptom_of_the_disk(site: Depot) -> None:
    site.values["srv-1", "system.filesystem.utilization", "/"] = 0.99
    site.step(3)
    site.down |= {"erp"}
    site.step(4)
    incident = site.only()
    assert incident.cause == "disk_full"
    assert incident.services == ("erp",)
    assert incident.priority == "P1"


def test_service_that_fails_on_healthy_machines_is_blamed_itself(site: Depot) -> None:
    site.down |= {"erp"}
    site.step(5)
    assert (site.only().cause, site.only().root_device, site.only().priority) == ("service_down", "erp", "P1")


def test_refused_credentials_are_told_as_a_fault_of_watching_not_as_a_dead_device(site: Depot) -> None:
    failure = Failure(FailureKind.UNAUTHORISED, "usm")
    for _ in range(6):
        outcome = site.watch.see(
            "srv-1", round_readings("srv-1", [Poll("srv-1", "snmp", site.now, (), failure)], site.now), site.now
        )
        site.changes.extend(outcome.changes)
        site.now += STEP
    assert site.only().root_metric == "collect.up"
    assert site.only().priority == "P3"


def test_device_that_answers_ping_while_snmp_is_silent_is_up(site: Depot) -> None:
    polls = [
        Poll("srv-1", "snmp", site.now, (), Failure(FailureKind.TIMEOUT, "snmp")),
        Poll("srv-1", "reach", site.now, (Reading("srv-1", "reach.up", 1.0, site.now),)),
    ]
    for _ in range(4):
        site.watch.see("srv-1", round_readings("srv-1", polls, site.now), site.now)
        site.now += STEP
    assert site.watch.verdict("srv-1") is Verdict.OK


def test_time_in_which_the_box_was_off_is_unknown(site: Depot) -> None:
    outcome = site.watch.gateway_off(site.now, site.now + 3600)
    assert {transition.after for transition in outcome.transitions} == {Verdict.UNKNOWN}
    assert {transition.at for transition in outcome.transitions} == {site.now}
    assert not outcome.changes


def test_open_incident_outlives_a_restart_and_is_restored_by_the_next_run(site: Depot) -> None:
    site.silent |= {"srv-1"}
    site.step(5)
    before = site.only()
    last = {t.key: t for outcome in site.outcomes for t in outcome.transitions}
    again = Depot(site.park)
    again.watch.resume(last.values(), [before])
    again.now = site.now
    again.step(4)
    (change,) = again.changes
    assert (change.kind, change.incident) == (ChangeKind.RESTORED, before.id)


def test_device_in_maintenance_opens_no_incident_and_is_judged_again_afterwards(site: Depot) -> None:
    site.watch.maintenance("srv-1", site.now, begins=True)
    site.silent |= {"srv-1"}
    site.step(6)
    assert not site.changes
    assert site.watch.verdict("srv-1") is Verdict.MAINTENANCE
    site.watch.maintenance("srv-1", site.now, begins=False)
    site.step(6)
    assert site.only().root_device == "srv-1"


def test_same_polls_seen_twice_give_no_second_record(site: Depot) -> None:
    site.silent |= {"srv-1"}
    site.step(5)
    count = len(site.changes)
    rewound = site.now
    site.now -= 5 * STEP
    site.step(5)
    assert site.now == rewound
    assert len(site.changes) == count


def test_report_of_a_person_stays_open_until_a_person_ends_it(site: Depot) -> None:
    outcome = site.watch.report("erp", "l'ERP est lent", "Amina", site.now)
    site.changes.extend(outcome.changes)
    site.step(5)
    assert site.only().open
    done = Change(site.only().id, ChangeKind.RESTORED, site.now, site.now, who="Amina")
    site.changes.extend(site.watch.person(done).changes)
    assert not site.only().open


def test_lost_headquarters_blames_the_line_behind_the_only_router(site: Depot) -> None:
    park = Park([*depot().devices.values(), Device("rtr-1", "Routeur", Kind.ROUTER, parent="sw-core", power="ups-1")])
    site = Depot(park)
    site.values[GATEWAY, "gateway.uplink.up", ""] = 1.0
    site.step(3)
    site.values[GATEWAY, "gateway.uplink.up", ""] = 0.0
    site.step(7)
    assert (site.only().cause, site.only().root_device) == ("uplink_lost", "rtr-1")


def test_lost_headquarters_behind_a_silent_router_is_a_symptom_of_the_router() -> None:
    park = Park([*depot().devices.values(), Device("rtr-1", "Routeur", Kind.ROUTER, parent="sw-core", power="ups-1")])
    site = Depot(park)
    site.values[GATEWAY, "gateway.uplink.up", ""] = 1.0
    site.step(3)
    site.values[GATEWAY, "gateway.uplink.up", ""] = 0.0
    site.silent |= {"rtr-1"}
    site.step(8)
    assert (site.only().cause, site.only().root_device) == ("device_unreachable", "rtr-1")


def test_model_speaks_only_where_no_rule_does_and_its_word_is_advice(site: Depot) -> None:
    site.values["srv-1", "anomaly.score", "system.cpu.utilization"] = 0.99999
    site.values["srv-2", "anomaly.score", "system.cpu.utilization"] = 0.99999
    site.values["srv-2", "system.filesystem.utilization", "/"] = 0.97
    site.step(6)
    assert {(i.cause, i.root_device, i.priority) for i in site.incidents()} == {
        ("anomaly", "srv-1", "P4"),
        ("disk_full", "srv-2", "P2"),
    }


def heat(site: Depot, kelvins: float, *devices: str) -> None:
    for device in devices:
        site.values[device, "hw.temperature", "inlet"] = 24.0 + kelvins


def test_many_machines_warmer_than_usual_at_once_is_the_room_and_one_incident(site: Depot) -> None:
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


def test_one_machine_warmer_than_usual_is_that_machine(site: Depot) -> None:
    heat(site, 0.0, "srv-1", "srv-2")
    site.step(int(7 * 3600 / STEP))
    heat(site, 9.0, "srv-1")
    site.step(8)
    assert (site.only().cause, site.only().root_device) == ("overheating", "srv-1")


def test_fast_filling_volume_is_told_hours_before_it_is_full(site: Depot) -> None:
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


def test_volume_that_fills_a_little_every_day_is_no_incident(site: Depot) -> None:
    for minute in range(240):
        site.values["srv-1", "system.filesystem.utilization", "/"] = 0.80 + 0.00001 * minute
        site.step(2)
    assert not site.changes


def test_root_that_comes_and_goes_is_one_incident_told_as_unstable() -> None:
    site = Depot(patience=Patience(2.5 * STEP, 300.0))
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


def test_metric_that_a_device_no_longer_tells_is_unknown_and_closes_nothing(site: Depot) -> None:
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
