"""Counts, dates, durations, names and lists as sentences need them: French, Arabic (as in Algeria), English.

Digits are Western in all three. Arabic has six plural forms (CLDR) and the nominative after a colon or at the head of a
sentence: texts are built so that a count stands there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.core.people import Language, choose, number_text

Text = tuple[str, str, str]
"""One text in French, Arabic, English."""

LANGUAGES: tuple[Language, ...] = ("fr", "ar", "en")

_FSI, _PDI = "\u2068", "\u2069"
_NBSP = "\N{NO-BREAK SPACE}"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400

_DAYS = (
    ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    ("الإثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"),
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
)
_MONTHS = (
    (
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
    ("جانفي", "فيفري", "مارس", "أفريل", "ماي", "جوان", "جويلية", "أوت", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
    (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
)

_NOUNS: dict[str, tuple[tuple[str, str], tuple[str, str, str, str, str], tuple[str, str]]] = {
    # French one, many; Arabic one, two, few (3-10), many (11-99), other (100, 0); English one, many
    "minute": (("minute", "minutes"), ("دقيقة واحدة", "دقيقتان", "دقائق", "دقيقة", "دقيقة"), ("minute", "minutes")),
    "hour": (("h", "h"), ("ساعة واحدة", "ساعتان", "ساعات", "ساعة", "ساعة"), ("h", "h")),
    "day": (("jour", "jours"), ("يوم واحد", "يومان", "أيام", "يومًا", "يوم"), ("day", "days")),
    "device": (("appareil", "appareils"), ("جهاز واحد", "جهازان", "أجهزة", "جهازًا", "جهاز"), ("device", "devices")),
    "service": (("service", "services"), ("خدمة واحدة", "خدمتان", "خدمات", "خدمة", "خدمة"), ("service", "services")),
    "time": (("fois", "fois"), ("مرة واحدة", "مرتان", "مرات", "مرة", "مرة"), ("time", "times")),
    "note": (("note", "notes"), ("ملاحظة واحدة", "ملاحظتان", "ملاحظات", "ملاحظة", "ملاحظة"), ("note", "notes")),
    "step": (("étape", "étapes"), ("خطوة واحدة", "خطوتان", "خطوات", "خطوة", "خطوة"), ("step", "steps")),
    "case": (("cas", "cas"), ("حالة واحدة", "حالتان", "حالات", "حالة", "حالة"), ("case", "cases")),
}


def count(number: int, noun: str, language: Language) -> str:
    """A number of things: "3 appareils", "جهازان", "1 device". ``noun`` is a key of the table above."""
    french, arabic, english = _NOUNS[noun]
    if language == "ar":
        form = arabic_form(number)
        if form in (0, 1):
            return arabic[form]
        return f"{number} {arabic[form]}"
    plural = number > 1 if language == "fr" else number != 1
    shown = number_text(number, language, decimals=0)
    return f"{shown} {(french if language == 'fr' else english)[plural]}"


def arabic_form(number: int) -> int:
    """Which of (one, two, few, many, other) an Arabic count takes, as an index."""
    if number in (1, 2):
        return number - 1
    if 3 <= number % 100 <= 10:
        return 2
    return 3 if number % 100 >= 11 else 4


def duration(seconds: float, language: Language) -> str:
    """38 minutes, 2 h 10, 3 jours: two units at most, cut (not rounded) to the minute."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return choose(("moins d’une minute", "أقل من دقيقة", "less than a minute"), language)
    if whole < _HOUR:
        return count(whole // _MINUTE, "minute", language)
    if whole >= _DAY:
        days, hours = whole // _DAY, whole % _DAY // _HOUR
        text = count(days, "day", language)
        return text if not hours or days >= 7 else joined((text, count(hours, "hour", language)), language)
    hours, minutes = whole // _HOUR, whole % _HOUR // _MINUTE
    spoken = count(hours, "hour", language)
    if not minutes:
        return spoken
    if language == "ar":
        return joined((spoken, count(minutes, "minute", language)), language)
    return f"{spoken} {minutes:02d}"


def joined(parts: Sequence[str], language: Language) -> str:
    """A, B et C."""
    if len(parts) < 2:
        return "".join(parts)
    comma = "، " if language == "ar" else ", "
    last = choose((" et ", " و", " and "), language)
    return f"{comma.join(parts[:-1])}{last}{parts[-1]}"


def isolated(name: str, language: Language) -> str:
    """A name of unknown direction that must not disturb the sentence round it (Unicode FSI ... PDI)."""
    return f"{_FSI}{name}{_PDI}" if language == "ar" and name else name


def weekday(at: date, language: Language) -> str:
    """mardi"""
    return choose((_DAYS[0], _DAYS[1], _DAYS[2]), language)[at.weekday()]  # type: ignore[arg-type]


def month(at: date, language: Language) -> str:
    """novembre"""
    return choose((_MONTHS[0], _MONTHS[1], _MONTHS[2]), language)[at.month - 1]  # type: ignore[arg-type]


def date_text(day: date, language: Language) -> str:
    """17 novembre 2026, 1er mars 2027: no weekday."""
    number = "1er" if language == "fr" and day.day == 1 else str(day.day)
    return f"{number} {month(day, language)} {day.year}"


def full_date(day: date, language: Language) -> str:
    """mardi 17 novembre 2026"""
    return f"{weekday(day, language)} {date_text(day, language)}"


def local(at: float, zone: str) -> datetime:
    """An instant in the site's zone."""
    return datetime.fromtimestamp(at, ZoneInfo(zone))


def moment(at: float, zone: str, language: Language) -> str:
    """mardi 17 novembre 2026 à 09:42"""
    then = local(at, zone)
    text = choose(("%s à %s", "%s على الساعة %s", "%s at %s"), language)
    return text % (full_date(then.date(), language), f"{then:%H:%M}")


def when(at: float, zone: str, language: Language, *, near: float) -> str:
    """As part of a sentence: "à 09:42" on the day of ``near``, else "le mardi 17 novembre 2026 à 09:42"."""
    then = local(at, zone)
    if local(near, zone).date() == then.date():
        return choose(("à %s", "على الساعة %s", "at %s"), language) % f"{then:%H:%M}"
    return choose(("le %s", "يوم %s", "on %s"), language) % moment(at, zone, language)


def short_time(at: float, zone: str, *, near: float) -> str:
    """09:42, with the day before it where it is another than that of ``near``: 17/11 09:42."""
    then, today = local(at, zone), local(near, zone)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    return f"{then:%d/%m %H:%M}" if then.year == today.year else f"{then:%d/%m/%Y %H:%M}"


def money(amount: float, currency: str, language: Language) -> str:
    """12 500 DZD; without decimals, since costs are estimates."""
    return f"{number_text(round(amount), language, decimals=0)}{_NBSP}{currency}"
