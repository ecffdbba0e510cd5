"""The hours in which somebody is left alone, except for what may not wait. Pure.

Quiet hours delay, they never drop: what was held back is told when they end, or stands in the mail of the day if it is
over by then. A P1 of something critical is never held back, whatever the settings say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.core.device import Criticality
from gateway.core.incident import Priority

_DAY_MIN = 1440

WAKES: Mapping[Criticality, Priority] = {Criticality.CRITICAL: Priority.P2, Criticality.IMPORTANT: Priority.P1}
"""By criticality, the least urgent priority that wakes somebody; a level that is absent wakes nobody."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """From ``start`` to ``end`` (minutes after midnight in ``zone``; an end before the start is on the next day)."""

    start: int
    end: int
    zone: str = "Africa/Algiers"
    wakes: Mapping[Criticality, Priority] = field(default_factory=lambda: WAKES)

    def at(self, instant: float) -> bool:
        """True within the quiet hours."""
        return self.ends_at(instant) is not None

    def ends_at(self, instant: float) -> float | None:
        """When the quiet hours that hold at ``instant`` end (s since the epoch); ``None`` outside them."""
        local = datetime.fromtimestamp(instant, ZoneInfo(self.zone))
        minute = local.hour * 60 + local.minute
        length = (self.end - self.start) % _DAY_MIN
        if (minute - self.start) % _DAY_MIN >= length:
            return None
        day = local.date() + timedelta(days=1 if minute >= self.end else 0)
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone))
        return midnight.replace(hour=self.end // 60, minute=self.end % 60).timestamp()

    def holds(self, instant: float, criticality: Criticality, priority: str) -> bool:
        """True if a message about an incident of this weight has to wait at ``instant``."""
        return self.at(instant) and not self._wakes(criticality, priority)

    def _wakes(self, criticality: Criticality, priority: str) -> bool:
        if criticality is Criticality.CRITICAL and priority == Priority.P1:
            return True
        least = self.wakes.get(criticality)
        return least is not None and priority <= least
