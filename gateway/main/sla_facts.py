"""The form of FACTS.json: read whole, every fault told at once with its line and a remedy."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.core.calendar import Calendar
from gateway.core.document import Source, Table
from gateway.core.errors import Fault, InputError, VigieError
from gateway.core.intervals import OpenSpan
from gateway.core.json_lines import locate
from gateway.core.service_level import Facts
from gateway.core.toml_lines import KeyPath
from gateway.feasts import holiday_dates
from gateway.settings.calendar import read_calendar

_INSTANT = 'write it like "2026-06-01T08:00:00Z"'
_PAIR = 'write it like ["2026-06-01T08:00:00Z", "2026-06-01T09:30:00Z"]; null as the end: still going on'


@dataclass(frozen=True, slots=True)
class Due:
    """One question: when does a delay of ``business_s`` run out that began at ``at`` and stood still in ``pending``?"""

    at: float
    business_s: float
    pending: tuple[OpenSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A whole FACTS.json."""

    calendar: Calendar
    facts: Facts
    due: tuple[Due, ...] = ()


def read_question(text: str, file: str) -> Question:
    """Raises InputError with all faults of the text."""
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError([Fault(file, error.lineno, f"not valid JSON: {error.msg}", "correct the syntax")]) from None
    if not isinstance(values, dict):
        raise InputError([Fault(file, 1, "the facts are not a JSON object", "see docs/reference/service-levels.md")])
    source = Source(file, locate(text))
    root = Table(values, (), source)
    always_on = root.boolean("always_on", default=False)
    start, end = _period(root)
    outages, maintenance, unknown = (_spans(root, key) for key in ("outages", "maintenance", "unknown"))
    due = tuple(_due(table) for table in root.tables("due"))
    calendar = _calendar(root, always_on=always_on, instants=(start, end, *(one.at for one in due)))
    root.done()
    source.finish()
    return Question(calendar, Facts(start, end, outages, maintenance, unknown), due)


def _period(root: Table) -> tuple[float, float]:
    pair = root.raw("period", list, expected="a pair of instants")
    if pair is None:
        if "period" not in root or root.values["period"] is None:
            root.fault("period", "period is missing", _PAIR.partition(";")[0])
        return 0.0, 1.0
    start, end = _pair(pair, ("period",), root.source)
    if end is None or start == end:
        root.fault("period", "the period has no length", "give two different instants, the earlier first")
    return start, max(end or 0.0, start + 1)


def _spans(table: Table, key: str) -> tuple[OpenSpan, ...]:
    pairs = table.raw(key, list, expected="a list of pairs of instants") or ()
    return tuple(_pair(pair, (*table.path, key, index), table.source) for index, pair in enumerate(pairs))


def _pair(value: Any, path: KeyPath, source: Source) -> OpenSpan:
    """(start, end or None); a fault is noted and answered with (0, 0), which covers nothing."""
    if not (isinstance(value, list) and len(value) == 2 and isinstance(value[0], str)):
        source.fault(path, f"{_name(path)} is no pair of instants", _PAIR)
        return 0.0, 0.0
    start = _instant(value[0], path, source)
    end = None if value[1] is None else _instant(value[1], path, source)
    if start is not None and end is not None and end < start:
        source.fault(path, f"{_name(path)} ends before it starts", "put the earlier instant first")
    return start or 0.0, end


def _instant(value: Any, path: KeyPath, source: Source) -> float | None:
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        source.fault(path, f"{_name(path)}: {value!r} is no instant", _INSTANT)
        return None
    if moment.tzinfo is None:
        source.fault(path, f"{_name(path)}: {value!r} has no time zone", 'end it with "Z" (UTC)')
        return None
    return moment.timestamp()


def _due(table: Table) -> Due:
    at = _instant(table.values.get("at"), (*table.path, "at"), table.source)
    table.text("at")
    business_s = table.number("business_s")
    if business_s is None and "business_s" not in table:
        table.fault("business_s", f"{table.name('business_s')} is missing", "give the delay in seconds")
    due = Due(at or 0.0, business_s or 0.0, _spans(table, "pending"))
    table.done()
    return due


def _calendar(root: Table, *, always_on: bool, instants: Iterable[float]) -> Calendar:
    if "calendar" not in root:
        if not always_on:
            root.fault("calendar", "calendar is missing", "describe the opening hours, or set always_on to true")
        return Calendar(always_on=True)
    table = root.table("calendar")
    zone = _zone(table)
    hours = read_calendar(table)
    years = [datetime.fromtimestamp(at, ZoneInfo(zone)).year for at in instants]
    try:
        # a delay may run out in the year after the one in which it began
        holidays = holiday_dates(hours.holidays, range(min(years), max(years) + 2))
    except VigieError as error:
        table.fault("holidays", error.what, error.remedy)
        holidays = frozenset()
    return hours.calendar(zone, holidays, always_on=always_on)


def _zone(table: Table) -> str:
    name = table.required("timezone")
    try:
        ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        table.fault("timezone", f'time zone "{name}" does not exist', 'use a name such as "Africa/Algiers"')
        return "UTC"
    return name or "UTC"


def _name(path: KeyPath) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)
