"""The clocks of an incident against what `site.toml` promises, in the business time of those who answer for it."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.calendar import Calendar
from gateway.core.incident import Incident
from gateway.core.intervals import OpenSpan
from gateway.core.stopwatch import Clocks, Deadline, Promise, stopwatches
from gateway.settings import Target

__all__ = ["Clocks", "Deadline", "clocks"]


def clocks(
    incident: Incident, target: Target | None, hours: Calendar, now: float, pending: Sequence[OpenSpan] = ()
) -> Clocks:
    """The clocks at ``now``; none where nothing was promised."""
    if target is None:
        return Clocks(None, None)
    promise = Promise(target.response_s, target.intervention_s, target.restore_s)
    return stopwatches(incident, promise, hours, now, pending)
