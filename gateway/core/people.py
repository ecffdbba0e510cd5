"""Numbers, durations and sizes as people write them: French, Arabic (as in Algeria: Western digits), English."""

from __future__ import annotations

from typing import Literal

Language = Literal["fr", "ar", "en"]
"""The three languages of the product."""

_NBSP = "\N{NO-BREAK SPACE}"
_THIN = "\N{NARROW NO-BREAK SPACE}"
_INDEX = {"fr": 0, "ar": 1, "en": 2}

_BYTES = (("o", "بايت", "B"), ("ko", "ك.ب", "kB"), ("Mo", "م.ب", "MB"), ("Go", "غ.ب", "GB"), ("To", "ت.ب", "TB"))
_BYTE_RATES = (
    ("o/s", "بايت/ثا", "B/s"),
    ("ko/s", "ك.ب/ثا", "kB/s"),
    ("Mo/s", "م.ب/ثا", "MB/s"),
    ("Go/s", "غ.ب/ثا", "GB/s"),
)
_BIT_RATES = (
    ("bit/s", "بت/ثا", "bit/s"),
    ("kbit/s", "كبت/ثا", "kbit/s"),
    ("Mbit/s", "مبت/ثا", "Mbit/s"),
    ("Gbit/s", "غبت/ثا", "Gbit/s"),
)
_DAY, _HOUR, _MINUTE, _SECOND, _MILLI = (
    ("j", "ي", "d"),
    ("h", "سا", "h"),
    ("min", "د", "min"),
    ("s", "ثا", "s"),
    ("ms", "م.ثا", "ms"),
)


def choose(texts: tuple[str, str, str], language: Language) -> str:
    """One of (French, Arabic, English)."""
    return texts[_INDEX[language]]


def number_text(value: float, language: Language, *, decimals: int | None = None) -> str:
    """A number with the language's separators. Without ``decimals``: three digits that count, no trailing zeros."""
    if decimals is None:
        size = abs(value)
        decimals = 0 if size >= 100 else 1 if size >= 10 else 2
        text = f"{value:,.{decimals}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    else:
        text = f"{value:,.{decimals}f}"
    text = "0" if text in ("-0", "") else text
    if language == "en":
        return text
    thousands = _THIN if language == "fr" else "."
    return text.replace(",", "\0").replace(".", ",").replace("\0", thousands)


def percent_text(fraction: float, language: Language, *, decimals: int | None = None) -> str:
    """A share of a whole. Whole percents, one decimal below 10 % and next to 100 %: 99.6 % never reads "100 %"."""
    value = fraction * 100
    if decimals is None:
        decimals = 0 if value == round(value) or 10 <= value < 99 or value >= 100 else 1
        if 99 <= value < 100:
            value = min(value, 99.9)
    gap = "" if language == "en" else _NBSP
    return f"{number_text(value, language, decimals=decimals)}{gap}%"


def duration_text(seconds: float, language: Language) -> str:
    """A duration in its two largest units: "2 j 4 h", "1 h 20 min", "45 s", "3 ms"."""
    if seconds < 0:
        return "-" + duration_text(-seconds, language)
    if seconds < 1:
        return f"{number_text(seconds * 1000, language)}{_NBSP}{choose(_MILLI, language)}"
    if seconds < 59.5:
        return f"{number_text(round(seconds, 1), language)}{_NBSP}{choose(_SECOND, language)}"
    for large, small, large_name, small_name in (
        (86400, 3600, _DAY, _HOUR),
        (3600, 60, _HOUR, _MINUTE),
        (60, 1, _MINUTE, _SECOND),
    ):
        whole = round(seconds / small) * small
        if whole >= large:
            count, rest = divmod(whole, large)
            text = f"{number_text(count, language, decimals=0)}{_NBSP}{choose(large_name, language)}"
            return f"{text}{_NBSP}{rest // small}{_NBSP}{choose(small_name, language)}" if rest else text
    return f"{seconds:.0f}{_NBSP}{choose(_SECOND, language)}"


def bytes_text(value: float, language: Language) -> str:
    """A size: "1,5 Go" (decimal multiples, as disks are sold)."""
    return _scaled(value, _BYTES, language)


def rate_text(value: float, language: Language, *, bits: bool) -> str:
    """A rate given in bytes per second: in bits per second for networks, as lines are sold, else in bytes."""
    return _scaled(value * 8, _BIT_RATES, language) if bits else _scaled(value, _BYTE_RATES, language)


def _scaled(value: float, names: tuple[tuple[str, str, str], ...], language: Language) -> str:
    step = 0
    while abs(value) >= 999.5 and step < len(names) - 1:
        value /= 1000
        step += 1
    return f"{number_text(value, language)}{_NBSP}{choose(names[step], language)}"
