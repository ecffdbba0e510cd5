"""`vigie run`: the agent."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from contextlib import suppress
from pathlib import Path

import click
import structlog

from gateway.agent.loop import Agent
from gateway.agent.parts import Parts
from gateway.clock import SystemClock
from gateway.core.errors import DamagedError, UnavailableError, VigieError
from gateway.main.build import build_agent, build_collectors, load_park
from gateway.main.storage import mendable
from gateway.ports import Batch
from gateway.settings import Settings, load
from gateway.store.inventory import InventoryStore
from gateway.store.lock import sole_writer
from gateway.store.rebuild import mend

INVENTORY_CHECK_S = 5.0

log = structlog.get_logger()


@click.command()
@click.option(
    "--config",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The site's settings (docs/reference/site-toml.md).",
)
@click.option("--verbose", is_flag=True, help="Log more.")
def run(config: Path, verbose: bool) -> int:
    """Watch the site: poll, judge, record, tell the panel and headquarters. Ends on Ctrl-C or SIGTERM."""
    set_up_logging(verbose=verbose)
    settings = load(config)
    with sole_writer(settings.data):
        asyncio.run(_watch(settings))
    return 0


def set_up_logging(*, verbose: bool) -> None:
    """Logs go to stderr, one line each, readable by people; the journal adds the rest."""
    level = logging.DEBUG if verbose else logging.INFO
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


async def _watch(settings: Settings) -> None:
    """Runs the agent; when the inventory changes, a new one takes up the record of the old."""
    stop, ended = asyncio.Event(), asyncio.Event()

    def end() -> None:
        stop.set()
        ended.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    unwritten: list[Batch] = []
    while not stop.is_set():
        ended.clear()
        parts = _built(settings)
        count = sum(bool(device.collect) for device in parts.park.devices.values())
        log.info("watching", site=settings.site.id, devices=count, version=parts.version)
        following = asyncio.create_task(_follow(settings, ended))
        agent = Agent(parts, unwritten)
        damaged = False
        try:
            await agent.run(ended)
        except DamagedError as error:  # on a page that only the agent's first look came upon
            log.error("damaged", error=str(error))
            damaged = True
        following.cancel()
        unwritten = agent.unwritten
        with suppress(UnavailableError, DamagedError):  # what cannot be committed now was told, and is lost
            parts.close()
        if damaged or (parts.storage and parts.storage.broken()):
            mended = _mend(settings)
            if damaged and not mended:
                raise VigieError(f"{settings.data}: damaged, and cannot be rebuilt", remedy="see `vigie doctor`")


def _built(settings: Settings) -> Parts:
    """The agent's parts; a damaged file is rebuilt first."""
    try:
        return build_agent(settings)
    except DamagedError as error:
        log.error("damaged", error=str(error))
        if not _mend(settings):
            raise
        return build_agent(settings)


def _mend(settings: Settings) -> int:
    """Rebuilds what is damaged; returns how many files that were."""
    mended = 0
    for path, schema in mendable(settings.data).items():
        salvage = mend(path, schema, SystemClock().wall())
        if salvage:
            mended += 1
            log.error("rebuilt a damaged file", file=salvage.name, kept=salvage.kept, damaged_file=salvage.kept_as)
    return mended


async def _follow(settings: Settings, changed: asyncio.Event) -> None:
    """Sets ``changed`` when the inventory is another one and has no fault; a faulty one is told and not used."""
    files = InventoryStore(settings.inventory).files
    known = [_written_at(file) for file in files]
    while True:
        await asyncio.sleep(INVENTORY_CHECK_S)
        written = [_written_at(file) for file in files]
        if written == known:
            continue
        known = written
        try:
            build_collectors(settings, SystemClock(), load_park(settings).devices.values())
        except VigieError as error:
            log.error("inventory not used: the one before stays", error=str(error))
            continue
        log.info("inventory changed", file=str(settings.inventory))
        changed.set()


def _written_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
