"""The depot's page: `create_app`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, jsonify, redirect, request, url_for
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as AnyResponse

from gateway.clock import Clock
from gateway.core.figures import RECURRENCE_S
from gateway.settings import Settings
from web.common import BaseOptions, NavItem, State, create_base_app, iso, live_page, needs_sign_in, plain_page
from web.common.language import COMMON_TRANSLATIONS, languages, msgid
from web.common.pages import compress
from web.site import api, views
from web.site.calling import Calling
from web.site.device_view import Reader, device_view
from web.site.discovering import Discovering
from web.site.facts import DAY_S, Facts, Sources, gather
from web.site.legend import done_text, failure_word, help_view, light_word
from web.site.listened import witnesses
from web.site.reporting import Reporting
from web.site.sentences import kind_name
from web.site.week import Week

_FOLDER = Path(__file__).parent
_TEXT_LENGTH = 500
_MOST_S = 31 * DAY_S

_NAV = (
    NavItem("status", msgid("Le site")),
    NavItem("incidents", msgid("Pannes")),
    NavItem("devices", msgid("Appareils")),
    NavItem("week", msgid("Semaine")),
    NavItem("box", msgid("Technicien")),
)


def create_app(settings: Settings, clock: Clock, sources: Sources, *, secret_key: bytes) -> Flask:
    """The depot's page as a WSGI application."""
    card = sources.card
    app = create_base_app(
        BaseOptions(
            folder=_FOLDER,
            brand=card.name,
            subtitle=msgid("Surveillance du site"),
            nav=_NAV,
            accounts=sources.accounts,
            clock=clock,
            secret_key=secret_key,
            timezone=card.timezone,
            language=card.language,
            host_names=settings.page.host_names,
        )
    )
    app.jinja_env.globals.update(
        site_id=card.id,
        version=_version(),
        kinds=kind_name,
        failures=failure_word,
        **{str(state): state for state in State},
    )
    _pages(app, sources)
    Week(sources).register(app)
    _actions(app, sources)
    Reporting(sources, clock).register(app)
    Discovering(sources).register(app)
    Calling(sources, clock).register(app)
    _api(app, sources)
    return app


def _version() -> str:
    try:
        return package_version("vigie")
    except PackageNotFoundError:
        return ""


def _live(template: str, sources: Sources, build: Any) -> Response:
    """A page that renews itself; ``build`` (facts) gives its variables."""

    def variables() -> Mapping[str, Any]:
        done = done_text(request.args.get("done", ""), g.language)
        return {"done": done, **build(gather(sources, g.now))}

    status = sources.status() or {}
    at = status.get("at")
    checked_at = float(at) if isinstance(at, int | float) else None
    return live_page(template, variables, version=sources.version(), checked_at=checked_at)


def _pages(app: Flask, sources: Sources) -> None:
    @app.get("/")
    def status() -> Response:
        return _live("site/status.html", sources, lambda facts: views.status_view(facts, sources, g.formats))

    @app.get("/incidents")
    def incidents() -> Response:
        return _live("site/incidents.html", sources, lambda facts: views.incidents_view(facts, g.formats))

    @app.get("/incidents/<incident>")
    def incident(incident: str) -> Response:
        found = sources.incident(incident) or abort(404)

        def build(facts: Facts) -> Mapping[str, Any]:
            view = views.incident_view(facts, found, sources.incidents(g.now - RECURRENCE_S), g.formats)
            return {**view, "heard": witnesses(sources.entries(), found.id, facts.park, g.language)}

        return _live("site/incident.html", sources, build)

    @app.get("/devices")
    def devices() -> Response:
        return _live("site/devices.html", sources, lambda facts: views.devices_view(facts, g.formats))

    @app.get("/devices/<device>")
    def device(device: str) -> Response:
        if device not in sources.park().devices:
            abort(404)
        reader = Reader(request.args.get("metric", ""), g.account is not None)
        return _live("site/device.html", sources, lambda facts: device_view(facts, device, sources, reader, g.formats))

    @app.get("/box")
    def box() -> Response:
        def build(facts: Facts) -> Mapping[str, Any]:
            lights_now = light_word(facts.status.get("panel") or {}, g.language)
            return {**views.box_view(facts, sources.storage(), g.formats), "lights_now": lights_now}

        return _live("site/box.html", sources, build)

    @app.get("/help")
    def help() -> Response:  # noqa: A001 - the page's name
        return plain_page("site/help.html", done="", **help_view(g.language))

    @app.get("/healthz")
    def healthz() -> Response:
        facts = gather(sources, g.now)
        response = jsonify({"ok": not facts.stale, "checked_at": iso(facts.checked_at)})
        response.status_code = 503 if facts.stale else 200
        return response


def _actions(app: Flask, sources: Sources) -> None:
    card = sources.card

    @app.post("/silence")
    def silence() -> AnyResponse:
        who = g.account.name if g.account else "page"
        sources.submit("silence", who, {})
        return _back("silence", request.form.get("next", "/"))

    @app.post("/incidents/<incident>/<kind>")
    @needs_sign_in
    def act(incident: str, kind: str) -> AnyResponse:
        if kind not in api.ON_INCIDENT or sources.incident(incident) is None:
            abort(404)
        text = request.form.get("text", "").strip()
        if kind in ("note", "decide") and not text:
            abort(400)
        if kind in ("tick", "untick") and text not in {
            step.key for book in card.runbooks.values() for step in book.steps
        }:
            abort(400)
        body = {"incident": incident, "text": text[:_TEXT_LENGTH]}
        if kind == "decide":
            body |= {"whom": request.form.get("whom", "").strip()[:100], "day": request.form.get("day", "")[:10]}
        sources.submit(kind, g.account.name, body)
        return _back(kind, url_for("incident", incident=incident))

    @app.post("/devices/<device>/maintenance")
    @needs_sign_in
    def maintain(device: str) -> AnyResponse:
        if device not in sources.park().devices:
            abort(404)
        return _announce(device, url_for("device", device=device))

    @app.post("/maintenance")
    @needs_sign_in
    def maintain_all() -> AnyResponse:
        return _announce("*", url_for("devices"))

    def _announce(subject: str, page: str) -> AnyResponse:
        kind = "maintenance_start" if request.form.get("begins") == "yes" else "maintenance_end"
        body = {"subject": subject} | ({"hours": request.form.get("hours", "")[:5]} if kind.endswith("start") else {})
        sources.submit(kind, g.account.name, body)
        return _back(kind, page)

    @app.post("/poll")
    @needs_sign_in
    def poll_now() -> AnyResponse:
        sources.submit("poll_now", g.account.name, {})
        return _back("poll_now", url_for("box"))


def _back(done: str, path: str) -> AnyResponse:
    """To the page the button was on (a path of this site, nothing else), with what was done."""
    target = urlsplit(path)
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and not target.netloc
    return redirect(f"{target.path if safe else '/'}?done={done}", 303)


def _api(app: Flask, sources: Sources) -> None:
    spoken = languages((COMMON_TRANSLATIONS, _FOLDER / "translations"))

    def answer(data: Mapping[str, Any]) -> Response:
        response = jsonify(data)
        response.add_etag()
        response.headers["Cache-Control"] = "private, no-cache"
        response.make_conditional(request)
        return compress(response)

    @app.get("/api/v1/status")
    def api_status() -> Response:
        return answer(api.status_json(gather(sources, g.now), spoken))

    @app.get("/api/v1/devices")
    def api_devices() -> Response:
        return answer(api.devices_json(gather(sources, g.now)))

    @app.get("/api/v1/devices/<device>/readings")
    def api_readings(device: str) -> Response:
        if device not in sources.park().devices and device not in sources.park().services:
            abort(404)
        metric, instance = request.args.get("metric", ""), request.args.get("instance", "")
        end = _instant("to", g.now)
        start = _instant("from", end - DAY_S)
        if not metric or not start < end or end - start > _MOST_S:
            abort(400)
        return answer(api.readings_json(device, metric, instance, sources.series(device, metric, instance, start, end)))

    @app.get("/api/v1/incidents")
    def api_incidents() -> Response:
        return answer(api.incidents_json(gather(sources, g.now), spoken))

    @app.get("/api/v1/doctor")
    def api_doctor() -> Response:
        return answer(api.doctor_json(gather(sources, g.now), sources.storage()))

    @app.get("/api/v1/session")
    def api_session() -> Response:
        response = jsonify({"name": g.account.name if g.account else None, "csrf_token": generate_csrf()})
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.post("/api/v1/commands")
    @needs_sign_in
    def api_commands() -> AnyResponse:
        kind, body = _command()
        number = sources.submit(kind, g.account.name, body)
        response = jsonify({"id": number, "kind": kind})
        response.status_code = 202
        return response

    @app.get("/metrics")
    def metrics() -> Response:
        response = Response(api.prometheus(gather(sources, g.now)), content_type="text/plain; version=0.0.4")
        return compress(response)


def _command() -> tuple[str, dict[str, str]]:
    """The command in the request's JSON: ``kind`` and plain text fields."""
    data = request.get_json(silent=True)
    if not isinstance(data, dict) or data.get("kind") not in api.COMMANDS:
        abort(400)
    body = {key: data[key] for key in ("incident", "subject", "device", "text", "whom", "day", "hours") if key in data}
    if not all(isinstance(value, str) and len(value) <= _TEXT_LENGTH for value in body.values()):
        abort(400)
    if data["kind"] in api.ON_INCIDENT and not body.get("incident"):
        abort(400)
    return str(data["kind"]), body


def _instant(name: str, default: float) -> float:
    """An instant of the query: ISO 8601 or seconds since the epoch."""
    text = request.args.get(name, "")
    if not text:
        return default
    try:
        return float(text)
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        abort(400)
    if at.tzinfo is None:
        abort(400)
    return at.timestamp()
