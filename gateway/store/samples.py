"""Readings: in RAM until the next commit, in frames until the hour is over, then in one chunk per device and hour.

A row per reading would write hundreds of times as much to the card (docs/understand/durability.md has the figures). A
power cut loses what came after the last commit, never more.
"""

from __future__ import annotations

import math
import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from gateway.clock import STEP_S, Clock
from gateway.core.errors import VigieError
from gateway.core.reading import Reading
from gateway.settings import KeepSettings
from gateway.store import rollups
from gateway.store.codec import Column, encode
from gateway.store.db import open_database, row_crc
from gateway.store.retention import bound, prune
from gateway.store.rollups import HOUR_S, Uptime
from gateway.store.sample_reader import FILE_NAME, PARTS, SampleReader

__all__ = ["FILE_NAME", "SampleReader", "SqliteSamples", "rounded"]

GRACE_S = 60.0
"""An hour is closed this long after its end, so that answers on their way still belong to it."""
READINGS_IN_RAM_MAX = 2_000_000
"""What is kept in RAM when the disk takes nothing, or nobody knows what time it is: about a day of the largest site,
32 MB."""

_USUAL = KeepSettings()
_Key = tuple[int, bool]
"""Number of a series, and whether its values are words."""
_Columns = dict[_Key, Column]


def rounded(value: float) -> float:
    """Whole numbers exactly; fractions to five significant digits and nine decimals at most: sensors give no more."""
    if value == math.floor(value):
        return value
    return round(value, min(9, max(0, 4 - math.floor(math.log10(abs(value))))))


@dataclass(slots=True)
class _Buffer:
    """One series of one open hour; the first ``committed`` readings are in the file already."""

    times: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))
    committed: int = 0

    def column(self, key: _Key, start: int = 0) -> Column:
        times = np.array(self.times[start:], np.int64)
        order = np.argsort(times, kind="stable")
        return Column(key[0], times[order], np.array(self.values[start:], np.float64)[order], key[1])


@dataclass(slots=True)
class _Work:
    """What one commit writes, taken out of RAM at one moment: whole columns of hours that are over, new parts of the
    others, and how much of each buffer that is."""

    over: dict[int, _Columns] = field(default_factory=dict)
    parts: dict[int, _Columns] = field(default_factory=dict)
    lengths: dict[tuple[int, _Key], int] = field(default_factory=dict)
    offset: float | None = None


class SqliteSamples(SampleReader):
    """The writer's side, in the agent. Unlike a reader it also sees what is not committed yet.

    ``flush`` may run in another thread than ``append``: neither waits for the disk while it holds what the other needs.
    ``lines`` tells the offset of the line of each boot as it is known now (see ``gateway.clock``): readings that were
    taken before the time was known are put right by it while their hour is open; so hours stay open until then.
    """

    def __init__(
        self, path: Path, clock: Clock, keep: KeepSettings = _USUAL, lines: Mapping[str, float] | None = None
    ) -> None:
        super().__init__(open_database(path, schema="samples"))
        self._clock = clock
        self._keep = keep
        self._lock = threading.RLock()
        self._flushing = threading.Lock()
        self._open: dict[int, dict[_Key, _Buffer]] = {}
        self._offset: float | None = None
        """The line on which the readings in RAM were taken, if nobody vouches for it."""
        self._adrift: set[int] = set()
        """Hours with readings of such a line."""
        self._stale: list[int] = []
        """Frames that were put right in RAM and go with the next commit."""
        self.refused = 0
        """Readings that were no finite number, or dated before 1970."""
        self.lost = 0
        """Readings given up because the disk took nothing for too long."""
        self.early_h = 0
        """Hours of single readings that had to go before their time, for want of room."""
        self._load_hot(lines or {})

    def append(self, readings: Iterable[Reading]) -> None:
        """Takes readings; they are durable after the next ``flush``."""
        with self._lock:
            self._offset = None if self._clock.trusted() else self._clock.wall() - self._clock.monotonic()
            for reading in readings:
                self._append(reading)

    def _append(self, reading: Reading) -> None:
        words = isinstance(reading.value, str)
        if not reading.at >= 0 or not (words or math.isfinite(float(reading.value))):
            self.refused += 1
            return
        value = self._names.word(reading.value) if isinstance(reading.value, str) else rounded(float(reading.value))
        key = (self._names.number(*reading.series), words)
        hour = int(reading.at // HOUR_S)
        buffer = self._open.setdefault(hour, {}).setdefault(key, _Buffer())
        buffer.times.append(round(reading.at * 1000))
        buffer.values.append(value)
        if self._offset is not None:
            self._adrift.add(hour)

    def series(
        self, device: str, metric: str, instance: str, start: float, end: float
    ) -> list[tuple[float, float | str]]:
        """As of ``SampleReader``, with what is still in RAM."""
        with self._lock:
            return super().series(device, metric, instance, start, end)

    def _unclosed(self, number: int) -> Iterator[Column]:
        for buffers in self._open.values():
            for key in ((number, False), (number, True)):
                if key in buffers:
                    yield buffers[key].column(key)

    def flush(self) -> None:
        """Commits what was appended, and closes the hours that are over. Raises ``UnavailableError`` if the disk takes
        nothing; the readings then stay in RAM, up to a bound, for the next try."""
        with self._flushing:
            with self._lock:
                work, stale = self._take(), list(self._stale)
            try:
                with self._database.transaction():
                    names = self._names.save()
                    for hour, columns in work.over.items():
                        self._close_hour(hour, columns)
                    for hour, columns in work.parts.items():
                        self._put_hot(hour, columns, work.offset)
                    for key in stale:
                        self._drop_hot("id = ?", key)
            except VigieError:
                with self._lock:
                    self._bound()
                raise
            with self._lock:
                self._names.saved(names)
                self._settle(work)
                self._stale = []
            if work.over:
                if self._clock.trusted():
                    prune(self._database, self._clock.wall(), self._keep)
                self.early_h += bound(self._database, self._keep.bytes_max)
                self._database.checkpoint()

    def thaw(self) -> None:
        """Goes on in a file that lay on a read-only disk. Raises ``UnavailableError`` while it still does."""
        try:
            self._database.thaw()
        except VigieError:
            self.hold_back()
            raise

    def hold_back(self) -> None:
        """Commits nothing now, for want of room: what waits in RAM is bounded."""
        with self._lock:
            self._bound()

    def close(self) -> None:
        """Commits what can be committed and ends the use of the file."""
        try:
            self.flush()
        finally:
            super().close()

    def _take(self) -> _Work:
        work = _Work(offset=self._offset)
        now = self._clock.wall()
        for hour, buffers in self._open.items():
            over = now >= (hour + 1) * HOUR_S + GRACE_S and self._placed(hour)
            columns = {
                key: buffer.column(key, 0 if over else buffer.committed)
                for key, buffer in sorted(buffers.items())
                if over or len(buffer.times) > buffer.committed
            }
            (work.over if over else work.parts)[hour] = columns
            work.lengths |= {(hour, key): len(buffer.times) for key, buffer in buffers.items()}
        return work

    def _placed(self, hour: int) -> bool:
        """True if it is known when the readings of an hour were taken, or if too many wait for that."""
        if hour not in self._adrift or sum(self._sizes().values()) > READINGS_IN_RAM_MAX:
            return True
        here = self._clock.wall() - self._clock.monotonic()
        return self._clock.trusted() and (self._offset is None or abs(here - self._offset) <= STEP_S)

    def _settle(self, work: _Work) -> None:
        """What was written is durable; what came meanwhile stays for the next time."""
        for (hour, key), length in work.lengths.items():
            buffer = self._open[hour][key]
            if hour in work.over:
                del buffer.times[:length], buffer.values[:length]
                length = 0
            buffer.committed = length
        for hour in work.over:
            self._open[hour] = {key: buffer for key, buffer in self._open[hour].items() if buffer.times}
            self._adrift.discard(hour)
            if not self._open[hour]:
                del self._open[hour]

    def _put_hot(self, hour: int, columns: _Columns, offset: float | None) -> None:
        if not columns:
            return
        frame = encode(list(columns.values()))
        ((number,),) = self._database.rows("SELECT coalesce(max(id), 0) + 1 FROM hot")
        self._database.execute(
            "INSERT INTO hot VALUES (?, ?, ?, ?)", (number, hour, frame, row_crc(number, hour, frame))
        )
        if offset is not None:
            row = (number, self._clock.boot_id(), offset)
            self._database.execute("INSERT INTO adrift VALUES (?, ?, ?, ?)", (*row, row_crc(*row)))

    def _drop_hot(self, where: str, value: int) -> None:
        self._database.execute(f"DELETE FROM adrift WHERE id IN (SELECT id FROM hot WHERE {where})", (value,))  # noqa: S608
        self._database.execute(f"DELETE FROM hot WHERE {where}", (value,))  # noqa: S608 - own texts only

    def _close_hour(self, hour: int, columns: _Columns) -> None:
        """Turns everything known of an hour into one chunk and one roll-up per device."""
        subjects: dict[int, list[Column]] = {}
        for key, column in columns.items():
            subjects.setdefault(self._names.series_by_number[key[0]].subject, []).append(column)
        uptimes: dict[int, Uptime] = {}
        for subject, own in sorted(subjects.items()):
            base = hour << 24 | subject << 8
            number = self._free("chunk", base)
            if number is None:
                self.lost += sum(len(column.times) for column in own)
                continue
            self._put_row("chunk", number, encode(own))
            self._put_row("rollup", number, rollups.encode(own))
            if number == base and (uptime := self._uptime(hour, own)):
                uptimes[subject] = uptime  # what comes late fills no gap in it
        if uptimes and (number := self._free("uptime", hour << 8)) is not None:
            self._put_row("uptime", number, rollups.encode_uptimes(uptimes))
        self._drop_hot("hour = ?", hour)

    def _free(self, table: str, base: int) -> int | None:
        """The first number of a part that is free; ``None`` after hundreds of late deliveries: a clock gone mad."""
        query = f"SELECT max(id) FROM {table} WHERE id >= ? AND id < ?"  # noqa: S608 - own names only
        ((last,),) = self._database.rows(query, (base, base + PARTS))
        number = base if last is None else int(last) + 1
        return number if number < base + PARTS else None

    def _put_row(self, table: str, number: int, frame: bytes) -> None:
        row = (number, frame)
        self._database.execute(f"INSERT INTO {table} VALUES (?, ?, ?)", (*row, row_crc(*row)))  # noqa: S608

    def _uptime(self, hour: int, columns: list[Column]) -> Uptime | None:
        for column in columns:
            name = self._names.series_by_number[column.series]
            if (name.metric, name.instance, column.words) == ("reach.up", "", False):
                return rollups.uptime(column, hour)
        return None

    def _sizes(self) -> dict[int, int]:
        return {hour: sum(len(b.times) for b in buffers.values()) for hour, buffers in self._open.items()}

    def _bound(self) -> None:
        """Gives up the oldest hours when too much waits in RAM."""
        sizes = self._sizes()
        for hour in sorted(sizes):
            if sum(sizes.values()) <= READINGS_IN_RAM_MAX:
                break
            self.lost += sizes.pop(hour)
            del self._open[hour]

    def _load_hot(self, lines: Mapping[str, float]) -> None:
        """Open hours of an earlier run back into RAM; those of a line that was moved since, where they belong."""
        adrift = {}
        for row in self._database.rows("SELECT id, boot, offset, crc FROM adrift"):
            if self._database.intact("adrift", row, key=row[0]):
                adrift[row[0]] = row[1:3]
        moved: dict[int, int] = {}
        for (key,) in self._database.rows("SELECT id FROM hot ORDER BY id"):
            boot, offset = adrift.get(key, ("", 0.0))
            shift_ms = round((lines.get(boot, offset) - offset) * 1000)
            if abs(shift_ms) > STEP_S * 1000:
                moved[key] = shift_ms
                continue
            for column in self._frame(key):
                self._take_back(column, adrift=key in adrift)
        for buffers in self._open.values():
            for buffer in buffers.values():
                buffer.committed = len(buffer.times)
        for key, shift_ms in moved.items():
            for column in self._frame(key):
                self._take_back(replace(column, times=column.times + shift_ms), adrift=True)
        self._stale = list(moved)

    def _take_back(self, column: Column, *, adrift: bool) -> None:
        hours = column.times // round(HOUR_S * 1000)
        for hour in np.unique(hours).tolist():
            inside, key = hours == hour, (column.series, column.words)
            buffer = self._open.setdefault(hour, {}).setdefault(key, _Buffer())
            buffer.times.extend(column.times[inside].tolist())
            buffer.values.extend(column.values[inside].tolist())
            if adrift:
                self._adrift.add(hour)
