"""Backups on a device's page: the last good one, when the next is due; for whom signed in, the address a job calls."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.backups import FAILED, LATE, Call, Job, jobs
from web.common import Formats, State
from web.site.calling import call_address
from web.site.facts import Facts, Sources


@dataclass(frozen=True, slots=True)
class Backup:
    """One job. ``good_at`` and ``due_at`` are s since the epoch, None where there was no good one yet; ``url`` is empty
    for jobs that do not call, and for readers who have not signed in."""

    name: str
    state: State
    word: str
    good_at: float | None = None
    due_at: float | None = None
    size: str = ""
    failed_at: float | None = None
    why: str = ""
    url: str = ""


def backups(facts: Facts, device: str, sources: Sources, formats: Formats, *, signed_in: bool) -> list[Backup]:
    """The jobs of a device in the order of the inventory."""
    calls = sources.calls.of(device) if sources.calls else {}
    latest = {(row.metric, row.instance): row for row in facts.latest(device)}
    found = []
    for job in jobs(facts.park.devices[device]):
        call = calls.get(job.name) if job.calls else None
        if call is None:
            age, size = (latest.get((metric, job.name)) for metric in ("backup.age", "backup.size"))
            told = age is not None and isinstance(age.value, int | float) and age.at is not None
            call = Call(device, job.name, facts.now)
            if age is not None and told:
                good_at = (age.at or 0.0) - float(age.value)
                bytes_ = float(size.value) if size and isinstance(size.value, int | float) else None
                call = Call(device, job.name, good_at, good_at, good_at=good_at, size=bytes_)
        url = ""
        if signed_in and job.calls and sources.calls:
            url = call_address(sources, sources.calls.token(device, job.name))
        found.append(_backup(call, job, facts.now, formats, url))
    return found


def _backup(call: Call, job: Job, now: float, formats: Formats, url: str) -> Backup:
    say = formats.language
    failed = call.word() == FAILED
    late = call.overdue(job, now) >= LATE
    if failed or late:
        state, word = State.WATCH, say.gettext("en échec") if failed else say.gettext("en retard")
    elif call.good_at is None:
        state, word = State.UNKNOWN, say.gettext("rien reçu encore")
    else:
        state, word = State.OK, say.gettext("à jour")
    return Backup(
        job.name,
        state,
        str(word),
        call.good_at,
        None if call.good_at is None else call.good_at + job.due_s,
        "" if call.size is None else formats.value("backup.size", call.size),
        call.called_at if failed else None,
        call.detail if failed else "",
        url,
    )
