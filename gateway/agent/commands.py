"""What people ask for, carried out on the watch. Every command ends in a result that its author can read."""

from __future__ import annotations

from dataclasses import replace

from gateway.core.correlator import Outcome
from gateway.core.incident import Cause, Change, ChangeKind
from gateway.core.runbook import ticked
from gateway.core.watch import Watch
from gateway.ports import Command

SILENCE_S = 1800.0

_ON_INCIDENT = {
    "acknowledge": ChangeKind.ACKNOWLEDGED,
    "intervention_start": ChangeKind.INTERVENTION_STARTED,
    "note": ChangeKind.NOTE,
    "silence": ChangeKind.SILENCED,
    "resolve": ChangeKind.NOTE,
    "tick": ChangeKind.TICKED,
}


def carry_out(watch: Watch, command: Command, at: float) -> tuple[Outcome, str]:
    """Carries out one command; the text is empty, or says why it was refused."""
    text = str(command.body.get("text", ""))[:2000]
    subject = str(command.body.get("subject") or command.body.get("device") or "") or None
    if command.kind == "silence" and not command.body.get("incident"):
        return _silence_all(watch, command, at)
    if command.kind in _ON_INCIDENT:
        return _on_incident(watch, command, at)
    if command.kind == "report":
        if not text:
            return Outcome(), "refused: a report needs words"
        return watch.report(subject, text, command.who, at), ""
    if command.kind in ("maintenance_start", "maintenance_end"):
        if subject is None or (subject not in watch.park.devices and subject not in watch.park.services):
            return Outcome(), f"refused: no device or service {subject!r} here"
        return watch.maintenance(subject, at, begins=command.kind == "maintenance_start"), ""
    if command.kind == "poll_now":
        outcome = Outcome(suspects={subject} if subject else set(watch.park.devices))
        return outcome, ""
    return Outcome(), f"refused: this version does not know the command {command.kind!r}"


def _on_incident(watch: Watch, command: Command, at: float) -> tuple[Outcome, str]:
    name = str(command.body.get("incident", ""))
    incident = watch.incidents.get(name)
    if incident is None:
        return Outcome(), f"refused: no open incident {name!r}"
    text = str(command.body.get("text", ""))[:2000]
    if command.kind == "tick" and not text:
        return Outcome(), "refused: a tick names the step"
    if command.kind == "tick" and text in ticked(incident):
        return Outcome(), ""  # the first who did it counts
    change = Change(
        name,
        _ON_INCIDENT[command.kind],
        at,
        at,
        command.who,
        text,
        until=at + SILENCE_S if command.kind == "silence" else None,
    )
    if command.kind == "resolve" and incident.cause == Cause.REPORTED:
        # only what a person reported can a person end; a measured fault ends when it is measured to be gone
        change = replace(change, kind=ChangeKind.RESTORED)
    return watch.person(change), ""


def _silence_all(watch: Watch, command: Command, at: float) -> tuple[Outcome, str]:
    outcome = Outcome()
    for incident in list(watch.incidents.values()):
        change = Change(incident.id, ChangeKind.SILENCED, at, at, command.who, until=at + SILENCE_S)
        outcome.changes.extend(watch.person(change).changes)
    return outcome, ""
