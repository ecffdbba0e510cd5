"""The `[calendar]` of a site: opening hours, holidays, periods with other hours (Ramadan)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from gateway.core.document import Table
from gateway.settings.model import CalendarSettings

DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")
_EXAMPLE = '["08:00", "16:30"], or several such pairs in a list'

Week = Mapping[str, tuple[tuple[int, int], ...]]


def read_calendar(table: Table) -> CalendarSettings:
    """The calendar; a day that is not named is closed."""
    week = read_week(table.table("week"))
    holidays = _holidays(table)
    special = []
    for period in table.tables("special"):
        first, last = period.day("from"), period.day("to")
        hours = read_week(period.table("week"))
        period.done()
        if first is None or last is None:
            period.fault("from", f"{period.name()} lacks from or to", "add from = 2026-02-18 and to = 2026-03-19")
        elif last < first:
            period.fault("to", f"{period.name('to')} lies before from", "exchange the two dates")
        else:
            special.append((first, last, hours))
    closures = tuple(one for period in table.tables("closed") if (one := _closure(period)))
    table.done()
    return CalendarSettings(week, holidays, tuple(special), closures)


def _closure(period: Table) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """A period that is closed every year, written as month-day."""
    ends = []
    for key in ("from", "to"):
        text = period.required(key)
        try:
            day = date.fromisoformat(f"2000-{text}")  # a leap year: 02-29 is a day
        except ValueError:
            if text:
                period.fault(key, f'{period.name(key)} = "{text}" is no day of a year', 'write month and day: "12-25"')
            continue
        ends.append((day.month, day.day))
    period.done()
    return (ends[0], ends[1]) if len(ends) == 2 else None


def read_week(table: Table) -> Week:
    """Pairs of (start, end) in minutes after midnight by day, in order of time."""
    week = {}
    for day in DAYS:
        value = table.raw(day, list, expected=_EXAMPLE)
        if value is not None:
            week[day] = _day(table, day, value)
    table.done()
    return week


def _day(table: Table, day: str, value: list[Any]) -> tuple[tuple[int, int], ...]:
    pairs = [value] if value and isinstance(value[0], str) else value
    spans = [_span(pair) for pair in pairs]
    name = table.name(day)
    if None in spans:
        table.fault(day, f"{name} = {value!r} are no opening hours", f"write {_EXAMPLE}; a closed day is left out")
        return ()
    found = sorted(span for span in spans if span)
    if any(first[1] > second[0] for first, second in pairwise(found)):
        table.fault(day, f"{name} has hours that overlap", "join them")
    return tuple(found)


def _span(pair: object) -> tuple[int, int] | None:
    if not isinstance(pair, list) or len(pair) != 2:
        return None
    start, end = (_minutes(text) for text in pair)
    return (start, end) if start is not None and end is not None and start < end <= 1440 else None


def _minutes(text: object) -> int | None:
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    return int(match[1]) * 60 + int(match[2]) if match else None


def _holidays(table: Table) -> str | tuple[date, ...]:
    expected = 'a country code such as "DZ", or a list of dates'
    value = table.raw("holidays", str, list, expected=expected)
    if isinstance(value, str):
        if re.fullmatch(r"[A-Z]{2}", value):
            return value
        table.fault("holidays", f'{table.name("holidays")} = "{value}" is no country code', f"expected {expected}")
    days = []
    for item in value if isinstance(value, list) else ():
        day = _as_date(item)
        if day is None:
            table.fault("holidays", f"{table.name('holidays')} holds {item!r}", "write dates as 2026-06-16")
        else:
            days.append(day)
    return tuple(days)


def _as_date(value: object) -> date | None:
    if isinstance(value, datetime):
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
