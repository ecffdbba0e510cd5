"""What the notification policy weighs, from literal facts: criticality, clocks, planned work."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from gateway.clock import FakeClock
from gateway.core.amendment import Amendment, Kind, Ruling
from gateway.core.device import Criticality
from web.desk.decisions import MemoryBook, amended, ruled
from web.desk.duty import TOLD_S, Duty, on_duty


def planned(sahel: ModuleType, **more: object) -> Amendment:
    """Work on the till server from an hour ago to an hour from now, entered the day before."""
    start, end = sahel.NOW - sahel.HOUR, sahel.NOW + sahel.HOUR
    work = Amendment("a1", Kind.MAINTENANCE, "rouiba", "srv-1", start, end, sahel.NOW - sahel.DAY, "Karim")
    return replace(work, **more)  # type: ignore[arg-type]


def weighed(sahel: ModuleType, *work: Amendment, now: float | None = None, ruling: Ruling | None = None) -> bool:
    entries = [amended(one, one.entered_by, one.entered_at) for one in work] + ([ruled(ruling)] if ruling else [])
    [one] = on_duty([sahel.site("rouiba", "Rouiba", sahel.TILL)], entries, now or sahel.NOW)
    return one.planned


def test_an_incident_comes_with_its_criticality_and_both_clocks(sahel: ModuleType):
    [one] = on_duty([sahel.site("rouiba", "Rouiba", sahel.TILL)], [], sahel.NOW)
    assert (one.site, one.incident.id, one.criticality) == ("rouiba", sahel.TILL.id, Criticality.CRITICAL)
    assert one.clocks.response is not None
    assert one.clocks.restore is not None
    assert not one.planned


def test_what_was_over_long_ago_is_weighed_no_more(sahel: ModuleType):
    site = sahel.site("rouiba", "Rouiba", sahel.OLD)
    assert len(on_duty([site], [], sahel.OLD.restored_at + TOLD_S)) == 1
    assert on_duty([site], [], sahel.OLD.restored_at + TOLD_S + 1) == []


@pytest.mark.parametrize("subject", ["srv-1", "till", ""])
def test_planned_work_on_the_root_on_a_service_it_hits_or_on_the_site_covers_it(sahel: ModuleType, subject: str):
    assert weighed(sahel, planned(sahel, subject=subject))


@pytest.mark.parametrize("change", [{"subject": "ups-1"}, {"site": "blida"}, {"kind": Kind.PAUSE}])
def test_other_work_does_not(sahel: ModuleType, change: dict[str, object]):
    assert not weighed(sahel, planned(sahel, **change))


def test_work_that_runs_over_covers_nothing_any_more(sahel: ModuleType):
    assert not weighed(sahel, planned(sahel), now=sahel.NOW + sahel.HOUR)


def test_work_entered_afterwards_covers_only_once_the_owner_approves(sahel: ModuleType):
    late = planned(sahel, entered_at=sahel.NOW)
    assert not weighed(sahel, late)
    assert weighed(sahel, late, ruling=Ruling("a1", approved=True, at=sahel.NOW, by="Owner"))
    assert not weighed(sahel, late, ruling=Ruling("a1", approved=True, at=sahel.NOW, by="Karim"))


def test_facts_are_gathered_again_only_when_something_or_the_time_has_moved(sahel: ModuleType):
    clock, calls, version = FakeClock(sahel.NOW), [], ["1"]

    def sites() -> list[object]:
        calls.append(clock.wall())
        return [sahel.site("rouiba", "Rouiba", sahel.TILL)]

    duty = Duty(lambda: version[0], sites, MemoryBook(), clock)  # type: ignore[arg-type]
    for advance, seen in ((0.0, 1), (2.0, 1), (13.0, 2), (2.0, 2)):
        clock.advance(advance)
        assert len(duty.incidents()) == 1
        assert len(calls) == seen
    version[0] = "2"
    duty.incidents()
    assert len(calls) == 3
