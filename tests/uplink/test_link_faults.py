"""Everything that can be wrong between a box and its broker: each with a server that does it, and one line that says
so. Beside `test_mqtt.py`, which tells of a broker that is there."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import wire
from gateway.clock import FakeClock, SystemClock, stamp
from gateway.ports import Message, UplinkEvent
from gateway.settings import UplinkSettings
from gateway.settings.tls import CONNECT_TIMEOUT_S
from gateway.store.memory import MemoryOutbox
from gateway.uplink import mqtt
from gateway.uplink.memory import MemoryUplink
from gateway.uplink.mqtt import MqttUplink, backoff_s
from gateway.uplink.pace import Pace
from gateway.uplink.sender import Sender

NAMES = wire.Names("org", "depot", "0.1.0")
ACK = NAMES.topic("ack", MemoryOutbox().stream)


@contextmanager
def server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """The port of a server that does something with every caller; callers are held until the end."""
    held = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    caller, _ = listener.accept()
                    held.append(caller)
                    with suppress(OSError):
                        serve(caller)

        threading.Thread(target=accept, daemon=True).start()
        yield int(listener.getsockname()[1])
        listener.close()
        for caller in held:
            caller.close()


def silent(_: socket.socket) -> None:
    """Takes the call and says nothing."""


def tls_server(pair: Any) -> Callable[[socket.socket], None]:
    """Shakes hands with a certificate, and that is all."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    return lambda caller: context.wrap_socket(caller, server_side=True).close()


@pytest.fixture
def reason(eventually: Any, authority: Any) -> Callable[[int], str]:
    """Why there is no connection to a port that ought to be the broker's."""

    def find(port: int, scheme: str = "mqtts", host: str = "127.0.0.1") -> str:
        ca = authority.cert if scheme == "mqtts" else None
        uplink = MqttUplink(UplinkSettings(f"{scheme}://{host}:{port}", ca), NAMES, SystemClock())
        happened: list[UplinkEvent] = []
        uplink.start()
        eventually(lambda: happened.extend(uplink.events()) or happened, "a reason")
        uplink.stop()
        assert (happened[0].kind, "\n" in happened[0].reason) == ("disconnected", False)
        return happened[0].reason

    return find


# a clock too wrong for TLS, expired certificates, wrong ones, captive portals


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ((-9, -3), "the broker's certificate has expired: is this machine's clock right?"),
        ((3, 9), "the broker's certificate is not valid yet: is this machine's clock right?"),
    ],
)
def test_a_clock_too_wrong_for_tls_is_told_as_such(
    reason: Any, authority: Any, days: tuple[float, float], words: str
) -> None:
    """To a box that starts in 1970 every certificate is not valid yet."""
    with server(tls_server(authority.issue(f"broker{days[0]}", days))) as port:
        assert reason(port) == f"127.0.0.1:{port}: {words}"


def test_a_captive_portal_that_answers_with_its_own_certificate(reason: Any, tmp_path: Path, authority: Any) -> None:
    portal = type(authority)(tmp_path / "portal", "hotel").issue("login.hotel.example")
    with server(tls_server(portal)) as port:
        told = reason(port)
    assert "is not accepted" in told
    assert "something on the way (a captive portal, a proxy) answers instead of the broker" in told


def test_a_captive_portal_that_answers_with_a_web_page(reason: Any) -> None:
    page = b"HTTP/1.1 302 Found\r\nLocation: http://login.hotel.example/\r\nContent-Length: 0\r\n\r\n"
    with server(lambda caller: caller.sendall(page)) as port:
        assert "a captive portal answers so too" in reason(port)


def test_a_certificate_for_another_host(reason: Any, authority: Any) -> None:
    with server(tls_server(authority.issue("elsewhere", host="192.0.2.7"))) as port:
        told = reason(port)
    assert "the broker's certificate is not accepted" in told
    assert "check uplink.ca and the clock" in told


# lines that are slow, dumb or gone


def test_a_name_that_dns_does_not_know(reason: Any) -> None:
    told = reason(8883, host="broker.invalid")
    assert told == "broker.invalid:8883: this name is not known to DNS: check uplink.url and the link"


def test_a_slow_handshake_is_waited_for_and_one_that_never_ends_is_told(
    reason: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4.5 to 11 s were measured on a slow line, where paho gives up after 5 s."""
    assert CONNECT_TIMEOUT_S >= 30.0
    monkeypatch.setattr(mqtt, "CONNECT_TIMEOUT_S", 0.3)
    with server(silent) as port:
        assert "no answer within 30 s: is the link up?" in reason(port)


def test_something_that_takes_the_call_and_says_nothing(reason: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "CONNECT_TIMEOUT_S", 0.3)
    with server(silent) as port:
        told = reason(port, "mqtt")
    assert told == f"127.0.0.1:{port}: the broker does not answer: is it an MQTT port?"


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_attempts_come_ever_later_with_jitter_and_a_cap(failures: int, chance: float) -> None:
    pause = backoff_s(failures, chance)
    assert 0.5 <= pause <= 120.0
    longest = backoff_s(failures, 1.0)
    assert longest / 2 <= pause <= longest
    assert longest <= backoff_s(failures + 1, 1.0) <= 2 * longest


def test_the_pause_begins_at_a_second_and_ends_at_two_minutes() -> None:
    assert [backoff_s(n, 1.0) for n in (0, 1, 2, 6, 7, 500)] == [1.0, 2.0, 4.0, 64.0, 120.0, 120.0]
    assert backoff_s(3, 0.0) == 4.0


# what is alive and what only looks so


@pytest.mark.integration
def test_an_answered_ping_is_a_sign_of_life(mosquitto: Any, eventually: Any) -> None:
    """Nothing is told and nothing comes: only PINGRESP. The age never goes far beyond the keepalive."""
    uplink = MqttUplink(replace(mosquitto.settings("depot"), keepalive_s=1), NAMES, SystemClock())
    uplink.start()
    eventually(uplink.events, "a connection")
    ages: list[float] = []

    def twice_younger() -> bool:
        ages.append(uplink.idle_s())
        return sum(later < earlier for earlier, later in pairwise(ages)) >= 2

    eventually(twice_younger, "two answered pings")
    assert max(ages) < 15.0
    assert not uplink.events()
    uplink.stop()


def test_a_broker_that_accepts_and_forgets_loses_nothing() -> None:
    """It confirms everything and passes nothing on: only headquarters' own word empties the outbox."""
    clock, outbox, uplink = FakeClock(), MemoryOutbox(), MemoryUplink()
    sender = Sender(outbox, uplink, clock, NAMES)
    seq = outbox.put(Message("evt", 1, {"text": "x"}), stamp(clock))
    sender.start()
    for _ in range(100):
        clock.advance(60)
        sender.step()
    told = [m for m in uplink.history if m.topic == NAMES.topic("evt")]
    assert outbox.waiting() == {1: 1}
    assert sender.status()["connected"], "the line itself is fine"
    assert sender.status()["last_ack_at"] is None
    assert 5 <= len(told) <= 15, "again and again, ever more seldom"
    uplink.deliver(ACK, wire.acknowledgement(outbox.stream, [seq]))
    sender.step()
    assert outbox.waiting() == {}


def test_what_the_client_library_believes_of_a_line_is_not_asked() -> None:
    """A half-open line: connected as far as anybody can tell, and dead."""
    clock, outbox, uplink = FakeClock(), MemoryOutbox(), MemoryUplink()
    sender = Sender(outbox, uplink, clock, NAMES, Pace(silent_s=60.0, dead_s=480.0))
    sender.start()
    sender.step()
    uplink.confirms = False
    outbox.put(Message("evt", 1, {}), stamp(clock))
    sender.step()
    clock.advance(59)
    uplink.idle = 59
    sender.step()
    assert (uplink.starts, uplink.connected) == (1, True)
    clock.advance(2)
    uplink.idle = 61
    sender.step()
    assert uplink.starts == 2
    assert "no sign of life" in str(sender.status()["reason"])


def test_the_keepalive_costs_little_and_is_noticed_in_time() -> None:
    keepalive = UplinkSettings("").keepalive_s
    assert 240 <= keepalive <= 300
    assert Pace().dead_s >= 1.5 * keepalive, "a live broker has answered by then"
    assert Pace().dead_s > CONNECT_TIMEOUT_S
