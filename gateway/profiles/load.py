"""Reads device profiles: one TOML file per family; its name is the profile's id. All faults are told, with lines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec

from gateway.core import units
from gateway.core.device import IDENTIFIER
from gateway.core.errors import Fault, InputError
from gateway.core.toml_lines import KeyPath, locate
from gateway.profiles.formula import Template
from gateway.profiles.model import (
    Expectation,
    Oids,
    Profile,
    Quantity,
    StateMap,
    Table,
    TableIdentity,
    Templates,
    from_toml,
)

REMEDY = "see docs/reference/profiles.md"

SYSTEM_NAMES = ("sys_descr", "sys_object_id", "sys_name", "index")
"""Names that every profile has without asking; ``index`` is the row's index, in tables only."""

_WHERE = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\[\.\.\.\]")


def shipped() -> list[Profile]:
    """Every profile that comes with Vigie, by id. Raises InputError if one of them is faulty."""
    return load_all(resources.files("gateway.profiles").iterdir())


def load_folder(folder: Path) -> list[Profile]:
    """The profiles of a folder, by id."""
    return load_all(folder.iterdir())


def load_all(files: Iterable[Traversable]) -> list[Profile]:
    """The profiles of all `.toml` files among these. Raises InputError with the faults of all of them."""
    found: list[Profile] = []
    faults: list[Fault] = []
    for file in sorted(files, key=lambda file: file.name):
        if file.name.endswith(".toml"):
            try:
                found.append(load(file.read_text(encoding="utf-8"), file.name))
            except InputError as error:
                faults += error.faults
    faults += [
        Fault(f"{profile.id}.toml", 1, f"replaces {other!r}, which is no profile", REMEDY)
        for profile in found
        for other in profile.replaces
        if other not in {known.id for known in found}
    ]
    if faults:
        raise InputError(faults)
    return found


def load(text: str, file: str) -> Profile:
    """One profile from the text of ``file``. Raises InputError with every fault found, each with its line."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise InputError([Fault(file, int(found[1]) if found else 1, str(error), "mend the TOML")]) from None
    known = locate(text)
    profile, complaints = _convert(document, file.removesuffix(".toml"))
    if profile is not None and all(what.startswith("unknown key") for _path, what in complaints):
        complaints += _complaints(profile)
    if profile is None or complaints:
        raise InputError(Fault(file, _line(known, path), what, REMEDY) for path, what in complaints)
    return profile


_Complaint = tuple[KeyPath, str]


def _line(known: dict[KeyPath, int], path: KeyPath) -> int:
    """The line of the key, or of the nearest thing around it."""
    return next((known[path[:size]] for size in range(len(path), 0, -1) if path[:size] in known), 1)


def _convert(document: dict[str, Any], name: str) -> tuple[Profile | None, list[_Complaint]]:
    """Takes out what does not convert and tries again, so that one run tells every fault."""
    complaints: list[_Complaint] = []
    if not IDENTIFIER.fullmatch(name):
        complaints.append(((), f"{name!r} is no profile id: lower-case letters, digits, - _ ."))
    while True:
        try:
            return msgspec.convert({**document, "id": name}, Profile, dec_hook=from_toml), complaints
        except msgspec.ValidationError as error:
            path, what = _place(str(error), document)
            if path in (told for told, _what in complaints):
                return None, complaints  # it was taken out because of its own fault, and is needed
            complaints.append((path, what))
            if not _remove(document, path):
                return None, complaints


def _place(error: str, document: dict[str, Any]) -> _Complaint:
    """Where the fault is and what, from msgspec's text."""
    found = _WHERE.search(error)
    what = _WHERE.sub("", error)
    path: KeyPath = ()
    for name, index in _STEP.findall(found[1]) if found else []:
        step = name or (int(index) if index else _faulty_key(document, path))
        path = path if step == "" else (*path, step)
    named = re.search(r"(contains unknown|missing required) field `(.*)`", what)
    if named is None:
        return path, what
    return (*path, named[2]), f"unknown key {named[2]!r}" if named[
        1
    ] == "contains unknown" else f"{named[2]!r} is missing"


_FREE_KEYS = {"scalars": Oids, "columns": Oids, "states": StateMap, "like": re.Pattern, "skip": re.Pattern}


def _faulty_key(document: dict[str, Any], path: KeyPath) -> str:
    """msgspec writes [...] for the key of a table whose keys are free; this finds out which key it was."""
    inner: Any = document
    for step in path:
        inner = inner[step]
    kind = _FREE_KEYS.get(str(path[-1]))
    for key, given in inner.items() if kind else ():
        try:
            from_toml(kind, given)
        except (ValueError, TypeError):
            return str(key)
    return ""


def _remove(document: Any, path: KeyPath) -> bool:
    if not path:
        return False
    inner = document
    try:
        for step in path[:-1]:
            inner = inner[step]
        if isinstance(inner, list):
            return False  # taking an item out would shift the lines of those behind it
        del inner[path[-1]]
    except (LookupError, TypeError):
        return False
    return True


def _complaints(profile: Profile) -> list[_Complaint]:
    scalars = {*profile.scalars, *SYSTEM_NAMES[:-1]}
    found = list(_match_complaints(profile))
    found += _quantities((), profile.reading, scalars, profile)
    for field in ("vendor", "model", "serial", "firmware", "name", "made"):
        found += _unknown_names(("identity", field), getattr(profile.identity, field), scalars)
    for number, table in enumerate(profile.table):
        found += _table_complaints(("table", number), table, profile)
    for number, check in enumerate(profile.check):
        found += [(("check", number, *path), what) for path, what in _check_complaints(check)]
    for number, quirk in enumerate(profile.quirk):
        everything = scalars.union(*(table.columns for table in profile.table))
        found += [
            (("quirk", number, "scale"), f"no value is named {name!r}")
            for name in quirk.scale
            if name not in everything
        ]
    return found


def _check_complaints(check: Expectation) -> Iterator[_Complaint]:
    metric = units.METRICS.get(check.metric)
    limited = check.warning is not None or check.critical is not None
    if metric is None:
        yield ("metric",), f"{check.metric!r} is no metric (docs/reference/metrics.md)"
    elif limited == (metric.kind == "state"):
        yield ("metric",), f"{check.metric} is a {metric.kind}: a number needs limits, a state has its own severities"
    for field in ("bad_when", "good_when"):
        n, m = getattr(check, field)
        if not 1 <= n <= m:
            yield (field,), f"{n} of {m}: needs 1 <= n <= m"


def _match_complaints(profile: Profile) -> Iterator[_Complaint]:
    if not profile.match:
        yield ("match",), "a profile without [[match]] would never apply"
    for number, match in enumerate(profile.match):
        if not (match.sys_object_id or match.sys_descr or match.has):
            yield ("match", number), "an empty match would apply to every device"


def _table_complaints(at: KeyPath, table: Table, profile: Profile) -> Iterator[_Complaint]:
    names = {*table.columns, *profile.scalars, *SYSTEM_NAMES}
    for name in table.rarely:
        if name not in table.columns:
            yield (*at, "rarely"), f"no column is named {name!r}"
    if not table.reading and table.identity is None:
        yield at, "a table without readings or identity is asked for nothing"
    yield from _quantities(at, table.reading, names, profile)
    if isinstance(table.identity, TableIdentity):
        for field in ("vendor", "model", "serial", "firmware", "made"):
            yield from _unknown_names((*at, "identity", field), getattr(table.identity, field), names)
        yield from _unknown_keys((*at, "identity", "mac"), filter(None, [table.identity.mac]), names)
        yield from _unknown_keys((*at, "identity", "where"), table.identity.where, names)


def _quantities(at: KeyPath, quantities: tuple[Quantity, ...], names: set[str], profile: Profile) -> list[_Complaint]:
    found: list[_Complaint] = []
    for number, quantity in enumerate(quantities):
        here = (*at, "reading", number)
        found += _metric_complaints(here, quantity)
        for formula in quantity.value:
            found += [((*here, "value"), f"no value is named {name!r}") for name in formula.names if name not in names]
            if quantity.states and formula.name is None:
                found.append(((*here, "value"), "a state is one raw value, not a formula"))
        for field in ("instance", "label"):
            found += _unknown_names((*here, field), getattr(quantity, field), names)
        for field in ("where", "like", "skip"):
            found += _unknown_keys((*here, field), getattr(quantity, field), names)
        if quantity.states and quantity.states not in profile.states:
            found.append(((*here, "states"), f"no states are named {quantity.states!r}"))
    return found


def _metric_complaints(here: KeyPath, quantity: Quantity) -> Iterator[_Complaint]:
    metrics = {"metric": quantity.metric, "rate": quantity.rate}
    if quantity.several:
        metrics["several"] = quantity.several.replace("{phase}", "1")
    for field, metric in metrics.items():
        if metric and not units.known(metric):
            yield (*here, field), f"{metric!r} is no metric (docs/reference/metrics.md)"
    known = units.METRICS.get(quantity.metric)
    if known and (known.kind == "state") != bool(quantity.states) and quantity.metric not in _WORDS:
        yield (
            (*here, "metric"),
            f"{quantity.metric} is a {known.kind}: `states` goes with state metrics and only with them",
        )
    if quantity.rate and known and known.kind != "counter":
        yield (*here, "rate"), f"{quantity.metric} is no counter"


_WORDS = ("battery.type", "input.sensitivity", "ups.alarm", "input.transfer.reason")
"""State metrics that may be the device's own text, without a map."""


def _unknown_names(at: KeyPath, templates: Templates, names: set[str]) -> list[_Complaint]:
    used = [name for template in templates if isinstance(template, Template) for name in template.names]
    return [(at, f"no value is named {name!r}") for name in used if name not in names]


def _unknown_keys(at: KeyPath, given: Iterable[str], names: set[str]) -> list[_Complaint]:
    return [((*at, name), f"no value is named {name!r}") for name in given if name not in names]
