"""The four figures of the steering page."""

from __future__ import annotations

import pytest

from gateway.core.calendar import Calendar
from gateway.core.device import Cost, Device
from gateway.core.figures import RECURRENCE_S, SiteFacts, four_figures
from gateway.core.incident import Incident
from gateway.core.service_level import Facts, Standing

ALWAYS = Calendar(always_on=True)
MORNING = Calendar("UTC", dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ((480, 720),)))
DAY = 86_400.0
END = 365 * DAY


def incident(
    opened_at: float,
    restored_at: float | None = None,
    *,
    cause: str = "disk_full",
    root: str = "nas",
    priority: str = "P2",
    into: str = "",
) -> Incident:
    """One incident; its id does not matter here."""
    return Incident(
        f"{cause}-{opened_at}",
        cause,
        root,
        "",
        "",
        priority,
        opened_at,
        opened_at,
        restored_at=restored_at,
        merged_into=into,
    )


def site(**known: object) -> SiteFacts:
    """A site over the last thirty days of a year, always at work."""
    return SiteFacts("d1", END - 30 * DAY, END, ALWAYS, **known)  # type: ignore[arg-type]


def test_availability_of_all_critical_services_with_target_and_what_is_missed() -> None:
    services = [
        (Facts(0, 1000, ((0, 10),)), ALWAYS),
        (Facts(0, 1000, unknown=((0, 20),)), ALWAYS),
    ]
    figures = four_figures([site(critical=services)], 0.995)
    assert figures.availability is not None
    assert figures.availability.availability == pytest.approx(1 - 10 / 1980)
    assert figures.availability.coverage == pytest.approx(0.99)
    assert figures.standing is Standing.MISSED
    assert figures.missed_s == pytest.approx(10 - 0.005 * 1980)


def test_without_critical_services_or_target_nothing_is_promised() -> None:
    empty = four_figures([site()], 0.995)
    assert (empty.availability, empty.standing, empty.missed_s) == (None, None, 0.0)
    aimless = four_figures([site(critical=[(Facts(0, 10), ALWAYS)])])
    assert (aimless.standing, aimless.missed_s) == (None, 0.0)


def test_time_to_repair_is_of_faults_restored_in_the_period() -> None:
    found = [
        incident(END - 100, END - 40),
        incident(END - 100, END - 80),
        incident(END - 100),
        incident(END - 40 * DAY, END - 35 * DAY),
        incident(END - 100, END - 1, priority="P4"),
        incident(END - 100, END - 1, into="other"),
    ]
    repair = four_figures([site(incidents=found)]).repair
    assert (repair.business_s, repair.wall_s, repair.count) == (40, 40, 2)


def test_a_fault_outside_business_time_counts_for_no_repair_time() -> None:
    night = incident(END - DAY, END - DAY + 3600)
    noon = incident(END - DAY + 11 * 3600, END - DAY + 13 * 3600)
    facts = SiteFacts("d1", END - 30 * DAY, END, MORNING, incidents=[night, noon])
    repair = four_figures([facts]).repair
    assert (repair.business_s, repair.wall_s, repair.count) == (3600, 7200, 1)


def test_no_repair_has_no_mean() -> None:
    repair = four_figures([site()]).repair
    assert (repair.business_s, repair.wall_s, repair.count) == (None, None, 0)


def test_the_same_cause_at_the_same_root_twice_in_180_days_recurs() -> None:
    found = [
        incident(END - RECURRENCE_S, END - 1),
        incident(END - 5, END - 1),
        incident(END - 4, root="srv"),
        incident(END - 3, root="srv", cause="overheating"),
        incident(END - RECURRENCE_S - 1, root="old"),
        incident(END - 2, root="old"),
    ]
    recurring = four_figures([site(incidents=found)]).recurring
    assert [(one.site, one.cause, one.root_device, one.count, one.last_opened_at) for one in recurring] == [
        ("d1", "disk_full", "nas", 2, END - 5)
    ]


def test_like_faults_at_two_sites_are_no_recurrence() -> None:
    sites = [SiteFacts(name, END - DAY, END, ALWAYS, incidents=[incident(END - 5)]) for name in ("d1", "d2")]
    assert four_figures(sites).recurring == ()


def test_costs_add_up_to_the_last_centime_and_say_what_is_not_known() -> None:
    devices = [
        Device("a", "a", perimeter="core", cost=Cost(monthly=0.1)),
        Device("b", "b", perimeter="core", cost=Cost(monthly=0.2)),
        Device("c", "c", cost=Cost(monthly=1200)),
        Device("d", "d"),
    ]
    cost = four_figures([site(devices=devices)]).cost
    assert cost.by_perimeter == (("", 1200.0), ("core", 0.3))
    assert (cost.total, cost.unknown) == (1200.3, 1)


def test_no_cost_known_is_not_a_cost_of_nothing() -> None:
    cost = four_figures([site(devices=[Device("d", "d")])]).cost
    assert (cost.total, cost.by_perimeter, cost.unknown) == (None, (), 1)
