"""The four figures of a report, one sentence each, with their trend."""

from __future__ import annotations

from gateway.core.device import Criticality
from gateway.core.reports.count import Counted, LevelCount
from gateway.core.reports.document import Tile
from gateway.core.reports.words import Words
from gateway.core.service_level import Standing

_LITTLE_S = 60.0
_STANDINGS = {
    Standing.KEPT: (("Tenu", "محترم", "Kept"), "ok"),
    Standing.MISSED: (("Manqué", "غير محترم", "Missed"), "down"),
    Standing.INCONCLUSIVE: (("Non concluant", "غير حاسم", "Not conclusive"), "unknown"),
    Standing.IN_PROGRESS: (("En cours", "جارٍ", "In progress"), "ok"),
}


def standing_word(one: LevelCount, say: Words) -> tuple[str, str]:
    """How a target stands, and its tone."""
    if one.standing is None:
        return say.say(("Sans objectif", "بلا هدف", "No target")), "unknown"
    text, tone = _STANDINGS[one.standing]
    fast = one.standing is Standing.IN_PROGRESS and one.budget is not None and (one.budget.burn or 0.0) > 1
    return say.say(text), "watch" if fast else tone


def tiles(counted: Counted, say: Words) -> tuple[Tile, ...]:
    """Availability, time to repair, what comes back, what it costs (which a depot is not told)."""
    found = (_availability(counted, say), _repair(counted, say), _recurring(counted, say))
    return found if counted.books is None else (*found, _cost(counted, say))


def _availability(counted: Counted, say: Words) -> Tile:
    name = say.say(("Disponibilité des services critiques", "توفّر الخدمات الحرجة", "Availability of critical services"))
    level, four = counted.four.availability, counted.four
    if level is None or level.availability is None:
        none = say.say(("Non mesuré", "غير مقيس", "Not measured"))
        text = ("Aucune heure de service n’a été vue.", "لم تُرصد أي ساعة خدمة.", "No hour of service was seen.")
        return Tile(name, "–", "unknown", none, say.say(text))
    of_level = counted.levels.get(Criticality.CRITICAL)
    budget = of_level.budget if of_level else None
    word, tone = standing_word(LevelCount(level, four.target, four.standing, budget), say)
    parts = []
    if four.target is not None:
        parts.append(say.say(("objectif {t}", "الهدف {t}", "target {t}"), t=say.target(four.target)))
        if four.standing is Standing.MISSED and four.missed_s:
            parts.append(say.say(("manqué de {d}", "تجاوز {d}", "missed by {d}"), d=say.short(four.missed_s)))
        if four.standing is Standing.IN_PROGRESS and budget:
            text = ("encore {d} d’arrêt permis", "بقي {d} من التوقف المسموح", "{d} of outage still allowed")
            parts.append(say.say(text, d=say.short(budget.left_s)))
    if level.unknown_s >= _LITTLE_S:
        parts.append(say.say(("{d} non mesurées", "{d} غير مقيسة", "{d} not measured"), d=say.short(level.unknown_s)))
    before = counted.before.availability
    trend = ""
    if before and before.availability is not None:
        trend = say.say(("avant : {v}", "سابقًا: {v}", "before: {v}"), v=say.share(before.availability))
    return Tile(name, say.share(level.availability), tone, word, _listed(parts, say), trend)


def _repair(counted: Counted, say: Words) -> Tile:
    name = say.say(("Remise en service (MTTR)", "متوسط إعادة التشغيل (MTTR)", "Time to repair (MTTR)"))
    repair, before = counted.four.repair, counted.before.repair
    trend = ""
    if before.business_s is not None:
        trend = say.say(("avant : {v}", "سابقًا: {v}", "before: {v}"), v=say.short(before.business_s))
    if repair.business_s is None or repair.wall_s is None:
        text = ("Aucune panne terminée.", "لا عطل منتهٍ.", "No incident ended.")
        return Tile(
            name, "–", "ok", say.say(("Rien à réparer", "لا شيء للإصلاح", "Nothing to repair")), say.say(text), trend
        )
    count = repair.count
    word = say.say(("Pannes : {n}", "الأعطال: {n}", "Incidents: {n}"), n=count)
    text = (
        "en heures ouvrées ; {wall} à l’horloge",
        "بساعات العمل؛ {wall} بالساعة",
        "in business hours; {wall} by the clock",
    )
    return Tile(name, say.short(repair.business_s), "ok", word, say.say(text, wall=say.short(repair.wall_s)), trend)


def _recurring(counted: Counted, say: Words) -> Tile:
    name = say.say(("Incidents récurrents", "الأعطال المتكررة", "Recurring incidents"))
    count, before = len(counted.recurring), len(counted.before.recurring)
    trend = say.say(("avant : {v}", "سابقًا: {v}", "before: {v}"), v=before)
    text = say.say(
        (
            "même appareil, même cause, deux fois en 180 jours",
            "نفس الجهاز ونفس السبب مرتين في 180 يومًا",
            "same device, same cause, twice within 180 days",
        )
    )
    if not count:
        return Tile(name, "0", "ok", say.say(("Rien ne revient", "لا تكرار", "Nothing comes back")), text, trend)
    return Tile(name, str(count), "watch", say.say(("À traiter", "للمعالجة", "To be dealt with")), text, trend)


def _cost(counted: Counted, say: Words) -> Tile:
    name = say.say(("Coût de maintenance du mois", "تكلفة الصيانة في الشهر", "Maintenance cost of the month"))
    month = counted.month
    if not month.rows:
        text = ("Aucun coût n’est saisi.", "لم تُسجَّل أي تكلفة.", "No cost was entered.")
        return Tile(name, "–", "unknown", say.say(("Non saisi", "غير مسجَّل", "Not entered")), say.say(text))
    parts = [say.month(month.first)]
    if month.partial == "running":
        parts.append(say.say(("mois en cours", "شهر جارٍ", "month still running")))
    gaps = month.unknown + month.uncosted
    if gaps:
        parts.append(say.say(("coûts inconnus : {n}", "تكاليف غير معروفة: {n}", "costs not known: {n}"), n=gaps))
    budget = counted.books.budget if counted.books else None
    if budget is not None:
        parts.append(say.say(("budget {b}", "الميزانية {b}", "budget {b}"), b=say.money(budget)))
        if month.total > budget:
            word, tone = say.say(("Au-dessus du budget", "فوق الميزانية", "Over budget")), "down"
            return Tile(name, say.rounded(month.total), tone, word, _listed(parts, say))
    if gaps:
        return Tile(
            name,
            say.rounded(month.total),
            "unknown",
            say.say(("Incomplet", "غير كامل", "Incomplete")),
            _listed(parts, say),
        )
    word = (
        say.say(("Complet", "كامل", "Complete"))
        if budget is None
        else say.say(("Dans le budget", "ضمن الميزانية", "Within budget"))
    )
    return Tile(name, say.rounded(month.total), "ok", word, _listed(parts, say))


def _listed(parts: list[str], say: Words) -> str:
    return ("، " if say.language == "ar" else ", ").join(parts)
