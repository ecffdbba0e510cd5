"""Reports that headquarters sends by itself: when, to whom, once, and again when their facts are changed afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import ModuleType

import pytest

from gateway.core.amendment import Amendment, Kind, Ruling
from gateway.core.reports.period import Rhythm
from web.desk.counting import Office
from web.desk.decisions import REPORT, MemoryBook, amended, feast, ruled
from web.desk.memory import MemoryFleet
from web.desk.notify import MemoryMailbox, NoticeKind, Recipient
from web.desk.paper import file_name, letter, sheet
from web.desk.printing import to_pdf
from web.desk.register import RegisterFile
from web.desk.reporter import Reporter, Sent, issues

NADIA = Recipient("Nadia", "mail", "nadia@sahel.example", reports=("weekly", "monthly"))
OWNER = Recipient("Patron", "mail", "patron@sahel.example", language="ar", reports=("weekly",))
LOCAL = Recipient("Rouiba", "mail", "rouiba@sahel.example", sites=("rouiba",), reports=("weekly",))
HOOK = Recipient("Outil", "webhook", "https://tool.example/")
DAY = 86_400.0


class Desk:
    """A reporter with everything it needs, all in memory."""

    def __init__(self, sahel: ModuleType, *people: Recipient, book: MemoryBook | None = None) -> None:
        self.book = book or MemoryBook()
        self.mailbox = MemoryMailbox()
        self.fleet: MemoryFleet = sahel.fleet()
        self.people = people
        self.office = Office(self.fleet, self.book, RegisterFile(None), Rhythm())
        self.reporter = self.fresh()

    def fresh(self) -> Reporter:
        """The reporter as it is after a restart."""
        return Reporter(self.office, self.mailbox, self.people, "http://desk.example/")

    def sent(self) -> list[Sent]:
        return issues(self.book.entries(REPORT))


def test_the_week_is_sent_on_sunday_morning_and_once(sahel: ModuleType):
    desk = Desk(sahel, NADIA, OWNER, HOOK)
    early = sahel.NOW - 5 * 3600  # 05:20
    desk.reporter.step(early)
    assert [one.period for one in desk.sent() if "W47" in one.period] == []
    before = len(desk.mailbox.notifications())
    desk.reporter.step(sahel.NOW)
    found = desk.mailbox.notifications()[before:]
    assert [(one.to, one.kind, one.language) for one in found] == [
        ("Nadia", NoticeKind.REPORT, "fr"),
        ("Patron", NoticeKind.REPORT, "ar"),
    ]
    assert found[0].subject == "Rapport de la semaine 47 – du 15 au 21 novembre 2026"
    assert "http://desk.example/report/2026-W47" in found[0].text
    assert desk.reporter.step(sahel.NOW + 60) == 0
    assert desk.fresh().step(sahel.NOW + 120) == 0


def test_what_is_interrupted_between_report_and_mailbox_is_completed(sahel: ModuleType):
    desk = Desk(sahel, NADIA)
    desk.reporter.step(sahel.NOW)
    lost, desk.mailbox = desk.mailbox.notifications(), MemoryMailbox()
    desk.fresh().step(sahel.NOW + 60)
    assert [one.key for one in desk.mailbox.notifications()] == [one.key for one in lost]


def test_the_month_goes_to_those_who_want_it(sahel: ModuleType):
    desk = Desk(sahel, NADIA, OWNER)
    desk.reporter.step(sahel.NOW + 10 * DAY)  # 2 December
    months = [one for one in desk.mailbox.notifications() if "novembre" in one.subject and "semaine" not in one.subject]
    assert [one.to for one in months] == ["Nadia"]


def test_who_has_one_site_gets_the_report_of_that_site(sahel: ModuleType):
    desk = Desk(sahel, NADIA, LOCAL)
    desk.reporter.step(sahel.NOW)
    mine = next(one for one in desk.sent() if one.scope == ("rouiba",))
    assert mine.reports["fr"].scope == "Rouiba"
    assert [one.to for one in desk.mailbox.notifications() if one.incident == mine.key] == ["Rouiba"]


def test_a_headquarters_without_facts_sends_nothing(sahel: ModuleType):
    desk = Desk(sahel, NADIA)
    desk.office = replace(desk.office, facts=MemoryFleet([sahel.site("a", "A")]))
    assert desk.fresh().step(sahel.NOW) == 0
    assert desk.sent() == []


def late_work(sahel: ModuleType) -> Amendment:
    """Two hours over the outage of Thursday, entered on Sunday by those who did the work."""
    start = sahel.NOW - 3 * DAY - 3600
    return Amendment("m-1", Kind.MAINTENANCE, "rouiba", "till", start, start + 7200, sahel.NOW, "Atlas", "bloc")


def test_work_entered_afterwards_changes_nothing_until_the_owner_approves_it(sahel: ModuleType):
    desk = Desk(sahel, NADIA)
    desk.reporter.step(sahel.NOW)
    one = late_work(sahel)
    desk.book.write(amended(one, "Atlas", sahel.NOW + 100))
    assert desk.reporter.step(sahel.NOW + 200) == 0
    desk.book.write(ruled(Ruling("m-1", True, sahel.NOW + 300, "Atlas")))
    assert desk.reporter.step(sahel.NOW + 400) == 0, "nobody approves their own work"
    desk.book.write(ruled(Ruling("m-1", True, sahel.NOW + 500, "Nadia Haddad")))
    assert desk.reporter.step(sahel.NOW + 600) == 1
    first, second = (one for one in desk.sent() if one.period == "2026-W47")
    assert (first.version, second.version) == (1, 2)
    assert second.because["fr"] == ("Temps retiré du compte : 120 min, saisi par Atlas, approuvé par Nadia Haddad.",)
    assert first.reports["fr"].tiles[0].value != second.reports["fr"].tiles[0].value
    again = desk.mailbox.notifications()[-1]
    assert again.subject.endswith("(v2)")
    assert "approuvé par Nadia Haddad" in again.text
    assert desk.reporter.step(sahel.NOW + 700) == 0


def test_an_approval_taken_back_is_a_third_issue(sahel: ModuleType):
    desk = Desk(sahel, NADIA)
    desk.reporter.step(sahel.NOW)
    desk.book.write(amended(late_work(sahel), "Atlas", sahel.NOW))
    for n, word in enumerate((True, False), 1):
        desk.book.write(ruled(Ruling("m-1", word, sahel.NOW + n * 100, "Nadia Haddad")))
        desk.reporter.step(sahel.NOW + n * 100 + 50)
    found = [one for one in desk.sent() if one.period == "2026-W47"]
    assert [one.version for one in found] == [1, 2, 3]
    assert "refusé par Nadia Haddad" in found[2].because["fr"][0]
    assert found[2].reports["fr"].tiles[0] == found[0].reports["fr"].tiles[0]


def test_work_of_another_week_or_site_makes_no_new_issue(sahel: ModuleType):
    desk = Desk(sahel, NADIA, LOCAL)
    desk.reporter.step(sahel.NOW)
    old = replace(late_work(sahel), start=sahel.NOW - 30 * DAY, end=sahel.NOW - 30 * DAY + 60)
    elsewhere = replace(late_work(sahel), id="m-2", site="blida", subject="")
    for one in (old, elsewhere):
        desk.book.write(amended(one, "Atlas", sahel.NOW))
        desk.book.write(ruled(Ruling(one.id, True, sahel.NOW + 100, "Nadia Haddad")))
    desk.reporter.step(sahel.NOW + 200)
    assert {(one.scope, one.version) for one in desk.sent() if one.period == "2026-W47"} == {
        ((), 1),
        ((), 2),
        (("rouiba",), 1),
    }


def test_a_feast_shifted_after_the_report_was_sent_issues_it_again(sahel: ModuleType):
    desk = Desk(sahel, NADIA)
    desk.reporter.step(sahel.NOW)
    desk.book.write(feast("DZ", date(2026, 11, 18), date(2026, 11, 18), "Nadia", sahel.NOW + 10))
    assert desk.reporter.step(sahel.NOW + 20) == 0, "confirmed: nothing changes"
    desk.book.write(feast("DZ", date(2026, 11, 18), date(2026, 11, 19), "Nadia", sahel.NOW + 30))
    assert desk.reporter.step(sahel.NOW + 40) == 1
    last = desk.sent()[-1]
    assert last.because["fr"] == ("Jour férié déplacé du 18/11/2026 au 19/11/2026 par Nadia.",)
    assert last.because["en"] == ("Holiday moved from 18/11/2026 to 19/11/2026 by Nadia.",)


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_a_report_is_printed_on_one_page_and_loads_nothing(sahel: ModuleType, language: str):
    pytest.importorskip("weasyprint", reason="weasyprint or pango is not installed", exc_type=OSError)
    desk = Desk(sahel, NADIA)
    desk.reporter.step(sahel.NOW)
    report = desk.sent()[0].reports[language]
    html = sheet(report, 'Sahel "Distribution"')
    assert f'<html lang="{language}" dir="{report.direction}">' in html
    assert "http" not in html
    pdf = to_pdf(html)
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page/") + pdf.count(b"/Type /Page ") <= 1
    assert file_name(report) == f"vigie-{report.id}-{language}.pdf"
    assert letter(report, "http://desk.example").endswith(f"http://desk.example/report/{report.id}\n")
