"""What a full outbox gives up first, and what it never does. Pure.

Transitions and what happened to incidents are the record that service levels are counted from: they stay, whatever the
size. Five-minute summaries are worth something while they are new; of older ones one per hour says enough, since the
transitions tell the rest. Hourly figures go only when the room is used up, the oldest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

CAP_BYTES = 64 * 1024 * 1024
"""Bytes of bodies that may wait: more than a year of a depot of 50 devices without a link."""
NOW_LANE = 2
"""What tells how things are now: the newest goes first, since headquarters needs no other to show the site."""
FRESH = 12
"""So many of the newest summaries are kept: an hour of them."""
_HOUR_S = 3600.0
_FIGURES = b'{"hour":'


@dataclass(frozen=True, slots=True)
class Waiting:
    """One waiting message: ``size`` in bytes, ``start`` the first bytes of its body, ``created_at`` in s."""

    seq: int
    kind: str
    created_at: float
    size: int
    start: bytes

    @property
    def worth(self) -> str:
        """``summary``, ``figures``, or empty for what is never given up."""
        if self.kind != "summary":
            return ""
        return "figures" if self.start.startswith(_FIGURES) else "summary"


def given_up(waiting: Iterable[Waiting], cap: int = CAP_BYTES) -> Iterator[Waiting]:
    """What to give up now, of messages in the order of their numbers."""
    rows = list(waiting)
    summaries = [row for row in rows if row.worth == "summary"]
    hours: set[float] = set()
    kept: list[Waiting] = []
    for row in summaries[:-FRESH]:
        hour = row.created_at // _HOUR_S
        if hour in hours:
            yield row
        else:
            hours.add(hour)
            kept.append(row)
    size = sum(row.size for row in rows) - sum(row.size for row in summaries[:-FRESH]) + sum(row.size for row in kept)
    for row in [*kept, *(row for row in rows if row.worth == "figures")]:
        if size <= cap:
            return
        size -= row.size
        yield row
