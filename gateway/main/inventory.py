"""`vigie export` and `vigie import`: the inventory of a depot, written out and taken in."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import click

from gateway.clock import SystemClock
from gateway.core.device import Device, Park, Service
from gateway.core.errors import Fault, InputError, VigieError
from gateway.core.inventory import OF_DEVICES, Card, cards, filled
from gateway.settings import Settings, load
from gateway.store.archive import write_archive
from gateway.store.db import open_database
from gateway.store.inventory import (
    Inventory,
    InventoryStore,
    decode_csv,
    parse_csv,
    parse_toml,
    write_csv,
    write_toml,
)
from gateway.store.ledger import SqliteLedger

_CONFIG = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    default=Path("/etc/vigie/site.toml"),
    show_default=True,
    help="The depot's site.toml.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


def unknown_credentials(settings: Settings, devices: Iterable[Device], file: Path) -> list[Fault]:
    """Devices that name a credential which `site.toml` does not have."""
    known = ", ".join(settings.credentials) or "none"
    return [
        Fault(str(file), 0, f'{device.id}: credential "{name}" is not in site.toml', f"known: {known}")
        for device in devices
        for name in (device.credential, *device.access.values())
        if name and name not in settings.credentials
    ]


@click.command()
@_CONFIG
@click.option("--all", "whole", is_flag=True, help="The whole state (.tar.gz): record, readings, accounts, inventory.")
@click.argument("file", type=click.Path(path_type=Path))
def export(config: Path, file: Path, *, whole: bool) -> None:
    """Write the inventory to FILE: .toml, or .csv as a spreadsheet opens it ("-" prints TOML)."""
    settings = load(config)
    store = InventoryStore(settings.inventory)
    inventory = as_told(settings, store.read())
    for warning in store.warnings:
        click.echo(f"warning: {warning}", err=True)
    if whole:
        texts = {"site.toml": config.read_text(encoding="utf-8"), "inventory.toml": write_toml(*inventory)}
        names = write_archive(file, settings.data, texts, now=SystemClock().wall())
        click.echo(f"{file}: {', '.join(names)} (secrets are not in it)", err=True)
        return
    if str(file) == "-":
        click.echo(write_toml(*inventory), nl=False)
        return
    text = _writer(file)(*inventory)
    try:
        file.write_bytes(text.encode())
    except OSError as error:
        raise VigieError(f"{file}: {error.strerror}", remedy="name a file that can be written") from None
    click.echo(f"{file}: {len(inventory[0])} device(s), {len(inventory[1])} service(s)", err=True)


def as_told(settings: Settings, inventory: Inventory) -> Inventory:
    """The inventory with what its devices say of themselves, beside what people wrote down."""
    known = _cards(settings, Park(*inventory))
    return tuple(replace(device, said=dict(known[device.id].said)) for device in inventory[0]), inventory[1]


def known_devices(settings: Settings, park: Park) -> list[Device]:
    """The devices of a park with what they say of themselves where nobody wrote anything down."""
    known = _cards(settings, park)
    return [filled(device, known[device.id]) for device in park.devices.values()]


def _cards(settings: Settings, park: Park) -> dict[str, Card]:
    path = settings.data / "vigie.db"
    if not path.exists():
        return cards(park, ())
    database = open_database(path, read_only=True)
    try:
        return cards(park, SqliteLedger(database).entries(*OF_DEVICES))
    finally:
        database.close()


@click.command("import")
@_CONFIG
@_JSON
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.argument("file", type=click.Path(path_type=Path))
def import_(config: Path, file: Path, *, as_json: bool, dry_run: bool) -> None:
    """Make FILE (.toml or .csv) the depot's inventory. It is validated whole before anything is changed."""
    settings = load(config)
    new = _read(file)
    faults = unknown_credentials(settings, new[0], file)
    if faults:
        raise InputError(faults)
    store = InventoryStore(settings.inventory)
    difference = _difference(_current(store), new)
    if not dry_run:
        store.replace(*new)
    if as_json:
        click.echo(json.dumps({"file": str(file), "dry_run": dry_run, **difference}))
        return
    for what, ids in difference.items():
        click.echo(f"{what}: {', '.join(ids) or 'none'}")
    if not dry_run and any(difference.values()):
        click.echo("a running agent takes it over within seconds", err=True)


def _current(store: InventoryStore) -> Inventory:
    """What is replaced. A damaged inventory counts as empty: importing is how it is repaired."""
    try:
        return store.read()
    except VigieError as error:
        if error.retry or store.read_only:
            raise
        click.echo(f"warning: {error.what}; it is replaced", err=True)
        return (), ()


def _difference(old: Inventory, new: Inventory) -> dict[str, list[str]]:
    before: dict[str, Device | Service] = {item.id: item for items in old for item in items}
    after: dict[str, Device | Service] = {item.id: item for items in new for item in items}
    return {
        "added": [key for key in after if key not in before],
        "changed": [key for key in after if key in before and before[key] != after[key]],
        "removed": [key for key in before if key not in after],
    }


def _read(file: Path) -> Inventory:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise InputError([Fault(str(file), 0, f"cannot be read: {error.strerror}", "name a readable file")]) from None
    if file.suffix == ".csv":
        return parse_csv(decode_csv(data, str(file)), str(file))
    if str(file) != "-":
        _writer(file)
    try:
        return parse_toml(data.decode("utf-8"), str(file))
    except UnicodeDecodeError:
        raise InputError([Fault(str(file), 0, "not UTF-8 text", "save the file as UTF-8")]) from None


def _writer(file: Path) -> Callable[[Iterable[Device], Iterable[Service]], str]:
    """How an inventory is written into a file of this name."""
    known = {".toml": write_toml, ".csv": write_csv}
    if file.suffix not in known:
        raise InputError([Fault(str(file), 0, f'"{file.suffix}" is no form of an inventory', "use .toml or .csv")])
    return known[file.suffix]
