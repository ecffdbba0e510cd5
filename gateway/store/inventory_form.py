"""Devices and services as people write them: one form for `inventory.toml`, CSV rows and stored documents. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.core.backups import Job
from gateway.core.device import (
    FINGERPRINT,
    IDENTIFIER,
    Cost,
    Criticality,
    Device,
    Https,
    Kind,
    Limit,
    Service,
    ServiceCheck,
    Support,
    SupportModel,
    Warranty,
)
from gateway.core.document import Source, Table
from gateway.core.json_probe import Rule
from gateway.core.units import METRICS

COLLECTORS = (
    *("snmp", "trap", "syslog", "nut", "smart", "reach", "scrape", "redfish", "json", "backup", "self", "replay"),
)
PORTS = (*COLLECTORS, "ssh", "smb")
ACCESS = ("ssh", "http", "smb")
CHECKS = ("http", "tcp", "dns", "tls", "ping")
_TEXTS = ("location", "vendor", "model", "serial", "firmware", "zone", "perimeter")

Located = tuple[Table, Device | Service]
"""What was read, with the table it was read from (for the lines of faults)."""


def read_device(table: Table) -> Device:
    """One device; faults are noted in the table's source."""
    ports = table.table("ports")
    texts: dict[str, Any] = {key: table.text(key) for key in _TEXTS}
    device = Device(
        id=_identifier(table),
        name=table.text("name") or table.text("id"),
        kind=Kind(table.choice("kind", tuple(Kind), Kind.OTHER)),
        address=_address(table),
        criticality=_criticality(table),
        parent=table.optional_text("parent"),
        power=table.optional_text("power"),
        collect=_choices(table, "collect", COLLECTORS),
        credential=table.optional_text("credential"),
        ports={name: ports.integer(name, 0, low=1, high=65535) for name in ports.values},
        every_s=table.duration("every"),
        purchased_on=table.day("purchased_on"),
        support=_support(table.table("support")),
        warranty=_warranty(table.table("warranty")),
        cost=_cost(table.table("cost")),
        nut_name=table.text("nut_name", "ups"),
        limits=tuple(_limits(table)),
        access=dict(_access(table)),
        backups=_backups(table),
        json=_json(table),
        https=_https(table),
        **texts,
    )
    table.table("said")  # an export tells what the device says; only the device itself can say it
    for name in set(ports.values) - set(PORTS):
        ports.fault(name, f'{ports.name(name)}: no collector "{name}"', f"one of {', '.join(PORTS)}")
    table.done()
    return device


def read_service(table: Table) -> Service:
    """One service; faults are noted in the table's source."""
    depends_on = table.texts("depends_on")
    service = Service(
        id=_identifier(table),
        name=table.text("name") or table.text("id"),
        criticality=_criticality(table),
        depends_on=depends_on,
        check=_check(table.table("check"), has_host=bool(depends_on)) if "check" in table else None,
        always_on=table.boolean("always_on", default=False),
        business=table.text("business"),
        redundant=table.boolean("redundant", default=False),
    )
    if service.redundant and len(depends_on) < 2:
        table.fault("redundant", f"{table.name('redundant')} with one device", "name two or more in depends_on")
    table.done()
    return service


def _limits(table: Table) -> Iterable[Limit]:
    """Limits of this device's own; a metric outside the vocabulary is a fault."""
    for text in table.texts("limits"):
        try:
            limit = Limit.parse(text)
        except ValueError:
            remedy = 'write it like "system.filesystem.utilization[/backup]=0.97/0.99" or "system.cpu.utilization=off"'
            table.fault("limits", f'{table.name("limits")}: "{text}" is no limit', remedy)
            continue
        if limit.metric not in METRICS:
            remedy = "see docs/reference/metrics.md"
            table.fault("limits", f'{table.name("limits")}: no metric "{limit.metric}"', remedy)
        yield limit


def _access(table: Table) -> Iterable[tuple[str, str]]:
    """Credentials by their type, written "ssh=NAME"."""
    for text in table.texts("access"):
        kind, _, name = text.partition("=")
        if kind in ACCESS and name:
            yield kind, name
        else:
            remedy = f'write it like "ssh=NAME"; the types are {", ".join(ACCESS)}'
            table.fault("access", f'{table.name("access")}: "{text}" is no credential by type', remedy)


def _json(table: Table) -> tuple[str, ...]:
    """A URL path and mappings; each that is wrong is a fault."""
    texts = table.texts("json")
    remedy = 'write it like ["/api/state", "hw.power[solar]=pv.0.watts*0.1"]'
    if texts and not texts[0].startswith("/"):
        table.fault("json", f"{table.name('json')} does not begin with a path", remedy)
    for text in texts[1:]:
        try:
            Rule.parse(text)
        except ValueError as error:
            table.fault("json", f"{table.name('json')}: {error}", remedy)
    return texts


def _https(table: Table) -> str:
    """How the device's certificate is known."""
    text = table.text("https")
    if text and text not in tuple(Https) and not FINGERPRINT.fullmatch(text):
        remedy = '"pinned", "verified", "off", or the certificate\'s SHA-256 fingerprint (64 hexadecimal digits)'
        table.fault("https", f'{table.name("https")} = "{text}" is no way to know a certificate', remedy)
        return Https.NONE
    return text


def _backups(table: Table) -> tuple[str, ...]:
    """Backup jobs; each that is wrong, and a name used twice, is a fault."""
    texts = table.texts("backups")
    names: set[str] = set()
    for text in texts:
        try:
            job = Job.parse(text)
        except ValueError as error:
            remedy = 'write it like "erp", "erp=smb:SHARE/FOLDER/*.bak" or "erp=call", with @7d behind it if not daily'
            table.fault("backups", f"{table.name('backups')}: {error}", remedy)
            continue
        if job.name in names:
            table.fault("backups", f'{table.name("backups")}: two are named "{job.name}"', "give each its own name")
        names.add(job.name)
    return texts


def _identifier(table: Table) -> str:
    value = table.required("id")
    if value and not IDENTIFIER.fullmatch(value):
        table.fault("id", f'id "{value}" cannot be used', "start with a-z or 0-9, then a-z, 0-9, - _ . (63 at most)")
    return value


def _criticality(table: Table) -> Criticality:
    return Criticality(table.choice("criticality", tuple(Criticality), Criticality.STANDARD))


def _choices(table: Table, key: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    values = table.texts(key)
    for value in values:
        if value not in allowed:
            table.fault(key, f'{table.name(key)}: "{value}" is unknown', f"choose from {', '.join(allowed)}")
    return values


def _address(table: Table) -> str:
    value = table.text("address")
    if any(character.isspace() or character == "/" for character in value):
        table.fault("address", f'address "{value}" is no address', "an IP address or a host name, without a port")
    return value


def _support(table: Table) -> Support:
    model = SupportModel(table.choice("model", tuple(SupportModel), SupportModel.NONE))
    texts = {key: table.text(key) for key in ("provider", "contract", "phone")}
    support = Support(model, ends_on=table.day("ends_on"), **texts)
    table.done()
    return support


def _warranty(table: Table) -> Warranty:
    warranty = Warranty(table.day("ends_on"))
    table.done()
    return warranty


def _cost(table: Table) -> Cost:
    cost = Cost(table.number("purchase"), table.number("monthly"))
    table.done()
    return cost


def _check(table: Table, *, has_host: bool) -> ServiceCheck:
    kind = table.choice("type", CHECKS, "ping")
    if "type" not in table:
        table.fault("type", f"{table.name('type')} is missing", f"one of {', '.join(CHECKS)}")
    wanted, other = ("url", "target") if kind == "http" else ("target", "url")
    if table.text(other):
        table.fault(other, f"{table.name(other)} does not belong to a {kind} check", f"use {wanted}")
    port = table.integer("port", 0, low=1, high=65535) or None
    check = ServiceCheck(
        type=kind,
        target=table.text(wanted),
        port=port,
        expect=table.text("expect"),
        timeout_s=table.duration("timeout") or ServiceCheck(kind).timeout_s,
        verify=table.boolean("verify", default=True),
    )
    # a check without a host asks the first device that its service runs on
    if wanted not in table and other not in table and (kind in ("http", "dns") or not has_host):
        table.fault(wanted, f"{table.name(wanted)} is missing", f'add {wanted} = "..."')
    if kind == "tcp" and port is None and "port" not in table:
        table.fault("port", f"{table.name('port')} is missing", "a tcp check needs a port")
    table.done()
    return check


def check_relations(found: list[Located], source: Source) -> None:
    """Notes every id used twice, every relation to something unknown, and every circle."""
    first: dict[str, Table] = {}
    for table, item in found:
        if item.id in first:
            line = source.line((*first[item.id].path, "id"))
            table.fault("id", f'id "{item.id}" is used twice, first on line {line}', "give every one its own id")
        elif item.id:
            first[item.id] = table
    devices = {item.id: (table, item) for table, item in found if isinstance(item, Device)}
    for table, item in found:
        for key, targets in _relations(item):
            for target in targets:
                if target not in (first if key == "depends_on" else devices):
                    what = "device or service" if key == "depends_on" else "device"
                    name = item.id or table.name()
                    table.fault(key, f'{name}: {key} "{target}" is no {what} of this inventory', "correct the id")
    for key in ("parent", "power", "depends_on"):
        _check_circles(key, found)


def _relations(item: Device | Service) -> Iterable[tuple[str, tuple[str, ...]]]:
    if isinstance(item, Service):
        return [("depends_on", item.depends_on)]
    return [("parent", (item.parent,) if item.parent else ()), ("power", (item.power,) if item.power else ())]


def _check_circles(key: str, found: list[Located]) -> None:
    """Notes each circle of one relation once, written out, at its first member."""
    firsts = found[::-1]  # of an id that is used twice the first counts
    follows = {item.id: dict(_relations(item)).get(key, ()) for _, item in firsts}
    tables = {item.id: table for table, item in firsts}
    settled: set[str] = set()
    for start in dict.fromkeys(item.id for _, item in found):
        trail: list[str] = []
        waiting = [(start, 0)]
        while waiting:
            current, depth = waiting.pop()
            del trail[depth:]
            if current in trail:
                circle = [*trail[trail.index(current) :], current]
                what = f"{key} goes round in a circle: {' -> '.join(circle)}"
                tables[circle[0]].fault(key, what, f"remove one {key}")
                settled.update(trail)
            elif current not in settled:
                trail.append(current)
                waiting += [(target, depth + 1) for target in follows.get(current, ())]
        settled.update(trail)
        settled.add(start)


def device_values(device: Device) -> dict[str, Any]:
    """The device as plain values, without what is left at its default; reads back as the same device."""
    known = Device("", "")
    values: dict[str, Any] = {"id": device.id, "name": device.name, "kind": str(device.kind)}
    for key in ("address", "criticality", "parent", "power", "credential", *_TEXTS, "purchased_on", "nut_name"):
        value = getattr(device, key)
        if value != getattr(known, key) or key == "criticality":
            values[key] = str(value) if key == "criticality" else value
    if device.collect:
        values["collect"] = list(device.collect)
    if device.limits:
        values["limits"] = [str(limit) for limit in device.limits]
    if device.json:
        values["json"] = list(device.json)
    if device.https:
        values["https"] = str(device.https)
    if device.backups:
        values["backups"] = list(device.backups)
    if device.access:
        values["access"] = [f"{kind}={name}" for kind, name in device.access.items()]
    if device.every_s is not None:
        values["every"] = duration_text(device.every_s)
    tables: Mapping[str, Mapping[str, Any]] = {
        "ports": dict(device.ports),
        "support": _filled(device.support, Support()),
        "warranty": _filled(device.warranty, Warranty()),
        "cost": _filled(device.cost, Cost()),
        "said": dict(device.said),
    }
    values.update({key: value for key, value in tables.items() if value})
    return values


def service_values(service: Service) -> dict[str, Any]:
    """The service as plain values, without what is left at its default; reads back as the same service."""
    values: dict[str, Any] = {"id": service.id, "name": service.name, "criticality": str(service.criticality)}
    if service.depends_on:
        values["depends_on"] = list(service.depends_on)
    if service.business:
        values["business"] = service.business
    for key in ("always_on", "redundant"):
        if getattr(service, key):
            values[key] = True
    if service.check:
        check = _filled(service.check, ServiceCheck(""))
        if "timeout_s" in check:
            check["timeout"] = duration_text(check.pop("timeout_s"))
        if service.check.type == "http":
            check["url"] = check.pop("target")
        values["check"] = check
    return values


def _filled(value: Any, known: Any) -> dict[str, Any]:
    """Fields of a small dataclass that differ from its defaults; words as plain texts."""
    found = {key: getattr(value, key) for key in value.__slots__ if getattr(value, key) != getattr(known, key)}
    return {key: str(field) if isinstance(field, str) else field for key, field in found.items()}


def duration_text(seconds: float) -> str:
    """Seconds as "8h30m" or "90s", exactly."""
    if seconds != int(seconds):
        return f"{seconds:.6f}".rstrip("0") + "s"
    hours, rest = divmod(int(seconds), 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "m"), (left, "s"))
    return "".join(f"{amount}{unit}" for amount, unit in parts if amount) or "0s"
