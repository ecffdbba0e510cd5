"""A fault that comes back soon after its incident was closed is the same incident, opened again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.core.correlator import Patience
from gateway.core.incident import ChangeKind, Incident

STEP = 30.0
REOPEN_S = 20 * STEP
PATIENCE = Patience(2.5 * STEP, 2.0 * STEP, REOPEN_S)


def failed_and_restored(site: Any) -> Incident:
    site.step(3)
    site.silent = {"srv-2"}
    site.step(8)
    site.silent = set()
    site.step(12)
    incident: Incident = site.only()
    assert incident.restored_at is not None
    return incident


def fails_again(site: Any) -> None:
    site.silent = {"srv-2"}
    site.step(8)


@pytest.fixture
def patient(make_depot: Any) -> Any:
    return make_depot(patience=PATIENCE)


def test_same_cause_and_root_soon_after_is_the_same_incident(patient: Any) -> None:
    first = failed_and_restored(patient)
    fails_again(patient)
    again = patient.only()
    assert (again.id, again.restored_at, again.opened_at) == (first.id, None, first.opened_at)
    [reopened] = [one for one in again.story if one.kind is ChangeKind.REOPENED]
    assert reopened.at > first.restored_at
    assert again.story[-1] is reopened, "it had told everything else before"
    patient.silent = set()
    patient.step(12)
    assert patient.only().restored_at > reopened.at


def test_it_stays_taken_by_who_took_it(patient: Any) -> None:
    patient.step(3)
    patient.silent = {"srv-2"}
    patient.step(8)
    taken = replace(patient.only().story[0], kind=ChangeKind.ACKNOWLEDGED, who="Karim", at=patient.now)
    patient.changes.extend(patient.watch.person(taken).changes)
    patient.silent = set()
    patient.step(12)
    fails_again(patient)
    assert patient.only().acknowledged_by == "Karim"


def test_the_same_much_later_is_an_incident_of_its_own(patient: Any) -> None:
    failed_and_restored(patient)
    patient.step(20)
    fails_again(patient)
    first, second = patient.incidents()
    assert first.id != second.id
    assert first.restored_at is not None


def test_another_root_is_an_incident_of_its_own(patient: Any) -> None:
    failed_and_restored(patient)
    patient.silent = {"prn-1"}
    patient.step(8)
    assert [one.root_device for one in patient.incidents()] == ["srv-2", "prn-1"]


def test_what_comes_back_worse_rises_in_priority(make_depot: Any) -> None:
    site = make_depot(patience=PATIENCE)
    site.step(3)
    site.values[("srv-2", "system.filesystem.utilization", "/")] = 0.92
    site.step(8)
    site.values[("srv-2", "system.filesystem.utilization", "/")] = 0.4
    site.step(12)
    first = site.only()
    assert first.restored_at is not None
    site.values[("srv-2", "system.filesystem.utilization", "/")] = 0.999
    site.step(8)
    again = site.only()
    assert again.id == first.id
    assert again.priority < first.priority


def test_a_restart_of_the_box_in_between_changes_nothing(patient: Any, make_depot: Any) -> None:
    first = failed_and_restored(patient)
    later = make_depot(patience=PATIENCE)
    later.now, later.changes = patient.now, list(patient.changes)
    later.watch.resume([], patient.incidents())
    later.step(3)
    fails_again(later)
    assert later.only().id == first.id
