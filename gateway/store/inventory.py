"""The inventory on disk: a tinydb file written in one step, checksummed, with the generation before it kept."""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.storages import Storage

from gateway.core.device import Device, Park, Service
from gateway.core.document import Source, Table
from gateway.core.errors import DamagedError, InputError, UnavailableError, VigieError
from gateway.store.inventory_additions import changed_device, lay_over, plain, with_change
from gateway.store.inventory_csv import decode_csv, parse_csv, write_csv
from gateway.store.inventory_form import device_values, read_device, read_service, service_values
from gateway.store.inventory_toml import Inventory, parse_toml, write_toml

__all__ = [
    "AtomicJSONStorage",
    "Inventory",
    "InventoryStore",
    "decode_csv",
    "parse_csv",
    "parse_toml",
    "write_csv",
    "write_toml",
]

_MAGIC = b"VIGIE1 "
_DEVICES, _SERVICES, _CHANGES = "device", "service", "change"


class AtomicJSONStorage(Storage):
    """tinydb's own storage rewrites the file in place: a power cut in between loses all of it. This one writes a new
    file beside it, makes it durable and renames it; the file before stays as ``NAME.1``. The first line is a CRC-32.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.previous = path.with_name(f"{path.name}.1")
        self.warning = ""
        """What people must be told about the file that was read; empty if all is well."""

    def read(self) -> dict[str, dict[str, Any]] | None:
        """The newest intact generation; ``None`` if there is no file. Raises ``DamagedError`` if none is intact."""
        self.warning = ""
        try:
            return _load(self.path)
        except DamagedError as error:
            if not self.previous.exists():
                raise
            tables = _load(self.previous)
            self.warning = f"{error.what}: the generation before it is used (changes made since are lost)"
            return tables

    def write(self, data: Mapping[str, Mapping[str, Any]]) -> None:
        """Replaces the file. Raises ``UnavailableError`` if it cannot be written; then the old one is untouched."""
        body = json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
        content = _MAGIC + b"%08x\n" % zlib.crc32(body) + body
        pending = self.path.with_name(f"{self.path.name}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked():
                _write_durably(pending, content)
                self._keep_previous()
                pending.replace(self.path)
                _sync_directory(self.path.parent)
        except OSError as error:
            pending.unlink(missing_ok=True)
            raise UnavailableError(
                f"{self.path}: {error.strerror}", remedy="free space, or give its directory to Vigie's user"
            ) from error

    def _keep_previous(self) -> None:
        """The file to be replaced becomes the generation before, unless it is damaged: then the good one stays."""
        try:
            if _load(self.path) is None:
                return
        except DamagedError:
            return
        spare = self.path.with_name(f"{self.path.name}.1.tmp")
        spare.unlink(missing_ok=True)
        spare.hardlink_to(self.path)
        spare.replace(self.previous)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, over all processes."""
        with self.path.with_name(f"{self.path.name}.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UnavailableError(
                    f"{self.path}: being written by another process", remedy="try again in a moment"
                ) from None
            yield


def _load(path: Path) -> dict[str, dict[str, Any]] | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}", remedy="make it readable for Vigie's user") from error
    head, _, body = content.partition(b"\n")
    if head != _MAGIC + b"%08x" % zlib.crc32(body):
        raise DamagedError(f"{path} is damaged", remedy="`vigie import` an export of the inventory")
    tables: dict[str, dict[str, Any]] = json.loads(body)
    return tables


def _write_durably(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class InventoryStore:
    """The inventory at ``Settings.inventory``: a `.json` file kept by Vigie, or a `.toml` file kept by people.

    Vigie never writes into a file kept by people: devices that are added on the page, and changes made there, lie in a
    file of its own beside it (``additions``) and are laid over it when it is read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read_only = path.suffix == ".toml"
        self.additions: Path | None = path.with_suffix(".added.json") if self.read_only else None
        self.warnings: tuple[str, ...] = ()
        """What people must be told about the files, after they were read."""

    @property
    def files(self) -> tuple[Path, ...]:
        """What the inventory is read from, there or not."""
        return (self.path, self.additions) if self.additions else (self.path,)

    def read(self) -> Inventory:
        """Devices and services. Raises ``InputError`` or ``DamagedError``; no file yet is an empty inventory."""
        if self.additions:
            tables, self.warnings = _tables(self.additions)
            devices, services = _read_toml_file(self.path)
            laid = lay_over(devices, tables[_DEVICES], tables[_CHANGES], str(self.additions))
            self.warnings += laid.warnings
            return laid.devices, services
        tables, self.warnings = _tables(self.path)
        source = Source(str(self.path))
        found = tuple(read_device(Table(row, (_DEVICES, i), source)) for i, row in enumerate(tables[_DEVICES]))
        services = tuple(read_service(Table(row, (_SERVICES, i), source)) for i, row in enumerate(tables[_SERVICES]))
        source.finish()
        return found, services

    def park(self) -> Park:
        """The inventory with its relations, the gateway itself included."""
        return Park(*self.read())

    def replace(self, devices: Iterable[Device], services: Iterable[Service]) -> None:
        """Writes a whole new inventory in one step. Raises ``VigieError`` where it is a file kept by people."""
        if self.read_only:
            raise VigieError(f"{self.path} is kept by hand", remedy="edit it, or name a .json file in [inventory] path")
        rows = {
            _DEVICES: [device_values(device) for device in devices],
            _SERVICES: [service_values(service) for service in services],
        }
        _write_tables(self.path, rows)

    def add(self, values: Mapping[str, Any]) -> None:
        """Takes one more device in. Raises ``VigieError`` if its id is taken, a value does not fit, or nothing can be
        written."""
        device = changed_device(Device("", ""), values)
        devices, services = self.read()
        if device.id in {*(one.id for one in devices), *(one.id for one in services)}:
            raise VigieError(f"{device.id} is in the inventory already", remedy="look at the list of devices")
        if not self.additions:
            self.replace((*devices, device), services)
            return
        tables, _ = _tables(self.additions)
        tables[_DEVICES].append(device_values(device))
        _write_tables(self.additions, tables)

    def change(self, name: str, values: Mapping[str, Any]) -> None:
        """Writes some values of a device down anew, in the form of `inventory.toml`; ``None`` takes one away. Raises
        ``VigieError`` if there is no such device, a value does not fit, or nothing can be written."""
        devices, services = self.read()
        before = next((one for one in devices if one.id == name), None)
        if before is None:
            raise VigieError(f"no device {name!r} in the inventory", remedy="look at the list of devices")
        changed = changed_device(before, values)
        if not self.additions:
            self.replace((changed if one is before else one for one in devices), services)
            return
        tables, _ = _tables(self.additions)
        added = [str(row["id"]) for row in tables[_DEVICES]]
        if name in added:
            tables[_DEVICES][added.index(name)] = device_values(changed)
        else:
            kept = {one.id: one for one in _read_toml_file(self.path)[0]}
            tables[_CHANGES] = with_change(tables[_CHANGES], kept[name], values)
        _write_tables(self.additions, tables)


def _tables(path: Path) -> tuple[dict[str, list[dict[str, Any]]], tuple[str, ...]]:
    """The rows of each table of a file of Vigie's, and what people must be told about it."""
    storage = AtomicJSONStorage(path)
    with TinyDB(storage=lambda: storage) as database:
        tables = {name: [dict(row) for row in database.table(name).all()] for name in (_DEVICES, _SERVICES, _CHANGES)}
    return tables, (storage.warning,) if storage.warning else ()


def _write_tables(path: Path, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    """One write for all tables: tinydb's own calls would write each row as a generation of its own."""
    tables = {name: {str(number): plain(one) for number, one in enumerate(found, 1)} for name, found in rows.items()}
    with TinyDB(storage=lambda: AtomicJSONStorage(path)) as database:
        database.storage.write(tables)


def _read_toml_file(path: Path) -> Inventory:
    try:
        return parse_toml(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}", remedy="make it readable for Vigie's user") from error
    except UnicodeDecodeError:
        source = Source(str(path))
        source.fault((), "not UTF-8 text", "save the file as UTF-8")
        raise InputError(source.faults) from None
