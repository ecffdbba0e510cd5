"""Where the box stands: networks at its own ports, its router, hardware addresses of its neighbours (Linux)."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from pathlib import Path

from gateway.core.discovery import Surroundings
from gateway.core.errors import VigieError

LARGEST = 4096
"""Addresses of one sweep: a /20."""

_LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")
_UP, _GATEWAY, _COMPLETE = 0x1, 0x2, 0x2
_PROC = Path("/proc")
_SYS = Path("/sys")

Network = ipaddress.IPv4Network


def attached(proc: Path = _PROC) -> list[Network]:
    """The private networks at the box's own ports."""
    found = []
    for _, destination, gateway, flags, mask in _routes(proc):
        if flags & _UP and not gateway and mask:
            network = ipaddress.ip_network((destination, mask.bit_count()), strict=False)
            if isinstance(network, Network) and network.is_private:
                found.append(network)
    return found


def surroundings(proc: Path = _PROC, sys: Path = _SYS) -> Surroundings:
    """The box's hardware addresses and its router."""
    macs = set()
    for file in sorted(sys.glob("class/net/*/address")):
        text = _read(file).strip().lower()
        if text.strip("0:"):
            macs.add(text)
    router = next(
        (str(ipaddress.ip_address(gateway)) for _, _, gateway, flags, _ in _routes(proc) if flags & _GATEWAY), ""
    )
    return Surroundings(frozenset(macs), router)


def _routes(proc: Path) -> Iterable[tuple[str, int, int, int, int]]:
    """(port, destination, gateway, flags, mask) of every route, addresses as numbers."""
    for line in _read(proc / "net" / "route").splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 8:
            destination, gateway, mask = (socket.ntohl(int(fields[at], 16)) for at in (1, 2, 7))
            yield fields[0], destination, gateway, int(fields[3], 16), mask


def hardware_addresses(proc: Path = _PROC) -> dict[str, str]:
    """Hardware addresses by address, of those that answered ARP lately."""
    found = {}
    for line in _read(proc / "net" / "arp").splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 4 and int(fields[2], 16) & _COMPLETE and fields[3].strip("0:"):
            found[fields[0]] = fields[3].lower()
    return found


def own_addresses(proc: Path = _PROC) -> frozenset[str]:
    """The box's own addresses, without the loopback's."""
    found, address = set(), ""
    for line in _read(proc / "net" / "fib_trie").splitlines():
        words = line.split()
        if words[:1] == ["|--"]:
            address = words[1]
        elif words[:3] == ["/32", "host", "LOCAL"] and not address.startswith("127."):
            found.add(address)
    return frozenset(found)


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def permitted(wanted: str, site: Iterable[str], own: Iterable[Network]) -> Network:
    """The network to sweep. Raises VigieError if it is none, too large, or not the site's.

    ``site`` are the ranges of ``[networks]``; where the site has named none, ``own`` are allowed: the private networks
    at the box's own ports. The loopback is always allowed.
    """
    try:
        network = ipaddress.IPv4Network(wanted, strict=False)
    except ValueError:
        raise VigieError(f"{wanted!r} is no network", remedy="write it as 192.168.1.0/24") from None
    if network.num_addresses > LARGEST:
        raise VigieError(f"{network} has {network.num_addresses} addresses", remedy="sweep /20 at most, in parts")
    ranges = [one for one in map(ipaddress.ip_network, site) if isinstance(one, Network)]
    allowed = ranges or list(own)
    if network.subnet_of(_LOOPBACK) or any(network.subnet_of(one) for one in allowed):
        return network
    if ranges:
        names = ", ".join(map(str, ranges))
        raise VigieError(f"{network} is not of this site ({names})", remedy="add it to [networks] ranges of site.toml")
    names = ", ".join(map(str, allowed)) or "none"
    raise VigieError(
        f"{network} is not at a port of this machine ({names})",
        remedy="name the site's networks in [networks] ranges of site.toml and give --config",
    )


def addresses(network: Network, own: frozenset[str] = frozenset()) -> list[str]:
    """The addresses of a network that other hosts may have."""
    return [text for one in network.hosts() if (text := str(one)) not in own]
