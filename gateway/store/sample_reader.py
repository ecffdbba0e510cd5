"""Readings as they are read back: by the page from another process, and by the writer itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from gateway.store import rollups
from gateway.store.codec import Column, decode
from gateway.store.db import Database
from gateway.store.names import Names
from gateway.store.retention import Room, room
from gateway.store.rollups import HOUR_S, Rollup, Uptime

FILE_NAME = "samples.db"
PARTS = 256
"""How many chunks one device and hour may have: the first, and those with readings that came late."""


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

    def room(self, bytes_max: float) -> Room:
        """What is kept now, and what there is room for."""
        return room(self._database, bytes_max)

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
