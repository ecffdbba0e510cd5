"""An uplink without a wire: keeps a history of what was published and does what it is told."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from gateway.ports import UplinkEvent


@dataclass(frozen=True, slots=True)
class Published:
    """One message that was handed over."""

    topic: str
    payload: bytes
    retain: bool
    token: int


class MemoryUplink:
    """Fake of ``ports.Uplink``. ``reachable`` says whether ``start`` leads to a connection; ``connect``, ``disconnect``
    and ``deliver`` are what a broker would do. A broker that confirms nothing is ``confirms = False``."""

    def __init__(self, *, reachable: bool = True) -> None:
        self.reachable = reachable
        self.confirms = True
        self.idle = 0.0
        self.will = b""
        self.starts = 0
        self.connected = False
        self.history: list[Published] = []
        self._events: deque[UplinkEvent] = deque()

    def start(self) -> None:
        """Connects if ``reachable``."""
        self.starts += 1
        if self.reachable:
            self.connect()

    def stop(self) -> None:
        """Ends the connection."""
        self.connected = False

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int | None:
        """Keeps the message in ``history`` and confirms it."""
        if not self.connected:
            return None
        token = len(self.history) + 1
        self.history.append(Published(topic, payload, retain, token))
        if self.confirms:
            self._events.append(UplinkEvent("published", token=token))
        return token

    def events(self) -> list[UplinkEvent]:
        """What happened since the last call."""
        happened = list(self._events)
        self._events.clear()
        return happened

    def idle_s(self) -> float:
        """What ``idle`` was set to."""
        return self.idle

    def connect(self) -> None:
        """The broker accepts."""
        self.connected = True
        self._events.append(UplinkEvent("connected", payload=self.will))

    def disconnect(self, reason: str = "the broker closed the connection") -> None:
        """The link breaks."""
        self.connected = False
        self._events.append(UplinkEvent("disconnected", reason=reason))

    def deliver(self, topic: str, payload: bytes) -> None:
        """The broker has a message for us."""
        self._events.append(UplinkEvent("message", topic=topic, payload=payload))

    def topics(self) -> list[str]:
        """Topics of the history, in order."""
        return [message.topic for message in self.history]
