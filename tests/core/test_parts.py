"""Parts that fail inside a machine: one incident a fault, and what only sums up the parts opens none beside it."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.core.device import Device, Kind, Park
from gateway.core.incident import Cause, ChangeKind, Verdict
from gateway.core.parts import sums_up
from gateway.core.reading import Reading, Severity
from gateway.core.watch import Watch

CRITICAL, WARNING, OK = Severity.CRITICAL, Severity.WARNING, Severity.OK


class Server:
    """One server that tells the states of its parts every minute."""

    def __init__(self) -> None:
        self.watch = Watch("site", Park([Device("srv-1", "Serveur", Kind.SERVER)], []))
        self.now = 1_000.0
        self.states: dict[str, Severity] = {"overall": OK, "memory DIMM B2": OK, "fan 1": OK, "power supply 1": OK}
        self.changes: list[Any] = []

    def step(self, times: int = 3, **states: Severity) -> None:
        """``times`` minutes; underscores in names are blanks."""
        self.states |= {name.replace("_", " "): severity for name, severity in states.items()}
        for _ in range(times):
            readings = [
                Reading("srv-1", "hw.status", str(severity), self.now, name, severity=severity)
                for name, severity in self.states.items()
            ]
            self.changes += self.watch.see("srv-1", readings, self.now).changes
            self.now += 60.0

    def open(self) -> dict[str, set[str]]:
        """The open incidents: cause -> instances they explain."""
        return {
            one.cause: {symptom.instance for symptom in one.symptoms}
            for one in self.watch.incidents.values()
            if one.open
        }


def test_failed_module_of_memory_is_one_incident_with_the_state_of_the_whole_as_its_symptom() -> None:
    server = Server()
    server.step()
    server.step(memory_DIMM_B2=CRITICAL, overall=CRITICAL)
    assert server.open() == {Cause.PART_FAILED: {"memory DIMM B2", "overall"}}
    [opened] = [change for change in server.changes if change.kind is ChangeKind.OPENED]
    assert opened.root_instance == "memory DIMM B2"


@pytest.mark.parametrize(
    ("part", "cause"),
    [("fan_1", Cause.FAN_FAILED), ("power_supply_1", Cause.PSU_FAILED), ("disk_3", Cause.DISK_FAILING)],
)
def test_overall_state_repeats_what_a_fan_a_supply_or_a_disk_says(part: str, cause: Cause) -> None:
    server = Server()
    server.step()
    server.step(**{part: WARNING, "overall": CRITICAL})
    assert server.open() == {cause: {part.replace("_", " "), "overall"}}


def test_lost_disk_and_the_array_that_misses_it_are_one_incident() -> None:
    server = Server()
    server.states |= {"disk 3": OK, "raid volume 1": OK}
    server.step()
    server.step(disk_3=CRITICAL, raid_volume_1=CRITICAL, overall=CRITICAL)
    assert server.open() == {Cause.RAID_DEGRADED: {"disk 3", "raid volume 1", "overall"}}
    [opened] = [change for change in server.changes if change.kind is ChangeKind.OPENED]
    assert opened.root_instance == "raid volume 1"
    server.step(10, disk_3=OK, raid_volume_1=WARNING, overall=OK)  # replaced, it is rebuilt
    assert server.open() == {Cause.RAID_DEGRADED: {"disk 3", "raid volume 1", "overall"}}
    server.step(10, raid_volume_1=OK)
    assert server.open() == {}


def test_disk_that_only_warns_beside_a_degraded_array_is_a_fault_of_its_own() -> None:
    server = Server()
    server.states |= {"disk 3": OK, "raid volume 1": OK}
    server.step()
    server.step(disk_3=WARNING, raid_volume_1=CRITICAL)
    assert server.open() == {Cause.RAID_DEGRADED: {"raid volume 1"}, Cause.DISK_FAILING: {"disk 3"}}


def test_disk_that_fails_first_is_merged_into_the_array_that_loses_it() -> None:
    server = Server()
    server.states |= {"disk 3": OK, "raid volume 1": OK}
    server.step()
    server.step(disk_3=CRITICAL)
    server.step(raid_volume_1=CRITICAL)
    assert server.open() == {Cause.RAID_DEGRADED: {"disk 3", "raid volume 1"}}
    assert [change.kind for change in server.changes if change.into] == [ChangeKind.MERGED]


def test_overall_state_alone_opens_an_incident() -> None:
    server = Server()
    server.step()
    server.step(overall=CRITICAL)
    assert server.open() == {Cause.PART_FAILED: {"overall"}}


def test_overall_state_that_only_warns_opens_none() -> None:
    server = Server()
    server.step()
    server.step(10, overall=WARNING)
    assert server.open() == {}


def test_overall_state_seen_before_its_part_is_merged_into_the_part() -> None:
    server = Server()
    server.step()
    server.step(overall=CRITICAL)
    server.step(fan_1=CRITICAL)
    assert server.open() == {Cause.FAN_FAILED: {"fan 1", "overall"}}
    assert [change.kind for change in server.changes if change.into] == [ChangeKind.MERGED]


def test_two_parts_of_different_kinds_are_two_incidents_and_the_whole_belongs_to_the_first() -> None:
    server = Server()
    server.step()
    server.step(memory_DIMM_B2=CRITICAL, overall=CRITICAL)
    server.step(fan_1=CRITICAL)
    assert server.open() == {Cause.PART_FAILED: {"memory DIMM B2", "overall"}, Cause.FAN_FAILED: {"fan 1"}}


def test_incident_is_over_when_the_part_and_the_whole_are_good_again() -> None:
    server = Server()
    server.step()
    server.step(memory_DIMM_B2=CRITICAL, overall=CRITICAL)
    server.step(10, memory_DIMM_B2=OK)
    assert server.open() == {Cause.PART_FAILED: {"memory DIMM B2", "overall"}}
    server.step(10, overall=OK)
    assert server.open() == {}
    assert server.watch.verdict("srv-1") is Verdict.OK


def test_sum_that_stays_bad_long_after_its_part_was_replaced_is_told_by_itself() -> None:
    server = Server()
    server.step()
    server.step(fan_1=CRITICAL, overall=CRITICAL)
    server.step(30, fan_1=OK)
    assert server.open() == {Cause.PART_FAILED: {"overall"}}


@pytest.mark.parametrize("instance", ["overall", "Overall", "system", "storage", "memory overall", "all parts"])
def test_sums_are_known_by_their_names(instance: str) -> None:
    assert sums_up("hw.status", instance)


@pytest.mark.parametrize(
    ("metric", "instance"),
    [("hw.status", "memory DIMM B2"), ("system.memory.utilization", "system"), ("hw.status", "")],
)
def test_parts_and_other_metrics_are_no_sums(metric: str, instance: str) -> None:
    assert not sums_up(metric, instance)


def test_sum_of_the_fans_is_the_same_fault_as_its_fan() -> None:
    server = Server()
    server.states["fans overall"] = OK
    server.step()
    server.step(memory_DIMM_B2=CRITICAL, fans_overall=CRITICAL)
    assert server.open() == {Cause.PART_FAILED: {"memory DIMM B2"}, Cause.FAN_FAILED: {"fans overall"}}


def test_power_supply_on_the_bare_mains_belongs_to_the_power_cut(make_depot: Any) -> None:
    site = make_depot()
    supply, whole = ("srv-1", "hw.status", "power supply 2"), ("srv-1", "hw.status", "overall")
    site.values |= {supply: "ok", whole: "ok"}
    site.step(3)
    site.values |= {("ups-1", "ups.status", ""): "OB DISCHRG", supply: "failed", whole: "critical"}
    site.step(4)
    incident = site.only()
    assert (incident.cause, incident.root_device) == (Cause.POWER_LOST, "ups-1")
    assert {symptom.instance for symptom in incident.symptoms} == {"", "power supply 2", "overall"}
    site.values |= {("ups-1", "ups.status", ""): "OL CHRG", supply: "ok", whole: "ok"}
    site.step(6)
    assert not site.only().open


def test_power_supply_that_fails_long_after_the_mains_is_a_fault_of_its_own(make_depot: Any) -> None:
    site = make_depot()
    supply = ("srv-1", "hw.status", "power supply 2")
    site.values |= {supply: "ok", ("ups-1", "ups.status", ""): "OB DISCHRG"}
    site.step(8)
    site.values[supply] = "failed"
    site.step(4)
    assert {one.cause for one in site.incidents()} == {Cause.POWER_LOST, Cause.PSU_FAILED}


def test_power_supply_that_stays_dead_after_the_mains_came_back_is_told(make_depot: Any) -> None:
    site = make_depot()
    supply = ("srv-1", "hw.status", "power supply 2")
    site.values |= {supply: "ok"}
    site.step(3)
    site.values |= {("ups-1", "ups.status", ""): "OB DISCHRG", supply: "failed"}
    site.step(4)
    site.values[("ups-1", "ups.status", "")] = "OL"
    site.step(45)
    assert [one.cause for one in site.incidents() if one.open] == [Cause.PSU_FAILED]
