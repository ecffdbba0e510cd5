"""Which device hangs behind which, from what switches tell: addresses learnt on ports, neighbours by LLDP. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What a device hears from the other end of a port (LLDP, CDP). Absent is an empty string."""

    port: str
    mac: str = ""
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A device as the network sees it. ``learnt`` are the hardware addresses by port that a bridge has learnt."""

    address: str
    name: str = ""
    macs: frozenset[str] = frozenset()
    learnt: Mapping[str, frozenset[str]] = field(default_factory=dict)
    neighbours: tuple[Neighbour, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which device, at which of its ports another one hangs; ``sure`` if the way to the box is known too."""

    parent: str
    port: str
    sure: bool


def places(nodes: Sequence[Node], box: frozenset[str]) -> dict[str, Place]:
    """The place of every node that some switch has seen, by address. ``box`` are the hardware addresses of the gateway.

    A switch lies on the way of a node if it sees the node and the gateway at different ports. Of several, the nearest
    to the node is its parent: the one that lies behind the others.
    """
    owners = {mac: node.address for node in nodes for mac in node.macs}
    names = _names(nodes)
    addresses = frozenset(node.address for node in nodes)
    seen = {node.address: _ports(node, owners, names, addresses) for node in nodes if node.learnt or node.neighbours}
    towards = {node.address: _port_of(box, node) for node in nodes if node.address in seen}
    found = {}
    for node in nodes:
        on_way = {
            switch: ports[node.address]
            for switch, ports in seen.items()
            if switch != node.address and node.address in ports and ports[node.address] != towards[switch]
        }
        if not on_way:
            continue

        def nearness(switch: str, ways: Iterable[str] = tuple(on_way), me: str = node.address) -> tuple[int, int, str]:
            behind = sum(_is_behind(switch, other, seen, towards) for other in ways)
            port = seen[switch][me]
            return (behind, -sum(one == port for one in seen[switch].values()), switch)

        nearest = max(on_way, key=nearness)
        found[node.address] = Place(nearest, on_way[nearest], towards[nearest] is not None)
    return _without_circles(found)


def _names(nodes: Sequence[Node]) -> dict[str, str]:
    """Addresses by name, and by its first part where only one has it: CDP tells names with the domain, LLDP without."""
    firsts = Counter(node.name.casefold().partition(".")[0] for node in nodes if node.name)
    found = {node.name.casefold().partition(".")[0]: node.address for node in nodes if node.name}
    alone = {first: address for first, address in found.items() if firsts[first] == 1}
    return {**alone, **{node.name.casefold(): node.address for node in nodes if node.name}}


def _ports(
    node: Node, owners: Mapping[str, str], names: Mapping[str, str], addresses: frozenset[str]
) -> dict[str, str]:
    """The port at which a switch sees each other node."""
    ports = {owners[mac]: port for port, macs in sorted(node.learnt.items()) for mac in sorted(macs) if mac in owners}
    for one in node.neighbours:
        name = one.name.casefold()
        owner = owners.get(one.mac) or names.get(name) or names.get(name.partition(".")[0])
        if owner or one.address in addresses:
            ports.setdefault(owner or one.address, one.port)
    ports.pop(node.address, None)
    return ports


def _port_of(box: frozenset[str], node: Node) -> str | None:
    """The port of a switch that leads to the gateway; ``None`` if it has not seen it."""
    return next((port for port, macs in sorted(node.learnt.items()) if macs & box), None)


def _is_behind(
    switch: str, other: str, seen: Mapping[str, Mapping[str, str]], towards: Mapping[str, str | None]
) -> bool:
    """True if ``other`` lies on the way from ``switch`` to the gateway."""
    port = seen[other].get(switch)
    return other != switch and port is not None and port != towards[other]


def _without_circles(found: dict[str, Place]) -> dict[str, Place]:
    """Tables that are older than the last change of a cable may contradict each other: then nothing is claimed."""
    good = {}
    for address, place in found.items():
        way, seen = place.parent, {address}
        while way in found and way not in seen:
            seen.add(way)
            way = found[way].parent
        if way not in seen:
            good[address] = place
    return good
