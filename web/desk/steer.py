"""The steering pages: report, costs, upkeep, calendar, and every table as CSV."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from flask import Blueprint, Response, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from gateway.core.advice import Advice, Seen, advise
from gateway.core.cost import cost_of, month_of, months
from gateway.core.figures import is_fault
from gateway.core.people import Language
from gateway.core.reports import details
from gateway.core.reports import tables as make
from gateway.core.reports.count import Counted, devices_of
from gateway.core.reports.document import Cell, Column, Table
from gateway.core.reports.period import Period, before, by_id, last_due, week_of
from gateway.core.reports.period import month_of as month_period
from gateway.core.reports.weekly import Issue, build, incident_title
from gateway.core.reports.words import Words
from gateway.core.upkeep import spares
from web.common import live_page, needs_sign_in
from web.common.tables import to_csv
from web.desk.counting import Office
from web.desk.decisions import REPORT
from web.desk.paper import file_name, sheet
from web.desk.printing import to_pdf
from web.desk.reporter import Sent, issues

_MONTHS = 6
_YEAR_S = 365 * 86_400.0


def blueprint(office: Office, brand: str) -> Blueprint:
    """The routes."""
    steer = Blueprint("steer", __name__)
    pages = Steer(office, brand)
    for rule, view in (
        ("/report", pages.newest),
        ("/report/<period>", pages.report),
        ("/report/<period>/pdf", pages.report_pdf),
        ("/costs", pages.costs),
        ("/upkeep", pages.upkeep),
        ("/tables/<name>.csv", pages.csv_table),
    ):
        steer.add_url_rule(rule, view.__name__, needs_sign_in(view), methods=["GET"])
    return steer


class Steer:
    """The views; they write nothing."""

    def __init__(self, office: Office, brand: str) -> None:
        self._office = office
        self._brand = brand

    def newest(self) -> AnyResponse:
        """The report that was due last."""
        found = last_due(g.now, "weekly", self._office.rhythm)
        return redirect(url_for("steer.report", period=found.id), 303)

    def report(self, period: str) -> AnyResponse:
        """One week or month, as it stands now, with the issues that were sent."""
        found = self._period(period)

        def build_page() -> dict[str, object]:
            following = self._following(found)
            weekly = found.kind == "weekly"
            other = (
                month_period(found.last, self._office.rhythm) if weekly else week_of(found.last, self._office.rhythm)
            )
            return {
                "report": build(self._counted(found), _language(), Issue(self._version(found))),
                "earlier": before(found, self._office.rhythm).id,
                "later": following.id if following.start <= g.now else "",
                "other": other.id if other.start <= g.now else last_due(g.now, other.kind, self._office.rhythm).id,
                "weekly": weekly,
                "running": found.end > g.now,
                "issues": [_shown(one) for one in self._issues(found)],
                "csv": lambda name: url_for("steer.csv_table", name=name, period=found.id),
                "active": "steer.newest",
            }

        return self._page("desk/report.html", build_page)

    def report_pdf(self, period: str) -> AnyResponse:
        """The same as PDF: of a period that was sent, the newest issue as it was sent."""
        found = self._period(period)
        sent = [one for one in self._issues(found) if not one.scope]
        report = sent[-1].reports[_language()] if sent else build(self._counted(found), _language())
        response = Response(to_pdf(sheet(report, self._brand)), mimetype="application/pdf")
        response.headers["Content-Disposition"] = f'inline; filename="{file_name(report)}"'
        return response

    def costs(self) -> AnyResponse:
        """What maintenance costs, by perimeter, month and incident; contracts; advice."""
        say = g.language

        def build_page() -> dict[str, object]:
            return {
                "title": say.gettext("Coûts de maintenance"),
                "subtitle_text": "",
                "advice_text": "",
                "tables": self._cost_tables(),
                "faults": self._office.register.faults(),
                "done": "",
                "csv": lambda name: url_for("steer.csv_table", name=name),
            }

        return self._page("desk/steer.html", build_page)

    def upkeep(self) -> AnyResponse:
        """What has to be done again and again, and firmware against what is approved."""
        say = g.language

        def build_page() -> dict[str, object]:
            return {
                "title": say.gettext("Entretien"),
                "subtitle_text": "",
                "advice_text": say.gettext(
                    "Qui met à jour quoi, quand et comment ; essais de restauration, batteries, pièces de rechange."
                ),
                "tables": self._upkeep_tables(),
                "faults": self._office.register.faults(),
                "done": "",
                "csv": lambda name: url_for("steer.csv_table", name=name),
            }

        return self._page("desk/steer.html", build_page)

    def csv_table(self, name: str) -> AnyResponse:
        """Any table of these pages as a file; ``?period=`` chooses the period of those of a report."""
        groups: tuple[Callable[[], Sequence[Table]], ...] = (
            self._report_tables,
            self._cost_tables,
            self._upkeep_tables,
        )
        found = next((table for group in groups for table in group() if table.id == name), None)
        if found is None:
            abort(404)
        response = Response(to_csv(found), content_type="text/csv; charset=utf-8")
        response.headers["Content-Disposition"] = f'attachment; filename="vigie-{found.id}.csv"'
        return response

    def _report_tables(self) -> Sequence[Table]:
        text = request.args.get("period", "")
        period = self._period(text) if text else last_due(g.now, "weekly", self._office.rhythm)
        counted, say = self._counted(period), Words(_language())
        report = build(counted, _language())
        return (*report.tables, details.services(counted, say), details.incidents(counted, say))

    def _cost_tables(self) -> Sequence[Table]:
        say, today = Words(_language()), self._today()
        counted = self._counted(month_period(today, self._office.rhythm))
        books, devices = counted.books, counted.devices
        assert books is not None  # noqa: S101 - headquarters always has them
        every = [month_of(first, books.contracts, books.expenses, devices, today) for first in months(today, _MONTHS)]
        return (
            make.costs(every[-1], say),
            make.by_month(every, say),
            _by_incident(counted, say),
            make.contracts(books.contracts, say, today),
            make.advice(_advice(counted, today), devices, say),
        )

    def _upkeep_tables(self) -> Sequence[Table]:
        say = Words(_language())
        books = self._counted(month_period(self._today(), self._office.rhythm)).books
        assert books is not None  # noqa: S101 - headquarters always has them
        return (make.duties(books.duties, self._today(), say), make.firmware(books.firmware, say))

    def _counted(self, period: Period) -> Counted:
        return self._office.counted(period, g.now)

    def _today(self) -> date:
        local: datetime = g.formats.local(g.now)
        return local.date()

    def _period(self, text: str) -> Period:
        found = by_id(text, self._office.rhythm)
        return found if found is not None and found.start <= g.now else abort(404)

    def _following(self, period: Period) -> Period:
        day = period.last + timedelta(days=1)
        rhythm = self._office.rhythm
        return week_of(day, rhythm) if period.kind == "weekly" else month_period(day, rhythm)

    def _issues(self, period: Period) -> list[Sent]:
        return [one for one in issues(self._office.book.entries(REPORT)) if one.period == period.id]

    def _version(self, period: Period) -> int:
        return max((one.version for one in self._issues(period) if not one.scope), default=1)

    def _page(self, template: str, build_page: Callable[[], dict[str, object]]) -> AnyResponse:
        version = f"{self._office.facts.version()} {hash(self._office.register.read())}"
        return live_page(template, build_page, version=version, checked_at=g.now)


def _shown(one: Sent) -> dict[str, object]:
    return {"version": one.version, "at": one.at, "because": one.because.get(_language(), ())}


def _language() -> Language:
    code: Language = g.language.code
    return code


def _by_incident(counted: Counted, say: Words) -> Table:
    """What each incident of the last year cost, the dearest first."""
    expenses = counted.books.expenses if counted.books else ()
    rows = []
    for site in counted.sites:
        for one in site.incidents:
            cost = cost_of(one.id, expenses)
            if is_fault(one) and cost.told and counted.at - one.opened_at < _YEAR_S:
                text = say.money(cost.amount) if cost.known else say.say(("inconnu", "غير معروف", "unknown"))
                title = Cell(incident_title(site, one, say.language), one.id)
                rows.append((cost.amount, (title, Cell(text, cost.amount / 100 if cost.known else None))))
    rows.sort(key=lambda row: -row[0])
    return Table(
        "incident-costs",
        say.say(("Par panne", "حسب العطل", "By incident")),
        (
            Column(say.say(("Panne", "العطل", "Incident")), "incident"),
            Column(say.say(("Coût", "التكلفة", "Cost")), "cost", number=True),
        ),
        tuple(cells for _, cells in rows),
        empty=say.say(
            ("Aucune panne n’a encore de coût noté.", "لم تُسجَّل تكلفة أي عطل.", "No incident has a cost noted yet.")
        ),
    )


def _advice(counted: Counted, today: date) -> list[tuple[str, Advice]]:
    """Advice for every device, changes first."""
    books = counted.books
    year = today - timedelta(days=365)
    found = []
    for name, device in devices_of(counted.sites).items():
        site, _, own = name.partition("/")
        incidents = sum(
            one.root_device == own and is_fault(one) and counted.at - one.opened_at < _YEAR_S
            for one in counted.site(site).incidents
        )
        spent = sum(one.amount or 0 for one in books.expenses if one.device == name and one.on > year) if books else 0
        held = spares(books.duties, name, device, today) if books else None
        found.append((name, advise(device, Seen(incidents, held, spent), today)))
    return sorted(found, key=lambda one: (not one[1].changes, one[0]))
