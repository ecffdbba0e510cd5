"""What is watched: a site, its devices and services, and what the business has decided about them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

GATEWAY = "gateway"
"""Reserved device id: the box itself, watched through the same pipeline as every other device."""

IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
"""What an id of a site, device or service looks like: it is a topic level, a URL part and a file name."""


class Https(StrEnum):
    """How a device is asked over HTTP, and how its certificate is known; besides these, the certificate's own
    fingerprint (SHA-256)."""

    NONE = ""
    OFF = "off"
    """Plain HTTP, and the sign-in goes in clear, knowingly."""
    PINNED = "pinned"
    """By the certificate of the first contact."""
    VERIFIED = "verified"
    """By an authority."""


FINGERPRINT = re.compile(r"(?:[0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}")
"""A SHA-256 fingerprint as openssl or a browser shows it."""


class Criticality(StrEnum):
    """The three levels, and no fourth (requirement M2)."""

    CRITICAL = "critical"
    IMPORTANT = "important"
    STANDARD = "standard"

    @property
    def rank(self) -> int:
        """0 for critical, 2 for standard: sorts the most critical first."""
        return list(Criticality).index(self)


class Kind(StrEnum):
    """Kinds of device, as `vigie probe` names them."""

    SERVER = "server"
    UPS = "ups"
    PDU = "pdu"
    SWITCH = "switch"
    ROUTER = "router"
    FIREWALL = "firewall"
    ACCESS_POINT = "access_point"
    NAS = "nas"
    PRINTER = "printer"
    SENSOR = "sensor"
    CAMERA = "camera"
    HYPERVISOR = "hypervisor"
    BMC = "bmc"
    WORKSTATION = "workstation"
    GATEWAY = "gateway"
    OTHER = "other"


class SupportModel(StrEnum):
    """Who repairs: the manufacturer, a third party, a third party with the manufacturer's access, nobody (M4)."""

    OEM = "oem"
    TPM = "tpm"
    SHARED = "shared"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Support:
    """The contract behind a device: whom to call, with which number."""

    model: SupportModel = SupportModel.NONE
    provider: str = ""
    contract: str = ""
    phone: str = ""
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class Warranty:
    """Manufacturer's warranty of one device."""

    ends_on: date | None = None

    def expired(self, today: date) -> bool:
        """True once the last day of the warranty is past; an unknown end is not expired."""
        return self.ends_on is not None and today > self.ends_on


@dataclass(frozen=True, slots=True)
class Perimeter:
    """The owner's own grouping of devices for costs, one per device (M14)."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a device costs, in the site's currency: purchase once, maintenance per month."""

    purchase: float | None = None
    monthly: float | None = None


_LIMIT = re.compile(
    r"(?P<metric>[\w.]+)(\[(?P<instance>[^\]]+)\])?=(?P<limits>off|(?P<warning>[^/]*)/(?P<critical>.*))"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of one device in place of the shipped one: ``METRIC[INSTANCE]=WARNING/CRITICAL`` or ``METRIC=off``, in
    the metric's unit. ``instance`` is a pattern; an empty limit is none."""

    metric: str
    instance: str = "*"
    warning: float | None = None
    critical: float | None = None
    off: bool = False

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Raises ValueError for a text of another form."""
        found = _LIMIT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no limit")
        instance = found["instance"] or "*"
        if found["limits"] == "off":
            return cls(found["metric"], instance, off=True)
        warning, critical = (float(found[key]) if found[key] else None for key in ("warning", "critical"))
        return cls(found["metric"], instance, warning, critical)

    def __str__(self) -> str:
        part = "" if self.instance == "*" else f"[{self.instance}]"
        limits = "/".join("" if limit is None else f"{limit:.10g}" for limit in (self.warning, self.critical))
        return f"{self.metric}{part}={'off' if self.off else limits}"


@dataclass(frozen=True, slots=True)
class Device:
    """One thing with an address. ``parent`` is the next device towards the gateway, ``power`` the UPS that feeds it
    (a device without one hangs on the mains). ``ports`` overrides the port of a collector, e.g. ``{"snmp": 1161}``."""

    id: str
    name: str
    kind: Kind = Kind.OTHER
    address: str = ""
    criticality: Criticality = Criticality.STANDARD
    parent: str | None = None
    power: str | None = None
    collect: tuple[str, ...] = ()
    credential: str | None = None
    ports: Mapping[str, int] = field(default_factory=dict)
    every_s: float | None = None
    zone: str = ""
    perimeter: str = ""
    location: str = ""
    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    purchased_on: date | None = None
    support: Support = Support()
    warranty: Warranty = Warranty()
    cost: Cost = Cost()
    nut_name: str = "ups"
    limits: tuple[Limit, ...] = ()
    access: Mapping[str, str] = field(default_factory=dict)
    """Further credentials by their type, beside ``credential``: ``{"ssh": "srv-ssh"}``."""
    backups: tuple[str, ...] = ()
    """Backup jobs (core/backups.py): kept on it and asked over SSH, on a share of it, or calling the box."""
    json: tuple[str, ...] = ()
    """A URL path, then mappings of what it answers (core/json_probe.py), for the collector ``json``."""
    https: str = Https.NONE
    """One of ``Https``, or a fingerprint, for the collectors ``scrape``, ``json`` and ``redfish``."""
    said: Mapping[str, str] = field(default_factory=dict)
    """What it says of itself (``inventory.TOLD``): not written down by people, nor read from what they wrote."""


@dataclass(frozen=True, slots=True)
class ServiceCheck:
    """How a service is asked. ``type`` is http, tcp, dns, tls or ping; ``target`` is a URL, name or host."""

    type: str
    target: str = ""
    port: int | None = None
    expect: str = ""
    timeout_s: float = 5.0
    verify: bool = True
    """False accepts any certificate (self-signed on the LAN); its expiry is read all the same."""


@dataclass(frozen=True, slots=True)
class Service:
    """Something people use: it runs on ``depends_on``, and ``business`` says in plain words what stops with it.
    ``redundant``: each of ``depends_on`` suffices, so it is down only while all of them are."""

    id: str
    name: str
    criticality: Criticality = Criticality.STANDARD
    depends_on: tuple[str, ...] = ()
    check: ServiceCheck | None = None
    always_on: bool = False
    business: str = ""
    redundant: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """One depot."""

    id: str
    name: str
    organisation: str = "vigie"
    timezone: str = "Africa/Algiers"
    language: str = "fr"


def gateway_device() -> Device:
    """The box itself as a device of the park."""
    return Device(GATEWAY, "Vigie", Kind.GATEWAY, criticality=Criticality.IMPORTANT, collect=("self",))


class Park:
    """The devices and services of one site, with the two relations that explain faults: topology and power.

    The gateway is always a member. Ids are unique over devices and services (settings refuse anything else).
    """

    def __init__(self, devices: Iterable[Device] = (), services: Iterable[Service] = ()) -> None:
        self.devices: dict[str, Device] = {device.id: device for device in devices}
        self.devices.setdefault(GATEWAY, gateway_device())
        self.services: dict[str, Service] = {service.id: service for service in services}
        self._dependants: dict[str, tuple[str, ...]] = {}
        for service in self.services.values():
            for device in service.depends_on:
                self._dependants[device] = (*self._dependants.get(device, ()), service.id)

    def name(self, subject: str) -> str:
        """The name people gave to a device or service; its id where it is unknown here."""
        known = self.devices.get(subject) or self.services.get(subject)
        return known.name if known else subject

    def criticality(self, subject: str) -> Criticality:
        """Criticality of a device or service; standard where it is unknown here."""
        known = self.devices.get(subject) or self.services.get(subject)
        return known.criticality if known else Criticality.STANDARD

    def path(self, device: str) -> Iterator[str]:
        """Ids of the devices between this one and the gateway, nearest first. A cycle ends the walk."""
        seen = {device}
        known = self.devices.get(device)
        while known and known.parent and known.parent not in seen and known.parent in self.devices:
            seen.add(known.parent)
            yield known.parent
            known = self.devices[known.parent]

    def behind(self, device: str) -> tuple[str, ...]:
        """Ids of the devices whose way to the gateway leads through this one."""
        return tuple(other for other in self.devices if device in self.path(other))

    def services_on(self, device: str) -> tuple[str, ...]:
        """Ids of the services that depend on this device, directly or through a service they depend on."""
        found: list[str] = []
        waiting = list(self._dependants.get(device, ()))
        while waiting:
            service = waiting.pop(0)
            if service not in found:
                found.append(service)
                waiting.extend(self._dependants.get(service, ()))
        return tuple(found)
