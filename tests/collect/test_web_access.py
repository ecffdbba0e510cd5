"""Exporters and JSON over TLS with a known certificate, signed in: against a real server, with every wrong turn."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

import pytest

from gateway.clock import FakeClock
from gateway.collect import web_access
from gateway.collect.json_probe import JsonProbe
from gateway.collect.scrape import Scrape
from gateway.collect.web_access import HttpLogin, Pins, WebAccess
from gateway.core.device import Device
from gateway.core.errors import VigieError
from gateway.core.reading import Failure, FailureKind, Poll
from gateway.ports import Collector

METRICS = "node_memory_MemAvailable_bytes 2.5e+08\nnode_memory_MemTotal_bytes 1e+09\n"
STATE = json.dumps({"soc": 88})
BASIC, BEARER = "Basic cmVhZGVyOnNlY3JldA==", "Bearer long-token"


class Pair(Protocol):
    cert: Path
    key: Path


class Issuer(Protocol):
    cert: Path

    def issue(self, name: str) -> Pair: ...


@dataclass
class Page:
    """What the server answers, and what it was sent."""

    wants: str = BASIC
    status: int = 200
    location: str = ""
    body: str | None = None
    promised: int | None = None
    sent: list[str | None] = field(default_factory=list)


class Exporter:
    """An HTTPS server with one page for each collector; plain HTTP without a certificate."""

    def __init__(self, pair: Pair | None, port: int = 0) -> None:
        self.page = page = Page()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                given = self.headers.get("Authorization")
                page.sent.append(given)
                text = METRICS if self.path == "/metrics" else STATE
                body = (text if page.body is None else page.body).encode()
                self.send_response(page.status if given == (page.wants or None) else 401)
                if page.location:
                    self.send_header("Location", page.location)
                self.send_header("Content-Length", str(page.promised or len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that hangs up at a certificate is no error of the server."""

        self._server = Server(("127.0.0.1", port), Handler)
        if pair:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pair.cert, pair.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            der = ssl.PEM_cert_to_DER_cert(pair.cert.read_text())
            self.fingerprint = hashlib.sha256(der).hexdigest()
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def exporter(authority: Issuer) -> Iterator[Exporter]:
    running = Exporter(authority.issue("exporter"))
    yield running
    running.close()


LOGIN = HttpLogin("reader", "secret")


class Asking:
    """One of the two collectors, with a data folder of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder

    def collector(self, login: HttpLogin = LOGIN) -> Collector:
        access = WebAccess({"it": lambda: login}, Pins(self.folder / "pins"), 5.0)
        return Scrape(FakeClock(), access) if self.name == "scrape" else JsonProbe(FakeClock(), access)

    async def poll(self, server: Exporter, https: str, login: HttpLogin = LOGIN) -> Poll:
        device = Device("srv-1", "Server", address="127.0.0.1", ports={self.name: server.port}, access={"http": "it"})
        device = replace(device, https=https, json=("/api", "battery.charge=soc"))
        return await self.collector(login).poll(device)


@pytest.fixture(params=["scrape", "json"])
def asking(request: pytest.FixtureRequest, tmp_path: Path) -> Asking:
    return Asking(request.param, tmp_path)


def failure(poll: Poll) -> Failure:
    assert poll.failure is not None
    assert poll.readings == ()
    return poll.failure


async def test_a_certificate_is_pinned_at_first_use_and_the_sign_in_goes_to_it_alone(
    asking: Asking, exporter: Exporter, authority: Issuer
) -> None:
    poll = await asking.poll(exporter, "pinned")
    assert poll.failure is None, poll.failure
    assert poll.readings
    assert exporter.page.sent == [BASIC]
    assert (asking.folder / "pins").read_text() == f"srv-1/{asking.name} {exporter.fingerprint}\n"
    exporter.close()
    other = Exporter(authority.issue("impostor"), exporter.port)
    try:
        refused = failure(await asking.poll(other, "pinned"))
    finally:
        other.close()
    assert refused.kind is FailureKind.UNAUTHORISED
    assert "first contact" in refused.detail
    assert other.page.sent == [], "not one byte of the sign-in"


async def test_a_fingerprint_of_the_inventory_is_the_only_one_taken(asking: Asking, exporter: Exporter) -> None:
    digest = exporter.fingerprint.upper()
    written = ":".join(digest[at : at + 2] for at in range(0, 64, 2))
    assert (await asking.poll(exporter, written)).failure is None
    refused = failure(await asking.poll(exporter, "00" * 32))
    assert refused.kind is FailureKind.UNAUTHORISED
    assert "fingerprint" in refused.detail
    assert len(exporter.page.sent) == 1
    assert not (asking.folder / "pins").exists()


async def test_an_authority_of_the_credential_is_trusted_and_no_other(
    asking: Asking, exporter: Exporter, authority: Issuer
) -> None:
    assert (await asking.poll(exporter, "verified", replace(LOGIN, ca=authority.cert))).failure is None
    refused = failure(await asking.poll(exporter, "verified"))
    assert refused.kind is FailureKind.UNAUTHORISED
    assert "certificate" in refused.detail
    gone = failure(await asking.poll(exporter, "verified", replace(LOGIN, ca=Path("/nonexistent/ca.pem"))))
    assert "/nonexistent/ca.pem" in gone.what
    assert len(exporter.page.sent) == 1


async def test_a_bearer_token_is_sent_as_such(asking: Asking, exporter: Exporter) -> None:
    exporter.page.wants = BEARER
    assert (await asking.poll(exporter, "pinned", HttpLogin(token="long-token"))).failure is None
    assert exporter.page.sent == [BEARER]


async def test_a_wrong_sign_in_is_told_without_its_secret(asking: Asking, exporter: Exporter) -> None:
    poll = await asking.poll(exporter, "pinned", HttpLogin("reader", "wrong-word"))
    assert failure(poll).kind is FailureKind.UNAUTHORISED
    assert "wrong-word" not in repr(poll)
    assert "wrong-word" not in repr(HttpLogin("reader", "wrong-word", "wrong-word"))


async def test_a_secret_that_cannot_be_read_is_told(exporter: Exporter, tmp_path: Path) -> None:
    def none() -> HttpLogin:
        raise VigieError("secret file /etc/x: No such file", remedy="make it readable")

    access = WebAccess({"it": none}, Pins(tmp_path / "pins"))
    device = Device("d", "D", address="127.0.0.1", ports={"json": exporter.port}, access={"http": "it"}, https="pinned")
    assert "secret file" in failure(await JsonProbe(FakeClock(), access).poll(device)).detail


@pytest.mark.parametrize(("https", "sent"), [("", [None]), ("off", [BASIC])])
async def test_over_plain_http_a_sign_in_goes_only_where_somebody_said_so(
    asking: Asking, https: str, sent: list[str | None]
) -> None:
    plain = Exporter(None)
    plain.page.wants = sent[0] or ""
    try:
        assert (await asking.poll(plain, https)).failure is None
    finally:
        plain.close()
    assert plain.page.sent == sent


@pytest.mark.parametrize("location", ["https://elsewhere.example/metrics", "/other", ""])
async def test_a_redirect_is_refused_and_told(asking: Asking, exporter: Exporter, location: str) -> None:
    exporter.page.status, exporter.page.location = 302, location
    refused = failure(await asking.poll(exporter, "pinned"))
    assert refused.kind is FailureKind.REFUSED
    assert "not followed" in refused.detail
    assert location in refused.detail
    assert len(exporter.page.sent) == 1


async def test_an_answer_without_end_is_given_up(
    asking: Asking, exporter: Exporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_access, "LARGEST", 2000)
    exporter.page.body = METRICS + "# more\n" * 1000
    refused = failure(await asking.poll(exporter, "pinned"))
    assert refused.kind is FailureKind.GARBLED
    assert "cut off, or has more than" in refused.detail


async def test_an_answer_that_was_cut_off_is_not_read(asking: Asking, exporter: Exporter) -> None:
    exporter.page.promised = 100_000
    assert "cut off" in failure(await asking.poll(exporter, "pinned")).detail


async def test_a_server_that_speaks_no_tls_is_a_named_failure(asking: Asking) -> None:
    plain = Exporter(None)
    try:
        refused = failure(await asking.poll(plain, "pinned"))
    finally:
        plain.close()
    assert refused.kind is FailureKind.GARBLED
    assert plain.page.sent == []
