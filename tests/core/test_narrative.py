"""The narrative of an incident: golden for every cause, and the rules that no golden can state.

`VIGIE_WRITE_GOLDENS=1 pytest tests/core/test_narrative.py` writes narratives.txt anew; look at the difference first.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.calendar import Calendar
from gateway.core.device import Criticality, Device, Kind, Park, Service
from gateway.core.grammar import LANGUAGES, arabic_form, count, full_date, moment, when
from gateway.core.incident import Cause, Change, ChangeKind, Incident, Symptom, apply, fold
from gateway.core.narrative import (
    ONE_LINE,
    Certainty,
    Context,
    Decision,
    Loss,
    Nature,
    certainty,
    for_the_owner,
    narrative,
    one_line,
    report_lines,
)
from gateway.core.people import Language
from gateway.settings import Target
from web.common.deadlines import clocks

GOLDEN = Path(__file__).with_name("narratives.txt")
NINE = 1_794_991_320.0
"""Wednesday 18 November 2026, 09:42 in Algiers."""

WEEK = dict.fromkeys(("sun", "mon", "tue", "wed", "thu"), ((480, 990),))
HOURS = Calendar("Africa/Algiers", WEEK)
PARK = Park(
    [
        Device("ups-1", "Onduleur salle", Kind.UPS),
        Device("sw-1", "Switch quai", Kind.SWITCH, power="ups-1"),
        Device("srv-1", "Serveur ERP", Kind.SERVER, parent="sw-1", power="ups-1"),
        Device("prn-1", "Imprimante quai", Kind.PRINTER, parent="sw-1"),
    ],
    [Service("erp", "Facturation", Criticality.CRITICAL, ("srv-1",), business="On ne peut plus facturer.")],
)

WHOLE = (Cause.POWER_LOST, Cause.DISK_FULL, Cause.REPORTED)
"""Told while they last, too."""

SHOWN: dict[Cause, tuple[str | None, str, str, float | str | None]] = {
    Cause.POWER_LOST: ("ups-1", "ups.status", "", "OB DISCHRG"),
    Cause.BATTERY_WORN: ("ups-1", "battery.charge", "", 41.0),
    Cause.UPS_OVERLOADED: ("ups-1", "ups.load", "", 112.0),
    Cause.DEVICE_UNREACHABLE: ("sw-1", "reach.up", "", 0.0),
    Cause.LINK_DOWN: ("sw-1", "hw.network.up", "Gi0/7", 0.0),
    Cause.UPLINK_LOST: (None, "gateway.uplink.up", "", 0.0),
    Cause.PORT_ERRORS: ("sw-1", "system.network.error_rate.receive", "Gi0/7", 3.4),
    Cause.DISK_FULL: ("srv-1", "system.filesystem.utilization", "C:", 0.973),
    Cause.DISK_FAILING: ("srv-1", "hw.physical_disk.smart.pending_sectors", "sda", 14.0),
    Cause.RAID_DEGRADED: ("srv-1", "hw.status", "array 0", "warning"),
    Cause.MEMORY_EXHAUSTED: ("srv-1", "system.memory.utilization", "", 0.98),
    Cause.CPU_SATURATED: ("srv-1", "system.cpu.utilization", "", 0.995),
    Cause.OVERHEATING: (None, "ambient.temperature", "", 38.5),
    Cause.FAN_FAILED: ("srv-1", "hw.fan.speed", "fan 2", 0.0),
    Cause.PSU_FAILED: ("srv-1", "hw.status", "psu 1", "critical"),
    Cause.PART_FAILED: ("srv-1", "hw.status", "memory DIMM B2", "failed"),
    Cause.SERVICE_DOWN: ("erp", "reach.up", "", 0.0),
    Cause.SERVICE_SLOW: ("erp", "reach.duration", "", 8.2),
    Cause.BACKUP_MISSED: ("srv-1", "backup.age", "nuit", 187_200.0),
    Cause.CERTIFICATE_EXPIRING: ("erp", "reach.certificate.remaining", "", 518_400.0),
    Cause.CLOCK_WRONG: ("srv-1", "system.clock.offset", "", 312.0),
    Cause.SUPPLY_EMPTY: ("prn-1", "printer.supply.level", "noir", 0.03),
    Cause.REBOOTED: ("srv-1", "system.uptime", "", 95.0),
    Cause.ANOMALY: ("srv-1", "anomaly.score", "system.cpu.utilization", 0.99999),
    Cause.SITE_SILENT: (None, "", "", None),
    Cause.REPORTED: ("erp", "", "", None),
    Cause.CONTRACT_ENDING: ("srv-1", "forecast.margin", "support_ending", -86_400.0),
    Cause.MAINTENANCE_OVERDUE: ("srv-1", "reach.up", "", None),
    Cause.GATEWAY_FAULT: ("gateway", "gateway.fault", "snmp", 1.0),
}


def incident(cause: Cause, *, ended: bool = True, told: bool = True) -> Incident:
    """One incident of a cause as the watch would record it; every other cause stops the service."""
    root, metric, instance, value = SHOWN[cause]
    stops = list(Cause).index(cause) % 2 == 0
    symptoms = [Symptom(root or "srv-1", metric, instance)] if metric else []
    symptoms += [Symptom("srv-1", "reach.up")] if stops else []
    text = "l’ERP est lent" if cause is Cause.REPORTED else ""
    who = "Samira" if text else "gateway"
    changes = [
        Change(
            "a1b2c3",
            ChangeKind.OPENED,
            NINE,
            NINE + 120,
            who,
            text,
            cause,
            root,
            metric,
            instance,
            "P1" if stops else "P3",
            value,
            tuple(symptoms),
            ("erp",) if stops else (),
        )
    ]
    if told:
        changes += [
            Change("a1b2c3", ChangeKind.ACKNOWLEDGED, NINE + 420, NINE + 420, "Karim"),
            Change("a1b2c3", ChangeKind.INTERVENTION_STARTED, NINE + 900, NINE + 900, "Karim"),
            Change("a1b2c3", ChangeKind.TICKED, NINE + 1000, NINE + 1000, "Karim", "look"),
            Change("a1b2c3", ChangeKind.TICKED, NINE + 1100, NINE + 1100, "Samira", "call"),
            Change("a1b2c3", ChangeKind.NOTE, NINE + 1200, NINE + 1200, "Karim", "pièce remplacée"),
        ]
    if ended:
        changes.append(Change("a1b2c3", ChangeKind.RESTORED, NINE + 2280, NINE + 2400))
    return fold(changes)["a1b2c3"]


def context(one: Incident, now: float = NINE + 3000, **more: object) -> Context:
    due = clocks(one, Target(response_s=1800, restore_s=14_400), HOURS, now)
    known = Context(PARK, now, "Dépôt d’Oran", hours=HOURS, response=due.response, restore=due.restore)
    return replace(known, **more)  # type: ignore[arg-type]


def shown(text: str) -> str:
    """Invisible marks made visible, so that the golden can be read and reviewed."""
    return text.replace("\u2068", "⟦").replace("\u2069", "⟧").replace("\u00a0", "␣").replace("\u202f", "␣")


def going_on_text(one: Incident, language: Language) -> str:
    return narrative(one, context(one, NINE + 1500))[language]


def document() -> str:
    parts = []
    for cause in Cause:
        over, going_on = incident(cause), incident(cause, ended=False, told=False)
        decided = context(
            over,
            loss=Loss(12_500, "DZD", ("38 minutes de facturation", "38 دقيقة من الفوترة", "38 minutes of invoicing")),
            decision=Decision("Remplacer la pièce", "Nadia", date(2026, 12, 1)),
            again=[incident(cause), incident(cause)],
        )
        for language in LANGUAGES:
            parts += [
                f"=== {cause} {language}",
                narrative(over, decided)[language],
                *(["--- open", going_on_text(going_on, language)] if cause in WHOLE else []),
                "--- one line",
                one_line(over, decided, language),
                one_line(going_on, context(going_on, NINE + 1500), language),
                "--- owner",
                for_the_owner(over, decided, language),
                for_the_owner(going_on, context(going_on, NINE + 1500), language),
                "",
            ]
    return shown("\n".join(parts))


def test_every_cause_is_told_as_the_golden_says() -> None:
    told = document()
    if os.environ.get("VIGIE_WRITE_GOLDENS"):
        GOLDEN.write_text(told, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8").splitlines() == told.splitlines()


@pytest.mark.parametrize("cause", Cause)
def test_a_report_has_about_ten_lines_and_only_western_digits(cause: Cause) -> None:
    one = incident(cause)
    for text in narrative(one, context(one)).values():
        assert 9 <= len(text.splitlines()) <= 13
        assert all(not char.isdigit() or char.isascii() for char in text)
        assert not re.search(r"[{}%]\w|None", text)


def test_what_people_say_is_never_told_as_measured() -> None:
    one = incident(Cause.DISK_FULL)
    lines = report_lines(one, context(one), "fr")
    assert {line.nature for line in lines if "Karim" in line.text} == {Nature.STATEMENT}
    assert [line.text for line in lines if line.nature is Nature.DEDUCTION] == [
        "Cause confirmée : l’appareil lui-même la montre."
    ]


def test_a_cause_is_confirmed_only_by_its_own_device() -> None:
    own = incident(Cause.DISK_FULL)
    assert certainty(own) is Certainty.CONFIRMED
    assert certainty(replace(own, symptoms=(Symptom("prn-1", "reach.up"),))) is Certainty.PROBABLE
    assert certainty(incident(Cause.DEVICE_UNREACHABLE)) is Certainty.UNKNOWN


def test_a_forecast_is_told_as_a_forecast_and_not_as_measured() -> None:
    one = replace(incident(Cause.DISK_FULL, ended=False), root_metric="forecast.margin", root_instance="disk_full C:")
    lines = report_lines(one, context(one), "fr")
    (sign,) = [line for line in lines if line.text.startswith("Prévu ")]
    assert sign.nature is Nature.DEDUCTION
    assert "Prévision : la panne n’a pas encore eu lieu." in [line.text for line in lines]
    assert not [line for line in lines if "Mesuré" in line.text]


def test_a_revised_explanation_says_what_was_thought_first() -> None:
    first = incident(Cause.DEVICE_UNREACHABLE, ended=False, told=False)
    revised = replace(
        first.story[0], kind=ChangeKind.REVISED, cause=Cause.POWER_LOST, root_device="ups-1", root_metric="ups.status"
    )
    now = fold([*first.story, revised])["a1b2c3"]
    assert "Première explication, revue depuis : Switch quai ne répond plus." in narrative(now, context(now))["fr"]


def test_no_promise_no_cost_and_no_decision_are_said() -> None:
    one = incident(Cause.DISK_FULL)
    text = narrative(one, Context(PARK, NINE, "Oran"))["fr"]
    assert "Engagements : aucun n’est noté." in text
    assert "Coût : pas chiffré." in text
    assert "Décision : aucune n’est notée." in text


def test_a_missed_promise_is_said_to_be_missed() -> None:
    one = incident(Cause.POWER_LOST, ended=False)
    late = context(one, NINE + 6 * 3600)
    assert "remise en service en 4 h : dépassé" in narrative(one, late)["fr"]
    assert "Le délai promis est dépassé." in for_the_owner(one, late, "fr")


def test_an_incident_over_several_days_names_each_day() -> None:
    one = incident(Cause.POWER_LOST)
    long = fold([*one.story[:-1], Change("a1b2c3", ChangeKind.RESTORED, NINE + 90_000, NINE + 90_000)])["a1b2c3"]
    assert narrative(long, context(long, NINE + 100_000))["fr"].splitlines()[1] == (
        "Du mercredi 18 novembre 2026 à 09:42 au jeudi 19 novembre 2026 à 10:42 : 1 jour et 1 h, "
        "dont 9 h 30 pendant les heures de travail."
    )


def test_many_notes_are_counted_and_the_last_are_quoted() -> None:
    one = incident(Cause.DISK_FULL)
    notes = [Change("a1b2c3", ChangeKind.NOTE, NINE + n, NINE + n, "Karim", f"note {n}") for n in range(5)]
    text = narrative(fold([one.story[0], *notes])["a1b2c3"], context(one))["fr"]
    assert "« note 4 » (et 3 notes de plus)" in text
    assert "« note 1 »" not in text


@given(name=st.text(min_size=1, max_size=300), site=st.text(max_size=60))
def test_the_one_line_form_never_outgrows_one_message(name: str, site: str) -> None:
    park = Park([Device("srv-1", name)])
    one = incident(Cause.DISK_FULL, ended=False)
    for language in LANGUAGES:
        assert len(one_line(one, replace(context(one), park=park, site=site), language)) <= ONE_LINE


@pytest.mark.parametrize(
    ("n", "fr", "ar", "en"),
    [
        (0, "0 appareil", "0 جهاز", "0 devices"),
        (1, "1 appareil", "جهاز واحد", "1 device"),
        (2, "2 appareils", "جهازان", "2 devices"),
        (3, "3 appareils", "3 أجهزة", "3 devices"),
        (10, "10 appareils", "10 أجهزة", "10 devices"),
        (11, "11 appareils", "11 جهازًا", "11 devices"),
        (99, "99 appareils", "99 جهازًا", "99 devices"),
        (100, "100 appareils", "100 جهاز", "100 devices"),
        (102, "102 appareils", "102 جهاز", "102 devices"),
        (103, "103 appareils", "103 أجهزة", "103 devices"),
    ],
)
def test_counts_agree_with_their_noun(n: int, fr: str, ar: str, en: str) -> None:
    assert [count(n, "device", language) for language in LANGUAGES] == [fr, ar, en]


@given(st.integers(min_value=3, max_value=10_000))
def test_arabic_forms_repeat_with_every_hundred(n: int) -> None:
    assert arabic_form(n) == arabic_form(n + 100)


@pytest.mark.parametrize(
    ("language", "text"),
    [("fr", "dimanche 1er mars 2026"), ("ar", "الأحد 1 مارس 2026"), ("en", "Sunday 1 March 2026")],
)
def test_dates_are_written_as_each_language_does(language: Language, text: str) -> None:
    assert full_date(date(2026, 3, 1), language) == text


def test_instants_are_those_of_the_sites_zone() -> None:
    assert moment(NINE, "Africa/Algiers", "fr") == "mercredi 18 novembre 2026 à 09:42"
    assert moment(NINE, "Asia/Riyadh", "en") == "Wednesday 18 November 2026 at 11:42"
    assert when(NINE, "Africa/Algiers", "ar", near=NINE + 86_400).startswith("يوم الأربعاء 18 نوفمبر")


def test_the_newest_decision_on_record_is_told_with_who_and_until_when() -> None:
    one = incident(Cause.DISK_FULL)
    for text, whom, day in (("Attendre", "", ""), ("Commander un disque.", "Nadia", "2026-12-01")):
        change = Change(one.id, ChangeKind.DECIDED, NINE + 900, NINE + 900, "Karim Benali", text, whom=whom, day=day)
        one = apply(one, change)
    told = {language: report_lines(one, context(one), language)[-1] for language in LANGUAGES}
    assert {line.nature for line in told.values()} == {Nature.DECISION}
    assert shown(told["fr"].text) == "Décision : Commander un disque (Nadia, avant le 1er décembre 2026)."
    assert "Nadia" in told["ar"].text
    assert "2026" in told["ar"].text
    assert shown(told["en"].text) == "Decision: Commander un disque (Nadia, by 1 December 2026)."
    assert "Commander un disque" in for_the_owner(one, context(one), "fr")


def test_a_decision_without_a_person_or_day_is_told_as_that_of_whoever_took_it() -> None:
    one = incident(Cause.DISK_FULL)
    one = apply(one, Change(one.id, ChangeKind.DECIDED, NINE, NINE, "Karim Benali", "Attendre"))
    assert "Karim Benali, sans date" in shown(report_lines(one, context(one), "fr")[-1].text)


def test_a_power_cut_that_no_ups_saw_does_not_speak_of_one() -> None:
    one = replace(incident(Cause.POWER_LOST), root_device=None, root_metric="reach.up", root_instance="", value=0.0)
    assert "onduleur est passé" not in narrative(one, context(one))["fr"]
    assert "se sont tus au même moment" in narrative(one, context(one))["fr"]


def test_slow_storage_is_told_as_a_device_not_as_a_service() -> None:
    one = replace(incident(Cause.SERVICE_SLOW), root_device="srv-1", root_metric="reach.slowness", value=120.0)
    assert "l’appareil qui garde les fichiers" in narrative(one, context(one))["fr"]
