"""The words of ``ups.status`` (NUT, RFC 9271): what they mean, how bad they are, how people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.core.people import Language, choose
from gateway.core.reading import Severity

_OK, _WARNING, _CRITICAL = Severity.OK, Severity.WARNING, Severity.CRITICAL

WORDS: Mapping[str, tuple[Severity, tuple[str, str, str]]] = {
    "OL": (_OK, ("sur secteur", "على التيار", "on mains")),
    "OB": (_WARNING, ("sur batterie", "على البطارية", "on battery")),
    "LB": (_CRITICAL, ("batterie presque vide", "البطارية شبه فارغة", "battery low")),
    "HB": (_OK, ("batterie pleine", "البطارية ممتلئة", "battery high")),
    "RB": (_WARNING, ("batterie à remplacer", "يجب استبدال البطارية", "replace battery")),
    "CHRG": (_OK, ("en charge", "قيد الشحن", "charging")),
    "DISCHRG": (_OK, ("se décharge", "قيد التفريغ", "discharging")),
    "BYPASS": (
        _WARNING,
        ("en dérivation : charge non protégée", "تحويل: الحمل غير محمي", "on bypass: load unprotected"),
    ),
    "CAL": (_OK, ("étalonnage", "معايرة", "calibrating")),
    "TEST": (_OK, ("autotest", "اختبار ذاتي", "self-test")),
    "ECO": (_OK, ("mode économique", "وضع اقتصادي", "economy mode")),
    "HE": (_OK, ("mode économique", "وضع اقتصادي", "high efficiency")),
    "OFF": (_CRITICAL, ("arrêté", "متوقف", "off")),
    "OVER": (_CRITICAL, ("surchargé", "حمل زائد", "overloaded")),
    "TRIM": (_OK, ("abaisse la tension", "يخفض الجهد", "trimming voltage")),
    "BOOST": (_OK, ("relève la tension", "يرفع الجهد", "boosting voltage")),
    "FSD": (_CRITICAL, ("arrêt forcé", "إيقاف قسري", "forced shutdown")),
    "ALARM": (_WARNING, ("alarme", "إنذار", "alarm")),
    "COMM": (_OK, ("communique", "متصل", "communicating")),
    "NOCOMM": (Severity.UNKNOWN, ("ne communique plus", "انقطع الاتصال", "communication lost")),
    "WAIT": (Severity.UNKNOWN, ("en attente de données", "في انتظار البيانات", "waiting for data")),
}
"""Severity and (French, Arabic, English) of each word."""

_RANK = {Severity.OK: 0, Severity.UNKNOWN: 1, Severity.WARNING: 2, Severity.CRITICAL: 3}


def words(status: str) -> tuple[str, ...]:
    """The set of words, in the order in which the UPS gave them, in capitals and once each."""
    return tuple(dict.fromkeys(status.upper().split()))


def severity(status: str | Iterable[str]) -> Severity:
    """The worst word decides. On battery with a self-test or a calibration under way is meant, so not a fault. A status
    without any word that is known is unknown."""
    found = set(words(status) if isinstance(status, str) else status)
    if found & {"CAL", "TEST"}:
        found -= {"OB", "DISCHRG"}
    known = [WORDS[word][0] for word in found if word in WORDS]
    return max(known, key=_RANK.__getitem__, default=Severity.UNKNOWN)


def status_text(status: str, language: Language) -> str:
    """The status as people read it: "sur batterie, batterie presque vide". Unknown words stay as they are."""
    separator = "، " if language == "ar" else ", "
    return separator.join(choose(WORDS[word][1], language) if word in WORDS else word for word in words(status))
