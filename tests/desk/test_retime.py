"""Headquarters puts right what a site told while its clock was wrong, whatever the order of arrival."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from gateway import wire
from gateway.clock import FakeClock
from gateway.core.incident import Change, ChangeKind, Transition, Verdict
from gateway.core.retiming import Move, moves_body
from web.desk.ledger import Ledger

T0 = 1_780_000_000.0


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'desk.db'}"


def moved(seq: int, *moves: Move) -> wire.Envelope:
    return wire.Envelope("depot-oran", "s1", seq, "rpt", moves_body("boot-2", moves), T0, T0, "boot-2")


def test_facts_of_a_wrong_clock_are_put_right_whatever_the_order_of_arrival(url: str) -> None:
    """A boot of 1970 that was set by hand, a day wrong, before a time service was reached."""
    at = 1000.0
    first, second = Move(at, 1e9), Move(at + 1e9, 86_400.0)
    before = Transition("sw-1", "reach.up", "", Verdict.OK, Verdict.UNKNOWN, at - 500, at)
    early = replace(before, after=Verdict.CRITICAL, at=at + 5, detected_at=at + 65)
    opened = Change("inc1", ChangeKind.OPENED, at + 5, at + 65, cause="power_lost")
    restored = Change("inc1", ChangeKind.RESTORED, at + 1e9 + 305, at + 1e9 + 365)
    told = [
        wire.Envelope("depot-oran", "s1", 1, "evt", wire.facts_body([before, early], [opened]), boot_id="boot-2"),
        moved(2, first),
        wire.Envelope("depot-oran", "s1", 3, "evt", wire.facts_body([], [restored]) | {"line": 1}, boot_id="boot-2"),
        moved(4, first, second),
    ]
    for number, order in enumerate(permutations(told)):
        ledger = Ledger(url, FakeClock(T0))
        for envelope in (*order, *order):
            ledger.ingest(replace(envelope, site=f"depot-{number}"), T0)
        truth = at + 1e9 + 86_400.0
        first_kept, second_kept = ledger.transitions(f"depot-{number}", 0, 2 * T0)
        assert (first_kept.at, first_kept.detected_at) == (at - 500, truth)  # the box went off before this boot
        assert (second_kept.at, second_kept.detected_at) == (truth + 5, truth + 65)
        (incident,) = [found.incident for found in ledger.incidents(f"depot-{number}")]
        assert (incident.opened_at, incident.restored_at) == (truth + 5, truth + 305)
        ledger.close()


def test_moves_that_cannot_be_read_are_refused_whole(url: str) -> None:
    ledger = Ledger(url, FakeClock(T0))
    with pytest.raises(wire.GarbledError, match="moves of a boot"):
        ledger.ingest(wire.Envelope("depot-oran", "s1", 1, "rpt", {"moves": {"boot_id": "b"}}), T0)
    assert ledger.newest("depot-oran", "s1") == 0
