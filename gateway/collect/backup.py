"""Age of the last backup of each job: the newest file over SSH (a forced command) or on a Windows share, or what the
job itself called the box with.

A backup that was cut off leaves a small new file, so the size is compared with the last whole one: less than half of it
is told as a failure beside the age.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.clock import Clock
from gateway.collect.asking import NoAnswerError
from gateway.collect.smb import Shares
from gateway.collect.ssh import Shell
from gateway.core.backups import FAILED, GOOD, LATE, NEVER, VERY_LATE, Call, Job, jobs, newest, place
from gateway.core.device import Device
from gateway.core.errors import VigieError
from gateway.core.reading import Failure, FailureKind, Poll, Reading, Severity

EVERY_S = 600.0
TIMEOUT_S = 20.0
_SHRUNK = 0.5
_FUTURE_S = 900.0
"""A file may be so far in the future: two clocks are never quite the same."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The newest file of a job: how old, how large, and what is odd about it."""

    age_s: float
    size: float
    odd: str = ""


@dataclass(frozen=True, slots=True)
class _Told:
    """What one job gave: readings, and a failure beside or instead of them."""

    readings: tuple[Reading, ...] = ()
    failure: Failure | None = None
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Places:
    """Where jobs are looked for. ``calls`` gives the jobs of a device that call the box, by name."""

    shell: Shell
    shares: Shares
    calls: Callable[[str], Mapping[str, Call]]


class Backup:
    """Collector ``backup``: each job in ``device.backups``. Files are asked for every ten minutes at most; in between
    the age grows by the clock."""

    name = "backup"

    def __init__(self, clock: Clock, places: Places) -> None:
        self._clock = clock
        self._places = places
        self._seen: dict[tuple[str, str], tuple[float, _Found]] = {}
        self._whole: dict[tuple[str, str], float] = {}

    async def poll(self, device: Device) -> Poll:
        """Asks for each job by its name."""
        at, began = self._clock.wall(), self._clock.monotonic()
        told = await asyncio.gather(*(self._told(device, job, at) for job in jobs(device)))
        readings = tuple(reading for one in told for reading in one.readings)
        failures = [one.failure for one in told if one.failure]
        if not told:
            remedy = 'name the backups that lie on it: backups = ["NAME"]'
            failures = [Failure(FailureKind.REFUSED, f"backup {device.id}", remedy)]
        failure = failures[0] if failures and not readings else None
        asked = sum(one.asked for one in told)
        return Poll(
            device.id,
            self.name,
            at,
            readings,
            failure,
            tuple(failures[1:] if failure else failures),
            requests=asked,
            elapsed_s=self._clock.monotonic() - began,
            remembered=not asked,
        )

    async def _told(self, device: Device, job: Job, at: float) -> _Told:
        if job.calls:
            return self._called(device, job, at)
        key, now = (device.id, job.name), self._clock.monotonic()
        told_at, found = self._seen.get(key, (0.0, None))
        asked = found is None or now - told_at >= EVERY_S
        if found is None or asked:
            self._seen.pop(key, None)
            try:
                found = await self._look(device, job, at)
            except NoAnswerError as error:
                return _Told(failure=error.failure, asked=True)
            told_at = now
            self._seen[key] = now, found
        source = f"newest file of {place(job.share) if job.share else job.name}"
        readings = (
            Reading(device.id, "backup.age", found.age_s + now - told_at, at, job.name, source=source),
            Reading(device.id, "backup.size", found.size, at, job.name, source=source),
        )
        return _Told(readings, self._odd(key, found), asked)

    async def _look(self, device: Device, job: Job, at: float) -> _Found:
        what = f"backup {job.name}"
        if job.share is None:
            answer = await self._places.shell.run(device, what, TIMEOUT_S)
            try:
                return _Found(*understand(answer))
            except ValueError:
                detail = "vigie-remote did not answer with an age and a size"
                raise NoAnswerError(Failure(FailureKind.GARBLED, what, detail)) from None
        file = newest(await self._places.shares.files(device, job.share, TIMEOUT_S))
        if file is None:
            detail = f"no file fits {place(job.share)} (a folder is written with / at its end)"
            raise NoAnswerError(Failure(FailureKind.REFUSED, what, detail))
        odd = ""
        if file.at > at + _FUTURE_S:
            odd = f"{file.name} is of the future ({_written(file.at)}): set the clock of the machine with the share"
        return _Found(max(0.0, at - file.at), file.size, odd)

    def _odd(self, key: tuple[str, str], found: _Found) -> Failure | None:
        what = f"backup {key[1]}"
        if found.odd:
            return Failure(FailureKind.GARBLED, what, found.odd)
        whole = self._whole.get(key, found.size)
        if found.size < _SHRUNK * whole:
            detail = f"the newest file has {found.size:.0f} bytes, the one before {whole:.0f}: it was probably cut off"
            return Failure(FailureKind.GARBLED, what, detail)
        self._whole[key] = found.size
        return None

    def _called(self, device: Device, job: Job, at: float) -> _Told:
        """What the page has kept of a job's calls: nothing is asked."""
        what = f"backup {job.name}"
        try:
            call = self._places.calls(device.id).get(job.name)
        except VigieError as error:
            return _Told(failure=Failure(FailureKind.REFUSED, what, str(error)))
        if call is None:
            detail = "the job has no address to call yet: start `vigie web` (it makes one)"
            return _Told(failure=Failure(FailureKind.REFUSED, what, detail))
        source = f"calls of {job.name}"
        readings = [
            Reading(device.id, "backup.status", call.word(), at, job.name, call.detail, _worth(call, job, at), source)
        ]
        if call.good_at is not None:
            age = max(0.0, at - call.good_at)
            readings.append(Reading(device.id, "backup.age", age, at, job.name, source=source))
        if call.size is not None:
            readings.append(Reading(device.id, "backup.size", call.size, at, job.name, source=source))
        return _Told(tuple(readings))


def _worth(call: Call, job: Job, at: float) -> Severity:
    """How bad a job's last word is. One that never called is late like one that calls no more."""
    if call.word() == NEVER:
        late = call.overdue(job, at)
        return Severity.CRITICAL if late >= VERY_LATE else Severity.WARNING if late >= LATE else Severity.UNKNOWN
    return {GOOD: Severity.OK, FAILED: Severity.WARNING}[call.word()]


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def understand(answer: str) -> tuple[float, float]:
    """(seconds, bytes) of "AGE SIZE". A file of the future is new. Raises ValueError."""
    age, size = answer.split()
    return max(0.0, float(int(age))), float(int(size))
