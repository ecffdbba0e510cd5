"""What headquarters asks of a site: the page that tells and asks, and the lines under an incident."""

from __future__ import annotations

import msgspec
from flask import Flask, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from gateway.core.incident import Cause, Incident
from gateway.settings.remote import LIMITS, feast_of, refused
from web.common import live_page, needs_sign_in
from web.common.language import Language
from web.desk.facts import FleetFacts, SiteFacts
from web.desk.orders import Commander, KeptOrder, OrderState

_LISTED = 100
_ON_DEVICE = ("maintenance_start", "maintenance_end", "poll_now")
ASKABLE = (*_ON_DEVICE, "silence", "diagnostics", "read_settings", "change_setting")
"""What the page of a site can ask for; the rest is asked from the page of an incident."""


class Remote:
    """The views of orders. Without a ``commander`` nothing can be asked, and the pages say so."""

    def __init__(self, facts: FleetFacts, commander: Commander | None) -> None:
        self._facts = facts
        self._commander = commander

    def register(self, app: Flask) -> None:
        """Adds the routes."""
        for rule, view, method in (
            ("/sites/<site_id>/commands", self.commands, "GET"),
            ("/sites/<site_id>/commands/ask", self.ask, "POST"),
        ):
            app.add_url_rule(rule, view.__name__, needs_sign_in(view), methods=[method])

    def tell(self, site: SiteFacts, incident: Incident, kind: str, text: str = "", **more: str) -> None:
        """Tells the box what a person did about an incident here. The box knows nothing of a silent site."""
        if self._commander is None or incident.cause == Cause.SITE_SILENT:
            return
        body = {"incident": incident.id} | ({"text": text} if text else {}) | more
        self._commander.issue(site.id, kind, g.account.name, body, at=g.now)

    def under(self, site: SiteFacts, incident: Incident) -> list[tuple[KeptOrder, str, str]]:
        """Orders about an incident, the newest first: with what was asked and how far it has come, in words."""
        asked = self._commander.book.of(site.id) if self._commander else ()
        mine = [one for one in asked if one.order.body.get("incident") == incident.id]
        return [(one, asked_text(one, site, g.language), fate(one, g.now, g.language)) for one in mine]

    def commands(self, site_id: str) -> AnyResponse:
        """Everything that was asked of a site, by whom, and what became of it; and what can be asked."""
        site = self._site(site_id)

        def build() -> dict[str, object]:
            asked = self._commander.book.of(site.id)[:_LISTED] if self._commander else ()
            return {
                "site": site,
                "can_ask": self._commander is not None,
                "asked": [
                    (one, asked_text(one, site, g.language), fate(one, g.now, g.language), _answer(one))
                    for one in asked
                ],
                "devices": sorted(site.park.devices.values(), key=lambda one: one.name) if site.park else [],
                "limits": LIMITS,
                "wrong": request.args.get("wrong", "")[:200],
                "active": "fleet",
            }

        return live_page("desk/commands.html", build, version=self._facts.version(), checked_at=g.now)

    def ask(self, site_id: str) -> AnyResponse:
        """Asks the site for one thing."""
        site, kind = self._site(site_id), request.form.get("kind", "")
        if self._commander is None or kind not in ASKABLE:
            abort(400)
        body: dict[str, object] = {}
        device = request.form.get("device", "")
        if kind in _ON_DEVICE and device:
            if site.park is None or device not in site.park.devices:
                abort(400)
            body["device"] = device
        if kind == "change_setting":
            name = request.form.get("name", "")
            try:
                body = {"name": name, "value": float(request.form.get("value", "").replace(",", "."))}
            except ValueError:
                abort(400)
            if why := refused(name, body["value"]):
                return redirect(url_for("commands", site_id=site_id, wrong=why), 303)
        if kind.startswith("maintenance") and not device:
            abort(400)
        self._commander.issue(site_id, kind, g.account.name, body)
        return redirect(url_for("commands", site_id=site_id), 303)

    def _site(self, site_id: str) -> SiteFacts:
        found = next((one for one in self._facts.sites() if one.id == site_id), None)
        return found or abort(404)


def asked_text(one: KeptOrder, site: SiteFacts, say: Language) -> str:
    """What was asked, in words."""
    body = one.order.body
    device = str(body.get("device", ""))
    name = say.isolate(site.park.name(device) if site.park else device) if device else ""
    about_incident = {
        "acknowledge": say.gettext("Prise en charge"),
        "intervention_start": say.gettext("Début d’intervention"),
        "note": say.gettext("Commentaire"),
        "decide": say.gettext("Décision"),
    }
    if one.order.kind in about_incident:
        return about_incident[one.order.kind]
    match one.order.kind:
        case "silence":
            return say.gettext("Couper le bip une demi-heure")
        case "maintenance_start":
            return say.gettext("Début de maintenance : %(name)s", name=name)
        case "maintenance_end":
            return say.gettext("Fin de maintenance : %(name)s", name=name)
        case "poll_now" if name:
            return say.gettext("Interroger maintenant : %(name)s", name=name)
        case "poll_now":
            return say.gettext("Tout interroger maintenant")
        case "diagnostics":
            return say.gettext("Diagnostic du boîtier")
        case "read_settings":
            return say.gettext("Lire les réglages")
        case "change_setting":
            return _setting_text(str(body.get("name", "")), float(body.get("value") or 0.0), say)
    return one.order.kind


def _setting_text(name: str, value: float, say: Language) -> str:
    """A setting, or what was decided about the feast that was announced for a day."""
    feast = feast_of(name)
    if feast is None:
        return say.gettext("Régler %(name)s à %(value)s", name=name, value=f"{value:g}")
    day, days = f"{feast[1]:%d/%m/%Y}", value
    if days < 0:
        return say.gettext("Fête annoncée le %(day)s : un jour avant", day=day)
    if days > 0:
        return say.gettext("Fête annoncée le %(day)s : un jour après", day=day)
    return say.gettext("Fête annoncée le %(day)s : confirmée", day=day)


def fate(one: KeptOrder, now: float, say: Language) -> str:
    """How far it has come, in words."""
    match one.state(now):
        case OrderState.DONE:
            return say.gettext("Fait par le boîtier du site")
        case OrderState.REFUSED:
            return say.gettext("Refusé par le boîtier")
        case OrderState.OVERDUE:
            return say.gettext("Resté sans réponse, abandonné")
    if one.sent_at is None:
        return say.gettext("Pas encore parti")
    return say.gettext("Envoyé, le boîtier n’a pas encore répondu")


def _answer(one: KeptOrder) -> str:
    """Why it was refused, or what was asked for, as readable JSON."""
    if one.result is None:
        return ""
    if one.result.refusal:
        return one.result.refusal
    return msgspec.json.format(msgspec.json.encode(one.result.answer)).decode() if one.result.answer else ""
