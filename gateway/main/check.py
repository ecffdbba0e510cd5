"""`vigie check`: a file of settings and every file it names, validated; no network is touched."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import click

from gateway.core.device import Park
from gateway.core.document import read_toml
from gateway.core.errors import Fault, InputError, VigieError
from gateway.core.log_patterns import parse_patterns
from gateway.main.access import access_faults
from gateway.main.inventory import unknown_credentials
from gateway.main.shutdown import shutdown_faults
from gateway.runbooks import load_runbooks
from gateway.settings import Secret, Settings, parse
from gateway.settings.common import read_text
from gateway.store.inventory import InventoryStore, parse_toml

_NOT_FILES = ("data", "runtime", "inventory", "runbooks")


@click.command()
@click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path),
    default=Path("/etc/vigie/site.toml"),
    show_default=True,
    help="A site.toml, a desk.toml or an inventory.toml.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def check(config: Path, *, as_json: bool) -> int:
    """Validate a site.toml or desk.toml and every file it names; no network is touched."""
    notes: list[str] = []
    try:
        faults = list(_faults(config, notes))
    except InputError as error:
        faults = list(error.faults)
    if as_json:
        rows = [{"file": f.file, "line": f.line, "what": f.what, "remedy": f.remedy} for f in faults]
        click.echo(json.dumps({"config": str(config), "ok": not faults, "faults": rows, "notes": notes}))
        return 2 if faults else 0
    for fault in faults:
        click.echo(str(fault), err=True)
    for note in notes:
        click.echo(note)
    click.echo(f"{config}: {len(faults)} fault(s)" if faults else f"{config}: in order")
    return 2 if faults else 0


def _faults(config: Path, notes: list[str]) -> Iterator[Fault]:
    """Every fault of a file and of those it names; what it is, is told by its tables."""
    text = read_text(config)
    root = read_toml(text, str(config))
    if "desk" in root:
        from web.desk.settings import parse as parse_desk

        desk = parse_desk(text, config)
        yield from _check_named(desk, config, notes)
        yield from _check_register(desk.register)
    elif root.values and set(root.values) <= {"device", "service"}:
        devices, services = parse_toml(text, str(config))
        notes.append(f"{config}: {len(devices)} device(s), {len(services)} service(s)")
    else:
        settings = parse(text, config)
        yield from _check_named(settings, config, notes)
        yield from _check_inventory(settings, config, notes)
        yield from _check_patterns(settings)
        yield from _check_runbooks(settings)


def _check_named(settings: object, config: Path, notes: list[str]) -> Iterator[Fault]:
    """Faults of the files and variables that settings name: certificates, secrets, a model."""
    for name, reference in _references(settings, ""):
        path = reference.file if isinstance(reference, Secret) else reference
        if path is None:
            variable = reference.variable if isinstance(reference, Secret) else None
            if variable and not os.environ.get(variable):
                notes.append(f"note: {name}: environment variable {variable} is not set here")
        elif not path.is_file():
            yield Fault(str(config), 0, f"{name}: {path} is not there", "correct the path, or put the file there")
        elif not os.access(path, os.R_OK):
            yield Fault(str(config), 0, f"{name}: {path} cannot be read", "make it readable for Vigie's user")


def _references(value: object, name: str) -> Iterator[tuple[str, Secret | Path]]:
    """Every secret and every path in settings, with its dotted name."""
    if isinstance(value, Secret | Path):
        yield name, value
        return
    members: Iterable[tuple[object, object]] = ()
    if isinstance(value, Mapping):
        members = value.items()
    elif is_dataclass(value):
        members = [(field.name, getattr(value, field.name)) for field in fields(value)]
    for key, member in members:
        if name or key not in _NOT_FILES:
            yield from _references(member, f"{name}.{key}" if name else str(key))


def _check_register(path: Path | None) -> Iterable[Fault]:
    from web.desk.register import parse as parse_register

    if path is not None and path.is_file():
        try:
            parse_register(read_text(path), str(path))
        except InputError as error:
            return error.faults
    return []


def _check_runbooks(settings: Settings) -> Iterable[Fault]:
    try:
        load_runbooks(settings.runbooks)
    except InputError as error:
        return error.faults
    except VigieError as error:
        return [Fault(str(settings.runbooks), 0, error.what, error.remedy)]
    return []


def _check_patterns(settings: Settings) -> Iterable[Fault]:
    """Faults of the site's own patterns of syslog; that the file is there was looked at with the others."""
    own = settings.syslog.patterns if settings.syslog else None
    if own is None or not own.is_file():
        return ()
    try:
        parse_patterns(read_text(own), str(own))
    except InputError as error:
        return error.faults
    return ()


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
    faults = unknown_credentials(settings, devices, settings.inventory)
    return [*faults, *access_faults(settings, devices), *shutdown_faults(settings, Park(devices, services))]
