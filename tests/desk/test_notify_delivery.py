"""Mail and webhook against real servers on the loopback: proof, refusals, silence, signature."""

from __future__ import annotations

import email
import email.policy
import hashlib
import hmac
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.clock import FakeClock
from gateway.core.errors import UnavailableError, VigieError
from web.desk.deliver import Mail, MailServer, Webhook
from web.desk.notify import NoticeKind, Notification
from web.desk.sms import LENGTH, Sms, SmsGateway

CLOCK = FakeClock(1_795_342_808.0)
MESSAGE = Notification(
    "0123abcd",
    NoticeKind.OPENED,
    "rouiba",
    "inc1",
    "P1",
    "Nadia",
    "mail",
    "nadia@example.org",
    "ar",
    1_795_342_808.0,
    "P1 · Rouiba : le commutateur ne répond plus",
    "الموزّع لا يجيب منذ 09:42.\nAppeler le 021 00 00 00.\n",
)


class Sink:
    """What an SMTP server does with letters: keeps them, or refuses an address."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []
        self.after_data = "250 2.0.0 queued as 7F3A"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.letters.append(envelope.content)
        return self.after_data


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def smtp_server(sink: Sink, context: ssl.SSLContext | None = None) -> Iterator[int]:
    port = free_port()
    controller = Controller(
        sink, hostname="127.0.0.1", port=port, tls_context=context, require_starttls=context is not None
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def test_mail_arrives_whole_and_the_proof_is_what_the_server_said():
    sink = Sink()
    with smtp_server(sink) as port:
        proof = Mail(MailServer("127.0.0.1", port, "vigie@desk.example", "none"), CLOCK).deliver(MESSAGE)
    assert proof == "<0123abcd@desk.example> 250 2.0.0 queued as 7F3A"
    letter = email.message_from_bytes(sink.letters[0], policy=email.policy.default)
    assert letter["Subject"] == MESSAGE.subject
    assert letter["Date"] == "Sun, 22 Nov 2026 10:20:08 +0000"
    assert (letter["Auto-Submitted"], letter["Message-ID"]) == ("auto-generated", "<0123abcd@desk.example>")
    body = letter.get_body()
    assert body is not None
    assert body.get_content() == MESSAGE.text


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    kind = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "3650",
        "-subj",
        "/CN=localhost",
    ]
    made = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(["openssl", *kind, *made], check=True, capture_output=True)
    return cert, key


def test_mail_goes_out_encrypted_and_only_to_a_server_that_proves_itself(certificate: tuple[Path, Path]):
    sink = Sink()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    with smtp_server(sink, context) as port:
        known = MailServer("127.0.0.1", port, context=ssl.create_default_context(cafile=str(certificate[0])))
        assert "250" in Mail(known, CLOCK).deliver(MESSAGE)
        with pytest.raises(UnavailableError, match=r"(?i)certificate"):
            Mail(MailServer("127.0.0.1", port), CLOCK).deliver(MESSAGE)
    assert len(sink.letters) == 1


def test_mail_never_falls_back_to_clear_text():
    sink = Sink()
    with smtp_server(sink) as port, pytest.raises(UnavailableError, match="STARTTLS"):
        Mail(MailServer("127.0.0.1", port), CLOCK).deliver(MESSAGE)
    assert sink.letters == []


def test_an_unknown_address_is_refused_for_good_and_a_busy_server_is_not():
    sink = Sink()
    with smtp_server(sink) as port:
        mail = Mail(MailServer("127.0.0.1", port, security="none"), CLOCK)
        with pytest.raises(VigieError, match=r"550 5\.1\.1 no such user") as refused:
            mail.deliver(replace(MESSAGE, address="nobody@example.org"))
        sink.after_data = "451 4.3.0 try again later"
        with pytest.raises(UnavailableError, match="451"):
            mail.deliver(MESSAGE)
    assert refused.value.retry is False


def test_a_mail_server_that_is_not_there_is_named_with_its_port():
    port = free_port()
    with pytest.raises(UnavailableError, match=f"mail server 127.0.0.1:{port}"):
        Mail(MailServer("127.0.0.1", port, security="none"), CLOCK).deliver(MESSAGE)


def test_a_mail_server_that_says_nothing_is_left_after_the_time_limit():
    with closing(socket.create_server(("127.0.0.1", 0))) as mute:
        server = MailServer("127.0.0.1", mute.getsockname()[1], security="none", timeout_s=0.2)
        with pytest.raises(UnavailableError, match="timed out"):
            Mail(server, CLOCK).deliver(MESSAGE)


class Hook(BaseHTTPRequestHandler):
    """Answers with the status in the path; keeps what it got."""

    got: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((dict(self.headers.items()), body))
        self.send_response(int(self.path.rpartition("/")[2]))
        self.end_headers()
        self.wfile.write(b"id 42\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    got: list[tuple[dict[str, str], bytes]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OneHook", (Hook,), {"got": got}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_gets_one_signed_document(hook: tuple[str, list[tuple[dict[str, str], bytes]]]):
    base, got = hook
    proof = Webhook(lambda: "s3cret", CLOCK).deliver(replace(MESSAGE, channel="webhook", address=f"{base}/in/201"))
    assert proof == "HTTP 201 id 42"
    [(headers, body)] = got
    document = json.loads(body)
    assert (document["kind"], document["text"]) == ("opened", MESSAGE.text)
    assert document["created_at"] == "2026-11-22T10:20:08Z"
    expected = hmac.new(b"s3cret", b"1795342808." + body, hashlib.sha256).hexdigest()
    assert headers["Vigie-Signature"] == f"t=1795342808,v1={expected}"
    assert headers["Vigie-Delivery"] == "0123abcd"


@pytest.mark.parametrize(("status", "again"), [(500, True), (503, True), (429, True), (404, False), (302, False)])
def test_a_webhook_that_answers_badly_is_tried_again_only_where_it_helps(
    hook: tuple[str, list[tuple[dict[str, str], bytes]]], status: int, again: bool
):
    base, _ = hook
    with pytest.raises(VigieError, match=f"answered {status}") as refused:
        Webhook(None, CLOCK).deliver(replace(MESSAGE, address=f"{base}/{status}"))
    assert refused.value.retry is again


def test_a_webhook_address_that_is_none_is_said():
    with pytest.raises(VigieError, match="no http or https address"):
        Webhook(None, CLOCK).deliver(replace(MESSAGE, address="ftp://example.org/x"))


def test_a_webhook_nobody_listens_at_is_tried_again():
    with pytest.raises(UnavailableError, match="webhook 127"):
        Webhook(None, CLOCK).deliver(replace(MESSAGE, address=f"http://127.0.0.1:{free_port()}/x"))


SMS = replace(MESSAGE, channel="sms", address="+213 550 00 00 00")


def test_a_short_message_is_the_subject_in_the_fields_of_the_gateway(
    hook: tuple[str, list[tuple[dict[str, str], bytes]]],
):
    base, got = hook
    assert Sms(SmsGateway(f"{base}/in/201")).deliver(SMS) == "HTTP 201 id 42"
    [(headers, body)] = got
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert dict(parse_qsl(body.decode())) == {"to": "+213550000000", "text": MESSAGE.subject}
    assert "Authorization" not in headers


def test_a_text_cannot_change_the_fields_it_is_put_into(hook: tuple[str, list[tuple[dict[str, str], bytes]]]):
    base, got = hook
    gateway = SmsGateway(f"{base}/in/200", {"n": "{to}", "m": "Vigie: {text}"}, "json", lambda: "Bearer hush")
    Sms(gateway).deliver(replace(SMS, subject='"{to}&n=1' + "x" * 400))
    [(headers, body)] = got
    document = json.loads(body)
    assert (document["n"], headers["Authorization"]) == ("+213550000000", "Bearer hush")
    assert document["m"].startswith('Vigie: "{to}&n=1x')
    assert len(document["m"]) == len("Vigie: ") + LENGTH


def test_a_gateway_that_is_busy_is_tried_again_and_one_that_refuses_is_told(
    hook: tuple[str, list[tuple[dict[str, str], bytes]]],
):
    base, _ = hook
    with pytest.raises(UnavailableError, match=r"SMS gateway .* answered 503"):
        Sms(SmsGateway(f"{base}/in/503")).deliver(SMS)
    with pytest.raises(VigieError, match="answered 400") as refused:
        Sms(SmsGateway(f"{base}/in/400")).deliver(SMS)
    assert not refused.value.retry
