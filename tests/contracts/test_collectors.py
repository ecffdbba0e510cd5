"""What every collector owes the agent, whatever it speaks and whatever is at the other end: fake, real, or nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.collect.asking import Answer, NoAnswerError
from gateway.collect.backup import Backup, Places
from gateway.collect.echo import FakeEcho, ForbiddenError
from gateway.collect.json_probe import JsonProbe
from gateway.collect.nut import Nut
from gateway.collect.reach import Reach
from gateway.collect.redfish import Redfish
from gateway.collect.scrape import Scrape
from gateway.collect.self import OwnHealth
from gateway.collect.smart import FakeDisks, Smart
from gateway.collect.smb import FakeShares, Smb, SmbLogin
from gateway.collect.ssh import FakeShell
from gateway.collect.web_access import HttpLogin, Pins, WebAccess
from gateway.core.backups import Call, File
from gateway.core.device import Device
from gateway.core.reading import Failure, FailureKind, Poll
from gateway.core.units import METRICS
from gateway.ports import Collector

CLOCK = FakeClock()
PINS = Pins(Path("/nonexistent/pins"))
ACCESS = WebAccess({"it": lambda: HttpLogin("reader", "secret")}, PINS, 0.5)
SILENCE = NoAnswerError(Failure(FailureKind.TIMEOUT, "ping", "no answer"))
_DISK = {"model_name": "EX-1", "smart_status": {"passed": True}, "temperature": {"current": 30}}
_DISKS = {
    ("--scan",): (json.dumps({"devices": [{"name": "/dev/sda", "type": "sat"}]}), 0),
    ("--all", "--nocheck=standby", "--device=sat", "/dev/sda"): (json.dumps(_DISK), 0),
}

_BOTH = ("dev-1", "dev-2")
_TOLD = json.dumps([{"devices": [{"name": "/dev/sda", "type": "sat"}]}, {"device": {"name": "/dev/sda"}, **_DISK}])


def backup(said: str, files: list[File]) -> Backup:
    """One that is told the same of both devices."""
    shell = FakeShell({(name, "backup erp"): said for name in _BOTH})
    calls = {"job": Call("", "job", 0.0, CLOCK.wall() - 5, good_at=CLOCK.wall() - 5, size=3.0)}
    return Backup(CLOCK, Places(shell, FakeShares({(name, "Share"): files for name in _BOTH}), lambda _: calls))


_BACKUPS = ("erp", "bak=smb:Share/x/*.bak", "job=call@12h")

COLLECTORS: Mapping[str, Callable[[], Collector]] = {
    "reach, answering": lambda: Reach(CLOCK, echo=FakeEcho(Answer(0.001, loss=0.0))),
    "reach, silent": lambda: Reach(CLOCK, echo=FakeEcho(SILENCE)),
    "reach, forbidden": lambda: Reach(CLOCK, echo=FakeEcho(ForbiddenError())),
    "reach, real": lambda: Reach(CLOCK),
    "nut, nobody there": lambda: Nut(CLOCK, timeout_s=0.5),
    "smart, fake": lambda: Smart(CLOCK, FakeDisks(_DISKS)),
    "smart, no disks": lambda: Smart(CLOCK, FakeDisks({})),
    "smart, real": lambda: Smart(CLOCK),
    "smart over ssh": lambda: Smart(CLOCK, FakeDisks({}), FakeShell({(name, "smart"): _TOLD for name in _BOTH})),
    "smart over ssh, silent": lambda: Smart(CLOCK, FakeDisks({}), FakeShell({})),
    "smart over ssh, garbage": lambda: Smart(
        CLOCK, FakeDisks({}), FakeShell({(name, "smart"): "{[" for name in _BOTH})
    ),
    "backup": lambda: backup("3600 1000\n", [File("erp.bak", CLOCK.wall() - 60, 1000)]),
    "backup, silent": lambda: Backup(CLOCK, Places(FakeShell({}), FakeShares({}), lambda _: {})),
    "backup, garbage": lambda: backup("yesterday", []),
    "backup, nobody there": lambda: Backup(
        CLOCK, Places(FakeShell({}), Smb({"it": lambda: SmbLogin("reader", "secret")}), lambda _: {})
    ),
    "redfish, nobody there": lambda: Redfish(CLOCK, ACCESS),
    "redfish, no credential": lambda: Redfish(CLOCK, WebAccess({}, PINS)),
    "json, nobody there": lambda: JsonProbe(CLOCK, ACCESS),
    "scrape, nobody there": lambda: Scrape(CLOCK, ACCESS),
    "scrape over TLS": lambda: Scrape(CLOCK, ACCESS),
    "json over TLS": lambda: JsonProbe(CLOCK, ACCESS),
    "redfish over TLS, not a board": lambda: Redfish(CLOCK, ACCESS),
    "self, real": lambda: OwnHealth(CLOCK),
    "self, bare machine": lambda: OwnHealth(CLOCK, root=Path("/nonexistent"), throttled=lambda: ""),
}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Exporter(BaseHTTPRequestHandler):
    """Tells any collector something, if it is signed in."""

    def do_GET(self) -> None:
        signed_in = self.headers.get("Authorization") == "Basic cmVhZGVyOnNlY3JldA=="
        self.send_response(200 if signed_in else 401)
        self.end_headers()
        self.wfile.write(b"node_load1 0.5\n" if self.path == "/metrics" else b'{"soc": 80}')

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@dataclass(frozen=True)
class Secured:
    """Where a real server speaks TLS, and the fingerprint of its certificate."""

    port: int
    fingerprint: str


@pytest.fixture(scope="module")
def secured(authority: Any) -> Iterator[Secured]:
    pair = authority.issue("contract")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield Secured(server.server_port, hashlib.sha256(ssl.PEM_cert_to_DER_cert(pair.cert.read_text())).hexdigest())
    server.shutdown()
    thread.join()
    server.server_close()


class Towards:
    """A collector that asks the real server, whatever the device's ports are."""

    def __init__(self, inner: Collector, there: Secured) -> None:
        self.name = inner.name
        self._inner, self._there = inner, there

    async def poll(self, device: Device) -> Poll:
        ports = {self.name: self._there.port}
        return await self._inner.poll(replace(device, ports=ports, https=self._there.fingerprint))


@pytest.fixture(params=COLLECTORS)
def collector(request: pytest.FixtureRequest) -> Collector:
    made = COLLECTORS[request.param]()
    return Towards(made, request.getfixturevalue("secured")) if "over TLS" in request.param else made


@pytest.fixture
def device() -> Device:
    port = free_port()
    return Device(
        *("dev-1", "A device"),
        address="127.0.0.1",
        ports={"nut": port, "scrape": port, "redfish": port, "json": port, "smb": port},
        access={"ssh": "it", "http": "it", "smb": "it"},
        backups=_BACKUPS,
        json=("/state", "battery.charge=soc"),
    )


async def test_a_poll_says_whose_it_is_by_what_and_when(collector: Collector, device: Device) -> None:
    poll = await collector.poll(device)
    assert (poll.device, poll.collector, poll.at) == (device.id, collector.name, CLOCK.wall())
    assert all((reading.device, reading.at) == (device.id, poll.at) for reading in poll.readings)


@pytest.mark.parametrize("name", ["scrape over TLS", "json over TLS"])
async def test_a_real_server_with_a_known_certificate_is_read(name: str, device: Device, secured: Secured) -> None:
    poll = await Towards(COLLECTORS[name](), secured).poll(device)
    assert poll.failure is None, poll.failure
    assert poll.readings


async def test_a_poll_that_failed_has_no_readings_and_says_why(collector: Collector, device: Device) -> None:
    poll = await collector.poll(device)
    if poll.failure:
        assert poll.readings == ()
    for failure in (poll.failure, *poll.partial):
        assert failure is None or (failure.what and failure.detail)


def faults(poll: Poll) -> list[str]:
    """Readings that are not as the vocabulary says."""
    found = []
    for reading in poll.readings:
        metric = METRICS.get(reading.metric)
        if metric is None:
            found.append(f"{reading.metric} is not in the vocabulary")
        elif isinstance(reading.value, str) != (metric.kind == "state"):
            found.append(f"{reading.metric} is {reading.value!r}")
        elif (reading.severity is not None) != (metric.kind == "state"):
            found.append(f"{reading.metric} has severity {reading.severity}")
        elif metric.reads == "flag" and reading.value not in (0, 1):
            found.append(f"{reading.metric} is {reading.value!r}")
        if not reading.source:
            found.append(f"{reading.metric} has no source")
    return found


async def test_readings_are_words_of_the_vocabulary_with_a_source(collector: Collector, device: Device) -> None:
    assert faults(await collector.poll(device)) == []


async def test_a_series_is_told_once_in_a_poll(collector: Collector, device: Device) -> None:
    series = [reading.series for reading in (await collector.poll(device)).readings]
    assert len(series) == len(set(series))


async def test_polls_of_two_devices_at_once_do_not_mix(collector: Collector, device: Device) -> None:
    other = Device(
        "dev-2", "Another", address=device.address, ports=device.ports, access=device.access, backups=_BACKUPS
    )
    polls = await asyncio.gather(collector.poll(device), collector.poll(other))
    assert [poll.device for poll in polls] == ["dev-1", "dev-2"]
    assert all(reading.device == poll.device for poll in polls for reading in poll.readings)
