"""What devices said unasked, as people read it: lines of log and notifications, the newest first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.core.device import Park
from gateway.core.inventory import Entry, EntryKind
from web.common.language import Language

LINES = 12
"""Lines on a page."""
_LENGTH = 300


def lines_of(status: Mapping[str, Any], device: str, say: Language) -> list[Mapping[str, Any]]:
    """The last lines of one device, from the agent's status document (newest first there)."""
    heard = status.get("heard") or ()
    return [_row(line, say) for line in heard if device in (line.get("devices") or ())][:LINES]


def witnesses(entries: Iterable[Entry], incident: str, park: Park, say: Language) -> list[Mapping[str, Any]]:
    """The lines that were kept with an incident, oldest first; each names its device."""
    mine = [one for one in entries if one.kind is EntryKind.HEARD and one.subject == incident]
    told = {(one.at, one.body.get("source"), one.body.get("text")): one for one in mine}  # of two changes, once
    ordered: Sequence[Entry] = sorted(told.values(), key=lambda one: one.at)[-LINES:]
    return [
        _row({**one.body, "at": one.at, "device": park.name(str(one.body.get("device", "")))}, say) for one in ordered
    ]


def _row(line: Mapping[str, Any], say: Language) -> Mapping[str, Any]:
    """One line: when, over which channel, from where, its text (cut), and how many it stands for."""
    channels = {"syslog": say.gettext("journal"), "trap": say.gettext("notification")}
    count = int(line.get("count") or 1)
    many = line.get("event") in ("storm", "refused")
    text = str(line.get("text", ""))[:_LENGTH]
    if line.get("event") == "storm":
        text = say.ngettext("%(n)s ligne de plus, non gardée", "%(n)s lignes de plus, non gardées", count)
    elif line.get("event") == "refused":
        text = say.ngettext(
            "%(n)s notification refusée : mot de passe faux ou message abîmé",
            "%(n)s notifications refusées : mot de passe faux ou message abîmé",
            count,
        )
    return {
        "at": line["at"],
        "device": line.get("device") or "",
        "channel": channels.get(str(line.get("channel")), ""),
        "source": line.get("source", ""),
        "text": text,
        "told": many,
        "count": 1 if many else count,
    }
