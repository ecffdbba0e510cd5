"""Availability, coverage, bounds and repair times: one worked month, edge cases, and laws that must always hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.calendar import Calendar
from gateway.core.intervals import OpenSpan, clip, subtract, union
from gateway.core.service_level import (
    CONCLUSIVE_COVERAGE,
    Facts,
    ServiceLevel,
    Standing,
    budget,
    measure,
    missed_by_s,
    pool,
    standing,
)

HOUR = 3600.0
WEEK = dict.fromkeys(("sun", "mon", "tue", "wed", "thu"), ((480, 990),))
DEPOT = Calendar("Africa/Algiers", WEEK, frozenset({date(2026, 6, 16), date(2026, 6, 25)}))
ALWAYS = Calendar(always_on=True)


def at(text: str) -> float:
    """A local time of Algiers in June 2026, written "day hour:minute"."""
    day, clock = text.split()
    return (
        datetime.fromisoformat(f"2026-06-{int(day):02}T{clock}").replace(tzinfo=ZoneInfo("Africa/Algiers")).timestamp()
    )


def spans(*pairs: str) -> tuple[OpenSpan, ...]:
    """ "2 10:00 > 2 11:30" as an interval."""
    return tuple((at(a), at(b)) for a, _, b in (pair.partition(" > ") for pair in pairs))


JUNE = Facts(
    at("1 00:00"),
    at("30 00:00") + 24 * HOUR,
    outages=spans(
        "2 10:00 > 2 11:30",
        "3 15:00 > 3 18:00",
        "4 16:00 > 7 08:45",
        "9 13:00 > 9 14:30",
        "16 09:00 > 16 15:00",
    ),
    maintenance=spans("3 16:00 > 3 20:00"),
    unknown=spans("8 09:00 > 8 12:00", "9 13:30 > 9 14:30"),
)


def test_a_month_worked_out_by_hand() -> None:
    level = measure(JUNE, DEPOT)
    assert level.contract_s == 595_800
    assert level.down_s == 15_300
    assert level.unknown_s == 14_400
    assert level.maintenance_s == 1_800
    assert level.availability == pytest.approx(0.974320241691843, abs=1e-12)
    assert level.coverage == pytest.approx(0.976401179941003, abs=1e-12)
    assert level.bounds == pytest.approx((0.9513274336283186, 0.9749262536873157), abs=1e-12)
    # the outage of the feast touches no contract time: four outages count, not five
    assert level.outages == 4
    assert level.mttr_business_s == 3825
    assert level.mttr_wall_s == 63_675
    assert level.mtbf_s == 145_125


def one(outages: tuple[OpenSpan, ...] = (), **other: tuple[OpenSpan, ...]) -> ServiceLevel:
    """A hundred seconds of a service that is always on."""
    return measure(Facts(0, 100, outages, **other), ALWAYS)


def test_no_contract_time_is_not_available_rather_than_none_or_all() -> None:
    level = one(((0, 50),), unknown=((0, 100),))
    assert (level.availability, level.coverage, level.bounds) == (None, 0.0, (0.0, 1.0))
    closed = measure(Facts(at("5 00:00"), at("6 00:00")), DEPOT)
    assert (closed.availability, closed.coverage, closed.bounds) == (None, None, (None, None))


def test_an_outage_that_still_lasts_counts_as_down_but_for_no_mean_time_to_repair() -> None:
    level = one(((10, 20), (90, None)))
    assert (level.down_s, level.outages, level.mttr_wall_s, level.mtbf_s) == (20, 2, 10, 40)
    assert one(((90, None),)).mttr_wall_s is None


def test_an_outage_that_joins_one_that_lasts_lasts_too() -> None:
    level = one(((80, 95), (95, None)))
    assert (level.outages, level.mttr_business_s) == (1, None)


def test_an_outage_wholly_unknown_before_one_that_lasts_is_not_counted() -> None:
    level = one(((10, 20), (50, 60), (90, None)), unknown=((90, 100),))
    assert (level.outages, level.mttr_wall_s) == (2, 10)


def test_an_outage_cut_by_the_end_of_the_period_is_split_not_moved() -> None:
    level = one(((90, 500),))
    assert (level.down_s, level.mttr_wall_s) == (10, 10)


def test_an_outage_into_maintenance_counts_only_outside_of_it() -> None:
    assert one(((10, 40),), maintenance=((30, 60),)).down_s == 20


def test_overlapping_maintenance_is_taken_off_once() -> None:
    assert one(maintenance=((10, 40), (30, 60), (30, 35))).contract_s == 50


def test_down_then_unknown_then_down_is_down_where_it_was_measured() -> None:
    level = one(((10, 20), (30, 40)), unknown=((20, 30),))
    assert (level.down_s, level.outages, level.bounds) == (20, 2, (0.7, 0.8))


LEVEL = one()


@pytest.mark.parametrize(
    ("availability", "coverage", "best", "target", "expected"),
    [
        (0.996, 1.0, 0.996, 0.995, Standing.KEPT),
        (0.995, 1.0, 0.995, 0.995, Standing.KEPT),
        (0.994, 1.0, 0.994, 0.995, Standing.MISSED),
        (1.0, 0.94, 1.0, 0.995, Standing.INCONCLUSIVE),
        (0.5, 0.94, 0.6, 0.995, Standing.MISSED),
        (0.99, 0.94, 0.996, 0.995, Standing.INCONCLUSIVE),
        (None, 0.0, 1.0, 0.995, Standing.INCONCLUSIVE),
    ],
)
def test_too_little_measured_time_never_keeps_a_target(
    availability: float | None, coverage: float, best: float, target: float, expected: Standing
) -> None:
    level = replace(LEVEL, availability=availability, coverage=coverage, bounds=(0.0, best))
    assert standing(level, target) is expected


def test_a_target_is_missed_by_the_seconds_beyond_what_it_allows() -> None:
    level = replace(LEVEL, contract_s=10_000, down_s=150)
    assert missed_by_s(level, 0.99) == pytest.approx(50)
    assert missed_by_s(level, 0.98) == 0


@pytest.mark.parametrize(
    ("down", "unknown", "to_come", "expected"),
    [
        (40, 0, 9000, Standing.IN_PROGRESS),
        (100, 0, 9000, Standing.IN_PROGRESS),
        (101, 0, 9000, Standing.MISSED),
        (11, 0, 0, Standing.MISSED),
        (0, 60, 9000, Standing.INCONCLUSIVE),
        (500, 100, 9000, Standing.MISSED),
    ],
)
def test_while_a_period_runs_its_target_is_missed_only_once_its_whole_budget_is_used_up(
    down: float, unknown: float, to_come: float, expected: Standing
) -> None:
    level = measure(Facts(0, 1000, ((0, down),), unknown=((1000 - unknown, 1000),)), ALWAYS)
    assert standing(level, 0.99, to_come) is expected
    assert (budget(level, 0.99, to_come).left_s < 1e-9) is (expected is Standing.MISSED or down == 100)


def test_a_period_that_has_only_begun_is_in_progress_and_one_without_service_hours_says_nothing() -> None:
    closed = measure(Facts(0, 3600, ((0, 3600),)), Calendar("UTC"))
    assert closed.availability is None
    assert standing(closed, 0.99, 1000) is Standing.IN_PROGRESS
    assert budget(closed, 0.99, 1000).left_s == pytest.approx(10)
    assert standing(closed, 0.99, 0) is Standing.INCONCLUSIVE
    assert budget(closed, 0.99, 0).burn is None


def test_services_together_weigh_as_much_as_their_hours() -> None:
    short, long = measure(Facts(0, 100, ((0, 50),)), ALWAYS), measure(Facts(0, 900, unknown=((0, 90),)), ALWAYS)
    both = pool([short, long])
    assert both.availability == pytest.approx(1 - 50 / 910)
    assert both.coverage == pytest.approx(910 / 1000)
    assert both.bounds == pytest.approx((1 - 140 / 1000, 1 - 50 / 1000))
    assert pool([]).availability is None


# laws

START, END = int(at("1 00:00")), int(at("15 00:00"))
MOMENT = st.integers(START - 86_400, END + 86_400)
CLOSED = st.tuples(MOMENT, MOMENT).map(lambda pair: (float(min(pair)), float(max(pair))))
SOME = st.lists(st.one_of(CLOSED, MOMENT.map(lambda moment: (float(moment), None))), max_size=5).map(tuple)
FACTS = st.builds(Facts, st.just(float(START)), st.just(float(END)), SOME, SOME, SOME)
CALENDAR = st.sampled_from([DEPOT, ALWAYS])


@given(FACTS, CALENDAR)
def test_bounds_hold_the_availability(facts: Facts, calendar: Calendar) -> None:
    level = measure(facts, calendar)
    low, high = level.bounds
    if level.availability is not None:
        assert low is not None
        assert high is not None
        assert low - 1e-12 <= level.availability <= high + 1e-12
        assert 0 <= level.availability <= 1


@given(FACTS, CALENDAR, st.data())
def test_maintenance_over_an_outage_never_lowers_availability(
    facts: Facts, calendar: Calendar, data: st.DataObject
) -> None:
    down = clip(facts.outages, facts.start, facts.end)
    if not down:
        return
    start, end = data.draw(st.sampled_from(down))
    before = measure(facts, calendar).availability
    after = measure(replace(facts, maintenance=(*facts.maintenance, (start, end))), calendar).availability
    if before is not None and after is not None:
        assert after >= before - 1e-12


@given(FACTS, CALENDAR, CLOSED)
def test_maintenance_over_time_that_was_up_never_raises_availability(
    facts: Facts, calendar: Calendar, work: tuple[float, float]
) -> None:
    up = subtract(union([work]), clip(facts.outages, facts.start, facts.end))
    before = measure(facts, calendar).availability
    after = measure(replace(facts, maintenance=(*facts.maintenance, *up)), calendar).availability
    if before is not None and after is not None:
        assert after <= before + 1e-12


@given(FACTS, CALENDAR, st.integers(START + 1, END - 1))
def test_two_halves_add_up_to_the_whole(facts: Facts, calendar: Calendar, middle: int) -> None:
    whole = measure(facts, calendar)
    halves = pool(
        [measure(replace(facts, end=float(middle)), calendar), measure(replace(facts, start=float(middle)), calendar)]
    )
    for key in ("contract_s", "down_s", "unknown_s", "maintenance_s", "worst_s"):
        assert getattr(halves, key) == getattr(whole, key)
    assert halves.availability == pytest.approx(whole.availability)


TARGET = st.sampled_from([0.9, 0.99, 0.995, 1.0])


@given(FACTS, CALENDAR, st.integers(START + 1, END - 1), TARGET)
def test_what_is_missed_half_way_is_missed_in_the_end(
    facts: Facts, calendar: Calendar, middle: int, target: float
) -> None:
    facts = replace(facts, maintenance=())  # work that is entered later gives hours back
    to_come = calendar.business_seconds(middle, facts.end)
    so_far = standing(measure(replace(facts, end=float(middle)), calendar), target, to_come)
    if so_far is Standing.MISSED:
        assert standing(measure(facts, calendar), target) is Standing.MISSED


@given(FACTS, CALENDAR, st.integers(START + 1, END - 1), TARGET)
def test_what_is_in_progress_half_way_can_still_be_kept(
    facts: Facts, calendar: Calendar, middle: int, target: float
) -> None:
    so_far = replace(facts, end=float(middle))
    level, to_come = measure(so_far, calendar), calendar.business_seconds(middle, facts.end)
    stands, left = standing(level, target, to_come), budget(level, target, to_come).left_s
    if stands is Standing.IN_PROGRESS:
        # everything up from now on, and what was unknown up after all
        best = Facts(
            facts.start, facts.end, clip(facts.outages, facts.start, middle), clip(facts.maintenance, 0, middle)
        )
        best = replace(best, outages=subtract(clip(best.outages, 0, END), clip(so_far.unknown, facts.start, middle)))
        assert standing(measure(best, calendar), target) is Standing.KEPT
        assert level.coverage is None or level.coverage >= CONCLUSIVE_COVERAGE
    if stands is Standing.MISSED:
        assert left == pytest.approx(0, abs=1e-6)
        assert missed_by_s(level, target, to_come) > 0
    elif level.coverage is not None:
        assert level.down_s <= budget(level, target, to_come).allowed_s + 1e-6


@given(FACTS, CALENDAR, TARGET)
def test_at_its_last_instant_a_period_stands_as_it_does_when_it_is_over(
    facts: Facts, calendar: Calendar, target: float
) -> None:
    level = measure(replace(facts, unknown=()), calendar)
    running, over = standing(level, target, 0.0), standing(level, target)
    assert running is (Standing.IN_PROGRESS if over is Standing.KEPT else over)


@given(FACTS, CALENDAR)
def test_order_and_repetition_of_the_facts_do_not_matter(facts: Facts, calendar: Calendar) -> None:
    again = replace(facts, outages=(*facts.outages[::-1], *facts.outages), unknown=facts.unknown[::-1] * 2)
    assert measure(again, calendar) == measure(facts, calendar)
