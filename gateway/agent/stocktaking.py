"""Taking stock: what devices say of themselves, what sweeps found, and what people decide about both.

Nothing is added without a person, and a person can add only what a sweep of the site's own networks has found. Files
are written first and the entry afterwards: a power cut in between leaves a command that is carried out once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.core.device import Device, Park
from gateway.core.discovery import Standing
from gateway.core.errors import VigieError
from gateway.core.inventory import (
    OF_DEVICES,
    TOLD,
    Entry,
    EntryKind,
    cards,
    filled,
    ignored,
    news,
    same_serial,
    told,
)
from gateway.core.reading import Poll
from gateway.ports import Command, Ledger, Stock

WRITABLE = (
    *("name", "kind", "criticality", "parent", "power", "location", "zone", "perimeter"),
    *("vendor", "model", "serial", "firmware", "purchased_on", "warranty.ends_on"),
    *("support.model", "support.provider", "support.contract", "support.phone", "support.ends_on"),
)
"""What can be written down on the page; of a table with a dot."""

_OF_THE_MACHINE = ("serial", "vendor", "model", "firmware", "purchased_on", "warranty")
_TELLING = frozenset(("snmp", "nut", "redfish"))
"""Collectors that tell what a device is."""

_OF_A_DISK = "smart"
"""Collector that tells who made a disk, not who made the device."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a command led to: entries to record, a refusal ("" if it was done), whether the inventory is another one
    now, and whether a sweep is asked for."""

    entries: tuple[Entry, ...] = ()
    refusal: str = ""
    changed: bool = False
    sweep: bool = False


class Stocktaking:
    """The stock of one site. ``stock`` writes the inventory; ``None`` where nobody may change it."""

    def __init__(self, park: Park, ledger: Ledger, stock: Stock | None) -> None:
        self._park = park
        self._stock = stock
        entries = ledger.entries(*OF_DEVICES, EntryKind.IGNORED, EntryKind.WANTED, EntryKind.SURVEY)
        self._entries = [one for one in entries if one.kind is not EntryKind.SURVEY]
        self._survey = next((one for one in reversed(entries) if one.kind is EntryKind.SURVEY), None)
        self._cards = cards(park, self._entries)
        self._half_heard: dict[str, Mapping[str, str]] = {}
        self._refusal = ""
        self.news = False
        """True if a device says something else of itself than headquarters was told."""

    @property
    def swept_at(self) -> float | None:
        """When the last sweep ended (s since the epoch)."""
        return self._survey.at if self._survey else None

    def polled(self, device: str, polls: Sequence[Poll], at: float) -> list[Entry]:
        """What a round of polls says that was not known. What contradicts the card counts when it is said twice
        running: half an answer may name the serial number of a part."""
        known = (poll for poll in polls if poll.collector != _OF_A_DISK)
        identity = next((poll.identity for poll in known if poll.identity.kind or poll.identity.vendor), None)
        if identity is None or device not in self._cards:
            return []
        heard = told(identity)
        expected = same_serial(heard.get("serial", ""), self._park.devices[device].serial)
        gaps = news(self._cards[device], heard, sure=False) if expected else {}
        new = news(self._cards[device], heard)
        if new and new != gaps and self._half_heard.get(device) != heard:
            self._half_heard[device] = heard
            new = gaps
        else:
            self._half_heard.pop(device, None)
        return self._note([Entry(EntryKind.SAID, device, at, body=new)] if new else [])

    def swept(self, document: Mapping[str, Any]) -> list[Entry]:
        """A sweep has ended: its document is kept, and what known devices said is taken in."""
        at = float(document["at"])
        said: Mapping[str, Mapping[str, str]] = document.get("said") or {}
        entries = [Entry(EntryKind.SURVEY, "", at, body={key: one for key, one in document.items() if key != "said"})]
        for device, heard in said.items():
            card = self._cards.get(device)
            # another credential or another card of the machine may tell other numbers than the polls do
            sure = bool({"serial", "firmware"} & set(heard)) and not self._tells_itself(device)
            if card and (new := news(card, heard, sure=sure)):
                entries.append(Entry(EntryKind.SAID, device, at, body=new))
        return self._note(entries)

    def _tells_itself(self, device: str) -> bool:
        known = self._park.devices.get(device)
        return known is not None and bool(_TELLING & set(known.collect))

    def _note(self, entries: Iterable[Entry]) -> list[Entry]:
        """Takes entries into the cards; they still have to be recorded."""
        found = list(entries)
        for entry in found:
            if entry.kind is EntryKind.SURVEY:
                self._survey = entry
                continue
            self._entries.append(entry)
            if entry.kind is EntryKind.SAID and entry.subject in self._park.devices:
                one = Park([self._park.devices[entry.subject]])
                self._cards[entry.subject] = cards(one, self._entries)[entry.subject]
                self.news = True
        return found

    def identified(self) -> Park:
        """The park as its devices describe themselves where nobody wrote anything down."""
        devices = [filled(device, self._cards[device.id]) for device in self._park.devices.values()]
        return Park(devices, self._park.services.values())

    # what the page shows

    def told(self) -> dict[str, Any]:
        """``replaced``, ``discovery`` and ``stock`` of the status document (docs/reference/http.md)."""
        swaps = [card.swap for card in self._cards.values() if card.swap]
        replaced = [
            {
                "device": one.device,
                "serial": one.serial,
                "instead_of": one.instead_of,
                "at": one.at,
                "before_at": one.before_at,
                "told": dict(one.told),
            }
            for one in swaps
        ]
        return {"replaced": replaced, "discovery": self._discovery(), "stock": {"refusal": self._refusal}}

    def _discovery(self) -> dict[str, Any] | None:
        unwanted = ignored(self._entries)
        hidden = [
            {"key": key, "who": one.who, "at": one.at, **{name: one.body.get(name, "") for name in ("name", "address")}}
            for key, one in unwanted.items()
        ]
        if self._survey is None:
            return None
        rows = [row for row in self._survey.body["found"] if self._open(row) and row["key"] not in unwanted]
        return {**self._survey.body, "found": rows, "ignored": hidden}

    def _open(self, row: Mapping[str, Any]) -> bool:
        """False for a proposal that has been dealt with; swaps are told as ``replaced``."""
        address = row["address"]
        if row["standing"] == Standing.MOVED:
            device = self._park.devices.get(row["replaces"])
            return device is not None and device.address != address
        return row["standing"] == Standing.NEW and all(one.address != address for one in self._park.devices.values())

    # what people decide

    def carry_out(self, command: Command, at: float) -> Taken | None:
        """Carries one command out; ``None`` for one that is not about the inventory."""
        deeds: Mapping[str, Callable[[Command, float], Taken]] = {
            "device_add": self._add,
            "device_change": self._change,
            "device_swap": self._swap,
            "device_move": self._move,
            "proposal_ignore": self._ignore,
            "proposal_want": self._ignore,
            "sweep_now": lambda _command, _at: Taken(sweep=True),
        }
        deed = deeds.get(command.kind)
        if deed is None:
            return None
        try:
            taken = deed(command, at)
        except VigieError as error:
            taken = Taken(refusal=f"refused: {error}")
        self._refusal = taken.refusal
        self._note(taken.entries)
        return taken

    def _add(self, command: Command, at: float) -> Taken:
        row = self._row(command, Standing.NEW)
        written = self._written(command)
        values = {**{key: one for key, one in row["device"].items() if key not in TOLD}, **written}
        for key in ("parent", "power"):  # it may have been proposed behind another proposal
            values[key] = values.get(key) if values.get(key) in self._park.devices else None
        known = self._park.devices.get(values["id"])
        if not (known and known.address == values["address"]):  # it was added, and the power failed
            self._writer().add({key: one for key, one in _tables(values).items() if one is not None})
        entries = [Entry(EntryKind.ADDED, values["id"], at, command.who, written)]
        if row.get("said"):
            entries.append(Entry(EntryKind.SAID, values["id"], at, body=row["said"]))
        return Taken(tuple(entries), changed=True)

    def _change(self, command: Command, at: float) -> Taken:
        device = self._device(command)
        written = self._written(command)
        self._writer().change(device.id, _tables(written))
        return Taken((Entry(EntryKind.CHANGED, device.id, at, command.who, written),), changed=True)

    def _swap(self, command: Command, at: float) -> Taken:
        device = self._device(command)
        swap = self._cards[device.id].swap
        if swap is None or swap.serial != command.body.get("serial"):
            raise VigieError(f"no other machine answers for {device.id} now", remedy="look at the page again")
        same = command.body.get("same") == "yes"
        gone = [key for key in (("serial",) if same else _OF_THE_MACHINE) if getattr(device, key) != _blank(key)]
        if gone:
            self._writer().change(device.id, dict.fromkeys(gone))
        kind = EntryKind.SAME if same else EntryKind.SWAPPED
        body = {"serial": swap.serial, "instead_of": swap.instead_of}
        return Taken((Entry(kind, device.id, at, command.who, body),), changed=True)

    def _move(self, command: Command, at: float) -> Taken:
        row = self._row(command, Standing.MOVED)
        written = {"address": row["address"]}
        self._writer().change(row["replaces"], written)
        return Taken((Entry(EntryKind.CHANGED, row["replaces"], at, command.who, written),), changed=True)

    def _ignore(self, command: Command, at: float) -> Taken:
        key = str(command.body.get("key", ""))
        if command.kind == "proposal_want":
            return Taken((Entry(EntryKind.WANTED, key, at, command.who),))
        row = self._row(command, Standing.NEW, Standing.MOVED)
        body = {"name": row["device"]["name"], "address": row["address"]}
        return Taken((Entry(EntryKind.IGNORED, key, at, command.who, body),))

    def _writer(self) -> Stock:
        if self._stock is None:
            raise VigieError("the inventory of this box cannot be changed here", remedy="edit its file")
        return self._stock

    def _row(self, command: Command, *standings: Standing) -> Mapping[str, Any]:
        key = command.body.get("key")
        rows = self._survey.body["found"] if self._survey else ()
        for row in rows:
            if row["key"] == key and row["standing"] in standings:
                return dict(row)
        raise VigieError(f"no proposal {key!r} here", remedy="look for devices again")

    def _device(self, command: Command) -> Device:
        device = self._park.devices.get(str(command.body.get("device", "")))
        if device is None:
            raise VigieError(f"no device {command.body.get('device')!r} here", remedy="look at the list of devices")
        return device

    def _written(self, command: Command) -> dict[str, str | None]:
        """What a person wrote down; an empty text takes a value away."""
        written = {key: str(command.body[key]) or None for key in WRITABLE if key in command.body}
        for key in ("parent", "power"):
            if written.get(key) and written[key] not in self._park.devices:
                raise VigieError(f"{key}: no device {written[key]!r} here", remedy="choose one of the inventory")
        circle = self._circle(str(command.body.get("device", "")), written.get("parent"))
        if circle:
            raise VigieError(f"parent goes round in a circle: {circle}", remedy="choose another parent")
        return written

    def _circle(self, device: str, parent: str | None) -> str:
        if not device or parent is None:
            return ""
        way = [parent, *self._park.path(parent)]
        return " -> ".join((device, *way[: way.index(device) + 1])) if device in way else ""


def _tables(written: Mapping[str, Any]) -> dict[str, Any]:
    """Keys with a dot as the tables of `inventory.toml`."""
    found: dict[str, Any] = {}
    for key, value in written.items():
        table, dot, member = key.partition(".")
        if dot:
            found[table] = {**found.get(table, {}), member: value}
        else:
            found[key] = value
    return found


def _blank(key: str) -> Any:
    return getattr(Device("", ""), key)
