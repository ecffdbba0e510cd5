"""What people at headquarters decide, as append-only entries: feasts confirmed, work approved, costs told.

An entry is never changed. What is in force is a fold over all of them, so that it can be said at any time who decided
what, when, and what the figures were before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import msgspec

from gateway.core import amendment
from gateway.core.amendment import Amendment, Ruling
from gateway.core.cost import Expense
from gateway.core.intervals import OpenSpan

FEAST, AMENDMENT, RULING, EXPENSE, REPORT = "feast", "amendment", "ruling", "expense", "report"
"""Kinds of entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision. ``key`` makes it unique (the same written twice is one), ``kind`` says what ``body`` holds, ``at``
    is when it was taken (s since the epoch), ``who`` by whom."""

    key: str
    kind: str
    at: float
    who: str
    body: Mapping[str, Any] = field(default_factory=dict)


class Book(Protocol):
    """Where decisions are kept."""

    def entries(self, *kinds: str) -> Sequence[Entry]:
        """Those of the given kinds in the order in which they were written."""
        ...

    def write(self, *entries: Entry) -> int:
        """Adds entries in one transaction; returns how many were new. Durable when it returns."""
        ...


class MemoryBook:
    """The fake that ships beside the ledger's: forgets with the process."""

    def __init__(self, *entries: Entry) -> None:
        self._kept: dict[str, Entry] = {}
        self.write(*entries)

    def __len__(self) -> int:
        return len(self._kept)

    def entries(self, *kinds: str) -> list[Entry]:
        """Those of the given kinds."""
        return [entry for entry in self._kept.values() if entry.kind in kinds]

    def write(self, *entries: Entry) -> int:
        """Adds what is new."""
        before = len(self._kept)
        for entry in entries:
            self._kept.setdefault(entry.key, entry)
        return len(self._kept) - before


def moves_of(entries: Iterable[Entry]) -> dict[str, dict[date, date]]:
    """Moving feasts as decided, by country: estimated date -> the real one. The last decision counts."""
    found: dict[str, dict[date, date]] = {}
    for entry in entries:
        if entry.kind == FEAST:
            of_country = found.setdefault(entry.body["country"], {})
            of_country[date.fromisoformat(entry.body["on"])] = date.fromisoformat(entry.body["to"])
    return found


def feast(country: str, on: date, to: date, who: str, at: float) -> Entry:
    """Headquarters' word on a moving feast."""
    body = {"country": country, "on": on.isoformat(), "to": to.isoformat()}
    return Entry(f"feast {country} {on} {to} {at:.0f}", FEAST, at, who, body)


def amendments_of(entries: Iterable[Entry]) -> tuple[list[Amendment], list[Ruling]]:
    """What was entered about maintenance and pauses, and what was said about it. One that has ended is written again
    with its end: the last word about each counts."""
    entered: dict[str, Amendment] = {}
    words = []
    for entry in entries:
        if entry.kind == AMENDMENT:
            one = msgspec.convert(entry.body, Amendment)
            entered[one.id] = one
        elif entry.kind == RULING:
            words.append(msgspec.convert(entry.body, Ruling))
    return list(entered.values()), words


def amended(one: Amendment, who: str, at: float) -> Entry:
    """An amendment as an entry: what ``who`` wrote down at an instant."""
    return Entry(f"amendment {one.id} {one.end}", AMENDMENT, at, who, msgspec.to_builtins(one))


def ruled(one: Ruling) -> Entry:
    """A ruling as an entry."""
    return Entry(f"ruling {one.amendment} {one.by} {one.at:.0f}", RULING, one.at, one.by, msgspec.to_builtins(one))


def pauses_of(site: str, entries: Iterable[Entry]) -> dict[str, tuple[OpenSpan, ...]]:
    """Waiting times in force at one site, by incident."""
    entered, words = amendments_of(entries)
    pause = amendment.Kind.PAUSE
    subjects = {one.subject for one in entered if one.kind is pause and one.site == site and one.subject}
    return {one: amendment.spans(entered, words, pause, site, [one]) for one in subjects}


def maintenance_of(site: str, subjects: Iterable[str], entries: Iterable[Entry]) -> tuple[OpenSpan, ...]:
    """Maintenance in force for any of some devices and services, or for their whole site."""
    entered, words = amendments_of(entries)
    return amendment.spans(entered, words, amendment.Kind.MAINTENANCE, site, subjects)


def expenses_of(entries: Iterable[Entry]) -> list[Expense]:
    """What was told of costs."""
    return [msgspec.convert(entry.body, Expense) for entry in entries if entry.kind == EXPENSE]


def spent(one: Expense, key: str, at: float) -> Entry:
    """An expense as an entry; ``key`` tells two of the same kind apart."""
    return Entry(f"expense {key}", EXPENSE, at, one.by, msgspec.to_builtins(one))
