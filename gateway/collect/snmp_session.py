"""A session with one SNMP agent on pysnmp: v3 with whatever protocols it has."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from pyasn1.type import univ
from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity.rfc3413 import cmdgen
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch.asyncio import CommunityData, SnmpEngine, UdpTransportTarget, UsmUserData, auth
from pysnmp.hlapi.v3arch.asyncio.lcd import CommandGeneratorLcdConfigurator
from pysnmp.proto import errind, rfc1902, rfc1905

from gateway.collect.snmp_ask import AskError, Binding, Patience, refusal
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.snmp_post import Heard
from gateway.core.reading import FailureKind
from gateway.profiles.recording import Oid, Tag, Value

__all__ = ["AUTH_PROTOCOLS", "PRIV_PROTOCOLS", "Engine", "PysnmpSession", "SnmpAuth"]

AUTH_PROTOCOLS: Mapping[str, tuple[int, ...]] = {
    "MD5": auth.USM_AUTH_HMAC96_MD5,
    "SHA": auth.USM_AUTH_HMAC96_SHA,
    "SHA1": auth.USM_AUTH_HMAC96_SHA,
    "SHA224": auth.USM_AUTH_HMAC128_SHA224,
    "SHA256": auth.USM_AUTH_HMAC192_SHA256,
    "SHA384": auth.USM_AUTH_HMAC256_SHA384,
    "SHA512": auth.USM_AUTH_HMAC384_SHA512,
}
PRIV_PROTOCOLS: Mapping[str, tuple[int, ...]] = {
    "DES": auth.USM_PRIV_CBC56_DES,
    "AES": auth.USM_PRIV_CFB128_AES,
    "AES128": auth.USM_PRIV_CFB128_AES,
    "AES192": auth.USM_PRIV_CFB192_AES,
    "AES256": auth.USM_PRIV_CFB256_AES,
}


def _data(snmp_auth: SnmpAuth) -> Any:
    """A credential for pysnmp."""
    if snmp_auth.version != "3":
        return CommunityData(snmp_auth.community, mpModel=0 if snmp_auth.version == "1" else 1)
    return UsmUserData(
        snmp_auth.user,
        authKey=snmp_auth.auth or None,
        privKey=snmp_auth.priv or None,
        authProtocol=AUTH_PROTOCOLS[snmp_auth.auth_protocol.upper()] if snmp_auth.auth else auth.USM_AUTH_NONE,
        privProtocol=PRIV_PROTOCOLS[snmp_auth.priv_protocol.upper()] if snmp_auth.priv else auth.USM_PRIV_NONE,
    )


class _Transport(udp.UdpAsyncioTransport):  # type: ignore[misc]  # pysnmp has no types
    heard: Heard

    def datagram_received(self, datagram: bytes, address: Any) -> None:
        self.heard.all[address[0]] += 1
        self.heard.damaged[address[0]] += not _is_one_message(datagram)
        super().datagram_received(datagram, address)


def _is_one_message(datagram: bytes) -> bool:
    """True if the outer BER sequence is as long as the datagram."""
    if len(datagram) < 2 or datagram[0] != 0x30:
        return False
    size = datagram[1]
    if size < 0x80:
        return len(datagram) == 2 + size
    count = size & 0x7F
    return len(datagram) == 2 + count + int.from_bytes(datagram[2 : 2 + count], "big")


class _Target(UdpTransportTarget):  # type: ignore[misc]
    PROTO_TRANSPORT = _Transport
    heard: Heard

    def open_client_mode(self) -> Any:
        transport = super().open_client_mode()
        transport.heard = self.heard
        return transport


class Engine:
    """One SnmpEngine: for all devices with one credential in v1 and v2c, for one device in v3 (concurrent requests of
    one user with two engine IDs spoil each other's keys, measured: evidence of pysnmp 7.1.30)."""

    def __init__(self) -> None:
        self.snmp = SnmpEngine()
        self.lcd = CommandGeneratorLcdConfigurator()
        self.heard = Heard()

    def close(self) -> None:
        """Ends its socket and timer."""
        self.snmp.close_dispatcher()


_UNAUTHORISED = (
    errind.AuthenticationError,
    errind.AuthenticationFailure,
    errind.WrongDigest,
    errind.UnknownUserName,
    errind.UnknownSecurityName,
    errind.UnsupportedSecurityLevel,
    errind.UnsupportedAuthProtocol,
    errind.UnsupportedPrivProtocol,
    errind.DecryptionError,
    errind.EncryptionError,
    errind.NoSuchView,
    errind.UnknownCommunityName,
)
_ENDS = (rfc1905.NoSuchObject, rfc1905.NoSuchInstance, rfc1905.EndOfMibView)
_TAGS: Mapping[type, Tag] = {
    rfc1902.Integer: Tag.INTEGER,
    rfc1902.Integer32: Tag.INTEGER,
    rfc1902.Counter32: Tag.COUNTER32,
    rfc1902.Gauge32: Tag.GAUGE32,
    rfc1902.Unsigned32: Tag.GAUGE32,
    rfc1902.TimeTicks: Tag.TICKS,
    rfc1902.Counter64: Tag.COUNTER64,
    rfc1902.OctetString: Tag.OCTETS,
    rfc1902.Bits: Tag.OCTETS,
    rfc1902.IpAddress: Tag.ADDRESS,
    rfc1902.Opaque: Tag.OPAQUE,
    univ.ObjectIdentifier: Tag.OID,
    rfc1902.ObjectIdentifier: Tag.OID,
}
_NUMBERS = (Tag.INTEGER, Tag.COUNTER32, Tag.GAUGE32, Tag.TICKS, Tag.COUNTER64)
_NULL = rfc1902.Null("")


def _value(raw: Any) -> Value | None:
    if isinstance(raw, _ENDS):
        return None
    tag = _TAGS.get(type(raw))
    if tag is None:
        return Value(Tag.NULL, None)
    if tag in _NUMBERS:
        return Value(tag, int(raw))
    return Value(tag, raw.asTuple() if tag is Tag.OID else raw.asOctets())


class PysnmpSession:
    """A session on pysnmp below its high-level interface: raw names and values, so nothing is looked up in MIBs (three
    times cheaper, measured)."""

    def __init__(self, engine: Engine, snmp_auth: SnmpAuth, target: Any) -> None:
        self.version = snmp_auth.version
        self.requests = 0
        self._engine = engine
        self._target = target
        self._data = _data(snmp_auth)

    @classmethod
    async def open(
        cls, engine: Engine, snmp_auth: SnmpAuth, where: tuple[str, int], patience: Patience
    ) -> PysnmpSession:
        """A session with the agent at (host, port). Raises AskError if the name of
        the host is not known."""
        try:
            target = await _Target.create(where, timeout=patience.wait_s, retries=patience.retries)
        except PySnmpError as error:
            raise AskError(FailureKind.TIMEOUT, f"the name {where[0]} is not known ({error})") from None
        target.heard = engine.heard
        return cls(engine, snmp_auth, target)

    async def get(self, oids: Sequence[Oid]) -> list[Binding]:
        """The values at exactly these OIDs."""
        return await self._ask(cmdgen.GetCommandGenerator(), oids)

    async def next(self, oids: Sequence[Oid], repetitions: int) -> list[Binding]:
        """What follows: GETNEXT, or GETBULK for more than one repetition."""
        if repetitions <= 1:
            return await self._ask(cmdgen.NextCommandGeneratorSingleRun(), oids)
        return await self._ask(cmdgen.BulkCommandGeneratorSingleRun(), oids, 0, repetitions)

    async def _ask(self, generator: Any, oids: Sequence[Oid], *bulk: int) -> list[Binding]:
        self.requests += 1
        address = self._target.transport_address[0]
        heard = self._engine.heard
        before = heard.all[address], heard.damaged[address]
        answered: asyncio.Future[tuple[Any, int, int, Any]] = asyncio.get_running_loop().create_future()

        def take(*answer: Any) -> None:
            _engine, _handle, problem, status, index, bindings, _context = answer
            if not answered.done():
                answered.set_result((problem, int(status or 0), int(index or 0), bindings))

        try:
            name, _ = self._engine.lcd.configure(self._engine.snmp, self._data, self._target, b"")
            bindings = [(rfc1902.ObjectName(oid), _NULL) for oid in oids]
            generator.send_varbinds(self._engine.snmp, name, None, b"", *bulk, bindings, take)
        except PySnmpError as error:
            raise AskError(FailureKind.GARBLED, f"could not be asked: {error}") from None
        problem, status, index, answer = await answered
        if problem:
            raise self._failure(problem, heard.all[address] - before[0], heard.damaged[address] - before[1])
        if status:
            raise refusal(status, index)
        return [(tuple(oid), _value(raw)) for oid, raw in answer]

    def _failure(self, problem: Any, heard: int, damaged: int) -> AskError:
        if isinstance(problem, _UNAUTHORISED):
            return AskError(FailureKind.UNAUTHORISED, str(problem))
        if not isinstance(problem, errind.RequestTimedOut):
            return AskError(FailureKind.GARBLED, str(problem))
        if damaged:
            return AskError(FailureKind.GARBLED, f"{damaged} damaged answers")
        if heard and self.version != "3":
            return AskError(FailureKind.TIMEOUT, f"{heard} answers came too late or to other questions")
        hint = " (or wrong community)" if self.version != "3" else ""
        if self.version == "3" and getattr(self._data, "privacy_key", None):
            hint = " (a wrong privacy password looks the same)"
        return AskError(FailureKind.TIMEOUT, f"no answer in time{hint}")
