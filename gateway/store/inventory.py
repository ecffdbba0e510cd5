"""The inventory on disk: a tinydb file written in one step, checksummed, with the generation before it kept."""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from tinydb import TinyDB
from tinydb.storages import Storage

from gateway.core.device import Device, Park, Service
from gateway.core.document import Source, Table
from gateway.core.errors import DamagedError, InputError, UnavailableError, VigieError
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
_DEVICES, _SERVICES = "device", "service"


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
    """The inventory at ``Settings.inventory``: a `.json` file kept by Vigie, or a `.toml` file kept by people."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read_only = path.suffix == ".toml"
        self.warnings: tuple[str, ...] = ()
        """What people must be told about the file, after it was read."""

    def read(self) -> Inventory:
        """Devices and services. Raises ``InputError`` or ``DamagedError``; no file yet is an empty inventory."""
        if self.read_only:
            return _read_toml_file(self.path)
        storage = AtomicJSONStorage(self.path)
        with TinyDB(storage=lambda: storage) as database:
            tables = [database.table(name).all() for name in (_DEVICES, _SERVICES)]
        self.warnings = (storage.warning,) if storage.warning else ()
        source = Source(str(self.path))
        devices = tuple(read_device(Table(row, (_DEVICES, i), source)) for i, row in enumerate(tables[0]))
        services = tuple(read_service(Table(row, (_SERVICES, i), source)) for i, row in enumerate(tables[1]))
        source.finish()
        return devices, services

    def park(self) -> Park:
        """The inventory with its relations, the gateway itself included."""
        return Park(*self.read())

    def replace(self, devices: Iterable[Device], services: Iterable[Service]) -> None:
        """Writes a whole new inventory in one step. Raises ``VigieError`` where it is a file kept by people."""
        if self.read_only:
            raise VigieError(f"{self.path} is kept by hand", remedy="edit it, or name a .json file in [inventory] path")
        documents = {
            _DEVICES: [device_values(device) for device in devices],
            _SERVICES: [service_values(service) for service in services],
        }
        tables = {
            name: {str(number): _plain(values) for number, values in enumerate(rows, 1)}
            for name, rows in documents.items()
        }
        with TinyDB(storage=lambda: AtomicJSONStorage(self.path)) as database:
            # one write for both tables: tinydb's own calls would write each row as a generation of its own
            database.storage.write(tables)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dates as texts, as JSON needs them."""
    return {
        key: value.isoformat() if isinstance(value, date) else _plain(value) if isinstance(value, Mapping) else value
        for key, value in values.items()
    }


def _read_toml_file(path: Path) -> Inventory:
    try:
        return parse_toml(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}", remedy="make it readable for Vigie's user") from error
    except UnicodeDecodeError:
        source = Source(str(path))
        source.fault((), "not UTF-8 text", "save the file as UTF-8")
        raise InputError(source.faults) from None
