"""History goes together, what is live goes by itself; and several messages in one are read as what they were."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import wire
from gateway.ports import OutboxRow
from gateway.uplink.pace import Pace
from gateway.uplink.parcels import parcels
from gateway.wire import ClockState, Envelope, GarbledError, Names

NOW = 1_780_000_000.0
NAMES = Names("org", "depot", "0.1.0")
PACE = Pace(merge_after_s=3600.0, merge_bytes=100)


def row(seq: int, *, lane: int = 3, age: float = 7200.0, size: int = 20) -> OutboxRow:
    return OutboxRow(seq, lane, "evt", NOW - age, b"x" * size, "boot-1")


def numbers(*rows: OutboxRow) -> list[list[int]]:
    return [list(parcel.rows) for parcel in parcels(rows, NOW, PACE, 1.0)]


def test_what_waits_for_more_than_an_hour_goes_together_up_to_a_size() -> None:
    assert numbers(*(row(n) for n in range(1, 13))) == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12]]


def test_what_is_live_goes_by_itself_and_ends_a_parcel() -> None:
    assert numbers(row(1), row(2, age=10), row(3), row(4)) == [[1], [2], [3, 4]]


def test_lanes_are_not_mixed() -> None:
    assert numbers(row(1, lane=1), row(2, lane=1), row(3, lane=2), row(4, lane=3)) == [[1, 2], [3], [4]]


def test_a_row_that_is_too_large_goes_alone() -> None:
    assert numbers(row(1), row(2, size=500), row(3), row(4)) == [[1], [2], [3, 4]]


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 9000), st.integers(1, 200)), max_size=30))
def test_every_row_goes_once_in_its_order(given_rows: list[tuple[int, float, int]]) -> None:
    rows = [row(n, lane=lane, age=age, size=size) for n, (lane, age, size) in enumerate(given_rows, 1)]
    made = list(parcels(rows, NOW, PACE, 0.5))
    assert [seq for parcel in made for seq in parcel.rows] == [one.seq for one in rows]
    assert all(one.lane == parcel.lane for parcel in made for one in parcel.rows.values())


ONE = Envelope("depot", "s1", 7, "evt", {"text": "é"}, NOW, NOW + 9, "boot-1")
TOLD = [ONE, replace(ONE, seq=8, kind="summary", boot_id="boot-2", clock=ClockState.ESTIMATED), replace(ONE, seq=11)]


def test_a_batch_is_read_as_the_messages_that_it_was_made_of() -> None:
    assert wire.decode_all(wire.encode_batch(TOLD)) == TOLD
    assert wire.decode_all(wire.encode(ONE)) == [ONE]


def test_a_batch_costs_less_than_its_messages() -> None:
    """Each message by itself costs some 230 bytes of MQTT, TLS and TCP besides."""
    told = [replace(ONE, seq=n, written_at=NOW + 300 * n) for n in range(1, 13)]
    assert len(wire.encode_batch(told)) < sum(len(wire.encode(one)) for one in told) / 4


def test_a_reader_of_single_messages_does_not_take_a_batch_for_one() -> None:
    with pytest.raises(GarbledError, match="seq"):
        wire.decode(wire.encode_batch(TOLD))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"v": 2}, "version 2"),
        ({"site": "../x"}, "no identifier"),
        ({"rows": [[0, "evt", "2026-06-01T08:00:00.000Z", "b", "trusted", {}]]}, "out of range"),
        ({"rows": [[1, "cmd", "2026-06-01T08:00:00.000Z", "b", "trusted", {}]]}, "kind 'cmd'"),
        ({"rows": [[1, "evt", "yesterday", "b", "trusted", {}]]}, "no instant"),
        ({"rows": [[1, "evt", "2026-06-01T08:00:00.000Z", "b", "perhaps", {}]]}, "cannot be read"),
        ({"rows": [[1, "evt"]]}, "cannot be read"),
    ],
)
def test_what_is_no_batch_is_refused_whole(change: dict[str, object], why: str) -> None:
    good = {"v": 1, "site": "depot", "stream": "s1", "sent_at": "", "kind": "hist"}
    rows = {"rows": [[1, "evt", "2026-06-01T08:00:00.000Z", "b", "trusted", {}]]}
    assert len(wire.decode_all(msgspec.json.encode(good | rows))) == 1
    with pytest.raises(GarbledError, match=why):
        wire.decode_all(msgspec.json.encode(good | rows | change))
