"""One connection as the sender sees it: whether it is there, what the broker owes, and whether it is still alive."""

from __future__ import annotations

from gateway.clock import Clock
from gateway.ports import Uplink, UplinkEvent
from gateway.uplink.pace import Pace


class Line:
    """An uplink with a watchdog on the age of the broker's last sign of life; what the client library believes of the
    connection is never asked: it says "connected" for minutes on a line that is dead."""

    def __init__(self, uplink: Uplink, clock: Clock, pace: Pace) -> None:
        self._uplink = uplink
        self._clock = clock
        self._pace = pace
        self._owed: dict[int, tuple[float, int]] = {}
        self.started = False
        self.connected = False

    def start(self) -> None:
        """Begins to connect."""
        self.started = True
        self._uplink.start()

    def stop(self) -> None:
        """Ends the connection."""
        self.started = False
        self._uplink.stop()
        self._uplink.events()  # what is still in the queue is of a connection that is gone
        self._forget(connected=False)

    def events(self) -> list[UplinkEvent]:
        """What happened since the last call."""
        happened = self._uplink.events()
        for event in happened:
            if event.kind == "published":
                self._owed.pop(event.token, None)
            elif event.kind in ("connected", "disconnected"):
                self._forget(connected=event.kind == "connected")
        return happened

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int | None:
        """Token of the message, which the broker now owes; ``None`` without a connection."""
        token = self._uplink.publish(topic, payload, retain=retain)
        if token is not None:
            self._owed[token] = (self._clock.monotonic(), len(topic) + len(payload))
        return token

    def dead(self) -> bool:
        """True if the broker gave no sign of life for too long: a half-open connection, or one that it forgot."""
        idle = self._uplink.idle_s()
        owed_since = min((at for at, _ in self._owed.values()), default=None)
        overdue = owed_since is not None and self._clock.monotonic() - owed_since > self._pace.silent_s
        return self.connected and (idle > self._pace.dead_s or (overdue and idle > self._pace.silent_s))

    def _forget(self, *, connected: bool) -> None:
        self.connected = connected
        self._owed.clear()
