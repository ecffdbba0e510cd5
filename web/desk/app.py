"""Headquarters' pages: the fleet, the queue of incidents, each incident's story, each site, messages, figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, abort, g, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from gateway.clock import Clock
from gateway.core.device import GATEWAY, Device, Park, Service
from gateway.core.incident import Change, ChangeKind, Incident
from gateway.core.narrative_context import decided, is_day
from web.common import Accounts, BaseOptions, NavItem, State, create_base_app, live_page, needs_sign_in, state_of
from web.common.language import Language, msgid
from web.common.pages import Build
from web.desk import api, steer
from web.desk.bookkeeping import Bookkeeping
from web.desk.counting import Office
from web.desk.decisions import MemoryBook
from web.desk.device import DevicePage
from web.desk.facts import FleetFacts, SiteFacts
from web.desk.figures import Counter, availability_text, figures, money, recurrence_title
from web.desk.lessons import lessons
from web.desk.notify import NoticeState, Notification
from web.desk.orders import Commander
from web.desk.register import RegisterFile
from web.desk.remote import Remote
from web.desk.story import story
from web.desk.useless import for_nothing
from web.desk.views import Row, fleet, hero_lead, open_rows, row, spent, tile

_DAY_S = 86_400.0
_WEEK_S = 7 * _DAY_S
_LISTED = 100
_RECENT = 5000
"""Messages that a page looks through: those of the last weeks at the busiest headquarters."""
_COMMENT = 2000
_TICKET = 40


@dataclass(frozen=True, slots=True)
class DeskOptions:
    """What headquarters' pages are made with. ``organisation`` is the name in the header, ``told`` says whether
    anybody is to be told by message, ``secure`` marks cookies for HTTPS only; without a ``commander`` nothing can be
    asked of the sites."""

    organisation: str
    accounts: Accounts
    secret_key: bytes
    timezone: str = "Africa/Algiers"
    language: str = "fr"
    host_names: tuple[str, ...] = ()
    secure: bool = False
    told: bool = False
    commander: Commander | None = None
    office: Office | None = None
    """What reports are counted with; ``None``: nothing but the facts."""
    owners: tuple[str, ...] = ()
    """Who may approve what is entered afterwards; empty: anybody but the one who entered it."""


def create_app(facts: FleetFacts, options: DeskOptions, clock: Clock) -> Flask:
    """The application; everything but `/healthz` and the sign-in page needs a signed-in person."""
    app = create_base_app(
        BaseOptions(
            folder=Path(__file__).parent,
            brand=options.organisation,
            subtitle=msgid("Tous les sites"),
            nav=(
                NavItem("fleet", msgid("Sites")),
                NavItem("incidents", msgid("Incidents")),
                NavItem("figures", msgid("Engagements")),
                NavItem("steer.newest", msgid("Rapport")),
                NavItem("steer.costs", msgid("Coûts")),
                NavItem("steer.upkeep", msgid("Entretien")),
                NavItem("calendar", msgid("Calendrier")),
                NavItem("messages", msgid("Messages")),
            ),
            accounts=options.accounts,
            clock=clock,
            secret_key=options.secret_key,
            timezone=options.timezone,
            language=options.language,
            host_names=options.host_names,
            secure=options.secure,
        )
    )
    app.jinja_env.globals.update(
        spent=lambda deadline: spent(deadline, g.formats),
        ok=State.OK,
        watch=State.WATCH,
        money=lambda amount: money(amount, g.formats),
        available=lambda level: availability_text(level, g.formats),
    )
    office = options.office or Office(facts, MemoryBook(), RegisterFile(None))
    counter = Counter(facts, office.book)
    remote = Remote(facts, options.commander)
    remote.register(app)
    desk = Desk(facts, options, counter, remote)
    for rule, view in (
        ("/", desk.fleet),
        ("/incidents", desk.incidents),
        ("/incidents/<site_id>/<incident_id>", desk.incident),
        ("/sites/<site_id>", desk.site),
        ("/figures", desk.figures),
        ("/messages", desk.messages),
    ):
        app.add_url_rule(rule, view.__name__, needs_sign_in(view), methods=["GET"])
    for view in (desk.take, desk.comment, desk.decide):
        rule = f"/incidents/<site_id>/<incident_id>/{view.__name__}"
        app.add_url_rule(rule, view.__name__, needs_sign_in(view), methods=["POST"])
    app.register_blueprint(api.blueprint(facts, counter))
    _steering(app, office, options)

    @app.get("/healthz")
    def healthz() -> Response:
        facts.version()
        return jsonify({"status": "ok"})

    return app


def _steering(app: Flask, office: Office, options: DeskOptions) -> None:
    """Report, costs, upkeep, what people write into the book, and the figures of each device."""
    DevicePage(office.facts).register(app)
    app.register_blueprint(steer.blueprint(office, options.organisation))
    Bookkeeping(office, options.owners).register(app)


class Desk:
    """The views. Everything they show comes from ``facts``; all they write is what a person did to an incident."""

    def __init__(self, facts: FleetFacts, options: DeskOptions, counter: Counter, remote: Remote) -> None:
        self._facts = facts
        self._options = options
        self._counter = counter
        self._remote = remote

    def fleet(self) -> AnyResponse:
        """All sites: first what nobody owns."""

        def build() -> dict[str, object]:
            shown = fleet(self._facts.sites(), g.formats, g.now)
            return {
                "fleet": shown,
                "unsent": self._unsent(),
                "availability": self._availability(),
                "favicon": _favicon(shown.state),
            }

        return self._page("desk/fleet.html", build)

    def incidents(self) -> AnyResponse:
        """The queue with both clocks, and what was closed within a week."""

        def build() -> dict[str, object]:
            sites = self._facts.sites()
            rows = open_rows(sites, g.formats, g.now)
            bare = {one.site.name for one in rows if one.site.hours is None or not one.site.targets}
            return {
                "rows": rows,
                "closed": _closed(sites, since=g.now - _WEEK_S),
                "without_hours": sorted(bare),
                "unsent": self._unsent(),
            }

        return self._page("desk/incidents.html", build)

    def incident(self, site_id: str, incident_id: str) -> AnyResponse:
        """One incident with its story, what it hits, whom to call, who was told."""
        site, found = self._found(site_id, incident_id)

        def build() -> dict[str, object]:
            line = row(site, found, g.formats, g.now)
            lines = story(site, found, g.formats, g.now)
            park = site.park
            unseen = found.open and line.state is State.UNKNOWN and not line.owner
            return {
                "row": line,
                "hero": State.DOWN if unseen else line.state,
                "lead": _lead(found, line, g.now),
                "story": lines,
                "days": any(g.formats.date(one.at) != g.formats.date(g.now) for one in lines),
                "hit": [park.services[one] for one in found.services if one in park.services] if park else [],
                "symptoms": _symptoms(site, found),
                "support": site.support(found),
                "sent": [
                    one for one in self._facts.notifications(_RECENT) if (one.site, one.incident) == (site_id, found.id)
                ],
                "done": _done(request.args.get("done", "")),
                "asked": self._remote.under(site, found),
                "decision": decided(found),
                **lessons(site, found, g.formats, g.now),
                "active": "incidents",
            }

        return self._page("desk/incident.html", build)

    def site(self, site_id: str) -> AnyResponse:
        """One site: its incidents, services and devices."""
        site = self._site(site_id)

        def build() -> dict[str, object]:
            rows = open_rows([site], g.formats, g.now)
            park = site.park or Park()
            devices = [one for one in park.devices.values() if one.id != GATEWAY]
            services = list(park.services.values())
            return {
                "tile": tile(site, rows, g.formats, g.now),
                "rows": rows,
                "devices": [(one, state_of(site.verdict(one.id, g.now))) for one in sorted(devices, key=_weight)],
                "services": [(one, state_of(site.verdict(one.id, g.now))) for one in sorted(services, key=_weight)],
                "closed": _closed([site], since=0.0)[:10],
                "active": "fleet",
            }

        return self._page("desk/site.html", build)

    def figures(self) -> AnyResponse:
        """The four figures, one sentence each, and what they are made of."""

        def build() -> dict[str, object]:
            counted = self._counter.steering(g.now)
            return {
                "counted": counted,
                "figures": figures(counted, g.formats),
                "recurring": [(recurrence_title(one, counted, g.formats), one) for one in counted.four.recurring],
            }

        return self._page("desk/figures.html", build)

    def messages(self) -> AnyResponse:
        """Who was told what, with the proof of delivery or the reason why not yet."""

        def build() -> dict[str, object]:
            every = self._facts.notifications(_RECENT)
            return {
                "messages": list(reversed(every))[:_LISTED],
                "waiting": sum(one.state is NoticeState.PENDING for one in every),
                "noisy": for_nothing(self._facts.sites(), every, g.language, g.now),
                "channels": self._options.told,
            }

        return self._page("desk/messages.html", build)

    def take(self, site_id: str, incident_id: str) -> AnyResponse:
        """The signed-in person takes an open incident that nobody has."""
        site, found = self._found(site_id, incident_id)
        if not found.open or found.acknowledged_at is not None:
            return redirect(url_for("incident", site_id=site_id, incident_id=incident_id, done="late"), 303)
        self._facts.write(site_id, Change(found.id, ChangeKind.ACKNOWLEDGED, g.now, g.now, g.account.name))
        self._remote.tell(site, found, "acknowledge")
        return redirect(url_for("incident", site_id=site_id, incident_id=incident_id, done="taken"), 303)

    def comment(self, site_id: str, incident_id: str) -> AnyResponse:
        """Adds what the signed-in person writes to the incident's story."""
        site, found = self._found(site_id, incident_id)
        ticket = " ".join(request.form.get("ticket", "").split())[:_TICKET]
        words = " ".join(request.form.get("text", "").split())
        text = " · ".join(part for part in (f"Ticket {ticket}" if ticket else "", words) if part)
        if not text or len(text) > _COMMENT:
            abort(400)
        self._facts.write(site_id, Change(found.id, ChangeKind.NOTE, g.now, g.now, g.account.name, text))
        if found.open:
            self._remote.tell(site, found, "note", text)
        return redirect(url_for("incident", site_id=site_id, incident_id=incident_id, done="noted"), 303)

    def decide(self, site_id: str, incident_id: str) -> AnyResponse:
        """Records what was decided about an incident, who is to do it and until when."""
        site, found = self._found(site_id, incident_id)
        text, whom, day = (" ".join(request.form.get(name, "").split()) for name in ("text", "whom", "day"))
        if not text or len(text) > _COMMENT or len(whom) > _TICKET or (day and not is_day(day)):
            abort(400)
        who = g.account.name
        self._facts.write(site_id, Change(found.id, ChangeKind.DECIDED, g.now, g.now, who, text, whom=whom, day=day))
        self._remote.tell(site, found, "decide", text, whom=whom, day=day)
        return redirect(url_for("incident", site_id=site_id, incident_id=incident_id, done="decided"), 303)

    def _page(self, template: str, build: Build) -> AnyResponse:
        return live_page(template, build, version=self._facts.version(), checked_at=g.now)

    def _availability(self) -> dict[str, str]:
        """Availability of the critical services by site, of those that have any and are known for a day at least."""
        counted = self._counter.steering(g.now)
        return {
            one.site.id: availability_text(one.level, g.formats)
            for one in counted.sites
            if one.level is not None and counted.end - one.start >= _DAY_S
        }

    def _unsent(self) -> list[Notification]:
        """Messages that failed at least once and still wait."""
        return [one for one in self._facts.notifications(_RECENT) if one.state is NoticeState.PENDING and one.attempts]

    def _site(self, site_id: str) -> SiteFacts:
        found = next((one for one in self._facts.sites() if one.id == site_id), None)
        return found or abort(404)

    def _found(self, site_id: str, incident_id: str) -> tuple[SiteFacts, Incident]:
        site = self._site(site_id)
        return site, site.incident(incident_id) or abort(404)


def _weight(one: Device | Service) -> tuple[int, str]:
    return (one.criticality.rank, one.name)


def _closed(sites: Sequence[SiteFacts], since: float) -> list[Row]:
    """Incidents restored after ``since``, the newest first."""
    rows = [
        row(site, one, g.formats, g.now)
        for site in sites
        for one in site.incidents
        if one.restored_at is not None and one.restored_at >= since and not one.merged_into
    ]
    return sorted(rows, key=lambda line: line.incident.restored_at or 0.0, reverse=True)


def _symptoms(site: SiteFacts, incident: Incident) -> list[str]:
    """Names of the devices that show the fault, the root left out."""
    devices = dict.fromkeys(one.device for one in incident.symptoms)
    park = site.park or Park()
    return [park.name(one) for one in devices if one != incident.root_device and one not in park.services]


def _lead(incident: Incident, line: Row, now: float) -> str:
    """Under the title: where, since when, or from when to when."""
    say = g.formats.language
    if incident.restored_at is None:
        text = hero_lead(line, g.formats, now)
    else:
        text = say.gettext(
            "De %(start)s à %(end)s, en tout %(duration)s.",
            start=g.formats.when(incident.opened_at, now),
            end=g.formats.when(incident.restored_at, now),
            duration=g.formats.duration(incident.restored_at - incident.opened_at),
        )
    return f"{say.isolate(line.site.name)} · {text}"


def _done(what: str) -> str:
    """What to say after an action; nothing for a word that is none of ours."""
    say: Language = g.language
    texts = {
        "taken": say.gettext("C’est noté : vous prenez cet incident en charge."),
        "noted": say.gettext("C’est noté dans le déroulé."),
        "decided": say.gettext("La décision est notée."),
        "late": say.gettext("Rien n’a changé : quelqu’un l’a déjà pris, ou il est terminé."),
    }
    return texts.get(what, "")


def _favicon(state: State) -> str:
    return {State.OK: "ok", State.WATCH: "watch", State.UNKNOWN: "unknown"}.get(state, "down")
