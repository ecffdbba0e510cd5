"""How the inventory fills itself: what devices say of themselves, what people decided, and what follows. Pure.

Everything that happens is an ``Entry``, kept in the order in which it happened; the card of a device is their fold.
What a person wrote down wins over what the device says. Another serial number at the same place is not taken for the
same machine: a person says which of the two it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from gateway.core.device import Device, Park
from gateway.core.reading import Identity

TOLD = ("vendor", "model", "serial", "firmware", "mac", "mac_vendor", "made_on")
"""What of an identity belongs to the inventory; the rest may change at every round."""

FILLED = ("vendor", "model", "serial", "firmware")
"""Keys of a device that are filled from what it says where nobody wrote anything down."""


class EntryKind(StrEnum):
    """What can happen to an inventory."""

    SAID = "said"
    ADDED = "added"
    CHANGED = "changed"
    SWAPPED = "swapped"
    SAME = "same"
    IGNORED = "ignored"
    WANTED = "wanted"
    SURVEY = "survey"
    HEARD = "heard"


OF_DEVICES = (EntryKind.SAID, EntryKind.ADDED, EntryKind.CHANGED, EntryKind.SWAPPED, EntryKind.SAME)
"""Kinds whose subject is a device."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened at ``at`` (s since the epoch). ``who`` is empty for what no person did.

    ``subject`` and ``body`` by kind: said: a device, what it told (``TOLD``); added, changed: a device, the values that
    were written down; swapped (another machine) and same (the machine has another number): a device, ``serial`` and
    ``instead_of``; ignored, wanted (again): the key of a proposal; survey: nothing, the whole document of a sweep;
    heard: an incident, one line that a device said about it.
    """

    kind: EntryKind
    subject: str
    at: float
    who: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Swap:
    """Another machine answers at the place of a device: since when, what it tells, and which was there before (last
    told to be there at ``before_at``, ``None`` if it never told)."""

    device: str
    serial: str
    instead_of: str
    at: float
    before_at: float | None
    told: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of one device beside its entry: what it says, since when it says so, and what happened."""

    said: Mapping[str, str] = field(default_factory=dict)
    since: Mapping[str, float] = field(default_factory=dict)
    swap: Swap | None = None
    written: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    """Keys that somebody wrote down on the page: who, when."""
    history: tuple[Entry, ...] = ()
    """What people should see, oldest first; a change of firmware has ``firmware`` and ``instead_of`` in its body."""


def told(identity: Identity) -> dict[str, str]:
    """What of an identity belongs to the inventory, without what is empty."""
    return {key: value for key in TOLD if (value := getattr(identity, key))}


def plain_serial(text: str) -> str:
    """A serial number as it is compared: people and devices write it with other blanks and hyphens."""
    return re.sub(r"[^0-9a-z]", "", text.lower())


def same_serial(one: str, other: str) -> bool:
    """True if both are the same number, or one is unknown."""
    a, b = plain_serial(one), plain_serial(other)
    return not a or not b or a == b


class _Fold:
    """The card of one device in the making. ``entered`` is the serial number that a person wrote down."""

    def __init__(self, device: str, entered: str) -> None:
        self.device = device
        self.serial = entered
        self.said: dict[str, str] = {}
        self.since: dict[str, float] = {}
        self.swap: Swap | None = None
        self.written: dict[str, tuple[str, float]] = {}
        self.history: list[Entry] = []

    def take(self, entry: Entry) -> None:
        match entry.kind:
            case EntryKind.SAID:
                self._said(entry)
            case EntryKind.SWAPPED | EntryKind.SAME:
                self._settled(entry)
            case _:
                self.written.update(dict.fromkeys(entry.body, (entry.who, entry.at)))
                self.history.append(entry)

    def _said(self, entry: Entry) -> None:
        new = {key: str(value) for key, value in entry.body.items()}
        serial = new.get("serial", "")
        if not same_serial(serial, self.serial):
            since = self.swap.at if self.swap and same_serial(serial, self.swap.serial) else entry.at
            self.swap = Swap(self.device, serial, self.serial, since, self.since.get("serial"), new)
            return
        if serial:
            self.swap, self.serial = None, self.serial or serial
        before = self.said.get("firmware")
        if before and new.get("firmware", before) != before:
            body = {"firmware": new["firmware"], "instead_of": before}
            self.history.append(replace(entry, body=body))
        self._take_over(new, entry.at)

    def _settled(self, entry: Entry) -> None:
        serial = str(entry.body.get("serial", ""))
        self.serial = serial
        if entry.kind is EntryKind.SWAPPED:
            self.said, self.since = {}, {}
        if self.swap and same_serial(self.swap.serial, serial):
            self._take_over(self.swap.told, self.swap.at)
        self.swap = None
        self.history.append(entry)

    def _take_over(self, new: Mapping[str, str], at: float) -> None:
        self.since.update({key: at for key, value in new.items() if self.said.get(key) != value})
        self.said.update(new)

    def card(self) -> Card:
        return Card(self.said, self.since, self.swap, self.written, tuple(self.history))


def cards(park: Park, entries: Iterable[Entry]) -> dict[str, Card]:
    """The card of every device, by id. ``entries`` in the order in which they happened."""
    folds = {device.id: _Fold(device.id, device.serial) for device in park.devices.values()}
    for entry in entries:
        if entry.kind in OF_DEVICES and entry.subject in folds:
            folds[entry.subject].take(entry)
    return {name: fold.card() for name, fold in folds.items()}


def ignored(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Proposals that somebody does not want to see again, by their key."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind is EntryKind.IGNORED:
            found[entry.subject] = entry
        elif entry.kind is EntryKind.WANTED:
            found.pop(entry.subject, None)
    return found


def filled(device: Device, card: Card) -> Device:
    """The device with what it says of itself where nobody wrote anything down; ``said`` is all that it says."""
    gaps: dict[str, Any] = {key: card.said[key] for key in FILLED if not getattr(device, key) and key in card.said}
    return replace(device, said=dict(card.said), **gaps)


def news(card: Card, heard: Mapping[str, str], *, sure: bool = True) -> dict[str, str]:
    """All that a device says, if its card does not hold it yet; empty if there is nothing new. Unless it is ``sure``,
    only gaps are filled."""
    last = card.swap.told if card.swap else card.said
    serial = heard.get("serial", "")
    if same_serial(serial, last.get("serial", "")):
        fresh = heard if sure else {key: value for key, value in heard.items() if key not in last}
        now = {**last, **fresh}
        return now if now != dict(last) else {}
    if not sure:
        return {}
    known = card.said if same_serial(serial, card.said.get("serial", "")) else {}
    return {**known, **heard}


def proposal_key(address: str, mac: str, serial: str) -> str:
    """By what a proposal is known again: its hardware address, else its serial number, else its address."""
    return mac or (f"serial:{plain_serial(serial)}" if plain_serial(serial) else address)
