"""Short numbers for devices, series and state words: what frames of readings hold instead of texts."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.core.errors import VigieError
from gateway.store.db import Database, row_crc

SUBJECTS_MAX = 0xFFFF


@dataclass(frozen=True, slots=True)
class SeriesName:
    """What identifies a series: the subject's number, metric, instance."""

    subject: int
    metric: str
    instance: str


class Names:
    """Both directions of the three dictionaries. New numbers are given in memory and become durable by ``save``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.subjects: dict[str, int] = {}
        self.series: dict[SeriesName, int] = {}
        self.words: dict[str, int] = {}
        self.series_by_number: dict[int, SeriesName] = {}
        self.word_by_number: dict[int, str] = {}
        self._unsaved: list[tuple[str, tuple[int | str, ...]]] = []
        self._highest: dict[str, int] = {}
        self.load()

    def load(self) -> None:
        """Reads what another process (or an earlier run) has saved. What is damaged is left out, and so is its data."""
        intact = self._database.intact
        for row in self._database.rows("SELECT id, name, crc FROM subject"):
            if intact("subject", row, key=row[0]):
                self.subjects[row[1]] = row[0]
        for row in self._database.rows("SELECT id, subject, metric, instance, crc FROM series"):
            if intact("series", row, key=row[0]):
                self._keep_series(row[0], SeriesName(row[1], row[2], row[3]))
        for row in self._database.rows("SELECT id, text, crc FROM word"):
            if intact("word", row, key=row[0]):
                self.words[row[1]] = row[0]
                self.word_by_number[row[0]] = row[1]

    def find(self, device: str, metric: str, instance: str) -> int | None:
        """Number of a series that is known, else ``None``."""
        subject = self.subjects.get(device)
        return None if subject is None else self.series.get(SeriesName(subject, metric, instance))

    def number(self, device: str, metric: str, instance: str) -> int:
        """Number of a series; a new one if need be."""
        subject = self.subjects.get(device)
        if subject is None:
            subject = self._next("subject", device)
            if subject > SUBJECTS_MAX:  # the number has 16 bits in the ids of chunks
                raise VigieError(f"{self._database.path}: {subject} device names", remedy="start a new samples file")
            self.subjects[device] = subject
        name = SeriesName(subject, metric, instance)
        number = self.series.get(name)
        if number is None:
            number = self._next("series", subject, metric, instance)
            self._keep_series(number, name)
        return number

    def word(self, text: str) -> int:
        """Number of a state word; a new one if need be."""
        number = self.words.get(text)
        if number is None:
            number = self._next("word", text)
            self.words[text] = number
            self.word_by_number[number] = text
        return number

    def save(self) -> list[tuple[str, tuple[int | str, ...]]]:
        """Writes new numbers inside the caller's transaction; returns them, for ``saved`` after its commit."""
        rows = list(self._unsaved)  # more may come meanwhile
        for table, row in rows:
            marks = ", ".join("?" * (len(row) + 1))
            self._database.execute(f"INSERT INTO {table} VALUES ({marks})", (*row, row_crc(*row)))  # noqa: S608
        return rows

    def saved(self, rows: list[tuple[str, tuple[int | str, ...]]]) -> None:
        """The transaction of ``save`` is durable."""
        self._unsaved = self._unsaved[len(rows) :]

    def _keep_series(self, number: int, name: SeriesName) -> None:
        self.series[name] = number
        self.series_by_number[number] = name

    def _next(self, table: str, *columns: int | str) -> int:
        """The next number of a table. Damaged rows keep theirs, so the file is asked, not the dictionary; once, since
        whoever waits for the disk here would hold up the watch."""
        if table not in self._highest:
            ((highest,),) = self._database.rows(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608 - own names
            self._highest[table] = int(highest)
        number = self._highest[table] = self._highest[table] + 1
        self._unsaved.append((table, (number, *columns)))
        return number
