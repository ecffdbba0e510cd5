"""The shape of a report: everything a page, a print or a mail needs, in one language, nothing about how it looks."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.core.people import Language

Value = float | int | str | None
"""What a cell holds for programs: a number in its unit, a text, or nothing."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text for people, its value for programs, its tone (ok, watch, down, unknown, or none)."""

    text: str
    value: Value = None
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading for people, its name for programs, and whether it holds numbers."""

    title: str
    key: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table: rows of cells, one for each column; ``total`` is a last row that stands out."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...] = ()
    total: tuple[Cell, ...] = ()
    note: str = ""
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the four figures: its name, its value, how it stands, one sentence, and its trend."""

    name: str
    value: str
    tone: str
    word: str
    sentence: str
    trend: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with a few lines; nothing is shown where there are none."""

    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """One page. ``id`` is its period (2026-W47, 2026-10), ``version`` counts from 1, ``because`` says what an issue
    after the first has changed. ``essence`` is what is read in ten seconds."""

    id: str
    language: Language
    scope: str
    title: str
    period: str
    version: int = 1
    because: tuple[str, ...] = ()
    essence: tuple[str, ...] = ()
    tiles: tuple[Tile, ...] = ()
    tables: tuple[Table, ...] = field(default=())
    sections: tuple[Section, ...] = ()
    foot: tuple[str, ...] = ()

    @property
    def direction(self) -> str:
        """Which way it is written."""
        return "rtl" if self.language == "ar" else "ltr"
