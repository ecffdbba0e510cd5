"""The agent's clock with its history in the record: what was believed in each boot, and what was learnt later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from gateway.clock import Clock, Line, LineClock, begin
from gateway.core.errors import UnavailableError
from gateway.settings import load
from gateway.store.boots import Bounds, SqliteBoots
from gateway.store.db import Database, open_database
from gateway.wire import iso

_OFF_AT_LEAST_S = 1.0
_TOLD = 10
"""So many starts without a known time are told to the page, the newest."""


@dataclass(frozen=True, slots=True)
class Start:
    """One start of the machine as people are told of it. Instants in s since the epoch. Where the time was never
    ``known``, ``start`` and ``end`` are estimates that lie between ``earliest`` and ``latest``."""

    number: int
    start: float
    end: float | None
    known: bool
    moves: int
    earliest: float | None
    latest: float | None


def starts(boots: SqliteBoots) -> list[Start]:
    """Every start on record, oldest first."""
    found = []
    for boot in boots.boots():
        line = boot.line
        bounds = Bounds(None, None) if line.known else boots.bounds(boot.number)
        found.append(Start(boot.number, line.start, boot.end, line.known, line.moves, bounds.earliest, bounds.latest))
    return found


@click.command()
@click.option("--config", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The site's settings.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def timeline(config: Path, *, as_json: bool) -> int:
    """The starts of the box: since when, until when, and whether its clock was known.

    The time of a start whose clock nobody ever vouched for is an estimate; its bounds are told.
    """
    with closing(open_database(load(config).data / "vigie.db", read_only=True)) as database:
        found = starts(SqliteBoots(database))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found]))
        return 0
    for one in found:
        end = iso(one.end) if one.end is not None else "now or unknown"
        click.echo(f"{one.number:4}  {iso(one.start)} - {end}  {_certainty(one)}")
    return 0


def _certainty(one: Start) -> str:
    moved = f", put right {one.moves} time(s)" if one.moves else ""
    if one.known:
        return f"known{moved}"
    first = f" after {iso(one.earliest)}" if one.earliest is not None else ""
    last = f" before {iso(one.latest)}" if one.latest is not None else ""
    return f"ESTIMATED{first}{' and' if first and last else ''}{last}{moved}"


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
        here = boot.number if boot else None
        unknown = [one for one in starts(self._boots) if not one.known and one.number != here]
        return {
            "known": self.clock.line.known,
            "boot": boot.number if boot else None,
            "earliest": None if self.clock.line.known or not boot else self._boots.bounds(boot.number).earliest,
            "unknown": [asdict(one) for one in unknown[-_TOLD:]],
        }


def _resumed(line: Line, beat: Mapping[str, Any] | None) -> Line:
    """The line where the agent stopped. If it was being led, it stood between what the last heartbeat tells and where
    it was led to: the later of the two, since it must not go back."""
    if beat and beat.get("boot_id") == line.boot_id and beat.get("moves") == line.moves:
        return replace(line, offset=max(line.offset, float(beat["at"]) - float(beat["monotonic"])))
    return line
