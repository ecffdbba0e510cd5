"""Receives syslog by UDP and TCP and says which lines tell of an event."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from gateway.clock import Clock
from gateway.collect.listening import Inbox, bound
from gateway.core.errors import VigieError
from gateway.core.heard import Heard, Senders
from gateway.core.log_patterns import LogPattern, event_of, parse_patterns
from gateway.core.syslog import LONGEST, Frames, parse

CONNECTIONS = 64
"""TCP connections at once; one more is closed at once."""

IDLE_S = 3600.0
"""A TCP connection that says nothing for this long is closed: senders that died leave theirs behind."""

WARNING = 4
"""Lines of this severity or worse are kept even where they tell of no event."""

_SHIPPED = Path(__file__).with_name("log_patterns.toml")


def shipped_patterns() -> tuple[LogPattern, ...]:
    """The patterns that come with Vigie."""
    return parse_patterns(_SHIPPED.read_text(encoding="utf-8"), str(_SHIPPED))


def read_patterns(own: Path | None) -> tuple[LogPattern, ...]:
    """A site's own patterns, which go before, and the shipped ones. Raises ``InputError`` or ``VigieError``."""
    if own is None:
        return shipped_patterns()
    try:
        text = own.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise VigieError(f"{own} cannot be read", remedy="correct [syslog] patterns") from None
    return (*parse_patterns(text, str(own)), *shipped_patterns())


class SyslogListener:
    """Hears syslog at ``host``; a port of ``None`` is not opened."""

    name = "syslog"

    def __init__(
        self,
        senders: Senders,
        patterns: Sequence[LogPattern],
        clock: Clock,
        *,
        host: str = "0.0.0.0",  # noqa: S104 - every device of the depot may send
        ports: tuple[int | None, int | None] = (514, 514),
    ) -> None:
        self._inbox = Inbox("syslog", senders, clock)
        self._patterns = patterns
        self._where = (host, *ports)
        self._udp: socket.socket | None = None
        self._tcp: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Begins to listen. Raises UnavailableError."""
        host, udp, tcp = self._where
        loop = asyncio.get_running_loop()
        try:
            if udp is not None:
                self._udp = bound(host, udp, socket.SOCK_DGRAM, "[syslog] udp")
                loop.add_reader(self._udp, self._read_datagrams, self._udp)
            if tcp is not None:
                self._tcp = bound(host, tcp, socket.SOCK_STREAM, "[syslog] tcp")
                self._tcp.listen(CONNECTIONS)
                self._start(self._serve(self._tcp))
        except VigieError:
            self.close()
            raise

    @property
    def ports(self) -> tuple[int | None, int | None]:
        """The (UDP, TCP) ports in use."""
        udp, tcp = (one.getsockname()[1] if one else None for one in (self._udp, self._tcp))
        return udp, tcp

    def heard(self) -> list[Heard]:
        """The lines that tell of something."""
        return self._inbox.take()

    def close(self) -> None:
        """Ends every connection."""
        if self._udp:
            asyncio.get_running_loop().remove_reader(self._udp)
            self._udp.close()
        for task in self._tasks:
            task.cancel()
        if self._tcp:
            self._tcp.close()
        self._udp = self._tcp = None

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _read_datagrams(self, wire: socket.socket) -> None:
        """What waits, in portions, so that a flood of datagrams leaves the loop to others."""
        for _ in range(64):
            try:
                message, address = wire.recvfrom(LONGEST)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier answer: nothing that concerns a receiver
                continue
            self._take(str(address[0]), message)

    async def _serve(self, wire: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(wire)
            except OSError:  # gone before it was taken, or no file left for it
                await asyncio.sleep(1.0)
                continue
            connection.setblocking(False)
            if len(self._tasks) > CONNECTIONS:
                connection.close()
            else:
                self._start(self._read_stream(connection, str(address[0])))

    async def _read_stream(self, connection: socket.socket, source: str) -> None:
        loop = asyncio.get_running_loop()
        frames = Frames()
        with connection:
            try:
                while data := await asyncio.wait_for(loop.sock_recv(connection, 65_536), IDLE_S):
                    for message in frames.feed(data):
                        self._take(source, message)
            except (OSError, TimeoutError):
                pass  # the sender went away: what it said stays
            if rest := frames.rest():
                self._take(source, rest)

    def _take(self, source: str, message: bytes) -> None:
        if not message.strip() or not self._inbox.admits(source.removeprefix("::ffff:")):
            return
        line = parse(message)
        event = event_of(line, self._patterns)
        if event is None and (line.severity is None or line.severity > WARNING):
            return
        said = f"{line.app}: {line.text}" if line.app else line.text
        self._inbox.put(source.removeprefix("::ffff:"), said, event)
