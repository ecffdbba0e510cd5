"""Understands what an SNMP agent answered: profile + raw values -> readings and identity. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from gateway.collect.snmp_rows import Row, Sentinels, Texts, Told, indexes, written
from gateway.collect.snmp_values import Answers, System, mac_of, system_of, text_of
from gateway.core import ups
from gateway.core.device import Kind
from gateway.core.reading import Identity, Severity
from gateway.profiles.age import made_on
from gateway.profiles.formula import Formula
from gateway.profiles.macs import mac_vendor
from gateway.profiles.model import (
    Match,
    Profile,
    Quantity,
    State,
    StateMap,
    Table,
    TableIdentity,
)
from gateway.profiles.recording import Oid, Tag, Value, dotted


class Item(NamedTuple):
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


_PHASES = 3


@dataclass(frozen=True, slots=True)
class _Part:
    """One reading of a profile: of which rows it is made, and their names. ``source`` is told where no row has one.
    ``formulas`` come with the first name in them; without a formula where that is all of it."""

    quantity: Quantity
    formulas: tuple[tuple[str, Formula | None], ...]
    states: StateMap | None
    sentinels: Sentinels | None
    rows: list[tuple[Row, tuple[str, str]]]
    distinct: bool
    phases: Mapping[Oid, int]
    source: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a profile is read of a device. It holds while the device has the same values with the same texts in names:
    most of the work is in finding these, and they hardly change. Holds 60 kB for a switch of 48 ports."""

    told: Told
    keys: tuple[Oid, ...]
    looked_at: Mapping[Oid, Value]
    parts: list[_Part]

    def fits(self, answers: Answers) -> bool:
        """True if the plan holds for what the device answered now."""
        return (
            answers.keys == self.keys
            and list(map(answers.get, self.looked_at)) == list(self.looked_at.values())
            and system_of(answers) == self.told.system
        )


_NOTHING = Answers({})


def understand(profile: Profile, answers: Answers, plans: dict[str, Plan] | None = None) -> list[Item]:
    """Every reading of one profile. ``plans`` keeps what was found out about the device for the next time."""
    plan = plans.get(profile.id) if plans is not None else None
    if plan is None or not plan.fits(answers):
        plan = _planned(profile, answers)
        if plans is not None:
            plans[profile.id] = plan
    plan.told.answers = answers
    items = _with_words([item for part in plan.parts for item in _items(part)])
    plan.told.answers = _NOTHING  # a plan is kept, the answers need not be
    return items


def _planned(profile: Profile, answers: Answers) -> Plan:
    system = system_of(answers)
    factors = {
        name: factor
        for quirk in profile.quirk
        if quirk.match is None or matches(quirk.match, system, answers)
        for name, factor in quirk.scale.items()
    }
    told = Told(answers, system, profile.scalars, factors)
    looked_at: dict[Oid, Value] = {}
    parts = _parts(profile, profile.reading, [Texts(Row(told, profile.scalars), looked_at)])
    for table in profile.table:
        rows = [Texts(Row(told, table.columns, index), looked_at) for index in indexes(table, answers)]
        for part in _parts(profile, table.reading, rows):
            column = table.columns.get(part.quantity.value[0].names[0])
            parts.append(replace(part, source=dotted(column[0])) if column else part)
    return Plan(told, answers.keys, looked_at, parts)


def _parts(profile: Profile, quantities: Iterable[Quantity], rows: list[Texts]) -> list[_Part]:
    parts: list[_Part] = []
    phases = {texts.row.index: phase for phase, texts in enumerate(rows[:_PHASES], start=1)}
    for quantity in quantities:
        alike = next((part for part in parts if _same_rows(part.quantity, quantity)), None)
        chosen = (
            alike.rows
            if alike
            else [(texts.row, _names(quantity, texts)) for texts in rows if _chosen(quantity, texts)]
        )
        sentinels = profile.sentinels if quantity.sentinels is None else quantity.sentinels
        distinct = len({instance for _row, (instance, _label) in chosen}) == len(chosen)
        states = profile.states[quantity.states] if quantity.states else None
        formulas = tuple((one.names[0], None if one.name else one) for one in quantity.value)
        parts.append(_Part(quantity, formulas, states, Sentinels.of(sentinels), chosen, distinct, phases))
    return parts


def _same_rows(one: Quantity, other: Quantity) -> bool:
    """True if two readings are made of the same rows under the same names."""
    return (one.instance, one.label, one.where, one.like, one.skip) == (
        *(other.instance, other.label, other.where),
        *(other.like, other.skip),
    )


def _names(quantity: Quantity, texts: Texts) -> tuple[str, str]:
    return texts.filled(quantity.instance), texts.filled(quantity.label)


def _chosen(quantity: Quantity, texts: Texts) -> bool:
    return (
        texts.fits(quantity.where)
        and all(pattern.search(texts.text(name)) for name, pattern in quantity.like.items())
        and not any(pattern.search(texts.text(name)) for name, pattern in quantity.skip.items())
    )


def _items(part: _Part) -> list[Item]:
    quantity, sentinels, states = part.quantity, part.sentinels, part.states
    found: list[tuple[Row, Item]] = []
    for row, names in part.rows:
        row.sentinels, row.pattern = sentinels, quantity.pattern
        item = _number(part, row, names) if states is None else _state(states, part, row, names)
        if item is not None:
            found.append((row, item))
    items = _together(part, found)
    return [item if item.source else item._replace(source=part.source) for item in items] if part.source else items


def _together(part: _Part, found: list[tuple[Row, Item]]) -> list[Item]:
    """The items of all rows, or what the reading makes of them."""
    quantity, items = part.quantity, [item for _row, item in found]
    if quantity.aggregate == "words" and part.states:
        return _joined(part.states, quantity.metric, items)
    if quantity.aggregate == "sum" and len(found) < len(part.rows):
        return []  # a sum without one of its parts would be a wrong number
    if quantity.aggregate and found:
        return [_aggregated(quantity, items)]
    if quantity.several and len(found) > 1:
        several = [
            (quantity.several.replace("{phase}", str(part.phases.get(row.index))), row, item) for row, item in found
        ]
        return [item._replace(metric=metric) for metric, row, item in several if row.index in part.phases]
    return items if part.distinct else _distinct(found)


def _number(part: _Part, row: Row, names: tuple[str, str]) -> Item | None:
    quantity = part.quantity
    for name, formula in part.formulas:
        where, value = row.found(name)
        if quantity.map:
            number = quantity.map.get(text_of(value))
        else:
            raw = row.scaled(name, value) if formula is None else formula(row.number)
            if raw is None:
                continue
            number = raw * quantity.scale + quantity.offset
            if not number.is_integer():  # whole numbers are counters, and those of 64 bits need every digit
                number = float(f"{number:.12g}") if math.isfinite(number) else None
        if number is None:
            return None
        if quantity.valid and not quantity.valid[0] <= number <= quantity.valid[1]:
            return None
        counter = value.tag if value.tag in _COUNTERS else None
        return Item(quantity.metric, number, *names, None, written(where), counter, quantity.rate)
    return None


_COUNTERS = (Tag.COUNTER32, Tag.COUNTER64)


def _state(states: StateMap, part: _Part, row: Row, names: tuple[str, str]) -> Item | None:
    for name, _formula in part.formulas:
        where, value = row.found(name)
        if value.content is not None:
            state = _meaning(states, value)
            if state is None:
                return None
            return Item(part.quantity.metric, state.word, *names, state.severity, written(where), adds=state.adds)
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
    return [items[0]._replace(value=", ".join(words), severity=worst, adds=adds, instance="", label="")]


def _aggregated(quantity: Quantity, items: list[Item]) -> Item:
    values = [item.value for item in items if isinstance(item.value, float)]
    total = {"mean": sum(values) / len(values), "sum": sum(values), "max": max(values), "min": min(values)}
    return items[0]._replace(value=float(f"{total[quantity.aggregate]:.12g}"), label="")


def _distinct(found: list[tuple[Row, Item]]) -> list[Item]:
    """Rows with one name are told apart by their index behind a #, so that none hides another."""
    seen: set[str] = set()
    items = []
    for row, item in found:
        if item.instance in seen:
            item = item._replace(instance=f"{item.instance}#{dotted(row.index)}")
        seen.add(item.instance)
        items.append(item)
    return items


def _with_words(items: list[Item]) -> list[Item]:
    """`ups.status` merges what the other states add (LB, RB, CHRG ...); the worst word is its severity."""
    at = [number for number, item in enumerate(items) if item.metric == "ups.status"]
    adds = [item.adds for item in items if item.adds] if at else []
    for number in at:
        words = ups.words(" ".join([str(items[number].value), *adds]))
        items[number] = items[number]._replace(value=" ".join(words), severity=ups.severity(words))
    return items


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
        told = Told(answers, system, profile.scalars)
        device = Texts(Row(told, profile.scalars), {})
        for name, text in texts.items():
            texts[name] = text or getattr(profile.identity, name)(device.text)
        for table in profile.table:
            if table.identity is not None:
                mac = mac or _identify_rows(table, table.identity, told, texts)
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


def _identify_rows(table: Table, wanted: TableIdentity, told: Told, texts: dict[str, str]) -> str:
    """Fills what is empty in ``texts`` from the rows that fit; returns the first hardware address, "" if none."""
    mac = ""
    for index in indexes(table, told.answers):
        row = Texts(Row(told, table.columns, index), {})
        if row.fits(wanted.where):
            for name in ("vendor", "model", "serial", "firmware", "made"):
                texts[name] = texts[name] or getattr(wanted, name)(row.text)
            mac = mac or (mac_of(row.row.found(wanted.mac)[1]) if wanted.mac else "")
    return mac
