"""`/api/v1/`: what the pages show, for programs. Signed in; instants ISO 8601 UTC, durations in seconds."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify
from werkzeug.wrappers import Response as AnyResponse

from web.common import iso, needs_sign_in
from web.common.deadlines import Deadline
from web.desk.facts import FleetFacts
from web.desk.figures import Counter, figures
from web.desk.views import Row, fleet


def blueprint(facts: FleetFacts, counter: Counter) -> Blueprint:
    """The routes."""
    api = Blueprint("api", __name__, url_prefix="/api/v1")

    @api.get("/sites")
    @needs_sign_in
    def sites() -> AnyResponse:
        shown = fleet(facts.sites(), g.formats, g.now)
        return _listed(
            [
                {
                    "id": one.site.id,
                    "name": one.site.name,
                    "state": one.state.value,
                    "silent": one.site.silent(g.now),
                    "heard_at": iso(one.site.heard_at),
                    "devices": one.site.devices,
                    "open_incidents": len(one.site.open),
                    "says": one.says,
                }
                for one in shown.tiles
            ]
        )

    @api.get("/incidents")
    @needs_sign_in
    def incidents() -> AnyResponse:
        return _listed([_incident(one) for one in fleet(facts.sites(), g.formats, g.now).rows])

    @api.get("/figures")
    @needs_sign_in
    def four() -> AnyResponse:
        counted = counter.steering(g.now)
        level, repair, cost = counted.four.availability, counted.four.repair, counted.four.cost
        return jsonify(
            {
                "from": iso(counted.start),
                "to": iso(counted.end),
                "availability": level.availability if level else None,
                "coverage": level.coverage if level else None,
                "bounds": level.bounds if level else [None, None],
                "target": counted.four.target,
                "standing": counted.four.standing,
                "missed_s": counted.four.missed_s,
                "mttr_business_s": repair.business_s,
                "mttr_wall_s": repair.wall_s,
                "recurring": len(counted.four.recurring),
                "monthly_cost": cost.total,
                "devices_without_cost": cost.unknown,
                "sentences": [one.sentence for one in figures(counted, g.formats)],
            }
        )

    return api


def _listed(entries: list[dict[str, object]]) -> Response:
    return jsonify({"at": iso(g.now), "items": entries})


def _incident(one: Row) -> dict[str, object]:
    incident = one.incident
    return {
        "id": incident.id,
        "site": one.site.id,
        "cause": incident.cause,
        "title": one.title,
        "severity": incident.priority,
        "root_device": incident.root_device,
        "services": list(incident.services),
        "opened_at": iso(incident.opened_at),
        "detected_at": iso(incident.detected_at),
        "acknowledged_at": iso(incident.acknowledged_at),
        "owner": incident.acknowledged_by or None,
        "response": _clock(one.clocks.response),
        "intervention": _clock(one.clocks.intervention),
        "restore": _clock(one.clocks.restore),
        "next_step": one.next_step,
    }


def _clock(deadline: Deadline | None) -> dict[str, object] | None:
    if deadline is None:
        return None
    return {
        "used_s": deadline.used_s,
        "allowed_s": deadline.allowed_s,
        "due_at": iso(deadline.due_at),
        "breached": deadline.missed,
    }
