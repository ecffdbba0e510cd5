"""The words of reports in French, Arabic, English, and how they write figures. Digits are Western in all three."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

from gateway.core.advice import Argument, Option, Reason
from gateway.core.agenda import Appointment
from gateway.core.device import Criticality
from gateway.core.grammar import Text, date_text, isolated, month
from gateway.core.people import Language, choose, number_text, percent_text
from gateway.core.responsible import Party
from gateway.core.upkeep import DutyKind, DutyState, FirmwareState

_NBSP = "\N{NO-BREAK SPACE}"

LEVELS: Mapping[Criticality, Text] = {
    Criticality.CRITICAL: ("Critique", "حرِج", "Critical"),
    Criticality.IMPORTANT: ("Important", "مهم", "Important"),
    Criticality.STANDARD: ("Standard", "عادي", "Standard"),
}
PARTIES: Mapping[Party, Text] = {
    Party.ELECTRICITY: ("électricité", "الكهرباء", "electricity"),
    Party.OPERATOR: ("opérateur", "متعامل الاتصالات", "line operator"),
    Party.PROVIDER: ("prestataire", "مقدّم الصيانة", "maintenance provider"),
    Party.US: ("nous", "نحن", "ourselves"),
    Party.UNEXPLAINED: ("non expliqué", "غير مفسَّر", "unexplained"),
}
OPTIONS: Mapping[Option, Text] = {
    Option.OEM: ("Constructeur", "المصنِّع", "Manufacturer"),
    Option.TPM: ("Tierce maintenance", "صيانة الطرف الثالث", "Third party"),
    Option.SHARED: ("Mixte", "مختلط", "Shared"),
    Option.RENEW: ("Renouveler", "تجديد", "Renew"),
}
REASONS: Mapping[Reason, Text] = {
    Reason.UNDER_WARRANTY: ("encore sous garantie", "لا يزال تحت الضمان", "still under warranty"),
    Reason.CRITICAL_YOUNG: ("critique et jeune ({n} an)", "حرِج وحديث (السنوات: {n})", "critical and young ({n} years)"),
    Reason.NEEDS_FIRMWARE: (
        "ses mises à jour viennent du constructeur",
        "تحديثاته من المصنِّع فقط",
        "its updates come from the manufacturer",
    ),
    Reason.WARRANTY_OVER: ("garantie terminée", "انتهى الضمان", "warranty over"),
    Reason.AGED: ("{n} ans", "السنوات: {n}", "{n} years old"),
    Reason.STANDARD: ("criticité standard", "أهمية عادية", "standard criticality"),
    Reason.MANY_INCIDENTS: ("{n} pannes en un an", "الأعطال في سنة: {n}", "{n} incidents within a year"),
    Reason.NO_SPARE: (
        "pas de pièce de rechange{place}, {on}",
        "لا توجد قطعة غيار{place}، {on}",
        "no spare part{place}, {on}",
    ),
    Reason.SPARE_ON_HAND: (
        "pièces de rechange : {n}{place}, {on}",
        "قطع الغيار: {n}{place}، {on}",
        "spare parts: {n}{place}, {on}",
    ),
    Reason.SPARE_UNCHECKED: (
        "pièces de rechange : {n}{place}, contrôle en retard, {on}",
        "قطع الغيار: {n}{place}، فحصها متأخر، {on}",
        "spare parts: {n}{place}, check overdue, {on}",
    ),
    Reason.COSTS_MORE: (
        "réparations : {n} DA en un an, plus de la moitié de son prix",
        "الإصلاحات: {n} دج في سنة، أكثر من نصف ثمنه",
        "repairs: {n} DA within a year, more than half its price",
    ),
}
DUTIES: Mapping[DutyKind, Text] = {
    DutyKind.RESTORE_DRILL: ("Test de restauration", "تجربة الاسترجاع", "Restore drill"),
    DutyKind.BATTERY_TEST: ("Test de batterie", "اختبار البطارية", "Battery test"),
    DutyKind.SPARE_CHECK: ("Pièce de rechange", "قطعة غيار", "Spare part"),
    DutyKind.FIRMWARE_REVIEW: ("Revue des versions", "مراجعة الإصدارات", "Firmware review"),
    DutyKind.OTHER: ("À faire", "للإنجاز", "To do"),
}
DUTY_STATES: Mapping[DutyState, Text] = {
    DutyState.DONE: ("fait", "منجز", "done"),
    DutyState.SOON: ("bientôt dû", "يحين قريبًا", "due soon"),
    DutyState.OVERDUE: ("en retard", "متأخر", "overdue"),
    DutyState.NEVER: ("jamais fait", "لم يُنجز قط", "never done"),
}
FIRMWARE: Mapping[FirmwareState, Text] = {
    FirmwareState.CURRENT: ("à jour", "محدَّث", "current"),
    FirmwareState.ACCEPTED: ("admise", "مقبول", "accepted"),
    FirmwareState.NOT_APPROVED: ("à mettre à jour", "يجب تحديثه", "to be updated"),
    FirmwareState.UNSEEN: ("version inconnue", "إصدار غير معروف", "version not known"),
}
NO_PERIMETER: Text = ("Sans périmètre", "بلا محيط", "No perimeter")
UNKNOWN: Text = ("inconnu", "غير معروف", "unknown")


class Words:
    """One language: chooses texts and writes figures."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def say(self, text: Text, **values: object) -> str:
        """One of three texts, its ``{names}`` filled in."""
        return choose(text, self.language).format(**values) if values else choose(text, self.language)

    def name(self, text: str) -> str:
        """A name of unknown direction within a sentence."""
        return isolated(text, self.language)

    def share(self, fraction: float | None) -> str:
        """An availability, cut and not rounded: 99.999 % is never shown as 100."""
        if fraction is None:
            return "–"
        cut = math.floor(fraction * 10_000 + 1e-9) / 10_000
        return percent_text(cut, self.language, decimals=0 if cut == 1 else 2)

    def target(self, fraction: float) -> str:
        """A target as it was written."""
        return percent_text(fraction, self.language, decimals=1 if round(fraction * 1000, 6) % 1 == 0 else 2)

    def money(self, hundredths: int) -> str:
        """An amount; centimes only where there are some, so that every table still adds up."""
        return f"{self.amount(hundredths)}{_NBSP}{self.say(('DA', 'دج', 'DA'))}"

    def rounded(self, hundredths: int) -> str:
        """An amount to be taken in at a glance, in whole units; the table beside it has the centimes."""
        return self.money(round(hundredths / 100) * 100)

    def amount(self, hundredths: int) -> str:
        """The same without its currency, for cells of a table that names it."""
        return number_text(hundredths / 100, self.language, decimals=2 if hundredths % 100 else 0)

    def figure(self, value: float) -> str:
        """A plain number with two decimals."""
        return number_text(value, self.language, decimals=2)

    def short(self, seconds: float) -> str:
        """A duration in a cell or sentence: 2 h 10, 38 min."""
        minutes = int(seconds) // 60
        hour, minute = self.say(("h", "سا", "h")), self.say(("min", "د", "min"))
        if minutes < 60:
            return f"{minutes}{_NBSP}{minute}"
        tail = f"{_NBSP}{minutes % 60:02}" if minutes % 60 else ""
        if tail and self.language == "ar":
            tail += f"{_NBSP}{minute}"
        return f"{number_text(minutes // 60, self.language, decimals=0)}{_NBSP}{hour}{tail}"

    def days(self, first: date, last: date) -> str:
        """du 15 au 21 novembre 2026"""
        start = str(first.day)
        if (first.month, first.year) != (last.month, last.year):
            start = date_text(first, self.language)
        elif self.language == "fr" and first.day == 1:
            start = "1er"
        return self.say(
            ("du {first} au {last}", "من {first} إلى {last}", "{first} to {last}"),
            first=start,
            last=date_text(last, self.language),
        )

    def reason(self, one: Argument) -> str:
        """Why an option is advised, with its number, place and day."""
        named = f" ({self.name(one.place)})" if one.place else ""
        never = self.say(("jamais vérifié", "لم تُفحص قط", "never checked"))
        checked = ("vérifié le {d}", "آخر فحص {d}", "checked on {d}")
        on = self.say(checked, d=self.date(one.on)) if one.on else never
        figure = number_text(one.value, self.language, decimals=0)
        return self.say(REASONS[one.reason], n=figure, place=named, on=on)

    def month(self, day: date) -> str:
        """novembre 2026"""
        return f"{month(day, self.language)} {day.year}"

    def date(self, day: date | None) -> str:
        """22/11/2026; a dash for none."""
        return f"{day:%d/%m/%Y}" if day else "–"


def appointment_text(one: Appointment, say: Words, site: str = "") -> str:
    """What falls due, where, who does it, and until when."""
    name = say.say(DUTIES[one.kind] if one.kind else ("Fin de contrat", "نهاية العقد", "End of contract"))
    details = [say.name(detail) for detail in (one.what, site, one.device, one.who) if detail]
    never = say.say(("jamais fait", "لم يُنجز قط", "never done"))
    details.append(say.date(one.on) if one.on else never)
    colon = " : " if say.language == "fr" else ": "
    return f"{name}{colon}{('، ' if say.language == 'ar' else ', ').join(details)}."
