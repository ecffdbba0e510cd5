"""Which session speaks to which device, and what sessions share: sockets and keys."""

from __future__ import annotations

from typing import Protocol

from gateway.collect.snmp_ask import Patience, Session
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.snmp_codec import Pdu
from gateway.collect.snmp_light import LightSession
from gateway.collect.snmp_light import read as read_light
from gateway.collect.snmp_post import Post, Where, Wire, resolved
from gateway.collect.snmp_secure import Engine, Keyring, SecureSession
from gateway.collect.snmp_secure import read as read_secure
from gateway.collect.snmp_v3 import Secured


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
        self._light = Post(read_light)
        self._secure = Post(read_secure)
        self._keyring = Keyring()

    def line(self, snmp_auth: SnmpAuth) -> Line:
        """The line to one more device."""
        if snmp_auth.version == "3":
            return _SecureLine(self._secure, self._keyring, snmp_auth)
        return _LightLine(self._light, snmp_auth)

    def close(self) -> None:
        """Ends the sockets."""
        self._light.close()
        self._secure.close()


class _LightLine:
    def __init__(self, post: Post[Pdu], snmp_auth: SnmpAuth) -> None:
        self._post = post
        self._auth = snmp_auth

    async def open(self, where: Where, patience: Patience) -> Session:
        return LightSession(Wire(self._post, await resolved(where), patience), self._auth)

    def renew(self) -> None:
        """Nothing is learnt in v1 and v2c."""


class _SecureLine:
    def __init__(self, post: Post[Secured], keyring: Keyring, snmp_auth: SnmpAuth) -> None:
        self._post = post
        self._keyring = keyring
        self._auth = snmp_auth
        self._engine = Engine()

    async def open(self, where: Where, patience: Patience) -> Session:
        wire = Wire(self._post, await resolved(where), patience)
        return SecureSession(wire, self._keyring, self._auth, self._engine)

    def renew(self) -> None:
        self._engine.forget()
