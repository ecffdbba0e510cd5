"""Planned work: until when, by whom, told once when it runs over."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.agent.commands import PLANNED_H, carry_out
from gateway.core.incident import Cause, ChangeKind, Verdict
from gateway.core.works import Work
from gateway.ports import Command


def command(kind: str, **body: str) -> Command:
    return Command(1, kind, 0.0, "Karim", body)


def test_work_that_runs_over_is_told_once_and_ends_with_the_work(site: Any) -> None:
    site.watch.maintenance("srv-1", site.now, Work(site.now + 100, "Karim"))
    end = site.now + 100
    site.step(12)
    incident = site.only()
    assert (incident.cause, incident.root_device, incident.priority) == (Cause.MAINTENANCE_OVERDUE, "srv-1", "P3")
    assert (incident.opened_at, incident.story[0].text) == (end, "Karim")
    site.step(20)
    assert len(site.changes) == 1
    outcome = site.watch.maintenance("srv-1", site.now, None)
    assert [one.kind for one in outcome.changes] == [ChangeKind.RESTORED]


def test_work_announced_anew_is_not_late_until_its_new_end(site: Any) -> None:
    site.watch.maintenance("srv-1", site.now, Work(site.now + 60, "Karim"))
    site.step(6)
    outcome = site.watch.maintenance("srv-1", site.now, Work(site.now + 120, "Samira"))
    assert [one.kind for one in outcome.changes] == [ChangeKind.RESTORED]
    assert {(one.value, one.label) for one in outcome.transitions} == {(site.now + 120, "Samira")}
    site.step(12)
    assert len([one for one in site.changes if one.kind is ChangeKind.OPENED]) == 2


def test_a_new_watch_takes_up_until_when_work_was_planned(site: Any, make_depot: Any) -> None:
    outcome = site.watch.maintenance("srv-1", site.now, Work(site.now + 3000, "Karim"))
    again = make_depot(site.park)
    again.watch.resume(outcome.transitions, [])
    assert again.watch.works == {"srv-1": Work(site.now + 3000, "Karim")}


def test_work_on_the_whole_site_is_one_incident_when_it_runs_over_and_spares_the_box(site: Any) -> None:
    outcome, refusal = carry_out(site.watch, command("maintenance_start", subject="*", hours="1"), site.now)
    assert refusal == ""
    assert site.watch.verdict("srv-1") is Verdict.MAINTENANCE
    assert "gateway" not in site.watch.works
    assert {one.label for one in outcome.transitions} == {"Karim"}
    site.silent |= {"srv-1"}
    site.step(125)
    incident = site.only()
    assert (incident.cause, incident.root_device) == (Cause.MAINTENANCE_OVERDUE, None)
    carry_out(site.watch, command("maintenance_end", subject="*"), site.now)
    assert site.watch.works == {}


def test_work_without_a_length_is_planned_for_some_hours(site: Any) -> None:
    carry_out(site.watch, command("maintenance_start", subject="srv-1"), site.now)
    assert site.watch.works["srv-1"].until == site.now + PLANNED_H * 3600


@pytest.mark.parametrize("hours", ["0", "-1", "1000", "two", "nan"])
def test_an_odd_length_is_refused(site: Any, hours: str) -> None:
    outcome, refusal = carry_out(site.watch, command("maintenance_start", subject="srv-1", hours=hours), site.now)
    assert not outcome
    assert "hours" in refusal
