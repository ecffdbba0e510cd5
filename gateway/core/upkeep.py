"""Governance: firmware as approved against firmware as seen, and what has to be done again and again with its date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

from gateway.core.device import Device

SOON_DAYS = 14
"""A duty is called to mind this long before it is due."""


class DutyKind(StrEnum):
    """What has to be done again and again."""

    RESTORE_DRILL = "restore_drill"
    BATTERY_TEST = "battery_test"
    SPARE_CHECK = "spare_check"
    FIRMWARE_REVIEW = "firmware_review"
    OTHER = "other"


class DutyState(StrEnum):
    """How a duty stands today."""

    DONE = "done"
    SOON = "soon"
    OVERDUE = "overdue"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing to do every ``every_days``: what, where, who, how, when last. Of a spare part: ``place`` is where it
    lies, ``count`` how many do (0: none), and it fits ``device`` ("site/device") or all devices of a ``family``."""

    kind: DutyKind
    what: str
    every_days: int
    site: str = ""
    device: str = ""
    who: str = ""
    how: str = ""
    place: str = ""
    last_on: date | None = None
    family: str = ""
    count: int = 1

    @property
    def due_on(self) -> date | None:
        """The day it is due; ``None`` if it was never done (it is due now)."""
        return self.last_on + timedelta(days=self.every_days) if self.last_on else None

    def state(self, today: date) -> DutyState:
        """How it stands."""
        due = self.due_on
        if due is None:
            return DutyState.NEVER
        if due < today:
            return DutyState.OVERDUE
        return DutyState.SOON if (due - today).days <= SOON_DAYS else DutyState.DONE


def due(duties: Iterable[Duty], today: date) -> list[Duty]:
    """What has to be called to mind, the longest overdue first."""
    waiting = [one for one in duties if one.state(today) is not DutyState.DONE]
    return sorted(waiting, key=lambda one: (one.due_on or date.min, one.what))


@dataclass(frozen=True, slots=True)
class Spares:
    """What lies in the stores for one device: how many, where, and the day on which the longest unchecked of them was
    last seen (``None``: never). ``fresh`` if none of these checks is overdue."""

    count: int
    places: tuple[str, ...]
    checked_on: date | None
    fresh: bool


def spares(duties: Iterable[Duty], name: str, device: Device, today: date) -> Spares | None:
    """The spare parts recorded for a device ("site/device"); ``None`` where nothing is recorded. What is recorded as
    none counts only if nothing lies anywhere else."""
    mine = [one for one in duties if one.kind is DutyKind.SPARE_CHECK and _fits(one, name, device)]
    if not mine:
        return None
    held = [one for one in mine if one.count] or mine
    return Spares(
        sum(one.count for one in held),
        tuple(dict.fromkeys(one.place for one in held if one.place)),
        None if any(one.last_on is None for one in held) else min(one.last_on for one in held if one.last_on),
        all(one.state(today) in (DutyState.DONE, DutyState.SOON) for one in held),
    )


def _fits(duty: Duty, name: str, device: Device) -> bool:
    if duty.device:
        return duty.device == name
    here = not duty.site or duty.site == name.partition("/")[0]
    return bool(duty.family) and here and fnmatchcase(_label(device), duty.family.casefold())


def _label(device: Device) -> str:
    return f"{device.vendor} {device.model}".casefold()


@dataclass(frozen=True, slots=True)
class FirmwareRule:
    """Which firmware a family of devices is to run: ``family`` is matched with "vendor model" (case aside, * stands for
    anything). ``approved`` are the versions, the one to install last; who updates, when, how."""

    family: str
    approved: tuple[str, ...]
    who: str = ""
    when: str = ""
    how: str = ""
    source: str = ""


class FirmwareState(StrEnum):
    """What is seen against what is approved."""

    CURRENT = "current"
    ACCEPTED = "accepted"
    NOT_APPROVED = "not_approved"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True)
class FirmwareFinding:
    """One device under a rule. ``device`` is "site/device", ``seen`` what it told ("" if nothing)."""

    device: str
    seen: str
    rule: FirmwareRule
    state: FirmwareState


def firmware(rules: Sequence[FirmwareRule], devices: Mapping[str, Device]) -> list[FirmwareFinding]:
    """Every device that a rule speaks of (the first that fits), what has to be updated first."""
    found = []
    for name, device in sorted(devices.items()):
        rule = next((one for one in rules if fnmatchcase(_label(device), one.family.casefold())), None)
        if rule is not None:
            seen = device.said.get("firmware") or device.firmware  # the wire knows better than what was once written
            found.append(FirmwareFinding(name, seen, rule, _compared(seen, rule)))
    return sorted(found, key=lambda one: (list(FirmwareState)[::-1].index(one.state), one.device))


def _compared(seen: str, rule: FirmwareRule) -> FirmwareState:
    if not seen:
        return FirmwareState.UNSEEN
    if seen == rule.approved[-1]:
        return FirmwareState.CURRENT
    return FirmwareState.ACCEPTED if seen in rule.approved else FirmwareState.NOT_APPROVED
