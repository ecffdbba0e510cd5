"""`site.toml` -> Settings."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.core.device import IDENTIFIER, Criticality, Site
from gateway.core.document import Table, read_toml
from gateway.core.errors import Fault, InputError, VigieError
from gateway.settings.calendar import read_calendar
from gateway.settings.model import (
    Credential,
    DetectSettings,
    KeepSettings,
    NotifySettings,
    PageSettings,
    PanelSettings,
    PollSettings,
    Secret,
    Settings,
    Target,
    UplinkSettings,
)

RAM_DISK = Path("/run/vigie")
LANGUAGES = ("fr", "ar", "en")
_BROKER = re.compile(r"mqtts?://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9_.-]+)(:\d{1,5})?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LEVELS = tuple(Criticality)
_TOO_MANY = "there are at most three service levels, one per criticality: more cannot be kept or explained (M3)"


def load(path: Path) -> Settings:
    """The settings in a file. Raises ``InputError`` with every fault of the file, each with its line and remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError([Fault(str(path), 0, f"cannot be read: {error.strerror}", "name a readable file")]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError([Fault(str(path), line, "not UTF-8 text", "save the file as UTF-8")]) from None
    return parse(text, path)


def parse(text: str, path: Path) -> Settings:
    """The settings in a text that stands (or will stand) at ``path``: relative paths start at its directory."""
    root = read_toml(text, str(path))
    base = path.absolute().parent
    data_table = root.table("data")
    data = _path(data_table, "path", base) or base / "data"
    contact = root.table("contact")
    networks = root.table("networks")
    detect = root.table("detect")
    settings = Settings(
        site=_site(root.table("site")),
        data=data,
        runtime=_path(data_table, "runtime", base) or _default_runtime(data),
        keep=_keep(data_table),
        inventory=_inventory(root.table("inventory"), base, data),
        calendar=read_calendar(root.table("calendar")),
        service_levels=_service_levels(root.table("service_levels")),
        uplink=_uplink(root.table("uplink"), base) if "uplink" in root else None,
        credentials=_credentials(root.table("credentials"), base),
        networks=_networks(networks),
        poll=_poll(root.table("poll")),
        page=_page(root.table("page")),
        panel=_panel(root.table("panel")),
        detect=DetectSettings(detect.boolean("enabled", default=True), _path(detect, "model", base)),
        contact_name=contact.text("name"),
        contact_phone=contact.text("phone"),
        notify=_notify(root.table("notify")),
    )
    for table in (root, contact, networks, detect):
        table.done()
    root.source.finish()
    return settings


def reveal(secret: Secret) -> str:
    """The value behind a reference, read now. Raises ``VigieError`` naming the file or variable that has none."""
    if secret.variable is not None:
        value = os.environ.get(secret.variable, "")
        if not value:
            raise VigieError(f"environment variable {secret.variable}: not set", remedy="set it for Vigie's service")
        return value
    if secret.file is None:
        raise VigieError("a secret without a reference", remedy="give it a file or a variable")
    try:
        value = secret.file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise VigieError(f"secret file {secret.file}: {reason}", remedy="make it readable for Vigie's user") from None
    if not value:
        raise VigieError(f"secret file {secret.file}: empty", remedy="write the secret into it")
    return value


def _default_runtime(data: Path) -> Path:
    return RAM_DISK if RAM_DISK.is_dir() and os.access(RAM_DISK, os.W_OK) else data


def _path(table: Table, key: str, base: Path) -> Path | None:
    value = table.optional_text(key)
    return base / Path(value).expanduser() if value else None


def _site(table: Table) -> Site:
    known = Site("", "")
    site = Site(
        id=table.required("id"),
        name=table.text("name") or table.text("id"),
        organisation=table.text("organisation", known.organisation),
        timezone=table.text("timezone", known.timezone),
        language=table.choice("language", LANGUAGES, known.language),
    )
    for key in ("id", "organisation"):
        value = getattr(site, key)
        if value and not IDENTIFIER.fullmatch(value):
            table.fault(key, f'{table.name(key)} = "{value}" is no id', "use a-z, 0-9, - _ . (63 at most)")
    try:
        ZoneInfo(site.timezone)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        table.fault("timezone", f'timezone "{site.timezone}" is unknown', 'write it as "Africa/Algiers"')
    table.done()
    return site


def _inventory(table: Table, base: Path, data: Path) -> Path:
    path = _path(table, "path", base) or data / "inventory.json"
    if path.suffix not in (".json", ".toml"):
        table.fault("path", f"{path.name} is no inventory", "name a .json file (kept by Vigie) or a .toml file")
    table.done()
    return path


def _keep(table: Table) -> KeepSettings:
    known = KeepSettings()
    keep = KeepSettings(
        table.duration("commit") or known.commit_s,
        table.duration("raw", days=True) or known.raw_s,
        table.duration("rollup", days=True) or known.rollup_s,
    )
    if not 10 <= keep.commit_s <= 900:
        table.fault("commit", f"readings would be committed every {keep.commit_s:g} s", 'choose from "10s" to "15m"')
    table.done()
    return keep


def _service_levels(table: Table) -> Mapping[Criticality, Target]:
    targets = {}
    for index, (name, level) in enumerate(table.members()):
        target = Target(
            level.duration("response"),
            level.duration("intervention"),
            level.duration("restore"),
            level.number("availability", high=1.0),
        )
        level.done()
        if index >= len(_LEVELS):
            table.fault(name, f'a fourth service level "{name}" is refused', _TOO_MANY)
        elif name not in _LEVELS:
            table.fault(name, f'service level "{name}" belongs to no criticality', f"one of {', '.join(_LEVELS)}")
        else:
            targets[Criticality(name)] = target
    return targets


def _uplink(table: Table, base: Path) -> UplinkSettings:
    known = UplinkSettings("")
    uplink = UplinkSettings(
        url=table.required("url"),
        ca=_path(table, "ca", base),
        cert=_path(table, "cert", base),
        key=_path(table, "key", base),
        keepalive_s=round(table.duration("keepalive") or known.keepalive_s),
        summary_every_s=table.duration("summary_every") or known.summary_every_s,
    )
    if uplink.url and not _BROKER.fullmatch(uplink.url):
        table.fault("url", f'uplink.url = "{uplink.url}" is no broker', 'write it as "mqtts://host:8883"')
    if (uplink.cert is None) != (uplink.key is None):
        missing = "key" if uplink.key is None else "cert"
        table.fault(missing, f"uplink.{missing} is missing", "cert and key belong together")
    if uplink.url.startswith("mqtt://") and (uplink.ca or uplink.cert):
        table.fault("url", "certificates are given, but mqtt:// does not use them", 'write "mqtts://..."')
    table.done()
    return uplink


def _secret(table: Table, key: str, base: Path) -> Secret | None:
    value = table.values.get(key)
    how = 'write { file = "path" } or { env = "NAME" }'
    if isinstance(value, str):
        table.raw(key, str)
        table.fault(key, f"{table.name(key)} holds the secret itself", f"a secret is never in this file: {how}")
        return None
    if table.raw(key, dict, expected=how) is None:
        return None
    reference = table.table(key)
    file, variable = _path(reference, "file", base), reference.optional_text("env")
    reference.done()
    if (file is None) == (variable is None):
        table.fault(key, f"{table.name(key)} needs one of file and env", how)
    elif variable and not _VARIABLE.fullmatch(variable):
        table.fault(key, f'{table.name(key)}: "{variable}" is no name of a variable', how)
    return Secret(file, variable)


def _credentials(table: Table, base: Path) -> Mapping[str, Credential]:
    return {name: _credential(name, member, base) for name, member in table.members()}


def _credential(name: str, table: Table, base: Path) -> Credential:
    known = Credential(name)
    credential = Credential(
        name=name,
        type=table.choice("type", ("snmp", "ssh", "http", "nut"), known.type),
        version=table.choice("version", ("1", "2c", "3"), known.version),
        community=_secret(table, "community", base),
        user=table.text("user"),
        auth_protocol=table.choice(
            "auth_protocol", ("MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"), known.auth_protocol
        ),
        auth=_secret(table, "auth", base),
        priv_protocol=table.choice("priv_protocol", ("DES", "AES", "AES192", "AES256"), known.priv_protocol),
        priv=_secret(table, "priv", base),
        password=_secret(table, "password", base),
    )
    needed = "community" if credential.version != "3" else "user"
    if credential.type == "snmp" and needed not in table:
        table.fault(needed, f"{table.name(needed)} is missing", f"SNMP version {credential.version} needs it")
    if "priv" in table and "auth" not in table:
        table.fault("priv", f"{table.name('priv')} without auth", "SNMP encrypts only what it authenticates: add auth")
    table.done()
    return credential


def _networks(table: Table) -> tuple[str, ...]:
    ranges = table.texts("ranges")
    for text in ranges:
        try:
            ipaddress.ip_network(text)
        except ValueError as error:
            table.fault("ranges", f"networks.ranges: {error}", 'write ranges as "192.168.1.0/24"')
    return ranges


def _poll(table: Table) -> PollSettings:
    known = PollSettings()
    poll = PollSettings(
        table.duration("every") or known.every_s,
        table.duration("timeout") or known.timeout_s,
        table.integer("retries", known.retries, high=5),
        table.integer("concurrency", known.concurrency, low=1, high=256),
        table.duration("deadline") or known.deadline_s,
    )
    table.done()
    return poll


def _page(table: Table) -> PageSettings:
    known = PageSettings()
    page = PageSettings(
        table.text("host", known.host),
        table.integer("port", known.port, high=65535),
        table.texts("host_names") or known.host_names,
    )
    table.done()
    return page


def _panel(table: Table) -> PanelSettings:
    known = PanelSettings()
    pins = {
        field.name: table.integer(field.name, getattr(known, field.name), high=27)
        for field in fields(PanelSettings)
        if field.name not in ("enabled", "pin_factory")
    }
    panel = PanelSettings(
        enabled=table.boolean("enabled", default=known.enabled),
        pin_factory=table.text("pin_factory", known.pin_factory),
        **pins,
    )
    if len(set(pins.values())) < len(pins):
        table.fault("", "panel: one GPIO number is used twice", "give every part its own number")
    table.done()
    return panel


def _notify(table: Table) -> NotifySettings:
    notify = NotifySettings(table.texts("to"), table.choice("channel", ("page", "mail", "webhook"), "page"))
    table.done()
    return notify
