"""Windows of history at headquarters, on SQLite and on a real PostgreSQL: they count as all that was ever told does."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from gateway import wire
from gateway.clock import FakeClock
from gateway.core.device import Device, Park, Service
from gateway.core.incident import Transition, Verdict
from gateway.core.outages import first_word, service_facts
from gateway.core.retiming import Move, moves_body
from web.desk.ledger import Ledger

T0 = 1_780_000_000.0
WEEK_S = 7 * 86_400.0
STEPS = (Verdict.OK, Verdict.CRITICAL, Verdict.UNKNOWN, Verdict.OK, Verdict.MAINTENANCE)
WATCHED = Park(
    [Device("sw-1", "Switch"), Device("srv-1", "Server")], [Service("erp", "ERP", depends_on=("sw-1", "srv-1"))]
)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    ledger = Ledger(url, FakeClock(T0))
    yield ledger
    ledger.close()


def step(at: float, after: Verdict, subject: str = "sw-1") -> Transition:
    return Transition(subject, "reach.up", "", Verdict.UNKNOWN, after, at, at)


def tell(ledger: Ledger, seq: int, *told: Transition, boot_id: str = "", body: object = None) -> None:
    facts = body or wire.facts_body(told)
    kind = "rpt" if body else "evt"
    ledger.ingest(wire.Envelope("depot-oran", "s1", seq, kind, facts, T0, T0, boot_id), T0)  # type: ignore[arg-type]


def assert_windows_tell_the_same(ledger: Ledger) -> None:
    """Any period counts the same from its window as from everything that was ever told."""
    whole = ledger.transitions("depot-oran", float("-inf"), float("inf"))
    for weeks in (0, 1, 3, 10, 30, 51):
        start = T0 + weeks * WEEK_S + 12_345
        window = ledger.history("depot-oran", start, T0 + 60 * WEEK_S)
        expected = service_facts(WATCHED, "erp", whole, start, start + 5 * WEEK_S)
        assert service_facts(WATCHED, "erp", window, start, start + 5 * WEEK_S) == expected, weeks
        assert first_word(WATCHED, "erp", window) == first_word(WATCHED, "erp", whole)


def test_a_window_counts_as_the_whole_history_does_even_where_facts_come_late(ledger: Ledger) -> None:
    year = [step(T0 + number * WEEK_S / 3, STEPS[number % 5], ("sw-1", "srv-1")[number % 2]) for number in range(156)]
    tell(ledger, 1, *year)
    assert_windows_tell_the_same(ledger)
    assert len(ledger.history("depot-oran", T0 + 50 * WEEK_S, T0 + 60 * WEEK_S)) < 12
    for seq, weeks in ((2, 49.9), (3, 20.2), (4, 0.1), (5, -3.0)):
        tell(ledger, seq, step(T0 + weeks * WEEK_S, Verdict.CRITICAL))
        assert_windows_tell_the_same(ledger)


def test_a_window_follows_when_the_clock_of_a_boot_is_put_right(ledger: Ledger) -> None:
    tell(ledger, 1, *(step(T0 + number * WEEK_S, STEPS[number % 5]) for number in range(52)))
    tell(ledger, 2, step(1000.0, Verdict.CRITICAL), boot_id="boot-2")
    assert_windows_tell_the_same(ledger)
    tell(ledger, 3, body=moves_body("boot-2", [Move(1000.0, T0 + 40.5 * WEEK_S)]), boot_id="boot-2")
    assert_windows_tell_the_same(ledger)
    tell(ledger, 4, step(1000.0 + 2 * WEEK_S, Verdict.OK), boot_id="boot-2")
    assert_windows_tell_the_same(ledger)


def test_facts_that_come_while_a_window_is_folded_are_in_the_next_one(ledger: Ledger) -> None:
    tell(ledger, 1, *(step(T0 + number * WEEK_S, STEPS[number % 5]) for number in range(52)))
    late = [step(T0 + number * WEEK_S + 99, STEPS[number % 3]) for number in range(1, 51)]
    told = threading.Thread(target=lambda: [tell(ledger, seq, one) for seq, one in enumerate(late, 2)])
    told.start()
    while told.is_alive():
        ledger.history("depot-oran", T0 + 51 * WEEK_S, T0 + 60 * WEEK_S)
    told.join()
    assert_windows_tell_the_same(ledger)
