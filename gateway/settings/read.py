"""`site.toml` -> Settings."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.core.device import IDENTIFIER, Criticality, Site
from gateway.core.document import Table, read_toml
from gateway.settings.calendar import read_calendar
from gateway.settings.common import read_connection, read_page, read_path, read_secret, read_text
from gateway.settings.model import (
    Credential,
    DetectSettings,
    DiscoverySettings,
    KeepSettings,
    NotifySettings,
    PanelSettings,
    PollSettings,
    Settings,
    ShutdownSettings,
    SyslogSettings,
    Target,
    TrapSettings,
    UplinkSettings,
)

RAM_DISK = Path("/run/vigie")
LANGUAGES = ("fr", "ar", "en")
_LEVELS = tuple(Criticality)
_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
_TOO_MANY = "there are at most three service levels, one per criticality: more cannot be kept or explained (M3)"


def load(path: Path) -> Settings:
    """The settings in a file. Raises ``InputError`` with every fault of the file, each with its line and remedy."""
    return parse(read_text(path), path)


def parse(text: str, path: Path) -> Settings:
    """The settings in a text that stands (or will stand) at ``path``: relative paths start at its directory."""
    root = read_toml(text, str(path))
    base = path.absolute().parent
    data_table = root.table("data")
    data = read_path(data_table, "path", base) or base / "data"
    contact = root.table("contact")
    networks = root.table("networks")
    detect = root.table("detect")
    runbooks = root.table("runbooks")
    settings = Settings(
        site=_site(root.table("site")),
        data=data,
        runtime=read_path(data_table, "runtime", base) or _default_runtime(data),
        keep=_keep(data_table),
        inventory=_inventory(root.table("inventory"), base, data),
        calendar=read_calendar(root.table("calendar")),
        service_levels=_service_levels(root.table("service_levels")),
        uplink=_uplink(root.table("uplink"), base) if "uplink" in root else None,
        credentials=_credentials(root.table("credentials"), base),
        networks=_networks(networks),
        traps=_traps(root.table("traps")) if "traps" in root else None,
        syslog=_syslog(root.table("syslog"), base) if "syslog" in root else None,
        discovery=_discovery(root.table("discovery")),
        poll=_poll(root.table("poll")),
        page=read_page(root.table("page")),
        panel=_panel(root.table("panel")),
        detect=DetectSettings(detect.boolean("enabled", default=True), read_path(detect, "model", base)),
        runbooks=read_path(runbooks, "path", base),
        contact_name=contact.text("name"),
        contact_phone=contact.text("phone"),
        notify=_notify(root.table("notify")),
        shutdown=_shutdown(root.table("shutdown")),
    )
    for table in (root, contact, networks, detect, runbooks):
        table.done()
    root.source.finish()
    return settings


def _default_runtime(data: Path) -> Path:
    return RAM_DISK if RAM_DISK.is_dir() and os.access(RAM_DISK, os.W_OK) else data


def _uplink(table: Table, base: Path) -> UplinkSettings:
    uplink = read_connection(table, base)
    summary_every_s = table.duration("summary_every") or uplink.summary_every_s
    key = table.text("desk_key")
    if key and not _KEY.fullmatch(key):
        table.fault("desk_key", f'{table.name("desk_key")} = "{key}" is no key', "`vigie desk --show-key` prints it")
    history = table.integer("history_kbit_s", uplink.history_kbit_s, low=4, high=100_000)
    announced = table.boolean("home_assistant", default=uplink.home_assistant)
    table.done()
    return replace(
        uplink, summary_every_s=summary_every_s, desk_key=key, history_kbit_s=history, home_assistant=announced
    )


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
    path = read_path(table, "path", base) or data / "inventory.json"
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
        table.integer("readings_mb", round(known.bytes_max / 1e6), low=50, high=1_000_000) * 1e6,
    )
    if not 10 <= keep.commit_s <= 900:
        table.fault("commit", f"readings would be committed every {keep.commit_s:g} s", 'choose from "10s" to "15m"')
    table.done()
    return keep


def _service_levels(table: Table) -> Mapping[Criticality, Target]:
    targets = {}
    for index, (name, level) in enumerate(table.members()):
        target = replace(
            _delays(level),
            availability=level.number("availability", high=1.0),
            zones={zone: _delays(delays, done=True) for zone, delays in level.table("zones").members()},
        )
        level.done()
        if index >= len(_LEVELS):
            table.fault(name, f'a fourth service level "{name}" is refused', _TOO_MANY)
        elif name not in _LEVELS:
            table.fault(name, f'service level "{name}" belongs to no criticality', f"one of {', '.join(_LEVELS)}")
        else:
            targets[Criticality(name)] = target
    return targets


def _delays(table: Table, *, done: bool = False) -> Target:
    delays = Target(table.duration("response"), table.duration("intervention"), table.duration("restore"))
    if done:
        table.done()
    return delays


def _credentials(table: Table, base: Path) -> Mapping[str, Credential]:
    return {name: _credential(name, member, base) for name, member in table.members()}


def _credential(name: str, table: Table, base: Path) -> Credential:
    known = Credential(name)
    credential = Credential(
        name=name,
        type=table.choice("type", ("snmp", "ssh", "http", "smb", "nut"), known.type),
        version=table.choice("version", ("1", "2c", "3"), known.version),
        community=read_secret(table, "community", base),
        user=table.text("user"),
        auth_protocol=table.choice(
            "auth_protocol", ("MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"), known.auth_protocol
        ),
        auth=read_secret(table, "auth", base),
        priv_protocol=table.choice(
            "priv_protocol", ("DES", "AES", "AES192", "AES256", "AES192C", "AES256C"), known.priv_protocol
        ),
        priv=read_secret(table, "priv", base),
        password=read_secret(table, "password", base),
        key=read_secret(table, "key", base),
        token=read_secret(table, "token", base),
        ca=read_path(table, "ca", base),
    )
    if credential.type == "smb" and not (credential.user and credential.password):
        table.fault("password", f"{table.name('password')} or user is missing", "a share needs user and password")
    if credential.token and (credential.type != "http" or credential.user or credential.password):
        what = f"{table.name('token')}: not beside a user, and for type http only"
        table.fault("token", what, "leave one of them out")
    if credential.type == "ssh" and not (credential.user and credential.key and credential.key.file):
        table.fault("key", f"{table.name('key')} or user is missing", 'SSH needs user and key = { file = "path" }')
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


def _traps(table: Table) -> TrapSettings:
    known = TrapSettings()
    traps = TrapSettings(table.text("host", known.host), table.integer("port", known.port, low=1, high=65535))
    table.done()
    return traps


def _syslog(table: Table, base: Path) -> SyslogSettings:
    known = SyslogSettings()
    syslog = SyslogSettings(
        table.text("host", known.host),
        table.integer("udp", known.udp, high=65535),
        table.integer("tcp", known.tcp, high=65535),
        read_path(table, "patterns", base),
    )
    if not syslog.udp and not syslog.tcp:
        table.fault("udp", "syslog: neither udp nor tcp has a port", "give one of them a port, or leave [syslog] out")
    table.done()
    return syslog


def _discovery(table: Table) -> DiscoverySettings:
    known = DiscoverySettings()
    discovery = DiscoverySettings(
        table.boolean("enabled", default=known.enabled),
        table.duration("every", days=True) or known.every_s,
        table.integer("rate", known.per_s, low=1, high=200),
        table.integer("snmp_port", known.snmp_port, low=1, high=65535),
    )
    if discovery.every_s < 3600:
        table.fault("every", "the networks would be swept more than once an hour", 'write "1h" or more')
    table.done()
    return discovery


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


def _shutdown(table: Table) -> ShutdownSettings:
    shutdown = ShutdownSettings(table.texts("devices"), table.boolean("dry_run", default=True))
    table.done()
    return shutdown


def _notify(table: Table) -> NotifySettings:
    notify = NotifySettings(table.texts("to"), table.choice("channel", ("page", "mail", "webhook"), "page"))
    table.done()
    return notify
