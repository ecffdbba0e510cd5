"""What people at headquarters decide, as append-only entries: feasts confirmed, work approved, costs told.

An entry is never changed. What is in force is a fold over all of them, so that it can be said at any time who decided
what, when, and what the figures were before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


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

    def entries(self, *kinds: str) -> list[Entry]:
        """Those of the given kinds."""
        return [entry for entry in self._kept.values() if entry.kind in kinds]

    def write(self, *entries: Entry) -> int:
        """Adds what is new."""
        before = len(self._kept)
        for entry in entries:
            self._kept.setdefault(entry.key, entry)
        return len(self._kept) - before
