"""`vigie desk`: headquarters. One process: ingest, messages to people, pages."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.clock import Clock, SystemClock
from gateway.core.errors import UnavailableError, VigieError
from gateway.main import desk_reports
from gateway.main.web import listen
from gateway.settings import reveal
from gateway.signing import SigningKey, read_signing_key
from gateway.wire import iso

if TYPE_CHECKING:
    from web.desk.ledger import Ledger
    from web.desk.notifier import Notifier
    from web.desk.settings import DeskSettings

SIGNING_KEY = "signing.pem"
"""Name of the private key's file in the data directory."""
_THREADS = 8
_NOTIFY_S = 2.0
_GRACE_S = 5.0


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("/etc/vigie/desk.toml"),
    show_default=True,
    help="Headquarters' desk.toml (docs/reference/desk-toml.md).",
)
@click.option("--port", type=click.IntRange(0, 65535), help="Port instead of [page] port; 0 takes a free one.")
@click.option("--new-code", is_flag=True, help="Print a new one-time code for one more account, and end.")
@click.option("--show-key", is_flag=True, help="Print the public key for desk_key in every site.toml, and end.")
def desk(config: Path, port: int | None, *, new_code: bool, show_key: bool) -> int:
    """Run headquarters: take in what sites tell, tell people, serve the pages. Ends on Ctrl-C or SIGTERM."""
    from web.common import issue_code
    from web.desk.ledger import Ledger
    from web.desk.settings import load
    from web.desk.sites import Responder

    settings = load(config)
    clock = SystemClock()
    _make(settings.data)
    ledger = Ledger(
        settings.database, clock, Responder(settings.responder, settings.timezone) if settings.responder else None
    )
    if new_code:
        click.echo(f"one-time code: {issue_code(ledger.people, clock.wall())} (valid for one day)")
        return 0
    key = _signing_key(settings)
    if show_key:
        click.echo(key.public)
        return 0
    listener = listen(settings.page.host, settings.page.port if port is None else port)
    ledger.expect(settings.expected)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stopping.set())
    click.echo(f"headquarters page: {_address(settings, listener)}")
    if not ledger.people.accounts():
        click.echo(f"nobody can sign in yet; one-time code: {issue_code(ledger.people, clock.wall())}")
    click.echo(f"desk_key for [uplink] in every site.toml: {key.public}")
    threads = _start(settings, ledger, clock, stopping, listener)
    while not stopping.wait(1.0):
        dead = [thread.name for thread in threads if not thread.is_alive()]
        if dead:  # half a headquarters would look healthy: better none, which is started again
            raise UnavailableError(f"headquarters: {', '.join(dead)} ended unexpectedly", remedy="see the lines above")
    for thread in threads[:-1]:  # the page's thread ends with the process
        thread.join(_GRACE_S)
    ledger.close()
    return 0


def _signing_key(settings: DeskSettings) -> SigningKey:
    return read_signing_key(settings.data / SIGNING_KEY)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise VigieError(f"{folder}: {error.strerror}", remedy="correct [data] path, or its owner") from error


def _address(settings: DeskSettings, listener: socket.socket) -> str:
    if settings.address:
        return settings.address
    host = "localhost" if settings.page.host in ("0.0.0.0", "::") else settings.page.host  # noqa: S104 - compared only
    return f"http://{host}:{listener.getsockname()[1]}/"


def _start(
    settings: DeskSettings, ledger: Ledger, clock: Clock, stopping: threading.Event, listener: socket.socket
) -> list[threading.Thread]:
    """Ingest, notifier and page, each on a thread of its own; the page is the last."""
    from waitress.server import create_server  # type: ignore[import-untyped]

    from web.common import read_secret_key
    from web.desk.app import DeskOptions, create_app
    from web.desk.ingest import Ingest, IngestOptions
    from web.desk.orders import Commander

    options = IngestOptions(settings.organisation, settings.broker, settings.client_id, settings.silent_after_s)
    ingest = Ingest(ledger, options, clock, _log(clock, "ingest"))
    notifier = _notifier(settings, ledger, clock, _address(settings, listener))
    commander = Commander(ledger.orders, _signing_key(settings), settings.organisation, clock)
    app = create_app(
        ledger,
        DeskOptions(
            organisation=settings.name,
            accounts=ledger.people,
            secret_key=read_secret_key(settings.data / "desk.key"),
            timezone=settings.timezone,
            language=settings.language,
            host_names=settings.page.host_names,
            secure=settings.secure,
            told=bool(settings.people),
            commander=commander,
            office=desk_reports.make_office(settings, ledger),
            owners=settings.owners,
        ),
        clock,
    )
    server = create_server(app, sockets=[listener], threads=_THREADS, ident=None, max_request_body_size=65536)
    threads = [
        threading.Thread(target=ingest.run, args=(stopping,), name="ingest", daemon=True),
        threading.Thread(
            target=_tell, args=(notifier, stopping, _log(clock, "messages")), name="messages", daemon=True
        ),
        threading.Thread(
            target=desk_reports.keep_reporting,
            args=(
                desk_reports.make_reporter(settings, ledger, _address(settings, listener)),
                desk_reports.make_teller(ledger, commander),
                clock,
                stopping,
                _log(clock, "reports"),
            ),
            name="reports",
            daemon=True,
        ),
        threading.Thread(target=server.run, name="page", daemon=True),
    ]
    for thread in threads:
        thread.start()
    return threads


def _notifier(settings: DeskSettings, ledger: Ledger, clock: Clock, url: str) -> Notifier:
    from web.common.language import COMMON_TRANSLATIONS, languages
    from web.desk.deliver import Mail, Webhook
    from web.desk.duty import Duty
    from web.desk.letters import DESK_TRANSLATIONS, Letters
    from web.desk.notifier import Channel, Notifier, Post
    from web.desk.sms import Sms

    secret = settings.webhook
    channels: dict[str, Channel] = {"webhook": Webhook((lambda: reveal(secret)) if secret else None, clock)}
    if settings.mail is not None:
        channels["mail"] = Mail(settings.mail, clock, desk_reports.attachment(settings, ledger))
    if settings.sms is not None:
        channels["sms"] = Sms(settings.sms)
    letters = Letters(
        lambda site: next((one for one in ledger.sites() if one.id == site), None),
        languages([COMMON_TRANSLATIONS, DESK_TRANSLATIONS]),
        url,
    )
    rules = settings.notify
    agenda = desk_reports.make_agenda(settings)
    post = Post(ledger, channels, settings.people, letters, rules.pace, rules.routine, agenda)
    return Notifier(post, Duty(ledger.version, ledger.sites, ledger.book, clock).incidents, clock)


def _tell(notifier: Notifier, stopping: threading.Event, log: Callable[[str], None]) -> None:
    """Tells people until told to stop; a database that cannot be used now is tried again."""
    said = ""
    while not stopping.wait(_NOTIFY_S):
        try:
            delivered = notifier.step()
        except UnavailableError as error:
            if str(error) != said:
                log(str(error))
            said = str(error)
            continue
        said = ""
        if delivered:
            log(f"{delivered} delivered")


def _log(clock: Clock, who: str) -> Callable[[str], None]:
    return lambda text: click.echo(f"{iso(clock.wall())} {who}: {text}", err=True)
