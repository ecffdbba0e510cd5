"""Which week and which month a report is about, in the zone of headquarters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.core.calendar import DAYS


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When reports are due: on ``day`` (mon to sun) at ``hour`` o'clock in ``zone``. The week ends when that day
    begins: for Algeria it runs from Sunday to Saturday and is told on Sunday morning."""

    zone: str = "Africa/Algiers"
    day: str = "sun"
    hour: int = 6


@dataclass(frozen=True, slots=True)
class Period:
    """One week or month: [start, end), due at ``due_at`` (s since the epoch). ``first`` and ``last`` are its days."""

    id: str
    kind: str
    first: date
    last: date
    start: float
    end: float
    due_at: float
    zone: str = "Africa/Algiers"

    def holds(self, start: float, end: float) -> bool:
        """True if any of [start, end) lies in it."""
        return start < self.end and end > self.start


def week_of(day: date, rhythm: Rhythm) -> Period:
    """The week that a day lies in."""
    first = day - timedelta(days=(day.weekday() - DAYS.index(rhythm.day)) % 7)
    # the number people know is that of the ISO week with which it shares most days
    year, number, _ = (first + timedelta(days=3)).isocalendar()
    return _period(f"{year}-W{number:02}", "weekly", first, first + timedelta(days=7), rhythm)


def month_of(day: date, rhythm: Rhythm) -> Period:
    """The month that a day lies in."""
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return _period(f"{first:%Y-%m}", "monthly", first, following, rhythm)


def before(period: Period, rhythm: Rhythm) -> Period:
    """The period of the same kind that ended when this one began."""
    day = period.first - timedelta(days=1)
    return week_of(day, rhythm) if period.kind == "weekly" else month_of(day, rhythm)


def last_due(now: float, kind: str, rhythm: Rhythm) -> Period:
    """The newest week or month whose report is due."""
    today = datetime.fromtimestamp(now, ZoneInfo(rhythm.zone)).date()
    current = week_of(today, rhythm) if kind == "weekly" else month_of(today, rhythm)
    previous = before(current, rhythm)
    return previous if previous.due_at <= now else before(previous, rhythm)


def by_id(text: str, rhythm: Rhythm) -> Period | None:
    """The period that an id names; ``None`` if it is none."""
    try:
        if "-W" in text:
            year, _, number = text.partition("-W")
            found = week_of(date.fromisocalendar(int(year), int(number), 4), rhythm)
            if found.id != text:  # Thursday of the ISO week lies in the neighbour of a week that begins late
                found = week_of(found.first + timedelta(days=7), rhythm)
        else:
            found = month_of(date.fromisoformat(f"{text}-01"), rhythm)
    except ValueError:
        return None
    return found if found.id == text else None


def _period(name: str, kind: str, first: date, following: date, rhythm: Rhythm) -> Period:
    start, end = _midnight(first, rhythm), _midnight(following, rhythm)
    due_at = datetime.combine(following, time(rhythm.hour), ZoneInfo(rhythm.zone)).timestamp()
    return Period(name, kind, first, following - timedelta(days=1), start, end, due_at, rhythm.zone)


def _midnight(day: date, rhythm: Rhythm) -> float:
    return datetime.combine(day, time(), ZoneInfo(rhythm.zone)).timestamp()
