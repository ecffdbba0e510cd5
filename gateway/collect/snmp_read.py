"""Understands what an SNMP agent answered: profile + raw values -> readings and identity. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from gateway.collect.snmp_values import ABSENT, Answers, System, mac_of, number_of, system_of, text_of
from gateway.core import ups
from gateway.core.device import Kind
from gateway.core.reading import Identity, Severity
from gateway.profiles.age import made_on
from gateway.profiles.macs import mac_vendor
from gateway.profiles.model import (
    Match,
    Oids,
    Profile,
    Quantity,
    Sentinel,
    State,
    StateMap,
    Table,
    TableIdentity,
    Templates,
)
from gateway.profiles.recording import Oid, Tag, Value, dotted


@dataclass(frozen=True, slots=True)
class Item:
    """One value that was understood. ``tag`` is set for counters; ``rate`` names the metric of the counter's rate."""

    metric: str
    value: float | str
    instance: str = ""
    label: str = ""
    severity: Severity | None = None
    source: str = ""
    tag: Tag | None = None
    rate: str = ""
    adds: str = ""


def matches(match: Match, system: System, answers: Answers) -> bool:
    """True if all that the match names holds."""
    if match.sys_object_id and not any(system.object_id[: len(prefix)] == prefix for prefix in match.sys_object_id):
        return False
    if match.sys_descr and not match.sys_descr.search(system.description):
        return False
    return not match.has or any(answers.has(prefix) for prefix in match.has)


def choose(profiles: Iterable[Profile], answers: Answers) -> list[Profile]:
    """The profiles that apply to a device, the most specific first, without those that others replace."""
    system = system_of(answers)
    found = [profile for profile in profiles if any(matches(match, system, answers) for match in profile.match)]
    found.sort(key=lambda profile: (-profile.rank, profile.id))
    replaced = {other for profile in found for other in profile.replaces}
    return [profile for profile in found if profile.id not in replaced]


@dataclass(slots=True)
class _Row:
    """The named values of a device (``index`` is empty) or of one row of a table."""

    answers: Answers
    names: Mapping[str, Oids]
    outer: Mapping[str, Oids]
    system: System
    factors: Mapping[str, float]
    index: Oid = ()
    sentinels: tuple[Sentinel, ...] = ()
    pattern: re.Pattern[str] | None = None
    _found: dict[str, tuple[Oid, Value]] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _filled: dict[Templates, str] = field(default_factory=dict)

    def row(self, columns: Mapping[str, Oids], index: Oid) -> _Row:
        """One row of a table of this device."""
        return _Row(self.answers, columns, self.names, self.system, self.factors, index)

    def found(self, name: str) -> tuple[Oid, Value]:
        """(OID, value) of a name; the value is Null if the device gave none or a sentinel."""
        if name not in self._found:
            names, row = (self.names, self.index) if name in self.names else (self.outer, ())
            self._found[name] = self.answers.first(names.get(name, Oids()), row)
        where, value = self._found[name]
        return (where, ABSENT) if self._is_sentinel(value) else (where, value)

    def _is_sentinel(self, value: Value) -> bool:
        if not self.sentinels or value.content is None:
            return False
        number = number_of(value)
        return any(
            number == given if not isinstance(given, str) else text_of(value) == given for given in self.sentinels
        )

    def number(self, name: str) -> float:
        """The number of a name, as formulas ask for it."""
        number = number_of(self.found(name)[1], self.pattern)
        if number is None:
            raise LookupError(name)
        return number * self.factors.get(name, 1.0)

    def text(self, name: str) -> str:
        """The text of a name, as templates ask for it."""
        if self.sentinels:
            return self._text(name)
        if name not in self._texts:
            self._texts[name] = self._text(name)
        return self._texts[name]

    def filled(self, templates: Templates) -> str:
        """The text of templates: the readings of a table have the same, so each is filled once for a row."""
        if templates not in self._filled:
            self._filled[templates] = templates(self.text)
        return self._filled[templates]

    def _text(self, name: str) -> str:
        match name:
            case "index" if name not in self.names:
                return dotted(self.index)
            case "sys_descr":
                return self.system.description
            case "sys_object_id":
                return dotted(self.system.object_id)
            case "sys_name":
                return self.system.name
        return text_of(self.found(name)[1])

    def fits(self, where: Mapping[str, tuple[Sentinel, ...]]) -> bool:
        """True if each named value is one of those given."""
        return all(self.text(name) in map(str, given) for name, given in where.items())


_PHASES = 3


def understand(profile: Profile, answers: Answers) -> list[Item]:
    """Every reading of one profile."""
    system = system_of(answers)
    factors = {
        name: factor
        for quirk in profile.quirk
        if quirk.match is None or matches(quirk.match, system, answers)
        for name, factor in quirk.scale.items()
    }
    device = _Row(answers, profile.scalars, {}, system, factors)
    items = [item for quantity in profile.reading for item in _items(profile, quantity, [device])]
    for table in profile.table:
        rows = [device.row(table.columns, index) for index in indexes(table, answers)]
        for quantity in table.reading:
            found = _items(profile, quantity, rows)
            column = table.columns.get(quantity.value[0].names[0])
            items += [item if item.source or not column else replace(item, source=dotted(column[0])) for item in found]
    return _with_words(items)


def indexes(table: Table, answers: Answers) -> list[Oid]:
    """The index of every row of a table."""
    found = {index for oids in table.columns.values() for prefix in oids for index in answers.below(prefix) if index}
    return sorted(found)


def _items(profile: Profile, quantity: Quantity, rows: list[_Row]) -> list[Item]:
    sentinels = profile.sentinels if quantity.sentinels is None else quantity.sentinels
    found: list[tuple[_Row, Item]] = []
    chosen = 0
    for row in rows:
        row.sentinels, row.pattern = (), None
        if not _chosen(quantity, row):
            continue
        chosen += 1
        names = row.filled(quantity.instance), row.filled(quantity.label)
        row.sentinels, row.pattern = sentinels, quantity.pattern
        item = _state(profile, quantity, row, names) if quantity.states else _number(quantity, row, names)
        if item is not None:
            found.append((row, item))
    if quantity.aggregate == "words":
        return _joined(profile.states[quantity.states], quantity.metric, [item for _row, item in found])
    if quantity.aggregate == "sum" and len(found) < chosen:
        return []  # a sum without one of its parts would be a wrong number
    if quantity.aggregate and found:
        return [_aggregated(quantity, [item for _row, item in found])]
    if quantity.several and len(found) > 1:
        phases = {row.index: phase for phase, row in enumerate(rows, start=1) if phase <= _PHASES}
        several = [(quantity.several.replace("{phase}", str(phases.get(row.index))), row, item) for row, item in found]
        return [replace(item, metric=metric) for metric, row, item in several if row.index in phases]
    return _distinct(found)


def _chosen(quantity: Quantity, row: _Row) -> bool:
    return (
        row.fits(quantity.where)
        and all(pattern.search(row.text(name)) for name, pattern in quantity.like.items())
        and not any(pattern.search(row.text(name)) for name, pattern in quantity.skip.items())
    )


def _number(quantity: Quantity, row: _Row, names: tuple[str, str]) -> Item | None:
    for formula in quantity.value:
        where, value = row.found(formula.names[0])
        if quantity.map:
            number = quantity.map.get(text_of(value))
        elif (raw := formula(row.number)) is not None:
            number = raw * quantity.scale + quantity.offset
            if not number.is_integer():  # whole numbers are counters, and those of 64 bits need every digit
                number = float(f"{number:.12g}")
        else:
            continue
        if (
            number is None
            or not math.isfinite(number)
            or (quantity.valid and not quantity.valid[0] <= number <= quantity.valid[1])
        ):
            return None
        counter = value.tag if value.tag in (Tag.COUNTER32, Tag.COUNTER64) else None
        return Item(quantity.metric, number, *names, None, dotted(where), counter, quantity.rate)
    return None


def _state(profile: Profile, quantity: Quantity, row: _Row, names: tuple[str, str]) -> Item | None:
    states = profile.states[quantity.states]
    for formula in quantity.value:
        where, value = row.found(formula.names[0])
        if value.content is not None:
            state = _meaning(states, value)
            if state is None:
                return None
            return Item(quantity.metric, state.word, *names, state.severity, dotted(where), adds=state.adds)
    return None


def _meaning(states: StateMap, value: Value) -> State | None:
    """The state of a raw value; a value that the map does not have is told as it is, with severity unknown."""
    if states.form == "value":
        text = text_of(value)
        known = states.entries.get(text.lower()) or states.entries.get("default")
        return known or (State(text, Severity.UNKNOWN) if text else None)
    set_bits = _bits(states.form, value)
    if set_bits is None:
        return None
    found = [states.entries[str(bit)] for bit in set_bits if str(bit) in states.entries]
    if not found:
        return states.entries.get("none")
    worst = max((state.severity for state in found), key=_RANK.index)
    adds = " ".join(state.adds for state in found if state.adds)
    return State(" ".join(state.word for state in found), worst, adds)


_RANK = (Severity.OK, Severity.UNKNOWN, Severity.WARNING, Severity.CRITICAL)


def _bits(form: str, value: Value) -> list[int] | None:
    content = value.content
    if not isinstance(content, bytes):
        return None
    if form == "flags":
        return [at for at, char in enumerate(content.decode("latin-1")) if char == "1"]
    return [8 * at + bit for at, byte in enumerate(content) for bit in range(8) if byte & (0x80 >> bit)]


def _joined(states: StateMap, metric: str, items: list[Item]) -> list[Item]:
    """The states of all rows as one reading that is there even while no row is, so that a fault can end."""
    if not items:
        none = states.entries.get("none")
        return [Item(metric, none.word, severity=none.severity)] if none else []
    worst = max((item.severity or Severity.UNKNOWN for item in items), key=_RANK.index)
    words = dict.fromkeys(str(item.value) for item in items)
    adds = " ".join(item.adds for item in items if item.adds)
    return [replace(items[0], value=", ".join(words), severity=worst, adds=adds, instance="", label="")]


def _aggregated(quantity: Quantity, items: list[Item]) -> Item:
    values = [item.value for item in items if isinstance(item.value, float)]
    total = {"mean": sum(values) / len(values), "sum": sum(values), "max": max(values), "min": min(values)}
    return replace(items[0], value=float(f"{total[quantity.aggregate]:.12g}"), label="")


def _distinct(found: list[tuple[_Row, Item]]) -> list[Item]:
    """Rows with one name are told apart by their index behind a #, so that none hides another."""
    seen: set[str] = set()
    items = []
    for row, item in found:
        if item.instance in seen:
            item = replace(item, instance=f"{item.instance}#{dotted(row.index)}")
        seen.add(item.instance)
        items.append(item)
    return items


def _with_words(items: list[Item]) -> list[Item]:
    """`ups.status` merges what the other states add (LB, RB, CHRG ...); the worst word is its severity."""
    adds = [item.adds for item in items if item.adds]
    merged = []
    for item in items:
        if item.metric == "ups.status":
            words = ups.words(" ".join([str(item.value), *adds]))
            item = replace(item, value=" ".join(words), severity=ups.severity(words))
        merged.append(item)
    return merged


def combine(parts: Iterable[list[Item]]) -> list[Item]:
    """The readings of several profiles, the most specific first: what a specific one tells hides the general one's."""
    found: dict[tuple[str, str], Item] = {}
    for items in parts:
        for item in items:
            found.setdefault((item.metric, item.instance), item)
    return list(found.values())


def identify(profiles: list[Profile], answers: Answers, vendor: str = "") -> Identity:
    """What the device says of itself; the most specific profile that knows has the word. ``vendor`` if none knows."""
    system = system_of(answers)
    texts = {"vendor": "", "model": "", "serial": "", "firmware": "", "name": "", "made": ""}
    mac = ""
    for profile in profiles:
        device = _Row(answers, profile.scalars, {}, system, {})
        for name, text in texts.items():
            texts[name] = text or getattr(profile.identity, name)(device.text)
        for table in profile.table:
            if table.identity is not None:
                mac = mac or _identify_rows(table, table.identity, device, texts)
    kind = next((profile.kind for profile in profiles if profile.kind), Kind.OTHER)
    return Identity(
        profile=profiles[0].id if profiles else "",
        kind=kind,
        vendor=texts["vendor"] or vendor,
        model=texts["model"],
        serial=texts["serial"],
        firmware=texts["firmware"],
        name=texts["name"] or system.name,
        sys_object_id=dotted(system.object_id),
        description=system.description,
        mac=mac,
        mac_vendor=mac_vendor(mac),
        made_on=made_on(texts["made"], texts["vendor"] or vendor, texts["serial"]),
    )


def _identify_rows(table: Table, wanted: TableIdentity, device: _Row, texts: dict[str, str]) -> str:
    """Fills what is empty in ``texts`` from the rows that fit; returns the first hardware address, "" if none."""
    mac = ""
    for index in indexes(table, device.answers):
        row = device.row(table.columns, index)
        if row.fits(wanted.where):
            for name in ("vendor", "model", "serial", "firmware", "made"):
                texts[name] = texts[name] or getattr(wanted, name)(row.text)
            mac = mac or (mac_of(row.found(wanted.mac)[1]) if wanted.mac else "")
    return mac
