"""What people at headquarters write into the book: feasts confirmed or shifted, time not to be counted and the owner's
word on it, what an incident cost, for whom it waits."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from gateway.core.amendment import Amendment, Kind, Ruling, Standing, Waiting, standing
from gateway.core.cost import Expense, IncidentCost, Item, cost_of
from gateway.core.incident import Incident
from gateway.feasts import Feast, feasts
from web.common import live_page, needs_sign_in
from web.desk.counting import Office
from web.desk.decisions import AMENDMENT, EXPENSE, FEAST, RULING, amended, amendments_of, expenses_of, feast, moves_of
from web.desk.decisions import ruled as ruled_entry
from web.desk.decisions import spent as spent_entry
from web.desk.facts import SiteFacts

_AHEAD_DAYS = 400
_TEXT = 300
_SHIFTS = (-1, 0, 1)
_LONGEST = 31 * 86_400.0


@dataclass(frozen=True, slots=True)
class Moving:
    """A moving feast as it is known: its days as announced (an Aïd has several), and as decided (empty: not yet).
    ``known`` of ``sites`` boxes hold the decision."""

    country: str
    name: str
    days: tuple[date, ...]
    decided: tuple[date, ...] = ()
    known: int = 0
    sites: int = 0


@dataclass(frozen=True, slots=True)
class Entered:
    """An amendment with where it stands; ``mine`` if the reader entered it and so cannot approve it."""

    one: Amendment
    standing: Standing
    subject: str
    minutes: int
    may_rule: bool


@dataclass(frozen=True, slots=True)
class Bill:
    """What an incident cost, and since when it waits for whom (``None``: it does not)."""

    cost: IncidentCost
    waiting: Amendment | None


class Bookkeeping:
    """The views and what they write."""

    def __init__(self, office: Office, owners: Sequence[str]) -> None:
        self._office = office
        self._owners = owners

    def register(self, app: Flask) -> None:
        """Adds the routes, and ``bill`` for the page of an incident."""
        app.jinja_env.globals["bill"] = self.bill
        app.add_url_rule("/calendar", "calendar", needs_sign_in(self.calendar), methods=["GET"])
        for rule, view in (
            ("/calendar/feast", self.decide_feast),
            ("/calendar/amend", self.amend),
            ("/calendar/rule", self.rule),
            ("/incidents/<site_id>/<incident_id>/cost", self.tell_cost),
            ("/incidents/<site_id>/<incident_id>/wait", self.wait),
        ):
            app.add_url_rule(rule, view.__name__, needs_sign_in(view), methods=["POST"])

    def calendar(self) -> AnyResponse:
        """Moving feasts to confirm, and time that was entered afterwards and waits for the owner."""

        def build() -> dict[str, object]:
            sites = list(self._office.facts.sites())
            return {
                "feasts": self._feasts(sites),
                "entered": self._entered(sites),
                "sites": sites,
                "shifts": _SHIFTS,
                "done": request.args.get("done") == "yes",
            }

        version = self._office.facts.version()
        return live_page("desk/calendar.html", build, version=version, checked_at=g.now)

    def decide_feast(self) -> AnyResponse:
        """Headquarters' word on one feast: it is on the announced day, or a day before or after."""
        country = request.form.get("country", "")
        on = _day(request.form.get("on", ""))
        shift = request.form.get("shift", "")
        known = self._feasts(self._office.facts.sites())
        found = next((one for one in known if (one.country, one.days[0]) == (country, on)), None)
        if found is None or shift not in map(str, _SHIFTS):
            abort(400)
        by = timedelta(days=int(shift))
        self._office.book.write(*(feast(country, day, day + by, g.account.name, g.now) for day in found.days))
        return redirect(url_for("calendar", done="yes"), 303)

    def amend(self) -> AnyResponse:
        """Maintenance that was forgotten, or is planned: counted off at once or once the owner approves."""
        form = request.form
        site_id, _, subject = form.get("subject", "").partition("/")
        site = next((one for one in self._office.facts.sites() if one.id == site_id), None)
        start, end = _moment(form.get("start", "")), _moment(form.get("end", ""))
        reason = " ".join(form.get("reason", "").split())
        if site is None or start is None or end is None or not 0 < end - start <= _LONGEST or not reason:
            abort(400)
        one = Amendment(
            secrets.token_hex(6), Kind.MAINTENANCE, site.id, subject, start, end, g.now, g.account.name, reason[:_TEXT]
        )
        self._office.book.write(amended(one, g.account.name, g.now))
        return redirect(url_for("calendar", done="yes"), 303)

    def rule(self) -> AnyResponse:
        """The owner approves or refuses."""
        entered, _ = amendments_of(self._office.book.entries(AMENDMENT))
        one = next((one for one in entered if one.id == request.form.get("id")), None)
        word = request.form.get("word", "")
        if one is None or word not in ("yes", "no"):
            abort(400)
        if not self._may_rule(one):
            abort(403)
        self._office.book.write(ruled_entry(Ruling(one.id, word == "yes", g.now, g.account.name)))
        return redirect(url_for("calendar", done="yes"), 303)

    def tell_cost(self, site_id: str, incident_id: str) -> AnyResponse:
        """What an incident cost, or that it is not known."""
        found = self._incident(site_id, incident_id)
        text = request.form.get("amount", "").replace(" ", "").replace("\u202f", "").replace(",", ".")
        amount = None
        if "unknown" not in request.form:
            try:
                amount = round(float(text) * 100)
            except (ValueError, OverflowError):
                abort(400)
            if not 0 <= amount <= 10**13:
                abort(400)
        item = Item.PART if request.form.get("item") == Item.PART else Item.INTERVENTION
        device = f"{site_id}/{found.root_device}" if found.root_device else ""
        on = g.formats.local(g.now).date()
        one = Expense(on, item, amount, device, incident_id, by=g.account.name)
        self._office.book.write(spent_entry(one, secrets.token_hex(6), g.now))
        return redirect(url_for("incident", site_id=site_id, incident_id=incident_id), 303)

    def wait(self, site_id: str, incident_id: str) -> AnyResponse:
        """An open incident waits for the customer or a supplier from now on, or no longer does."""
        found = self._incident(site_id, incident_id)
        reason = request.form.get("for", "")
        now = self.bill(site_id, found).waiting
        if now is not None:
            self._office.book.write(amended(replace(now, end=g.now), g.account.name, g.now))
        elif reason in tuple(Waiting) and found.open:
            one = Amendment(
                secrets.token_hex(6), Kind.PAUSE, site_id, incident_id, g.now, None, g.now, g.account.name, reason
            )
            self._office.book.write(amended(one, g.account.name, g.now))
        else:
            abort(400)
        return redirect(url_for("incident", site_id=site_id, incident_id=incident_id), 303)

    def bill(self, site_id: str, incident: Incident) -> Bill:
        """What the page of an incident shows of all this."""
        register = self._office.register.read()
        entries = self._office.book.entries(EXPENSE, AMENDMENT)
        expenses = (*register.expenses, *expenses_of(entries))
        entered, _ = amendments_of(entries)
        mine = [one for one in entered if one.kind is Kind.PAUSE and (one.site, one.subject) == (site_id, incident.id)]
        lasting = [one for one in mine if one.end is None]
        return Bill(cost_of(incident.id, expenses), lasting[-1] if lasting else None)

    def _incident(self, site_id: str, incident_id: str) -> Incident:
        site = next((one for one in self._office.facts.sites() if one.id == site_id), None)
        return (site.incident(incident_id) if site else None) or abort(404)

    def _may_rule(self, one: Amendment) -> bool:
        who = g.account.name
        return who != one.entered_by and (not self._owners or who in self._owners)

    def _feasts(self, sites: Sequence[SiteFacts]) -> list[Moving]:
        """The moving feasts of the countries that sites keep, from last month to a year ahead."""
        today = g.formats.local(g.now).date()
        first, last = today - timedelta(days=31), today + timedelta(days=_AHEAD_DAYS)
        moves = moves_of(self._office.book.entries(FEAST))
        found = []
        for country in sorted({site.country for site in sites if site.country}):
            decided = moves.get(country, {})
            named = feasts(country, range(first.year, last.year + 1), g.language.code)
            for days in _together(one for one in named if one.estimated and first <= one.on <= last):
                on = tuple(one.on for one in days)
                said = {day: decided[day] for day in on if day in decided}
                here = [site for site in sites if site.country == country]
                known = sum(all(site.moves.get(day) == to for day, to in said.items()) for site in here)
                found.append(Moving(country, days[0].name, on, tuple(said.values()), known, len(here)))
        return found

    def _entered(self, sites: Sequence[SiteFacts]) -> list[Entered]:
        """Amendments of half a year, what waits first."""
        entered, words = amendments_of(self._office.book.entries(AMENDMENT, RULING))
        by_id = {site.id: site for site in sites}
        found = []
        for one in entered:
            if g.now - one.entered_at < 180 * 86_400.0:
                where = standing(one, words)
                found.append(Entered(one, where, _subject(one, by_id), one.minutes(g.now), self._may_rule(one)))
        return sorted(found, key=lambda line: (line.standing is not Standing.WAITING, -line.one.entered_at))


def _together(moving: Iterable[Feast]) -> list[list[Feast]]:
    """The days of one feast that follow one another."""
    found: list[list[Feast]] = []
    for one in moving:
        last = found[-1][-1] if found else None
        if last and last.name == one.name and one.on - last.on == timedelta(days=1):
            found[-1].append(one)
        else:
            found.append([one])
    return found


def _subject(one: Amendment, sites: dict[str, SiteFacts]) -> str:
    site = sites.get(one.site)
    if site is None:
        return one.site
    name = site.park.name(one.subject) if site.park and one.subject and one.kind is Kind.MAINTENANCE else one.subject
    return f"{site.name} – {name}" if name else site.name


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str) -> float | None:
    """A local time of headquarters, as a browser's form gives it."""
    zone: ZoneInfo = g.formats.zone
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()
    except (ValueError, OverflowError):
        return None
