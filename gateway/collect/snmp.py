"""The SNMP collector: asks devices by v1, v2c or v3 and understands them by profiles."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.clock import Clock
from gateway.collect.snmp_ask import AskError, Patience, Session
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.snmp_lines import Line, Lines
from gateway.collect.snmp_poll import Fetched, Known, fetch, identify
from gateway.collect.snmp_post import refuses
from gateway.collect.snmp_rates import Sample, rate, restarted
from gateway.collect.snmp_read import combine, understand
from gateway.collect.snmp_read import identify as identity_of
from gateway.collect.snmp_values import SYS_UP_TIME, number_of, system_of
from gateway.core.device import Device
from gateway.core.errors import VigieError
from gateway.core.reading import Failure, FailureKind, Identity, Poll, Reading
from gateway.profiles.model import Profile
from gateway.profiles.vendors import vendor_of

__all__ = ["SnmpAuth", "SnmpCollector"]


_USUAL = Patience()
_SILENT = 2
"""Failed polls after which a device may be another one when it comes back."""


@dataclass(slots=True)
class _Memory:
    """What is kept of one device between polls."""

    line: Line
    auth: SnmpAuth
    known: Known | None = None
    identity: Identity = field(default_factory=Identity)
    silent: int = 0
    uptime: float | None = None
    polled_at: float = 0.0
    counters: dict[tuple[str, str], Sample] = field(default_factory=dict)


class SnmpCollector:
    """Asks devices by SNMP and understands them by profiles.

    ``credentials`` are by name; a device without one is asked with v2c and the community "public".
    ``lines`` make the sessions to speak with.
    """

    name = "snmp"

    def __init__(
        self,
        credentials: Mapping[str, SnmpAuth],
        profiles: Sequence[Profile],
        clock: Clock,
        *,
        patience: Patience = _USUAL,
        lines: Lines | None = None,
    ) -> None:
        self._credentials = credentials
        self._profiles = profiles
        self._clock = clock
        self._patience = patience
        self._memories: dict[str, _Memory] = {}
        self._lines = lines or Lines()

    async def poll(self, device: Device) -> Poll:
        """Asks the device once. Raises VigieError if its credential is not known."""
        memory = self._memory(device)
        started, at = self._clock.monotonic(), self._clock.wall()
        session: Session | None = None
        try:
            async with asyncio.timeout(self._patience.deadline_s):
                where = (device.address, device.ports.get("snmp", 161))
                session = await memory.line.open(where, self._patience)
                fetched = await self._ask(session, memory)
            if session.remarks:
                remarks = [Failure(FailureKind.GARBLED, f"snmp {device.address}", one) for one in session.remarks]
                fetched.partial = (*fetched.partial, *remarks)
            poll = self._understood(device.id, memory, fetched, at)
            if session.remarks:
                memory.known = None  # another device may answer there now
        except AskError as error:
            poll = Poll(device.id, self.name, at, failure=await self._failed(device, memory, error))
        except TimeoutError:
            late = AskError(FailureKind.TIMEOUT, f"not done after {self._patience.deadline_s:g} s")
            poll = Poll(device.id, self.name, at, failure=await self._failed(device, memory, late))
        elapsed = self._clock.monotonic() - started
        return replace(poll, requests=session.requests if session else 0, elapsed_s=elapsed)

    def forget(self, device: str) -> None:
        """Drops what was learnt of a device, for one that was removed or replaced."""
        self._memories.pop(device, None)

    def close(self) -> None:
        """Ends all sockets."""
        self._memories.clear()
        self._lines.close()

    def _memory(self, device: Device) -> _Memory:
        name = device.credential
        if name is not None and name not in self._credentials:
            raise VigieError(f"device {device.id}: no credential is named {name!r}", remedy="add it to site.toml")
        snmp_auth = self._credentials[name] if name is not None else SnmpAuth()
        memory = self._memories.get(device.id)
        if memory is None or memory.auth != snmp_auth:
            self.forget(device.id)
            memory = self._memories[device.id] = _Memory(self._lines.line(snmp_auth), snmp_auth)
        return memory

    async def _ask(self, session: Session, memory: _Memory) -> Fetched:
        if memory.known is None:
            memory.known = await identify(session, self._profiles)
        full = memory.known.full
        fetched = await fetch(session, memory.known)
        if system_of(fetched.answers) != memory.known.system:
            memory.known = await identify(session, self._profiles)  # another device at the same address
            memory.counters.clear()
            full = True
            fetched = await fetch(session, memory.known)
        started = memory.known.polls == 1  # then everything was asked: it may be another machine of the same model
        if started or (full and not (fetched.partial and memory.identity.serial)):
            system = memory.known.system
            memory.identity = identity_of(memory.known.profiles, fetched.answers, vendor_of(system.object_id))
        return fetched

    def _understood(self, device: str, memory: _Memory, fetched: Fetched, at: float) -> Poll:
        known = memory.known
        profiles, plans = (known.profiles, known.plans) if known else ([], {})
        items = combine(understand(profile, fetched.answers, plans) for profile in profiles)
        before = self._counters_before(memory, number_of(fetched.answers.get(SYS_UP_TIME)))
        memory.silent = 0
        readings, rates = [], []
        for metric, value, instance, label, severity, source, tag, rated, _adds in items:
            readings.append(Reading(device, metric, value, at, instance, label, severity, source))
            if tag is not None and not isinstance(value, str):
                key = metric, instance
                memory.counters[key] = now = Sample(value, memory.polled_at, tag)
                if rated and key in before and (per_second := rate(before[key], now)) is not None:
                    rates.append(Reading(device, rated, per_second, at, instance, label, severity, source))
        return Poll(device, self.name, at, (*readings, *rates), partial=fetched.partial, identity=memory.identity)

    def _counters_before(self, memory: _Memory, ticks: float | None) -> Mapping[tuple[str, str], Sample]:
        """The counters of the last poll, none if the agent started anew since; those of this poll are begun."""
        now = self._clock.monotonic()
        uptime = None if ticks is None else ticks / 100
        before = {} if restarted(memory.uptime, uptime, now - memory.polled_at) else memory.counters
        memory.counters, memory.uptime, memory.polled_at = {}, uptime, now
        return before

    async def _failed(self, device: Device, memory: _Memory, error: AskError) -> Failure:
        """The failure to tell; forgets what a device that comes back may no longer be."""
        kind, detail = error.kind, error.detail
        memory.silent += 1
        if kind is FailureKind.TIMEOUT and await refuses(device.address, device.ports.get("snmp", 161)):
            kind, detail = FailureKind.REFUSED, "nothing listens at this port"
        if memory.silent >= _SILENT:
            memory.known = None
            memory.line.renew()
        return Failure(kind, f"snmp {device.address}", detail)
