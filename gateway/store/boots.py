"""The starts of the machine and what its clock was worth in each: lines, anchors, and the re-stamping of the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from gateway.clock import Anchor, Line
from gateway.core.incident import Change, Stamp, Transition
from gateway.core.inventory import Entry
from gateway.core.retiming import Move, moves_body, retimed
from gateway.ports import Message
from gateway.store import outbox
from gateway.store.db import Database, row_crc

_LANE = 1
_COLUMNS = "number, boot_id, offset, start, machine, moves, ended, known, crc"
_FACTS: tuple[tuple[str, str, type[Any]], ...] = (
    ("transition", "id, batch, subject, metric, instance, at, body, crc", Transition),
    ("change", "id, batch, incident, kind, at, body, crc", Change),
    ("entry", "id, batch, kind, subject, at, body, crc", Entry),
)


@dataclass(frozen=True, slots=True)
class Boot:
    """One start of the machine. ``ended`` is the monotonic second of its last heartbeat (``None`` while it lasts)."""

    number: int
    line: Line
    ended: float | None = None

    @property
    def end(self) -> float | None:
        """Its last instant on its line."""
        return None if self.ended is None else self.line.offset + self.ended


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which instants a boot that no time service ever vouched for must lie; ``None`` where nothing bounds."""

    earliest: float | None
    latest: float | None


class SqliteBoots:
    """The table of boots in the record. One writer: the agent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def boots(self) -> list[Boot]:
        """Every boot that was recorded, oldest first; damaged rows are left out and counted."""
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM boot ORDER BY number")  # noqa: S608 - own names only
        intact = (row for row in rows if self._database.intact("boot", row, key=row[0]))
        return [
            Boot(number, Line(boot_id, offset, start, machine, bool(known), moves), ended)
            for number, boot_id, offset, start, machine, moves, ended, known, _ in intact
        ]

    def boot(self, boot_id: str) -> Boot | None:
        """One boot by the kernel's id."""
        return next((boot for boot in self.boots() if boot.line.boot_id == boot_id), None)

    def bounds(self, number: int) -> Bounds:
        """What the boots before and after say of one: both must have been vouched for to bound it."""
        boots = [boot for boot in self.boots() if boot.line.known]
        before = [boot.end for boot in boots if boot.number < number and boot.end is not None]
        after = [boot.line.start for boot in boots if boot.number > number]
        return Bounds(max(before, default=None), min(after, default=None))

    def ended(self, beat: Mapping[str, Any]) -> None:
        """The last heartbeat of a boot that is over tells how far that boot went."""
        last = self.boot(str(beat.get("boot_id")))
        if last and last.ended is None:
            query = "SELECT coalesce(max(monotonic), 0) FROM batch WHERE boot_id = ?"
            ((written,),) = self._database.rows(query, (last.line.boot_id,))
            self._put(replace(last, ended=max(float(beat["monotonic"]), float(written))))

    def end_before(self, boot_id: str) -> float:
        """The last instant of all boots before this one (s since the epoch on their lines); 0 if there was none."""
        ends = []
        for boot in self.boots():
            if boot.line.boot_id == boot_id:
                break
            ends.append(boot.line.start if boot.end is None else boot.end)
        return max(ends, default=0.0)

    def begin(self, line: Line) -> Boot:
        """Records that the machine has started."""
        with self._database.transaction():
            ((number,),) = self._database.rows("SELECT coalesce(max(number), 0) + 1 FROM boot")
            boot = Boot(number, line)
            self._put(boot)
        return boot

    def keep(self, anchor: Anchor) -> None:
        """Takes an anchor in: line, record and the message to headquarters in one transaction. Earlier boots that
        would overlap with this one are moved back: that they were over before it began is certain."""
        boot = self.boot(anchor.line.boot_id)
        if boot is None:
            return
        stamp = Stamp(anchor.line.offset + anchor.monotonic, anchor.line.boot_id, anchor.monotonic, anchor.line.known)
        with self._database.transaction():
            self._put(replace(boot, line=anchor.line))
            self._put_anchor(boot, anchor)
            if anchor.shift:
                self._retime(boot, anchor.shift, stamp)
                self._make_room(boot.number, anchor.line.start, stamp)

    def moves(self, boot: Boot) -> list[Move]:
        """How a boot was moved, in order."""
        columns = "id, boot, monotonic, wall, known, ahead, start, shift, crc"
        rows = self._database.rows(
            f"SELECT {columns} FROM anchor WHERE boot = ? AND shift <> 0 ORDER BY id",  # noqa: S608 - own names only
            (boot.number,),
        )
        return [Move(row[6], row[7]) for row in rows if self._database.intact("anchor", row[1:], key=row[0])]

    def _make_room(self, number: int, start: float, stamp: Stamp) -> None:
        for boot in reversed([boot for boot in self.boots() if boot.number < number]):
            over = (boot.end or boot.line.start) - start
            if over > 0:
                line = boot.line
                later = replace(line, offset=line.offset - over, start=line.start - over, moves=line.moves + 1)
                self._put(replace(boot, line=later))
                self._put_anchor(boot, Anchor(boot.ended or 0.0, start, -over, -over, later))
                self._retime(boot, -over, stamp)
                start = later.start
            else:
                start = min(start, boot.line.start)

    def _retime(self, boot: Boot, shift: float, stamp: Stamp) -> None:
        move = Move(boot.line.start, shift)
        for table, columns, kind in _FACTS:
            decoder = msgspec.json.Decoder(kind)
            wanted = ", ".join(f"f.{column}" for column in columns.split(", "))
            rows = self._database.rows(
                f"SELECT {wanted} FROM {table} f JOIN batch b ON b.id = f.batch WHERE b.boot_id = ?",  # noqa: S608
                (boot.line.boot_id,),
            )
            for row in rows:
                if not self._database.intact(table, row[1:], key=row[0]):
                    continue
                fact: Any = retimed(decoder.decode(row[-2]), (move,))
                columns_now = (*row[1:-3], fact.at, msgspec.json.encode(fact))
                self._database.execute(
                    f"UPDATE {table} SET at = ?, body = ?, crc = ? WHERE id = ?",  # noqa: S608 - own names only
                    (*columns_now[-2:], row_crc(*columns_now), row[0]),
                )
        told = moves_body(boot.line.boot_id, self.moves(boot))
        outbox.put(self._database, Message("rpt", _LANE, told), stamp)

    def _put(self, boot: Boot) -> None:
        line = boot.line
        row = (
            boot.number,
            line.boot_id,
            line.offset,
            line.start,
            line.machine,
            line.moves,
            boot.ended,
            line.known,
        )
        self._database.execute("INSERT OR REPLACE INTO boot VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, row_crc(*row)))

    def _put_anchor(self, boot: Boot, anchor: Anchor) -> None:
        """``boot`` as it was before the anchor."""
        line = anchor.line
        row = (
            boot.number,
            anchor.monotonic,
            anchor.wall,
            line.known,
            anchor.ahead,
            boot.line.start,
            anchor.shift,
        )
        columns = "boot, monotonic, wall, known, ahead, start, shift, crc"
        self._database.execute(
            f"INSERT INTO anchor ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - own names only
            (*row, row_crc(*row)),
        )
