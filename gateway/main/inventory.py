"""`vigie check`, `vigie export`, `vigie import`: the files of a depot, validated, written out, taken in."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

from gateway.clock import SystemClock
from gateway.core.device import Device, Service
from gateway.core.errors import Fault, InputError, VigieError
from gateway.settings import Secret, Settings, load
from gateway.store.archive import write_archive
from gateway.store.inventory import (
    Inventory,
    InventoryStore,
    decode_csv,
    parse_csv,
    parse_toml,
    write_csv,
    write_toml,
)

_CONFIG = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    default=Path("/etc/vigie/site.toml"),
    show_default=True,
    help="The depot's site.toml.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@click.command()
@_CONFIG
@_JSON
def check(config: Path, *, as_json: bool) -> int:
    """Validate site.toml and every file it names; no network is touched."""
    faults: list[Fault] = []
    notes: list[str] = []
    try:
        settings = load(config)
    except InputError as error:
        faults += error.faults
    else:
        faults += _check_files(settings, config, notes)
        faults += _check_inventory(settings, config, notes)
    _tell_check(config, faults, notes, as_json=as_json)
    return 2 if faults else 0


def _tell_check(config: Path, faults: list[Fault], notes: list[str], *, as_json: bool) -> None:
    if as_json:
        rows = [{"file": f.file, "line": f.line, "what": f.what, "remedy": f.remedy} for f in faults]
        click.echo(json.dumps({"config": str(config), "ok": not faults, "faults": rows, "notes": notes}))
        return
    for fault in faults:
        click.echo(str(fault), err=True)
    for note in notes:
        click.echo(note)
    click.echo(f"{config}: {len(faults)} fault(s)" if faults else f"{config}: in order")


def _check_files(settings: Settings, config: Path, notes: list[str]) -> Iterator[Fault]:
    """Faults of everything but the inventory that `site.toml` names."""
    for name, path in _named_files(settings):
        if not path.is_file():
            yield Fault(str(config), 0, f"{name}: {path} is not there", "correct the path, or put the file there")
        elif not os.access(path, os.R_OK):
            yield Fault(str(config), 0, f"{name}: {path} cannot be read", "make it readable for Vigie's user")
    for name, secret in _named_secrets(settings):
        if secret.variable and not os.environ.get(secret.variable):
            notes.append(f"note: {name}: environment variable {secret.variable} is not set here")


def _named_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    uplink = settings.uplink
    for name, path in (
        ("uplink.ca", uplink and uplink.ca),
        ("uplink.cert", uplink and uplink.cert),
        ("uplink.key", uplink and uplink.key),
        ("detect.model", settings.detect.model),
        *((name, secret.file) for name, secret in _named_secrets(settings)),
    ):
        if path:
            yield name, path


def _named_secrets(settings: Settings) -> Iterator[tuple[str, Secret]]:
    for name, credential in settings.credentials.items():
        for key in ("community", "auth", "priv", "password"):
            secret = getattr(credential, key)
            if secret:
                yield f"credentials.{name}.{key}", secret


def _check_inventory(settings: Settings, config: Path, notes: list[str]) -> Iterable[Fault]:
    store = InventoryStore(settings.inventory)
    if not settings.inventory.exists():
        if store.read_only:
            return [Fault(str(config), 0, f"inventory {settings.inventory} is not there", "correct [inventory] path")]
        notes.append(f"note: no inventory yet at {settings.inventory}: `vigie import` one")
        return []
    try:
        devices, services = store.read()
    except InputError as error:
        return error.faults
    except VigieError as error:
        return [Fault(str(settings.inventory), 0, error.what, error.remedy)]
    notes += [f"warning: {warning}" for warning in store.warnings]
    notes.append(f"{settings.inventory}: {len(devices)} device(s), {len(services)} service(s)")
    return unknown_credentials(settings, devices, settings.inventory)


def unknown_credentials(settings: Settings, devices: Iterable[Device], file: Path) -> list[Fault]:
    """Devices that name a credential which `site.toml` does not have."""
    known = ", ".join(settings.credentials) or "none"
    return [
        Fault(str(file), 0, f'{device.id}: credential "{device.credential}" is not in site.toml', f"known: {known}")
        for device in devices
        if device.credential and device.credential not in settings.credentials
    ]


@click.command()
@_CONFIG
@click.option("--all", "whole", is_flag=True, help="The whole state (.tar.gz): record, readings, accounts, inventory.")
@click.argument("file", type=click.Path(path_type=Path))
def export(config: Path, file: Path, *, whole: bool) -> None:
    """Write the inventory to FILE: .toml, or .csv as a spreadsheet opens it ("-" prints TOML)."""
    settings = load(config)
    store = InventoryStore(settings.inventory)
    inventory = store.read()
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
        click.echo("a running agent takes it over when it is started again", err=True)


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
