"""The three clocks of an incident (taken up, intervention started, restored) in the responder's business time.

A clock starts when the incident was detected: nobody can answer what nobody has seen. It stands still while the
responder waits for the customer or a supplier; being taken up needs nobody else, so that clock never waits. A pause
counts by its open hours only, and what was promised may change while it lasts: every figure is computed from the whole
history at once, nothing is ever added up on the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.calendar import Calendar
from gateway.core.incident import ChangeKind, Incident
from gateway.core.intervals import OpenSpan, clip, intersect, total

PANEL = "panel"
"""Who acknowledges with the button on the box."""

_LATE = 0.5
"""From half of the allowed time on, a running clock is drawn in amber."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One clock. ``used_s`` is the business time it has run (until ``done_at``, where it was stopped); ``allowed_s`` is
    what was promised, and ``due_at`` the instant at which that runs out (``None``: never, or a pause that lasts);
    ``paused_s`` is the business time it stood still."""

    used_s: float
    allowed_s: float
    due_at: float | None
    done_at: float | None = None
    paused_s: float = 0.0

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
class Promise:
    """What was promised for one incident, in business seconds; ``None`` where nothing was."""

    response_s: float | None = None
    intervention_s: float | None = None
    restore_s: float | None = None


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of one incident; ``None`` where nothing was promised."""

    response: Deadline | None
    restore: Deadline | None
    intervention: Deadline | None = None


def stopwatches(
    incident: Incident, promise: Promise, hours: Calendar, now: float, pending: Sequence[OpenSpan] = ()
) -> Clocks:
    """The clocks at ``now``. A later step implies the earlier ones: who intervenes has taken it up, and what is
    restored needs neither any more."""
    done = incident.restored_at
    begun = _first(incident.intervention_at, done)
    taken = _first(_taken_at(incident), incident.intervention_at, done)

    def clock(allowed_s: float | None, done_at: float | None, waits: Sequence[OpenSpan]) -> Deadline | None:
        if allowed_s is None:
            return None
        start = incident.detected_at
        end = max(start, now if done_at is None else done_at)
        spans = hours.open_spans(start, end)
        paused_s = total(intersect(spans, clip(waits, start, end)))
        return Deadline(total(spans) - paused_s, allowed_s, hours.due(start, allowed_s, waits), done_at, paused_s)

    return Clocks(
        clock(promise.response_s, taken, ()),
        clock(promise.restore_s, done, pending),
        clock(promise.intervention_s, begun, pending),
    )


def _taken_at(incident: Incident) -> float | None:
    """When a responder took it: the button on the box silences, but nobody signed in has answered."""
    if incident.acknowledged_by != PANEL:
        return incident.acknowledged_at
    taken = ChangeKind.ACKNOWLEDGED
    return next((one.at for one in incident.story if one.kind is taken and one.who != PANEL), None)


def _first(*instants: float | None) -> float | None:
    return min((at for at in instants if at is not None), default=None)
