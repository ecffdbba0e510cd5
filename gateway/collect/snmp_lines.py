"""Which session speaks to which device, and what sessions share: sockets and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gateway.collect.snmp_ask import Patience, Session
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.snmp_codec import Pdu
from gateway.collect.snmp_light import LightSession, read
from gateway.collect.snmp_post import Post, Where, Wire, resolved

if TYPE_CHECKING:
    from gateway.collect.snmp_secure import SecureLines


class Line(Protocol):
    """The way to one device with one credential."""

    async def open(self, where: Where, patience: Patience) -> Session:
        """A session with the agent at (host, port). Raises AskError if the name of the host is not known."""
        ...

    def renew(self) -> None:
        """Forgets what was learnt of the agent: it may be another one."""
        ...


class Lines:
    """Makes the lines to all devices: one socket for v1 and v2c, one for v3."""

    def __init__(self) -> None:
        self._light = Post(read)
        self._secure: SecureLines | None = None

    def line(self, snmp_auth: SnmpAuth) -> Line:
        """The line to one more device."""
        if snmp_auth.version != "3":
            return _LightLine(self._light, snmp_auth)
        if self._secure is None:
            from gateway.collect.snmp_secure import SecureLines  # brings cryptography, a sixth of what starts

            self._secure = SecureLines()
        return self._secure.line(snmp_auth)

    def close(self) -> None:
        """Ends the sockets."""
        self._light.close()
        if self._secure is not None:
            self._secure.close()


class _LightLine:
    def __init__(self, post: Post[Pdu], snmp_auth: SnmpAuth) -> None:
        self._post = post
        self._auth = snmp_auth

    async def open(self, where: Where, patience: Patience) -> Session:
        return LightSession(Wire(self._post, await resolved(where), patience), self._auth)

    def renew(self) -> None:
        """Nothing is learnt in v1 and v2c."""
