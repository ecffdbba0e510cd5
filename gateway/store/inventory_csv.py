"""The inventory as a spreadsheet: one row per device or service, as French or English Excel writes it.

Semicolons or commas, with or without a byte order mark, UTF-8 or Windows-1252, "31/12/2026" or "2026-12-31", "1 250,50"
or "1250.5". A column of a table is written with a dot: ``support.provider``, ``ports.snmp``. A list is separated by
blanks.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from gateway.core.device import Device, Service
from gateway.core.document import Source, Table
from gateway.core.errors import Fault, InputError
from gateway.core.inventory import TOLD
from gateway.core.toml_lines import KeyPath
from gateway.store.inventory_form import (
    PORTS,
    Located,
    check_relations,
    device_values,
    read_device,
    read_service,
    service_values,
)
from gateway.store.inventory_toml import Inventory

_LISTS = ("collect", "depends_on", "limits", "access", "backups", "json")
_WHOLE = ("check.port", *(f"ports.{name}" for name in PORTS))
_NUMBERS = ("cost.purchase", "cost.monthly")
_DAYS = ("purchased_on", "support.ends_on", "warranty.ends_on")
_SWITCHES = ("always_on", "redundant", "check.verify")
_YES = ("true", "vrai", "oui", "yes", "1")
_NO = ("false", "faux", "non", "no", "0")
_FRENCH_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_BOM = "\ufeff"
COLUMNS = (
    "type", "id", "name", "kind", "address", "criticality", "parent", "power", "depends_on", "collect", "credential",
    "every", "zone", "perimeter", "location", "vendor", "model", "serial", "firmware", "purchased_on",
    "support.model", "support.provider", "support.contract", "support.phone", "support.ends_on", "warranty.ends_on",
    "cost.purchase", "cost.monthly", "nut_name", *(f"ports.{name}" for name in PORTS),
    "check.type", "check.url", "check.target", "check.port", "check.expect", "check.timeout", "check.verify",
    "always_on", "business", "redundant", "limits", "access", "backups", "json", "https",
    *(f"said.{name}" for name in TOLD),
)  # fmt: skip


def decode_csv(data: bytes, file: str) -> str:
    """The text of a CSV file: UTF-8, or what older Excel writes (Windows-1252)."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError([Fault(file, 0, "neither UTF-8 nor Windows-1252 text", "save the file as UTF-8 CSV")])


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def parse_csv(text: str, file: str) -> Inventory:
    """The devices and services of a spreadsheet. Raises ``InputError`` with all faults and their lines."""
    text = text.removeprefix(_BOM)
    header = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(";,\t", key=header.count))
    source = Source(file)
    columns = [name.strip().lower() for name in next(reader, [])]
    _check_header(columns, source)
    found: list[Located] = []
    for cells in reader:
        if any(cell.strip() for cell in cells):
            path = ("row", reader.line_num - 1)  # told to people counted from 1
            source.lines[path] = reader.line_num
            found += _read_row(dict(zip(columns, cells, strict=False)), path, source)
    check_relations(found, source)
    source.finish()
    items = [item for _, item in found]
    devices = tuple(item for item in items if isinstance(item, Device))
    return devices, tuple(item for item in items if isinstance(item, Service))


def _check_header(columns: list[str], source: Source) -> None:
    source.lines[()] = 1
    if "id" not in columns:
        raise InputError(
            [Fault(source.file, 1, 'no column "id"', f"the first row names columns: {', '.join(COLUMNS)}")]
        )
    for name in columns:
        if name and name not in COLUMNS:
            source.fault((), f'unknown column "{name}"', "remove or rename it; `vigie export` shows the names")
        elif name and columns.count(name) > 1:
            source.fault((), f'column "{name}" stands twice', "remove one")


def _read_row(row: Mapping[str, str], path: KeyPath, source: Source) -> list[Located]:
    cells = {name: text for name, value in row.items() if name in COLUMNS and (text := _unguarded(value.strip()))}
    kind = cells.pop("type", "device").lower()
    values: dict[str, Any] = {}
    for name, text in cells.items():
        place, _, member = name.rpartition(".")
        target = values.setdefault(place, {}) if place else values
        target[member] = _cell(name, text)
    table = Table(values, path, source)
    match kind:
        case "device":
            return [(table, read_device(table))]
        case "service":
            return [(table, read_service(table))]
    source.fault(path, f'type "{kind}" is unknown', "device or service")
    return []


def _cell(name: str, text: str) -> Any:
    """A cell as the value that the form expects; what does not fit stays a text and becomes a fault there."""
    if name in _LISTS:
        return text.split()
    if name in _WHOLE:
        return int(text) if text.isdecimal() else text
    if name in _NUMBERS:
        return _number(text)
    if name in _DAYS and (match := _FRENCH_DAY.fullmatch(text)):
        return f"{match[3]}-{int(match[2]):02}-{int(match[1]):02}"
    if name in _SWITCHES:
        return True if text.lower() in _YES else False if text.lower() in _NO else text
    return text


def _number(text: str) -> float | str:
    try:
        return float(re.sub(r"[\s\u00a0\u202f]", "", text).replace(",", "."))
    except ValueError:
        return text


def write_csv(devices: Iterable[Device], services: Iterable[Service]) -> str:
    """The spreadsheet of an inventory, as French Excel opens it: byte order mark, semicolons, decimal comma."""
    rows = [_row("device", device_values(device)) for device in devices]
    rows += [_row("service", service_values(service)) for service in services]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, delimiter=";", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return _BOM + text.getvalue()


def _row(kind: str, values: Mapping[str, Any]) -> dict[str, str]:
    row = {"type": kind}
    for key, value in values.items():
        if isinstance(value, Mapping):
            row.update({f"{key}.{member}": _text(item) for member, item in value.items()})
        else:
            row[key] = _text(value)
    return row


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, float):
        return repr(value).removesuffix(".0").replace(".", ",")
    return value.isoformat() if isinstance(value, date) else _guarded(str(value))


def _guarded(text: str) -> str:
    """What a spreadsheet would run as a formula gets an apostrophe in front: a device may call itself anything."""
    return f"'{text}" if text.lstrip("'").startswith(_FORMULA) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_FORMULA) else text
