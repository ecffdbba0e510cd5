"""From the outbox to headquarters: lanes, windows, resending, and deletion only on headquarters' own acknowledgement.

A broker's PUBACK is not tied to any disk (17 % of the messages were lost when rows were deleted on it and the broker
was killed), so a row leaves the outbox only when ``ack/<stream>`` says that headquarters has committed it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from gateway import wire
from gateway.clock import Clock
from gateway.ports import Outbox, OutboxRow, Uplink, UplinkEvent
from gateway.uplink.line import Line
from gateway.uplink.pace import BULK_LANE, Bulk, Pace
from gateway.uplink.parcels import Parcel, parcels
from gateway.uplink.retained import Retained
from gateway.wire import Names

_ORDERS = 64
"""Orders kept in memory until the agent asks for them; headquarters repeats what gets no answer."""


_TRIM_S = 300.0
"""Seconds between two looks at what may be given up."""


class Sender:
    """Empties the outbox over the uplink. The agent calls ``step`` every 0.2-1 s from one thread, and nothing else
    touches the uplink. Whatever is killed at whatever moment, a row is either acknowledged or sent again.

    While much bulk waits it has a connection of its own (``spare``), opened when needed, so that alerts never stand
    behind it in one TCP connection."""

    def __init__(
        self,
        outbox: Outbox,
        uplink: Uplink,
        clock: Clock,
        names: Names,
        pace: Pace | None = None,
    ) -> None:
        self._outbox = outbox
        self._clock = clock
        self._names = names
        self._pace = pace or Pace()
        self._line = Line(uplink, clock, self._pace)
        self._second: Line | None = None
        self._bulk = Bulk(self._pace, clock)
        self._retained = Retained(outbox, self._pace.states_bytes)
        self._since = clock.wall()
        self._reason = "not started"
        self._fault = ""
        self._last_ack_at: float | None = None
        self._rtt_s: float | None = None
        self._flights: dict[int, Parcel] = {}
        self._backoff = 0
        self._resent = 0
        self._trim_at = 0.0
        self._shrunk = 1.0  # bytes on the wire per byte of body, as it was lately
        self._orders: deque[tuple[str, bytes]] = deque(maxlen=_ORDERS)

    def spare(self, second: Uplink) -> None:
        """A connection that is opened for bulk when much of it waits."""
        self._second = Line(second, self._clock, self._pace)

    def start(self) -> None:
        """Begins to connect."""
        self._reason = "connecting"
        self._line.start()

    def close(self) -> None:
        """Says goodbye (``offline``, so that no will is sent) and ends."""
        self._retained.goodbye(self._publish_status("offline"))
        self._line.stop()
        self._lost("stopped")

    def step(self) -> None:
        """Does what is due: takes in events, sends states and rows, sends again, watches the link."""
        was = self._line.connected
        for event in self._line.events():
            self._on(event, was)
        self._listen_to_second()
        if self._clock.monotonic() >= self._trim_at:
            self._trim_at = self._clock.monotonic() + _TRIM_S
            self._outbox.trim()
        if not self._line.connected:
            return
        if self._line.dead():
            self._since = self._clock.wall()
            self._line.stop()
            self._lost("the broker gives no sign of life: connecting anew")
            self._line.start()
            return
        self._send_again()
        self._send_rows()
        self._retained.step(self._line, self._clock.monotonic())

    def set_states(self, states: Mapping[str, Mapping[str, str | int]]) -> None:
        """The flat payload of every device as it is now (``wire.state_payload``); those that changed are published,
        and a device that is no longer named is cleared at the broker, also one that a run before named."""
        self._retained.set_states({self._names.topic("state", device): state for device, state in states.items()})

    def announce(self, announcements: Mapping[str, Mapping[str, Any]]) -> None:
        """Retained messages for other programs, by topic; those of a run before that are not among them are cleared."""
        self._retained.announce(announcements)

    def orders(self) -> list[tuple[str, bytes]]:
        """What headquarters sent on ``cmd/<id>`` since the last call, as (topic, payload)."""
        came = list(self._orders)
        self._orders.clear()
        return came

    def status(self) -> dict[str, object]:
        """What a page says of the link: ``connected``, ``since`` and ``last_ack_at`` (s since the epoch),
        ``reason`` (why not, or what is wrong), ``waiting`` rows by lane, ``in_flight``, ``rtt_s``, ``resent``,
        ``second`` (whether bulk has a connection of its own now)."""
        connected = self._line.connected
        return {
            "connected": connected,
            "since": self._since,
            "reason": self._fault or ("" if connected else self._reason),
            "last_ack_at": self._last_ack_at,
            "waiting": self._outbox.waiting(),
            "in_flight": len(self._flights),
            "rtt_s": self._rtt_s,
            "resent": self._resent,
            "second": bool(self._second and self._second.connected),
        }

    # what came

    def _on(self, event: UplinkEvent, was: bool) -> None:
        match event.kind:
            case "connected":
                self._lost("")  # a new connection knows nothing of what was on its way
                self._since = self._clock.wall()
                self._retained.connected(event.payload, self._clock.monotonic())
                self._publish_status("online")
            case "disconnected":
                self._since = self._clock.wall() if was else self._since
                self._lost(event.reason)
            case "published":
                self._fault = event.reason or self._fault
                self._retained.on(event)
            case "message" if event.topic == self._names.topic("status"):
                self._retained.heard(event.payload)
            case "message" if event.topic == self._names.topic("ack", self._outbox.stream):
                self._acknowledged(event.payload)
            case "message" if event.topic.startswith(self._names.topic("cmd", "")) and event.payload:
                self._orders.append((event.topic, event.payload))

    def _lost(self, reason: str) -> None:
        self._reason = reason
        self._flights.clear()
        self._retained.forget_connection()
        self._bulk.anew()
        self._backoff = 0
        if self._second and self._second.started:
            self._second.stop()

    def _publish_status(self, state: str) -> bytes:
        payload = wire.status_payload(state, self._clock.boot_id(), self._names.version, self._clock.wall())
        self._line.publish(self._names.topic("status"), payload, retain=True)
        return payload

    def _acknowledged(self, payload: bytes) -> None:
        try:
            told = wire.acknowledgement_of(payload)
        except wire.GarbledError as error:
            self._fault = f"headquarters' acknowledgement cannot be read: {error}"
            return
        newest = self._outbox.newest()
        seqs: list[int] = []
        for first, last in told.ranges:
            seqs.extend(range(max(first, 1), min(last, newest) + 1))
        for seq in seqs:
            self._arrived(seq)
        self._outbox.acknowledge(seqs)
        self._last_ack_at = self._clock.wall()
        self._backoff = 0
        self._fault = ""
        if max([told.newest, *(last for _, last in told.ranges)]) > newest:
            self._renew_stream()

    def _arrived(self, seq: int) -> None:
        parcel = self._flights.pop(seq, None)
        if parcel is None:
            return
        del parcel.rows[seq]
        if parcel.attempts == 1 and not parcel.rows:
            rtt = self._clock.monotonic() - parcel.sent_at
            self._rtt_s = rtt if self._rtt_s is None else 0.8 * self._rtt_s + 0.2 * rtt
            self._bulk.answered(rtt, bulk=parcel.bulk)

    def _renew_stream(self) -> None:
        """Headquarters has numbers of this stream that this box never gave: the data came back from an older copy.
        Under the old stream new facts would be taken for repetitions and be lost."""
        self._outbox.new_stream()
        self._flights.clear()
        self._fault = "the data was restored from an older copy: a new outbox stream was started"

    # what goes

    def _resend_after_s(self) -> float:
        first = max(self._pace.resend_min_s, self._pace.resend_rtts * (self._rtt_s or 0.0))
        return float(min(first * 2**self._backoff, max(self._pace.resend_max_s, first)))

    def _send_again(self) -> None:
        """Publishes what was not acknowledged in time once more; the waiting time doubles until an answer comes."""
        now = self._clock.monotonic()
        under_way = {id(parcel): parcel for parcel in self._flights.values()}.values()
        late = [parcel for parcel in under_way if now - parcel.sent_at > self._resend_after_s()]
        for parcel in late:
            if not self._publish(parcel):
                return
            self._resent += 1
        if late:
            self._backoff = min(self._backoff + 1, 16)

    def _send_rows(self) -> None:
        """Strict priority before the wire: a row is sent only if its lane's window has room and no row of a lane
        before it waits."""
        while True:
            rows = self._outbox.take(self._pace.take, skip=self._flights.keys())
            self._open_second(rows)
            for parcel in parcels(rows, self._clock.wall(), self._pace, self._shrunk):
                if not self._has_room(parcel) or not self._publish(parcel):
                    return
                self._flights.update(dict.fromkeys(parcel.rows, parcel))
            if len(rows) < self._pace.take:
                return

    def _has_room(self, parcel: Parcel) -> bool:
        if parcel.bulk and not self._bulk.allows():
            return False
        under_way = {id(one): one.size for one in self._flights.values() if one.lane == parcel.lane}
        return not under_way or sum(under_way.values()) + parcel.size <= self._bulk.window(parcel.lane)

    def _publish(self, parcel: Parcel) -> bool:
        line = self._second if parcel.bulk and self._second and self._second.connected else self._line
        topic, payload = parcel.message(self._names, self._outbox.stream, self._clock.wall())
        if line.publish(topic, payload) is None:
            return False
        parcel.line, parcel.size, parcel.sent_at = line, len(payload), self._clock.monotonic()
        parcel.attempts += 1
        plain = sum(len(row.body) for row in parcel.rows.values())
        self._shrunk += 0.2 * (len(payload) / max(1, plain) - self._shrunk)
        if parcel.bulk:
            self._bulk.sent(parcel.size)
        return True

    # the second connection

    def _open_second(self, rows: list[OutboxRow]) -> None:
        if self._second is None or self._second.started:
            return
        bulk = sum(len(row.body) for row in rows if row.lane >= BULK_LANE) * self._shrunk
        if bulk > self._pace.second_bytes:
            self._second.start()

    def _listen_to_second(self) -> None:
        """What was on its way over a second connection that ended goes again; it ends itself once nothing waits. Until
        it is there (a broker may allow one connection only) bulk goes over the first."""
        second = self._second
        if second is None or not second.started:
            return
        for event in second.events():
            if event.kind == "published":
                self._fault = event.reason or self._fault
            elif event.kind == "disconnected":
                self._forget_parcels(second)
        if second.dead():
            second.stop()
            self._forget_parcels(second)
            second.start()
        if not any(lane >= BULK_LANE for lane in self._outbox.waiting()):
            second.stop()

    def _forget_parcels(self, line: Line) -> None:
        self._flights = {seq: parcel for seq, parcel in self._flights.items() if parcel.line is not line}
