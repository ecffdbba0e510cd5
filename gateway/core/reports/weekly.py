"""The weekly and the monthly page: counted facts -> Report. One page, read in thirty seconds, that says what it does
not know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.core.device import Criticality
from gateway.core.headline import headline
from gateway.core.incident import Cause, ChangeKind, Incident
from gateway.core.people import Language
from gateway.core.reports.count import Counted, IncidentCount, LevelCount, SiteRecord
from gateway.core.reports.document import Cell, Column, Report, Section, Table
from gateway.core.reports.tables import costs
from gateway.core.reports.tiles import standing_word, tiles
from gateway.core.reports.words import DUTIES, DUTY_STATES, LEVELS, PARTIES, Words
from gateway.core.service_level import Standing
from gateway.core.upkeep import DutyState, FirmwareState, due

_TOP = 5
_FEW = 3
_LITTLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Issue:
    """Which issue of a report: its version, why it was made again, and for whom (names of sites; empty: all)."""

    version: int = 1
    because: tuple[str, ...] = ()
    scope: str = ""


def build(counted: Counted, language: Language, issue: Issue = Issue()) -> Report:
    """The report of a counted period in one language."""
    say = Words(language)
    period = counted.period
    weekly = period.kind == "weekly"
    scope = issue.scope or (counted.sites[0].name if len(counted.sites) == 1 else "")
    number = period.id.partition("-W")[2].lstrip("0")
    title = (
        say.say(("Rapport de la semaine {n}", "تقرير الأسبوع {n}", "Report of week {n}"), n=number)
        if weekly
        else say.say(("Rapport de {m}", "تقرير {m}", "Report of {m}"), m=say.month(period.first))
    )
    return Report(
        id=period.id,
        language=language,
        scope=scope,
        title=title,
        period=say.days(period.first, period.last),
        version=issue.version,
        because=issue.because,
        essence=tuple(_essence(counted, say)),
        tiles=tiles(counted, say),
        tables=tuple(_tables(counted, say)),
        sections=tuple(one for one in _sections(counted, say) if one.lines),
        foot=tuple(_foot(counted, say)),
    )


def _essence(counted: Counted, say: Words) -> list[str]:
    """Three sentences: the promise, the downtime against last time, the one thing to decide."""
    lines = []
    critical = counted.levels.get(Criticality.CRITICAL)
    if critical is None or critical.standing is None:
        lines.append(
            say.say(
                (
                    "Aucun objectif n’est fixé pour les services critiques.",
                    "لم يُحدَّد أي هدف للخدمات الحرجة.",
                    "No target is set for critical services.",
                )
            )
        )
    else:
        lines.append(_promise(critical, say))
    now, before = counted.four.availability, counted.four.availability and counted.before.availability
    if now and before and before.contract_s:
        text = (
            "Arrêts : {now}, contre {before} avant.",
            "التوقفات: {now} مقابل {before} سابقًا.",
            "Down {now}, against {before} before.",
        )
        lines.append(say.say(text, now=say.short(now.down_s), before=say.short(before.down_s)))
    parties = counted.parties
    if parties:
        comma = "، " if say.language == "ar" else ", "
        named = comma.join(f"{say.say(PARTIES[one])} {say.short(seconds)}" for one, seconds in parties.items())
        lines.append(
            say.say(("Qui en répond : {who}.", "المسؤول عنها: {who}.", "Who answers for it: {who}."), who=named)
        )
    if counted.recurring:
        first = counted.recurring[0]
        what = _title(counted.site(first.site), first.cause, first.root_device, say, whole=len(counted.sites) > 1)
        text = (
            "Un point à décider : {what} ({n} fois en 180 jours).",
            "نقطة للبتّ: {what} (عدد المرات في 180 يومًا: {n}).",
            "One thing to decide: {what} ({n} times within 180 days).",
        )
        lines.append(say.say(text, what=what, n=first.count))
    return lines


def _promise(critical: LevelCount, say: Words) -> str:
    """The target of the critical services in one sentence."""
    texts = {
        "kept": (
            "Les engagements critiques sont tenus : {value} pour {target}.",
            "الالتزامات الحرجة محترمة: {value} والهدف {target}.",
            "The critical targets are kept: {value} for {target}.",
        ),
        "missed": (
            "Les engagements critiques sont manqués : {value} pour {target}.",
            "الالتزامات الحرجة غير محترمة: {value} والهدف {target}.",
            "The critical targets are missed: {value} for {target}.",
        ),
        "inconclusive": (
            "Non concluant : trop peu de temps mesuré ({coverage}) pour juger l’objectif de {target}.",
            "غير حاسم: الوقت المقيس قليل ({coverage}) للحكم على الهدف {target}.",
            "Not conclusive: too little time was measured ({coverage}) to judge the target of {target}.",
        ),
        "in_progress": (
            "En cours : {value} pour {target}, encore {left} d’arrêt permis sur toute la période.",
            "الفترة جارية: {value} والهدف {target}، وبقي {left} من التوقف المسموح في الفترة كلها.",
            "In progress: {value} for {target}, with {left} of outage still allowed over the whole period.",
        ),
    }
    level = critical.level
    return say.say(
        texts[critical.standing or "inconclusive"],
        left=say.short(critical.budget.left_s if critical.budget else 0.0),
        value=say.share(level.availability),
        target=say.target(critical.target or 0.0),
        coverage=say.share(level.coverage),
    )


def _tables(counted: Counted, say: Words) -> Iterable[Table]:
    yield _by_level(counted, say)
    yield _incidents(counted, say)
    if counted.books is not None and counted.month.rows:
        yield costs(counted.month, say)


def _by_level(counted: Counted, say: Words) -> Table:
    rows = []
    for level, one in counted.levels.items():
        word, tone = standing_word(one, say)
        left = one.budget.left_s if one.budget else None
        burn = one.budget.burn if one.budget else None
        rows.append(
            (
                Cell(say.say(LEVELS[level]), level.value),
                Cell(say.share(one.level.availability), one.level.availability),
                Cell(say.target(one.target) if one.target is not None else "–", one.target),
                Cell(say.short(one.level.down_s), one.level.down_s),
                Cell(say.short(one.level.unknown_s), one.level.unknown_s),
                Cell(say.short(left) if left is not None else "–", left),
                Cell(say.figure(burn) if burn is not None else "–", burn),
                Cell(word, one.standing and one.standing.value, tone),
            )
        )
    return Table(
        "levels",
        say.say(("Par niveau", "حسب المستوى", "By level")),
        (
            Column(say.say(("Niveau", "المستوى", "Level")), "criticality"),
            Column(say.say(("Disponibilité", "التوفّر", "Availability")), "availability", number=True),
            Column(say.say(("Objectif", "الهدف", "Target")), "target", number=True),
            Column(say.say(("Arrêt", "التوقف", "Down")), "down_s", number=True),
            Column(say.say(("Non mesuré", "غير مقيس", "Not measured")), "unknown_s", number=True),
            Column(say.say(("Reste permis", "المسموح المتبقي", "Still allowed")), "budget_left_s", number=True),
            Column(say.say(("Rythme", "الوتيرة", "Pace")), "burn", number=True),
            Column(say.say(("Résultat", "النتيجة", "Result")), "standing"),
        ),
        tuple(rows),
        note=" ".join(one for one in (_kept(counted, say), _pace(counted, say)) if one),
        empty=say.say(("Aucun service n’est déclaré.", "لم يُصرَّح بأي خدمة.", "No service is declared.")),
    )


def _kept(counted: Counted, say: Words) -> str:
    """How many of the delays that were promised were kept: those whose clock has stopped or is missed."""
    texts = {
        "response": ("prise en charge {kept} sur {all}", "التكفّل {kept} من {all}", "taken up {kept} of {all}"),
        "intervention": ("intervention {kept} sur {all}", "التدخل {kept} من {all}", "intervention {kept} of {all}"),
        "restore": ("remise en service {kept} sur {all}", "إعادة التشغيل {kept} من {all}", "restored {kept} of {all}"),
    }
    parts = []
    for name, text in texts.items():
        clocks = [clock for one in counted.incidents if (clock := getattr(one.clocks, name)) is not None]
        judged = [clock for clock in clocks if clock.missed or clock.done_at is not None]
        if judged:
            parts.append(say.say(text, kept=sum(not clock.missed for clock in judged), all=len(judged)))
    listed = ("، " if say.language == "ar" else ", ").join(parts)
    return say.say(("Délais tenus : {l}.", "الآجال المحترمة: {l}.", "Delays kept: {l}."), l=listed) if parts else ""


def _pace(counted: Counted, say: Words) -> str:
    """What the pace says, while it can still be changed."""
    if not any(one.standing is Standing.IN_PROGRESS for one in counted.levels.values()):
        return ""
    text = (
        "Rythme : au-dessus de 1, l’arrêt permis ne suffira pas jusqu’à la fin.",
        "الوتيرة: فوق 1 لن يكفي التوقف المسموح حتى النهاية.",
        "Pace: above 1, the outage that is allowed will not last to the end.",
    )
    return say.say(text)


def _incidents(counted: Counted, say: Words) -> Table:
    many = len(counted.sites) > 1
    rows = tuple(
        (
            Cell(_title(one.site, one.incident.cause, one.incident.root_device, say, whole=many), one.incident.id),
            Cell(say.short(one.wall_s), one.wall_s),
            Cell(say.say(PARTIES[one.party]), one.party.value),
            Cell(_cost_text(one, say), one.cost.amount / 100 if one.cost.known else None),
            Cell(_action(one, say), ""),
        )
        for one in counted.incidents[:_TOP]
    )
    more = len(counted.incidents) - len(rows)
    note = (
        say.say(("Et {n} autres, plus courtes.", "وأعطال أخرى أقصر، عددها: {n}.", "And {n} more."), n=more)
        if more
        else ""
    )
    return Table(
        "incidents",
        say.say(("Les pannes qui ont compté", "أهم الأعطال", "The incidents that counted")),
        (
            Column(say.say(("Panne", "العطل", "Incident")), "incident"),
            Column(say.say(("Durée", "المدة", "Duration")), "duration_s", number=True),
            Column(say.say(("Qui répond", "المسؤول", "Who answers")), "party"),
            Column(say.say(("Coût", "التكلفة", "Cost")), "cost", number=True),
            Column(say.say(("Suite donnée", "الإجراء", "Action")), "action"),
        ),
        rows,
        note=note,
        empty=say.say(("Aucune panne.", "لا عطل.", "No incident.")),
    )


def _cost_text(one: IncidentCount, say: Words) -> str:
    if one.cost.known:
        return say.money(one.cost.amount)
    return say.say(("inconnu", "غير معروف", "unknown")) if one.cost.told else "–"


def _action(one: IncidentCount, say: Words) -> str:
    """What people wrote last, else where it stands."""
    incident = one.incident
    notes = [change.text for change in incident.story if change.kind is ChangeKind.NOTE and change.text]
    if notes:
        return say.name(notes[-1] if len(notes[-1]) <= 90 else notes[-1][:87] + "…")
    if incident.restored_at is not None:
        return say.say(("Rétabli.", "عاد إلى العمل.", "Restored."))
    if incident.acknowledged_by:
        return say.say(
            ("En cours : {who}.", "قيد المعالجة: {who}.", "In hand: {who}."), who=say.name(incident.acknowledged_by)
        )
    return say.say(("Personne ne s’en occupe.", "لا أحد يتكفّل به.", "Nobody is on it."))


def _sections(counted: Counted, say: Words) -> Iterable[Section]:
    many = len(counted.sites) > 1
    yield Section(
        say.say(("Reviennent trop souvent", "تتكرر كثيرًا", "Come back too often")),
        tuple(
            say.say(
                (
                    "{what} : {n} fois en 180 jours.",
                    "{what}: عدد المرات في 180 يومًا {n}.",
                    "{what}: {n} times in 180 days.",
                ),
                what=_title(counted.site(one.site), one.cause, one.root_device, say, whole=many),
                n=one.count,
            )
            for one in counted.recurring[:_FEW]
        ),
    )
    yield Section(
        say.say(("Signes avant-coureurs", "إشارات سابقة", "Early signs")),
        tuple(_title(site, one.cause, one.root_device, say, whole=many) + "." for site, one in counted.advice[:_FEW]),
    )
    yield Section(say.say(("À faire", "للإنجاز", "To do")), tuple(_to_do(counted, say)))


def _to_do(counted: Counted, say: Words) -> list[str]:
    """Duties that are due and firmware that is not approved, the most pressing first."""
    if counted.books is None:
        return []
    today = datetime.fromtimestamp(counted.at, ZoneInfo(counted.period.zone)).date()
    lines = []
    for one in due(counted.books.duties, today):
        state = one.state(today)
        when = "" if one.due_on is None or state is DutyState.NEVER else f" ({say.date(one.due_on)})"
        text = (
            "{kind} – {what} : {state}{when}.",
            "{kind} – {what}: {state}{when}.",
            "{kind} – {what}: {state}{when}.",
        )
        named = {"kind": say.say(DUTIES[one.kind]), "what": say.name(one.what), "state": say.say(DUTY_STATES[state])}
        lines.append(say.say(text, when=when, **named))
    behind = [one for one in counted.books.firmware if one.state is FirmwareState.NOT_APPROVED]
    if behind:
        text = ("Versions à mettre à jour : {n}.", "إصدارات يجب تحديثها: {n}.", "Firmware to be updated: {n}.")
        lines.append(say.say(text, n=len(behind)))
    if len(lines) > _TOP:
        rest = say.say(("Et {n} autres.", "وأخرى، عددها: {n}.", "And {n} more."), n=len(lines) - _TOP + 1)
        lines = [*lines[: _TOP - 1], rest]
    return lines


def _foot(counted: Counted, say: Words) -> list[str]:
    """What was not known, and how it is counted."""
    lines = []
    level = counted.four.availability
    if level and level.unknown_s >= _LITTLE_S and level.bounds[0] is not None:
        text = (
            "Non mesuré : {unknown}. La disponibilité est entre {low} et {high}.",
            "غير مقيس: {unknown}. التوفّر بين {low} و{high}.",
            "Not measured: {unknown}. Availability lies between {low} and {high}.",
        )
        low, high = (say.share(one) for one in level.bounds)
        lines.append(say.say(text, unknown=say.short(level.unknown_s), low=low, high=high))
    if level and level.deduced_s >= _LITTLE_S:
        text = (
            "Dont {d} d’arrêt déduit : le courant était coupé et le boîtier avec lui.",
            "منها {d} توقفًا مستنتجًا: كان التيار مقطوعًا والجهاز معه.",
            "Of it {d} down by deduction: the power was cut, and the gateway with it.",
        )
        lines.append(say.say(text, d=say.short(level.deduced_s)))
    end = counted.period.end
    silent = [say.name(one.name) for one in counted.sites if one.silent_since is not None and one.silent_since < end]
    if silent:
        text = (
            "Muets à la clôture, leurs chiffres peuvent encore bouger : {names}.",
            "مواقع بلا أخبار عند الإقفال، قد تتغيّر أرقامها: {names}.",
            "Silent at closing time, their figures may still change: {names}.",
        )
        lines.append(say.say(text, names=("، " if say.language == "ar" else ", ").join(silent)))
    lines.append(
        say.say(
            (
                "Compté en heures de service, hors fériés et maintenance ; le non-mesuré ne compte ni pour ni contre.",
                "الحساب بساعات الخدمة دون العطل والصيانة. الوقت غير المقيس ليس توفّرًا ولا توقفًا.",
                "Counted in service hours without holidays and maintenance. Time not measured is neither up nor down.",
            )
        )
    )
    return lines


def _title(site: SiteRecord, cause: str, root: str | None, say: Words, *, whole: bool) -> str:
    """What failed, with its site where there are several."""
    if cause == Cause.SITE_SILENT:
        return headline(cause, site.name, say.language)
    text = headline(cause, site.park.name(root) if root else "", say.language)
    return f"{say.name(site.name)} – {text}" if whole else text


def incident_title(site: SiteRecord, incident: Incident, language: Language) -> str:
    """The same for one incident, with its site."""
    return _title(site, incident.cause, incident.root_device, Words(language), whole=True)
