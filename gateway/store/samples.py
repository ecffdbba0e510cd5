"""Readings: in RAM until the next commit, in frames until the hour is over, then in one chunk per device and hour.

Measured on this layout: some 30 MB written to the card a day for 50 devices with 20 metrics a minute, where a row per
reading would write hundreds of times as much. A power cut loses what came after the last commit, never more.
"""

from __future__ import annotations

import math
import threading
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gateway.clock import Clock
from gateway.core.errors import VigieError
from gateway.core.reading import Reading
from gateway.store import rollups
from gateway.store.codec import Column, decode, encode
from gateway.store.db import Database, open_database, row_crc
from gateway.store.names import Names
from gateway.store.rollups import HOUR_S, Rollup, Uptime

FILE_NAME = "samples.db"
GRACE_S = 60.0
"""An hour is closed this long after its end, so that answers on their way still belong to it."""
READINGS_IN_RAM_MAX = 2_000_000
"""What is kept in RAM when the disk takes nothing: about a day of the largest site, 32 MB."""
PARTS = 256

_Key = tuple[int, bool]
"""Number of a series, and whether its values are words."""


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


class SampleReader:
    """Reads a samples file; from another process it sees what the last commit held."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = Names(database)
        self._frames: dict[int, list[Column]] = {}

    def series(
        self, device: str, metric: str, instance: str, start: float, end: float
    ) -> list[tuple[float, float | str]]:
        """(at, value) of one series in [start, end), in order of time; instants to the millisecond."""
        number = self._find(device, metric, instance)
        if number is None or end <= start:
            return []
        found: list[tuple[float, float | str]] = []
        low, high = start * 1000, end * 1000
        for column in (*self._chunks(number, start, end), *self._unclosed(number)):
            inside = (column.times >= low) & (column.times < high)
            times = (column.times[inside] / 1000.0).tolist()
            values = column.values[inside].tolist()
            if column.words:
                words = self._words(values)
                found += [(at, words[value]) for at, value in zip(times, values, strict=True) if value in words]
            else:
                found += zip(times, values, strict=True)
        found.sort(key=lambda pair: pair[0])
        return found

    def rollups(self, device: str, metric: str, instance: str, start: float, end: float) -> list[Rollup]:
        """Hourly count, minimum, mean and maximum of one series of numbers, for closed hours in [start, end)."""
        number = self._find(device, metric, instance)
        if number is None:
            return []
        subject = self._names.series_by_number[number].subject
        rows = [row for hour in self._hours("rollup", start, end) for row in self._parts("rollup", hour, subject)]
        return rollups.merge([found for row, frame in rows for found in rollups.decode(row >> 24, frame, number)])

    def uptime(self, start: float, end: float) -> dict[str, Uptime]:
        """Seconds up and seconds known by device, for closed hours in [start, end)."""
        names = {number: name for name, number in self._names.subjects.items()}
        low, high = int(start // HOUR_S) << 8, math.ceil(min(end, 2**38) / HOUR_S) << 8
        rows = self._database.rows("SELECT id, frame, crc FROM uptime WHERE id >= ? AND id < ?", (low, high))
        intact = [row[1] for row in rows if self._database.intact("uptime", row, key=row[0])]
        found = rollups.add_uptimes(intact)
        return {names[subject]: uptime for subject, uptime in found.items() if subject in names}

    def damage(self) -> dict[str, int]:
        """Rows found damaged since the file was opened, by table."""
        return dict(self._database.damage)

    def close(self) -> None:
        """Ends the use of the file."""
        self._database.close()

    def _find(self, device: str, metric: str, instance: str) -> int | None:
        number = self._names.find(device, metric, instance)
        if number is None and self._database.read_only:  # the writer may have met it since
            self._names.load()
            number = self._names.find(device, metric, instance)
        return number

    def _words(self, numbers: list[float]) -> Mapping[float, str]:
        """State words by number. A damaged word is missing, and so are the readings that held it."""
        if self._database.read_only and not set(numbers) <= set(self._names.word_by_number):
            self._names.load()
        return self._names.word_by_number  # type: ignore[return-value]  # 3.0 finds what 3 was kept under

    def _hours(self, table: str, start: float, end: float) -> range:
        """The hours of [start, end) that the table can hold."""
        ((low, high),) = self._database.rows(f"SELECT min(id), max(id) FROM {table}")  # noqa: S608 - own names only
        if low is None:
            return range(0)
        first, last = max(start // HOUR_S, low >> 24), min((end - 0.001) // HOUR_S, high >> 24)
        return range(int(first), int(last) + 1)

    def _parts(self, table: str, hour: int, subject: int) -> Iterator[tuple[int, bytes]]:
        base = hour << 24 | subject << 8
        query = f"SELECT id, frame, crc FROM {table} WHERE id >= ? AND id < ?"  # noqa: S608 - own names only
        for row in self._database.rows(query, (base, base + PARTS)):
            if self._database.intact(table, row, key=row[0]):
                yield row[0], row[1]

    def _chunks(self, number: int, start: float, end: float) -> Iterator[Column]:
        subject = self._names.series_by_number[number].subject
        for hour in self._hours("chunk", start, end):
            for _, frame in self._parts("chunk", hour, subject):
                yield from decode(frame, only=frozenset((number,)))

    def _unclosed(self, number: int) -> Iterator[Column]:
        """Columns of hours that are not closed yet. Frames never change, so a decoded one is kept while it exists."""
        present = self._database.rows("SELECT id FROM hot")
        self._frames = {key: self._frames[key] for (key,) in present if key in self._frames}
        for (key,) in present:
            if key not in self._frames:
                self._frames[key] = self._frame(key)
        for columns in self._frames.values():
            yield from (column for column in columns if column.series == number)

    def _frame(self, key: int) -> list[Column]:
        rows = self._database.rows("SELECT id, hour, frame, crc FROM hot WHERE id = ?", (key,))
        if not rows or not self._database.intact("hot", rows[0], key=key):
            return []
        return decode(rows[0][2])


class SqliteSamples(SampleReader):
    """The writer's side, in the agent. Unlike a reader it also sees what is not committed yet."""

    def __init__(
        self, path: Path, clock: Clock, *, raw_s: float = 60 * 86400.0, rollup_s: float = 730 * 86400.0
    ) -> None:
        super().__init__(open_database(path, schema="samples"))
        self._clock = clock
        self._raw_s, self._rollup_s = raw_s, rollup_s
        self._lock = threading.RLock()
        self._open: dict[int, dict[_Key, _Buffer]] = {}
        self.refused = 0
        """Readings that were no finite number, or dated before 1970."""
        self.lost = 0
        """Readings given up because the disk took nothing for too long."""
        self._load_hot()

    def append(self, readings: Iterable[Reading]) -> None:
        """Takes readings; they are durable after the next ``flush``."""
        with self._lock:
            for reading in readings:
                self._append(reading)

    def _append(self, reading: Reading) -> None:
        words = isinstance(reading.value, str)
        if not reading.at >= 0 or not (words or math.isfinite(float(reading.value))):
            self.refused += 1
            return
        value = self._names.word(reading.value) if isinstance(reading.value, str) else rounded(float(reading.value))
        key = (self._names.number(*reading.series), words)
        buffer = self._open.setdefault(int(reading.at // HOUR_S), {}).setdefault(key, _Buffer())
        buffer.times.append(round(reading.at * 1000))
        buffer.values.append(value)

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
        with self._lock:
            now = self._clock.wall()
            over = [hour for hour in self._open if now >= (hour + 1) * HOUR_S + GRACE_S]
            try:
                with self._database.transaction():
                    names = self._names.save()
                    for hour, buffers in self._open.items():
                        if hour in over:
                            self._close_hour(hour, buffers)
                        else:
                            self._put_hot(hour, buffers)
            except VigieError:
                self._bound()
                raise
            self._names.saved(names)
            for hour in over:
                del self._open[hour]
            for buffers in self._open.values():
                for buffer in buffers.values():
                    buffer.committed = len(buffer.times)
            if over:
                self._prune(now)
                self._database.checkpoint()

    def close(self) -> None:
        """Commits and ends the use of the file."""
        self.flush()
        super().close()

    def _put_hot(self, hour: int, buffers: Mapping[_Key, _Buffer]) -> None:
        columns = [b.column(key, b.committed) for key, b in buffers.items() if len(b.times) > b.committed]
        if columns:
            frame = encode(columns)
            ((number,),) = self._database.rows("SELECT coalesce(max(id), 0) + 1 FROM hot")
            self._database.execute(
                "INSERT INTO hot VALUES (?, ?, ?, ?)", (number, hour, frame, row_crc(number, hour, frame))
            )

    def _close_hour(self, hour: int, buffers: Mapping[_Key, _Buffer]) -> None:
        """Turns everything known of an hour into one chunk and one roll-up per device."""
        subjects: dict[int, list[Column]] = {}
        for key, buffer in sorted(buffers.items()):
            subject = self._names.series_by_number[key[0]].subject
            subjects.setdefault(subject, []).append(buffer.column(key))
        uptimes: dict[int, Uptime] = {}
        for subject, columns in sorted(subjects.items()):
            base = hour << 24 | subject << 8
            number = self._free("chunk", base)
            if number is None:
                self.lost += sum(len(column.times) for column in columns)
                continue
            self._put_row("chunk", number, encode(columns))
            self._put_row("rollup", number, rollups.encode(columns))
            if number == base and (uptime := self._uptime(hour, columns)):
                uptimes[subject] = uptime  # what comes late fills no gap in it
        if uptimes and (number := self._free("uptime", hour << 8)) is not None:
            self._put_row("uptime", number, rollups.encode_uptimes(uptimes))
        self._database.execute("DELETE FROM hot WHERE hour = ?", (hour,))

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

    def _prune(self, now: float) -> None:
        """Deletes what is past its keeping. Never by a clock nobody vouches for: it may stand years ahead."""
        if not self._clock.trusted():
            return
        keeping = (("chunk", self._raw_s, 24), ("rollup", self._rollup_s, 24), ("uptime", self._rollup_s, 8))
        for table, keep_s, shift in keeping:
            limit = int((now - keep_s) // HOUR_S) << shift
            self._database.execute(f"DELETE FROM {table} WHERE id < ?", (limit,))  # noqa: S608 - own names only

    def _bound(self) -> None:
        """Gives up the oldest hours when too much waits in RAM."""
        sizes = {hour: sum(len(b.times) for b in buffers.values()) for hour, buffers in self._open.items()}
        for hour in sorted(sizes):
            if sum(sizes.values()) <= READINGS_IN_RAM_MAX:
                break
            self.lost += sizes.pop(hour)
            del self._open[hour]

    def _load_hot(self) -> None:
        """Open hours of an earlier run back into RAM."""
        for key, hour in self._database.rows("SELECT id, hour FROM hot ORDER BY id"):
            for column in self._frame(key):
                buffer = self._open.setdefault(hour, {}).setdefault((column.series, column.words), _Buffer())
                buffer.times.extend(column.times.tolist())
                buffer.values.extend(column.values.tolist())
                buffer.committed = len(buffer.times)
