"""Reading a file that a person wrote: typed keys, every fault collected, each with its line and a remedy.

Used for `site.toml`, `inventory.toml` and CSV rows. Pure: the text comes in, nothing is opened here.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from gateway.core.errors import Fault, InputError
from gateway.core.toml_lines import KeyPath, locate

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_NAMES = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
    date: "a date",
}


def parse_duration(text: str, *, days: bool = False) -> float | None:
    """Seconds of "1h", "8h30m", "90s" or (if ``days``) "30d"; ``None`` if it is no duration."""
    match = _DURATION.fullmatch(text.strip())
    if not text.strip() or match is None or (match[1] and not days):
        return None
    day, hour, minute, second = (float(part or 0) for part in match.groups())
    return day * 86400 + hour * 3600 + minute * 60 + second


def kind_of(value: object) -> str:
    """How a value is called in a message to a person."""
    return next((name for kind, name in _NAMES.items() if type(value) is kind), type(value).__name__)


class Source:
    """One input file: knows its lines and collects its faults."""

    def __init__(self, file: str, lines: Mapping[KeyPath, int] | None = None) -> None:
        self.file = file
        self.lines = dict(lines or {})
        self.faults: list[Fault] = []

    def line(self, path: KeyPath) -> int:
        """Line of a key, else of the nearest table around it, else 0."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def fault(self, path: KeyPath, what: str, remedy: str) -> None:
        """Notes one fault at the line of a key."""
        self.faults.append(Fault(self.file, self.line(path), _one_line(what), remedy))

    def finish(self) -> None:
        """Raises ``InputError`` with everything that was found, in the order of the lines."""
        if self.faults:
            raise InputError(sorted(self.faults, key=lambda fault: fault.line))


def read_toml(text: str, file: str) -> Table:
    """The root table of a TOML text. Raises ``InputError`` at once if it is not TOML."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = _AT_LINE.search(str(error))
        line = int(place[1]) if place else len(text.splitlines())
        what = _AT_LINE.sub("", str(error)).removesuffix(" (at end of document)")
        raise InputError([Fault(file, line, f"not valid TOML: {what}", "correct the syntax of this line")]) from None
    return Table(values, (), Source(file, locate(text)))


class Table:
    """One table of a file. Every key is asked for by the type it must have; ``done`` refuses the keys nobody asked for.

    A key of a wrong type is noted as a fault and answered with the default, so that all faults are found in one go.
    """

    def __init__(self, values: Mapping[str, Any], path: KeyPath, source: Source) -> None:
        self.values = values
        self.path = path
        self.source = source
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def fault(self, key: str, what: str, remedy: str) -> None:
        """Notes a fault of one key of this table."""
        self.source.fault((*self.path, key), what, remedy)

    def name(self, key: str = "") -> str:
        """The dotted name of this table or of a key in it, as people write it."""
        parts = [str(part + 1) if isinstance(part, int) else part for part in self.path]
        return ".".join([*parts, key] if key else parts)

    def raw(self, key: str, *kinds: type, expected: str = "") -> Any:
        """The value of a key if it is of one of ``kinds``; ``None`` if it is absent, or wrong (a fault is noted)."""
        self._asked.add(key)
        value = self.values.get(key)
        if value is None:
            return None
        # bool is an int to Python, not to people
        if isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool)):
            return value
        wanted = expected or " or ".join(_NAMES.get(kind, kind.__name__) for kind in kinds)
        self.fault(key, f"{self.name(key)} is {kind_of(value)} ({_short(value)})", f"expected {wanted}")
        return None

    def text(self, key: str, default: str = "") -> str:
        """A text."""
        value = self.raw(key, str)
        return default if value is None else str(value)

    def optional_text(self, key: str) -> str | None:
        """A text, or ``None``; an empty text counts as absent."""
        return self.text(key) or None

    def required(self, key: str) -> str:
        """A text that must be there and not empty."""
        value = self.text(key)
        if not value and (key not in self.values or self.values[key] == ""):
            self.fault(key, f"{self.name(key)} is missing", f'add {key} = "..."')
        return value

    def boolean(self, key: str, *, default: bool) -> bool:
        """true or false."""
        value = self.raw(key, bool)
        return default if value is None else bool(value)

    def integer(self, key: str, default: int, *, low: int = 0, high: int = 2**31) -> int:
        """A whole number in [low, high]."""
        value = self.raw(key, int)
        if value is None:
            return default
        if not low <= value <= high:
            self.fault(key, f"{self.name(key)} is {value}", f"expected a whole number from {low} to {high}")
            return default
        return int(value)

    def number(self, key: str, *, low: float = 0.0, high: float = float("inf")) -> float | None:
        """A number in [low, high], or ``None``."""
        value = self.raw(key, int, float, expected="a number")
        if value is None:
            return None
        if not low <= value <= high:
            span = f"from {low:g} to {high:g}" if high < float("inf") else f"of {low:g} or more"
            self.fault(key, f"{self.name(key)} is {value}", f"expected a number {span}")
            return None
        return float(value)

    def duration(self, key: str, *, days: bool = False) -> float | None:
        """Seconds of a duration such as "8h30m"; ``days`` allows "30d"."""
        example = '"30d" or "12h"' if days else '"90s", "5m", "4h" or "8h30m"'
        value = self.raw(key, str, expected=f"a duration in quotes such as {example}")
        if value is None:
            return None
        seconds = parse_duration(value, days=days)
        if seconds is None or seconds <= 0:
            why = " (a day is not a fixed number of working hours: use hours)" if "d" in value and not days else ""
            self.fault(key, f'{self.name(key)} = "{value}" is no duration{why}', f"write it as {example}")
            return None
        return seconds

    def day(self, key: str) -> date | None:
        """A date: bare in TOML, "YYYY-MM-DD" elsewhere."""
        value = self.raw(key, str, date, expected="a date such as 2026-12-31")
        if isinstance(value, datetime):
            return value.date()
        if not isinstance(value, str):
            return value if isinstance(value, date) else None
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fault(key, f'{self.name(key)} = "{value}" is no date', "write it as 2026-12-31")
            return None

    def choice(self, key: str, allowed: Sequence[str], default: str) -> str:
        """One word of a closed list."""
        value = self.text(key, default)
        if value not in allowed:
            self.fault(key, f'{self.name(key)} = "{value}" is unknown', f"one of {', '.join(allowed)}")
            return default
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        values = self.raw(key, list, expected="a list of texts")
        found = []
        for value in values or ():
            if isinstance(value, str):
                found.append(value)
            else:
                self.fault(key, f"{self.name(key)} holds {kind_of(value)} ({_short(value)})", "expected texts only")
        return tuple(found)

    def table(self, key: str) -> Table:
        """A table; an empty one if it is absent."""
        return Table(self.raw(key, dict) or {}, (*self.path, key), self.source)

    def tables(self, key: str) -> Iterator[Table]:
        """An array of tables."""
        values = self.raw(key, list, expected=f"tables written as [[{key}]]")
        for index, value in enumerate(values or ()):
            path = (*self.path, key, index)
            if isinstance(value, dict):
                yield Table(value, path, self.source)
            else:
                self.source.fault(path, f"{self.name(key)} holds {kind_of(value)}", f"write it as [[{key}]]")

    def members(self) -> Iterator[tuple[str, Table]]:
        """Every key of a table whose values are tables."""
        for key in self.values:
            yield key, self.table(key)

    def done(self) -> None:
        """Refuses every key that nobody asked for."""
        for key in self.values:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, 1)
                known = ", ".join(sorted(self._asked)) or "none"
                remedy = f'did you mean "{near[0]}"?' if near else f"remove it; known here: {known}"
                self.fault(key, f'unknown key "{self.name(key)}"', remedy)


def _one_line(text: str) -> str:
    """Line breaks and control characters that stood in the file, made visible: a fault is one line of a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
