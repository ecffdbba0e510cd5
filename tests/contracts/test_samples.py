"""What every store of readings promises: the fake and SQLite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.core.reading import Reading
from gateway.ports import Samples
from gateway.store.memory import MemorySamples
from gateway.store.samples import SqliteSamples

START = 1_780_000_200.0
CLOCK = FakeClock(START)


def _memory(_: Path) -> MemorySamples:
    return MemorySamples()


def _sqlite(folder: Path) -> SqliteSamples:
    return SqliteSamples(folder / "samples.db", CLOCK)


@pytest.fixture(params=[_memory, _sqlite], ids=["memory", "sqlite"])
def samples(request: pytest.FixtureRequest, tmp_path: Path) -> Samples:
    make: Callable[[Path], Samples] = request.param
    return make(tmp_path)


def reading(value: float | str, at: float, metric: str = "input.voltage", instance: str = "") -> Reading:
    return Reading("ups-1", metric, value, at, instance)


def test_readings_come_back_before_and_after_a_flush(samples: Samples) -> None:
    samples.append([reading(230.5, START), reading(231.0, START + 60)])
    before = samples.series("ups-1", "input.voltage", "", START, START + 100)
    samples.flush()
    samples.append([reading(229.0, START + 120)])
    assert before == [(START, 230.5), (START + 60, 231.0)]
    assert samples.series("ups-1", "input.voltage", "", 0, START + 200) == [*before, (START + 120, 229.0)]


def test_a_span_holds_its_start_and_not_its_end(samples: Samples) -> None:
    samples.append([reading(float(step), START + step) for step in range(5)])
    assert samples.series("ups-1", "input.voltage", "", START + 1, START + 3) == [(START + 1, 1.0), (START + 2, 2.0)]
    assert samples.series("ups-1", "input.voltage", "", START + 3, START + 1) == []


def test_readings_that_come_out_of_order_are_told_in_order(samples: Samples) -> None:
    samples.append([reading(2.0, START + 2), reading(1.0, START + 1)])
    samples.flush()
    samples.append([reading(0.0, START)])
    assert samples.series("ups-1", "input.voltage", "", START, START + 9) == [(START + n, float(n)) for n in range(3)]


def test_words_and_numbers_of_one_series_are_kept_apart_and_told_together(samples: Samples) -> None:
    told: list[tuple[float, float | str]] = [(START, "OL CHRG"), (START + 1, 3.0), (START + 2, "OB DISCHRG LB")]
    samples.append([reading(value, at, "ups.status") for at, value in told])
    samples.flush()
    assert samples.series("ups-1", "ups.status", "", START, START + 9) == told


def test_instances_and_unknown_series_do_not_mix(samples: Samples) -> None:
    samples.append([reading(1.0, START, "hw.network.up", "Gi1/0/1"), reading(0.0, START, "hw.network.up", "Gi1/0/2")])
    assert samples.series("ups-1", "hw.network.up", "Gi1/0/2", START, START + 1) == [(START, 0.0)]
    assert samples.series("ups-1", "hw.network.up", "Gi1/0/3", START, START + 1) == []
    assert samples.series("nobody", "hw.network.up", "", START, START + 1) == []


def test_a_large_counter_is_kept_to_the_last_digit(samples: Samples) -> None:
    values = [2.0**53 - 1, 18_446_744_073_709_549_568.0, 12_345_678_901_234.0]
    samples.append([reading(value, START + n) for n, value in enumerate(values)])
    samples.flush()
    assert [value for _, value in samples.series("ups-1", "input.voltage", "", START, START + 9)] == values
