"""Looks through every file of a depot for damage: slow and thorough, for `vigie doctor`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from gateway.core.errors import VigieError
from gateway.core.health import StoredFile
from gateway.store.archive import SCHEMAS
from gateway.store.db import Database, open_database, row_crc
from gateway.store.inventory import InventoryStore
from gateway.store.rebuild import NUMBERED_LATER


def survey(data: Path, inventory: Path) -> list[StoredFile]:
    """Every file that is there, with what is wrong with it; reads all rows and compares their checksums."""
    found = [
        StoredFile(name, (data / name).stat().st_size, tuple(_faults(data / name, schema)))
        for name, schema in SCHEMAS.items()
        if (data / name).exists()
    ]
    if inventory.exists():
        found.append(StoredFile(inventory.name, inventory.stat().st_size, tuple(_inventory_faults(inventory))))
    return found


def _faults(path: Path, schema: str) -> Iterator[str]:
    try:
        database = open_database(path, schema=schema, read_only=True)
        yield from database.check()
        for table, count in damaged_rows(database).items():
            yield f"{count} damaged row(s) in {table}"
        database.close()
    except VigieError as error:
        yield error.what


def damaged_rows(database: Database) -> Counter[str]:
    """Rows that do not match their checksum, by table; tables without checksums are passed over."""
    found: Counter[str] = Counter()
    for (table,) in database.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"):
        columns = [row[1] for row in database.rows(f"PRAGMA table_info({table})")]
        if columns[-1] == "crc":
            start = 1 if table in NUMBERED_LATER else 0
            for row in database.each(f"SELECT * FROM {table}"):  # noqa: S608 - names of our own schema
                found[table] += row_crc(*row[start:-1]) != row[-1]
    return +found


def _inventory_faults(path: Path) -> Iterator[str]:
    store = InventoryStore(path)
    try:
        store.read()
    except VigieError as error:
        yield str(error).splitlines()[0]
    yield from store.warnings
