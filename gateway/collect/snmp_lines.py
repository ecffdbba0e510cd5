"""Which session speaks to which device: the project's own codec, or pysnmp for what that does not speak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gateway.collect.snmp_ask import Patience, Session
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.snmp_codec import Pdu
from gateway.collect.snmp_light import LightSession, read
from gateway.collect.snmp_post import Post, Where

if TYPE_CHECKING:
    from gateway.collect.snmp_session import Engine


class Line(Protocol):
    """The way to one device with one credential."""

    async def open(self, where: Where, patience: Patience) -> Session:
        """A session with the agent at (host, port). Raises AskError if the name of the host is not known."""
        ...

    def renew(self) -> None:
        """Forgets what was learnt of the agent: it may be another one."""
        ...

    def close(self) -> None:
        """Ends what this line alone uses."""
        ...


class Lines(Protocol):
    """Makes lines, and holds what they share."""

    def line(self, snmp_auth: SnmpAuth) -> Line:
        """The line to one more device."""
        ...

    def close(self) -> None:
        """Ends what lines share."""
        ...


class _LightLine:
    def __init__(self, post: Post[Pdu], snmp_auth: SnmpAuth) -> None:
        self._post = post
        self._auth = snmp_auth

    async def open(self, where: Where, patience: Patience) -> Session:
        return await LightSession.open(self._post, self._auth, where, patience)

    def renew(self) -> None:
        """Nothing is learnt in v1 and v2c."""

    def close(self) -> None:
        """The socket is shared."""


class _PysnmpLine:
    def __init__(self, snmp_auth: SnmpAuth, shared: Engine | None) -> None:
        from gateway.collect.snmp_session import Engine

        self._auth = snmp_auth
        self._shared = shared
        self._engine = shared or Engine()

    async def open(self, where: Where, patience: Patience) -> Session:
        from gateway.collect.snmp_session import PysnmpSession

        return await PysnmpSession.open(self._engine, self._auth, where, patience)

    def renew(self) -> None:
        """An agent whose engine ID changed times out for ever with the old engine."""
        if self._shared is None:
            self._engine.close()
            self._engine = type(self._engine)()

    def close(self) -> None:
        if self._shared is None:
            self._engine.close()


class PysnmpLines:
    """Everything by pysnmp. Imported when first used: it costs 37 MB."""

    def __init__(self) -> None:
        self._engines: dict[SnmpAuth, Engine] = {}

    def line(self, snmp_auth: SnmpAuth) -> Line:
        """One engine for all devices with one credential in v1 and v2c, for each device in v3."""
        from gateway.collect.snmp_session import Engine

        if snmp_auth.version == "3":
            return _PysnmpLine(snmp_auth, None)
        if snmp_auth not in self._engines:
            self._engines[snmp_auth] = Engine()
        return _PysnmpLine(snmp_auth, self._engines[snmp_auth])

    def close(self) -> None:
        """Ends the shared engines."""
        for engine in self._engines.values():
            engine.close()
        self._engines.clear()


class LightLines:
    """v1 and v2c by the project's own codec over one socket, v3 by pysnmp."""

    def __init__(self) -> None:
        self._post = Post(read)
        self._heavy = PysnmpLines()

    def line(self, snmp_auth: SnmpAuth) -> Line:
        """The cheapest line that speaks what the credential asks."""
        return self._heavy.line(snmp_auth) if snmp_auth.version == "3" else _LightLine(self._post, snmp_auth)

    def close(self) -> None:
        """Ends the socket and the shared engines."""
        self._post.close()
        self._heavy.close()
