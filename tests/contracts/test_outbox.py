"""What every outbox promises: the fake and SQLite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.clock import FakeClock, stamp
from gateway.ports import Message, Outbox
from gateway.store.db import open_database
from gateway.store.memory import MemoryOutbox
from gateway.store.outbox import SqliteOutbox

NOW = stamp(FakeClock())


def _memory(_: Path) -> MemoryOutbox:
    return MemoryOutbox()


def _sqlite(folder: Path) -> SqliteOutbox:
    return SqliteOutbox(open_database(folder / "vigie.db"))


@pytest.fixture(params=[_memory, _sqlite], ids=["memory", "sqlite"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Outbox:
    make: Callable[[Path], Outbox] = request.param
    return make(tmp_path)


def put(outbox: Outbox, lane: int) -> int:
    return outbox.put(Message("evt", lane, {"lane": lane}), NOW)


def test_rows_come_by_lane_then_by_age(outbox: Outbox) -> None:
    numbers = [put(outbox, lane) for lane in (3, 1, 0, 1)]
    assert [row.seq for row in outbox.take(10)] == [numbers[2], numbers[1], numbers[3], numbers[0]]
    assert [row.seq for row in outbox.take(2)] == [numbers[2], numbers[1]]


def test_a_row_carries_what_was_put(outbox: Outbox) -> None:
    seq = outbox.put(Message("summary", 2, {"états": ["ok"]}), NOW)
    (row,) = outbox.take(1)
    assert (row.seq, row.kind, row.lane, row.created_at) == (seq, "summary", 2, NOW.wall)
    assert (row.body.decode(), row.boot_id, row.clock_trusted) == ('{"états":["ok"]}', NOW.boot_id, True)


def test_rows_in_flight_are_skipped(outbox: Outbox) -> None:
    first, second, bulk = put(outbox, 1), put(outbox, 1), put(outbox, 3)
    assert [row.seq for row in outbox.take(10, skip={first})] == [second, bulk]
    assert [row.seq for row in outbox.take(1, skip=[first, second])] == [bulk]
    assert outbox.take(10, skip={first, second, bulk}) == []


def test_of_what_is_so_now_the_newest_comes_first_and_of_everything_else_the_oldest(outbox: Outbox) -> None:
    numbers = {lane: [put(outbox, lane) for _ in range(3)] for lane in (1, 2, 3)}
    expected = [*numbers[1], *reversed(numbers[2]), *numbers[3]]
    assert [row.seq for row in outbox.take(10)] == expected


def test_topics_that_the_broker_keeps_are_remembered(outbox: Outbox) -> None:
    assert outbox.retained() == []
    outbox.keep_retained(["vigie/v1/org/depot/state/sw-1", "é"])
    assert outbox.retained() == ["vigie/v1/org/depot/state/sw-1", "é"]
    outbox.keep_retained([])
    assert outbox.retained() == []


def test_only_acknowledged_rows_are_gone(outbox: Outbox) -> None:
    numbers = [put(outbox, 1) for _ in range(3)]
    assert outbox.acknowledge([numbers[0], numbers[2], 999, numbers[0]]) == 2
    assert outbox.acknowledge([numbers[0]]) == 0
    assert [row.seq for row in outbox.take(10)] == [numbers[1]]


def test_waiting_counts_by_lane(outbox: Outbox) -> None:
    assert outbox.waiting() == {}
    for lane in (1, 1, 3):
        put(outbox, lane)
    assert outbox.waiting() == {1: 2, 3: 1}


def test_a_number_is_never_given_twice(outbox: Outbox) -> None:
    first = put(outbox, 1)
    outbox.acknowledge([first])
    assert put(outbox, 1) > first


def test_a_batch_of_thousands_is_acknowledged(outbox: Outbox) -> None:
    numbers = [put(outbox, 3) for _ in range(1200)]
    assert outbox.acknowledge(numbers[:-1]) == 1199
    assert outbox.waiting() == {3: 1}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=20))
def test_what_was_put_and_not_acknowledged_is_what_is_taken(outbox: Outbox, steps: list[tuple[int, bool]]) -> None:
    outbox.acknowledge([row.seq for row in outbox.take(1000)])
    expected: set[int] = set()
    for lane, acknowledge in steps:
        seq = put(outbox, lane)
        if acknowledge:
            outbox.acknowledge([seq])
        else:
            expected.add(seq)
    assert {row.seq for row in outbox.take(1000)} == expected
    assert sum(outbox.waiting().values()) == len(expected)


def put_summaries(outbox: Outbox, hours: float) -> None:
    """One each five minutes, and the figures of each hour."""
    clock = FakeClock()
    for step in range(round(hours * 12)):
        outbox.put(Message("summary", 2, {"at": "now", "n": step}), stamp(clock))
        if step % 12 == 0:
            outbox.put(Message("summary", 3, {"hour": "now", "mean": [1.0] * 20}), stamp(clock))
        clock.advance(300)


def kinds(outbox: Outbox) -> dict[str, int]:
    bodies = [row.body for row in outbox.take(10_000)]
    figures = sum(body.startswith(b'{"hour"') for body in bodies)
    return {"figures": figures, "summaries": sum(body.startswith(b'{"at"') for body in bodies)}


def test_of_a_day_of_summaries_one_per_hour_stays_and_the_newest_hour(outbox: Outbox) -> None:
    put_summaries(outbox, 24)
    gone = outbox.trim()
    assert kinds(outbox) == {"figures": 24, "summaries": 12 + 24}, "the day began in the middle of an hour"
    assert outbox.dropped() == {"summary": gone}
    assert outbox.trim() == 0
    assert any(b'"n":287' in row.body for row in outbox.take(10_000)), "the newest"


def test_facts_are_never_given_up(outbox: Outbox) -> None:
    facts = [put(outbox, 1) for _ in range(50)]
    reports = outbox.put(Message("rpt", 2, {"site": {}}), NOW)
    put_summaries(outbox, 3)
    outbox.trim()
    assert {*facts, reports} <= {row.seq for row in outbox.take(1000)}


def _capped(folder: Path, cap: int) -> SqliteOutbox:
    return SqliteOutbox(open_database(folder / "vigie.db"), cap)


@pytest.mark.parametrize("make", [lambda _, cap: MemoryOutbox(cap=cap), _capped])
def test_when_the_room_is_used_up_figures_go_after_summaries_and_facts_stay(
    make: Callable[[Path, int], Outbox], tmp_path: Path
) -> None:
    outbox = make(tmp_path, 1500)
    facts = [put(outbox, 1) for _ in range(20)]
    put_summaries(outbox, 24)
    outbox.trim()
    left = kinds(outbox)
    assert left["summaries"] == 12, "only those of the last hour"
    assert 0 < left["figures"] < 24
    assert sum(len(row.body) for row in outbox.take(10_000)) <= 1500
    assert set(facts) <= {row.seq for row in outbox.take(1000)}
    assert set(outbox.dropped()) == {"summary", "figures"}
