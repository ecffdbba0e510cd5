"""Errors that people read: one line each, with a remedy, and whether a retry makes sense."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class VigieError(Exception):
    """Base of every error Vigie raises on purpose. Its text is one line for a person.

    ``retry`` tells the caller whether the same call may succeed later without anybody changing anything.
    """

    retry: bool = False

    def __init__(self, what: str, *, remedy: str = "") -> None:
        self.what = what
        self.remedy = remedy
        super().__init__(f"{what}: {remedy}" if remedy else what)


class UnavailableError(VigieError):
    """Something outside is not there at the moment (a broker, a disk, a device): try again later."""

    retry = True


class DamagedError(VigieError):
    """Stored data does not match its checksum. What was read is not used; the rest is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of an input file: where, what, remedy. ``line`` is 1-based, 0 where no line is known."""

    file: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}: {self.remedy}"


class InputError(VigieError):
    """Bad input with all its faults, told at once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))
