"""Facts of a boot whose clock turned out to be wrong, put where they belong. Pure; the box and headquarters alike.

All instants of one boot lie on one line (wall = offset + monotonic seconds), so that durations are right even while the
wall clock is wrong. When the truth is learnt, the whole line moves: by ``shift`` seconds for everything from ``start``
(the boot's first instant) on. What lies before ``start`` is of an earlier boot: it stays, but never after the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from gateway.core.incident import Change, Transition
from gateway.core.inventory import Entry

_Fact = TypeVar("_Fact", Transition, Change, Entry)


@dataclass(frozen=True, slots=True)
class Move:
    """One correction of the line of a boot. ``start`` is told on the line as it was before (s since the epoch)."""

    start: float
    shift: float

    def place(self, at: float) -> float:
        """Where an instant lies after the move."""
        return at + self.shift if at >= self.start else min(at, self.start + self.shift)


def retimed(fact: _Fact, moves: Iterable[Move]) -> _Fact:
    """A fact after all the moves that its boot made since it was written, in their order."""
    for move in moves:
        if isinstance(fact, Entry):
            fact = replace(fact, at=move.place(fact.at))
            continue
        fact = replace(fact, at=move.place(fact.at), detected_at=move.place(fact.detected_at))
        if isinstance(fact, Change) and fact.until is not None:
            fact = replace(fact, until=move.place(fact.until))
    return fact


def moves_body(boot_id: str, moves: Iterable[Move]) -> dict[str, Any]:
    """Body of the message (kind ``rpt``) that tells headquarters how a boot was moved: all its moves, in order, so that
    one message is enough whatever was lost, doubled or reordered. Instants in ms since the epoch, as they are told."""
    told = [{"start": round(move.start * 1000), "shift": round(move.shift * 1000)} for move in moves]
    return {"moves": {"boot_id": boot_id, "moves": told}}


def moves_of(body: Mapping[str, Any]) -> tuple[str, list[Move]] | None:
    """The reverse; ``None`` for a body that tells of no moves. Raises ``ValueError`` for one that cannot be read."""
    told = body.get("moves")
    if told is None:
        return None
    try:
        return str(told["boot_id"]), [Move(one["start"] / 1000, one["shift"] / 1000) for one in told["moves"]]
    except (TypeError, KeyError) as error:
        raise ValueError(f"moves of a boot cannot be read: {error}") from error


def line_of(body: Mapping[str, Any]) -> int:
    """How many moves the boot had made already when these facts were written: later ones apply to them."""
    line = body.get("line", 0)
    return line if isinstance(line, int) else 0
