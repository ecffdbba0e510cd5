"""Which lines of a log tell of an event: declarative patterns, read from TOML. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.device import IDENTIFIER
from gateway.core.document import Table, read_toml
from gateway.core.syslog import LogLine


@dataclass(frozen=True, slots=True)
class LogPattern:
    """Lines that match one of ``match`` (and none of ``unless``) tell of ``event``; a group named ``part`` is what of
    the device it is about.

    ``apps`` are the programs that may say it (empty: any), ``at_least`` the highest severity number that counts (7:
    any). ``hasten``: ask the device at once.
    """

    event: str
    match: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...] = ()
    apps: tuple[str, ...] = ()
    at_least: int = 7
    hasten: bool = True

    def find(self, line: LogLine) -> re.Match[str] | None:
        """Where the line tells of this event, if it does."""
        if self.apps and line.app.lower() not in self.apps:
            return None
        if line.severity is not None and line.severity > self.at_least:
            return None
        found = next((found for one in self.match if (found := one.search(line.text))), None)
        return None if found and any(one.search(line.text) for one in self.unless) else found


@dataclass(frozen=True, slots=True)
class Event:
    """What a line tells of."""

    name: str
    part: str
    hasten: bool


def event_of(line: LogLine, patterns: Sequence[LogPattern]) -> Event | None:
    """The event of the first pattern that the line fits."""
    for pattern in patterns:
        if found := pattern.find(line):
            return Event(pattern.event, found.groupdict().get("part") or "", pattern.hasten)
    return None


def parse_patterns(text: str, file: str) -> tuple[LogPattern, ...]:
    """The patterns of a file. Raises ``InputError`` with every fault, each with its line and remedy."""
    root = read_toml(text, file)
    patterns = tuple(_pattern(table) for table in root.tables("pattern"))
    root.done()
    root.source.finish()
    return patterns


def _pattern(table: Table) -> LogPattern:
    event = table.required("event")
    if event and not IDENTIFIER.fullmatch(event):
        table.fault("event", f'{table.name("event")} = "{event}" is no name', "use a-z, 0-9, - _ .")
    pattern = LogPattern(
        event,
        _expressions(table, "match"),
        _expressions(table, "unless"),
        tuple(app.lower() for app in table.texts("apps")),
        table.integer("at_least", 7, high=7),
        table.boolean("hasten", default=True),
    )
    if not pattern.match and "match" not in table:
        table.fault("match", f"{table.name('match')} is missing", "add match = ['...']")
    table.done()
    return pattern


def _expressions(table: Table, key: str) -> tuple[re.Pattern[str], ...]:
    found = []
    for text in table.texts(key):
        try:
            found.append(re.compile(text, re.IGNORECASE))
        except re.error as error:
            table.fault(key, f"{table.name(key)} holds {text!r}: {error}", "correct the regular expression")
    return tuple(found)
