"""A site shows what it told last, in whatever order its messages come: after days without a link the newest leads."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import wire
from gateway.clock import FakeClock
from gateway.core.device import Device, Park, Site
from gateway.core.incident import Verdict
from web.desk.ledger import Ledger

T0 = 1_780_300_800.0


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path / 'desk.db'}", FakeClock(T0))
    yield ledger
    ledger.close()


def summary(seq: int, signal: str, stream: str = "s1") -> wire.Envelope:
    body = wire.summary_body(wire.Summary(T0 + seq, {"ok": seq}, {"sw-1": Verdict.CRITICAL}, signal))
    return wire.Envelope("rouiba", stream, seq, "summary", body, T0 + seq)


def inventory(seq: int, name: str) -> wire.Envelope:
    body = wire.inventory_body(Site("rouiba", name), Park([Device("sw-1", "Switch")]))
    return wire.Envelope("rouiba", "s1", seq, "rpt", body, T0 + seq)


def shown(ledger: Ledger) -> tuple[str, str]:
    (row,) = ledger.site_rows()
    return (row.summary.signal if row.summary else "", row.name)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_newest_summary_and_inventory_are_shown(ledger: Ledger, order: tuple[int, ...]) -> None:
    told = [summary(1, "red fast"), inventory(2, "Rouiba"), summary(7, "green steady"), inventory(9, "Rouïba")]
    for place in order:
        assert ledger.ingest(told[place], T0 + 100)
    assert shown(ledger) == ("green steady", "Rouïba")
    (row,) = ledger.site_rows()
    assert row.last_seen == T0 + 100, "what is late is a sign of life all the same"


def test_figures_and_names_that_came_later_say_nothing_of_the_summary(ledger: Ledger) -> None:
    hour = {"hour": wire.iso(T0), "series": "x", "mean": [], "lowest": [], "highest": []}
    ledger.ingest(wire.Envelope("rouiba", "s1", 50, "summary", hour, T0), T0)
    ledger.ingest(summary(3, "green steady"), T0 + 1)
    ledger.ingest(inventory(4, "Rouiba"), T0 + 1)
    assert shown(ledger) == ("green steady", "Rouiba")


def test_a_new_stream_begins_anew(ledger: Ledger) -> None:
    """A replaced card counts from one again."""
    ledger.ingest(summary(900, "red fast"), T0)
    ledger.ingest(summary(1, "green steady", stream="s2"), T0 + 1)
    assert shown(ledger)[0] == "green steady"
