"""Forecasts beside the loop: once a day, off the loop's thread, told once with each device's next round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gateway.agent.foresight import EVERY_S, FIRST_S, Foresight
from gateway.clock import FakeClock
from gateway.core.device import Device, Kind, Park, Warranty
from gateway.core.errors import UnavailableError
from gateway.core.forecast import Hour
from gateway.core.reading import Reading

DISK = ("srv", "system.filesystem.utilization", "C:")


@dataclass(frozen=True)
class Hourly:
    at: float
    mean: float


def filling(_device: str, _metric: str, _instance: str, _start: float, end: float) -> Sequence[Hour]:
    days = 40
    return [
        Hourly(end - (days - day) * 86_400 + hour * 3600, 0.6 + 0.005 * day)
        for day in range(days)
        for hour in range(24)
    ]


def full(*_: object) -> Sequence[Hour]:
    raise UnavailableError("samples.db: disk I/O error")


async def told(foresight: Foresight, clock: FakeClock, subject: str = "srv") -> list[Reading]:
    latest = {DISK: Reading(*DISK[:2], 0.8, clock.wall(), "C:")}
    found = list(foresight.readings(subject, latest, clock.wall()))
    if foresight._running:
        await foresight._running
    return found


def park(**more: object) -> Park:
    return Park([Device("srv", "Serveur", Kind.SERVER, **more)])  # type: ignore[arg-type]


async def test_a_device_is_told_its_forecasts_once_with_its_next_round() -> None:
    clock = FakeClock()
    foresight = Foresight(park(), clock, filling)
    assert await told(foresight, clock) == []
    clock.advance(FIRST_S)
    assert await told(foresight, clock) == []
    assert await told(foresight, clock, "other") == []
    readings = await told(foresight, clock)
    assert [(one.metric, one.instance) for one in readings] == [
        ("forecast.time_left", "disk_full C:"),
        ("forecast.margin", "disk_full C:"),
    ]
    assert await told(foresight, clock) == []
    clock.advance(EVERY_S)
    await told(foresight, clock)
    assert len(await told(foresight, clock)) == 2


async def test_a_record_that_cannot_be_read_keeps_the_forecasts_of_the_day_before() -> None:
    clock = FakeClock()
    foresight = Foresight(park(), clock, filling)
    clock.advance(FIRST_S)
    await told(foresight, clock)
    foresight._history = full
    clock.advance(EVERY_S)
    await told(foresight, clock)
    assert [one["what"] for one in foresight.told()] == ["disk_full"]


async def test_without_history_dates_of_contracts_are_known() -> None:
    clock = FakeClock()
    foresight = Foresight(park(warranty=Warranty(date(2100, 1, 1))), clock)
    clock.advance(FIRST_S)
    await told(foresight, clock)
    assert [(one["what"], one["reasons"]) for one in foresight.told()] == [("warranty_ending", ["date"])]
