"""The weekly page from counted facts: what it says in three languages, and that it adds up. Golden files hold the
words: after a wanted change, run `VIGIE_GOLDEN=write .venv/bin/pytest tests/core/test_reports.py` and read the diff."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from time import process_time
from zoneinfo import ZoneInfo

import pytest

from gateway.core.calendar import Calendar
from gateway.core.cost import Contract, Expense, Item
from gateway.core.device import GATEWAY, Criticality, Device, Kind, Park, Service, Support, SupportModel
from gateway.core.incident import Change, ChangeKind, Incident, Transition, Verdict, fold
from gateway.core.outages import Told
from gateway.core.people import Language
from gateway.core.reports import details
from gateway.core.reports.count import Books, Counted, SiteRecord, count, facts_over
from gateway.core.reports.document import Report
from gateway.core.reports.period import Rhythm, before, by_id, last_due, month_of, week_of
from gateway.core.reports.weekly import Issue, build
from gateway.core.reports.words import Words
from gateway.core.responsible import Party
from gateway.core.service_level import Standing, measure, pool
from gateway.core.stopwatch import Promise
from gateway.core.upkeep import Duty, DutyKind, FirmwareRule, firmware

GOLDENS = Path(__file__).with_name("goldens")
RHYTHM = Rhythm()
WEEK = dict.fromkeys(("sun", "mon", "tue", "wed", "thu"), ((480, 990),))
HOURS = Calendar("Africa/Algiers", WEEK)
OK, BAD, UNKNOWN = Verdict.OK, Verdict.CRITICAL, Verdict.UNKNOWN
ATLAS = Support(SupportModel.TPM, "Atlas", "AT-1", "021 00 00 00")


def at(text: str, zone: str = "Africa/Algiers") -> float:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZoneInfo(zone)).timestamp()


PARK = Park(
    [
        Device("ups-1", "Onduleur", Kind.UPS, perimeter="Énergie"),
        Device("srv-1", "Serveur de caisse", Kind.SERVER, power="ups-1", perimeter="Serveurs", support=ATLAS),
        Device("sw-1", "Commutateur", Kind.SWITCH, perimeter="Réseau", vendor="Cisco", model="CBS250", firmware="3.1"),
    ],
    [
        Service("till", "Caisse", Criticality.CRITICAL, ("srv-1",)),
        Service("wifi", "Wi-Fi", Criticality.STANDARD, ("sw-1",)),
    ],
)


def incident(name: str, cause: str, root: str | None, opened: str, restored: str = "", **more: object) -> Incident:
    start = at(opened)
    told = [Change(name, ChangeKind.OPENED, start, start, cause=cause, root_device=root, priority="P1")]
    told = [replace(told[0], **more)]  # type: ignore[arg-type]
    if restored:
        told += [Change(name, ChangeKind.ACKNOWLEDGED, start + 600, start + 600, "Nadia")]
        told += [Change(name, ChangeKind.RESTORED, at(restored), at(restored))]
    return fold(told)[name]


def row(when: str, subject: str, after: Verdict, metric: str = "reach.up", cause: str = "") -> Transition:
    return Transition(subject, metric, "", UNKNOWN, after, at(when), at(when), cause=cause)


ROUIBA = SiteRecord(
    "rouiba",
    "Rouiba",
    PARK,
    HOURS,
    HOURS,
    transitions=[
        *(row("10-01T08:00", one, OK) for one in ("srv-1", "sw-1")),
        row("10-01T08:00", "ups-1", OK, "ups.status"),
        row("10-01T08:00", GATEWAY, OK, "self.up"),
        row("11-10T09:00", "srv-1", BAD),
        row("11-10T12:40", "srv-1", OK),
        row("11-17T09:00", "srv-1", BAD),
        row("11-17T09:52", "srv-1", OK),
        # Wednesday: the mains, and the box with them an hour later
        row("11-18T13:00", "ups-1", BAD, "ups.status", "power_lost"),
        row("11-18T14:00", GATEWAY, UNKNOWN, "self.up"),
        *(row("11-18T14:00", one, UNKNOWN) for one in ("srv-1", "sw-1")),
        row("11-18T14:00", "ups-1", UNKNOWN, "ups.status"),
        row("11-18T15:00", "ups-1", OK, "ups.status"),
        *(row("11-18T15:10", one, OK) for one in ("srv-1", "sw-1")),
        row("11-19T10:00", "sw-1", UNKNOWN),
        row("11-19T12:10", "sw-1", OK),
    ],
    incidents=[
        incident("a", "device_unreachable", "srv-1", "11-10T09:00", "11-10T12:40", services=("till",)),
        incident("b", "device_unreachable", "srv-1", "11-17T09:00", "11-17T09:52", services=("till",)),
        incident("c", "power_lost", "ups-1", "11-18T13:00", "11-18T15:10", services=("till", "wifi")),
        incident("d", "disk_full", "srv-1", "11-20T13:00", priority="P4"),
    ],
    targets={Criticality.CRITICAL: 0.95, Criticality.STANDARD: 0.9},
    promises={"b": Promise(300, None, 4 * 3600), "c": Promise(1800, None, 4 * 3600)},
)
BOOKS = Books(
    [Contract("AT-1", "Serveurs", monthly=142_000_00)],
    [
        Expense(date(2026, 11, 17), Item.INTERVENTION, 12_500_50, "rouiba/srv-1", "b"),
        Expense(date(2026, 11, 18), Item.PART, None, "rouiba/ups-1", "c"),
    ],
    [Duty(DutyKind.RESTORE_DRILL, "ERP", 90, last_on=date(2026, 7, 1)), Duty(DutyKind.BATTERY_TEST, "Onduleur", 180)],
    firmware([FirmwareRule("cisco *", ("3.2",))], {"rouiba/sw-1": PARK.devices["sw-1"]}),
    520_000_00,
)
SUNDAY = at("11-22T06:00")
PERIOD = last_due(SUNDAY, "weekly", RHYTHM)


def counted(*sites: SiteRecord, books: Books | None = BOOKS, now: float = SUNDAY) -> Counted:
    return count(sites or (ROUIBA,), PERIOD, before(PERIOD, RHYTHM), now, books)


def written(report: Report) -> str:
    """A report as lines that a person can read and compare."""
    lines = [f"# {report.title} | {report.period} | v{report.version} | {report.direction}", *report.because, ""]
    lines += [*report.essence, ""]
    lines += [f"{t.name} | {t.value} | {t.tone} | {t.word} | {t.sentence} | {t.trend}" for t in report.tiles]
    for table in report.tables:
        lines += ["", f"## {table.title}", " | ".join(column.title for column in table.columns)]
        lines += [" | ".join(cell.text for cell in cells) for cells in (*table.rows, table.total) if cells]
        lines += [table.note] if table.note else []
    for section in report.sections:
        lines += ["", f"## {section.title}", *section.lines]
    return "\n".join([*lines, "", *report.foot, ""]).replace("\u00a0", "_").replace("\u202f", "'")


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_a_week_in_words_equals_its_golden(language: Language) -> None:
    text = written(build(counted(), language))
    golden = GOLDENS / f"week-{language}.txt"
    if os.environ.get("VIGIE_GOLDEN") == "write":
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def test_a_month_is_told_the_same_way() -> None:
    month = month_of(date(2026, 11, 1), RHYTHM)
    report = build(count([ROUIBA], month, before(month, RHYTHM), at("12-01T06:00"), BOOKS), "fr")
    assert (report.id, report.title) == ("2026-11", "Rapport de novembre 2026")
    assert report.period == "du 1er au 30 novembre 2026"


def test_what_the_week_adds_up_to() -> None:
    week = counted()
    till = next(one for one in week.services if one.service == "till")
    # 52 minutes measured, 70 minutes deduced from the power cut
    assert (till.level.down_s, till.level.deduced_s, till.level.unknown_s) == (122 * 60, 70 * 60, 0)
    assert week.parties == {Party.ELECTRICITY: 70 * 60, Party.PROVIDER: 52 * 60}
    assert sum(week.parties.values()) == week.levels[Criticality.CRITICAL].level.down_s
    assert week.by_site["rouiba"].level.down_s == till.level.down_s
    assert week.before.availability is not None
    assert week.before.availability.down_s == 220 * 60


def test_the_error_budget_of_a_week_that_is_not_over_is_that_of_the_whole_week() -> None:
    tuesday = counted(now=at("11-17T16:30"))
    spent = tuesday.levels[Criticality.CRITICAL].budget
    assert spent is not None
    assert spent.allowed_s == pytest.approx(0.05 * 42.5 * 3600)
    assert spent.used_s == 52 * 60
    assert spent.burn == pytest.approx(52 * 60 / spent.allowed_s / (25.5 / 42.5))


def test_a_week_that_runs_is_in_progress_while_outage_is_still_allowed() -> None:
    """52 minutes down are 96.6 % on Tuesday evening, and the week allows 127 minutes."""
    report = build(counted(now=at("11-17T16:30")), "fr")
    critical = report.tables[0].rows[0]
    assert critical[-1].text == "En cours"
    assert (critical[-1].value, critical[-1].tone) == ("in_progress", "ok")
    assert report.tiles[0].word == "En cours"
    assert "encore 1\u00a0h\u00a015 d’arrêt permis" in report.tiles[0].sentence
    assert report.essence[0].startswith("En cours : 96,60")
    assert report.tables[0].note.endswith("ne suffira pas jusqu’à la fin.")


def test_a_week_that_runs_and_burns_too_fast_is_marked() -> None:
    strict = replace(ROUIBA, targets={Criticality.CRITICAL: 0.96})
    critical = build(counted(strict, now=at("11-17T10:00")), "fr").tables[0].rows[0]
    assert (critical[-1].text, critical[-1].tone) == ("En cours", "watch")
    assert critical[-2].value > 1  # type: ignore[operator]


def test_a_week_that_runs_is_missed_once_nothing_is_left() -> None:
    told = [one for one in ROUIBA.transitions if one.at < at("11-17T09:30")]
    worse = replace(ROUIBA, transitions=[*told, row("11-17T12:52", "srv-1", OK)])
    tuesday = counted(worse, now=at("11-17T16:30"))
    assert tuesday.levels[Criticality.CRITICAL].standing is Standing.MISSED
    assert tuesday.four.missed_s == pytest.approx((232 - 127.5) * 60)


def test_work_that_is_planned_later_in_the_week_allows_less_outage() -> None:
    planned = [(at("11-19T08:00"), at("11-19T16:30")), (at("11-17T16:00"), None)]
    spent = counted(replace(ROUIBA, maintenance={"till": planned}), now=at("11-17T16:30"))
    budget = spent.levels[Criticality.CRITICAL].budget
    assert budget is not None
    assert budget.allowed_s == pytest.approx(0.05 * (42.5 - 8.5 - 0.5) * 3600)


def test_a_service_added_on_wednesday_may_be_down_for_its_share_of_the_rest_of_the_week() -> None:
    told = [row("11-18T08:00", "srv-1", OK), row("11-18T08:00", "sw-1", OK)]
    budget = counted(replace(ROUIBA, transitions=told), now=at("11-18T12:00")).levels[Criticality.CRITICAL].budget
    assert budget is not None
    assert budget.allowed_s == pytest.approx(0.05 * 17 * 3600)


def test_a_silent_site_is_unknown_from_its_last_word_and_named() -> None:
    silent = replace(ROUIBA, silent_since=at("11-19T13:30"))
    week = counted(silent)
    assert week.services[0].level.unknown_s == 3 * 3600
    assert "Muets à la clôture" in build(week, "fr").foot[2]
    back = replace(ROUIBA, silent_since=at("11-22T05:00"))
    assert not any("Muets" in line for line in build(counted(back), "fr").foot)


def test_maintenance_entered_at_headquarters_is_taken_off() -> None:
    worked = replace(ROUIBA, maintenance={"till": [(at("11-17T09:00"), at("11-17T10:00"))]})
    assert counted(worked).services[0].level.down_s == 70 * 60


def test_a_service_added_on_wednesday_is_counted_from_then() -> None:
    told = [row("11-18T08:00", "srv-1", OK), row("11-18T08:00", "sw-1", OK)]
    level = counted(replace(ROUIBA, transitions=told)).services[0].level
    assert level.contract_s == 2 * 8.5 * 3600
    assert level.coverage == 1.0


def test_replayed_twice_and_out_of_order_incidents_count_the_same() -> None:
    shuffled = replace(ROUIBA, incidents=[*ROUIBA.incidents][::-1])
    assert build(counted(shuffled), "fr") == build(counted(), "fr")


def test_many_sites_add_up_to_all_of_them() -> None:
    other = replace(ROUIBA, id="blida", name="Blida", incidents=(), transitions=ROUIBA.transitions[:4])
    both = counted(ROUIBA, other)
    levels = [one.level for one in both.services if one.criticality is Criticality.CRITICAL]
    assert both.levels[Criticality.CRITICAL].level == pool(levels)
    assert "Rouiba – Serveur de caisse ne répond plus" in build(both, "fr").tables[1].rows[1][0].text


def test_a_depot_without_books_tells_no_costs_and_no_duties() -> None:
    report = build(counted(books=None), "fr")
    assert [table.id for table in report.tables] == ["levels", "incidents"]
    assert len(report.tiles) == 3
    assert not any(section.title == "À faire" for section in report.sections)


def test_a_second_issue_says_why() -> None:
    report = build(counted(), "en", Issue(2, ("Because.",), "Rouiba"))
    assert (report.version, report.because, report.scope) == (2, ("Because.",), "Rouiba")


def test_a_week_in_which_nothing_was_recorded_claims_nothing() -> None:
    empty = counted(SiteRecord("new", "New", Park(), HOURS, HOURS), books=Books())
    report = build(empty, "en")
    assert [tile.value for tile in report.tiles] == ["–", "–", "0", "–"]
    assert report.tables[0].empty == "No service is declared."


def test_the_whole_of_a_week_is_there_for_a_spreadsheet() -> None:
    say = Words("en")
    services = details.services(counted(), say)
    keys = [column.key for column in services.columns]
    till = dict(zip(keys, (cell.value for cell in services.rows[0]), strict=True))
    assert till["down_s"] == till["down_electricity_s"] + till["down_provider_s"]  # type: ignore[operator]
    assert till["mttr_business_s"] == 61 * 60
    rows = {row[0].value: row for row in details.incidents(counted(), say).rows}
    assert set(rows) == {"b", "c"}
    assert rows["b"][-1].value == 12_500.5
    assert rows["c"][-1].value is None, "unknown is no amount"


# periods


def test_the_algerian_week_runs_from_sunday_and_is_told_on_the_next_sunday_morning() -> None:
    week = week_of(date(2026, 11, 18), RHYTHM)
    assert (week.id, week.first, week.last) == ("2026-W47", date(2026, 11, 15), date(2026, 11, 21))
    assert (week.start, week.end, week.due_at) == (at("11-15T00:00"), at("11-22T00:00"), at("11-22T06:00"))
    assert last_due(at("11-22T05:59"), "weekly", RHYTHM).id == "2026-W46"
    assert last_due(at("11-22T06:00"), "weekly", RHYTHM).id == "2026-W47"


def test_a_month_is_due_on_the_first_of_the_next() -> None:
    assert last_due(at("12-01T05:59"), "monthly", RHYTHM).id == "2026-10"
    assert last_due(at("12-01T06:00"), "monthly", RHYTHM).id == "2026-11"


@pytest.mark.parametrize("day", ["sun", "mon", "sat"])
@pytest.mark.parametrize("zone", ["Africa/Algiers", "Europe/Paris", "America/New_York"])
def test_weeks_follow_one_another_without_gap_through_years_and_summer_time(day: str, zone: str) -> None:
    rhythm = Rhythm(zone, day, 7)
    week = week_of(date(2029, 1, 20), rhythm)
    seen = set()
    for _ in range(160):
        earlier = before(week, rhythm)
        assert earlier.end == week.start
        assert by_id(week.id, rhythm) == week
        seen.add(week.id)
        week = earlier
    assert len(seen) == 160


@pytest.mark.parametrize("text", ["", "2026-W60", "2026-13", "nonsense", "2026-W1", "10000-W01"])
def test_what_names_no_period_is_none(text: str) -> None:
    assert by_id(text, RHYTHM) is None


def test_a_year_of_five_hundred_services_takes_less_than_two_seconds_of_one_core() -> None:
    services = [Service(f"s{n}", "S", Criticality.CRITICAL, (f"d{n}",)) for n in range(500)]
    devices = [Device(f"d{n}", "D") for n in range(500)]
    start, end = at("01-01T00:00"), at("12-31T00:00")
    told = []
    for n in range(500):
        told.append(Transition(f"d{n}", "reach.up", "", UNKNOWN, OK, start, start))
        for k in range(40):
            down = start + (k * 9 + n % 9) * 86_400.0 + 9 * 3600 + n % 300 * 60
            told.append(Transition(f"d{n}", "reach.up", "", OK, BAD, down, down))
            told.append(Transition(f"d{n}", "reach.up", "", BAD, OK, down + 5400, down + 5400))
    told.sort(key=lambda one: one.at)
    hours = Calendar("Africa/Algiers", WEEK, frozenset({date(2026, 7, 5)}))
    site = SiteRecord("a", "A", Park(devices, services), hours, hours, told)
    begun = process_time()
    record = Told(site.transitions)
    found = [facts_over(site, one.id, record, (start, end)) for one in services]
    levels = [measure(facts, hours) for facts in found if facts is not None]
    assert process_time() - begun < 2.0
    assert len(levels) == 500
    assert pool(levels).outages > 8_000
