"""What maintenance costs: shared to the last centime, partial months labelled, unknown told."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.cost import Contract, Expense, Item, Sharing, cost_of, month_of, months, shares, split
from gateway.core.device import Cost, Criticality, Device, Support, SupportModel

TPM = Support(SupportModel.TPM, "Sarl Info", "C-1")
DEVICES = {
    "alger/srv-1": Device(
        "srv-1", "A", criticality=Criticality.CRITICAL, perimeter="Serveurs", support=TPM, cost=Cost(900_000)
    ),
    "alger/sw-1": Device("sw-1", "B", perimeter="Réseau", support=TPM, cost=Cost(100_000)),
    "oran/sw-1": Device("sw-1", "C", criticality=Criticality.IMPORTANT, perimeter="Réseau", support=TPM),
    "oran/prn-1": Device("prn-1", "D", perimeter="Impression", cost=Cost(monthly=12.5)),
    "oran/cam-1": Device("cam-1", "E"),
}
CONTRACT = Contract("C-1", monthly=10_000_00)
JUNE, LATER = date(2026, 6, 1), date(2026, 9, 1)


def test_a_contract_is_shared_by_its_rule_to_the_last_centime() -> None:
    members = ["alger/srv-1", "alger/sw-1", "oran/sw-1"]

    def by(rule: Sharing) -> list[int]:
        return list(shares(1_000_00, Contract("C", sharing=rule), members, DEVICES).values())

    assert by(Sharing.EQUAL) == [33_334, 33_333, 33_333]
    assert by(Sharing.CRITICALITY) == [50_000, 16_667, 33_333]
    assert by(Sharing.PURCHASE) == [90_000, 10_000, 0]


def test_a_month_by_perimeter_adds_up_and_says_what_is_not_known() -> None:
    spent = [
        Expense(date(2026, 6, 10), Item.INTERVENTION, 4_000_00, "alger/srv-1", "i-1"),
        Expense(date(2026, 6, 12), Item.PART, None, "alger/sw-1", "i-2"),
        Expense(date(2026, 6, 30), Item.PART, 99, "gone/long-ago"),
        Expense(date(2026, 7, 1), Item.PART, 5_000_00, "alger/srv-1"),
    ]
    month = month_of(JUNE, [CONTRACT], spent, DEVICES, LATER)
    table = {row.perimeter: dict(row.amounts) for row in month.rows}
    assert table == {
        "": {Item.PART: 99},
        "Impression": {Item.OWN: 12_50},
        "Réseau": {Item.CONTRACT: 6_666_66, Item.PART: 0},
        "Serveurs": {Item.CONTRACT: 3_333_34, Item.INTERVENTION: 4_000_00},
    }
    assert month.total == 14_013_49 == sum(month.column(item) for item in Item)
    assert (month.unknown, month.uncosted, month.partial) == (1, 1, "")


def test_a_contract_that_begins_or_ends_within_the_month_is_charged_by_its_days() -> None:
    begins = Contract("C-1", monthly=3_000_00, starts_on=date(2026, 6, 16))
    month = month_of(JUNE, [begins], [], DEVICES, LATER)
    assert (month.column(Item.CONTRACT), month.partial) == (1_500_00, "contract")
    ended = Contract("C-1", monthly=3_000_00, ends_on=date(2026, 5, 31))
    assert month_of(JUNE, [ended], [], DEVICES, LATER).column(Item.CONTRACT) == 0


def test_a_month_that_still_runs_is_charged_up_to_today_and_labelled() -> None:
    month = month_of(JUNE, [CONTRACT], [], DEVICES, date(2026, 6, 3))
    assert month.partial == "running"
    assert month.column(Item.CONTRACT) == 1_000_00
    assert month.column(Item.OWN) == 125


def test_a_contract_without_devices_is_still_paid() -> None:
    month = month_of(JUNE, [Contract("C-9", monthly=700)], [], {}, LATER)
    assert [(row.perimeter, row.total) for row in month.rows] == [("", 700)]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=9).filter(any))
def test_parts_add_up_to_the_whole_and_none_is_off_by_a_centime(amount: int, weights: list[int]) -> None:
    parts = split(amount, weights)
    assert sum(parts) == amount
    assert all(abs(part - amount * weight / sum(weights)) < 1 for part, weight in zip(parts, weights, strict=True))


@given(st.lists(st.tuples(st.sampled_from([*DEVICES, ""]), st.sampled_from(Item), st.integers(0, 10**8)), max_size=12))
def test_rows_and_columns_add_up_to_the_same_total(spent: list[tuple[str, Item, int]]) -> None:
    expenses = [Expense(JUNE, item, amount, device) for device, item, amount in spent]
    month = month_of(JUNE, [CONTRACT], expenses, DEVICES, LATER)
    assert month.total == sum(month.column(item) for item in Item)
    assert month.total == 10_000_00 + 12_50 + sum(amount for _, _, amount in spent)


def test_an_incident_costs_what_was_told_or_is_unknown_or_was_not_asked() -> None:
    told = [
        Expense(JUNE, Item.INTERVENTION, None, incident="i-1"),
        Expense(JUNE, Item.PART, 500, incident="i-2"),
        Expense(JUNE, Item.INTERVENTION, 700, incident="i-2"),
    ]
    assert (cost_of("i-1", told).known, cost_of("i-1", told).told) == (False, True)
    assert (cost_of("i-2", told).amount, cost_of("i-2", told).known) == (1200, True)
    assert not cost_of("i-3", told).told


def test_months_step_over_the_year() -> None:
    assert months(date(2027, 1, 20), 3) == [date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)]


@pytest.mark.parametrize("day", [date(2028, 2, 1), date(2026, 2, 1), date(2026, 12, 1)])
def test_a_whole_month_costs_a_month_whatever_its_length(day: date) -> None:
    assert month_of(day, [CONTRACT], [], DEVICES, date(2029, 1, 1)).column(Item.CONTRACT) == 10_000_00
