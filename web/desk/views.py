"""What the pages show, made from facts: one row per incident, one tile per site, and the headline of the fleet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.core.device import Criticality
from gateway.core.incident import Cause, ChangeKind, Incident, Priority, Verdict
from web.common.causes import title
from web.common.deadlines import Clocks, Deadline, clocks
from web.common.formats import Formats
from web.common.language import Language
from web.common.states import State
from web.desk.facts import SiteFacts

_STANDSTILL = frozenset(
    {Cause.POWER_LOST, Cause.DEVICE_UNREACHABLE, Cause.LINK_DOWN, Cause.UPLINK_LOST, Cause.SERVICE_DOWN}
)
"""Causes under which something does not work now; under the others it still does."""


@dataclass(frozen=True, slots=True)
class Row:
    """One incident as a line of the queue. ``word`` is the state in words, ``owner`` who took it, empty if nobody."""

    site: SiteFacts
    incident: Incident
    title: str
    state: State
    word: str
    criticality: Criticality
    owner: str
    clocks: Clocks
    next_step: str
    advice: bool

    @property
    def phone(self) -> str:
        """The number to call: that of the contract behind the root, else the depot's; empty if neither is known."""
        return self.site.support(self.incident).phone or self.site.phone

    @property
    def callee(self) -> str:
        """Who answers under ``phone``."""
        support = self.site.support(self.incident)
        return support.provider if support.phone else self.site.name

    @property
    def unowned(self) -> bool:
        """True if somebody has to take it and nobody has."""
        return self.incident.open and not self.owner and not self.advice


def row(site: SiteFacts, incident: Incident, formats: Formats, now: float) -> Row:
    """The line of one incident."""
    say = formats.language
    state = incident_state(incident)
    word = state.word(say)
    if incident.cause == Cause.SITE_SILENT:
        word = say.gettext("Site muet")
    elif state is State.HANDLED:
        word = say.gettext("Pris en charge")
    if not incident.open:
        state, word = State.OK, say.gettext("Rétabli")
    return Row(
        site,
        incident,
        title(incident.cause, site.subject(incident), say),
        state,
        word,
        site.criticality(incident),
        owner(incident, say),
        promised(site, incident, now),
        next_step(site, incident, formats, now),
        incident.priority == Priority.P4,
    )


def incident_state(incident: Incident) -> State:
    """How an open incident is shown. Advice is at most to be watched; a silent site is unknown, never ok."""
    if incident.cause == Cause.SITE_SILENT:
        return State.UNKNOWN
    if incident.priority == Priority.P4 or (incident.priority != Priority.P1 and incident.cause not in _STANDSTILL):
        return State.WATCH
    return State.HANDLED if incident.acknowledged_at is not None else State.DOWN


def owner(incident: Incident, say: Language) -> str:
    """Who took the incident, in words; empty if nobody did."""
    if incident.acknowledged_at is None:
        return ""
    if incident.acknowledged_by == "panel":
        return say.gettext("Sur place (bouton du boîtier)")
    return say.isolate(incident.acknowledged_by) or say.gettext("Quelqu’un")


def next_step(site: SiteFacts, incident: Incident, formats: Formats, now: float) -> str:
    """What happens next, or has to."""
    say = formats.language
    if incident.restored_at is not None:
        return say.gettext("Rien : rétabli à %(time)s", time=formats.when(incident.restored_at, now))
    if incident.priority == Priority.P4:
        return say.gettext("Aucune urgence : à regarder cette semaine")
    if incident.acknowledged_at is None:
        return say.gettext("À décider : %(call)s", call=whom_to_call(site, incident, say))
    notes = [change.text for change in incident.story if change.kind is ChangeKind.NOTE and change.text]
    if notes:
        return say.isolate(notes[-1])
    restore = promised(site, incident, now).restore
    if restore is None or restore.due_at is None:
        return say.gettext("Remise en service en cours")
    due_at = restore.due_at
    return say.gettext("Remise en service au plus tard à %(time)s", time=formats.when(due_at, now))


def whom_to_call(site: SiteFacts, incident: Incident, say: Language) -> str:
    """The one number to call, from the contract of the root device, else the depot's own."""
    support = site.support(incident)
    if support.phone:
        name = say.isolate(support.provider) or say.gettext("le support")
        return say.gettext("appeler %(name)s (%(phone)s)", name=name, phone=say.isolate(_whole(support.phone)))
    if site.phone:
        return say.gettext("appeler le dépôt (%(phone)s)", phone=say.isolate(_whole(site.phone)))
    return say.gettext("joindre le dépôt ; aucun numéro n’est noté")


def promised(site: SiteFacts, incident: Incident, now: float) -> Clocks:
    """Both clocks of an incident; none where the site told no hours or no targets, and none for advice."""
    hours = site.responder or site.hours
    if hours is None or incident.priority == Priority.P4:
        return Clocks(None, None)
    return clocks(incident, site.target(incident), hours, now, site.pauses.get(incident.id, ()))


def urgency(one: Row) -> tuple[object, ...]:
    """Sorts rows: first what nobody owns, then the most urgent, then the promise that breaks first."""
    return (one.advice, not one.unowned, one.incident.priority, _next_due_at(one.clocks), one.incident.opened_at)


def _next_due_at(both: Clocks) -> float:
    """The next instant at which a promise would be broken; infinite if none is left to keep."""
    running = [one.due_at for one in (both.response, both.restore) if one and one.done_at is None]
    return min((at for at in running if at is not None), default=float("inf"))


def open_rows(sites: Iterable[SiteFacts], formats: Formats, now: float) -> list[Row]:
    """The queue: every open incident, the most urgent first."""
    rows = [row(site, incident, formats, now) for site in sites for incident in site.open]
    return sorted(rows, key=urgency)


@dataclass(frozen=True, slots=True)
class Tile:
    """One site at a glance."""

    site: SiteFacts
    state: State
    word: str
    says: str
    rank: tuple[int, str]


def tile(site: SiteFacts, rows: Sequence[Row], formats: Formats, now: float) -> Tile:
    """The tile of one site; ``rows`` are its open incidents, the most urgent first."""
    say = formats.language
    if site.silent(now):
        # its last words may have been that all is well: a silent site is unknown, whatever they were
        word = say.gettext("Muet") if site.heard_at is not None else say.gettext("Jamais entendu")
        return Tile(site, State.UNKNOWN, word, _silence(site, rows, formats, now), (0, ""))
    troubles = sorted((one for one in rows if not one.advice), key=lambda one: (one.incident.priority, bool(one.owner)))
    if troubles:
        first = troubles[0]
        return Tile(site, first.state, first.state.word(say), _trouble(troubles, say), _rank(first))
    devices = say.ngettext("%(n)s appareil", "%(n)s appareils", site.devices)
    if site.park is None:
        devices = say.gettext("n’a pas encore envoyé son inventaire")
    working = sum(verdict is Verdict.MAINTENANCE for verdict in (site.states or {}).values())
    if working:
        says = say.ngettext("Travaux prévus sur %(n)s point", "Travaux prévus sur %(n)s points", working)
        return Tile(site, State.MAINTENANCE, State.MAINTENANCE.word(say), says, (8, ""))
    return Tile(site, State.OK, State.OK.word(say), devices, (9, ""))


def _rank(first: Row) -> tuple[int, str]:
    """Where a site in trouble stands among the tiles: after the silent ones, by what is wrong there."""
    return (1 if first.unowned and first.state is State.DOWN else 8 - first.state.rank, first.incident.priority)


def _silence(site: SiteFacts, rows: Sequence[Row], formats: Formats, now: float) -> str:
    say = formats.language
    if site.heard_at is None:
        return say.gettext("Attendu, mais rien n’est encore arrivé")
    since = formats.duration(now - site.heard_at)
    taken = next((one.owner for one in rows if one.incident.cause == Cause.SITE_SILENT and one.owner), "")
    if taken:
        return say.gettext("Aucune nouvelle depuis %(duration)s ; %(who)s s’en occupe", duration=since, who=taken)
    return say.gettext("Aucune nouvelle depuis %(duration)s, personne ne s’en occupe", duration=since)


def _trouble(troubles: Sequence[Row], say: Language) -> str:
    first, others = troubles[0], len(troubles) - 1
    if first.owner:
        text = say.gettext("%(title)s ; %(who)s s’en occupe", title=first.title, who=first.owner)
    else:
        text = say.gettext("%(title)s ; personne ne s’en occupe", title=first.title)
    if not others:
        return text
    more = say.ngettext("%(n)s autre incident", "%(n)s autres incidents", others)
    return say.gettext("%(one)s, %(two)s", one=text, two=more)


@dataclass(frozen=True, slots=True)
class Fleet:
    """The first page: the headline, the queue, the tiles worst first."""

    hero: Row | None
    state: State
    headline: str
    lead: str
    also: str
    rows: tuple[Row, ...]
    tiles: tuple[Tile, ...]
    heard: int
    devices: int


def fleet(sites: Sequence[SiteFacts], formats: Formats, now: float) -> Fleet:
    """Everything the first page shows."""
    rows = open_rows(sites, formats, now)
    tiles = sorted(
        (tile(site, [one for one in rows if one.site is site], formats, now) for site in sites),
        key=lambda one: (*one.rank, one.site.name),
    )
    hero = next((one for one in rows if one.unowned), None)
    state, headline, lead = _headline(hero, rows, tiles, formats, now)
    return Fleet(
        hero,
        state,
        headline,
        lead,
        _also(hero, rows, tiles, formats.language),
        tuple(rows),
        tuple(tiles),
        sum(not site.silent(now) for site in sites),
        sum(site.devices for site in sites),
    )


def _headline(
    hero: Row | None, rows: Sequence[Row], tiles: Sequence[Tile], formats: Formats, now: float
) -> tuple[State, str, str]:
    say = formats.language
    if hero:
        headline = say.gettext("%(title)s, et personne ne s’en occupe", title=hero_title(hero, say))
        state = State.WATCH if hero.state is State.WATCH else State.DOWN
        return state, headline, hero_lead(hero, formats, now)
    troubles = [one for one in rows if not one.advice]
    if troubles:
        count = say.ngettext(
            "%(n)s incident ouvert, il est pris en charge",
            "%(n)s incidents ouverts, tous pris en charge",
            len(troubles),
        )
        return State.HANDLED, count, say.gettext("Le plus urgent : %(title)s", title=hero_title(troubles[0], say))
    silent = [one for one in tiles if one.state is State.UNKNOWN]
    if silent or not tiles:
        text = say.ngettext(
            "%(n)s site ne donne pas de nouvelles", "%(n)s sites ne donnent pas de nouvelles", len(silent)
        )
        if not tiles:
            text = say.gettext("Aucun site n’est encore connu")
        return State.UNKNOWN, text, say.gettext("On ne peut pas dire que tout va bien tant qu’ils se taisent.")
    return (
        State.OK,
        say.gettext("Tout fonctionne"),
        say.ngettext(
            "%(n)s site donne de ses nouvelles, aucun incident ouvert.",
            "%(n)s sites donnent de leurs nouvelles, aucun incident ouvert.",
            len(tiles),
        ),
    )


def hero_title(one: Row, say: Language) -> str:
    """The title of an incident with its site, which the title of a silent site holds already."""
    if one.incident.cause == Cause.SITE_SILENT:
        return one.title
    return say.gettext("%(site)s : %(title)s", site=say.isolate(one.site.name), title=one.title)


def hero_lead(one: Row, formats: Formats, now: float) -> str:
    """Since when, what was promised, whom to call."""
    say = formats.language
    since = say.gettext(
        "Depuis %(time)s (%(duration)s).",
        time=formats.when(one.incident.opened_at, now),
        duration=formats.duration(now - one.incident.opened_at),
    )
    call = whom_to_call(one.site, one.incident, say)
    parts = (since, promise(one.clocks.response, formats, now), f"{call[:1].upper()}{call[1:]}.")
    return " ".join(part for part in parts if part)


def promise(deadline: Deadline | None, formats: Formats, now: float) -> str:
    """What was promised for taking an incident up; empty where nothing was, or where it is taken up."""
    if deadline is None or deadline.due_at is None or deadline.done_at is not None:
        return ""
    say = formats.language
    time = formats.when(deadline.due_at, now)
    if deadline.missed:
        return say.gettext("Prise en charge due à %(time)s : dépassée.", time=time)
    return say.gettext("Prise en charge due à %(time)s.", time=time)


def spent(deadline: Deadline | None, formats: Formats) -> str:
    """How far a clock has run, against what was promised."""
    say = formats.language
    if deadline is None:
        return say.gettext("sans engagement")
    words = {"used": _whole(formats.duration(deadline.used_s)), "allowed": _whole(formats.duration(deadline.allowed_s))}
    if deadline.missed:
        return say.gettext("%(used)s sur %(allowed)s : dépassé", **words)
    if deadline.done_at is not None:
        return say.gettext("%(used)s sur %(allowed)s : tenu", **words)
    return say.gettext("%(used)s sur %(allowed)s", **words)


def listed(parts: Iterable[str], say: Language) -> str:
    """Several things in a row, with the comma of the language."""
    return ("، " if say.code == "ar" else ", ").join(parts)


def _whole(text: str) -> str:
    """The same text, never broken at the end of a line: "2 h 10", a telephone number."""
    return text.replace(" ", "\u00a0")


def _also(hero: Row | None, rows: Sequence[Row], tiles: Sequence[Tile], say: Language) -> str:
    """Everything else in one sentence."""
    others = [one for one in rows if one is not hero]
    counts = (
        say.ngettext("%(n)s incident sans responsable", "%(n)s incidents sans responsable", n)
        if (n := sum(one.unowned for one in others))
        else "",
        say.ngettext("%(n)s incident déjà pris en charge", "%(n)s incidents déjà pris en charge", n)
        if (n := sum(bool(one.owner) for one in others))
        else "",
        say.ngettext("%(n)s conseil sans urgence", "%(n)s conseils sans urgence", n)
        if (n := sum(one.advice for one in others))
        else "",
        say.ngettext("%(n)s site sans problème", "%(n)s sites sans problème", n)
        if (n := sum(one.state is State.OK for one in tiles))
        else "",
    )
    return listed((count for count in counts if count), say)
