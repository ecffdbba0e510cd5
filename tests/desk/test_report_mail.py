"""A report on its way by mail, through a real SMTP server: with its PDF, once, and kept while the server is away."""

from __future__ import annotations

import email
import email.policy
import importlib.util
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.clock import FakeClock
from gateway.main.desk_reports import attachment, make_reporter
from gateway.wire import Envelope as Told
from gateway.wire import facts_body
from web.desk.deliver import Mail, MailServer
from web.desk.ledger import Ledger
from web.desk.notify import NoticeState
from web.desk.settings import parse

DESK_TOML = """
[desk]
organisation = "sahel"
name = "Sahel Distribution"
[broker]
url = "mqtt://localhost:1"
[mail]
host = "localhost"
security = "none"
[[recipient]]
name = "Patron"
address = "patron@sahel.example"
language = "ar"
reports = ["weekly"]
"""


class Sink:
    """Keeps what an SMTP server was given."""

    def __init__(self) -> None:
        self.letters: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.letters.append(envelope.content)
        return "250 2.0.0 queued"


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def smtp(sink: Sink, port: int) -> Iterator[None]:
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@pytest.fixture
def ledger(tmp_path: Path, sahel: ModuleType) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path / 'desk.db'}", FakeClock(sahel.NOW))
    told = sahel.transitions()["rouiba"]
    ledger.ingest(Told("rouiba", "s1", 1, "hist", facts_body(told)), sahel.NOW - 60)
    yield ledger
    ledger.close()


def test_a_report_is_kept_until_the_mail_server_is_back_and_comes_with_its_pdf_once(
    ledger: Ledger, sahel: ModuleType, tmp_path: Path
):
    if importlib.util.find_spec("weasyprint") is None:
        pytest.skip("weasyprint is not installed")
    from web.desk.notifier import Notifier, Post  # beside the reporter, as `vigie desk` has it

    settings = parse(DESK_TOML, tmp_path / "desk.toml")
    clock, port, sink = FakeClock(sahel.NOW), free_port(), Sink()
    make_reporter(settings, ledger, "http://desk.example").step(clock.wall())
    make_reporter(settings, ledger, "http://desk.example").step(clock.wall())
    server = MailServer("127.0.0.1", port, "vigie@sahel.example", "none", timeout_s=5.0)
    mail = Mail(server, clock, attachment(settings, ledger))
    notifier = Notifier(Post(ledger, {"mail": mail}, (), letters=None), list, clock)  # type: ignore[arg-type]
    assert notifier.step() == 0
    (waiting,) = ledger.notifications()
    assert (waiting.state, waiting.attempts) == (NoticeState.PENDING, 1)
    clock.step(3600)
    with smtp(sink, port):
        delivered = notifier.step()
        assert delivered == 1, ledger.notifications()[0].error
        assert notifier.step() == 0
    (raw,) = sink.letters
    letter = email.message_from_bytes(raw, policy=email.policy.default)
    (pdf,) = letter.iter_attachments()  # type: ignore[attr-defined]
    assert pdf.get_content_type() == "application/pdf"
    assert pdf.get_filename() == "vigie-2026-W47-ar.pdf"
    assert pdf.get_content().startswith(b"%PDF-")
    text = letter.get_body(("plain",)).get_content()  # type: ignore[attr-defined]
    assert "تقرير الأسبوع 47" in text
    assert "http://desk.example/report/2026-W47" in text
