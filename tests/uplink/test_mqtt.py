"""What paho and a real broker do when things go wrong: one clear line each, and a link that heals by itself."""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway import wire
from gateway.clock import SystemClock, stamp
from gateway.ports import Message
from gateway.settings import UplinkSettings
from gateway.settings.tls import explain, tls_context
from gateway.store.memory import MemoryOutbox
from gateway.uplink.mqtt import MqttUplink
from gateway.uplink.pace import Pace
from gateway.uplink.sender import Sender

NAMES = wire.Names("org", "depot", "0.1.0")


@pytest.fixture
def reason(eventually: Callable[..., None]) -> Callable[[UplinkSettings], str]:
    """Why there is no connection with these settings."""

    def find(settings: UplinkSettings) -> str:
        uplink = MqttUplink(settings, NAMES, SystemClock())
        found: list[str] = []

        def told() -> bool:
            found.extend(event.reason for event in uplink.events() if event.kind == "disconnected")
            return bool(found)

        uplink.start()
        eventually(told, "a reason why there is no connection")
        uplink.stop()
        assert "\n" not in found[0]
        return found[0]

    return find


def refused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_broker_that_is_not_there(reason: Any) -> None:
    port = refused_port()
    assert reason(UplinkSettings(f"mqtt://127.0.0.1:{port}")) == (
        f"127.0.0.1:{port}: connection refused: is the broker running?"
    )


def test_a_name_that_does_not_exist(reason: Any) -> None:
    assert "broker.invalid" in reason(UplinkSettings("mqtts://broker.invalid"))


def test_a_certificate_file_that_is_missing(reason: Any, tmp_path: Path, authority: Any) -> None:
    settings = UplinkSettings("mqtts://127.0.0.1:1", authority.cert, tmp_path / "gone.crt", tmp_path / "gone.key")
    assert reason(settings).startswith(f"{tmp_path}/gone.key: No such file")


def test_a_key_that_belongs_to_another_certificate(reason: Any, authority: Any) -> None:
    one, other = authority.issue("one"), authority.issue("other")
    told = reason(UplinkSettings("mqtts://127.0.0.1:1", authority.cert, one.cert, other.key))
    assert "are no certificate with its key" in told


def test_an_authority_file_that_is_none(reason: Any, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("hello")
    assert "ca.crt is no certificate of an authority" in reason(
        UplinkSettings("mqtts://127.0.0.1:1", tmp_path / "ca.crt")
    )


@pytest.mark.integration
def test_a_broker_signed_by_somebody_else(reason: Any, mosquitto: Any, tmp_path: Path) -> None:
    stranger = type(mosquitto.authority)(tmp_path / "other", "stranger")
    assert "the broker's certificate is not accepted" in reason(mosquitto.settings("depot", ca=stranger.cert))


@pytest.mark.integration
def test_a_certificate_that_the_broker_does_not_know(reason: Any, mosquitto: Any, tmp_path: Path) -> None:
    stranger = type(mosquitto.authority)(tmp_path / "other", "stranger").issue("depot")
    told = reason(mosquitto.settings("depot", cert=stranger.cert, key=stranger.key))
    assert "authority that signed this certificate: check uplink.cert" in told


@pytest.mark.integration
def test_a_certificate_that_has_expired(reason: Any, mosquitto: Any) -> None:
    old = mosquitto.authority.issue("old-depot", (-3, -1))
    told = reason(mosquitto.settings("depot", cert=old.cert, key=old.key))
    assert "this certificate has expired: renew uplink.cert" in told


@pytest.mark.integration
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (9, "is not valid yet: is this machine's clock right?"),
        (10, "has expired: is this machine's clock right?"),
        (20, "a captive portal"),
        (62, "check uplink.ca and the clock"),
    ],
)
def test_a_broker_that_cannot_be_believed_is_told_with_what_to_look_at(code: int, words: str) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "as OpenSSL says"
    assert words in explain(error, UplinkSettings("mqtts://broker.example"))


def test_two_boxes_with_one_identity_are_told_and_do_not_fight(mosquitto: Any, eventually: Any) -> None:
    settings, clock = mosquitto.settings("depot"), SystemClock()
    first, second = (MqttUplink(settings, NAMES, clock) for _ in range(2))
    told: dict[MqttUplink, list[str]] = {first: [], second: []}

    def heard(uplink: MqttUplink, what: str) -> bool:
        told[uplink] += [event.reason or event.kind for event in uplink.events()]
        return any(what in line for line in told[uplink])

    first.start()
    eventually(lambda: heard(first, "connected"), "the first box")
    second.start()
    eventually(lambda: heard(second, "connected"), "the second box")
    clone = "does another box connect with this site's identity?"
    eventually(lambda: heard(first, clone) or heard(second, clone), "the reason", within_s=40)
    turns = sum(line == "connected" for lines in told.values() for line in lines)
    assert turns < 15, "the pauses grow"
    first.stop()
    second.stop()


def test_no_certificate_where_one_is_wanted(reason: Any, mosquitto: Any) -> None:
    assert "the broker wants a client certificate" in reason(mosquitto.settings("depot", cert=None, key=None))


@pytest.mark.integration
def test_plain_mqtt_to_a_tls_port(reason: Any, mosquitto: Any) -> None:
    told = reason(UplinkSettings(f"mqtt://127.0.0.1:{mosquitto.port}"))
    assert "uplink.url mqtts:// if it wants TLS" in told


@pytest.mark.integration
def test_tls_to_something_else(reason: Any) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def greet() -> None:
            with contextlib.suppress(OSError):
                while True:
                    caller, _ = server.accept()
                    caller.sendall(b"220 mail.example ESMTP\r\n")
                    caller.close()

        threading.Thread(target=greet, daemon=True).start()
        told = reason(UplinkSettings(f"mqtts://127.0.0.1:{server.getsockname()[1]}"))
    assert "TLS failed" in told
    assert "is this the broker's TLS port?" in told


@pytest.mark.integration
def test_a_topic_the_broker_forbids_is_said(mosquitto: Any, eventually: Any) -> None:
    outbox = MemoryOutbox()
    clock = SystemClock()
    outbox.put(Message("evt", 1, {}), stamp(clock))
    names = replace(NAMES, site="somebody-else")
    sender = Sender(outbox, MqttUplink(mosquitto.settings("depot"), names, clock), clock, names)
    sender.start()

    def told() -> bool:
        sender.step()
        return "the broker refuse" in str(sender.status()["reason"])

    eventually(told, "the refusal")
    sender.close()
    assert outbox.waiting() == {1: 1}


@pytest.mark.integration
def test_the_broker_says_that_a_killed_box_is_lost(mosquitto: Any, eventually: Any) -> None:
    seen: list[str] = []
    watcher = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    watcher.tls_set_context(tls_context(mosquitto.settings("desk")))
    watcher.on_message = lambda _c, _d, message: seen.append(wire.status_of(message.payload).state)
    watcher.connect("127.0.0.1", mosquitto.port)
    watcher.subscribe(NAMES.topic("status"), 1)
    watcher.loop_start()
    clock = SystemClock()
    with stalling_proxy(mosquitto.port) as proxy:
        uplink = MqttUplink(mosquitto.settings("depot", port=proxy.port), NAMES, clock)
        sender = Sender(MemoryOutbox(), uplink, clock, NAMES)
        sender.start()
        eventually(lambda: sender.step() or "online" in seen, "the birth")
        proxy.cut()
        eventually(lambda: sender.step() or seen[:3] == ["online", "lost", "online"], "will, then birth")
        sender.close()
        eventually(lambda: seen[3:] == ["offline"], "the goodbye")
    watcher.disconnect()
    watcher.loop_stop()


class Proxy:
    """A TCP proxy that can stop moving bytes without closing anything: a half-open link."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.stalled = threading.Event()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Resets every connection."""
        for pair in self._pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def close(self) -> None:
        self.cut()
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._pairs.append((near, far))
                threading.Thread(target=self._move, args=(near, far), daemon=True).start()

    def _move(self, near: socket.socket, far: socket.socket) -> None:
        ready = selectors.DefaultSelector()
        ready.register(near, selectors.EVENT_READ, far)
        ready.register(far, selectors.EVENT_READ, near)
        with contextlib.suppress(OSError), near, far:
            while True:
                for key, _ in ready.select(0.2):
                    if self.stalled.is_set():
                        threading.Event().wait(0.05)
                        continue
                    data = key.fileobj.recv(65_536)  # type: ignore[union-attr]
                    if not data:
                        return
                    key.data.sendall(data)


@contextlib.contextmanager
def stalling_proxy(target: int) -> Iterator[Proxy]:
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()


@pytest.mark.integration
def test_a_half_open_link_is_left_for_a_new_one(mosquitto: Any, eventually: Any) -> None:
    """`is_connected()` of paho stays true on such a link, and every publish is accepted."""
    clock = SystemClock()
    outbox = MemoryOutbox()
    with stalling_proxy(mosquitto.port) as proxy:
        settings = replace(mosquitto.settings("depot", port=proxy.port), keepalive_s=240)
        pace = Pace(silent_s=1.0, dead_s=480.0)
        sender = Sender(outbox, MqttUplink(settings, NAMES, clock), clock, NAMES, pace)
        sender.start()
        eventually(lambda: sender.step() or sender.status()["connected"], "a connection")
        proxy.stalled.set()
        outbox.put(Message("evt", 1, {"text": "into the void"}), stamp(clock))
        eventually(lambda: sender.step() or not sender.status()["connected"], "the watchdog", within_s=10)
        assert "no sign of life" in str(sender.status()["reason"])
        proxy.cut()
        proxy.stalled.clear()
        eventually(lambda: sender.step() or sender.status()["connected"], "a new connection", within_s=60)
        sender.close()
