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
    ``ports`` are open TCP ports, ``services`` the names told by mDNS."""

    address: str
    mac: str = ""
    identity: Identity = field(default_factory=Identity)
    credential: str | None = None
    snmp_port: int = 161
    ports: tuple[int, ...] = ()
    services: tuple[str, ...] = ()
    host_name: str = ""
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
class Proposal:
    """What a person may add or change. ``guessed`` are the keys of the device that nothing proves; ``because`` says
    what the others rest on. ``replaces`` is the device of the inventory that it concerns."""

    standing: Standing
    device: Device
    finding: Finding
    guessed: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    replaces: str = ""


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
            why = f"serial {finding.identity.serial} was at {moved.address or 'no address'}"
            there = replace(moved, address=finding.address)
            proposals.append(Proposal(Standing.MOVED, there, finding, (), (why,), moved.id))
        else:
            proposals.append(_new(finding, ids, around))
            ids.add(proposals[-1].device.id)
    return _placed(proposals, known, around)


def _of_known(finding: Finding, device: Device) -> Proposal:
    if replaced(device, finding.identity):
        why = f"serial {finding.identity.serial} instead of {device.serial} at {finding.address}"
        there = swapped(device, finding.identity)
        return Proposal(Standing.SWAPPED, there, finding, (), (why,), device.id)
    return Proposal(Standing.KNOWN, device, finding, replaces=device.id)


def _new(finding: Finding, ids: set[str], around: Surroundings) -> Proposal:
    kind, why = kind_of(finding, around)
    proved = finding.credential is not None and bool(finding.identity.kind) and finding.identity.kind != Kind.OTHER
    guessed = ["criticality", *([] if proved else ["kind"])]
    because = [f"kind: {why}"]
    if finding.services:
        because.append(f"mDNS: {', '.join(finding.services[:6])}")
    if finding.ports:
        because.append(f"open ports: {', '.join(map(str, finding.ports))}")
    known = finding.identity
    device = Device(
        _unused(_slug(finding.name) or f"{_PREFIX.get(kind, kind)}-{_tail(finding.address)}", ids),
        finding.name or f"{kind} {finding.address}",
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
    return Proposal(Standing.NEW, device, finding, tuple(guessed), tuple(because))


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
        why = f"parent: {ids[place.parent]} sees it at port {place.port}"
        guessed = one.guessed if place.sure else (*one.guessed, "parent")
        return replace(one, device=device, guessed=guessed, because=(*one.because, why))
    if len(switches) == 1 and switches[0] != one.device.id and one.device.kind not in _OF_THE_NETWORK:
        device = replace(one.device, parent=switches[0])
        return replace(
            one, device=device, guessed=(*one.guessed, "parent"), because=(*one.because, "parent: the only switch")
        )
    return one


def _with_power(one: Proposal, supplies: Sequence[str]) -> Proposal:
    if len(supplies) != 1 or one.device.kind not in _ON_UPS:
        return one
    return replace(
        one,
        device=replace(one.device, power=supplies[0]),
        guessed=(*one.guessed, "power"),
        because=(*one.because, "power: the only UPS"),
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


def kind_of(finding: Finding, around: Surroundings) -> tuple[Kind, str]:
    """The kind of a device and what tells it."""
    told = finding.identity.kind
    if finding.credential is not None and told in set(Kind) and told != Kind.OTHER:
        profile = finding.identity.profile or "its description"
        return Kind(told), f"SNMP, {profile}"
    if finding.address == around.router:
        return Kind.ROUTER, "the box's way to other networks"
    for service in finding.services:
        if service in _BY_SERVICE:
            return _BY_SERVICE[service], f"mDNS, {service}"
    opened = frozenset(finding.ports)
    for ports, kind in _BY_PORTS:
        if ports <= opened:
            return kind, f"open port {', '.join(map(str, sorted(ports)))}"
    return Kind.OTHER, "nothing tells it"


def _slug(name: str) -> str:
    first = name.partition(".")[0] if not re.fullmatch(r"[\d.]+", name) else name
    return re.sub(r"[^a-z0-9_-]+", "-", first.lower()).strip("-_")[:63]


def _tail(address: str) -> str:
    return "-".join(re.findall(r"[0-9a-f]+", address.lower())[-2:])


def _unused(wanted: str, ids: set[str]) -> str:
    if wanted not in ids:
        return wanted
    return next(name for number in range(2, len(ids) + 3) if (name := f"{wanted[:58]}-{number}") not in ids)
