"""The wire to the broker: paho-mqtt as a driver only, MQTT 5, QoS 1, TLS with client certificates.

Measured on paho 2.2 and designed around: its queue lives in memory only, so nothing waits in it (the outbox is the
session: clean start, and a new client for every connection); a publish without a link is queued although it reports
an error, so it is never tried; ``on_publish`` runs with paho's message mutex held, so callbacks take no lock and only
append to a deque; an exception in a callback would end its thread while everything still looks connected.
"""

from __future__ import annotations

import itertools
import random
import ssl
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions

from gateway.clock import Clock
from gateway.ports import UplinkEvent
from gateway.settings import UplinkSettings
from gateway.settings.tls import CONNECT_TIMEOUT_S, explain, host_and_port, refusal, tls_context
from gateway.wire import Names, status_payload

_BACKOFF_S = (1.0, 120.0)
_TOKENS = 1 << 16
_LOST = "the connection was lost"
_CLONE = (
    "the broker ends every connection soon after it begins: does another box connect with this site's identity? "
    "give each box a certificate of its own"
)
_SHORT_S, _SHORT_LINKS = 60.0, 3
"""So many connections in a row that the broker took and that ended within so many seconds: mosquitto 2.0 does not tell
the one that is pushed out why."""
_HEARD = (("ack", 0), ("cmd", 1))
"""What is subscribed to, with its QoS. An acknowledgement that is lost with its connection is asked for by sending
again; confirming each one to the broker cost a tenth of the day's bytes."""
_TAKEN_OVER = 0x8E
"""MQTT 5, reason code of DISCONNECT: session taken over."""


def backoff_s(failures: int, chance: float) -> float:
    """Seconds until the next attempt: doubling up to a cap. ``chance`` (0 to 1) makes it up to half shorter, so that a
    thousand sites do not knock in the same second after a broker came back."""
    longest = min(_BACKOFF_S[0] * 2.0 ** min(failures, 30), _BACKOFF_S[1])
    return longest * (0.5 + 0.5 * chance)


class MqttUplink:
    """``ports.Uplink`` over paho. One thread connects, waits for the connection to end and backs off with jitter; each
    connection has a client and a network thread of its own. A ``spare`` one only carries what is sent: it has no will,
    since it ends while the site lives on, and hears nothing."""

    def __init__(self, settings: UplinkSettings, names: Names, clock: Clock, *, spare: bool = False) -> None:
        self._settings = settings
        self._names = names
        self._clock = clock
        self._who = _Who(f"vigie-{names.organisation}-{names.site}{'-bulk' if spare else ''}", names, spare=spare)
        self._events: deque[UplinkEvent] = deque()
        self._link: _Link | None = None
        self._stopping = threading.Event()
        self._generations = itertools.count(1)
        self._lock = threading.Lock()  # around `_link`; never taken by a callback of paho

    def start(self) -> None:
        """Begins to connect; comes back at once. Failures are ``disconnected`` events with one line of reason."""
        self._stopping = threading.Event()
        threading.Thread(target=self._stay, args=(self._stopping,), name="uplink", daemon=True).start()

    def stop(self) -> None:
        """Ends the connection: what was handed over is written out first if the link still takes it."""
        with self._lock:
            self._stopping.set()
            link, self._link = self._link, None
        if link:
            link.close()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int | None:
        """Hands one message to the connection; ``None`` if there is none at the moment."""
        link = self._link
        return link.publish(topic, payload, retain=retain) if link else None

    def events(self) -> list[UplinkEvent]:
        """What happened since the last call, in order."""
        happened = []
        while self._events:
            happened.append(self._events.popleft())
        return happened

    def idle_s(self) -> float:
        """Seconds since the broker last sent anything on the present connection; 0 without one."""
        link = self._link
        return self._clock.monotonic() - link.heard_at if link else 0.0

    def _stay(self, stopping: threading.Event) -> None:
        """Connects again and again until told to stop."""
        failures, short = 0, 0
        while not stopping.is_set():
            began = self._clock.monotonic()
            link = _Link(self._settings, self._who, self._clock, next(self._generations), self._events.append)
            reason = link.open() or self._follow(link, stopping)
            if stopping.is_set():
                return
            short = short + 1 if link.accepted and self._clock.monotonic() - began < _SHORT_S else 0
            if short >= _SHORT_LINKS or link.taken_over:
                reason = _CLONE  # told, not fought: the pause grows, two boxes that take turns would both be useless
            elif link.accepted:
                failures = 0
            elif link.opened and not link.answered:
                reason = refusal(self._settings) or reason
            self._events.append(UplinkEvent("disconnected", reason=reason))
            stopping.wait(backoff_s(failures, random.random()))  # noqa: S311 - not a secret
            failures += 1

    def _follow(self, link: _Link, stopping: threading.Event) -> str:
        """Waits until the connection ends; returns why."""
        with self._lock:
            if not stopping.is_set():
                self._link = link
        if not stopping.is_set():
            link.settled.wait(CONNECT_TIMEOUT_S)
            if link.accepted:
                link.ended.wait()
            elif not link.ended.is_set():
                link.reason = f"{urlsplit(self._settings.url).netloc}: the broker does not answer: is it an MQTT port?"
        with self._lock:
            if self._link is link:
                self._link = None
        link.close()
        return link.reason


@dataclass(frozen=True, slots=True)
class _Who:
    """As whom a connection is made."""

    client_id: str
    names: Names
    spare: bool


class _Link:
    """One connection, from open to close."""

    def __init__(
        self,
        settings: UplinkSettings,
        who: _Who,
        clock: Clock,
        generation: int,
        tell: Callable[[UplinkEvent], None],
    ) -> None:
        self.ended = threading.Event()
        self.settled = threading.Event()
        self.opened = False
        self.answered = False
        self.accepted = False
        self.taken_over = False
        self.reason = _LOST
        self.heard_at = clock.monotonic()
        self._settings = settings
        self._who = who
        self._names = who.names
        self._clock = clock
        self._base = generation * _TOKENS
        self._will = status_payload("lost", clock.boot_id(), who.names.version, clock.wall())
        self._listener = tell
        self._closed = False
        self._client: paho.Client | None = None

    def open(self) -> str:
        """Connects and starts the network thread; returns what prevented it, or an empty text."""
        try:
            client = self._new_client()
            client.connect(*host_and_port(self._settings), self._settings.keepalive_s, clean_start=True)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError; ValueError: host name paho refuses
            return explain(error, self._settings)
        self._client = client
        self.opened = True
        client.loop_start()
        return ""

    def _new_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._who.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_queued_messages_set(0)
        client.max_inflight_messages_set(1000)  # the sender's own window is far below
        if self._settings.url.startswith("mqtts://"):
            client.tls_set_context(tls_context(self._settings))
        if not self._who.spare:
            client.will_set(self._names.topic("status"), self._will, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_log = self._on_log
        return client

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> int | None:
        """Token of the message, or ``None`` if the connection is not (or no longer) up."""
        client = self._client
        if client is None or not self.accepted or self.ended.is_set():
            return None
        info = client.publish(topic, payload, qos=1, retain=retain)
        return self._base + info.mid if info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS else None

    def close(self) -> None:
        """Says goodbye, closes the socket and ends the network thread. Nothing is told afterwards."""
        self._closed = True
        client, self._client = self._client, None
        if client is None:
            return
        client.disconnect()
        if not self.ended.wait(timeout=1.0):  # a half-open link never takes the goodbye
            sock = client.socket()
            if sock is not None:
                sock.close()
        self.ended.set()
        self.settled.set()
        client.loop_stop()

    def _tell(self, event: UplinkEvent) -> None:
        if not self._closed:
            self._listener(event)

    # paho's callbacks, on its thread: no lock, no work

    def _on_connect(self, client: paho.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        self.answered = True
        if code.is_failure:
            self.reason = f"the broker refused the connection: {code}"
        elif self._who.spare:
            self._accept()
        else:
            heard = [(self._names.topic(level, "+"), SubscribeOptions(qos=qos)) for level, qos in _HEARD]
            own = (self._names.topic("status"), SubscribeOptions(qos=0, noLocal=True))
            client.subscribe([*heard, own])

    def _on_subscribe(self, client: paho.Client, _data: Any, _mid: int, codes: list[Any], _properties: Any) -> None:
        if any(code.is_failure for code in codes):
            self.reason = f"the broker refused a subscription below {self._names.root}: {codes[0]}"
            client.disconnect()
            return
        self._accept()

    def _accept(self) -> None:
        self.accepted = True
        self.settled.set()
        self._tell(UplinkEvent("connected", payload=self._will))

    def _on_disconnect(self, _client: paho.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.value == _TAKEN_OVER:
            self.taken_over = True
        elif self.accepted and self.reason == _LOST:
            self.reason = f"{_LOST}: {code}"
        self.ended.set()
        self.settled.set()

    def _on_publish(self, _client: paho.Client, _data: Any, mid: int, code: Any, _properties: Any) -> None:
        refused = f"the broker refuses messages of this site: {code}: check its access list" if code.is_failure else ""
        self._tell(UplinkEvent("published", token=self._base + mid, reason=refused))

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self._tell(UplinkEvent("message", topic=message.topic, payload=bytes(message.payload)))

    def _on_log(self, _client: paho.Client, _data: Any, level: int, text: str) -> None:
        # paho tells of a PINGRESP, and of the TLS alert that ends a refused connection, only in its log
        if text.startswith("Received"):
            self.heard_at = self._clock.monotonic()
        elif level == LogLevel.MQTT_LOG_ERR and self.reason == _LOST:
            self.reason = explain(ssl.SSLError(text) if "alert" in text else OSError(text), self._settings)
