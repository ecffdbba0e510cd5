"""The demo's broker believes certificates only, and keeps every site within its own topics."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from gateway.clock import SystemClock
from gateway.main.rig import broker, certificates
from gateway.main.rig.broker import BrokerPlan, Tls
from gateway.main.rig.certificates import Authority, Pair
from gateway.main.rig.plan import HOST, free_port, is_free

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        broker.installed() is None or not certificates.available(), reason="mosquitto or openssl is not installed"
    ),
]
WAIT_S = 10.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return certificates.make_authority(tmp_path / "tls")


@pytest.fixture
def plan(tmp_path: Path, authority: Authority) -> Iterator[BrokerPlan]:
    """A running broker."""
    tls = Tls(authority.pair.cert, authority.server(HOST))
    plan = BrokerPlan(tmp_path / "broker", HOST, free_port(), "exemple", tls)
    program = broker.prepare(plan, broker.installed() or "")
    process = subprocess.Popen(program.command, stderr=subprocess.PIPE, text=True)
    clock = SystemClock()
    deadline = clock.monotonic() + WAIT_S
    while is_free(plan.port) and clock.monotonic() < deadline:
        assert process.poll() is None
    yield plan
    process.terminate()
    process.communicate(timeout=WAIT_S)


class Client:
    """A client of the broker with a certificate."""

    def __init__(self, plan: BrokerPlan, authority: Authority, pair: Pair | None) -> None:
        self.connected, self.subscribed, self.got = threading.Event(), threading.Event(), threading.Event()
        self.topics: list[str] = []
        self.mqtt = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self.mqtt.tls_set(
            ca_certs=str(authority.pair.cert),
            certfile=str(pair.cert) if pair else None,
            keyfile=str(pair.key) if pair else None,
        )
        self.mqtt.on_connect = lambda *_: self.connected.set()
        self.mqtt.on_subscribe = lambda *_: self.subscribed.set()
        self.mqtt.on_message = self._take
        self.mqtt.connect(HOST, plan.port)
        self.mqtt.loop_start()

    def _take(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.topics.append(message.topic)
        self.got.set()

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


def test_site_writes_under_its_own_root_only(plan: BrokerPlan, authority: Authority) -> None:
    desk = Client(plan, authority, authority.client(broker.DESK))
    site = Client(plan, authority, authority.client("rouiba"))
    assert desk.connected.wait(WAIT_S)
    assert site.connected.wait(WAIT_S)
    desk.mqtt.subscribe("vigie/v1/#", qos=1)
    assert desk.subscribed.wait(WAIT_S)
    for topic in ("exemple/oran/evt", "autre/rouiba/evt", "exemple/rouiba/cmd/1", "exemple/rouiba/evt"):
        site.mqtt.publish(f"vigie/v1/{topic}", b"x", qos=1).wait_for_publish(WAIT_S)
    assert desk.got.wait(WAIT_S)
    site.close()
    desk.close()
    assert desk.topics == ["vigie/v1/exemple/rouiba/evt"]


def test_client_without_certificate_is_refused(plan: BrokerPlan, authority: Authority) -> None:
    try:
        stranger = Client(plan, authority, None)
    except (ssl.SSLError, OSError):
        return
    assert not stranger.connected.wait(1.0)
    stranger.close()


def test_certificate_of_another_authority_is_refused(plan: BrokerPlan, authority: Authority, tmp_path: Path) -> None:
    other = certificates.make_authority(tmp_path / "other")
    try:
        stranger = Client(plan, authority, other.client("rouiba"))
    except (ssl.SSLError, OSError):
        return
    assert not stranger.connected.wait(1.0)
    stranger.close()


def test_keys_are_for_their_owner_only(authority: Authority) -> None:
    pair = authority.client("rouiba")
    assert pair.key.stat().st_mode & 0o077 == 0
    assert authority.folder.stat().st_mode & 0o077 == 0
