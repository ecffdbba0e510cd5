"""`inventory.toml`: read with every fault at once, written so that it reads back as the same inventory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from gateway.core.device import Device, Service
from gateway.core.document import read_toml
from gateway.store.inventory_form import (
    Located,
    check_relations,
    device_values,
    read_device,
    read_service,
    service_values,
)

Inventory = tuple[tuple[Device, ...], tuple[Service, ...]]


def parse_toml(text: str, file: str) -> Inventory:
    """The devices and services of a text. Raises ``InputError`` with all faults; ``file`` is how they name it."""
    root = read_toml(text, file)
    devices = [(table, read_device(table)) for table in root.tables("device")]
    services = [(table, read_service(table)) for table in root.tables("service")]
    root.done()
    located: list[Located] = [*devices, *services]
    check_relations(located, root.source)
    root.source.finish()
    return tuple(device for _, device in devices), tuple(service for _, service in services)


def write_toml(devices: Iterable[Device], services: Iterable[Service]) -> str:
    """The text of an `inventory.toml`."""
    parts = [_table("device", device_values(device)) for device in devices]
    parts += [_table("service", service_values(service)) for service in services]
    return "\n".join(parts)


def _table(name: str, values: Mapping[str, Any]) -> str:
    return "".join([f"[[{name}]]\n", *(f"{key} = {_value(value)}\n" for key, value in values.items())])


def _value(value: object) -> str:
    if isinstance(value, str):
        # JSON's escapes are TOML's; DEL alone must be escaped in TOML and is not in JSON
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_value(item)}' for key, item in value.items())} }}"
    return repr(value)
