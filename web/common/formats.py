"""Numbers, readings, instants and durations as people of the three languages write them.

Digits are Western in all three (Algerian use). Durations are spelt out for people who read a sentence ("38 minutes",
"2 h 10"); readings take the short units of the vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gateway.core import grammar
from gateway.core.people import Language as Code
from gateway.core.people import number_text, percent_text
from gateway.core.units import human
from web.common.language import Language


def iso(at: float | None) -> str | None:
    """An instant as ISO 8601 UTC with ``Z``; ``None`` stays ``None``."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Formats:
    """How one language writes values, in the time zone of one site."""

    language: Language
    zone: ZoneInfo

    def local(self, at: float) -> datetime:
        """The instant in the site's zone."""
        return datetime.fromtimestamp(at, self.zone)

    def time(self, at: float) -> str:
        """09:42"""
        return f"{self.local(at):%H:%M}"

    def clock(self, at: float) -> str:
        """10:20:08"""
        return f"{self.local(at):%H:%M:%S}"

    def date(self, at: float) -> str:
        """17/11/2026"""
        return f"{self.local(at):%d/%m/%Y}"

    def when(self, at: float, now: float) -> str:
        """The shortest unmistakable form: 09:42 today, "hier 15:20", 17/11 14:05, with the year if it is another."""
        then, today = self.local(at), self.local(now)
        days = (today.date() - then.date()).days
        if days == 0:
            return f"{then:%H:%M}"
        if days == 1:
            return self.language.gettext("hier %(time)s", time=f"{then:%H:%M}")
        if days == -1:
            return self.language.gettext("demain %(time)s", time=f"{then:%H:%M}")
        return f"{then:%d/%m %H:%M}" if then.year == today.year else f"{then:%d/%m/%Y %H:%M}"

    def long_date(self, at: float) -> str:
        """mardi 17 novembre"""
        then = self.local(at)
        return f"{grammar.weekday(then, self._code)} {then.day} {grammar.month(then, self._code)}"

    def duration(self, seconds: float) -> str:
        """38 minutes, 2 h 10, 3 jours: two units at most, cut (not rounded) to the minute."""
        return grammar.duration(seconds, self._code)

    def number(self, value: float, decimals: int | None = None) -> str:
        """1 234,5"""
        return number_text(value, self._code, decimals=decimals)

    def percent(self, fraction: float, decimals: int | None = None) -> str:
        """95 % of a fraction of one."""
        return percent_text(fraction, self._code, decimals=decimals)

    def value(self, metric: str, value: float | str) -> str:
        """A reading with its unit, as the vocabulary says it."""
        return human(metric, value, self._code)

    @property
    def _code(self) -> Code:
        return self.language.code
