"""Values as people read them, in three languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.people import Language, duration_text, number_text, percent_text
from gateway.core.reading import Severity
from gateway.core.units import METRICS, human, people_unit
from gateway.core.ups import severity, words


def plain(text: str) -> str:
    """No-break spaces as blanks, so that the tables can be read."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", "_")


@pytest.mark.parametrize(
    ("metric", "value", "french", "arabic", "english"),
    [
        ("system.cpu.utilization", 0.93, "93 %", "93 %", "93%"),
        ("battery.charge", 100.0, "100 %", "100 %", "100%"),
        ("battery.runtime", 4800, "1 h 20 min", "1 سا 20 د", "1 h 20 min"),
        ("reach.duration", 0.0028, "2,8 ms", "2,8 م.ثا", "2.8 ms"),
        ("reach.certificate.remaining", 45.2 * 86400, "45 j 5 h", "45 ي 5 سا", "45 d 5 h"),
        ("system.filesystem.usage", 1.5e9, "1,5 Go", "1,5 غ.ب", "1.5 GB"),
        ("system.network.io_rate.receive", 108550.0, "868 kbit/s", "868 كبت/ثا", "868 kbit/s"),
        ("hw.network.bandwidth.limit", 125_000_000, "1 Gbit/s", "1 غبت/ثا", "1 Gbit/s"),
        ("hw.temperature", 38.29, "38,3 °C", "38,3 °م", "38.3 °C"),
        ("input.voltage", 232.7, "233 V", "233 فولت", "233 V"),
        ("hw.fan.speed", 4200, "4_200 tr/min", "4.200 د/د", "4,200 rpm"),
        ("reach.up", 0, "ne répond pas", "لا يستجيب", "no answer"),
        ("hw.network.up", 1, "lien établi", "الوصلة قائمة", "link up"),
        ("system.clock.synchronized", 1, "oui", "نعم", "yes"),
        (
            "ups.status",
            "OB LB",
            "sur batterie, batterie presque vide",
            "على البطارية، البطارية شبه فارغة",
            "on battery, battery low",
        ),
        ("hw.status", "ok", "bon", "سليم", "good"),
        ("hw.status", "rebuilding", "rebuilding", "rebuilding", "rebuilding"),
        ("hw.physical_disk.smart.pending_sectors", 8, "8", "8", "8"),
        ("metric.of.a.newer.version", 1.25, "1,25", "1,25", "1.25"),
    ],
)
def test_a_value_reads_as_people_write_it(
    metric: str, value: float | str, french: str, arabic: str, english: str
) -> None:
    assert (
        plain(human(metric, value, "fr")),
        plain(human(metric, value, "ar")),
        plain(human(metric, value, "en")),
    ) == (french, arabic, english)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.9994, "999 ms"),
        (12.34, "12,3 s"),
        (59.4, "59,4 s"),
        (59.6, "1 min"),
        (150, "2 min 30 s"),
        (3599.9, "1 h"),
        (3600 * 23 + 59 * 60 + 45, "1 j"),
        (-7200, "-2 h"),
        (1200 * 86400, "1_200 j"),
    ],
)
def test_a_duration_has_its_two_largest_units_and_rounds_into_the_next(seconds: float, text: str) -> None:
    assert plain(duration_text(seconds, "fr")) == text


@given(st.floats(0, 1e9))
def test_a_duration_never_shows_sixty_of_anything(seconds: float) -> None:
    text = plain(duration_text(seconds, "en"))
    assert " 60 min" not in f" {text}"
    assert " 60 s" not in f" {text}"
    assert " 24 h" not in f" {text}"


@pytest.mark.parametrize(
    ("fraction", "text"),
    [(0, "0%"), (0.004, "0.4%"), (0.5, "50%"), (0.996, "99.6%"), (0.99999, "99.9%"), (1.0, "100%"), (1.2, "120%")],
)
def test_almost_all_never_reads_as_all(fraction: float, text: str) -> None:
    assert percent_text(fraction, "en") == text


@pytest.mark.parametrize("value", [-0.0, -0.001, 0.0])
def test_nothing_has_no_sign(value: float) -> None:
    assert number_text(value, "fr") == "0"


def test_every_metric_can_be_read_in_every_language() -> None:
    languages: tuple[Language, ...] = ("fr", "ar", "en")
    for metric in METRICS.values():
        for language in languages:
            assert human(metric.name, "ok" if metric.kind == "state" else 1.0, language)
            assert isinstance(people_unit(metric.name, language), str)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("OL", Severity.OK),
        ("OL CHRG", Severity.OK),
        ("OB DISCHRG", Severity.WARNING),
        ("OB LB", Severity.CRITICAL),
        ("OL RB", Severity.WARNING),
        ("OL OVER", Severity.CRITICAL),
        ("CAL OB DISCHRG", Severity.OK),
        ("OB LB CAL", Severity.CRITICAL),
        ("", Severity.UNKNOWN),
        ("SOMETHING", Severity.UNKNOWN),
        ("ol", Severity.OK),
    ],
)
def test_the_worst_word_of_a_ups_decides(status: str, expected: Severity) -> None:
    assert severity(status) == expected


def test_a_repeated_word_is_one_word() -> None:
    assert words("OL  CHRG OL") == ("OL", "CHRG")
