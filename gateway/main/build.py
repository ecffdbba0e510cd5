"""The one place where adapters are chosen and put together."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial

import structlog

from gateway.agent.orders import Desk
from gateway.agent.parts import Board, Parts
from gateway.alert.panel import open_panel
from gateway.clock import Clock, SystemClock
from gateway.collect.backup import Backup, Places
from gateway.collect.json_probe import JsonProbe
from gateway.collect.nut import Nut
from gateway.collect.reach import Reach
from gateway.collect.redfish import Redfish
from gateway.collect.scrape import Scrape
from gateway.collect.self import OwnHealth
from gateway.collect.smart import Smart
from gateway.collect.smb import Smb, SmbLogin
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.ssh import Ssh, SshLogin
from gateway.collect.web_access import HttpLogin, Pins, WebAccess
from gateway.core.backups import limits
from gateway.core.device import Device, Kind, Park
from gateway.core.errors import Fault, InputError, VigieError
from gateway.core.runbook import Step
from gateway.detect.model import ModelDetector
from gateway.main.listeners import build_listeners
from gateway.main.shutdown import shutdown_faults, with_safe_shutdown
from gateway.main.storage import Storage
from gateway.main.survey import SiteSurvey
from gateway.main.timeline import Timeline
from gateway.ports import Collector
from gateway.profiles.checks import all_checks
from gateway.profiles.load import shipped
from gateway.runbooks import own_runbooks
from gateway.settings import Credential, Settings, reveal
from gateway.settings.remote import adjusted
from gateway.store.calls import CallReader
from gateway.store.commands import CommandReader
from gateway.store.db import open_database
from gateway.store.heartbeat import FILE_NAME as HEARTBEAT_FILE
from gateway.store.heartbeat import HeartbeatFile
from gateway.store.inventory import InventoryStore
from gateway.store.inventory_form import ACCESS
from gateway.store.ledger import SqliteLedger
from gateway.store.orders import SqliteOrders
from gateway.store.outbox import SqliteOutbox
from gateway.store.samples import SqliteSamples
from gateway.store.status import FILE_NAME, write_status
from gateway.uplink.mqtt import MqttUplink
from gateway.uplink.pace import Pace
from gateway.uplink.sender import Sender
from gateway.wire import Names
from gateway.wire.home_assistant import announcements

log = structlog.get_logger()

# What is asked of a device whose inventory entry names no collectors.
_USUAL = {Kind.GATEWAY: ("self",)}


def version() -> str:
    """Version of the installed package."""
    return importlib.metadata.version("vigie")


def load_park(settings: Settings) -> Park:
    """The inventory, each device with the collectors it is asked by."""
    park = InventoryStore(settings.inventory).park()
    types = {name: credential.type for name, credential in settings.credentials.items()}
    devices = (_with_access(_with_collectors(device), types) for device in park.devices.values())
    return Park(devices, park.services.values())


def _with_access(device: Device, types: Mapping[str, str]) -> Device:
    """A device whose one credential is of type ssh or http needs not name it twice."""
    kind = types.get(device.credential or "", "snmp")
    if device.credential is None or kind not in ACCESS:
        return device
    return replace(device, access={kind: device.credential, **device.access})


def _with_collectors(device: Device) -> Device:
    """A device that names its backups is asked for them, and how often they run are limits of its own."""
    if device.backups:
        more = ("backup",) if "backup" not in device.collect else ()
        collect = (*(device.collect or _usual(device)), *more)
        return replace(device, collect=collect, limits=(*device.limits, *limits(device)))
    return device if device.collect else replace(device, collect=_usual(device))


def _usual(device: Device) -> tuple[str, ...]:
    if not device.address and device.kind is not Kind.GATEWAY:
        return ()
    return _USUAL.get(device.kind, ("reach", "snmp") if device.credential else ("reach",))


def build_agent(settings: Settings, clock: Clock | None = None) -> Parts:
    """Everything the agent needs, on the real adapters. Opens files, no connections."""
    park = load_park(settings)
    database = open_database(settings.data / "vigie.db")
    orders = SqliteOrders(database)
    settings = adjusted(settings, orders.adjustments())
    heartbeat = HeartbeatFile(settings.data / HEARTBEAT_FILE)
    beat, ledger = heartbeat.read(), SqliteLedger(database)
    timeline = Timeline(clock or SystemClock(), database, beat)
    clock = timeline.clock
    if faults := shutdown_faults(settings, park):
        raise InputError(faults)
    collectors = build_collectors(settings, clock, park.devices.values())
    collectors = with_safe_shutdown(settings, park, clock, collectors, shell(settings))
    outbox = SqliteOutbox(database)
    status_file = settings.runtime / FILE_NAME
    samples = SqliteSamples(settings.data / "samples.db", clock, settings.keep, timeline.lines())
    commands = CommandReader(settings.commands)

    def credentials() -> dict[str, SnmpAuth]:
        return {name: snmp_auth(one) for name, one in settings.credentials.items() if one.type == "snmp"}

    def close() -> None:
        for store in (samples, commands, database):
            store.close()

    return Parts(
        settings=settings,
        park=park,
        clock=clock,
        collectors=collectors,
        services=Reach(clock, address_of=lambda device: park.devices[device].address if device in park.devices else ""),
        samples=samples,
        history=samples.rollups,
        steps=_own_steps(settings),
        checks=all_checks(shipped()),
        ledger=ledger,
        outbox=outbox,
        commands=commands,
        panel=open_panel(settings.panel),
        board=Board(
            lambda status: write_status(status_file, status),
            heartbeat.read,
            lambda beat: heartbeat.write({**beat, "moves": timeline.moves(), "written": ledger.written()}),
        ),
        link=_link(settings, outbox, clock, park),
        desk=Desk(_names(settings), settings.uplink.desk_key, orders) if settings.uplink else None,
        detector=ModelDetector(settings.detect.model) if settings.detect.enabled else None,
        timeline=timeline,
        storage=Storage(settings, samples, database, clock, int((beat or {}).get("written", 0)) - ledger.written()),
        close=close,
        survey=SiteSurvey(settings, clock, credentials),
        stock=InventoryStore(settings.inventory),
        listeners=build_listeners(settings, park, clock, lambda: list(credentials().values())),
        version=version(),
    )


def _own_steps(settings: Settings) -> list[Step]:
    """The site's own steps; a faulty file must not stop the watch, `vigie check` and the page tell of it."""
    try:
        return [step for book in own_runbooks(settings.runbooks) for step in book.steps]
    except VigieError as error:
        log.error("own runbooks cannot be read", error=str(error))
        return []


def build_collectors(settings: Settings, clock: Clock, devices: Iterable[Device]) -> Mapping[str, Collector]:
    """The collectors that the inventory asks for, by name. Raises InputError for names that nobody has."""
    wanted = {name for device in devices for name in device.collect}
    makers: dict[str, Callable[[], Collector]] = {
        "snmp": lambda: _snmp(settings, clock),
        "reach": lambda: Reach(clock),
        "nut": lambda: Nut(clock),
        "smart": lambda: Smart(clock, shell=shell(settings)),
        "backup": lambda: Backup(clock, _backup_places(settings)),
        "scrape": lambda: Scrape(clock, _web_access(settings)),
        "json": lambda: JsonProbe(clock, _web_access(settings)),
        "redfish": lambda: Redfish(clock, _web_access(settings)),
        "self": lambda: OwnHealth(clock, data=settings.data),
    }
    unknown = sorted(wanted - makers.keys())
    if unknown:
        remedy = f"collect takes {', '.join(sorted(makers))}"
        raise InputError(Fault(str(settings.inventory), 0, f"no collector {name!r}", remedy) for name in unknown)
    return {name: makers[name]() for name in sorted(wanted)}


def shell(settings: Settings) -> Ssh:
    """SSH with the site's credentials; host keys are pinned beside the record."""
    logins = {
        name: SshLogin(credential.user, credential.key.file)
        for name, credential in settings.credentials.items()
        if credential.type == "ssh" and credential.key and credential.key.file
    }
    return Ssh(logins, settings.data / "known_hosts")


def _backup_places(settings: Settings) -> Places:
    """Where backups are looked for; a password is read when it is used."""

    def login(credential: Credential) -> SmbLogin:
        return SmbLogin(credential.user, reveal(credential.password) if credential.password else "")

    logins = {name: partial(login, one) for name, one in settings.credentials.items() if one.type == "smb"}
    return Places(shell(settings), Smb(logins), CallReader(settings.commands).of)


def _web_access(settings: Settings) -> WebAccess:
    """How devices are asked over HTTP; a password or token is read when it is used."""

    def login(credential: Credential) -> HttpLogin:
        password = reveal(credential.password) if credential.password else ""
        return HttpLogin(credential.user, password, reveal(credential.token) if credential.token else "", credential.ca)

    logins = {name: partial(login, one) for name, one in settings.credentials.items() if one.type == "http"}
    return WebAccess(logins, Pins(settings.data / "known_certificates"))


def _snmp(settings: Settings, clock: Clock) -> Collector:
    from gateway.collect.snmp import SnmpCollector
    from gateway.collect.snmp_ask import Patience

    poll = settings.poll
    return SnmpCollector(
        {name: snmp_auth(credential) for name, credential in settings.credentials.items() if credential.type == "snmp"},
        shipped(),
        clock,
        patience=Patience(poll.timeout_s, poll.retries, poll.deadline_s),
    )


def snmp_auth(credential: Credential) -> SnmpAuth:
    """A credential with its secrets read. Raises VigieError naming the file or variable that is missing."""
    return SnmpAuth(
        credential.version,
        reveal(credential.community) if credential.community else "",
        credential.user,
        reveal(credential.auth) if credential.auth else "",
        reveal(credential.priv) if credential.priv else "",
        credential.auth_protocol,
        credential.priv_protocol,
    )


def _names(settings: Settings) -> Names:
    return Names(settings.site.organisation, settings.site.id, version())


def _link(settings: Settings, outbox: SqliteOutbox, clock: Clock, park: Park) -> Sender | None:
    if settings.uplink is None:
        return None
    names = _names(settings)
    pace = Pace(
        dead_s=2.0 * settings.uplink.keepalive_s,  # a live broker has answered a ping by then
        bulk_per_s=settings.uplink.history_kbit_s * 125.0,
    )
    sender = Sender(outbox, MqttUplink(settings.uplink, names, clock), clock, names, pace)
    sender.spare(MqttUplink(settings.uplink, names, clock, spare=True))
    if settings.uplink.home_assistant:
        sender.announce(announcements(names, park.devices.values()))
    return sender
