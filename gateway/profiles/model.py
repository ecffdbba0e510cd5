"""What a device profile is made of. The files are described in docs/reference/profiles.md."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from msgspec import Struct, field

from gateway.core.device import Kind
from gateway.core.incident import Cause
from gateway.core.reading import Severity
from gateway.profiles.formula import Formula, Template
from gateway.profiles.recording import Oid, oid


class Oids(tuple[Oid, ...]):
    """OIDs of one value in order of preference: the first that answers is used."""

    __slots__ = ()


class Formulas(tuple[Formula, ...]):
    """Formulas of one value in order of preference: the first that has an answer is used."""

    __slots__ = ()


class Templates(tuple[Template, ...]):
    """Texts in order of preference: the first that is not empty is used."""

    __slots__ = ()

    def __call__(self, texts: Callable[[str], str]) -> str:
        """The first text that is not empty, else ""."""
        return next((text for template in self if (text := template(texts))), "")


class Prefix(tuple[int, ...]):
    """The beginning of OIDs."""

    __slots__ = ()


class State(NamedTuple):
    """What a raw value means. ``adds`` are words that `ups.status` gets besides, such as LB or RB."""

    word: str
    severity: Severity
    adds: str = ""


class StateMap:
    """Raw values to states. ``form``: value (number or text), bits (a bit string, bit 0 first), flags ("0101...")."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        entries = dict(table)
        self.form: str = entries.pop("form", "value")
        if self.form not in ("value", "bits", "flags"):
            raise ValueError(f"form {self.form!r}: value, bits or flags")
        self.entries = {str(raw).lower(): _state(raw, given) for raw, given in entries.items()}
        if self.form != "value" and not all(raw == "none" or raw.isdecimal() for raw in self.entries):
            raise ValueError("bits and flags are numbered from 0; `none` is the state while none is set")


def _state(raw: str, given: Any) -> State:
    if not isinstance(given, list) or len(given) not in (2, 3) or not all(isinstance(part, str) for part in given):
        raise ValueError(f'{raw}: a state is ["word", "severity"] or ["word", "severity", "ADDS"]')
    if given[1] not in list(Severity):
        raise ValueError(f"{raw}: severity {given[1]!r} is none of {', '.join(Severity)}")
    return State(given[0], Severity(given[1]), *given[2:])


class Match(Struct, frozen=True, forbid_unknown_fields=True):
    """When a profile applies: all that is given must hold, and of each list one entry."""

    sys_object_id: tuple[Prefix, ...] = ()
    sys_descr: re.Pattern[str] | None = None
    has: tuple[Prefix, ...] = ()


class Quirk(Struct, frozen=True, forbid_unknown_fields=True):
    """What agents of this family (those that ``match``; all without one) get wrong."""

    match: Match | None = None
    no_bulk: bool = False
    max_repetitions: int | None = None
    max_varbinds: int | None = None
    scale: dict[str, float] = field(default_factory=dict)
    """Factor for a named raw value, where a dialect of the MIB has another unit."""


Sentinel = int | float | str


class Quantity(Struct, frozen=True, forbid_unknown_fields=True):
    """How one reading is made from the named values of a device, or of each row of a table."""

    metric: str
    value: Formulas
    instance: Templates = Templates((Template(""),))
    label: Templates = Templates((Template(""),))
    scale: float = 1.0
    offset: float = 0.0
    states: str = ""
    map: dict[str, float] = field(default_factory=dict)
    pattern: re.Pattern[str] | None = None
    sentinels: tuple[Sentinel, ...] | None = None
    valid: tuple[float, float] | None = None
    where: dict[str, tuple[Sentinel, ...]] = field(default_factory=dict)
    like: dict[str, re.Pattern[str]] = field(default_factory=dict)
    skip: dict[str, re.Pattern[str]] = field(default_factory=dict)
    aggregate: Literal["", "mean", "sum", "max", "min", "words"] = ""
    several: str = ""
    rate: str = ""


class TableIdentity(Struct, frozen=True, forbid_unknown_fields=True):
    """Identity from the first row that fits ``where``."""

    where: dict[str, tuple[Sentinel, ...]] = field(default_factory=dict)
    vendor: Templates = Templates()
    model: Templates = Templates()
    serial: Templates = Templates()
    firmware: Templates = Templates()
    made: Templates = Templates()
    mac: str = ""
    """Column of the hardware address."""


class Table(Struct, frozen=True, forbid_unknown_fields=True):
    """Columns with the same index. ``rarely`` names columns that hardly change; ``dynamic`` tables are asked even if
    they were empty when the device was identified."""

    name: str
    columns: dict[str, Oids]
    rarely: tuple[str, ...] = ()
    dynamic: bool = False
    identity: TableIdentity | None = None
    reading: tuple[Quantity, ...] = ()


class IdentityTexts(Struct, frozen=True, forbid_unknown_fields=True):
    """Where vendor, model, serial number and firmware are found."""

    vendor: Templates = Templates()
    model: Templates = Templates()
    serial: Templates = Templates()
    firmware: Templates = Templates()
    name: Templates = Templates()
    made: Templates = Templates()
    """The day it was made, as the device writes it (``gateway.profiles.age``)."""


class Expectation(Struct, frozen=True, forbid_unknown_fields=True):
    """What is expected of one metric of devices of the profile's kind. ``cause`` names the incident and its runbook. A
    state is judged by its own severity, from ``least`` on; a number by limits, in the metric's unit. ``bad_when``: so
    many of so many. ``once_good``: only where it was good before."""

    id: str
    metric: str
    cause: Cause
    instance: str = "*"
    warning: float | None = None
    critical: float | None = None
    below: bool = False
    clear: float = 0.0
    least: Literal["warning", "critical"] = "warning"
    once_good: bool = False
    bad_when: tuple[int, int] = (2, 3)
    good_when: tuple[int, int] = (2, 2)


class Profile(Struct, frozen=True, forbid_unknown_fields=True):
    """One family of devices. ``rank`` orders those that apply: the higher, the more specific."""

    id: str
    title: str
    source: str
    match: tuple[Match, ...]
    kind: Kind | None = None
    rank: int = 0
    replaces: tuple[str, ...] = ()
    sentinels: tuple[Sentinel, ...] = ()
    quirk: tuple[Quirk, ...] = ()
    identity: IdentityTexts = IdentityTexts()
    scalars: dict[str, Oids] = field(default_factory=dict)
    reading: tuple[Quantity, ...] = ()
    table: tuple[Table, ...] = ()
    states: dict[str, StateMap] = field(default_factory=dict)
    check: tuple[Expectation, ...] = ()


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


_same_template = lru_cache(maxsize=None)(Template)
"""One object for one text: what was filled for a row is then known to all its readings."""


def _template(given: Any) -> Template:
    if isinstance(given, str):
        return _same_template(given)
    if isinstance(given, dict) and given.keys() == {"text", "pattern"}:
        return _same_template(given["text"], given["pattern"])
    raise ValueError("a text is a string or { text, pattern }")


_FROM_TOML: dict[Any, Callable[[Any], Any]] = {
    Oids: lambda given: Oids(oid(entry) for entry in _listed(given)),
    Prefix: lambda given: Prefix(oid(given)),
    Formulas: lambda given: Formulas(Formula(entry) for entry in _listed(given)),
    Templates: lambda given: Templates(_template(entry) for entry in _listed(given)),
    StateMap: StateMap,
    re.Pattern: re.compile,
}


def from_toml(kind: Any, given: Any) -> Any:
    """msgspec's hook: makes the types above of what TOML has. Raises ValueError, TypeError or re.error."""
    convert = _FROM_TOML.get(kind) or _FROM_TOML[getattr(kind, "__origin__", kind)]
    try:
        return convert(given)
    except re.error as error:
        raise ValueError(f"{given!r} is not a regular expression: {error}") from None
    except AttributeError:
        raise ValueError(f"{given!r} is not text") from None
