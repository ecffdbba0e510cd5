"""What was added and changed on the page, laid over an inventory that people keep by hand. Pure.

The file of people wins: a change holds only as long as their file says what it said when the change was made, and an
added device only until they write one with its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from gateway.core.device import Device
from gateway.core.document import Source, Table
from gateway.store.inventory_form import device_values, read_device

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Laid:
    """The devices of both files, and what people must be told."""

    devices: tuple[Device, ...]
    warnings: tuple[str, ...] = ()


def lay_over(devices: Sequence[Device], added: Iterable[Row], changes: Iterable[Row], file: str) -> Laid:
    """The devices of the file kept by hand with what lies beside it in ``file``. Raises ``InputError`` for rows that
    are no devices; a relation to a device that is gone is given up and told, so that the box goes on watching."""
    source, warnings = Source(file), list[str]()
    after = {str(row["id"]): row for row in changes}
    found = [_changed(device, after.get(device.id), warnings, file) for device in devices]
    known = {device.id for device in found}
    for number, row in enumerate(added):
        device = read_device(Table(row, ("device", number), source))
        if device.id in known:
            warnings.append(f"{file}: {device.id} is in the inventory kept by hand, which wins")
        else:
            found.append(device)
            known.add(device.id)
    source.finish()
    return Laid(tuple(_related(device, known, warnings, file) for device in found), tuple(warnings))


def _changed(device: Device, row: Row | None, warnings: list[str], file: str) -> Device:
    if row is None:
        return device
    now = plain(device_values(device))
    stale = [key for key, value in row["before"].items() if now.get(key) != value]
    if stale:
        told = ", ".join(sorted(stale))
        warnings.append(
            f"{file}: {told} of {device.id} was written by hand after it was changed on the page: that holds"
        )
    return changed_device(device, {key: value for key, value in row["after"].items() if key not in stale})


def _related(device: Device, known: set[str], warnings: list[str], file: str) -> Device:
    for key, target in (("parent", device.parent), ("power", device.power)):
        if target is not None and target not in known:
            warnings.append(f"{file}: {key} {target} of {device.id} is in the inventory no more")
    parent, power = (one if one in known else None for one in (device.parent, device.power))
    return replace(device, parent=parent, power=power)


def changed_device(device: Device, values: Row) -> Device:
    """The device with some values written down anew, also some of a table; ``None`` takes one away. Raises
    ``InputError``."""
    source = Source(device.id)
    changed = read_device(Table(_merged(device_values(device), values), ("device",), source))
    source.finish()
    return changed


def _merged(before: Row, after: Row) -> dict[str, Any]:
    found = dict(before)
    for key, value in after.items():
        found[key] = _merged(before.get(key, {}), value) if isinstance(value, Mapping) else value
    return {key: value for key, value in found.items() if value is not None}


def with_change(changes: Iterable[Row], device: Device, values: Row) -> list[dict[str, Any]]:
    """The rows of changes with one more. ``device`` is the one of the file kept by hand."""
    rows = {str(row["id"]): row for row in changes}
    row = rows.get(device.id, {"before": {}, "after": {}})
    now = plain(device_values(device))
    rows[device.id] = {
        "id": device.id,
        "before": {**row["before"], **{key: now.get(key) for key in values}},
        "after": _laid(row["after"], values),
    }
    return [dict(one) for one in rows.values()]


def _laid(before: Row, after: Row) -> dict[str, Any]:
    """Both changes as one; what is taken away stays taken away."""
    laid = dict(before)
    for key, value in after.items():
        known = before.get(key)
        laid[key] = _laid(known, value) if isinstance(value, Mapping) and isinstance(known, Mapping) else value
    return laid


def plain(values: Row) -> dict[str, Any]:
    """Values as a file of JSON keeps them: dates as texts."""
    return {
        key: value.isoformat() if isinstance(value, date) else plain(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
    }
