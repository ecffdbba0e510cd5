"""The tables of headquarters' pages: costs by perimeter, by month, by incident; advice; duties; firmware."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from gateway.core.advice import Advice, Option, current
from gateway.core.cost import Contract, Devices, Item, Month
from gateway.core.device import SupportModel
from gateway.core.reports.document import Cell, Column, Table
from gateway.core.reports.words import (
    DUTIES,
    DUTY_STATES,
    FIRMWARE,
    NO_PERIMETER,
    OPTIONS,
    UNKNOWN,
    Words,
)
from gateway.core.upkeep import Duty, DutyKind, DutyState, FirmwareFinding, FirmwareState

_ITEMS = {
    Item.CONTRACT: ("Contrats", "العقود", "Contracts"),
    Item.INTERVENTION: ("Interventions", "التدخلات", "Interventions"),
    Item.PART: ("Pièces", "القطع", "Parts"),
    Item.OWN: ("Propres", "خاصة", "Own"),
}
_DUTY_TONES = {DutyState.DONE: "ok", DutyState.SOON: "watch", DutyState.OVERDUE: "down", DutyState.NEVER: "down"}
_FIRMWARE_TONES = {
    FirmwareState.CURRENT: "ok",
    FirmwareState.ACCEPTED: "ok",
    FirmwareState.NOT_APPROVED: "down",
    FirmwareState.UNSEEN: "unknown",
}


def costs(month: Month, say: Words) -> Table:
    """One month by perimeter; rows and columns add up to the same total."""
    rows = tuple(
        (
            Cell(row.perimeter or say.say(NO_PERIMETER), row.perimeter),
            *(_money(row.amounts.get(item, 0), say) for item in Item),
            _money(row.total, say),
        )
        for row in month.rows
    )
    total = (
        Cell(say.say(("Total", "المجموع", "Total")), "total"),
        *(_money(month.column(item), say) for item in Item),
        _money(month.total, say),
    )
    return Table(
        "costs",
        say.say(
            ("Coûts de {m}, en dinars (DA)", "تكاليف {m} بالدينار", "Costs of {m}, in dinars (DA)"),
            m=say.month(month.first),
        ),
        (
            Column(say.say(("Périmètre", "المحيط", "Perimeter")), "perimeter"),
            *(Column(say.say(_ITEMS[item]), item.value, number=True) for item in Item),
            Column(say.say(("Total", "المجموع", "Total")), "total", number=True),
        ),
        rows,
        total,
        note=partial_note(month, say),
        empty=say.say(("Aucun coût n’est saisi.", "لم تُسجَّل أي تكلفة.", "No cost was entered.")),
    )


def partial_note(month: Month, say: Words) -> str:
    """Why a month is no whole month, and what of it is not known."""
    parts = []
    if month.partial == "running":
        parts.append(
            say.say(
                (
                    "Mois en cours, compté jusqu’à ce jour.",
                    "شهر جارٍ، محسوب إلى اليوم.",
                    "The month still runs; counted up to now.",
                )
            )
        )
    if month.partial == "contract":
        text = (
            "Un contrat commence ou finit dans ce mois : compté au nombre de jours.",
            "عقد يبدأ أو ينتهي في هذا الشهر: محسوب بعدد الأيام.",
            "A contract begins or ends in this month: charged by its days.",
        )
        parts.append(say.say(text))
    if month.unknown:
        parts.append(
            say.say(
                ("Dépenses sans montant : {n}.", "مصاريف بلا مبلغ: {n}.", "Expenses without an amount: {n}."),
                n=month.unknown,
            )
        )
    if month.uncosted:
        text = (
            "Appareils sans coût connu : {n}.",
            "أجهزة بلا تكلفة معروفة: {n}.",
            "Devices without a known cost: {n}.",
        )
        parts.append(say.say(text, n=month.uncosted))
    return " ".join(parts)


def by_month(months: Sequence[Month], say: Words) -> Table:
    """Several months by perimeter."""
    names = sorted({row.perimeter for month in months for row in month.rows})
    totals = [{row.perimeter: row.total for row in month.rows} for month in months]
    rows = tuple(
        (
            Cell(name or say.say(NO_PERIMETER), name),
            *(_money(of_month.get(name, 0), say) for of_month in totals),
            _money(sum(of_month.get(name, 0) for of_month in totals), say),
        )
        for name in names
    )
    mark = say.say((" (partiel)", " (جزئي)", " (partial)"))
    return Table(
        "months",
        say.say(("Mois par mois, en dinars (DA)", "شهرًا بشهر، بالدينار", "Month by month, in dinars (DA)")),
        (
            Column(say.say(("Périmètre", "المحيط", "Perimeter")), "perimeter"),
            *(
                Column(f"{one.first:%m/%Y}{mark if one.partial else ''}", f"{one.first:%Y-%m}", number=True)
                for one in months
            ),
            Column(say.say(("Total", "المجموع", "Total")), "total", number=True),
        ),
        rows,
        (
            Cell(say.say(("Total", "المجموع", "Total")), "total"),
            *(_money(month.total, say) for month in months),
            _money(sum(month.total for month in months), say),
        ),
    )


def contracts(found: Iterable[Contract], say: Words, today: date) -> Table:
    """Every contract: whom to call, when, until when, what a call costs."""
    rows = tuple(
        (
            Cell(one.name or one.id, one.id),
            Cell(_model(one.model, say), one.model.value),
            Cell(one.provider, one.provider),
            Cell(one.phone.replace(" ", "\N{NO-BREAK SPACE}"), one.phone),
            Cell(one.hours, one.hours),
            Cell(one.escalation, one.escalation),
            Cell(one.firmware, one.firmware),
            _money(one.per_call, say),
            _money(one.monthly, say),
            Cell(say.date(one.ends_on), _iso(one.ends_on), "down" if one.ends_on and one.ends_on < today else ""),
        )
        for one in found
    )
    return Table(
        "contracts",
        say.say(("Contrats", "العقود", "Contracts")),
        (
            Column(say.say(("Contrat", "العقد", "Contract")), "contract"),
            Column(say.say(("Support", "الدعم", "Support")), "model"),
            Column(say.say(("Prestataire", "مقدّم الخدمة", "Provider")), "provider"),
            Column(say.say(("Téléphone", "الهاتف", "Phone")), "phone"),
            Column(say.say(("Heures", "الساعات", "Hours")), "hours"),
            Column(say.say(("Escalade", "التصعيد", "Escalation")), "escalation"),
            Column(say.say(("Versions", "الإصدارات", "Firmware")), "firmware"),
            Column(say.say(("Par appel", "لكل نداء", "Per call")), "per_call", number=True),
            Column(say.say(("Par mois", "شهريًا", "Per month")), "monthly", number=True),
            Column(say.say(("Fin", "النهاية", "Ends")), "ends_on"),
        ),
        rows,
        empty=say.say(("Aucun contrat n’est noté.", "لا يوجد عقد مسجَّل.", "No contract is noted.")),
    )


def advice(found: Iterable[tuple[str, Advice]], devices: Devices, say: Words) -> Table:
    """What to do with each device, with every reason."""
    comma = "، " if say.language == "ar" else ", "
    rows = []
    for name, one in found:
        if one.option is None:
            continue
        reasons = comma.join(
            say.reason(a) + ("" if a.option is one.option else f" ({say.say(OPTIONS[a.option])})")
            for a in one.arguments
        )
        now = current(devices[name])
        rows.append(
            (
                Cell(devices[name].name, name),
                Cell(say.say(OPTIONS[now]) if now else "–", now.value if now else None),
                Cell(say.say(OPTIONS[one.option]), one.option.value, "watch" if one.changes else "ok"),
                Cell(reasons, " ".join(a.reason.value for a in one.arguments)),
            )
        )
    return Table(
        "advice",
        say.say(
            (
                "Constructeur, tierce maintenance ou renouveler ?",
                "المصنِّع أم الطرف الثالث أم التجديد؟",
                "Manufacturer, third party, or renew?",
            )
        ),
        (
            Column(say.say(("Appareil", "الجهاز", "Device")), "device"),
            Column(say.say(("Aujourd’hui", "اليوم", "Today")), "now"),
            Column(say.say(("Conseil", "النصيحة", "Advice")), "advice"),
            Column(say.say(("Raisons", "الأسباب", "Reasons")), "reasons"),
        ),
        tuple(rows),
        empty=say.say(
            ("Trop peu de faits pour conseiller.", "الوقائع قليلة لتقديم نصيحة.", "Too few facts for advice.")
        ),
    )


def duties(found: Iterable[Duty], today: date, say: Words) -> Table:
    """What has to be done again and again, the most pressing first."""
    ordered = sorted(found, key=lambda one: (one.due_on or date.min, one.what))
    rows = tuple(
        (
            Cell(say.say(DUTIES[one.kind]), one.kind.value),
            Cell(f"{one.what} ({one.count})" if one.kind is DutyKind.SPARE_CHECK else one.what, one.what),
            Cell(one.place or one.site, one.place or one.site),
            Cell(one.who, one.who),
            Cell(one.how, one.how),
            Cell(say.date(one.last_on), _iso(one.last_on)),
            Cell(say.date(one.due_on), _iso(one.due_on)),
            Cell(say.say(DUTY_STATES[one.state(today)]), one.state(today).value, _DUTY_TONES[one.state(today)]),
        )
        for one in ordered
    )
    return Table(
        "duties",
        say.say(("À refaire régulièrement", "أعمال دورية", "To be done again and again")),
        (
            Column(say.say(("Genre", "النوع", "Kind")), "kind"),
            Column(say.say(("Quoi", "ماذا", "What")), "what"),
            Column(say.say(("Où", "أين", "Where")), "where"),
            Column(say.say(("Qui", "من", "Who")), "who"),
            Column(say.say(("Comment", "كيف", "How")), "how"),
            Column(say.say(("Dernière fois", "آخر مرة", "Last done")), "last_on"),
            Column(say.say(("À faire le", "الموعد", "Due")), "due_on"),
            Column(say.say(("État", "الحالة", "State")), "state"),
        ),
        rows,
        empty=say.say(("Rien n’est noté.", "لا شيء مسجَّل.", "Nothing is noted.")),
    )


def firmware(found: Iterable[FirmwareFinding], say: Words) -> Table:
    """Versions seen against versions approved."""
    rows = tuple(
        (
            Cell(one.device, one.device),
            Cell(one.seen or say.say(UNKNOWN), one.seen or None),
            Cell(one.rule.approved[-1], one.rule.approved[-1]),
            Cell(one.rule.who, one.rule.who),
            Cell(one.rule.when, one.rule.when),
            Cell(one.rule.how, one.rule.how),
            Cell(say.say(FIRMWARE[one.state]), one.state.value, _FIRMWARE_TONES[one.state]),
        )
        for one in found
    )
    return Table(
        "firmware",
        say.say(("Versions des logiciels internes", "إصدارات البرامج الداخلية", "Firmware")),
        (
            Column(say.say(("Appareil", "الجهاز", "Device")), "device"),
            Column(say.say(("Vue", "المرصود", "Seen")), "seen"),
            Column(say.say(("Approuvée", "المعتمد", "Approved")), "approved"),
            Column(say.say(("Qui", "من", "Who")), "who"),
            Column(say.say(("Quand", "متى", "When")), "when"),
            Column(say.say(("Comment", "كيف", "How")), "how"),
            Column(say.say(("État", "الحالة", "State")), "state"),
        ),
        rows,
        empty=say.say(("Aucune version n’est approuvée.", "لا يوجد إصدار معتمد.", "No firmware is approved.")),
    )


def _money(hundredths: int, say: Words) -> Cell:
    return Cell(say.amount(hundredths), hundredths / 100)


def _model(model: SupportModel, say: Words) -> str:
    return "–" if model is SupportModel.NONE else say.say(OPTIONS[Option(model.value)])


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
