"""`vigie sla`: service-level arithmetic on plain facts, for scripts and for checking figures by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway.core.errors import Fault, InputError
from gateway.core.service_level import ServiceLevel, measure
from gateway.main.sla_facts import read_question


@click.command()
@click.argument("facts", metavar="FACTS.json")
@click.option("--json/--text", "as_json", default=True, help="One JSON document (default), or lines for people.")
def sla(facts: str, *, as_json: bool) -> None:
    """Availability, coverage, bounds, repair times and due dates of the facts in FACTS.json ("-": standard input)."""
    question = read_question(_read(facts), facts)
    level = measure(question.facts, question.calendar)
    due = [question.calendar.due(one.at, one.business_s, one.pending) for one in question.due]
    result = answer(level, due)
    if as_json:
        click.echo(json.dumps(result))
    else:
        for key, value in result.items():
            click.echo(f"{key}: {json.dumps(value)}")


def answer(level: ServiceLevel, due: Sequence[float | None] = ()) -> dict[str, Any]:
    """The keys promised in docs/reference/service-levels.md; absent is null, instants end with Z."""
    return {
        "availability": level.availability,
        "coverage": level.coverage,
        "bounds": list(level.bounds),
        "contract_s": _plain(level.contract_s),
        "down_s": _plain(level.down_s),
        "unknown_s": _plain(level.unknown_s),
        "maintenance_s": _plain(level.maintenance_s),
        "mttr_business_s": level.mttr_business_s,
        "mttr_wall_s": level.mttr_wall_s,
        "mtbf_s": level.mtbf_s,
        "outages": level.outages,
        "due_at": [None if at is None else _instant(at) for at in due],
    }


def _plain(seconds: float) -> float:
    return int(seconds) if seconds == int(seconds) else seconds


def _instant(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")


def _read(name: str) -> str:
    try:
        if name == "-":
            return sys.stdin.buffer.read().decode("utf-8")
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise InputError([Fault(name, 0, what, 'name a file that exists, or "-" for standard input')]) from None
    except UnicodeDecodeError:
        raise InputError([Fault(name, 0, "is not UTF-8 text", "save it as UTF-8")]) from None
