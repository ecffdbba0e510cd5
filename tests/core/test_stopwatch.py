"""The three clocks of an incident: who stops them, what makes them wait, and bugs of others that must not be ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.calendar import Calendar
from gateway.core.incident import Change, ChangeKind, Incident
from gateway.core.stopwatch import Promise, stopwatches

HOUR = 3600.0
WEEK = dict.fromkeys(("sun", "mon", "tue", "wed", "thu"), ((480, 990),))
DESK = Calendar("Africa/Algiers", WEEK)
PROMISE = Promise(4 * HOUR, 8 * HOUR, 16 * HOUR)


def at(text: str, zone: str = "Africa/Algiers") -> float:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZoneInfo(zone)).timestamp()


def fault(opened: str, **fields: object) -> Incident:
    moment = at(opened)
    return replace(Incident("i-1", "service_down", "erp", "reach.up", "", "P1", moment, moment), **fields)  # type: ignore[arg-type]


def test_each_clock_stops_at_its_own_step() -> None:
    one = fault(
        "06-01T10:00",
        acknowledged_at=at("06-01T11:00"),
        acknowledged_by="Nadia",
        intervention_at=at("06-01T13:00"),
        restored_at=at("06-02T09:00"),
    )
    clocks = stopwatches(one, PROMISE, DESK, at("06-03T12:00"))
    assert clocks.response and clocks.intervention and clocks.restore  # noqa: PT018
    assert clocks.response.used_s == HOUR
    assert clocks.intervention.used_s == 3 * HOUR
    assert clocks.restore.used_s == 7.5 * HOUR
    assert not clocks.restore.missed


def test_the_button_on_the_box_answers_for_nobody() -> None:
    pressed = fault("06-01T10:00", acknowledged_at=at("06-01T10:01"), acknowledged_by="panel")
    clock = stopwatches(pressed, PROMISE, DESK, at("06-01T12:00")).response
    assert clock is not None
    assert (clock.done_at, clock.used_s) == (None, 2 * HOUR)
    moment = at("06-01T11:30")
    taken = replace(pressed, story=(Change("i-1", ChangeKind.ACKNOWLEDGED, moment, moment, "Nadia"),))
    later = stopwatches(taken, PROMISE, DESK, at("06-01T12:00")).response
    assert later is not None
    assert later.done_at == moment


def test_who_intervenes_has_taken_it_up_and_what_is_restored_needs_neither() -> None:
    begun = stopwatches(fault("06-01T10:00", intervention_at=at("06-01T11:00")), PROMISE, DESK, at("06-01T15:00"))
    assert begun.response is not None
    assert begun.response.done_at == at("06-01T11:00")
    over = stopwatches(fault("06-01T10:00", restored_at=at("06-01T10:30")), PROMISE, DESK, at("06-01T15:00"))
    assert [one and one.done_at for one in (over.response, over.intervention, over.restore)] == [at("06-01T10:30")] * 3


def test_waiting_for_a_supplier_over_the_week_end_costs_its_open_hours_only() -> None:
    # glpi#10594: the pause must not push the due date by the 65 hours of the wall
    waits = ((at("06-04T16:00"), at("06-07T09:00")),)
    clocks = stopwatches(fault("06-04T15:30"), Promise(4 * HOUR, None, 4 * HOUR), DESK, at("06-07T12:00"), waits)
    assert clocks.restore is not None
    assert clocks.restore.due_at == at("06-07T12:30")
    assert (clocks.restore.used_s, clocks.restore.paused_s) == (3.5 * HOUR, 1.5 * HOUR)
    assert clocks.response is not None
    assert clocks.response.due_at == at("06-07T11:00"), "being taken up waits for nobody"


def test_a_promise_that_changes_during_a_pause_forgets_no_pause() -> None:
    # glpi#6902: the time already waited was lost with the old SLA
    waits = ((at("06-01T11:00"), at("06-01T13:00")),)
    before = stopwatches(fault("06-01T10:00"), PROMISE, DESK, at("06-01T12:00"), waits).restore
    after = stopwatches(fault("06-01T10:00"), Promise(restore_s=4 * HOUR), DESK, at("06-01T12:00"), waits).restore
    assert before and after  # noqa: PT018
    assert after.used_s == before.used_s == HOUR
    assert after.due_at == at("06-01T16:00")


def test_nothing_is_missed_while_it_waits() -> None:
    # glpi#24481
    waits = ((at("06-01T11:00"), None),)
    clock = stopwatches(fault("06-01T10:00"), Promise(restore_s=4 * HOUR), DESK, at("06-20T12:00"), waits).restore
    assert clock is not None
    assert not clock.missed
    assert clock.due_at is None


def test_the_clock_runs_in_the_responders_hours_and_zone() -> None:
    paris = Calendar("Europe/Paris", dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ((540, 1080),)))
    friday = fault("06-05T10:00")  # a closed day in Algiers
    depot = stopwatches(friday, PROMISE, DESK, at("06-05T12:00")).response
    desk = stopwatches(friday, PROMISE, paris, at("06-05T12:00")).response
    assert depot is not None
    assert desk is not None
    assert depot.used_s == 0
    assert desk.due_at == at("06-05T15:00", "Europe/Paris")


def test_nothing_promised_has_no_clock() -> None:
    clocks = stopwatches(fault("06-01T10:00"), Promise(), DESK, at("06-01T12:00"))
    assert (clocks.response, clocks.intervention, clocks.restore) == (None, None, None)


MOMENT = st.integers(0, 14 * 86_400).map(lambda s: at("06-01T00:00") + s)
PAUSES = st.lists(st.tuples(MOMENT, MOMENT).map(lambda p: (min(p), max(p))), max_size=4)


@given(PAUSES, MOMENT)
def test_used_and_paused_time_add_up_to_the_open_time(pauses: list[tuple[float, float]], now: float) -> None:
    clock = stopwatches(fault("06-01T10:00"), PROMISE, DESK, now, pauses).restore
    assert clock is not None
    assert clock.used_s + clock.paused_s == pytest.approx(DESK.business_seconds(at("06-01T10:00"), now))


@given(PAUSES, MOMENT)
def test_a_running_clock_is_missed_exactly_after_its_due_date(pauses: list[tuple[float, float]], now: float) -> None:
    clock = stopwatches(fault("06-01T10:00"), PROMISE, DESK, now, pauses).restore
    assert clock is not None
    if clock.missed:
        assert clock.due_at is not None
        assert clock.due_at < now
    if clock.due_at is None or clock.due_at >= now:
        assert not clock.missed


@given(PAUSES)
def test_pauses_entered_twice_and_out_of_order_count_once(pauses: list[tuple[float, float]]) -> None:
    now = at("06-20T12:00")
    one = stopwatches(fault("06-01T10:00"), PROMISE, DESK, now, pauses)
    assert stopwatches(fault("06-01T10:00"), PROMISE, DESK, now, [*pauses[::-1], *pauses]) == one
