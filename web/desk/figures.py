"""The four figures of the steering page, one sentence each (requirement M14), and what each site adds to them."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.core.calendar import Calendar
from gateway.core.device import GATEWAY, Criticality
from gateway.core.figures import FourFigures, MonthlyCost, Recurrence, Repair, four_figures
from gateway.core.figures import SiteFacts as Counted
from gateway.core.incident import Cause
from gateway.core.outages import Told, first_word, service_facts
from gateway.core.service_level import CONCLUSIVE_COVERAGE, Facts, ServiceLevel, Standing, measure, pool
from web.common.causes import title
from web.common.formats import Formats
from web.common.states import State
from web.desk.decisions import AMENDMENT, RULING, Book, Entry, MemoryBook, maintenance_of
from web.desk.facts import FleetFacts, SiteFacts

PERIOD_S = 30 * 86_400.0
"""The figures look back this far, or to the first word of a site that is younger."""

_ALWAYS = Calendar(always_on=True)
_DAY_S = 86_400.0
_LITTLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what it is, its value, how it stands, and the one sentence."""

    name: str
    value: str
    state: State
    word: str
    sentence: str


@dataclass(frozen=True, slots=True)
class SiteLevel:
    """The critical services of one site from ``start`` on. ``days`` is one state per day, the newest last."""

    site: SiteFacts
    start: float
    level: ServiceLevel | None
    days: tuple[State, ...]


@dataclass(frozen=True, slots=True)
class Steering:
    """Everything the steering page shows, without a language. ``start`` is the earliest instant looked at."""

    start: float
    end: float
    four: FourFigures
    sites: tuple[SiteLevel, ...]
    by_id: dict[str, SiteFacts]


def steering(facts: FleetFacts, now: float, entries: Sequence[Entry] = ()) -> Steering:
    """Counts everything for the period that ends now; ``entries`` hold the maintenance entered at headquarters."""
    sites = facts.sites()
    counted = [_counted(facts, site, now, entries) for site in sites]
    return Steering(
        min((one.start for one in counted), default=now - PERIOD_S),
        now,
        four_figures(counted, _target(sites)),
        tuple(_site_level(site, one) for site, one in zip(sites, counted, strict=True)),
        {site.id: site for site in sites},
    )


def _target(sites: Sequence[SiteFacts]) -> float | None:
    """The availability promised for critical services; where sites were promised different ones, the strictest."""
    promised = [
        site.targets[Criticality.CRITICAL].availability for site in sites if Criticality.CRITICAL in site.targets
    ]
    return max((one for one in promised if one is not None), default=None)


def _counted(facts: FleetFacts, site: SiteFacts, now: float, entries: Sequence[Entry]) -> Counted:
    """The facts of one site in the form that the core counts."""
    transitions = facts.history(site.id, now - PERIOD_S, now)
    start = max(now - PERIOD_S, min((one.at for one in transitions), default=now))
    hours = site.hours or _ALWAYS
    park = site.park
    critical = []
    told = Told(transitions)
    for service in park.services.values() if park else ():
        if park and service.criticality is Criticality.CRITICAL:
            begun = first_word(park, service.id, told)
            seen = service_facts(park, service.id, told, max(start, begun or start), now)
            worked = maintenance_of(site.id, (service.id, *service.depends_on), entries)
            seen = replace(seen, maintenance=(*seen.maintenance, *worked))
            calendar = replace(hours, always_on=True) if service.always_on else hours
            critical.append((_blind_since(site, seen, now), calendar))
    devices = [device for device in park.devices.values() if device.id != GATEWAY] if park else []
    return Counted(site.id, start, now, hours, critical, site.incidents, devices)


def _blind_since(site: SiteFacts, seen: Facts, now: float) -> Facts:
    """The same facts, with the time since a silent site's last word unknown: neither up nor down until it tells."""
    if not site.silent(now) or site.heard_at is None:
        return seen
    return replace(seen, unknown=(*seen.unknown, (site.heard_at, now)))


def _site_level(site: SiteFacts, counted: Counted) -> SiteLevel:
    days = [_day(counted, counted.end - ago * _DAY_S) for ago in range(round(PERIOD_S / _DAY_S), 0, -1)]
    return SiteLevel(site, counted.start, four_figures([counted]).availability, tuple(days))


def _day(counted: Counted, start: float) -> State:
    """How the 24 hours from ``start`` went: down if a critical service was, unknown if most was not measured."""
    if start + _DAY_S <= counted.start or not counted.critical:
        return State.UNKNOWN
    end = start + _DAY_S
    levels = [
        measure(replace(facts, start=max(start, facts.start), end=end), hours)
        for facts, hours in counted.critical
        if facts.start < end
    ]
    level = pool(levels)
    if level.down_s > 0:
        return State.DOWN
    return State.UNKNOWN if level.unknown_s > level.contract_s else State.OK


class Counter:
    """Counts at most once a minute: figures over a month do not change faster, and pages are asked for every few
    seconds. Threads may use it together."""

    def __init__(self, facts: FleetFacts, book: Book | None = None) -> None:
        self._facts = facts
        self._book = book or MemoryBook()
        self._lock = threading.Lock()
        self._counted: Steering | None = None

    def steering(self, now: float) -> Steering:
        """The figures of this minute."""
        with self._lock:
            if self._counted is None or not 0 <= now - self._counted.end < _LITTLE_S:
                self._counted = steering(self._facts, now, self._book.entries(AMENDMENT, RULING))
            return self._counted


def availability_text(level: ServiceLevel | None, formats: Formats) -> str:
    """An availability, cut and not rounded: 99.999 % is never shown as 100. What was measured too little says so."""
    if level is None or level.availability is None or level.coverage is None:
        return formats.language.gettext("non mesuré")
    text = formats.percent(math.floor(level.availability * 10_000) / 10_000, 0 if level.availability == 1 else 2)
    if level.coverage < CONCLUSIVE_COVERAGE:
        return formats.language.gettext("%(value)s, non concluant", value=text)
    return text


def figures(counted: Steering, formats: Formats) -> tuple[Figure, Figure, Figure, Figure]:
    """The four figures in the words of a language."""
    four = counted.four
    return (
        _availability(four, formats),
        _repair(four.repair, counted, formats),
        _recurring(four.recurring, counted, formats),
        _cost(four.cost, counted, formats),
    )


def _availability(four: FourFigures, formats: Formats) -> Figure:
    say = formats.language
    name = say.gettext("Disponibilité des services critiques")
    level = four.availability
    if level is None:
        sentence = say.gettext("Aucun service critique n’est déclaré dans les inventaires")
        return Figure(name, "–", State.UNKNOWN, say.gettext("Rien à mesurer"), sentence)
    value = formats.percent(math.floor((level.availability or 0.0) * 10_000) / 10_000, 2)
    if level.availability is None:
        sentence = say.gettext("Disponibilité non mesurée : aucune heure de service n’a été vue")
        return Figure(name, "–", State.UNKNOWN, say.gettext("Non mesuré"), sentence)
    state, word, verdict = _standing(four, formats)
    if four.target is None:
        sentence = say.gettext("Disponibilité %(value)s, aucun objectif fixé", value=value)
    else:
        sentence = say.gettext(
            "Disponibilité %(value)s, objectif %(target)s : %(verdict)s",
            value=value,
            target=formats.number(four.target * 100, 1),
            verdict=verdict,
        )
    if level.unknown_s >= _LITTLE_S:
        rest = say.gettext("%(duration)s non mesurées", duration=formats.duration(level.unknown_s))
        sentence = say.gettext("%(one)s, %(two)s", one=sentence, two=rest)
    return Figure(name, value, state, word, sentence)


def _standing(four: FourFigures, formats: Formats) -> tuple[State, str, str]:
    """State, word, and the end of the sentence."""
    say = formats.language
    if four.standing is Standing.KEPT:
        return State.OK, say.gettext("Tenu"), say.gettext("tenu")
    if four.standing is Standing.MISSED:
        over = formats.duration(four.missed_s)
        text = say.gettext("manqué de %(duration)s", duration=over) if four.missed_s else say.gettext("manqué")
        return State.DOWN, say.gettext("Manqué"), text
    if four.standing is Standing.INCONCLUSIVE:
        return State.UNKNOWN, say.gettext("Non concluant"), say.gettext("non concluant")
    return State.UNKNOWN, say.gettext("Sans objectif"), ""


def _repair(repair: Repair, counted: Steering, formats: Formats) -> Figure:
    say = formats.language
    name = say.gettext("Remise en service moyenne (MTTR)")
    days = _days(counted, formats)
    if repair.business_s is None or repair.wall_s is None:
        sentence = say.gettext("Aucune panne terminée en %(days)s", days=days)
        return Figure(name, "–", State.OK, say.gettext("Rien à réparer"), sentence)
    value = formats.duration(repair.business_s)
    sentence = say.ngettext(
        "Remise en service en %(value)s ouvrées, %(wall)s à l’horloge, pour %(n)s panne en %(days)s",
        "Remise en service en %(value)s ouvrées, %(wall)s à l’horloge, en moyenne de %(n)s pannes en %(days)s",
        repair.count,
        value=value,
        wall=formats.duration(repair.wall_s),
        days=days,
    )
    word = say.ngettext("%(n)s panne", "%(n)s pannes", repair.count)
    return Figure(name, value, State.OK, word, sentence)


def _recurring(recurring: Sequence[Recurrence], counted: Steering, formats: Formats) -> Figure:
    say = formats.language
    name = say.gettext("Incidents récurrents")
    if not recurring:
        return Figure(
            name, "0", State.OK, say.gettext("Rien ne revient"), say.gettext("Aucune panne n’est revenue en 180 jours")
        )
    first = max(recurring, key=lambda one: one.count)
    sentence = say.ngettext(
        "%(n)s panne revient : %(title)s, %(count)s fois en 180 jours",
        "%(n)s pannes reviennent, surtout : %(title)s, %(count)s fois en 180 jours",
        len(recurring),
        title=recurrence_title(first, counted, formats),
        count=first.count,
    )
    return Figure(name, str(len(recurring)), State.WATCH, say.gettext("À traiter"), sentence)


def recurrence_title(one: Recurrence, counted: Steering, formats: Formats) -> str:
    """What comes back, and at which site."""
    say = formats.language
    site = counted.by_id[one.site]
    root = one.root_device or ""
    name = site.park.name(root) if site.park and root else root
    name = f"{name} ({one.part})" if one.part else name
    if one.cause == Cause.SITE_SILENT:
        return title(one.cause, site.name, say)
    return say.gettext("%(site)s : %(title)s", site=say.isolate(site.name), title=title(one.cause, name, say))


def _cost(cost: MonthlyCost, counted: Steering, formats: Formats) -> Figure:
    say = formats.language
    name = say.gettext("Coût de maintenance du mois")
    devices = sum(site.devices for site in counted.by_id.values())
    missing = say.ngettext("%(n)s appareil sans coût connu", "%(n)s appareils sans coût connu", cost.unknown)
    if cost.total is None:
        sentence = say.gettext("Aucun coût n’est saisi dans les inventaires : %(missing)s", missing=missing)
        return Figure(name, "–", State.UNKNOWN, say.gettext("Non saisi"), sentence)
    value = money(cost.total, formats)
    sentence = say.ngettext(
        "La maintenance coûte %(value)s par mois pour %(n)s appareil",
        "La maintenance coûte %(value)s par mois pour %(n)s appareils",
        devices - cost.unknown,
        value=value,
    )
    if cost.unknown:
        sentence = say.gettext("%(one)s, %(two)s", one=sentence, two=missing)
        return Figure(name, value, State.UNKNOWN, say.gettext("Incomplet"), sentence)
    return Figure(name, value, State.OK, say.gettext("Complet"), sentence)


def money(amount: float, formats: Formats) -> str:
    """An amount in dinars; centimes only where there are some, so that a table still adds up."""
    return f"{formats.number(amount, 0 if amount == round(amount) else 2)}\u00a0{formats.language.gettext('DA')}"


def _days(counted: Steering, formats: Formats) -> str:
    count = max(1, round((counted.end - counted.start) / _DAY_S))
    return formats.language.ngettext("%(n)s jour", "%(n)s jours", count)
