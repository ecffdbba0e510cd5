"""When things end: dates with intervals from trends beyond doubt, silence where there is none."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.device import Criticality, Device, Kind, Park, Service, Support, Warranty
from gateway.core.forecast import (
    DAY_S,
    NEEDED_DAYS,
    PART_CAUSES,
    Forecast,
    Key,
    Known,
    Newest,
    Reason,
    What,
    forecasts,
    margin_s,
)
from gateway.core.incident import Cause
from gateway.core.theil_sen import since_last_jump, theil_sen, without_weekly_rhythm

NOW = 20_775 * DAY_S
"""18 November 2026, 00:00 UTC."""
DISK: Key = ("srv", "system.filesystem.utilization", "C:")


def days_left(found: Forecast) -> float:
    return (found.at - NOW) / DAY_S


def margin(end: Forecast, here: Park, now: float) -> float:
    return margin_s(end, here, now) / DAY_S


@dataclass(frozen=True)
class Hourly:
    at: float
    mean: float


def daily(values: Sequence[float], *, noise: float = 0.0, night: float = 0.0) -> list[Hourly]:
    """One value a day up to now, as 24 hours each; at night a backup takes more room."""
    chance = random.Random(7)
    start = NOW - len(values) * DAY_S
    return [
        Hourly(start + (day * 24 + hour) * 3600, value + chance.gauss(0, noise) + (night if hour < 4 else 0))
        for day, value in enumerate(values)
        for hour in range(24)
    ]


def park(criticality: Criticality = Criticality.CRITICAL, **more: object) -> Park:
    return Park([Device("srv", "Serveur", Kind.SERVER, criticality=criticality, **more)])  # type: ignore[arg-type]


def disk(values: Sequence[float], **shape: float) -> list[Forecast]:
    return forecasts(Known(park(), NOW, {DISK: daily(values, **shape)}))


def test_a_disk_that_fills_steadily_has_a_date_within_its_interval() -> None:
    (found,) = disk([0.60 + 0.005 * day for day in range(40)], noise=0.002)
    assert (found.what, found.instance, found.reasons) == (What.DISK_FULL, "C:", (Reason.TREND,))
    assert days_left(found) == pytest.approx(40.5, abs=1.5)
    assert found.earliest is not None
    assert found.latest is not None
    assert found.earliest < found.at < found.latest
    assert found.latest - found.earliest < 6 * DAY_S
    assert found.per_day == pytest.approx(0.005, rel=0.05)


@pytest.mark.parametrize(
    "values",
    [
        [0.6] * 40,
        [0.6 + 0.05 * (day % 2) for day in range(40)],
        [0.8 - 0.005 * day for day in range(40)],
        [0.60 + 0.005 * day for day in range(5)],
        [0.60 + 0.00001 * day for day in range(40)],
    ],
    ids=["level", "up and down", "falling", "five days", "in a century"],
)
def test_no_trend_beyond_doubt_gives_no_date(values: list[float]) -> None:
    assert disk(values) == []


def test_noise_alone_gives_no_date() -> None:
    chance = random.Random(3)
    silent = sum(disk([0.6 + chance.gauss(0, 0.02) for _ in range(40)]) == [] for _ in range(40))
    assert silent >= 36  # a 90 % interval lies above zero by chance once in twenty


def test_a_backup_every_night_is_no_trend_and_moves_no_date() -> None:
    plain = disk([0.60 + 0.005 * day for day in range(40)])
    (found,) = disk([0.60 + 0.005 * day for day in range(40)], night=0.15)
    assert found.at == pytest.approx(plain[0].at, abs=DAY_S / 10)


def test_a_busy_day_every_week_moves_no_date() -> None:
    (found,) = disk([0.60 + 0.005 * day + (0.03 if day % 7 == 3 else 0) for day in range(42)])
    assert days_left(found) == pytest.approx(38.5, abs=2)


def test_a_clean_up_starts_the_course_anew() -> None:
    filled = [0.60 + 0.01 * day for day in range(30)]
    cleaned = [0.40 + 0.01 * day for day in range(20)]
    (found,) = disk([*filled, *cleaned])
    assert days_left(found) == pytest.approx(40.5, abs=1)


def test_one_big_copy_is_no_trend() -> None:
    assert disk([0.5] * 20 + [0.7] * 20) == []


def test_a_trend_is_not_stretched_further_than_its_history_carries() -> None:
    assert disk([0.60 + 0.005 * day for day in range(10)]) == []


def test_a_supply_runs_out_counted_from_its_last_refill() -> None:
    key = ("prn", "printer.supply.level", "noir")
    levels = [1 - 0.04 * day for day in range(20)] + [1 - 0.04 * day for day in range(20)]
    here = Park([Device("prn", "Imprimante", Kind.PRINTER)])
    latest = {key: Newest(0.24, NOW, "Toner noir")}
    (found,) = forecasts(Known(here, NOW, {key: daily(levels)}, latest))
    assert (found.what, found.label) == (What.SUPPLY_EMPTY, "Toner noir")
    assert days_left(found) == pytest.approx(5.5, abs=0.5)


def test_flash_that_wears_in_steps_has_a_date() -> None:
    key = ("gateway", "gateway.storage.wear", "mmcblk0")
    (found,) = forecasts(Known(Park(), NOW, {key: daily([0.1 * (day // 60 + 1) for day in range(390)])}))
    assert found.what is What.DISK_FAILING
    assert days_left(found) == pytest.approx(210, abs=60)


def test_a_certificate_ends_when_it_says() -> None:
    key = ("erp", "reach.certificate.remaining", "")
    here = Park([Device("srv", "Serveur")], [Service("erp", "ERP", Criticality.CRITICAL, ("srv",))])
    (found,) = forecasts(Known(here, NOW, {}, {key: Newest(20 * DAY_S, NOW - 3600)}))
    assert (found.earliest, found.latest, found.reasons) == (None, None, (Reason.DATE,))
    assert days_left(found) == pytest.approx(20 - 1 / 24)


def test_contracts_end_on_their_last_day_and_old_ones_are_history() -> None:
    here = Park(
        [
            Device("a", "A", warranty=Warranty(date(2026, 11, 20)), support=Support(ends_on=date(2027, 1, 1))),
            Device("b", "B", warranty=Warranty(date(2024, 1, 1))),
        ]
    )
    found = forecasts(Known(here, NOW))
    assert [(one.device, one.what, one.day("Africa/Algiers")) for one in found] == [
        ("a", What.WARRANTY_ENDING, date(2026, 11, 20)),
        ("a", What.SUPPORT_ENDING, date(2027, 1, 1)),
    ]


def ups(**more: object) -> Park:
    return Park([Device("ups", "Onduleur", Kind.UPS, **more)])  # type: ignore[arg-type]


def test_a_battery_ends_four_years_after_it_was_fitted() -> None:
    age = {("ups", "battery.age", ""): Newest(3 * 365.25 * DAY_S, NOW)}
    (found,) = forecasts(Known(ups(purchased_on=date(2015, 1, 1)), NOW, {}, age))
    assert days_left(found) == pytest.approx(365.25)
    assert found.earliest == NOW
    assert found.latest == pytest.approx(NOW + 2 * 365.25 * DAY_S)


def test_the_day_of_purchase_stands_in_for_the_age() -> None:
    (found,) = forecasts(Known(ups(purchased_on=date(2026, 11, 18)), NOW))
    assert days_left(found) == pytest.approx(4 * 365.25)


def test_ten_degrees_more_halve_the_life_of_a_battery() -> None:
    hot = {("ups", "battery.temperature", ""): daily([35.0] * 30)}
    (found,) = forecasts(Known(ups(purchased_on=date(2026, 11, 18)), NOW, hot))
    assert days_left(found) == pytest.approx(2 * 365.25)
    assert found.reasons == (Reason.AGE, Reason.HEAT)


def test_a_failed_test_ends_a_battery_today() -> None:
    latest = {("ups", "ups.test.result", ""): Newest("Done and failed", NOW)}
    (found,) = forecasts(Known(ups(), NOW, {}, latest))
    assert (found.at, found.reasons) == (NOW, (Reason.TEST,))


def test_a_passed_test_and_no_age_say_nothing() -> None:
    latest = {("ups", "ups.test.result", ""): Newest("Done and passed", NOW)}
    assert forecasts(Known(ups(), NOW, {}, latest)) == []


def test_a_runtime_that_shrinks_ends_a_battery_at_half_of_what_it_was() -> None:
    history = {("ups", "battery.runtime", ""): daily([3600 - 6 * day for day in range(200)], noise=20)}
    (found,) = forecasts(Known(ups(), NOW, history))
    assert found.reasons == (Reason.RUNTIME,)
    assert days_left(found) == pytest.approx(103.5, abs=5)


def test_an_unknown_ups_has_no_date() -> None:
    assert forecasts(Known(ups(), NOW)) == []


@pytest.mark.parametrize(("level", "days"), list(zip(Criticality, NEEDED_DAYS[What.DISK_FULL], strict=True)))
def test_what_criticality_needs_decides_when_to_act(level: Criticality, days: float) -> None:
    end = Forecast("srv", What.DISK_FULL, "C:", NOW + 40 * DAY_S, (Reason.TREND,), NOW + days * DAY_S)
    assert margin(end, park(level), NOW) == pytest.approx(0)
    assert margin(end, park(level), NOW + DAY_S) < 0


def test_a_device_is_as_critical_as_what_stands_on_it() -> None:
    here = Park([Device("srv", "Serveur")], [Service("erp", "ERP", Criticality.CRITICAL, ("srv",))])
    end = Forecast("srv", What.DISK_FULL, "C:", NOW + 29 * DAY_S, (Reason.TREND,))
    assert margin(end, here, NOW) == pytest.approx(-1)


def test_every_end_that_opens_an_incident_has_its_cause() -> None:
    causes = dict(PART_CAUSES)
    assert set(causes) == set(What)
    assert {what for what in What if causes[what] is Cause.CONTRACT_ENDING} == {
        What.WARRANTY_ENDING,
        What.SUPPORT_ENDING,
    }
    assert causes[What.DISK_FULL] is Cause.DISK_FULL


@given(
    slope=st.floats(-1, 1),
    level=st.floats(-10, 10),
    nonsense=st.lists(st.tuples(st.integers(0, 39), st.floats(-1e6, 1e6)), max_size=8),
)
def test_a_fifth_of_nonsense_does_not_move_a_line_far(
    slope: float, level: float, nonsense: list[tuple[int, float]]
) -> None:
    values = [level + slope * x for x in range(40)]
    for where, what in nonsense:
        values[where] = what
    trend = theil_sen(list(enumerate(values)))
    assert trend is not None
    assert trend.slope == pytest.approx(slope, abs=1e-6)
    assert trend.low <= trend.slope <= trend.high


def test_few_points_have_no_trend() -> None:
    assert theil_sen([(float(x), float(x)) for x in range(5)]) is None


def test_a_weekly_rhythm_is_taken_out_of_three_weeks_and_left_in_two() -> None:
    points = [(float(day), 10.0 * (day % 7 == 2)) for day in range(28)]
    assert {y for _, y in without_weekly_rhythm(points)} == {0.0}
    assert without_weekly_rhythm(points[:14]) == points[:14]


def test_what_happens_every_week_is_no_jump() -> None:
    points = [(float(day), float(day // 7)) for day in range(42)]
    assert since_last_jump(points, least=0.5, up=True, most=2) == points
    assert since_last_jump(points, least=0.5, up=True) == points[35:]
