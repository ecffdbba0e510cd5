"""The depot's own week: the same one page as headquarters', counted from the depot's record, without costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, abort, g, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from gateway.core.figures import RECURRENCE_S, is_fault
from gateway.core.people import Language
from gateway.core.reports import details
from gateway.core.reports.count import Counted, SiteRecord, count
from gateway.core.reports.period import Period, Rhythm, before, by_id, week_of
from gateway.core.reports.weekly import build
from gateway.core.reports.words import Words
from gateway.core.stopwatch import Promise
from web.common import live_page
from web.common.tables import to_csv
from web.site.facts import Facts, Sources, gather


class Week:
    """The views; they read the record and write nothing."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._rhythm = Rhythm(sources.card.timezone)

    def register(self, app: Flask) -> None:
        """Adds the routes."""
        app.add_url_rule("/week", "week", self.newest, methods=["GET"])
        app.add_url_rule("/week/<period>", "one_week", self.week, methods=["GET"])
        app.add_url_rule("/week/<period>/<name>.csv", "week_table", self.table, methods=["GET"])

    def newest(self) -> AnyResponse:
        """Leads to the week that runs."""
        return redirect(url_for("one_week", period=week_of(g.formats.local(g.now).date(), self._rhythm).id), 303)

    def week(self, period: str) -> Response:
        """One week as it stands now."""
        found = self._period(period)

        def variables() -> Mapping[str, Any]:
            return {
                "report": build(self._counted(found), _language()),
                "earlier": before(found, self._rhythm).id,
                "running": found.end > g.now,
                "csv": lambda name: url_for("week_table", period=found.id, name=name),
                "active": "week",
                "facts": gather(self._sources, g.now),
            }

        return live_page("site/week.html", variables, version=self._sources.version(), checked_at=g.now)

    def table(self, period: str, name: str) -> Response:
        """A table of the week as a file."""
        counted, say = self._counted(self._period(period)), Words(_language())
        tables = (
            *build(counted, _language()).tables,
            details.services(counted, say),
            details.incidents(counted, say),
        )
        found = next((one for one in tables if one.id == name), None)
        if found is None:
            abort(404)
        response = Response(to_csv(found), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="vigie-{found.id}.csv"'
        return response

    def _period(self, text: str) -> Period:
        found = by_id(text, self._rhythm)
        return found if found is not None and found.start <= g.now and found.kind == "weekly" else abort(404)

    def _counted(self, period: Period) -> Counted:
        sources, facts = self._sources, gather(self._sources, g.now)
        card = facts.card
        record = SiteRecord(
            id=card.id,
            name=card.name,
            park=facts.park,
            hours=card.hours,
            responder=card.hours,
            transitions=sources.transitions(0.0, g.now, None),
            incidents=sources.incidents(g.now - RECURRENCE_S),
            targets={level: one.availability for level, one in card.targets.items() if one.availability is not None},
            promises=_promises(facts),
        )
        return count([record], period, before(period, self._rhythm), g.now)


def _promises(facts: Facts) -> dict[str, Promise]:
    """What was promised for each fault, in the zone of its root."""
    found = {}
    for one in facts.incidents:
        target = facts.card.targets.get(facts.criticality(one))
        root = facts.park.devices.get(one.root_device or "")
        if is_fault(one) and target is not None:
            here = target.of_zone(root.zone) if root else target
            found[one.id] = Promise(here.response_s, here.intervention_s, here.restore_s)
    return found


def _language() -> Language:
    code: Language = g.language.code
    return code
