"""The two clocks of an incident at headquarters: taken up, restored; in the business time that its site told."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.incident import Incident
from web.desk.facts import SiteFacts

_LATE_SHARE = 50.0
"""From half of the allowed time on, a running clock is drawn in amber."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One clock. ``used_s`` is the business time it has run (or ran until it was stopped at ``done_at``); ``allowed_s``
    and ``due_at`` are ``None`` where nothing was promised."""

    used_s: float
    allowed_s: float | None = None
    due_at: float | None = None
    done_at: float | None = None

    @property
    def missed(self) -> bool:
        """True once more time than promised has passed."""
        return self.allowed_s is not None and self.used_s > self.allowed_s

    @property
    def kept(self) -> bool:
        """True if it was stopped in time."""
        return self.allowed_s is not None and self.done_at is not None and not self.missed

    @property
    def percent(self) -> float:
        """Share of the allowed time that is used, 0 to 100."""
        if not self.allowed_s:
            return 0.0
        return min(100.0, 100.0 * self.used_s / self.allowed_s)

    @property
    def tone(self) -> str:
        """How the gauge is drawn: plain (running), watch, down (missed), ok (in time)."""
        if self.missed:
            return "down"
        if self.kept:
            return "ok"
        return "watch" if self.percent >= _LATE_SHARE else "plain"


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks of one incident."""

    response: Deadline
    restore: Deadline

    @property
    def missed(self) -> bool:
        """True if either promise is broken."""
        return self.response.missed or self.restore.missed

    @property
    def next_due_at(self) -> float:
        """The next instant at which a promise would be broken; infinite if none is left to keep."""
        waiting = [
            one.due_at for one in (self.response, self.restore) if one.due_at is not None and one.done_at is None
        ]
        return min(waiting, default=float("inf"))


def clocks(site: SiteFacts, incident: Incident, now: float) -> Clocks:
    """Both clocks at ``now``. They start when the incident was detected: nobody can answer what nobody has seen."""
    target = site.targets.get(site.criticality(incident))
    response_s = target.response_s if target else None
    restore_s = target.restore_s if target else None
    taken_at = incident.acknowledged_at if incident.acknowledged_at is not None else incident.restored_at
    return Clocks(
        _deadline(site, incident.detected_at, taken_at, response_s, now),
        _deadline(site, incident.detected_at, incident.restored_at, restore_s, now),
    )


def _deadline(site: SiteFacts, start: float, done_at: float | None, allowed_s: float | None, now: float) -> Deadline:
    end = max(start, done_at if done_at is not None else now)
    if site.hours is None:
        # without the site's hours nothing is promised that could be computed; the wall time is still worth showing
        return Deadline(end - start, None, None, done_at)
    due_at = site.hours.due(start, allowed_s) if allowed_s is not None else None
    return Deadline(site.hours.business_seconds(start, end), allowed_s, due_at, done_at)
