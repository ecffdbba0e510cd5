"""What a host is called by the site's own name servers (a PTR record, RFC 1035) and by itself (NetBIOS, RFC 1002)."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import struct
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path

from gateway.collect import mdns
from gateway.collect.surroundings import Network

DNS_PORT, NETBIOS_PORT = 53, 137
_WAIT_S = 0.6
_HEADER = struct.Struct("!6H")
_NBSTAT, _IN = 0x21, 1
# the name "*", padded with zeros, each byte as two letters from A on (RFC 1001, 14.1)
_ANYBODY = b"\x20" + b"CK" + b"A" * 30 + b"\0"
_UNIQUE_STATION, _GROUP = 0x00, 0x8000
_ROW = struct.Struct("!15sBH")


def name_servers(allowed: Sequence[Network], router: str, resolv_conf: Path = Path("/etc/resolv.conf")) -> list[str]:
    """Whom the names of the site may be asked of: name servers of this machine, and its router, as far as they stand in
    the site's own networks. A provider's server is not told which addresses a depot has."""
    try:
        lines = resolv_conf.read_text().splitlines()
    except OSError:
        lines = []
    told = [words[1] for line in lines if (words := line.split())[:1] == ["nameserver"] and len(words) > 1]
    return [one for one in dict.fromkeys((*told, router)) if _within(one, allowed)]


def _within(address: str, networks: Iterable[Network]) -> bool:
    try:
        return any(ipaddress.IPv4Address(address) in network for network in networks)
    except ValueError:
        return False


def ptr_question(identifier: int, address: str) -> bytes:
    """What is the name of this address?"""
    name = mdns.encoded(ipaddress.ip_address(address).reverse_pointer)
    return _HEADER.pack(identifier, 0x0100, 1, 0, 0, 0) + name + struct.pack("!2H", mdns.PTR, _IN)


def netbios_question(identifier: int) -> bytes:
    """Which names do you have (node status request)?"""
    return _HEADER.pack(identifier, 0, 1, 0, 0, 0) + _ANYBODY + struct.pack("!2H", _NBSTAT, _IN)


def netbios_name(packet: bytes) -> str:
    """The name of the machine in a node status response; "" for anything else."""
    at = _HEADER.size + len(_ANYBODY) + 10
    try:
        _, flags, _, answers, *_ = _HEADER.unpack_from(packet)
        if not flags & 0x8000 or not answers:
            return ""
        for number in range(packet[at]):
            raw, suffix, bits = _ROW.unpack_from(packet, at + 1 + number * _ROW.size)
            if suffix == _UNIQUE_STATION and not bits & _GROUP:
                return "".join(char for char in raw.decode("cp850").rstrip(" \0") if char.isprintable())
    except (struct.error, IndexError):
        pass  # what came is no such answer
    return ""


class _Exchange(asyncio.DatagramProtocol):
    def __init__(self, identifier: int) -> None:
        self._identifier = struct.pack("!H", identifier)
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: object) -> None:
        # a late or forged answer to another question is passed over
        if data[:2] == self._identifier and not self.answer.done():
            self.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _exchanged(where: tuple[str, int], make: Callable[[int], bytes]) -> bytes:
    """The answer; ``b""`` if none comes in time."""
    identifier = secrets.randbelow(1 << 16)
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(_WAIT_S):
            transport, exchange = await loop.create_datagram_endpoint(lambda: _Exchange(identifier), remote_addr=where)
            try:
                transport.sendto(make(identifier))
                return await exchange.answer
            finally:
                transport.close()
    return b""


async def reverse(address: str, server: tuple[str, int]) -> str:
    """What a name server calls an address; "" if nothing."""
    return mdns.answers(await _exchanged(server, lambda number: ptr_question(number, address)))[1]


async def netbios(address: str, port: int = NETBIOS_PORT) -> str:
    """What a machine calls itself by NetBIOS; "" if nothing."""
    return netbios_name(await _exchanged((address, port), netbios_question))


def asker(servers: Sequence[str]) -> Callable[[str, Callable[[], Awaitable[None]]], Awaitable[str]]:
    """Asks the name servers first, then the machine itself; each question waits for its turn."""

    async def name(address: str, turn: Callable[[], Awaitable[None]]) -> str:
        for server in servers:
            await turn()
            if found := await reverse(address, (server, DNS_PORT)):
                return found
        await turn()
        return await netbios(address)

    return name
