"""What is due at t: a pure timetable instead of a scheduler library."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping


class Schedule:
    """When each subject is asked next. Times are monotonic seconds.

    Subjects are spread over their interval by a phase made from their name (the same after every start), so that the
    network never sees all questions at once.
    """

    def __init__(self, every_s: Mapping[str, float], start: float) -> None:
        self._every = dict(every_s)
        self._due = {name: start + _phase(name) * min(every, 10.0) for name, every in self._every.items()}

    def due(self, now: float) -> list[str]:
        """Subjects whose time has come, the longest overdue first; each is put off by its interval.

        After a pause (the machine slept) a subject is due once, not once per missed interval.
        """
        ready = sorted((at, name) for name, at in self._due.items() if at <= now)
        for at, name in ready:
            every = self._every[name]
            following = at + every
            self._due[name] = following if following > now else now + every
        return [name for _, name in ready]

    def hasten(self, names: Iterable[str], at: float) -> None:
        """Asks these subjects at ``at`` if they were to be asked later; unknown names are ignored."""
        for name in names:
            if name in self._due:
                self._due[name] = min(self._due[name], at)

    def next_at(self) -> float | None:
        """When the next subject is due; ``None`` if there is none."""
        return min(self._due.values(), default=None)


def _phase(name: str) -> float:
    """In [0, 1), evenly spread over names."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") / 2**32
