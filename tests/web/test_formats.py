"""Instants and durations as people write them, in three languages."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.common.formats import Formats, iso
from web.common.language import COMMON_TRANSLATIONS, languages

ALGIERS = ZoneInfo("Africa/Algiers")
SPEAKS = {code: Formats(language, ALGIERS) for code, language in languages([COMMON_TRANSLATIONS]).items()}


def at(day: int, hour: int, minute: int, *, month: int = 11, year: int = 2026) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=ALGIERS).timestamp()


@pytest.mark.parametrize(
    ("seconds", "fr", "ar", "en"),
    [
        (12, "moins d’une minute", "أقل من دقيقة", "less than a minute"),
        (60, "1 minute", "دقيقة واحدة", "1 minute"),
        (120, "2 minutes", "دقيقتان", "2 minutes"),
        (600, "10 minutes", "10 دقائق", "10 minutes"),
        (38 * 60, "38 minutes", "38 دقيقة", "38 minutes"),
        (7200, "2 h", "ساعتان", "2 h"),
        (4 * 3600, "4 h", "4 ساعات", "4 h"),
        (7800, "2 h 10", "ساعتان و10 دقائق", "2 h 10"),
        (3660, "1 h 01", "ساعة واحدة ودقيقة واحدة", "1 h 01"),
        (3 * 86400, "3 jours", "3 أيام", "3 days"),
        (86400 + 7200, "1 jour et 2 h", "يوم واحد وساعتان", "1 day and 2 h"),
    ],
)
def test_durations_are_spoken(seconds: float, fr: str, ar: str, en: str) -> None:
    assert [SPEAKS[code].duration(seconds) for code in ("fr", "ar", "en")] == [fr, ar, en]


@given(st.floats(min_value=0, max_value=400 * 86400))
def test_every_duration_can_be_said_with_western_digits(seconds: float) -> None:
    for formats in SPEAKS.values():
        text = formats.duration(seconds)
        assert text
        assert "%" not in text
        assert all(not char.isdigit() or char.isascii() for char in text)


@pytest.mark.parametrize(
    ("then", "text"),
    [
        (at(22, 9, 42), "09:42"),
        (at(21, 15, 20), "hier 15:20"),
        (at(23, 8, 0), "demain 08:00"),
        (at(17, 14, 5), "17/11 14:05"),
        (at(30, 14, 5, month=12, year=2025), "30/12/2025 14:05"),
    ],
)
def test_an_instant_is_said_as_shortly_as_it_is_clear(then: float, text: str) -> None:
    assert SPEAKS["fr"].when(then, at(22, 10, 20)) == text


def test_yesterday_follows_the_local_midnight_not_utc() -> None:
    assert SPEAKS["fr"].when(at(21, 23, 30), at(22, 0, 10)) == "hier 23:30"


def test_dates_take_the_months_of_algeria_in_arabic() -> None:
    assert SPEAKS["fr"].long_date(at(17, 14, 5)) == "mardi 17 novembre"
    assert SPEAKS["ar"].long_date(at(17, 14, 5, month=7)) == "الجمعة 17 جويلية"


def test_readings_take_the_words_of_the_vocabulary() -> None:
    assert SPEAKS["fr"].value("system.filesystem.utilization", 0.95) == "95\N{NO-BREAK SPACE}%"
    assert SPEAKS["en"].value("system.filesystem.utilization", 0.95) == "95%"
    assert SPEAKS["fr"].value("ups.status", "OB") == "sur batterie"


def test_instants_leave_as_iso_with_z_and_absent_stays_absent() -> None:
    assert iso(1_795_339_208.4) == "2026-11-22T09:20:08Z"
    assert iso(None) is None
