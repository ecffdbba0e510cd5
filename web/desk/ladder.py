"""When nobody acts: those who know are reminded before a promise breaks, and the next person is told once it has. Pure.

The clocks run in the hours of those who answer, so nothing climbs while everybody is at home. Taking an incident up
stops the climb of its response, restoring it that of its restoration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from gateway.core.incident import Priority
from web.desk.notify import (
    PACE,
    NoticeKind,
    Notification,
    Pace,
    Recipient,
    SiteIncident,
    by_reader,
    by_urgency,
    draft,
    first_step,
    held_back,
    told,
)


def due_reminders(
    incidents: Iterable[SiteIncident],
    already: Iterable[Notification],
    now: float,
    people: Sequence[Recipient],
    pace: Pace = PACE,
) -> list[Notification]:
    """Warnings and escalations that have to be made now, without their text; each once for each person and promise."""
    history = by_reader(already)
    due = []
    for one in by_urgency(incidents):
        if not one.incident.open or one.planned or one.incident.priority == Priority.P4:
            continue
        first = first_step(one, people)
        for person in people:
            if not person.concerned(one.site, one.incident.priority) or held_back(one, person, now):
                continue
            past = history.get((one.site, one.incident.id, person.name), [])
            for nth, (about, kind) in enumerate(_due(one, told(past), person.step - first, now, pace)):
                due.append(replace(draft(one, person, kind, len(past) + nth, now), about=about))
    return due


def _due(
    one: SiteIncident, past: Sequence[Notification], above: int, now: float, pace: Pace
) -> Iterator[tuple[str, NoticeKind]]:
    """What to tell somebody who stands ``above`` steps higher than those who are told first."""
    known = {(message.about, message.kind) for message in past}
    for about, deadline in (("response", one.clocks.response), ("restore", one.clocks.restore)):
        if deadline is None or deadline.done_at is not None:
            continue
        climbed = above > 0 and deadline.used_s > above * deadline.allowed_s
        near = not deadline.missed and deadline.share >= pace.warn_share
        if climbed and (about, NoticeKind.ESCALATED) not in known:
            yield about, NoticeKind.ESCALATED
        elif near and past and (about, NoticeKind.WARNED) not in known and not _silenced(one, now):
            yield about, NoticeKind.WARNED


def _silenced(one: SiteIncident, now: float) -> bool:
    """Silence holds back reminders to those who know; it neither takes the incident nor stops the climb."""
    until = one.incident.silenced_until
    return until is not None and now < until
