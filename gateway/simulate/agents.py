"""SNMP agents on real UDP sockets for the simulated devices: v2c by hand (light), v3 by pysnmp.

A dark device keeps its socket and says nothing, so whoever asks runs into a true time-out; a closed socket would be
answered by the kernel with "connection refused", which no switched-off machine ever sends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

from gateway.core.errors import UnavailableError
from gateway.simulate import ber
from gateway.simulate.ber import Oid, Request, Value
from gateway.simulate.mib import View

_LARGEST = 1400
"""Bytes of variable bindings in one answer: what fits into one Ethernet frame."""

_log = logging.getLogger(__name__)

Look = Callable[[], View | None]
"""What the device shows at this moment; None while it is dark."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an agent listens."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Login:
    """An SNMP v3 user with SHA-256 authentication and AES-128 privacy; pass phrases of 8 characters or more."""

    user: str
    auth: str
    priv: str


class Agent(Protocol):
    """A running agent."""

    def close(self) -> None:
        """Gives the socket back."""
        ...


def answer(request: Request, shown: View) -> bytes:
    """The message that answers ``request``. A GETBULK answer ends where the datagram would grow too large."""
    if request.pdu == ber.GET:
        return ber.encode_response(request, b"".join(ber.encode_binding(oid, shown.get(oid)) for oid in request.oids))
    if request.pdu == ber.GET_NEXT:
        return ber.encode_response(request, b"".join(ber.encode_binding(*shown.after(oid)) for oid in request.oids))
    return ber.encode_response(request, _bulk(request, shown))


def _bulk(request: Request, shown: View) -> bytes:
    out = b"".join(ber.encode_binding(*shown.after(oid)) for oid in request.oids[: request.non_repeaters])
    columns = list(request.oids[request.non_repeaters :])
    for _ in range(request.repetitions):
        found = [shown.after(oid) for oid in columns]
        for oid, value in found:
            binding = ber.encode_binding(oid, value)
            if out and len(out) + len(binding) > _LARGEST:
                return out
            out += binding
        if all(value[0] == ber.END_OF_MIB for _oid, value in found):
            break
        columns = [oid for oid, _value in found]
    return out


class _Responder(asyncio.DatagramProtocol):
    """A v2c agent. A datagram that is garbled, or of another community, or meant for a dark device, gets no answer."""

    def __init__(self, look: Look, community: str) -> None:
        self._look = look
        self._community = community
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio hands over a private class that is no subclass of DatagramTransport
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        try:
            request = ber.decode_request(data)
        except ber.GarbledError as error:
            _log.debug("dropped a datagram of %s: %s", addr, error)
            return
        if request.community != self._community:
            return
        shown = self._look()
        if shown is not None and self._transport is not None:
            self._transport.sendto(answer(request, shown), addr)


async def serve_v2c(at: Endpoint, look: Look, community: str) -> Agent:
    """Starts a v2c agent; raises UnavailableError if the port is taken."""
    loop = asyncio.get_running_loop()
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Responder(look, community), local_addr=(at.host, at.port)
        )
    except OSError as error:
        raise _taken(at, error) from error
    return transport


def _taken(at: Endpoint, error: OSError) -> UnavailableError:
    return UnavailableError(f"{at.host}:{at.port}: {error.strerror}", remedy="choose a free UDP port for the agent")


class _Instrumentation:
    """What pysnmp's command responders ask for values: the device's view, guarded by the access rule."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def read_variables(self, *bindings: tuple[Any, Any], **context: Any) -> list[tuple[Any, Any]]:
        """Values for GET."""
        return self._read(bindings, context, following=False)

    def read_next_variables(self, *bindings: tuple[Any, Any], **context: Any) -> list[tuple[Any, Any]]:
        """Values for GETNEXT and GETBULK."""
        return self._read(bindings, context, following=True)

    def _read(
        self, bindings: tuple[tuple[Any, Any], ...], context: dict[str, Any], *, following: bool
    ) -> list[tuple[Any, Any]]:
        allowed = context.pop("acFun", None)
        shown = self._look()
        found = []
        for index, (name, value) in enumerate(bindings):
            if allowed is not None:
                allowed("read", (name, value), idx=index, **context)
            oid: Oid = tuple(name)
            # a device that went dark since the datagram was let in answers once more, and has nothing to say
            if shown is None:
                got: Value = (ber.END_OF_MIB, None)
            elif following:
                oid, got = shown.after(oid)
            else:
                got = shown.get(oid)
            found.append((_name(oid), _syntax(got)))
        return found


def _name(oid: Oid) -> Any:
    from pysnmp.proto import rfc1902

    return rfc1902.ObjectName(oid)


def _syntax(value: Value) -> Any:
    """A value as an object of pysnmp."""
    from pysnmp.proto import rfc1902, rfc1905

    tag, content = value
    if tag == ber.NO_SUCH_OBJECT:
        return rfc1905.noSuchObject
    if tag == ber.END_OF_MIB:
        return rfc1905.endOfMibView
    kinds = {
        ber.INTEGER: rfc1902.Integer32,
        ber.OCTETS: rfc1902.OctetString,
        ber.OBJECT_ID: rfc1902.ObjectIdentifier,
        ber.ADDRESS: rfc1902.IpAddress,
        ber.COUNTER32: rfc1902.Counter32,
        ber.GAUGE32: rfc1902.Gauge32,
        ber.TICKS: rfc1902.TimeTicks,
        ber.COUNTER64: rfc1902.Counter64,
    }
    return kinds[tag](content.encode() if isinstance(content, str) else content)


class _V3Agent:
    """A running v3 agent."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def close(self) -> None:
        self._engine.close_dispatcher()


async def serve_v3(at: Endpoint, look: Look, login: Login) -> Agent:
    """Starts a v3 agent that lets one user read everything, by authPriv only; UnavailableError if the port is taken."""
    from pysnmp.carrier.asyncio.dgram import udp
    from pysnmp.entity import config, engine
    from pysnmp.entity.rfc3413 import cmdrsp, context

    class SilentWhenDark(udp.UdpAsyncioTransport):  # type: ignore[misc]
        def datagram_received(self, datagram: bytes, address: Any) -> None:
            if look() is not None:
                super().datagram_received(datagram, address)

    loop = asyncio.get_running_loop()
    snmp = engine.SnmpEngine()
    transport = SilentWhenDark(loop=loop)
    try:
        await loop.create_datagram_endpoint(lambda: transport, local_addr=(at.host, at.port))
    except OSError as error:
        raise _taken(at, error) from error
    config.add_transport(snmp, udp.DOMAIN_NAME, transport)
    config.add_v3_user(
        snmp, login.user, config.USM_AUTH_HMAC192_SHA256, login.auth, config.USM_PRIV_CFB128_AES, login.priv
    )
    config.add_vacm_user(snmp, 3, login.user, "authPriv", (1, 3, 6))
    served = context.SnmpContext(snmp)
    served.unregister_context_name(b"")
    served.register_context_name(b"", _Instrumentation(look))
    for responder in (cmdrsp.GetCommandResponder, cmdrsp.NextCommandResponder, cmdrsp.BulkCommandResponder):
        responder(snmp, served)
    return _V3Agent(snmp)
