"""Business time and due dates: worked cases of an Algerian depot, and what must hold for every calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.calendar import Calendar
from gateway.core.intervals import OpenSpan, total

HOUR = 3600.0
DAYS = ("sun", "mon", "tue", "wed", "thu")
NORMAL = dict.fromkeys(DAYS, ((480, 990),))
RAMADAN = dict.fromkeys(DAYS, ((510, 930),))
FEASTS = frozenset(
    date.fromisoformat(day)
    for day in ("2026-03-20", "2026-03-21", "2026-03-22", "2026-06-16", "2026-06-25", "2026-07-05", "2027-01-01")
)
DEPOT = Calendar("Africa/Algiers", NORMAL, FEASTS, ((date(2026, 2, 18), date(2026, 3, 19), RAMADAN),))


def at(text: str) -> float:
    """A local time of Algiers as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Africa/Algiers")).timestamp()


CASES = [
    ("monday morning", "2026-06-01T10:00", 4, "2026-06-01T14:00", ()),
    ("over the night", "2026-06-01T15:30", 4, "2026-06-02T11:00", ()),
    ("over friday and saturday", "2026-06-04T15:30", 4, "2026-06-07T11:00", ()),
    ("opened on a closed day", "2026-06-05T11:00", 4, "2026-06-07T12:00", ()),
    ("opened at closing time", "2026-06-04T16:30", 1, "2026-06-07T09:00", ()),
    ("due at closing time, not at the next opening", "2026-06-07T07:59", 8.5, "2026-06-07T16:30", ()),
    ("over a feast", "2026-06-15T15:30", 4, "2026-06-17T11:00", ()),
    ("over a feast after the week-end", "2026-07-02T15:30", 4, "2026-07-06T11:00", ()),
    ("ramadan hours", "2026-03-01T14:30", 4, "2026-03-02T11:30", ()),
    ("from ramadan over the feast into normal hours", "2026-03-19T14:30", 4, "2026-03-23T11:00", ()),
    ("over the year", "2026-12-31T15:30", 4, "2027-01-03T11:00", ()),
    ("a pause", "2026-06-01T10:00", 4, "2026-06-01T16:00", (("2026-06-01T11:00", "2026-06-01T13:00"),)),
    (
        "a pause over the week-end counts its open hours only",
        "2026-06-04T15:30",
        4,
        "2026-06-07T12:30",
        (("2026-06-04T16:00", "2026-06-07T09:00"),),
    ),
]


@pytest.mark.parametrize(("opened", "hours", "due", "pauses"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_a_delay_runs_in_business_time(
    opened: str, hours: float, due: str, pauses: tuple[tuple[str, str], ...]
) -> None:
    pending: list[OpenSpan] = [(at(a), at(b)) for a, b in pauses]
    assert DEPOT.due(at(opened), hours * HOUR, pending) == at(due)


def test_an_outage_over_the_week_end_touches_75_business_minutes_of_3885() -> None:
    start, end = at("2026-06-04T16:00"), at("2026-06-07T08:45")
    assert (DEPOT.business_seconds(start, end) / 60, (end - start) / 60) == (75, 3885)


@pytest.mark.parametrize(
    ("special", "first", "last", "minutes"),
    [
        ((), "2026-06-01T00:00", "2026-07-01T00:00", 10_200),
        ((), "2026-03-01T00:00", "2026-04-01T00:00", 11_220),
        (DEPOT.special, "2026-03-01T00:00", "2026-04-01T00:00", 9_870),
    ],
)
def test_open_minutes_of_a_month(special: tuple[object, ...], first: str, last: str, minutes: int) -> None:
    calendar = Calendar("Africa/Algiers", NORMAL, FEASTS, special)  # type: ignore[arg-type]
    assert calendar.business_seconds(at(first), at(last)) / 60 == minutes


def test_a_delay_that_no_calendar_can_hold_has_no_due_date() -> None:
    assert Calendar("UTC", {}).due(0, HOUR) is None
    assert DEPOT.due(at("2026-06-01T10:00"), HOUR, [(at("2026-06-01T10:30"), None)]) is None


def test_no_delay_is_due_at_once_even_when_closed() -> None:
    assert DEPOT.due(at("2026-06-05T11:00"), 0) == at("2026-06-05T11:00")


def test_always_open_ignores_week_feasts_and_special_hours() -> None:
    always = Calendar("Africa/Algiers", NORMAL, FEASTS, DEPOT.special, always_on=True)
    assert always.business_seconds(at("2026-06-01T00:00"), at("2026-07-01T00:00")) == 30 * 24 * HOUR
    assert always.due(at("2026-06-05T11:00"), 4 * HOUR) == at("2026-06-05T15:00")
    assert always.is_open(at("2026-06-05T03:00"))


def test_the_later_special_hours_win_and_a_feast_beats_both() -> None:
    day = date(2026, 6, 1)
    calendar = Calendar(
        "UTC", NORMAL, frozenset({date(2026, 6, 2)}), ((day, date(2026, 6, 3), RAMADAN), (day, day, {}))
    )
    assert calendar.hours(date(2026, 6, 1)) == ()
    assert calendar.hours(date(2026, 6, 2)) == ()
    assert calendar.hours(date(2026, 6, 3)) == ((510, 930),)


NIGHT = dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), ((60, 240),))  # 01:00 to 04:00


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-28", 3), ("2026-03-29", 2), ("2026-10-25", 4), ("2026-10-26", 3)],
    ids=["before summer time", "an hour is skipped", "an hour comes twice", "after summer time"],
)
def test_a_night_shift_over_the_change_of_summer_time(day: str, hours: int) -> None:
    paris = Calendar("Europe/Paris", NIGHT)
    start = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=ZoneInfo("Europe/Paris"))
    end = start.replace(hour=23)
    assert paris.business_seconds(start.timestamp(), end.timestamp()) == hours * HOUR


INSTANT = st.integers(
    int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2026, 12, 1, tzinfo=UTC).timestamp())
)


@given(INSTANT, st.integers(1, 40 * 3600), st.sampled_from([DEPOT, Calendar("Europe/Paris", NORMAL)]))
def test_a_delay_is_due_when_exactly_its_business_time_has_passed(
    start: int, business_s: int, calendar: Calendar
) -> None:
    due = calendar.due(start, business_s)
    assert due is not None
    assert calendar.business_seconds(start, due) == business_s
    assert calendar.business_seconds(start, due - 1) == business_s - 1


@given(INSTANT, st.integers(1, 20 * 86400), st.integers(1, 20 * 86400))
def test_open_time_of_two_halves_is_that_of_the_whole(start: int, first: int, second: int) -> None:
    middle, end = start + first, start + first + second
    assert total(DEPOT.open_spans(start, middle)) + total(DEPOT.open_spans(middle, end)) == DEPOT.business_seconds(
        start, end
    )


def test_a_closure_over_the_turn_of_the_year_comes_back_every_year() -> None:
    closed = Calendar("Africa/Algiers", NORMAL, closures=(((12, 25), (1, 3)),))
    for year in (2026, 2027, 2031):
        assert closed.hours(date(year, 12, 25)) == closed.hours(date(year + 1, 1, 3)) == ()
    assert closed.due(at("2026-12-24T15:30"), 4 * HOUR) == at("2027-01-04T11:00")
    assert closed.hours(date(2027, 1, 4)) == ((480, 990),)


def test_a_closure_within_the_year_leaves_the_rest_of_it_open() -> None:
    august = Calendar("Africa/Algiers", NORMAL, closures=(((8, 2), (8, 20)),))
    assert august.hours(date(2026, 8, 3)) == ()
    assert august.hours(date(2026, 8, 23)) == august.hours(date(2026, 12, 27)) == ((480, 990),)


def test_always_open_ignores_closures() -> None:
    assert Calendar(always_on=True, closures=(((1, 1), (12, 31)),)).is_open(at("2026-06-01T03:00"))
