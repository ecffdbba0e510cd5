"""What falls due soon: duties of the register and contracts about to end, each once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from gateway.core.agenda import CONTRACT_DAYS, Appointment, agenda
from gateway.core.cost import Contract
from gateway.core.people import Language
from gateway.core.reports.words import Words, appointment_text
from gateway.core.upkeep import SOON_DAYS, Duty, DutyKind

TODAY = date(2026, 11, 22)
DRILL = Duty(DutyKind.RESTORE_DRILL, "ERP", 90, who="Nadia")


def done(ago: int) -> Duty:
    return Duty(DutyKind.BATTERY_TEST, "Onduleur", 30, site="rouiba", last_on=TODAY - timedelta(days=ago))


def test_a_duty_is_called_to_mind_from_two_weeks_before_its_day() -> None:
    assert agenda([done(30 - SOON_DAYS - 1)], [], TODAY) == []
    [one] = agenda([done(30 - SOON_DAYS)], [], TODAY)
    assert (one.kind, one.what, one.site, one.on) == (
        DutyKind.BATTERY_TEST,
        "Onduleur",
        "rouiba",
        TODAY + timedelta(days=SOON_DAYS),
    )


def test_what_was_never_done_comes_first_and_what_is_overdue_next() -> None:
    found = agenda([done(20), DRILL, done(40)], [], TODAY)
    assert [one.on for one in found] == [None, TODAY - timedelta(days=10), TODAY + timedelta(days=10)]


@pytest.mark.parametrize(("days", "told"), [(CONTRACT_DAYS + 1, 0), (CONTRACT_DAYS, 1), (0, 1), (-1, 0)])
def test_a_contract_is_called_to_mind_a_month_before_it_ends(days: int, told: int) -> None:
    contract = Contract("AT-1", "Serveurs", provider="Atlas", ends_on=TODAY + timedelta(days=days))
    assert len(agenda([], [contract, Contract("AT-2")], TODAY)) == told


def test_the_same_thing_has_one_name_as_it_comes_nearer_and_another_for_its_next_day() -> None:
    keys = {agenda([done(20)], [], TODAY + timedelta(days=later))[0].key for later in range(60)}
    assert len(keys) == 1
    assert agenda([DRILL], [], TODAY)[0].key != agenda([done(20)], [], TODAY)[0].key


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", "Test de restauration : ERP, Rouiba, Nadia, 02/12/2026."),
        ("en", "Restore drill: ERP, Rouiba, Nadia, 02/12/2026."),
    ],
)
def test_an_appointment_in_words(language: Language, expected: str) -> None:
    one = Appointment(DutyKind.RESTORE_DRILL, "ERP", "rouiba", who="Nadia", on=date(2026, 12, 2))
    assert appointment_text(one, Words(language), "Rouiba") == expected
    end = Appointment(None, "Serveurs", who="Atlas", on=date(2026, 12, 2))
    assert appointment_text(end, Words("fr")) == "Fin de contrat : Serveurs, Atlas, 02/12/2026."
    never = Appointment(DutyKind.RESTORE_DRILL, "ERP")
    assert appointment_text(never, Words("en")) == "Restore drill: ERP, never done."
