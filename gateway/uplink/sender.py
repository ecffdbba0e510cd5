"""From the outbox to headquarters: lanes, windows, resending, and deletion only on headquarters' own acknowledgement.

A broker's PUBACK is not tied to any disk (17 % of the messages were lost when rows were deleted on it and the broker
was killed), so a row leaves the outbox only when ``ack/<stream>`` says that headquarters has committed it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from gateway import wire
from gateway.clock import Clock
from gateway.ports import Outbox, OutboxRow, Uplink, UplinkEvent
from gateway.wire import ClockState, Envelope, Names

_ORDERS = 64
"""Orders kept in memory until the agent asks for them; headquarters repeats what gets no answer."""


_TRIM_S = 300.0
"""Seconds between two looks at what may be given up."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much may be on its way, and when it is sent again. Windows are bytes by lane: live facts have more room than
    history, which must leave the line free: 16 KiB are two seconds of 64 kbit/s (`tests/chaos/test_drain.py`)."""

    windows: Mapping[int, int] = field(default_factory=lambda: {0: 65_536, 1: 65_536, 2: 16_384, 3: 16_384})
    take: int = 64
    resend_min_s: float = 30.0
    resend_rtts: float = 4.0
    resend_max_s: float = 900.0
    """Ceiling of the doubling: while headquarters is down the same window must not eat the day's bytes."""
    silent_s: float = 60.0
    """A broker that gives no sign of life for so long while it owes a PUBACK is taken for a half-open link."""
    dead_s: float = 480.0
    """The same while it owes nothing; must be above the keepalive."""


@dataclass(slots=True)
class _Flight:
    """One row on its way."""

    row: OutboxRow
    size: int
    sent_at: float
    attempts: int = 1


class Sender:
    """Empties the outbox over the uplink. The agent calls ``step`` every 0.2-1 s from one thread, and nothing else
    touches the uplink. Whatever is killed at whatever moment, a row is either acknowledged or sent again."""

    def __init__(self, outbox: Outbox, uplink: Uplink, clock: Clock, names: Names, pace: Pace | None = None) -> None:
        self._outbox = outbox
        self._uplink = uplink
        self._clock = clock
        self._names = names
        self._pace = pace or Pace()
        self._connected = False
        self._since = clock.wall()
        self._reason = "not started"
        self._fault = ""
        self._last_ack_at: float | None = None
        self._rtt_s: float | None = None
        self._flights: dict[int, _Flight] = {}
        self._after: dict[int, int] = {}
        self._unconfirmed: dict[int, float] = {}
        self._backoff = 0
        self._states: dict[str, Mapping[str, str | int]] = {}
        self._told: dict[str, Mapping[str, str | int]] = {}
        self._resent = 0
        self._trim_at = 0.0
        self._shrunk = 1.0  # bytes on the wire per byte of body, as it was lately
        self._orders: deque[tuple[str, bytes]] = deque(maxlen=_ORDERS)

    def start(self) -> None:
        """Begins to connect."""
        self._reason = "connecting"
        self._uplink.start()

    def close(self) -> None:
        """Says goodbye (``offline``, so that no will is sent) and ends."""
        self._publish_status("offline")
        self._uplink.stop()
        self._lost("stopped")

    def step(self) -> None:
        """Does what is due: takes in events, sends states and rows, sends again, watches the link."""
        for event in self._uplink.events():
            self._on(event)
        if self._clock.monotonic() >= self._trim_at:
            self._trim_at = self._clock.monotonic() + _TRIM_S
            self._outbox.trim()
        if not self._connected:
            return
        if self._half_open():
            self._uplink.stop()
            self._lost("the broker gives no sign of life: connecting anew")
            self._uplink.start()
            return
        self._send_again()
        self._send_rows()
        self._send_states()

    def set_states(self, states: Mapping[str, Mapping[str, str | int]]) -> None:
        """The flat payload of every device as it is now (``wire.state_payload``); those that changed are published,
        and a device that is no longer named is cleared at the broker."""
        self._states = dict(states)

    def orders(self) -> list[tuple[str, bytes]]:
        """What headquarters sent on ``cmd/<id>`` since the last call, as (topic, payload)."""
        came = list(self._orders)
        self._orders.clear()
        return came

    def status(self) -> dict[str, object]:
        """What a page says of the link: ``connected``, ``since`` and ``last_ack_at`` (s since the epoch),
        ``reason`` (why not, or what is wrong), ``waiting`` rows by lane, ``in_flight``, ``rtt_s``, ``resent``."""
        return {
            "connected": self._connected,
            "since": self._since,
            "reason": self._fault or ("" if self._connected else self._reason),
            "last_ack_at": self._last_ack_at,
            "waiting": self._outbox.waiting(),
            "in_flight": len(self._flights),
            "rtt_s": self._rtt_s,
            "resent": self._resent,
        }

    def _on(self, event: UplinkEvent) -> None:
        match event.kind:
            case "connected":
                self._lost("")  # a new connection knows nothing of what was on its way
                self._connected = True
                self._since = self._clock.wall()
                self._publish_status("online")
            case "disconnected":
                self._lost(event.reason)
            case "published":
                self._unconfirmed.pop(event.token, None)
                self._fault = event.reason or self._fault
            case "message" if event.topic == self._names.topic("ack", self._outbox.stream):
                self._acknowledged(event.payload)
            case "message" if event.topic.startswith(self._names.topic("cmd", "")) and event.payload:
                self._orders.append((event.topic, event.payload))

    def _lost(self, reason: str) -> None:
        if self._connected:
            self._since = self._clock.wall()
        self._connected = False
        self._reason = reason
        self._flights.clear()
        self._after.clear()
        self._unconfirmed.clear()
        self._told.clear()
        self._backoff = 0

    def _publish_status(self, state: str) -> None:
        payload = wire.status_payload(state, self._clock.boot_id(), self._names.version, self._clock.wall())
        self._uplink.publish(self._names.topic("status"), payload, retain=True)

    def _acknowledged(self, payload: bytes) -> None:
        try:
            told = wire.acknowledgement_of(payload)
        except wire.GarbledError as error:
            self._fault = f"headquarters' acknowledgement cannot be read: {error}"
            return
        now = self._clock.monotonic()
        newest = self._outbox.newest()
        seqs: list[int] = []
        for first, last in told.ranges:
            seqs.extend(range(max(first, 1), min(last, newest) + 1))
        for seq in seqs:
            flight = self._flights.pop(seq, None)
            if flight and flight.attempts == 1:
                rtt = now - flight.sent_at
                self._rtt_s = rtt if self._rtt_s is None else 0.8 * self._rtt_s + 0.2 * rtt
        self._outbox.acknowledge(seqs)
        self._last_ack_at = self._clock.wall()
        self._backoff = 0
        self._fault = ""
        if max([told.newest, *(last for _, last in told.ranges)]) > newest:
            self._renew_stream()

    def _renew_stream(self) -> None:
        """Headquarters has numbers of this stream that this box never gave: the data came back from an older copy.
        Under the old stream new facts would be taken for repetitions and be lost."""
        self._outbox.new_stream()
        self._flights.clear()
        self._after.clear()
        self._fault = "the data was restored from an older copy: a new outbox stream was started"

    def _half_open(self) -> bool:
        idle = self._uplink.idle_s()
        owed = min(self._unconfirmed.values(), default=None)
        overdue = owed is not None and self._clock.monotonic() - owed > self._pace.silent_s
        return idle > self._pace.dead_s or (overdue and idle > self._pace.silent_s)

    def _resend_after_s(self) -> float:
        first = max(self._pace.resend_min_s, self._pace.resend_rtts * (self._rtt_s or 0.0))
        return float(min(first * 2**self._backoff, max(self._pace.resend_max_s, first)))

    def _send_again(self) -> None:
        """Publishes what was not acknowledged in time once more; the waiting time doubles until an answer comes."""
        now = self._clock.monotonic()
        late = [flight for flight in self._flights.values() if now - flight.sent_at > self._resend_after_s()]
        for flight in late:
            if not self._publish_row(flight):
                return
            flight.attempts += 1
            self._resent += 1
        if late:
            self._backoff = min(self._backoff + 1, 16)

    def _send_rows(self) -> None:
        """Strict priority before the wire: a row is sent only if its lane's window has room and no row of a lane
        before it waits."""
        while True:
            rows = self._outbox.take(self._pace.take, after=dict(self._after))
            for row in rows:
                if not self._send_row(row):
                    return
            if len(rows) < self._pace.take:
                return

    def _send_row(self, row: OutboxRow) -> bool:
        if row.seq in self._flights:
            self._after[row.lane] = row.seq
            return True
        under_way = sum(flight.size for flight in self._flights.values() if flight.row.lane == row.lane)
        flight = _Flight(row, round(len(row.body) * self._shrunk), self._clock.monotonic())
        if under_way and under_way + flight.size > self._pace.windows.get(row.lane, 32_768):
            return False
        if not self._publish_row(flight):
            return False
        self._flights[row.seq] = flight
        self._after[row.lane] = row.seq
        return True

    def _publish_row(self, flight: _Flight) -> bool:
        row = flight.row
        envelope = Envelope(
            self._names.site,
            self._outbox.stream,
            row.seq,
            row.kind,
            wire.body_of(row.body),
            written_at=row.created_at,
            sent_at=self._clock.wall(),
            boot_id=row.boot_id,
            clock=ClockState.TRUSTED if row.clock_trusted else ClockState.ESTIMATED,
        )
        payload = wire.encode(envelope)
        token = self._uplink.publish(self._names.topic(row.kind), payload)
        if token is None:
            return False
        flight.sent_at, flight.size = self._clock.monotonic(), len(payload)
        self._shrunk += 0.2 * (len(payload) / max(1, len(row.body)) - self._shrunk)
        self._unconfirmed[token] = flight.sent_at
        return True

    def _send_states(self) -> None:
        """Retained ``state/<device>`` of the devices whose payload changed (``ts`` apart)."""
        for device in [*self._states, *(self._told.keys() - self._states.keys())]:
            now = self._states.get(device)
            told = self._told.get(device)
            if now is not None and told is not None and _without_ts(now) == _without_ts(told):
                continue
            payload = b"" if now is None else msgspec.json.encode(now)
            if self._uplink.publish(self._names.topic("state", device), payload, retain=True) is None:
                return
            if now is None:
                del self._told[device]
            else:
                self._told[device] = now


def _without_ts(payload: Mapping[str, str | int]) -> dict[str, str | int]:
    return {key: value for key, value in payload.items() if key != "ts"}
