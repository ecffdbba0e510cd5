"""Sweeps a network: who answers, what it is, what it offers. Paced, bounded, and ended at any moment."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from gateway.collect import mdns
from gateway.collect.asking import NoAnswerError
from gateway.collect.discover_snmp import Told
from gateway.collect.echo import ForbiddenError, Pinger
from gateway.collect.host_names import asker
from gateway.collect.surroundings import Network, hardware_addresses
from gateway.core.discovery import Finding
from gateway.profiles.macs import mac_vendor

# services that tell what a machine is; each is one TCP connection that says nothing
PORTS = (
    *(22, 53, 80, 135, 139, 389, 443, 445, 515, 548, 554, 631, 902, 1433, 1521, 3306, 3389, 3493, 5000, 5432, 5900),
    *(8006, 8080, 8291, 8443, 9100),
)
_SIGNS = (22, 80, 443, 445, 9100)
"""Asked of an address that answers no ping: a firewall of Windows lets some of them through."""

_TCP_S = 0.7
_AT_ONCE = 32


class Asker(Protocol):
    """Asks an address by SNMP."""

    async def ask(self, address: str) -> tuple[str, Told] | None:
        """(name of the credential, what was told); ``None`` if no credential is answered."""
        ...


@dataclass(slots=True)
class Pace:
    """At most ``per_s`` questions a second."""

    per_s: float = 100.0
    _next: float = 0.0

    async def wait(self) -> None:
        """Comes back when the next question may be sent."""
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now) + 1.0 / self.per_s
        await asyncio.sleep(self._next - 1.0 / self.per_s - now)


async def tcp_open(address: str, port: int) -> bool:
    """True if a TCP connection is accepted; nothing is said on it."""
    try:
        async with asyncio.timeout(_TCP_S):
            _, writer = await asyncio.open_connection(address, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


@dataclass(frozen=True, slots=True)
class Means:
    """How a sweep asks. ``neighbours`` are the hardware addresses that answered ARP, ``hints`` asks an address for its
    services and its name."""

    pinger: Pinger
    asker: Asker
    pace: Pace = field(default_factory=Pace)
    snmp_port: int = 161
    ports: Sequence[int] = PORTS
    neighbours: Callable[[], Mapping[str, str]] = hardware_addresses
    on_link: Sequence[Network] = ()
    """Networks at the box's own ports: who does not answer ARP there is not there."""
    tcp_open: Callable[[str, int], Awaitable[bool]] = tcp_open
    hints: Callable[[str], Awaitable[tuple[tuple[str, ...], str]]] = mdns.ask
    names: Callable[[str, Callable[[], Awaitable[None]]], Awaitable[str]] = field(default_factory=lambda: asker(()))
    """Asks for the name of an address that did not tell one; each of its questions waits for its turn."""


@dataclass(slots=True)
class Sweep:
    """One sweep. ``findings`` grow while it runs; ``asked`` counts addresses, ``notes`` are what people must know."""

    means: Means
    findings: list[Finding] = field(default_factory=list)
    asked: int = 0
    complete: bool = False
    notes: list[str] = field(default_factory=list)
    _may_ping: bool = True

    async def run(self, addresses: Sequence[str], told: Callable[[Sweep], None] = lambda _sweep: None) -> None:
        """Asks every address; ``told`` hears of each that is done. Cancel it to end it: what was found stays."""
        waiting = iter(addresses)

        async def work() -> None:
            for address in waiting:
                found = await self._look(address)
                self.asked += 1
                if found is not None:
                    self.findings.append(found)
                told(self)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(_AT_ONCE, len(addresses))):
                    group.create_task(work())
            self.complete = True
        finally:
            known = self.means.neighbours()
            self.findings = [
                replace(
                    one,
                    mac=known.get(one.address, ""),
                    mac_vendor=one.identity.mac_vendor or mac_vendor(known.get(one.address, "")),
                    node=replace(one.node, macs=one.node.macs | {known[one.address]})
                    if one.address in known
                    else one.node,
                )
                for one in sorted(self.findings, key=lambda one: tuple(map(int, one.address.split("."))))
            ]

    async def _look(self, address: str) -> Finding | None:
        loopback = address.startswith("127.")  # every address of it answers a ping
        there = not loopback and (await self._pings(address) or address in self.means.neighbours())
        if not there and self._may_ping and self._on_link(address):
            return None
        ports = await self._open(address, self.means.ports if there or loopback else _SIGNS)
        if not there and not loopback:
            if not ports:
                return None
            ports = (*ports, *await self._open(address, [one for one in self.means.ports if one not in _SIGNS]))
        await self.means.pace.wait()
        answered = await self.means.asker.ask(address)
        if loopback and not ports and answered is None:
            return None
        await self.means.pace.wait()
        services, host = await self.means.hints(address)
        if not host and not (answered and answered[1].identity.name):
            host = await self.means.names(address, self.means.pace.wait)
        finding = Finding(address, ports=tuple(sorted(ports)), services=services, host_name=host)
        if answered is None:
            return finding
        credential, said = answered
        return replace(
            finding, identity=said.identity, node=said.node, credential=credential, snmp_port=self.means.snmp_port
        )

    def _on_link(self, address: str) -> bool:
        return any(ipaddress.IPv4Address(address) in network for network in self.means.on_link)

    async def _pings(self, address: str) -> bool:
        if not self._may_ping:
            return False
        await self.means.pace.wait()
        try:
            await self.means.pinger.ask(address)
        except NoAnswerError:
            return False
        except ForbiddenError as error:
            self._may_ping = False
            if str(error) not in self.notes:
                self.notes.append(str(error))
            return False
        return True

    async def _open(self, address: str, ports: Sequence[int]) -> tuple[int, ...]:
        found = []
        for port in ports:
            await self.means.pace.wait()
            if await self.means.tcp_open(address, port):
                found.append(port)
        return tuple(found)
