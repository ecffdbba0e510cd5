"""Backup jobs as people name them, what became of one, and what a share's listing says. Pure.

``erp`` is asked over SSH, ``erp=smb:SHARE/FOLDER/*.bak`` is a file on a Windows share, ``erp=call`` calls the box
itself when it is done; ``@24h`` behind any of them says how often it runs.
"""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.core.device import Device, Limit
from gateway.core.document import parse_duration

LATE, VERY_LATE = 1.25, 2.25
"""Shares of the period after which a backup is late (a warning) and very late: 30 and 54 hours of one a day."""
GOOD, FAILED, NEVER = "good", "failed", "none yet"
"""Words of ``backup.status``."""

_JOB = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,60})(?:=(?:(?P<call>call)|smb:(?P<path>[^\s@]+)))?(?:@(?P<period>\w+))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOUR_S = 3600.0
_LEAST_S = 300.0
_MOST_BYTES = 10**18


@dataclass(frozen=True, slots=True)
class Share:
    """Where on a share the files of a job lie: those of ``folder`` (not below it) that fit ``pattern``."""

    name: str
    folder: str = ""
    pattern: str = "*"


@dataclass(frozen=True, slots=True)
class Job:
    """One backup job. With ``share`` it is looked for there, with ``calls`` it calls the box, else it is asked over
    SSH. ``period_s`` is how often it runs; None: once a day, if nothing else is said."""

    name: str
    share: Share | None = None
    calls: bool = False
    period_s: float | None = None

    @classmethod
    def parse(cls, text: str) -> Job:
        """The job that a person wrote. Raises ValueError."""
        found = _JOB.fullmatch(text.strip())
        if found is None:
            raise ValueError(f'"{text}" is no backup')
        period_s = None
        if found["period"]:
            period_s = parse_duration(found["period"], days=True)
            if period_s is None or period_s < _LEAST_S:
                raise ValueError(f'"{text}": "{found["period"]}" is no period such as 24h or 7d')
        return cls(found["name"], _share(found["path"]) if found["path"] else None, bool(found["call"]), period_s)

    @property
    def due_s(self) -> float:
        """Seconds from one good backup to the next."""
        return self.period_s or 24 * _HOUR_S


def jobs(device: Device) -> tuple[Job, ...]:
    """The jobs of a device, as its ``backups`` name them. Raises ValueError."""
    return tuple(Job.parse(text) for text in device.backups)


def limits(device: Device) -> Iterator[Limit]:
    """Limits of the age that follow from how often a job runs."""
    for job in jobs(device):
        if job.period_s:
            yield Limit("backup.age", job.name, LATE * job.period_s, VERY_LATE * job.period_s)


def _share(path: str) -> Share:
    """``Share/Folder/*.bak``; blanks and other unusual characters as %20. Raises ValueError."""
    name, _, rest = _unquoted(path).partition("/")
    folder, _, pattern = rest.rpartition("/")
    if not name or _CONTROL.search(name + rest) or "\\" in name + rest:
        raise ValueError(f'"{path}" is no place on a share')
    if any(part in ("", ".", "..") for part in folder.split("/") if folder):
        raise ValueError(f'"{path}": a folder in it has no name')
    if set(pattern) & set(';"'):  # they would end the word in smbclient's own language
        raise ValueError(f'"{path}": a pattern has neither ; nor "')
    return Share(name, folder, pattern or "*")


def _unquoted(text: str) -> str:
    """``%20`` and the like as the characters they stand for (UTF-8)."""
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda one: bytes([int(one[1], 16)]), text.encode())
    return raw.decode("utf-8", "replace")


def place(share: Share) -> str:
    """A share's place as a person reads it in a message."""
    return "/".join(part for part in (share.name, share.folder, share.pattern) if part)


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of a job that calls the box. Instants are s since the epoch, None: never; ``ok`` and ``detail``
    are of the last call, ``size`` (bytes) of the last good one."""

    device: str
    job: str
    made_at: float
    called_at: float | None = None
    ok: bool = True
    detail: str = ""
    good_at: float | None = None
    size: float | None = None

    def word(self) -> str:
        """The word of ``backup.status``."""
        if self.called_at is None:
            return NEVER
        return GOOD if self.ok else FAILED

    def overdue(self, job: Job, now: float) -> float:
        """Periods since the last good call, or since the box began to wait for the first one."""
        since = self.made_at if self.good_at is None else self.good_at
        return max(0.0, now - since) / job.due_s


_ENTRY = re.compile(
    rb"  (?P<name>.{30,}?)(?P<kind>[ A-Za-z]{7}) (?P<size>[ \d]{7,}\d)  "
    rb"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>[ \d]\d) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d) "
    rb"(?P<year>\d{4})"
)
"""A line of smbclient's ``ls``: the name padded to thirty bytes, letters of its kind, bytes, the time (asctime)."""
_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}


@dataclass(frozen=True, slots=True)
class File:
    """One file of a listing; ``at`` is when it was written last (s since the epoch)."""

    name: str
    at: float
    size: float


def listed(output: bytes) -> Iterator[File]:
    """The files of a listing by smbclient in UTC; folders and all other lines are left out."""
    for line in output.split(b"\n"):
        found = _ENTRY.fullmatch(line.rstrip(b"\r"))
        if found is None or b"D" in found["kind"] or found["month"] not in _MONTHS:
            continue
        day, hour, minute, second, year = (int(found[key]) for key in ("day", "hour", "minute", "second", "year"))
        month = _MONTHS[found["month"]]
        if not (1 <= day <= 31 and hour < 24 and minute < 60 and second <= 60 and year >= 1970):
            continue
        name = found["name"].decode("utf-8", "replace").rstrip(" ")
        yield File(name, float(timegm((year, month, day, hour, minute, second))), float(found["size"]))


def newest(files: Iterable[File]) -> File | None:
    """The file that was written last; of two of the same second the larger one."""
    return max(files, key=lambda one: (one.at, one.size), default=None)


def size_of(text: str) -> float | None:
    """Bytes that a job told: a whole number, not below zero. None for an empty text. Raises ValueError."""
    if not text.strip():
        return None
    size = int(text)
    if not 0 <= size <= _MOST_BYTES:
        raise ValueError(f"{text} is no size")
    return float(size)
