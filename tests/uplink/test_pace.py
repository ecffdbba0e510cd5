"""What bulk may take of a line: half of a slow one in the long run, and less where it makes the line slow."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import FakeClock
from gateway.uplink.pace import Bulk, Pace

PACE = Pace(bulk_per_s=4_000.0, bulk_burst=16_384)


def test_after_a_rest_a_burst_goes_and_then_no_more_than_the_rate() -> None:
    clock = FakeClock()
    bulk, sent = Bulk(PACE, clock), 0
    for _ in range(1000):
        clock.advance(0.1)
        while bulk.allows():
            bulk.sent(1_000)
            sent += 1_000
    assert sent - PACE.bulk_burst <= 100 * 4_000 + 1_000
    assert sent >= 100 * 4_000


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(1, 60_000)), max_size=60))
def test_whatever_is_sent_when_the_rate_is_kept(steps: list[tuple[float, int]]) -> None:
    clock = FakeClock()
    bulk, sent, largest, began = Bulk(PACE, clock), 0, 0, clock.monotonic()
    for seconds, size in steps:
        clock.advance(seconds)
        if bulk.allows():
            bulk.sent(size)
            sent, largest = sent + size, max(largest, size)
    assert sent <= PACE.bulk_burst + 4_000 * (clock.monotonic() - began) + largest + 1e-3


def test_a_message_larger_than_the_burst_gets_through_and_is_paid_for_afterwards() -> None:
    clock = FakeClock()
    bulk = Bulk(PACE, clock)
    assert bulk.allows()
    bulk.sent(36_384)
    clock.advance(4.9)
    assert not bulk.allows()
    clock.advance(0.2)
    assert bulk.allows()


def test_without_a_rate_only_windows_count() -> None:
    bulk = Bulk(Pace(bulk_per_s=0.0), FakeClock())
    bulk.sent(10**9)
    assert bulk.allows()


def test_late_acknowledgements_halve_the_window_of_bulk_and_of_nothing_else() -> None:
    clock = FakeClock()
    bulk = Bulk(Pace(windows={1: 1_000, 3: 16_000}), clock)
    bulk.answered(0.7, bulk=False)
    bulk.answered(2.6, bulk=True)
    assert bulk.window(3) == 16_000, "within two seconds of the quickest"
    clock.advance(10)
    bulk.answered(3.0, bulk=True)
    assert (bulk.window(3), bulk.window(1)) == (8_000, 1_000)
    bulk.answered(3.0, bulk=True)
    assert bulk.window(3) == 8_000, "once a round trip"
    for _ in range(20):
        clock.advance(10)
        bulk.answered(3.0, bulk=True)
    assert bulk.window(3) == 1_000, "never nothing"
    for _ in range(20):
        bulk.answered(1.0, bulk=True)
    assert bulk.window(3) == 16_000, "it grows again"


def test_a_slow_alert_is_not_the_fault_of_bulk() -> None:
    bulk = Bulk(PACE, FakeClock())
    bulk.answered(0.5, bulk=False)
    bulk.answered(60.0, bulk=False)
    assert bulk.share == 1.0


def test_a_new_connection_is_measured_anew() -> None:
    clock = FakeClock()
    bulk = Bulk(PACE, clock)
    bulk.answered(0.1, bulk=False)
    clock.advance(100)
    bulk.answered(9.0, bulk=True)
    bulk.anew()
    bulk.answered(9.0, bulk=True)
    assert bulk.share == 1.0, "over a satellite nine seconds may be the quickest there is"
