"""`vigie run`: the agent."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path

import click
import structlog

from gateway.agent.loop import Agent
from gateway.agent.parts import Parts
from gateway.main.build import build_agent
from gateway.settings import load
from gateway.store.lock import sole_writer


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
        asyncio.run(_watch(build_agent(settings)))
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


async def _watch(parts: Parts) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    devices = [device for device in parts.park.devices.values() if device.collect]
    structlog.get_logger().info("watching", site=parts.settings.site.id, devices=len(devices), version=parts.version)
    await Agent(parts).run(stop)
