"""From what was found in a network to what is proposed to people: pure. Nothing is ever added without a person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gateway.core.device import GATEWAY, Criticality, Device, Kind, Warranty
from gateway.core.inventory import plain_serial, same_serial
from gateway.core.reading import Identity
from gateway.core.topology import Node, Place, places

NO_CREDENTIAL = ""
"""Answers SNMP with the community "public", which needs no credential."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One address that answered. ``credential`` is the name under which SNMP answered, ``None`` if it did not;
    ``ports`` are open TCP ports, ``services`` the names told by mDNS, ``host_name`` what mDNS, the site's name server
    or NetBIOS call it, ``mac_vendor`` who made its port."""

    address: str
    mac: str = ""
    identity: Identity = field(default_factory=Identity)
    credential: str | None = None
    snmp_port: int = 161
    ports: tuple[int, ...] = ()
    services: tuple[str, ...] = ()
    host_name: str = ""
    mac_vendor: str = ""
    node: Node = field(default_factory=lambda: Node(""))

    @property
    def name(self) -> str:
        """What it calls itself."""
        return self.identity.name or self.host_name


class Standing(StrEnum):
    """How a finding stands to the inventory."""

    NEW = "new"
    KNOWN = "known"
    SWAPPED = "swapped"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Reason:
    """What a proposal rests on: a code of ``REASONS`` and the texts that belong into its sentence."""

    code: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return REASONS[self.code].format(*self.values)


REASONS: Mapping[str, str] = {
    "kind_snmp": "kind: SNMP, {0}",
    "kind_router": "kind: the box's way to other networks",
    "kind_mdns": "kind: mDNS, {0}",
    "kind_maker": "kind: {0} made its port",
    "kind_port": "kind: open port {0}",
    "kind_unknown": "kind: nothing tells it",
    "mdns": "mDNS: {0}",
    "ports": "open ports: {0}",
    "maker": "hardware address: made by {0}",
    "seen_at_port": "parent: {0} sees it at port {1}",
    "only_switch": "parent: the only switch",
    "only_ups": "power: the only UPS",
    "moved": "serial {0} was at {1}",
    "swapped": "serial {0} instead of {1} at {2}",
}
"""Reasons in English; the pages say them in the reader's language."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a person may add or change. ``guessed`` are the keys of the device that nothing proves; ``reasons`` say
    what the others rest on. ``replaces`` is the device of the inventory that it concerns."""

    standing: Standing
    device: Device
    finding: Finding
    guessed: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    replaces: str = ""

    @property
    def because(self) -> tuple[str, ...]:
        """The reasons in English."""
        return tuple(map(str, self.reasons))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the box knows of its own place: its hardware addresses and the address of its router."""

    macs: frozenset[str] = frozenset()
    router: str = ""


def replaced(device: Device, identity: Identity) -> bool:
    """True if another machine answers at the device's address: both serial numbers are known and differ."""
    return not same_serial(device.serial, identity.serial)


def swapped(device: Device, identity: Identity) -> Device:
    """The device after a swap: what belongs to the machine is the new one's, what belongs to its place stays."""
    return replace(
        device,
        serial=identity.serial,
        vendor=identity.vendor,
        model=identity.model,
        firmware=identity.firmware,
        purchased_on=None,
        warranty=Warranty(),
    )


def propose(findings: Sequence[Finding], inventory: Iterable[Device], around: Surroundings) -> list[Proposal]:
    """One proposal for each finding, in its order."""
    known = [device for device in inventory if device.id != GATEWAY]
    by_address = {device.address: device for device in known if device.address}
    by_serial = {plain_serial(device.serial): device for device in known if device.serial}
    ids = {device.id for device in known} | {GATEWAY}
    proposals = []
    for finding in findings:
        device = by_address.get(finding.address)
        moved = by_serial.get(plain_serial(finding.identity.serial)) if finding.identity.serial else None
        if device is not None:
            proposals.append(_of_known(finding, device))
        elif moved is not None:
            why = Reason("moved", (finding.identity.serial, moved.address or "no address"))
            there = replace(moved, address=finding.address)
            proposals.append(Proposal(Standing.MOVED, there, finding, (), (why,), moved.id))
        else:
            proposals.append(_new(finding, ids, around))
            ids.add(proposals[-1].device.id)
    return _placed(proposals, known, around)


def _of_known(finding: Finding, device: Device) -> Proposal:
    if replaced(device, finding.identity):
        why = Reason("swapped", (finding.identity.serial, device.serial, finding.address))
        there = swapped(device, finding.identity)
        return Proposal(Standing.SWAPPED, there, finding, (), (why,), device.id)
    return Proposal(Standing.KNOWN, device, finding, replaces=device.id)


def _new(finding: Finding, ids: set[str], around: Surroundings) -> Proposal:
    kind, why = kind_of(finding, around)
    proved = finding.credential is not None and bool(finding.identity.kind) and finding.identity.kind != Kind.OTHER
    guessed = ["criticality", *([] if proved else ["kind"]), *([] if finding.name else ["name"])]
    reasons = [why]
    if finding.services:
        reasons.append(Reason("mdns", (", ".join(finding.services[:6]),)))
    if finding.ports:
        reasons.append(Reason("ports", (", ".join(map(str, finding.ports)),)))
    if finding.mac_vendor:
        reasons.append(Reason("maker", (finding.mac_vendor,)))
    known = finding.identity
    device = Device(
        _unused(_slug(finding.name) or f"{_PREFIX.get(kind, kind)}-{_tail(finding.address)}", ids),
        finding.name or " ".join(part for part in (kind, finding.mac_vendor, finding.address) if part),
        kind,
        finding.address,
        _CRITICALITY.get(kind, Criticality.STANDARD),
        collect=("reach", "snmp") if finding.credential is not None else ("reach",),
        credential=finding.credential or None,
        ports={"snmp": finding.snmp_port} if finding.credential is not None and finding.snmp_port != 161 else {},
        vendor=known.vendor,
        model=known.model,
        serial=known.serial,
        firmware=known.firmware,
    )
    return Proposal(Standing.NEW, device, finding, tuple(guessed), tuple(reasons))


def _placed(proposals: list[Proposal], known: Sequence[Device], around: Surroundings) -> list[Proposal]:
    """New devices with their parent and their UPS."""
    nodes = [replace(one.finding.node, address=one.finding.address, name=one.finding.name) for one in proposals]
    seen = places(nodes, around.macs)
    ids = {one.finding.address: one.device.id for one in proposals}
    everybody = {**{device.id: device for device in known}, **{one.device.id: one.device for one in proposals}}
    switches = [device.id for device in everybody.values() if device.kind is Kind.SWITCH]
    supplies = [device.id for device in everybody.values() if device.kind is Kind.UPS]
    return [
        _with_power(_with_parent(one, seen.get(one.finding.address), ids, switches), supplies)
        if one.standing is Standing.NEW
        else one
        for one in proposals
    ]


def _with_parent(one: Proposal, place: Place | None, ids: Mapping[str, str], switches: Sequence[str]) -> Proposal:
    if place:
        device = replace(one.device, parent=ids[place.parent])
        why = Reason("seen_at_port", (ids[place.parent], place.port))
        guessed = one.guessed if place.sure else (*one.guessed, "parent")
        return replace(one, device=device, guessed=guessed, reasons=(*one.reasons, why))
    if len(switches) == 1 and switches[0] != one.device.id and one.device.kind not in _OF_THE_NETWORK:
        return replace(
            one,
            device=replace(one.device, parent=switches[0]),
            guessed=(*one.guessed, "parent"),
            reasons=(*one.reasons, Reason("only_switch")),
        )
    return one


def _with_power(one: Proposal, supplies: Sequence[str]) -> Proposal:
    if len(supplies) != 1 or one.device.kind not in _ON_UPS:
        return one
    return replace(
        one,
        device=replace(one.device, power=supplies[0]),
        guessed=(*one.guessed, "power"),
        reasons=(*one.reasons, Reason("only_ups")),
    )


_OF_THE_NETWORK = frozenset({Kind.SWITCH, Kind.ROUTER, Kind.FIREWALL})
_ON_UPS = frozenset({Kind.SERVER, Kind.NAS, Kind.HYPERVISOR, Kind.SWITCH, Kind.ROUTER, Kind.FIREWALL, Kind.BMC})
_CRITICALITY = {
    **dict.fromkeys((Kind.ROUTER, Kind.FIREWALL, Kind.UPS, Kind.HYPERVISOR), Criticality.CRITICAL),
    **dict.fromkeys((Kind.SERVER, Kind.NAS, Kind.SWITCH), Criticality.IMPORTANT),
}
_PREFIX = {
    Kind.SERVER: "srv",
    Kind.SWITCH: "sw",
    Kind.PRINTER: "prn",
    Kind.ACCESS_POINT: "ap",
    Kind.FIREWALL: "fw",
    Kind.ROUTER: "rt",
    Kind.CAMERA: "cam",
    Kind.WORKSTATION: "pc",
    Kind.HYPERVISOR: "hv",
    Kind.OTHER: "dev",
}
_BY_SERVICE = {
    "_ipp._tcp": Kind.PRINTER,
    "_ipps._tcp": Kind.PRINTER,
    "_pdl-datastream._tcp": Kind.PRINTER,
    "_printer._tcp": Kind.PRINTER,
    "_axis-video._tcp": Kind.CAMERA,
    "_rtsp._tcp": Kind.CAMERA,
    "_onvif._tcp": Kind.CAMERA,
    "_adisk._tcp": Kind.NAS,
    "_afpovertcp._tcp": Kind.NAS,
    "_workstation._tcp": Kind.WORKSTATION,
}
# makers in whose ports only one kind of thing is found in depots
_BY_MAKER = {
    **dict.fromkeys(("Axis", "Hikvision", "Dahua"), Kind.CAMERA),
    **dict.fromkeys(
        ("Brother", "Ricoh", "Kyocera", "Xerox", "Lexmark", "Canon", "Epson", "Konica Minolta"), Kind.PRINTER
    ),
    **dict.fromkeys(("Synology", "QNAP"), Kind.NAS),
    **dict.fromkeys(("APC", "CyberPower", "Tripp Lite"), Kind.UPS),
    **dict.fromkeys(("Raritan",), Kind.PDU),
    **dict.fromkeys(("MikroTik", "Teltonika"), Kind.ROUTER),
    **dict.fromkeys(("Fortinet",), Kind.FIREWALL),
    **dict.fromkeys(("Supermicro",), Kind.SERVER),
    **dict.fromkeys(("HW group",), Kind.SENSOR),
}
# ports that must all be open -> kind; the first that fits
_BY_PORTS: tuple[tuple[frozenset[int], Kind], ...] = tuple(
    (frozenset(ports), kind)
    for ports, kind in (
        ((9100,), Kind.PRINTER),
        ((515,), Kind.PRINTER),
        ((554,), Kind.CAMERA),
        ((8006,), Kind.HYPERVISOR),
        ((902, 443), Kind.HYPERVISOR),
        ((8291,), Kind.ROUTER),
        ((5000, 445), Kind.NAS),
        ((8080, 445, 22), Kind.NAS),
        ((548,), Kind.NAS),
        ((389, 445), Kind.SERVER),
        ((1433,), Kind.SERVER),
        ((3306,), Kind.SERVER),
        ((5432,), Kind.SERVER),
        ((1521,), Kind.SERVER),
        ((3389,), Kind.WORKSTATION),
        ((445,), Kind.WORKSTATION),
        ((22,), Kind.SERVER),
    )
)


def kind_of(finding: Finding, around: Surroundings) -> tuple[Kind, Reason]:
    """The kind of a device and what tells it."""
    told = finding.identity.kind
    if finding.credential is not None and told in set(Kind) and told != Kind.OTHER:
        return Kind(told), Reason("kind_snmp", (finding.identity.profile or "its description",))
    if finding.address == around.router:
        return Kind.ROUTER, Reason("kind_router")
    for service in finding.services:
        if service in _BY_SERVICE:
            return _BY_SERVICE[service], Reason("kind_mdns", (service,))
    if finding.mac_vendor in _BY_MAKER:
        return _BY_MAKER[finding.mac_vendor], Reason("kind_maker", (finding.mac_vendor,))
    opened = frozenset(finding.ports)
    for ports, kind in _BY_PORTS:
        if ports <= opened:
            return kind, Reason("kind_port", (", ".join(map(str, sorted(ports))),))
    return Kind.OTHER, Reason("kind_unknown")


def _slug(name: str) -> str:
    first = name.partition(".")[0] if not re.fullmatch(r"[\d.]+", name) else name
    return re.sub(r"[^a-z0-9_-]+", "-", first.lower()).strip("-_")[:63]


def _tail(address: str) -> str:
    return "-".join(re.findall(r"[0-9a-f]+", address.lower())[-2:])


def _unused(wanted: str, ids: set[str]) -> str:
    if wanted not in ids:
        return wanted
    return next(name for number in range(2, len(ids) + 3) if (name := f"{wanted[:58]}-{number}") not in ids)
