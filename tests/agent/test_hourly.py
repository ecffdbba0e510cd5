"""Hourly figures: told once the hour is over, names once only, kept and read back at headquarters."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import wire
from gateway.agent.hourly import HOUR_S, Hourly
from gateway.clock import FakeClock
from gateway.core.reading import Reading
from gateway.wire.statistics import is_statistics, names_body, names_of, short, statistics_of
from web.desk.facts import Hour
from web.desk.ledger import Ledger

T0 = 1_780_012_800.0  # a full hour
CPU = "system.cpu.utilization"


def reading(at: float, value: float | str, *, device: str = "srv-1", metric: str = CPU) -> Reading:
    return Reading(device, metric, value, at)


def test_an_hour_is_told_by_the_first_reading_of_the_next() -> None:
    hourly = Hourly()
    for minute, value in enumerate((0.25, 0.75, 0.5)):
        assert not hourly.take([reading(T0 + 60 * minute, value)])
    names, figures = hourly.take([reading(T0 + HOUR_S, 0.5)])
    assert (names.kind, figures.kind) == ("rpt", "summary")
    assert names_of(names.body) == [("srv-1", CPU, "")]
    told = statistics_of(figures.body)
    assert (told.hour, told.of(0), told.of(1)) == (T0, (0.25, 0.5, 0.75), None)


def test_names_are_told_again_only_when_a_series_is_new() -> None:
    hourly = Hourly()
    kinds = []
    for hour in range(5):
        readings = [reading(T0 + hour * HOUR_S, 1.0)]
        if hour >= 2:
            readings.append(reading(T0 + hour * HOUR_S, 2.0, device="srv-2"))
        kinds.append([message.kind for message in hourly.take(readings)])
    assert kinds == [[], ["rpt", "summary"], ["summary"], ["rpt", "summary"], ["summary"]]


def test_a_series_that_is_silent_for_an_hour_keeps_its_place() -> None:
    hourly = Hourly()
    hourly.take([reading(T0, 1.0), reading(T0, 2.0, device="srv-2")])
    hourly.take([reading(T0 + HOUR_S, 3.0, device="srv-2")])
    (figures,) = hourly.take([reading(T0 + 2 * HOUR_S, 1.0)])
    told = statistics_of(figures.body)
    assert (told.of(0), told.of(1)) == (None, (3.0, 3.0, 3.0))


def test_words_counters_and_latecomers_are_left_out() -> None:
    hourly = Hourly()
    hourly.take([reading(T0 + HOUR_S, 1.0), reading(T0, 99.0), reading(T0 + HOUR_S, "OL", metric="ups.status")])
    hourly.take([reading(T0 + HOUR_S, 5e9, metric="system.network.io.receive")])
    names, figures = hourly.take([reading(T0 + 2 * HOUR_S, 1.0)])
    assert len(names.body["names"]) == 1
    assert statistics_of(figures.body).of(0) == (1.0, 1.0, 1.0)


@given(st.floats(-1e12, 1e12, allow_nan=False))
def test_a_figure_is_exact_to_one_part_in_two_thousand(value: float) -> None:
    assert short(value) == pytest.approx(value, rel=5e-4, abs=1e-300)


def test_names_that_do_not_match_their_digest_are_refused() -> None:
    body = names_body([("srv-1", CPU, "")]) | {"series": "0" * 12}
    with pytest.raises(wire.GarbledError, match="digest"):
        names_of(body)


def test_headquarters_keeps_the_hours_and_reads_them_whichever_came_first(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/desk.db", FakeClock())
    hourly = Hourly()
    for hour in range(4):
        for minute in (0, 30):
            at = T0 + hour * HOUR_S + 60 * minute
            messages = hourly.take([reading(at, 0.1 * hour + minute / 100), reading(at, 1.0, device="srv-2")])
            for number, message in enumerate(reversed(messages)):
                seq = 1 + 10 * hour + number
                envelope = wire.Envelope("oran", "s1", seq, message.kind, message.body, at, at)
                assert ledger.ingest(wire.decode(wire.encode(envelope)), at)
                assert is_statistics(message.body) or message.kind == "rpt"
    found = ledger.hours("oran", "srv-1", T0, T0 + 2 * HOUR_S)
    assert found == {("srv-1", CPU, ""): [Hour(T0, 0.0, 0.15, 0.3), Hour(T0 + HOUR_S, 0.1, 0.25, 0.4)]}
    assert not ledger.hours("oran", "srv-9", T0, T0 + 9 * HOUR_S)
    ledger.close()
