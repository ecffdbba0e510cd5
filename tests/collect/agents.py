"""SNMP agents on loopback that answer from a recording, by v2c or v3, and spoil the answer as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from gateway.clock import FakeClock
from gateway.collect.snmp import SnmpAuth, SnmpCollector
from gateway.collect.snmp_ask import Patience
from gateway.collect.snmp_codec import GarbledError, decode_message, expect
from gateway.collect.snmp_usm import Keys, localised_key, master_key, privacy_key
from gateway.collect.snmp_v3 import AUTH, PRIV, Head, Secured, decode, encode
from gateway.core.device import Device
from gateway.core.reading import Poll
from gateway.profiles.load import shipped
from gateway.profiles.recording import Oid, Value, parse
from gateway.simulate import ber
from gateway.simulate.agents import answer
from gateway.simulate.mib import View

RECORDINGS = Path(__file__).parents[1] / "recordings"
V3 = SnmpAuth("3", user="vigie", auth="password one", priv="password two")
LEVEL, NOT_IN_TIME, USER, ENGINE, DIGEST, DECRYPTION = range(1, 7)
"""The counters of USM that reports tell."""

Fault = Callable[[ber.Request, bytes], bytes | None]
"""What an agent sends instead of the right answer, both as v2c messages; None for nothing."""

FIRST, SECOND = b"\x80\0\0\0\x05first", b"\x80\0\0\0\x05second"


@lru_cache
def keys_of(auth: SnmpAuth, engine_id: bytes) -> Keys:
    if not auth.auth:
        return Keys()
    auth_key = localised_key(auth.auth_protocol, master_key(auth.auth_protocol, auth.auth.encode()), engine_id)
    protocols = auth.auth_protocol, auth.priv_protocol
    priv_key = (
        privacy_key(protocols, master_key(auth.auth_protocol, auth.priv.encode()), engine_id) if auth.priv else b""
    )
    return Keys(auth.auth_protocol, auth_key, auth.priv_protocol, priv_key)


@dataclass
class Secure:
    """The user-based security of an agent, with all that can go wrong with it.

    ``silent_on`` are reports that it keeps to itself; ``always`` is the report it answers to every question of a user;
    ``spoil`` changes finished messages.
    """

    auth: SnmpAuth = V3
    engine_id: bytes = FIRST
    boots: int = 3
    time: int = 100_000
    shown_clock: tuple[int, int] | None = None
    always: int = 0
    silent_on: tuple[int, ...] = ()
    answer_flags: int | None = None
    spoil: Callable[[bytes], list[bytes]] = field(default=lambda message: [message])
    reports: list[int] = field(default_factory=list)

    @property
    def level(self) -> int:
        return (AUTH if self.auth.auth else 0) | (PRIV if self.auth.priv else 0)

    def take(self, data: bytes, respond: Callable[[bytes], bytes | None]) -> list[bytes]:
        """The datagrams that answer one; ``respond`` answers a v2c message."""
        try:
            asked = decode(data)
        except GarbledError:
            return []
        keys = keys_of(self.auth, self.engine_id)
        trouble = self._trouble(asked, keys)
        if trouble:
            self.reports.append(trouble)
            return [] if trouble in self.silent_on else [self._report(asked.head, trouble, keys)]
        plain = asked.payload
        if asked.head.flags & PRIV:
            plain = keys.decrypt(plain, (asked.head.boots, asked.head.time), asked.salt)
        said = respond(ber.tlv(ber.SEQUENCE, b"\x02\x01\x01" + ber.tlv(ber.OCTETS, b"public") + _pdu_of(plain)))
        if said is None:
            return []
        try:
            _version, at = decode_message(said)
            _start, at = expect(said, at, ber.OCTETS)
        except GarbledError:
            return [said]  # garbage is sent as it is
        flags = self.level if self.answer_flags is None else self.answer_flags
        return self.spoil(self._message(asked.head, flags, said[at:], keys))

    def _trouble(self, asked: Secured, keys: Keys) -> int:
        head = asked.head
        if head.engine_id != self.engine_id:
            return ENGINE
        if self.always:
            return self.always
        if head.user != self.auth.user.encode():
            return USER
        if head.flags & 3 != self.level:
            return LEVEL
        if self.level and not asked.proved_by(keys):
            return DIGEST
        if self.level and (head.boots != self.boots or abs(head.time - self.time) > 150):
            return NOT_IN_TIME
        if self.level & PRIV:
            plain = keys.decrypt(asked.payload, (head.boots, head.time), asked.salt)
            try:
                expect(plain, 0, ber.SEQUENCE)
            except GarbledError:
                return DECRYPTION
        return 0

    def _report(self, head: Head, trouble: int, keys: Keys) -> bytes:
        oid = (1, 3, 6, 1, 6, 3, 15, 1, 1, trouble, 0)
        body = b"\x02\x01\x00" * 3 + ber.tlv(ber.SEQUENCE, ber.encode_binding(oid, (ber.COUNTER32, 1)))
        flags = self.level & AUTH if trouble == NOT_IN_TIME else 0
        return self._message(head, flags, ber.tlv(0xA8, body), keys)

    def _message(self, head: Head, flags: int, pdu: bytes, keys: Keys) -> bytes:
        boots, time = self.shown_clock or (self.boots, self.time)
        return encode(Head(head.message_id, flags, self.engine_id, boots, time, head.user), pdu, keys, b"saltsalt")


def _pdu_of(plain: bytes) -> bytes:
    start, end = expect(plain, 0, ber.SEQUENCE)
    _start, at = expect(plain, start, ber.OCTETS)
    _start, at = expect(plain, at, ber.OCTETS)
    return plain[at:end]


class Agent(asyncio.DatagramProtocol):
    """An agent that answers from a recording and then spoils the answer; by v3 if it has ``secure``."""

    def __init__(self, values: dict[Oid, Value], fault: Fault | None = None, secure: Secure | None = None) -> None:
        self.values = values
        self.fault = fault
        self.secure = secure
        self.port = 0
        self.times = 1
        self.requests: list[ber.Request] = []
        self.asked = asyncio.Event()
        self.said: list[bytes] = []
        """Everything it sent."""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self.secure is not None:
            answers = self.secure.take(data, self._respond)
        else:
            said = self._respond(data)
            answers = [said] if said is not None else []
        self.said += answers
        for said in answers * self.times:
            self._transport.sendto(said, addr)

    def _respond(self, message: bytes) -> bytes | None:
        try:
            request = ber.decode_request(message)
        except ber.GarbledError:
            return None
        self.requests.append(request)
        self.asked.set()
        right = answer(request, View(self.values))
        return self.fault(request, right) if self.fault else right


@asynccontextmanager
async def agent(
    recording: str = "switch", fault: Fault | None = None, secure: Secure | None = None
) -> AsyncIterator[Agent]:
    """A running agent."""
    values = parse((RECORDINGS / f"{recording}.rec").read_text(encoding="utf-8"))
    loop = asyncio.get_running_loop()
    transport, running = await loop.create_datagram_endpoint(
        lambda: Agent(values, fault, secure), local_addr=("127.0.0.1", 0)
    )
    try:
        yield running
    finally:
        transport.close()


def with_error(request: ber.Request, status: int) -> bytes:
    """A v2c answer with an error and no values."""
    body = ber.tlv(ber.INTEGER, ber.encode_integer(request.request_id)) + bytes([2, 1, status, 2, 1, 0])
    body += ber.tlv(ber.SEQUENCE, b"")
    head = b"\x02\x01\x01" + ber.tlv(ber.OCTETS, request.community.encode())
    return ber.tlv(ber.SEQUENCE, head + ber.tlv(ber.RESPONSE, body))


class Bench:
    """Agents and a collector that speak one version of SNMP."""

    with_error = staticmethod(with_error)

    def __init__(self, version: str) -> None:
        self.auth = V3 if version == "3" else SnmpAuth()

    def agent(self, recording: str = "switch", fault: Fault | None = None) -> AbstractAsyncContextManager[Agent]:
        """A running agent."""
        return agent(recording, fault, Secure() if self.auth.version == "3" else None)

    @asynccontextmanager
    async def collector(self, clock: FakeClock | None = None) -> AsyncIterator[SnmpCollector]:
        """A collector that waits half a second and asks once."""
        patience = Patience(0.5, 0, 20.0)
        running = SnmpCollector({"it": self.auth}, shipped(), clock or FakeClock(), patience=patience)
        try:
            yield running
        finally:
            running.close()

    def device(self, port: int) -> Device:
        """The device whose agent listens at a port."""
        return Device("thing", "Thing", address="127.0.0.1", credential="it", ports={"snmp": port})

    async def poll(self, fault: Fault | None, recording: str = "switch") -> Poll:
        """One poll of an agent with a fault."""
        async with self.agent(recording, fault) as running, self.collector() as asking:
            return await asyncio.wait_for(asking.poll(self.device(running.port)), 30)
