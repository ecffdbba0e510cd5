"""The two clocks of an incident, taken up and back in service, in the business time of those who answer for it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.calendar import Calendar
from gateway.core.incident import Incident
from gateway.settings import Target

_LATE = 0.5
"""From half of the allowed time on, a running clock is drawn in amber."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One clock. ``used_s`` is the business time it has run (until ``done_at``, where it was stopped); ``allowed_s`` is
    what was promised, and ``due_at`` the instant at which that runs out (``None``: never)."""

    used_s: float
    allowed_s: float
    due_at: float | None
    done_at: float | None = None

    @property
    def missed(self) -> bool:
        """True once more time than promised has passed."""
        return self.used_s > self.allowed_s

    @property
    def share(self) -> float:
        """Part of the allowed time that is used, 0 to 1."""
        return min(1.0, self.used_s / self.allowed_s) if self.allowed_s else 1.0

    @property
    def tone(self) -> str:
        """How its gauge is drawn: down (missed), ok (stopped in time), watch (more than half used), plain."""
        if self.missed:
            return "down"
        if self.done_at is not None:
            return "ok"
        return "watch" if self.share >= _LATE else "plain"


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks of one incident; ``None`` where nothing was promised."""

    response: Deadline | None
    restore: Deadline | None


def clocks(incident: Incident, target: Target | None, hours: Calendar, now: float) -> Clocks:
    """Both clocks at ``now``. They start when the incident was detected: nobody can answer what nobody has seen."""
    taken_at = incident.acknowledged_at if incident.acknowledged_at is not None else incident.restored_at

    def clock(allowed_s: float | None, done_at: float | None) -> Deadline | None:
        if allowed_s is None:
            return None
        start = incident.detected_at
        end = max(start, now if done_at is None else done_at)
        return Deadline(hours.business_seconds(start, end), allowed_s, hours.due(start, allowed_s), done_at)

    if target is None:
        return Clocks(None, None)
    return Clocks(clock(target.response_s, taken_at), clock(target.restore_s, incident.restored_at))
