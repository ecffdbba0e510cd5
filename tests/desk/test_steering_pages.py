"""Report, costs, upkeep and calendar over HTTP: what they show, what people write with them, every table as a file."""

from __future__ import annotations

import csv
import gzip
import io
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.clock import FakeClock
from gateway.core.amendment import Amendment, Kind
from gateway.core.device import Park
from gateway.feasts import feasts
from web.common import MemoryAccounts
from web.common.accounts import RESPONDER, hash_secret
from web.desk.app import DeskOptions, create_app
from web.desk.counting import Office
from web.desk.decisions import EXPENSE, FEAST, RULING, MemoryBook, amended, expenses_of, moves_of, pauses_of
from web.desk.memory import MemoryFleet
from web.desk.register import RegisterFile

NAME, SECRET = "Nadia Haddad", "un long mot de passe"
HASH = hash_secret(SECRET)
PAGES = ("/report/2026-W47", "/report/2026-10", "/costs", "/upkeep", "/calendar")
TABLES = ("levels", "incidents", "costs", "services", "all-incidents", "months", "incident-costs", "contracts")
TABLES += ("advice", "duties", "firmware")
REGISTER = """
[[contract]]
id = "AT-2026-118"
monthly = 142000
[[duty]]
kind = "restore_drill"
what = "=ERP"
every_days = 90
[[duty]]
kind = "spare_check"
what = "Alimentation 495 W"
family = "dell t150"
place = "Siège, armoire A"
count = 0
every_days = 90
last_on = 2026-11-02
[[firmware]]
family = "cisco *"
approved = ["3.2"]
"""


def aged(park: Park | None) -> Park | None:
    """The same park with an old till server."""
    if park is None:
        return None
    old = {"srv-1": {"purchased_on": date(2017, 3, 1)}}
    devices = [replace(one, **old.get(one.id, {})) for one in park.devices.values()]
    return Park(devices, park.services.values())


class Headquarters:
    """A signed-in person before the pages."""

    def __init__(self, sahel: ModuleType, folder: Path, owners: tuple[str, ...] = ()) -> None:
        register = folder / "register.toml"
        register.write_text(REGISTER)
        sites = [replace(one, country="DZ", park=aged(one.park)) for one in sahel.sites()]
        start = sahel.NOW - 3 * 86_400
        work = Amendment(
            "m-1", Kind.MAINTENANCE, "rouiba", "till", start, start + 7200, sahel.NOW - 60, "Atlas", "bloc"
        )
        own = replace(work, id="m-2", entered_by=NAME)
        self.book = MemoryBook(amended(work, "Atlas", sahel.NOW - 60), amended(own, NAME, sahel.NOW - 60))
        self.fleet = MemoryFleet(sites, sahel.notifications(), sahel.transitions(), self.book)
        accounts = MemoryAccounts()
        accounts.add(NAME, RESPONDER, HASH)
        office = Office(self.fleet, self.book, RegisterFile(register))
        options = DeskOptions("Sahel", accounts, b"k" * 32, office=office, owners=owners)
        self.client: FlaskClient = create_app(self.fleet, options, FakeClock(sahel.NOW)).test_client()
        self.post("/sign-in", "/sign-in", name=NAME, secret=SECRET)

    def post(self, page: str, path: str, **form: str) -> TestResponse:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        assert found is not None
        return self.client.post(path, data={**form, "csrf_token": found[1]})


@pytest.fixture
def desk(sahel: ModuleType, tmp_path: Path) -> Headquarters:
    return Headquarters(sahel, tmp_path)


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_shown_in_every_language_and_stays_light(desk: Headquarters, path: str, language: str):
    desk.client.set_cookie("lang", language)
    answer = desk.client.get(path)
    assert answer.status_code == 200
    assert "%(" not in answer.text
    assert "{n}" not in answer.text
    assert "style=" not in answer.text
    assert len(gzip.compress(answer.data, 6)) <= 6 * 1024


@pytest.mark.parametrize("path", [*PAGES, "/report", "/report/2026-W47/pdf", "/tables/levels.csv"])
def test_nobody_sees_them_without_signing_in(desk: Headquarters, path: str):
    stranger = desk.client.application.test_client()
    assert stranger.get(path).location.partition("?")[0] == "/sign-in"


def test_the_menu_leads_to_the_report_that_was_due_last(desk: Headquarters):
    assert desk.client.get("/report").location == "/report/2026-W47"
    page = desk.client.get("/report/2026-W47").text
    assert "Les engagements critiques sont tenus" in page
    assert "/report/2026-W46" in page
    assert "/report/2026-11" in page


def test_a_week_that_is_not_over_says_so_and_one_to_come_is_not_there(desk: Headquarters):
    assert "ces chiffres bougent encore" in desk.client.get("/report/2026-W48").text
    assert desk.client.get("/report/2026-W49").status_code == 404
    assert desk.client.get("/report/nonsense").status_code == 404


@pytest.mark.parametrize("name", TABLES)
def test_every_table_comes_as_a_file_with_one_value_per_column(desk: Headquarters, name: str):
    answer = desk.client.get(f"/tables/{name}.csv?period=2026-W47")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="vigie-{name}.csv"'
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))
    assert len({len(row) for row in rows}) == 1
    assert all(rows[0])


def test_the_costs_in_a_file_add_up(desk: Headquarters):
    text = desk.client.get("/tables/costs.csv?period=2026-10").data.decode("utf-8-sig")
    *rows, total = csv.DictReader(io.StringIO(text), delimiter=";")
    for key in ("contract", "intervention", "part", "own", "total"):
        assert round(sum(float(row[key]) for row in rows), 2) == float(total[key])
    assert float(total["contract"]) == 142_000


def test_a_text_that_looks_like_a_formula_stays_a_text(desk: Headquarters):
    assert ";'=ERP;" in desk.client.get("/tables/duties.csv").text


def test_an_unknown_table_is_not_found(desk: Headquarters):
    assert desk.client.get("/tables/nothing.csv").status_code == 404


def test_the_report_is_printed_in_the_language_of_the_reader(desk: Headquarters):
    pytest.importorskip("weasyprint", reason="weasyprint or pango is not installed", exc_type=OSError)
    desk.client.set_cookie("lang", "ar")
    answer = desk.client.get("/report/2026-W47/pdf")
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    assert "vigie-2026-W47-ar.pdf" in answer.headers["Content-Disposition"]


def test_a_moving_feast_is_shifted_with_all_its_days(desk: Headquarters):
    days = [one.on for one in feasts("DZ", [2027]) if one.estimated and "Fitr" in one.name]
    assert len(days) > 1
    page = desk.client.get("/calendar").text
    assert "Estimée" in page
    answer = desk.post("/calendar", "/calendar/feast", country="DZ", on=days[0].isoformat(), shift="1")
    assert answer.status_code == 303
    moved = moves_of(desk.book.entries(FEAST))["DZ"]
    assert [(moved[day] - day).days for day in days] == [1] * len(days)
    assert "Confirmée" in desk.client.get("/calendar").text


@pytest.mark.parametrize(
    "form", [{"shift": "2"}, {"country": "FR"}, {"on": "2027-01-01"}, {"on": "x"}], ids=["shift", "country", "day", "x"]
)
def test_only_a_moving_feast_can_be_moved_and_by_a_day(desk: Headquarters, form: dict[str, str]):
    day = next(one.on for one in feasts("DZ", [2027]) if one.estimated)
    sent = {"country": "DZ", "on": day.isoformat(), "shift": "1", **form}
    assert desk.post("/calendar", "/calendar/feast", **sent).status_code == 400


def test_the_owner_approves_what_others_entered_but_not_their_own(desk: Headquarters):
    assert desk.post("/calendar", "/calendar/rule", id="m-1", word="yes").status_code == 303
    assert desk.post("/calendar", "/calendar/rule", id="m-2", word="yes").status_code == 403
    assert desk.post("/calendar", "/calendar/rule", id="m-3", word="yes").status_code == 400
    assert len(desk.book.entries(RULING)) == 1


def test_where_owners_are_named_nobody_else_approves(sahel: ModuleType, tmp_path: Path):
    desk = Headquarters(sahel, tmp_path, owners=("Patron",))
    assert desk.post("/calendar", "/calendar/rule", id="m-1", word="yes").status_code == 403


def test_maintenance_is_entered_in_local_time_and_waits_for_somebody_else(desk: Headquarters):
    form = {"subject": "rouiba/till", "start": "2026-11-17T09:00", "end": "2026-11-17T10:00", "reason": "bloc"}
    assert desk.post("/calendar", "/calendar/amend", **form).status_code == 303
    assert desk.client.get("/calendar").text.count("Attend</span>") == 3
    for wrong in ({"end": "2026-11-17T08:00"}, {"reason": " "}, {"subject": "x/y"}, {"start": "x"}):
        assert desk.post("/calendar", "/calendar/amend", **{**form, **wrong}).status_code == 400


def test_an_incident_is_told_what_it_cost_or_that_nobody_knows(desk: Headquarters):
    path = "/incidents/rouiba/c0ffee000099"
    assert "Combien cette panne a-t-elle coûté" in desk.client.get(path).text
    assert desk.post(path, f"{path}/cost", unknown="1").status_code == 303
    assert "Inconnu" in desk.client.get(path).text
    assert desk.post(path, f"{path}/cost", amount="12 500,50", item="part").status_code == 303
    assert "12\u202f500,50" in desk.client.get(path).text
    told = expenses_of(desk.book.entries(EXPENSE))
    assert [(one.amount, one.device, one.by) for one in told] == [
        (None, "rouiba/srv-1", NAME),
        (12_500_50, "rouiba/srv-1", NAME),
    ]


@pytest.mark.parametrize("amount", ["", "-1", "nan", "inf", "1e99", "beaucoup"])
def test_what_is_no_amount_is_refused(desk: Headquarters, amount: str):
    path = "/incidents/rouiba/c0ffee000099"
    assert desk.post(path, f"{path}/cost", amount=amount).status_code == 400
    assert desk.book.entries(EXPENSE) == []


def test_an_incident_waits_for_a_supplier_and_goes_on(desk: Headquarters, sahel: ModuleType):
    path = "/incidents/rouiba/c0ffee000147"
    assert desk.post(path, f"{path}/wait", **{"for": "nobody"}).status_code == 400
    assert desk.post(path, f"{path}/wait", **{"for": "supplier"}).status_code == 303
    assert "les délais sont suspendus" in desk.client.get(path).text
    entries = desk.book.entries("amendment")
    assert pauses_of("rouiba", entries)["c0ffee000147"] == ((sahel.NOW, None),)
    assert desk.post(path, f"{path}/wait").status_code == 303
    assert pauses_of("rouiba", desk.book.entries("amendment"))["c0ffee000147"] == ((sahel.NOW, sahel.NOW),)
    assert "les délais sont suspendus" not in desk.client.get(path).text


def test_advice_says_which_spare_parts_there_are_where_and_when_they_were_seen(desk: Headquarters):
    text = desk.client.get("/tables/advice.csv").text.lstrip("\ufeff")
    reasons = [row[-1] for row in csv.reader(io.StringIO(text), delimiter=";")]
    assert any("no_spare" in cell for cell in reasons)
    page = desk.client.get("/costs").text
    assert "pas de pièce de rechange (Siège, armoire A), vérifié le 02/11/2026" in page
    assert "Alimentation 495 W (0)" in desk.client.get("/upkeep").text
