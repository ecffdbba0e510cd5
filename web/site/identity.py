"""What a device is, and where each value comes from: the device itself, or somebody who wrote it down. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.core.device import Device
from gateway.core.inventory import Card, Entry, EntryKind, same_serial
from web.common import Formats, State
from web.common.language import Language

_YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True)
class Row:
    """One value with its source in words; ``besides`` is what the device says where a person wrote something else."""

    name: str
    text: str
    source: str
    besides: str = ""


def identity_rows(device: Device, card: Card, now: float, formats: Formats) -> list[Row]:
    """Make, model, serial number, firmware, hardware address and age of a device; what nobody knows is left out.
    ``device`` is as it was written down."""
    say, source = formats.language, _Sources(card, now, formats)
    rows = [source.row(name, key, getattr(device, key)) for key, name in _named(say)]
    mac, maker = card.said.get("mac", ""), card.said.get("mac_vendor", "")
    rows.append(source.said(say.gettext("Adresse matérielle"), "mac", f"{mac} ({maker})" if maker else mac))
    rows.append(source.said(say.gettext("Fabriqué"), "made_on", _made(card, now, formats)))
    return [row for row in rows if row.text]


def _named(say: Language) -> tuple[tuple[str, str], ...]:
    return (
        ("vendor", say.gettext("Marque")),
        ("model", say.gettext("Modèle")),
        ("serial", say.gettext("Numéro de série")),
        ("firmware", say.gettext("Version logicielle")),
    )


@dataclass(frozen=True, slots=True)
class _Sources:
    """Says where the values of one card come from."""

    card: Card
    now: float
    formats: Formats

    def row(self, name: str, key: str, written: str) -> Row:
        """A value that a person may have written down."""
        say, said = self.formats.language, self.card.said.get(key, "")
        if not written:
            return self.said(name, key, said)
        same = same_serial(written, said) if key == "serial" else said in ("", written)
        besides = "" if same else say.gettext("L’appareil dit : %(text)s", text=say.isolate(said))
        who, at = self.card.written.get(key, ("", 0.0))
        if not who:
            return Row(name, written, say.gettext("inscrit à l’inventaire"), besides)
        day = self.formats.when(at, self.now)
        return Row(name, written, say.gettext("inscrit par %(who)s, %(day)s", who=say.isolate(who), day=day), besides)

    def said(self, name: str, key: str, text: str) -> Row:
        """A value that the device tells."""
        day = self.formats.when(self.card.since[key], self.now) if key in self.card.since else ""
        return Row(name, text, self.formats.language.gettext("dit par l’appareil depuis %(day)s", day=day))


def _made(card: Card, now: float, formats: Formats) -> str:
    try:
        made = date.fromisoformat(card.said.get("made_on", ""))
    except ValueError:
        return ""
    say = formats.language
    years = int((formats.local(now).date() - made).days / _YEAR_DAYS)
    age = say.ngettext("%(n)s an", "%(n)s ans", years)
    return say.gettext("vers le %(day)s (%(age)s)", day=f"{made:%d/%m/%Y}", age=age)


def history(card: Card, formats: Formats) -> Iterator[Mapping[str, Any]]:
    """What happened to the entry of a device, in words, newest first."""
    for entry in reversed(card.history):
        text = _told(entry, formats.language)
        if text:
            yield {"at": entry.at, "state": State.OK, "text": text}


def _told(entry: Entry, say: Language) -> str:
    body = {key: say.isolate(str(value)) for key, value in entry.body.items() if value is not None}
    who = say.isolate(entry.who)
    match entry.kind:
        case EntryKind.SAID:
            return say.gettext(
                "Version logicielle : %(old)s, puis %(new)s", old=body["instead_of"], new=body["firmware"]
            )
        case EntryKind.ADDED:
            return say.gettext("Ajouté à l’inventaire par %(who)s", who=who)
        case EntryKind.CHANGED:
            return say.gettext("Fiche corrigée par %(who)s", who=who)
        case EntryKind.SWAPPED | EntryKind.SAME:
            text = (
                say.gettext("Remplacé : numéro %(old)s, puis %(new)s (confirmé par %(who)s)")
                if entry.kind is EntryKind.SWAPPED
                else say.gettext("Même machine, autre numéro : %(old)s, puis %(new)s (confirmé par %(who)s)")
            )
            return text % {"old": body["instead_of"], "new": body["serial"], "who": who}
    return ""
