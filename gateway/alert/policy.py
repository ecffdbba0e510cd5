"""What the panel shows for the incidents that are open, and what a press of its button means. Pure.

The panel speaks to people who are not technicians: amber asks somebody on site to look this week, red asks now, and
what nobody on site can do anything about (paperwork, advice) lights nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.core.incident import Cause, Change, ChangeKind, Incident, Priority
from gateway.ports import Signal

SILENCE_S = 1800.0
"""How long a short press keeps the buzzer quiet, s."""

ALARM_S = 900.0
"""How long an incident sounds the alarm before the buzzer only reminds (two beeps a minute), s: a depot goes on
working while it waits for a repair, and a buzzer that is unbearable gets unplugged."""

PANEL = "panel"
"""Who acted, in the record, when the button was pressed."""

_PAPERWORK = frozenset({Cause.CERTIFICATE_EXPIRING, Cause.CONTRACT_ENDING})
_URGENT = frozenset({Priority.P1, Priority.P2})


def signal(
    incidents: Iterable[Incident],
    *,
    linked: bool,
    now: float,
    unknown: bool = False,
) -> Signal:
    """The signal for these incidents at ``now`` (s since the epoch).

    ``linked`` is False while headquarters cannot be reached (pass True where none is set up); ``unknown`` is True while
    something watched cannot be judged. What is in maintenance has no open incident, so it lights nothing.
    """
    shown = [incident for incident in incidents if _shown(incident)]
    urgent = [incident for incident in shown if _urgent(incident)]
    waiting = [incident for incident in urgent if not _handled(incident)]
    if waiting:
        return Signal("red", "fast", _buzzer(waiting, now))
    if urgent:
        return Signal("red")
    if shown:
        return Signal("amber", "slow")
    if unknown:
        return Signal("amber", "double")
    return Signal("green") if linked else Signal("blue", "slow")


def pressed(kind: str, incidents: Iterable[Incident], now: float) -> list[Change]:
    """What to record for a press at ``now`` (s since the epoch), in the name of "panel".

    "short" silences each incident that can be heard for half an hour: one that opens later, or becomes urgent later, is
    heard at once. "long" acknowledges everything that lights the panel. Nothing to do gives an empty list.
    """
    shown = [incident for incident in incidents if _shown(incident) and not _handled(incident)]
    if kind == "long":
        return [_change(incident, ChangeKind.ACKNOWLEDGED, now) for incident in shown]
    return [
        _change(incident, ChangeKind.SILENCED, now, until=now + SILENCE_S) for incident in shown if _urgent(incident)
    ]


def _shown(incident: Incident) -> bool:
    """True if somebody on site can do something about it."""
    if not incident.open or incident.priority == Priority.P4:
        return False
    return _urgent(incident) or incident.cause not in _PAPERWORK


def _urgent(incident: Incident) -> bool:
    return incident.priority in _URGENT


def _handled(incident: Incident) -> bool:
    return incident.acknowledged_at is not None or incident.intervention_at is not None


def _buzzer(waiting: Iterable[Incident], now: float) -> str:
    heard = [incident for incident in waiting if incident.silenced_until is None or incident.silenced_until <= now]
    if not heard:
        return "off"
    return "alarm" if any(now - incident.detected_at < ALARM_S for incident in heard) else "warning"


def _change(incident: Incident, kind: ChangeKind, now: float, *, until: float | None = None) -> Change:
    return Change(incident.id, kind, at=now, detected_at=now, who=PANEL, until=until)
