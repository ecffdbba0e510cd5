"""What the listeners share: sockets that are open or tell why not, and a bounded inbox with a ration per source."""

from __future__ import annotations

import errno
import socket
from collections import Counter, deque
from collections.abc import Iterable

from gateway.clock import Clock
from gateway.core.errors import UnavailableError
from gateway.core.heard import Heard, Senders, storms
from gateway.core.log_patterns import Event
from gateway.core.ration import Rate, Ration

EACH = Rate(10.0, 100.0)
"""What one source may say: a busy device writes a line a second."""

TOGETHER = Rate(100.0, 1000.0)
KEPT = 1000
"""Lines that wait for the agent, which takes them once a second."""

SOURCES = 64
"""Sources that are counted one by one while there is no room."""


class Inbox:
    """What came and was not taken yet."""

    def __init__(self, channel: str, senders: Senders, clock: Clock) -> None:
        self.channel = channel
        self.senders = senders
        self._clock = clock
        self._ration = Ration(EACH, TOGETHER)
        self._lines: deque[Heard] = deque()
        self._crowded_out: Counter[object] = Counter()

    def admits(self, source: str) -> bool:
        """True if this source may say one more thing now; what is beyond is counted."""
        return self._ration.admit(source, self._clock.monotonic())

    def put(self, source: str, text: str, event: Event | None) -> None:
        """Keeps one thing said, which may tell of an event. A stranger hastens nobody."""
        if len(self._lines) >= KEPT:  # the agent has not listened for a while
            known = source in self._crowded_out or len(self._crowded_out) < SOURCES
            self._crowded_out[source if known else Ration.OTHERS] += 1
            return
        at, devices = self._clock.wall(), self.senders.get(source, ())
        if event is None:
            self._lines.append(Heard(at, self.channel, source, text, devices))
        else:
            hasten = event.hasten and bool(devices)
            self._lines.append(Heard(at, self.channel, source, text, devices, event.name, hasten, part=event.part))

    def take(self) -> list[Heard]:
        """Everything that waits, and one line for each source of which something was not kept."""
        lines = list(self._lines)
        self._lines.clear()
        dropped = Counter[object](self._ration.dropped())
        dropped.update(self._crowded_out)
        self._crowded_out.clear()
        return lines + storms(self.channel, dropped, self.senders, self._clock.wall())


def bound(host: str, port: int, kind: socket.SocketKind, setting: str) -> socket.socket:
    """A non-blocking socket bound there; raises UnavailableError that names ``setting``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, kind)
    try:
        made.setblocking(False)
        if kind is socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
    except (OSError, OverflowError) as error:
        made.close()
        raise UnavailableError(f"cannot listen at {host} port {port}", remedy=_remedy(error, setting)) from None
    return made


def _remedy(error: Exception, setting: str) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.EACCES, errno.EPERM):
        return f"ports below 1024 need CAP_NET_BIND_SERVICE (vigie-run.service gives it): or choose another {setting}"
    if number == errno.EADDRINUSE:
        return f"another program listens there (snmptrapd, rsyslog?): stop it, or choose another {setting}"
    if number == errno.EADDRNOTAVAIL:
        return "this machine has no such address: correct host"
    return f"{(isinstance(error, OSError) and error.strerror) or error}: choose another {setting}"


class FakeListener:
    """A listener without a network: ``waiting`` is what it will have heard, ``refusal`` why it cannot be opened."""

    def __init__(self, name: str = "syslog", waiting: Iterable[Heard] = (), refusal: str = "") -> None:
        self.name = name
        self.waiting = list(waiting)
        self.refusal = refusal
        self.history: list[str] = []

    def open(self) -> None:
        """Notes it, or raises UnavailableError."""
        if self.refusal:
            raise UnavailableError(self.refusal)
        self.history.append("open")

    def heard(self) -> list[Heard]:
        """What waits."""
        taken, self.waiting = self.waiting, []
        return taken

    def close(self) -> None:
        """Notes it."""
        self.history.append("close")
