"""The agent's clock with its history in the record: what was believed in each boot, and what was learnt later."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from gateway.clock import Clock, Line, LineClock, begin
from gateway.core.errors import UnavailableError
from gateway.store.boots import SqliteBoots
from gateway.store.db import Database

_OFF_AT_LEAST_S = 1.0


class Timeline:
    """Puts this boot after all earlier ones, takes its line up again after a restart of the agent, and moves the record
    when the time is learnt. ``beat`` is the last heartbeat, if there is one."""

    def __init__(self, base: Clock, database: Database, beat: Mapping[str, Any] | None) -> None:
        self._boots = SqliteBoots(database)
        here = base.boot_id()
        if beat and beat.get("boot_id") != here:
            with suppress(UnavailableError):
                self._boots.ended(beat)
        not_before = self._boots.end_before(here) or (float(beat["at"]) if beat else 0.0)
        not_before += _OFF_AT_LEAST_S
        boot = self._boots.boot(here)
        line = _resumed(boot.line, beat) if boot else begin(base, not_before)
        self.clock = LineClock(base, line, not_before)
        self._recorded = boot is not None
        with suppress(UnavailableError):  # a full disk: tried again with every look, and told then
            self.look()

    def look(self) -> bool:
        """Compares the line with the machine's clock; True if what is recorded has moved, so that whoever holds
        instants in memory must start over. Raises UnavailableError while nothing can be recorded; nothing has moved
        then."""
        if not self._recorded:
            self._boots.begin(self.clock.line)
            self._recorded = True
        anchor = self.clock.compare()
        if anchor is None:
            return False
        self._boots.keep(anchor)
        self.clock.adopt(anchor)
        return bool(anchor.shift)

    def moves(self) -> int:
        """How often the line of this boot was moved."""
        return self.clock.line.moves

    def lines(self) -> dict[str, float]:
        """Offset of the line of every boot that is on record."""
        return {boot.line.boot_id: boot.line.offset for boot in self._boots.boots()}

    def status(self) -> dict[str, Any]:
        """For the page: whether the time of this boot is known, and which start of the machine it is."""
        boot = self._boots.boot(self.clock.boot_id())
        unknown = [one.number for one in self._boots.boots() if not one.line.known]
        return {
            "known": self.clock.line.known,
            "boot": boot.number if boot else None,
            "earliest": None if self.clock.line.known or not boot else self._boots.bounds(boot.number).earliest,
            "unknown_boots": len(unknown),
        }


def _resumed(line: Line, beat: Mapping[str, Any] | None) -> Line:
    """The line where the agent stopped. If it was being led, it stood between what the last heartbeat tells and where
    it was led to: the later of the two, since it must not go back."""
    if beat and beat.get("boot_id") == line.boot_id and beat.get("moves") == line.moves:
        return replace(line, offset=max(line.offset, float(beat["at"]) - float(beat["monotonic"])))
    return line
