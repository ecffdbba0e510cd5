"""From the broker into the ledger. The order is the guarantee: COMMIT, then the broker's acknowledgement, then
``ack/<stream>`` to the site, which deletes its copy only then. Whatever is killed in between comes again and is
recognised.

One thread runs paho's loop itself and works between two turns of it, so nothing here needs a lock; callbacks only
append to a list.
"""

from __future__ import annotations

import ssl
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gateway import wire
from gateway.clock import Clock
from gateway.core.errors import UnavailableError
from gateway.settings import UplinkSettings
from gateway.settings.tls import CONNECT_TIMEOUT_S, explain, host_and_port, refusal, tls_context
from web.desk.ledger import Ledger, Quarantined
from web.desk.silence import Listening, silence_changes, silences

SESSION_S = 7 * 86400
"""How long the broker keeps what comes while headquarters is away."""
_BATCH = 200
_TURN_S = 0.2
_WATCH_S = 5.0
_ORDERS_S = 0.5
_BACKOFF_S = (0.5, 30.0)
_QUARANTINED_BYTES = 65_536
LEVELS = ("status", *wire.KINDS)
"""Last levels of the topics that are taken in."""


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """Whose messages are taken, from which broker, and how long a site may be silent (s)."""

    organisation: str
    broker: UplinkSettings
    client_id: str = ""
    silent_after_s: float = 720.0


@dataclass(frozen=True, slots=True)
class IngestStatus:
    """What ingest is doing; instants are s since the epoch. ``reason`` says why it is not connected."""

    connected: bool = False
    since: float = 0.0
    reason: str = "not started"
    last_message_at: float | None = None
    kept: int = 0
    repeated: int = 0
    quarantined: int = 0


class Ingest:
    """Takes messages into the ledger until told to stop. ``status`` may be read from any thread."""

    def __init__(
        self,
        ledger: Ledger,
        options: IngestOptions,
        clock: Clock,
        log: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.status = IngestStatus(since=clock.wall())
        self._ledger = ledger
        self._options = options
        self._clock = clock
        self._log = log
        self._inbox: list[paho.MQTTMessage] = []
        self._refused = ""
        self._answered = False
        self._subscribed = False
        self._watched_at = 0.0
        self._ordered_at = 0.0

    def run(self, stopping: threading.Event) -> None:
        """Connects, works, connects again; returns when ``stopping`` is set."""
        pause = _BACKOFF_S[0]
        while not stopping.is_set():
            began = self._clock.monotonic()
            reason = self._session(stopping)
            if self._clock.monotonic() - began > _BACKOFF_S[1]:
                pause = _BACKOFF_S[0]
            if stopping.is_set():
                break
            if reason != self.status.reason:
                self._log(f"not connected: {reason}")
            self._now(connected=False, reason=reason, since=self._clock.wall())
            stopping.wait(pause)
            pause = min(pause * 2, _BACKOFF_S[1])
        self._now(connected=False, reason="stopped")

    def _session(self, stopping: threading.Event) -> str:
        """One connection from beginning to end; returns why it ended. What was not acknowledged comes again."""
        self._inbox, self._refused, self._answered, self._subscribed = [], "", False, False
        try:
            client = self._client()
            session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            session.SessionExpiryInterval = SESSION_S
            session.ReceiveMaximum = _BATCH
            host, port = host_and_port(self._options.broker)
            client.connect(host, port, self._options.broker.keepalive_s, clean_start=False, properties=session)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError; ValueError: host name paho refuses
            return explain(error, self._options.broker)
        try:
            reason = self._work(client, stopping)
            if self._answered or stopping.is_set():
                return reason
            return refusal(self._options.broker) or reason
        except UnavailableError as error:
            return str(error)
        finally:
            client.disconnect()

    def _work(self, client: paho.Client, stopping: threading.Event) -> str:
        began = self._clock.monotonic()
        while not stopping.is_set():
            code = client.loop(_TURN_S)
            while code == MQTTErrorCode.MQTT_ERR_SUCCESS and 0 < len(self._inbox) < _BATCH:
                before = len(self._inbox)
                code = client.loop(0.0)
                if len(self._inbox) == before:
                    break
            if self._inbox:
                inbox, self._inbox = self._inbox, []
                self._take(client, inbox)
            if self._subscribed and not self.status.connected:
                self._now(connected=True, reason="", since=self._clock.wall())
                self._log("connected")
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._refused:
                return self._refused or f"the connection was lost: {paho.error_string(code)}"
            if not self._subscribed and self._clock.monotonic() - began > CONNECT_TIMEOUT_S:
                return "the broker does not answer: is it an MQTT port?"
            self._watch()
            self._send_orders(client)
        return ""

    def _client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._options.client_id or f"vigie-desk-{self._options.organisation}",
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        if self._options.broker.url.startswith("mqtts://"):
            client.tls_set_context(tls_context(self._options.broker))
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_log = self._on_log
        return client

    def _take(self, client: paho.Client, inbox: Iterable[paho.MQTTMessage]) -> None:
        """Keeps messages, and only then tells the broker and their sites."""
        kept: dict[tuple[str, str], list[int]] = defaultdict(list)
        for message in inbox:
            envelopes = self._keep(message)
            client.ack(message.mid, message.qos)
            for envelope in envelopes:
                kept[envelope.site, envelope.stream].append(envelope.seq)
        for (site, stream), seqs in kept.items():
            topic = wire.Names(self._options.organisation, site).topic("ack", stream)
            client.publish(topic, wire.acknowledgement(stream, seqs, self._ledger.newest(site, stream)), qos=1)
        self._now(last_message_at=self._clock.wall())

    def _keep(self, message: paho.MQTTMessage) -> list[wire.Envelope]:
        """Puts one message into the ledger, or into quarantine. Returns the envelopes that its site may delete."""
        *_, site, kind = message.topic.split("/")
        payload, now = bytes(message.payload), self._clock.wall()
        try:
            if kind == "status":
                if payload:
                    self._ledger.heard(site, wire.status_of(payload), now, alive=not message.retain)
                return []
            envelopes = wire.decode_all(payload)
            for envelope in envelopes:
                if envelope.site != site or kind not in (envelope.kind, "hist"):
                    told = f"says it is {envelope.kind} of {envelope.site}"
                    raise wire.GarbledError(f"message on {message.topic} {told}")
        except wire.GarbledError as error:
            self._quarantine(message, error, now)
            return []
        for envelope in envelopes:
            try:
                new = self._ledger.ingest(envelope, now)
                self._now(kept=self.status.kept + new, repeated=self.status.repeated + (not new))
            except wire.GarbledError as error:
                self._quarantine(message, error, now)
        return envelopes

    def _quarantine(self, message: paho.MQTTMessage, error: wire.GarbledError, now: float) -> None:
        self._log(f"quarantine: {message.topic}: {error}")
        payload = bytes(message.payload)[:_QUARANTINED_BYTES]
        self._ledger.quarantine(Quarantined(now, message.topic, str(error), payload))
        self._now(quarantined=self.status.quarantined + 1)

    def _watch(self) -> None:
        """Opens and closes incidents of silent sites, every few seconds."""
        if self._clock.monotonic() - self._watched_at < min(_WATCH_S, self._options.silent_after_s / 4):
            return
        self._watched_at = self._clock.monotonic()
        lasting = silences((one.site, one.incident) for one in self._ledger.incidents(None, float("inf")))
        listening = Listening(self.status.since if self.status.connected else None, self._options.silent_after_s)
        for site, change in silence_changes(self._ledger.heard_at(), lasting, self._clock.wall(), listening):
            self._log(f"{site}: {change.cause or 'speaks again'}")
            self._ledger.write(site, change)

    def _send_orders(self, client: paho.Client) -> None:
        """Hands over what people here ask of sites; what gets no answer goes again (``KeptOrder.due``)."""
        if not self.status.connected or self._clock.monotonic() - self._ordered_at < _ORDERS_S:
            return
        self._ordered_at = self._clock.monotonic()
        now = self._clock.wall()
        for one in self._ledger.orders.due(now):
            order = one.order
            validity = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            validity.MessageExpiryInterval = max(1, int(order.expires_at - now))
            topic = wire.Names(self._options.organisation, order.site).topic("cmd", order.id)
            client.publish(topic, one.payload, qos=1, properties=validity)
            self._ledger.orders.sent(order.id, now)

    def _now(self, **values: Any) -> None:
        self.status = replace(self.status, **values)

    # paho's callbacks: no work here

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        self._answered = True
        if code.is_failure:
            self._refused = f"the broker refused the connection: {code}"
            return
        root = f"vigie/v1/{self._options.organisation}/+"
        client.subscribe([(f"{root}/{level}", 1) for level in LEVELS])

    def _on_subscribe(self, _client: paho.Client, _data: Any, _mid: int, codes: list[Any], _properties: Any) -> None:
        if any(code.is_failure for code in codes):
            self._refused = f"the broker refused a subscription below vigie/v1/{self._options.organisation}: {codes[0]}"
        self._subscribed = True

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self._inbox.append(message)

    def _on_log(self, _client: paho.Client, _data: Any, level: int, text: str) -> None:
        # the TLS alert that ends a refused connection is told only here
        if level == LogLevel.MQTT_LOG_ERR and not self._refused:
            self._refused = explain(ssl.SSLError(text) if "alert" in text else OSError(text), self._options.broker)
