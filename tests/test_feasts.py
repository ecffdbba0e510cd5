"""Public holidays as dates."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gateway.core.errors import VigieError
from gateway.feasts import feasts, holiday_dates, settled


def test_algeria_in_2026_has_its_fixed_and_its_moving_feasts() -> None:
    dates = holiday_dates("DZ", [2026])
    assert {date(2026, 7, 5), date(2026, 11, 1), date(2026, 1, 12), date(2026, 6, 16)} <= dates
    assert all(day.year == 2026 for day in dates)


def test_moving_feasts_are_marked_as_estimated_and_their_names_are_clean() -> None:
    found = {feast.on: feast for feast in feasts("dz", [2026])}
    assert found[date(2026, 6, 16)].estimated
    assert found[date(2026, 6, 16)].name == "Awal Moharram"
    assert not found[date(2026, 7, 5)].estimated


@pytest.mark.parametrize(("language", "name"), [("ar", "عيد الفطر"), ("fr", "Aïd el-Fitr"), ("en", "Eid al-Fitr")])
def test_feasts_are_named_in_the_language_of_the_page(language: str, name: str) -> None:
    found = {feast.on: feast for feast in feasts("DZ", [2026], language)}
    assert found[date(2026, 3, 20)].name == name
    assert found[date(2026, 3, 20)].estimated


def test_listed_dates_stand_for_themselves() -> None:
    assert holiday_dates([date(2026, 6, 17)], [2026, 2027]) == {date(2026, 6, 17)}


def test_an_unknown_country_is_refused_with_a_remedy() -> None:
    with pytest.raises(VigieError, match=r'"ZZ" are not known.*ISO code'):
        feasts("ZZ", [2026])


def test_headquarters_shifts_an_estimated_feast_by_a_day_and_confirms_another() -> None:
    estimated = next(feast for feast in feasts("DZ", [2026]) if feast.estimated)
    day = estimated.on
    moved = settled(feasts("DZ", [2026]), {day: day + timedelta(days=1)})
    assert day + timedelta(days=1) in {feast.on for feast in moved if not feast.estimated}
    confirmed = settled(feasts("DZ", [2026]), {day: day})
    assert next(feast for feast in confirmed if feast.on == day).estimated is False
    assert len(moved) == len(confirmed) == len(feasts("DZ", [2026]))


def test_a_fixed_feast_is_moved_by_nobody() -> None:
    labour = date(2026, 5, 1)
    assert settled(feasts("DZ", [2026]), {labour: date(2026, 5, 2)}) == feasts("DZ", [2026])


def test_a_country_takes_its_own_moves_only() -> None:
    day = next(feast.on for feast in feasts("DZ", [2026]) if feast.estimated)
    moves = {"DZ": {day: day + timedelta(days=1)}}
    assert day not in holiday_dates("DZ", [2026], moves)
    assert holiday_dates("FR", [2026], moves) == holiday_dates("FR", [2026])
    assert holiday_dates((day,), [2026], moves) == {day}
