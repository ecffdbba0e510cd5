"""A person at the depot says in plain words what is wrong. No account is needed: who sees it must be able to say it.

What protects the queue is a ration: three reports at once from one address, then one in five minutes; ten in all, then
one in two minutes. What is over it is refused with the number to call.
"""

from __future__ import annotations

from flask import Flask, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from gateway.clock import Clock
from gateway.core.device import GATEWAY
from gateway.core.ration import Rate, Ration
from web.common import plain_page
from web.common.language import Language
from web.site.facts import Sources

TEXT_LENGTH = 500
NAME_LENGTH = 60
TICKET_LENGTH = 40
_EACH = Rate(1 / 300, 3)
_TOGETHER = Rate(1 / 120, 10)
_TOO_MANY, _BAD = 429, 400


class Reporting:
    """The form and what becomes of it."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._ration = Ration(_EACH, _TOGETHER)

    def register(self, app: Flask) -> None:
        """Adds the routes."""
        app.add_url_rule("/report", "report", self.show, methods=["GET"])
        app.add_url_rule("/report", "send_report", self.send, methods=["POST"])

    def show(self) -> AnyResponse:
        """The empty form."""
        return self._form("", 200)

    def send(self) -> AnyResponse:
        """Keeps the report as a command of the agent, which opens an incident."""
        say: Language = g.language
        park = self._sources.park()
        subject, text = request.form.get("subject", ""), _words("text", TEXT_LENGTH)
        if not text or (subject and subject not in park.services and subject not in park.devices):
            return self._form(say.gettext("Dites en quelques mots ce qui ne va pas."), _BAD)
        if not self._ration.admit(request.remote_addr, self._clock.monotonic()):
            return self._form(say.gettext("Trop de signalements à la suite. Si c’est urgent, téléphonez."), _TOO_MANY)
        ticket = _words("ticket", TICKET_LENGTH)
        body = {"text": f"{text} · Ticket {ticket}" if ticket else text}
        if subject:
            body["subject"] = subject
        who = g.account.name if g.account else _words("name", NAME_LENGTH) or "page"
        self._sources.submit("report", who, body)
        return redirect(url_for("status", done="report"), 303)

    def _form(self, fault: str, status: int) -> AnyResponse:
        park = self._sources.park()
        devices = [one for one in park.devices.values() if one.id != GATEWAY]
        response = plain_page(
            "site/report.html",
            done="",
            fault=fault,
            services=sorted(park.services.values(), key=lambda one: one.name),
            devices=sorted(devices, key=lambda one: one.name),
            given=request.form,
            phone=self._sources.card.phone,
            active="incidents",
            lengths=(TEXT_LENGTH, NAME_LENGTH, TICKET_LENGTH),
        )
        response.status_code = status
        return response


def _words(field: str, length: int) -> str:
    """What was written, on one line."""
    return " ".join(request.form.get(field, "").split())[:length]
