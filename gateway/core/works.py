"""Planned work on devices and services: until when it was announced, by whom, and when it runs over. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.core.incident import Cause, Change, ChangeKind, Incident, Priority, Symptom, Transition, incident_id


@dataclass(frozen=True, slots=True)
class Work:
    """Work under way: its planned end (s since the epoch; ``None``: not said) and who announced it."""

    until: float | None = None
    who: str = ""


def announced(last: Transition) -> Work:
    """What the record says of work that is under way."""
    until = float(last.value) if isinstance(last.value, int | float) else None
    return Work(until, last.label)


def overdue(site: str, works: Mapping[str, Work], incidents: Iterable[Incident], at: float) -> Iterator[Change]:
    """Opens one incident for all work whose common end has passed, unless that was told; ends what is over."""
    open_ones = [one for one in incidents if one.cause == Cause.MAINTENANCE_OVERDUE]
    late: dict[float, list[str]] = {}
    for subject, work in sorted(works.items()):
        if work.until is not None and at >= work.until:
            late.setdefault(work.until, []).append(subject)
    told = {symptom.device for one in open_ones for symptom in one.symptoms}
    for until, subjects in late.items():
        if told.isdisjoint(subjects):
            root = subjects[0] if len(subjects) == 1 else None
            yield Change(
                incident_id(site, Cause.MAINTENANCE_OVERDUE, root, until),
                ChangeKind.OPENED,
                until,
                at,
                cause=Cause.MAINTENANCE_OVERDUE,
                text=works[subjects[0]].who,
                root_device=root,
                priority=Priority.P3,
                symptoms=tuple(Symptom(subject, "reach.up") for subject in subjects),
            )
    still_late = {subject for subjects in late.values() for subject in subjects}
    for one in open_ones:
        if still_late.isdisjoint(symptom.device for symptom in one.symptoms):
            yield Change(one.id, ChangeKind.RESTORED, at, at)
