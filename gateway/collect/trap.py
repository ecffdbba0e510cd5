"""Receives SNMP notifications: v1 and v2c traps, v3 traps, informs (which are confirmed), by pysnmp.

A v3 trap is authenticated with a key made for the engine of its *sender*, which therefore must be known beforehand.
The engine ID of a device of the inventory is learnt from its first trap; the password still proves who it is.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pyasn1.error import PyAsn1Error
from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413 import ntfrcv
from pysnmp.error import PySnmpError
from pysnmp.proto import rfc1902

from gateway.clock import Clock
from gateway.collect.listening import Inbox, bound
from gateway.collect.snmp import SnmpAuth
from gateway.collect.snmp_v3 import engine_and_user
from gateway.collect.trap_names import trap_name
from gateway.core.heard import Heard, Senders
from gateway.core.log_patterns import Event
from gateway.profiles.recording import Oid, dotted

REFUSALS_S = 60.0
REFUSED = 64
"""Sources whose refused messages are told one by one."""

ENGINES = 512
"""Engine IDs that are learnt at most."""

_TRAP_OID: Oid = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)
_UNTOLD: tuple[Oid, ...] = (
    _TRAP_OID,
    (1, 3, 6, 1, 2, 1, 1, 3),
    (1, 3, 6, 1, 6, 3, 1, 1, 4, 3),
    (1, 3, 6, 1, 6, 3, 18, 1, 4),
)
"""sysUpTime, snmpTrapOID, snmpTrapEnterprise, and the community, which is a secret."""

_AUTH: Mapping[str, tuple[int, ...]] = {
    "MD5": config.USM_AUTH_HMAC96_MD5,
    "SHA": config.USM_AUTH_HMAC96_SHA,
    "SHA1": config.USM_AUTH_HMAC96_SHA,
    "SHA224": config.USM_AUTH_HMAC128_SHA224,
    "SHA256": config.USM_AUTH_HMAC192_SHA256,
    "SHA384": config.USM_AUTH_HMAC256_SHA384,
    "SHA512": config.USM_AUTH_HMAC384_SHA512,
}
_PRIV: Mapping[str, tuple[int, ...]] = {
    "DES": config.USM_PRIV_CBC56_DES,
    "AES": config.USM_PRIV_CFB128_AES,
    "AES128": config.USM_PRIV_CFB128_AES,
    "AES192": config.USM_PRIV_CFB192_AES_BLUMENTHAL,
    "AES256": config.USM_PRIV_CFB256_AES_BLUMENTHAL,
    "AES192C": config.USM_PRIV_CFB192_AES,
    "AES256C": config.USM_PRIV_CFB256_AES,
}
_LONGEST_TEXT = 400
_EPOCH_OF_BOOTS = 1_577_836_800.0
# what pysnmp raises on hostile bytes beside its own errors (found by feeding it damaged messages)
_DAMAGED = (PySnmpError, PyAsn1Error, ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


class _Transport(udp.UdpAsyncioTransport):  # type: ignore[misc]  # pysnmp has no types
    listener: TrapListener

    def datagram_received(self, datagram: bytes, address: Any) -> None:
        self.listener.take(datagram, address, lambda: self._callback_function(self, address, datagram))


class TrapListener:
    """Hears notifications at ``bind``. ``site`` makes the engine ID, which senders of informs remember."""

    name = "traps"

    def __init__(
        self,
        senders: Senders,
        credentials: Sequence[SnmpAuth],
        clock: Clock,
        *,
        bind: tuple[str, int] = ("0.0.0.0", 162),  # noqa: S104 - every device of the depot may send
        site: str = "depot",
    ) -> None:
        self._inbox = Inbox("trap", senders, clock)
        self._credentials = list(credentials)
        self._clock = clock
        self._bind = bind
        self.engine_id = b"\x80\x00\x1f\x88\x04" + f"vigie-{site}".encode()[:27]
        self._snmp: Any = None
        self._wire: socket.socket | None = None
        self._engines: set[tuple[bytes, str]] = set()
        self._levels: dict[str, int] = {}
        self._source = ""
        self._level = 0
        self._understood = False
        self._refused: Counter[str] = Counter()
        self._refusals_told_at = -REFUSALS_S

    def open(self) -> None:
        """Begins to listen. Raises UnavailableError."""
        wire = bound(*self._bind, socket.SOCK_DGRAM, "[traps] port")
        self._wire = wire
        self._snmp = snmp = SnmpEngine(rfc1902.OctetString(self.engine_id))
        (boots,) = snmp.get_mib_builder().import_symbols("__SNMP-FRAMEWORK-MIB", "snmpEngineBoots")
        # a sender remembers the highest count of starts: it must rise with every start, and no disk is written for it
        boots.syntax = boots.syntax.clone(max(1, int(self._clock.wall() - _EPOCH_OF_BOOTS) // 8))
        transport = _Transport(loop=asyncio.get_running_loop())
        transport.listener = self
        config.add_transport(snmp, udp.DOMAIN_NAME, transport.open_server_mode(sock=wire))
        self._engines.clear()
        for number, one in enumerate(self._credentials):
            if one.version == "3":
                self._register(one, self.engine_id)
            else:
                config.add_v1_system(snmp, f"community-{number}", one.community)
        snmp.observer.register_observer(self._note_level, "rfc3412.receiveMessage:request")
        ntfrcv.NotificationReceiver(snmp, self._notified)

    @property
    def port(self) -> int:
        """The port in use."""
        return int(self._wire.getsockname()[1]) if self._wire else 0

    def heard(self) -> list[Heard]:
        """The notifications; once a minute, a line for each source of which something could not be proved."""
        return self._inbox.take() + self._refusals()

    def _refusals(self) -> list[Heard]:
        now = self._clock.monotonic()
        if not self._refused or now - self._refusals_told_at < REFUSALS_S:
            return []
        refused, self._refused, self._refusals_told_at = self._refused, Counter(), now
        at, known = self._clock.wall(), self._inbox.senders
        why = "not understood: wrong community, user or password, or damaged"
        return [
            Heard(at, "trap", source, f"{count} {why}", known.get(source, ()), "refused", count=count)
            for source, count in refused.items()
        ]

    def close(self) -> None:
        """Ends."""
        if self._snmp is not None:
            self._snmp.close_dispatcher()
            self._snmp = None
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def take(self, datagram: bytes, address: Any, understand: Any) -> None:
        """One datagram: rationed before anything is decoded, since decoding costs a millisecond."""
        self._source = str(address[0]).removeprefix("::ffff:")
        if self._snmp is None or not self._inbox.admits(self._source):
            return
        self._understood = False
        engine, user = engine_and_user(datagram)
        self._learn(engine, user)
        try:
            understand()
        except _DAMAGED:
            self._understood = False
        if not self._understood and not (user == "" and engine == b""):  # an inform begins with an empty question
            known = self._source in self._refused or len(self._refused) < REFUSED
            self._refused[self._source if known else "others"] += 1

    def _learn(self, engine: bytes, user: str) -> None:
        """Makes the keys of a user for a device's engine, if the device is known and its engine is new."""
        key = (engine, user)
        known = self._source in self._inbox.senders and 5 <= len(engine) <= 32
        if not known or key in self._engines or len(self._engines) >= ENGINES:
            return
        for one in self._credentials:
            if one.version == "3" and one.user == user:
                self._register(one, engine)
                return

    def _register(self, one: SnmpAuth, engine: bytes) -> None:
        key = (engine, one.user)
        if key in self._engines:
            return
        self._engines.add(key)
        self._levels[one.user] = 3 if one.priv else 2 if one.auth else 1
        config.add_v3_user(
            self._snmp,
            one.user,
            _AUTH[one.auth_protocol.upper()] if one.auth else config.USM_AUTH_NONE,
            one.auth or None,
            _PRIV[one.priv_protocol.upper()] if one.priv else config.USM_PRIV_NONE,
            one.priv or None,
            securityEngineId=rfc1902.OctetString(engine),
        )

    def _note_level(self, _engine: Any, _point: str, variables: Mapping[str, Any], _context: Any) -> None:
        """pysnmp takes an unauthenticated message of a user who has a password: that one must not count."""
        wanted = self._levels.get(str(variables["securityName"]), 0) if variables["securityModel"] == 3 else 0
        self._level = int(variables["securityLevel"]) - wanted

    def _notified(self, *answer: Any) -> None:
        bindings = [(tuple(oid), value) for oid, value in answer[4]]
        if self._level < 0 and self._levels:
            return
        self._understood = True
        name = next((trap_name(tuple(value)) for oid, value in bindings if oid == _TRAP_OID), "")
        told = [f"{dotted(oid)}={_shown(value)}" for oid, value in bindings if not _is_untold(oid)]
        text = " ".join([name or "a notification without a name", *told])
        self._inbox.put(self._source, text[:_LONGEST_TEXT], Event(name or "unnamed", "", hasten=True))


def _is_untold(oid: Oid) -> bool:
    return any(oid[: len(one)] == one for one in _UNTOLD)


def _shown(value: Any) -> str:
    text = str(value.prettyPrint())[:80]
    return "".join(char if char.isprintable() else " " for char in text)
