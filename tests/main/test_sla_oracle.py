"""`vigie sla` against an oracle that shares nothing with it: it looks at every single minute and asks what it was.

Calendars are drawn with lunch breaks, nights, special periods that overlap, holidays and closures over the new year, in
zones with and without summer time; periods lie around the changes of the clock, the ends of months and of the year; the
facts overlap, stay open, reach beyond the period and come in any order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.service_level import measure
from gateway.main.sla import answer
from gateway.main.sla_facts import read_question

Json = dict[str, Any]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = ("Africa/Algiers", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC")
MOMENTS = {
    # the clock goes forward, back, a month ends, a year ends, Ramadan in Casablanca turns the clock back and forth
    "forward": datetime(2026, 3, 28, tzinfo=UTC),
    "back": datetime(2026, 10, 24, tzinfo=UTC),
    "new york": datetime(2026, 3, 7, tzinfo=UTC),
    "lord howe": datetime(2026, 4, 3, tzinfo=UTC),
    "casablanca": datetime(2026, 2, 14, tzinfo=UTC),
    "june": datetime(2026, 6, 27, tzinfo=UTC),
    "new year": datetime(2026, 12, 29, tzinfo=UTC),
    "leap day": datetime(2028, 2, 27, tzinfo=UTC),
}
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


# the oracle


class Minutes:
    """What an oracle has to know of a calendar, as it stands in the file. Instants are minutes since the epoch."""

    def __init__(self, calendar: Json, *, always_on: bool) -> None:
        self._calendar = calendar
        self._always_on = always_on
        self._zone = ZoneInfo(calendar["timezone"])
        self._pairs: dict[date, list[list[str]]] = {}

    def open(self, at: int) -> bool:
        """Is the depot at work in the minute that begins at ``at``?"""
        if self._always_on:
            return True
        local = datetime.fromtimestamp(at * 60, self._zone)
        today = local.date()
        if today not in self._pairs:
            self._pairs[today] = self._hours(today)
        clock = f"{local.hour:02}:{local.minute:02}"
        return any(opening <= clock < closing for opening, closing in self._pairs[today])

    def _hours(self, today: date) -> list[list[str]]:
        if today.isoformat() in self._calendar.get("holidays", ()) or self._closed(today):
            return []
        week = self._calendar["week"]
        for special in self._calendar.get("special", ()):
            if special["from"] <= today.isoformat() <= special["to"]:
                week = special["week"]
        pairs = week.get(DAYS[today.weekday()], [])
        return [pairs] if pairs and isinstance(pairs[0], str) else pairs

    def _closed(self, today: date) -> bool:
        """True if going back day by day from today one meets the first day of a closure before its last."""
        for one in self._calendar.get("closed", ()):
            day = today
            for _ in range(366):
                if f"{day:%m-%d}" == one["from"]:
                    return True
                day -= DAY
                if f"{day:%m-%d}" == one["to"]:
                    break
        return False


def minute(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() / 60)


def minutes_of(pairs: Iterable[list[str | None]]) -> list[tuple[int, int | None]]:
    return [(minute(start or ""), None if end is None else minute(end)) for start, end in pairs]


def within(at: int, pairs: Iterable[tuple[int, int | None]]) -> bool:
    """Does the minute lie in any of the intervals?"""
    return any(start <= at and (end is None or at < end) for start, end in pairs)


def by_the_minute(facts: Json) -> Json:
    """Every figure of `vigie sla`, counted in minutes."""
    minutes = Minutes(facts["calendar"], always_on=facts["always_on"])
    outages, work, dark = (minutes_of(facts[key]) for key in ("outages", "maintenance", "unknown"))
    first, end = map(minute, facts["period"])
    base = contract = down = unknown = resting = worst = 0
    runs: list[tuple[int, int, bool]] = []  # (contract minutes, minutes, still open) of each stretch of outage
    before = False
    for at in range(first, end):
        hours, out, blind = minutes.open(at), within(at, outages), within(at, dark)
        working = hours and within(at, work)
        counts = hours and not working and not blind
        base += hours and not working
        contract += counts
        resting += working
        unknown += hours and not working and blind
        down += counts and out
        worst += hours and not working and (out or blind)
        if out:
            felt, long, lasts = runs.pop() if before else (0, 0, False)
            lasts = lasts or any(until is None and start <= at for start, until in outages)
            runs.append((felt + counts, long + 1, lasts))
        before = out
    felt_runs = [run for run in runs if run[0]]
    ended = [run for run in felt_runs if not run[2]]
    return {
        "availability": (contract - down) / contract if contract else None,
        "coverage": contract / base if base else None,
        "bounds": [(base - worst) / base, (base - down) / base] if base else [None, None],
        "contract_s": contract * 60,
        "down_s": down * 60,
        "unknown_s": unknown * 60,
        "maintenance_s": resting * 60,
        "mttr_business_s": sum(run[0] for run in ended) * 60 / len(ended) if ended else None,
        "mttr_wall_s": sum(run[1] for run in ended) * 60 / len(ended) if ended else None,
        "mtbf_s": (contract - down) * 60 / len(felt_runs) if felt_runs else None,
        "outages": len(felt_runs),
        "due_at": [due_by_the_minute(minutes, one) for one in facts["due"]],
    }


def due_by_the_minute(minutes: Minutes, one: Json) -> int | None:
    """Walks on minute by minute until the delay is used up; never if a pause swallows the rest."""
    at, left, pauses = minute(one["at"]), one["business_s"] // 60, minutes_of(one["pending"])
    swallowed = min((start for start, end in pauses if end is None), default=None)
    while left:
        if swallowed is not None and at >= swallowed:
            return None
        left -= minutes.open(at) and not within(at, pauses)
        at += 1
    return at


# what is drawn


@st.composite
def hours(draw: st.DrawFn) -> list[Any]:
    """The hours of a day: one pair, two with a break, or a whole day; in any order."""
    marks = draw(st.lists(st.integers(0, 288), min_size=2, max_size=4, unique=True).map(sorted))
    marks = marks[: len(marks) // 2 * 2]
    texts = [f"{mark // 12:02}:{mark % 12 * 5:02}" for mark in marks]
    pairs = [texts[place : place + 2] for place in range(0, len(texts), 2)]
    return pairs[0] if len(pairs) == 1 and draw(st.booleans()) else draw(st.permutations(pairs))


def weeks() -> st.SearchStrategy[Json]:
    return st.dictionaries(st.sampled_from(DAYS), hours(), min_size=1, max_size=7)


@st.composite
def calendars(draw: st.DrawFn, around: date) -> Json:
    near = st.integers(-6, 12).map(lambda days: around + days * DAY)
    special = []
    for _ in range(draw(st.integers(0, 3))):
        first, last = sorted((draw(near), draw(near)))
        week = draw(st.one_of(st.just({}), weeks()))
        special.append({"from": first.isoformat(), "to": last.isoformat(), "week": week})
    calendar = {
        "timezone": draw(st.sampled_from(ZONES)),
        "week": draw(weeks()),
        "holidays": [day.isoformat() for day in draw(st.lists(near, max_size=3))],
        "special": special,
    }
    if draw(st.booleans()):
        first = draw(near)
        calendar["closed"] = [{"from": f"{first:%m-%d}", "to": f"{first + draw(st.integers(0, 9)) * DAY:%m-%d}"}]
    return calendar


@st.composite
def questions(draw: st.DrawFn) -> Json:
    """A whole FACTS.json: about a week and a half around a moment at which calendars go wrong."""
    first = MOMENTS[draw(st.sampled_from(sorted(MOMENTS)))] + draw(st.integers(0, 1440)) * MINUTE
    last = first + draw(st.integers(1, 6 * 1440)) * MINUTE
    offsets = st.sampled_from([0, 60, -300, 330])

    def instant(low: datetime, high: datetime) -> st.SearchStrategy[datetime]:
        return st.integers(0, int((high - low) / MINUTE)).map(lambda minutes: low + minutes * MINUTE)

    def written(at: datetime) -> str:
        zone = timezone(timedelta(minutes=draw(offsets)))
        return at.astimezone(zone).isoformat().replace("+00:00", "Z")

    def spans(low: datetime, high: datetime, most: int) -> list[list[str | None]]:
        found: list[list[str | None]] = []
        for _ in range(draw(st.integers(0, most))):
            start, end = sorted((draw(instant(low, high)), draw(instant(low, high))))
            found.append([written(start), None if draw(st.integers(0, 4)) == 0 else written(end)])
        return found

    early, late = first - 1440 * MINUTE, last + 1440 * MINUTE
    due = [
        {
            "at": written(draw(instant(early, late))),
            "business_s": 60 * draw(st.integers(0, 600)),
            "pending": spans(early, late, 3),
        }
        for _ in range(draw(st.integers(0, 2)))
    ]
    always_on = draw(st.integers(0, 4)) == 0
    return {
        "calendar": draw(calendars(first.date())),
        "period": [written(first), written(last)],
        "always_on": always_on,
        "outages": spans(early, late, 6),
        "maintenance": spans(early, late, 3),
        "unknown": spans(early, late, 3),
        "due": due,
    }


def computed(facts: Json) -> Json:
    """What `vigie sla` says of the facts."""
    question = read_question(json.dumps(facts), "facts.json")
    due = [question.calendar.due(one.at, one.business_s, one.pending) for one in question.due]
    return answer(measure(question.facts, question.calendar), due)


def agree(facts: Json) -> None:
    ours, oracle = computed(facts), by_the_minute(facts)
    for key, expected in oracle.items():
        if key == "due_at":
            told = [None if text is None else minute(text) for text in ours[key]]
            assert told == expected, key
        else:
            assert ours[key] == pytest.approx(expected, abs=1e-9), key


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(questions())
def test_every_figure_is_what_counting_minutes_gives(facts: Json) -> None:
    agree(facts)


def case(**more: Any) -> Json:
    """A Thursday and a Sunday in June, eight to half past four in Algiers."""
    week = {day: ["08:00", "16:30"] for day in ("sun", "mon", "tue", "wed", "thu")}
    facts = {
        "calendar": {"timezone": "Africa/Algiers", "week": week, "holidays": [], "special": []},
        "period": ["2026-06-03T23:00:00Z", "2026-06-07T23:00:00Z"],
        "always_on": False,
        "outages": [],
        "maintenance": [],
        "unknown": [],
        "due": [],
    }
    return {**facts, **more}


def zoned(zone: str, **more: Any) -> Json:
    """The same hours every day in another zone."""
    return {"timezone": zone, "week": {day: ["00:30", "04:30"] for day in DAYS}, **more}


CASES = {
    "an outage that touches another is one": case(
        outages=[["2026-06-04T08:00:00Z", "2026-06-04T09:00:00Z"], ["2026-06-04T09:00:00Z", "2026-06-04T10:00:00Z"]]
    ),
    "an outage over the weekend": case(outages=[["2026-06-04T15:00:00Z", "2026-06-07T07:45:00Z"]]),
    "an outage within closed hours counts for nothing": case(
        outages=[["2026-06-05T08:00:00Z", "2026-06-05T09:00:00Z"]]
    ),
    "one that lasts joins one that has ended": case(
        outages=[["2026-06-07T10:00:00Z", None], ["2026-06-07T09:00:00Z", "2026-06-07T11:00:00Z"]]
    ),
    "one that lasts began before the period": case(outages=[["2026-05-01T00:00:00Z", None]]),
    "one that begins at the very end": case(outages=[["2026-06-07T23:00:00Z", None]]),
    "an empty outage": case(outages=[["2026-06-04T10:00:00Z", "2026-06-04T10:00:00Z"]]),
    "all is maintenance": case(maintenance=[["2026-06-01T00:00:00Z", None]]),
    "all is unknown": case(unknown=[["2026-06-01T00:00:00Z", None]], outages=[["2026-06-04T08:00:00Z", None]]),
    "nothing but closed hours": case(period=["2026-06-04T23:00:00Z", "2026-06-06T23:00:00Z"]),
    "closed over the new year": case(
        calendar={
            "timezone": "Africa/Algiers",
            "week": {day: ["08:00", "16:30"] for day in DAYS},
            "closed": [{"from": "12-30", "to": "01-02"}],
        },
        period=["2026-12-28T23:00:00Z", "2027-01-04T23:00:00Z"],
        due=[{"at": "2026-12-29T14:30:00Z", "business_s": 14_400, "pending": []}],
    ),
    "the night the clock goes forward in Paris": case(
        calendar=zoned("Europe/Paris"),
        period=["2026-03-28T20:00:00Z", "2026-03-29T20:00:00Z"],
        due=[{"at": "2026-03-28T23:30:00Z", "business_s": 9000, "pending": []}],
    ),
    "the night it goes back, twice the same hour": case(
        calendar=zoned("Europe/Paris"),
        period=["2026-10-24T20:00:00Z", "2026-10-25T20:00:00Z"],
        outages=[["2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z"]],
        due=[
            {
                "at": "2026-10-24T22:30:00Z",
                "business_s": 18_000,
                "pending": [["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"]],
            }
        ],
    ),
    "half an hour of summer time": case(
        calendar=zoned("Australia/Lord_Howe"), period=["2026-04-03T10:00:00Z", "2026-04-05T10:00:00Z"]
    ),
    "the last special period wins, a holiday closes it": case(
        calendar={
            "timezone": "Africa/Algiers",
            "week": {day: ["08:00", "16:30"] for day in DAYS},
            "special": [
                {"from": "2026-06-04", "to": "2026-06-07", "week": {}},
                {"from": "2026-06-05", "to": "2026-06-06", "week": {day: ["10:00", "24:00"] for day in DAYS}},
            ],
            "holidays": ["2026-06-06", "2026-06-06"],
        }
    ),
    "pauses entered afterwards, overlapping and out of order": case(
        due=[
            {
                "at": "2026-06-04T14:30:00Z",
                "business_s": 14_400,
                "pending": [
                    ["2026-06-07T08:00:00Z", "2026-06-07T09:30:00Z"],
                    ["2026-06-04T15:00:00Z", "2026-06-07T08:00:00Z"],
                    ["2026-06-07T09:00:00Z", "2026-06-07T10:00:00Z"],
                    ["2026-06-04T13:00:00Z", "2026-06-04T14:45:00Z"],
                ],
            },
            {"at": "2026-06-04T15:30:00Z", "business_s": 0, "pending": [["2026-06-04T15:00:00Z", None]]},
            {"at": "2026-06-04T14:30:00Z", "business_s": 3600, "pending": [["2026-06-04T15:30:00Z", None]]},
            {"at": "2026-06-04T14:30:00Z", "business_s": 3660, "pending": [["2026-06-04T15:30:00Z", None]]},
        ]
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_cases_in_which_others_go_wrong(name: str) -> None:
    agree(CASES[name])


def test_the_oracle_knows_the_month_worked_out_by_hand() -> None:
    facts = case(
        period=["2026-05-31T23:00:00Z", "2026-06-30T23:00:00Z"],
        outages=[["2026-06-04T15:00:00Z", "2026-06-07T07:45:00Z"]],
    )
    facts["calendar"]["holidays"] = ["2026-06-16", "2026-06-25"]
    assert by_the_minute(facts)["contract_s"] == 10_200 * 60
    assert by_the_minute(facts)["down_s"] == 75 * 60
    agree(facts)
