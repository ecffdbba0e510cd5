"""The named values of a device and of the rows of its tables, as profiles name them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from gateway.collect.snmp_values import ABSENT, Answers, System, number_of, text_of
from gateway.profiles.model import Oids, Sentinel, Table, Templates
from gateway.profiles.recording import Oid, Value, dotted


@lru_cache(maxsize=32768)
def _placed(choices: Oids, index: Oid) -> tuple[Oid, ...]:
    """Where a column's value is in one row. Remembered, for most devices number their rows alike."""
    return tuple(choice + index for choice in choices)


@lru_cache(maxsize=32768)
def written(where: Oid) -> str:
    """An OID as text."""
    return dotted(where)


class Sentinels(NamedTuple):
    """Values that mean "no value": as numbers and as texts."""

    numbers: frozenset[float]
    texts: frozenset[str]

    @classmethod
    def of(cls, given: tuple[Sentinel, ...]) -> Sentinels | None:
        """None if there are none."""
        numbers = frozenset(float(one) for one in given if not isinstance(one, str))
        return cls(numbers, frozenset(one for one in given if isinstance(one, str))) if given else None

    def has(self, value: Value) -> bool:
        """True for a value that means none."""
        if value.content is None:
            return False
        return number_of(value) in self.numbers or (bool(self.texts) and text_of(value) in self.texts)


@dataclass(slots=True)
class Told:
    """What one device told, for one profile: shared by all its rows. ``answers`` is set anew at each poll."""

    answers: Answers
    system: System
    scalars: Mapping[str, Oids]
    factors: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Row:
    """The named values of a device (``index`` is empty) or of one row of a table. ``sentinels`` and ``pattern`` are
    those of the reading that is being made."""

    told: Told
    names: Mapping[str, Oids]
    index: Oid = ()
    sentinels: Sentinels | None = None
    pattern: re.Pattern[str] | None = None
    _places: dict[str, tuple[Oid, ...]] = field(default_factory=dict)

    def places(self, name: str) -> tuple[Oid, ...]:
        """The OIDs of a name, the preferred first."""
        known = self._places.get(name)
        if known is None:
            names, index = (self.names, self.index) if name in self.names else (self.told.scalars, ())
            known = self._places[name] = _placed(names.get(name, Oids()), index)
        return known

    def found(self, name: str) -> tuple[Oid, Value]:
        """(OID, value) of a name; the value is Null if the device gave none or a sentinel."""
        where, value = self.told.answers.first(self.places(name))
        return (where, ABSENT) if self.sentinels is not None and self.sentinels.has(value) else (where, value)

    def number(self, name: str) -> float:
        """The number of a name, as formulas ask for it. Raises LookupError where there is none."""
        number = self.scaled(name, self.found(name)[1])
        if number is None:
            raise LookupError(name)
        return number

    def scaled(self, name: str, value: Value) -> float | None:
        """The number of a value found under a name; None if it is no number."""
        number = number_of(value, self.pattern)
        return number * self.told.factors[name] if number is not None and name in self.told.factors else number


def indexes(table: Table, answers: Answers) -> list[Oid]:
    """The index of every row of a table."""
    found = {index for oids in table.columns.values() for prefix in oids for index in answers.below(prefix) if index}
    return sorted(found)


@dataclass(slots=True)
class Texts:
    """The texts of one row, each made once. ``looked_at`` gets every value that was looked at for them."""

    row: Row
    looked_at: dict[Oid, Value]
    _texts: dict[str, str] = field(default_factory=dict)
    _filled: dict[Templates, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The text of a name, as templates ask for it."""
        if name not in self._texts:
            self._texts[name] = self._text(name)
        return self._texts[name]

    def filled(self, templates: Templates) -> str:
        """The text of templates."""
        if templates not in self._filled:
            self._filled[templates] = templates(self.text)
        return self._filled[templates]

    def fits(self, where: Mapping[str, tuple[Sentinel, ...]]) -> bool:
        """True if each named value is one of those given."""
        return all(self.text(name) in map(str, given) for name, given in where.items())

    def _text(self, name: str) -> str:
        row, system = self.row, self.row.told.system
        match name:
            case "index" if name not in row.names:
                return dotted(row.index)
            case "sys_descr":
                return system.description
            case "sys_object_id":
                return dotted(system.object_id)
            case "sys_name":
                return system.name
        answers = row.told.answers
        for place in row.places(name):
            value = self.looked_at[place] = answers.get(place)
            if value.content is not None:
                return text_of(value)
        return ""
