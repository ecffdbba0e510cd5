"""`vigie simulate`: the simulated depot in virtual time, as a recording with its truth beside it."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path

import click

from gateway.core.document import parse_duration
from gateway.core.errors import UnavailableError
from gateway.simulate import scenario as scenarios
from gateway.simulate.readings import Simulation, Span
from gateway.simulate.world import World


@click.command()
@click.option("--scenario", "path", type=click.Path(path_type=Path), help="Another scenario than the one shipped.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="READINGS.jsonl[.gz]", help="The file to write."
)
@click.option("--start", default="2026-06-07T00:00:00Z", show_default=True, help="First instant, ISO 8601.")
@click.option("--for", "length", default="1d", show_default=True, help="How much time to simulate (1h, 7d).")
@click.option("--every", default="60s", show_default=True, help="Time between two rounds of polls.")
def simulate(path: Path | None, out: Path, start: str, length: str, every: str) -> None:
    """Write what a gateway would have read, and the truth beside it (READINGS.truth.json)."""
    span = Span(_instant(start), _seconds(length, "--for"), _seconds(every, "--every"))
    simulation = Simulation(World(scenarios.load(path or scenarios.shipped())), span)
    count = 0
    try:
        with gzip.open(out, "wt") if out.suffix == ".gz" else out.open("w") as lines:
            for line in simulation.lines():
                lines.write(json.dumps(line) + "\n")
                count += 1
        truth = truth_file(out)
        truth.write_text(json.dumps(simulation.truth(), indent=1) + "\n")
    except OSError as error:
        raise UnavailableError(f"{out}: {error.strerror}", remedy="name a file that can be written") from error
    click.echo(f"{out}: {count} lines; the truth is in {truth}")


def truth_file(out: Path) -> Path:
    """READINGS.jsonl or READINGS.jsonl.gz -> READINGS.truth.json."""
    name = out.name.removesuffix(".gz").removesuffix(".jsonl")
    return out.with_name(f"{name}.truth.json")


def _seconds(text: str, option: str) -> float:
    seconds = parse_duration(text, days=True)
    if not seconds:
        raise click.BadParameter("write a duration such as 90s, 5m, 4h or 7d", param_hint=option)
    return seconds


def _instant(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise click.BadParameter("write it like 2026-06-07T00:00:00Z", param_hint="--start") from None
