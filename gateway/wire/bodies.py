"""Bodies of the envelopes: facts, the inventory, the summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway.core.device import Criticality, Device, Park, Service, Site
from gateway.core.incident import Change, Transition, Verdict
from gateway.core.runbook import Step
from gateway.wire.text import T, entries, plain, typed

_STAYS_HOME = frozenset(("address", "credential", "ports", "collect", "every_s", "nut_name", "check", "limits"))
"""What an inventory does not tell of devices and services."""


def facts_body(transitions: Iterable[Transition] = (), changes: Iterable[Change] = ()) -> dict[str, Any]:
    """Body of ``evt`` (as it happens) and ``hist`` (afterwards): the facts in the order in which they were written."""
    body: dict[str, Any] = {}
    if told := [plain(transition) for transition in transitions]:
        body["transitions"] = told
    if changed := [plain(change) for change in changes]:
        body["changes"] = changed
    return body


def transitions_of(body: Mapping[str, Any]) -> list[Transition]:
    """Transitions of a body of facts; none if it carries none."""
    return [typed(entry, Transition) for entry in entries(body, "transitions")]


def changes_of(body: Mapping[str, Any]) -> list[Change]:
    """Incident changes of a body of facts; none if it carries none."""
    return [typed(entry, Change) for entry in entries(body, "changes")]


def inventory_body(
    site: Site,
    park: Park,
    targets: Mapping[Criticality, object] | None = None,
    calendar: object | None = None,
    contact: tuple[str, str] = ("", ""),
) -> dict[str, Any]:
    """Body of ``rpt`` that tells headquarters what there is to watch, when people work and what was promised.

    Addresses, ports and credentials stay on the site. ``targets`` are dataclasses such as ``settings.Target`` (business
    seconds, fraction of 1), ``calendar`` one such as ``settings.CalendarSettings``, ``contact`` name and telephone."""
    return {
        "site": plain(site),
        "devices": [plain(device, _STAYS_HOME) for device in park.devices.values()],
        "services": [plain(service, _STAYS_HOME) for service in park.services.values()],
        "targets": {level.value: msgspec.to_builtins(target) for level, target in (targets or {}).items()},
        "calendar": msgspec.to_builtins(calendar),
        "contact": list(contact),
    }


def steps_body(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """``steps`` of an inventory: the site's own steps of runbooks."""
    return [plain(step) for step in steps]


def steps_of(body: Mapping[str, Any]) -> list[Step]:
    """The site's own steps of an inventory; none if it tells of none."""
    return [typed(entry, Step) for entry in entries(body, "steps")]


def is_inventory(body: Mapping[str, Any]) -> bool:
    """True for a body made by ``inventory_body``."""
    return "devices" in body and "site" in body


def site_of(body: Mapping[str, Any]) -> Site:
    """The site of an inventory."""
    return typed(body.get("site"), Site)


def park_of(body: Mapping[str, Any]) -> Park:
    """Devices and services of an inventory."""
    return Park(
        [typed(entry, Device) for entry in entries(body, "devices")],
        [typed(entry, Service) for entry in entries(body, "services")],
    )


def part_of(body: Mapping[str, Any], key: str, kind: type[T]) -> T | None:
    """``targets``, ``calendar`` or ``contact`` of an inventory as the type it was made from; ``None`` if it is not
    there."""
    return None if body.get(key) is None else typed(body[key], kind)


@dataclass(frozen=True, slots=True)
class Summary:
    """The site in one glance, every five minutes: this is the heartbeat. ``counts`` is subjects by verdict, ``states``
    only the subjects that are not ok, ``signal`` what the panel shows, ``health`` the box's own figures (numbers and
    words), ``waiting`` outbox rows by lane, ``dropped`` messages that were ever given up for want of a link, by what
    they were."""

    at: float
    counts: Mapping[str, int] = field(default_factory=dict)
    states: Mapping[str, Verdict] = field(default_factory=dict)
    signal: str = ""
    health: Mapping[str, float | str] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)


def summary_body(summary: Summary) -> dict[str, Any]:
    """Body of ``summary``."""
    return plain(summary)


def summary_of(body: Mapping[str, Any]) -> Summary:
    """The reverse of ``summary_body``."""
    return typed(dict(body), Summary)
