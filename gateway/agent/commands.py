"""What people ask for, carried out on the watch. Every command ends in a result that its author can read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from gateway.core.correlator import Outcome
from gateway.core.device import GATEWAY
from gateway.core.incident import Cause, Change, ChangeKind, Incident
from gateway.core.narrative_context import is_day
from gateway.core.runbook import ticked
from gateway.core.watch import Watch
from gateway.core.works import Work
from gateway.ports import Command

SILENCE_S = 1800.0

EVERYTHING = "*"
"""The subject of work on the whole site: every device and service but the box itself."""
PLANNED_H, LONGEST_H = 4.0, 72.0
"""How long work is planned to last if nobody says, and at most (h)."""

_ON_INCIDENT = {
    "acknowledge": ChangeKind.ACKNOWLEDGED,
    "intervention_start": ChangeKind.INTERVENTION_STARTED,
    "note": ChangeKind.NOTE,
    "silence": ChangeKind.SILENCED,
    "resolve": ChangeKind.NOTE,
    "tick": ChangeKind.TICKED,
    "untick": ChangeKind.UNTICKED,
    "decide": ChangeKind.DECIDED,
}
_AFTERWARDS = frozenset({"note", "decide"})
"""What people do about an incident that is over."""


Past = Callable[[str], Incident | None]
"""An incident of the record by its id."""


def carry_out(watch: Watch, command: Command, at: float, past: Past = lambda _: None) -> tuple[Outcome, str]:
    """Carries out one command; the text is empty, or says why it was refused. ``past`` knows what is over."""
    text = str(command.body.get("text", ""))[:2000]
    subject = str(command.body.get("subject") or command.body.get("device") or "") or None
    if command.kind == "silence" and not command.body.get("incident"):
        return _silence_all(watch, command, at)
    if command.kind in _ON_INCIDENT:
        return _on_incident(watch, command, at, past)
    if command.kind == "report":
        if not text:
            return Outcome(), "refused: a report needs words"
        return watch.report(subject, text, command.who, at), ""
    if command.kind in ("maintenance_start", "maintenance_end"):
        return _maintain(watch, command, subject, at)
    if command.kind == "poll_now":
        outcome = Outcome(suspects={subject} if subject else set(watch.park.devices))
        return outcome, ""
    return Outcome(), f"refused: this version does not know the command {command.kind!r}"


def _on_incident(watch: Watch, command: Command, at: float, past: Past) -> tuple[Outcome, str]:
    name = str(command.body.get("incident", ""))
    incident = watch.incidents.get(name) or (past(name) if command.kind in _AFTERWARDS else None)
    if incident is None:
        return Outcome(), f"refused: no open incident {name!r}"
    text = str(command.body.get("text", ""))[:2000]
    if command.kind in ("tick", "untick") and not text:
        return Outcome(), "refused: a tick names the step"
    if command.kind in ("tick", "untick") and (text in ticked(incident)) is (command.kind == "tick"):
        return Outcome(), ""  # the first who did it counts; what is not ticked cannot be taken back
    whom, day = (str(command.body.get(key, ""))[:200] for key in ("whom", "day"))
    if command.kind == "decide" and not text:
        return Outcome(), "refused: a decision needs words"
    if day and not is_day(day):
        return Outcome(), f"refused: {day!r} is no day like 2026-12-31"
    change = Change(
        name,
        _ON_INCIDENT[command.kind],
        at,
        at,
        command.who,
        text,
        until=at + SILENCE_S if command.kind == "silence" else None,
        whom=whom if command.kind == "decide" else "",
        day=day if command.kind == "decide" else "",
    )
    if command.kind == "resolve" and incident.cause == Cause.REPORTED:
        # only what a person reported can a person end; a measured fault ends when it is measured to be gone
        change = replace(change, kind=ChangeKind.RESTORED)
    if name not in watch.incidents:
        return Outcome(changes=[change]), ""  # the watch need not know what is written about an incident that is over
    return watch.person(change), ""


def _maintain(watch: Watch, command: Command, subject: str | None, at: float) -> tuple[Outcome, str]:
    everything = [*watch.park.devices, *watch.park.services]
    if subject != EVERYTHING and subject not in everything:
        return Outcome(), f"refused: no device or service {subject!r} here"
    subjects = [one for one in everything if one != GATEWAY] if subject == EVERYTHING else [subject]
    if command.kind == "maintenance_end":
        return watch.maintenance(subjects, at, None), ""
    try:
        hours = float(str(command.body.get("hours") or PLANNED_H))
    except ValueError:
        hours = math.nan
    if not 0 < hours <= LONGEST_H:
        return Outcome(), f"refused: work lasts more than 0 and at most {LONGEST_H:g} hours"
    return watch.maintenance(subjects, at, Work(at + hours * 3600.0, command.who)), ""


def _silence_all(watch: Watch, command: Command, at: float) -> tuple[Outcome, str]:
    outcome = Outcome()
    for incident in list(watch.incidents.values()):
        change = Change(incident.id, ChangeKind.SILENCED, at, at, command.who, until=at + SILENCE_S)
        outcome.changes.extend(watch.person(change).changes)
    return outcome, ""
