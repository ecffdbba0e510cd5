"""`vigie web`: the depot's page."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import socket
from pathlib import Path

import click

from gateway.clock import Clock, FollowingClock, SystemClock
from gateway.core.errors import VigieError
from gateway.main.storage import mend_page
from gateway.settings import load
from gateway.store.db import on_read_only_disk
from gateway.store.heartbeat import FILE_NAME, HeartbeatFile

_THREADS = 8
_BACKLOG = 64


@click.command()
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("/etc/vigie/site.toml"),
    show_default=True,
    help="The depot's site.toml.",
)
@click.option("--host", help="Address to serve on instead of [page] host.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port instead of [page] port; 0 takes a free one.")
@click.option("--new-code", is_flag=True, help="Print a new one-time code for one more account, and end.")
@click.option("--calls", is_flag=True, help="Print the address that each backup job calls, and end.")
def web(config: Path, host: str | None, port: int | None, *, new_code: bool, calls: bool) -> int:
    """Serve the depot's page."""
    from waitress.server import create_server  # type: ignore[import-untyped]

    from web.common import issue_code, read_secret_key
    from web.site.app import create_app
    from web.site.calling import call_addresses
    from web.site.sources import open_sources

    settings = load(config)
    clock: Clock = FollowingClock(SystemClock(), HeartbeatFile(settings.data / FILE_NAME).read)
    if new_code:
        sources = open_sources(settings, clock, port=settings.page.port)
        click.echo(f"one-time code: {issue_code(sources.accounts, clock.wall())} (valid for one day)")
        return 0
    if calls:
        for device, job, address in call_addresses(open_sources(settings, clock, port=settings.page.port)):
            click.echo(f"{device} {job} {address}")
        return 0
    where = host or settings.page.host
    listener = listen(where, settings.page.port if port is None else port)
    if salvage := mend_page(settings.commands, clock.wall()):
        click.echo(f"{salvage.name} was damaged: rebuilt, the damaged file is {salvage.kept_as}", err=True)
    sources = open_sources(settings, clock, port=listener.getsockname()[1], when_damaged=_start_anew)
    key = settings.commands.parent / "session.key"
    frozen = on_read_only_disk(key)
    secret_key = secrets.token_bytes(32) if frozen and not key.exists() else read_secret_key(key)
    app = create_app(settings, clock, sources, secret_key=secret_key)
    server = create_server(app, sockets=[listener], threads=_THREADS, ident=None, max_request_body_size=65536)
    signal.signal(signal.SIGTERM, _stop)
    click.echo(f"depot page: {sources.card.addresses[0]}")
    if frozen:
        click.echo(f"{key.parent}: the disk is read-only: the page tells what it can and takes no orders", err=True)
    elif not sources.accounts.accounts():
        click.echo(f"nobody can sign in yet; one-time code: {issue_code(sources.accounts, clock.wall())}")
    server.run()
    return 0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, or one clear line about why there is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        remedies = {
            errno.EADDRINUSE: "another program serves there; choose another [page] port",
            errno.EACCES: "ports below 1024 need a privilege; choose another [page] port",
            errno.EADDRNOTAVAIL: "this machine has no such address; correct [page] host",
        }
        remedy = remedies.get(error.errno or 0, "correct [page] host and port")
        raise VigieError(
            f"the page cannot be served on {host} port {port} ({error.strerror})", remedy=remedy
        ) from error
    return listener


def _start_anew() -> None:
    """Ends the page, for its supervisor to start it again: commands.db is damaged, and is made anew at the start."""
    click.echo("commands.db is damaged: the page ends, to be started again", err=True)
    os.kill(os.getpid(), signal.SIGTERM)


def _stop(_number: int, _frame: object) -> None:
    raise SystemExit(0)
