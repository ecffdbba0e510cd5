"""One poll of one agent over a session: what it is, what to ask it, what has changed since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.collect.snmp_ask import AskError, Habits, Session, Walk, first_below, get_all
from gateway.collect.snmp_read import Plan, choose, matches
from gateway.collect.snmp_values import (
    ABSENT,
    SYS_DESCR,
    SYS_NAME,
    SYS_OBJECT_ID,
    SYS_UP_TIME,
    Answers,
    System,
    number_of,
    system_of,
)
from gateway.core.reading import Failure, FailureKind
from gateway.profiles.model import Profile, Table
from gateway.profiles.recording import Oid, Value

SYSTEM = (SYS_DESCR, SYS_OBJECT_ID, SYS_UP_TIME, SYS_NAME)

IF_TABLE_LAST_CHANGE: Oid = (1, 3, 6, 1, 2, 1, 31, 1, 5, 0)
"""sysUpTime at which an interface last came or went (RFC 2863): its number may be another one's now."""

_RESTLESS = 3
"""Polls in a row with a change after which it is not believed: some agents tell their clock here."""

FULL_EVERY = 60
"""Polls between two that ask everything again, also what the device did not have and what hardly changes."""


@dataclass(slots=True)
class Known:
    """What was learnt of one agent."""

    profiles: list[Profile]
    system: System
    habits: Habits
    polls: int = 0
    scalars: tuple[Oid, ...] = ()
    rows: dict[tuple[str, str], tuple[Oid, ...]] = field(default_factory=dict)
    """Row indexes of (profile, table) at the last walk."""
    walked: dict[tuple[str, str], tuple[Oid, ...]] = field(default_factory=dict)
    """What came at the last walk of (profile, table): the same again means the same rows."""
    rarely: dict[Oid, Value] = field(default_factory=dict)
    """Values of columns and scalars that hardly change, from the last full poll."""
    plans: dict[str, Plan] = field(default_factory=dict)
    """How each profile is read, by its id."""
    ticks: float | None = None
    """sysUpTime at the last poll."""
    changed_at: float | None = None
    """ifTableLastChange at the last poll; None where the agent does not tell it."""
    changes: int = 0
    """Polls in a row at which it was another one."""

    @property
    def full(self) -> bool:
        """True if the poll under way asks everything."""
        return self.polls % FULL_EVERY == 0


@dataclass(slots=True)
class Fetched:
    """The raw values of one poll, and the tables that failed."""

    answers: Answers
    partial: tuple[Failure, ...] = ()


async def identify(session: Session, profiles: Sequence[Profile], habits: Habits | None = None) -> Known:
    """Finds out what an agent is. Raises AskError if it does not answer."""
    habits = habits or Habits()
    found = await get_all(session, SYSTEM, habits)
    wanted = {prefix for profile in profiles for match in profile.match for prefix in match.has}
    prefixes = {prefix[:-1] if prefix[-1] == 0 else tuple(prefix) for prefix in wanted}  # a scalar is below its object
    found.update(await first_below(session, sorted(prefixes), habits))
    if not found:
        raise AskError(FailureKind.GARBLED, "it answers, but gives none of the values that every agent has")
    answers = Answers(found)
    chosen = choose(profiles, answers)
    system = system_of(answers)
    for profile in chosen:
        for quirk in profile.quirk:
            if quirk.match is None or matches(quirk.match, system, answers):
                habits.bulk &= not quirk.no_bulk
                habits.repetitions = min(habits.repetitions, quirk.max_repetitions or habits.repetitions)
                habits.varbinds = min(habits.varbinds, quirk.max_varbinds or habits.varbinds)
    return Known(chosen, system, habits)


async def fetch(session: Session, known: Known) -> Fetched:
    """Asks for all that the profiles want. Raises AskError if the agent does not answer at all, or no longer."""
    scalars = _scalars(known.profiles) if known.full else known.scalars
    watched = [IF_TABLE_LAST_CHANGE] if known.full or known.changed_at is not None else []
    values = await get_all(session, [*SYSTEM, *watched, *scalars], known.habits)
    if _numbered_anew(known, values):
        known.polls = 0
        return await fetch(session, known)
    if known.full:
        always = _for_readings(known.profiles)
        known.scalars = tuple(oid for oid in scalars if oid in values and oid in always)
        known.rarely = {oid: values[oid] for oid in scalars if oid in values and oid not in always}
    partial: list[Failure] = []
    for profile in known.profiles:
        for table in profile.table:
            key = (profile.id, table.name)
            if known.full or table.dynamic or (table.reading and known.rows.get(key) != ()):
                failure = await _table(session, known, (profile, table), values)
                if failure is not None:
                    partial.append(failure)
    known.polls += 1
    return Fetched(Answers({**known.rarely, **values}), tuple(partial))


def _numbered_anew(known: Known, values: Mapping[Oid, Value]) -> bool:
    """True if no name kept by its index may be believed: the agent started anew, or an interface came or went."""
    ticks, known.ticks = known.ticks, number_of(values.get(SYS_UP_TIME, ABSENT))
    changed_at, known.changed_at = known.changed_at, number_of(values.get(IF_TABLE_LAST_CHANGE, ABSENT))
    if known.full:
        return False
    changed = changed_at is not None and known.changed_at not in (None, changed_at)
    known.changes = known.changes + 1 if changed else 0
    started = ticks is not None and known.ticks is not None and known.ticks < ticks
    return started or (changed and known.changes <= _RESTLESS)


async def _table(
    session: Session, known: Known, which: tuple[Profile, Table], values: dict[Oid, Value]
) -> Failure | None:
    """Walks a table into ``values``: every column at a full poll and when its rows changed, else not the rare ones."""
    profile, table = which
    key = (profile.id, table.name)
    before = None if known.full else known.rows.get(key)
    often = _columns(table, (name for name in table.columns if name not in table.rarely))
    rarely = _columns(table, table.rarely)
    walk = Walk(session, known.habits)
    walked = often if before is not None else [*often, *rarely]
    try:
        await walk.run(walked, None if before is None else len(before))
        came = tuple(walk.found)
        if before is None or came != known.walked.get(key):
            known.rows[key], known.walked[key] = _rows(walk.found, often or rarely), came
        if before is not None and rarely and known.rows[key] != before:
            walked = [*often, *rarely]
            await walk.run(rarely, len(known.rows[key]))
    except AskError as error:
        known.rows.pop(key, None)
        if error.kind is not FailureKind.GARBLED:
            await get_all(session, [SYS_UP_TIME], known.habits)  # raises if the agent is gone: then the poll failed
        return Failure(error.kind, f"{profile.id} {table.name}", error.detail)
    finally:
        values.update(walk.found)
        if walked != often:
            known.rarely.update({oid: value for oid, value in walk.found.items() if _is_below(oid, rarely)})
    return None


def _rows(values: Mapping[Oid, Value], columns: Sequence[Oid]) -> tuple[Oid, ...]:
    answers = Answers(values)
    return tuple(sorted({index for column in columns for index in answers.below(column)}))


def _is_below(oid: Oid, columns: Sequence[Oid]) -> bool:
    return any(oid[: len(column)] == column for column in columns)


def _columns(table: Table, names: Iterable[str]) -> list[Oid]:
    return list(dict.fromkeys(oid for name in names for oid in table.columns[name]))


def _scalars(profiles: Iterable[Profile]) -> tuple[Oid, ...]:
    return tuple(dict.fromkeys(oid for profile in profiles for oids in profile.scalars.values() for oid in oids))


def _names_of_readings(profile: Profile) -> set[str]:
    quantities = [*profile.reading, *(quantity for table in profile.table for quantity in table.reading)]
    names: set[str] = set()
    for quantity in quantities:
        names.update(name for formula in quantity.value for name in formula.names)
        names.update(name for text in (*quantity.instance, *quantity.label) for name in text.names)
        names.update(quantity.where, quantity.like, quantity.skip)
    return names


def _for_readings(profiles: Iterable[Profile]) -> set[Oid]:
    return {
        oid
        for profile in profiles
        for name in _names_of_readings(profile)
        if name in profile.scalars
        for oid in profile.scalars[name]
    }
