"""Advice with its reasons, approved firmware, recurring duties, who answers for downtime, work entered afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import amendment
from gateway.core.advice import Advice, Argument, Option, Reason, Seen, advise
from gateway.core.amendment import Amendment, Kind, Ruling, Standing, standing
from gateway.core.calendar import Calendar
from gateway.core.device import Cost, Criticality, Device, Park, Service, Support, SupportModel, Warranty
from gateway.core.device import Kind as Make
from gateway.core.incident import Incident
from gateway.core.people import Language
from gateway.core.reports.words import Words
from gateway.core.responsible import Party, downtime, party, together
from gateway.core.service_level import Facts, measure
from gateway.core.upkeep import Duty, DutyKind, DutyState, FirmwareRule, FirmwareState, Spares, due, firmware, spares

TODAY = date(2026, 11, 22)
ALWAYS = Calendar(always_on=True)


def server(**fields: object) -> Device:
    return replace(Device("srv-1", "Server", Make.SERVER, vendor="Dell", model="R740"), **fields)  # type: ignore[arg-type]


# advice


def reasons(advice: Advice) -> set[Reason]:
    return {one.reason for one in advice.arguments}


def test_a_young_critical_device_under_warranty_stays_with_its_manufacturer() -> None:
    device = server(
        criticality=Criticality.CRITICAL, purchased_on=date(2026, 1, 1), warranty=Warranty(date(2029, 1, 1))
    )
    advice = advise(device, Seen(), TODAY)
    assert advice.option is Option.OEM
    assert reasons(advice) == {Reason.UNDER_WARRANTY, Reason.CRITICAL_YOUNG}


def test_a_standard_device_out_of_warranty_is_for_a_third_party() -> None:
    device = server(warranty=Warranty(date(2024, 1, 1)), support=Support(SupportModel.TPM))
    advice = advise(device, Seen(), TODAY)
    assert (advice.option, advice.changes) == (Option.TPM, False)


def test_what_needs_the_manufacturers_firmware_is_shared_and_not_given_away() -> None:
    device = server(kind=Make.FIREWALL, warranty=Warranty(date(2024, 1, 1)))
    assert advise(device, Seen(), TODAY).option is Option.SHARED


def test_an_old_device_that_fails_often_is_to_be_renewed() -> None:
    advice = advise(server(purchased_on=date(2017, 1, 1)), Seen(incidents=6), TODAY)
    assert (advice.option, advice.changes) == (Option.RENEW, True)
    assert {one.reason: one.value for one in advice.arguments}[Reason.MANY_INCIDENTS] == 6


def test_repairs_for_more_than_half_of_its_price_speak_for_a_new_one() -> None:
    dear = advise(server(cost=Cost(purchase=100_000)), Seen(spent=60_000_00), TODAY)
    assert (dear.option, reasons(dear)) == (Option.RENEW, {Reason.STANDARD, Reason.COSTS_MORE})


def spare(**fields: object) -> Duty:
    told = Duty(DutyKind.SPARE_CHECK, "Alimentation", 90, place="Armoire A", last_on=TODAY - timedelta(days=10))
    return replace(told, **{"family": "dell r*", **fields})  # type: ignore[arg-type]


def held(*duties: Duty, **device: object) -> Advice:
    there = server(**device)
    return advise(there, Seen(spares=spares(duties, "rouiba/srv-1", there, TODAY)), TODAY)


def test_a_spare_part_on_hand_speaks_for_a_third_party_and_says_where_it_lies() -> None:
    device = server(criticality=Criticality.IMPORTANT, warranty=Warranty(date(2024, 1, 1)), kind=Make.SERVER)
    without = advise(device, Seen(), TODAY)
    known = spares([spare(count=2), spare(place="Siège", last_on=TODAY - timedelta(days=3))], "a/b", device, TODAY)
    assert known == Spares(3, ("Armoire A", "Siège"), TODAY - timedelta(days=10), True)
    told = advise(device, Seen(spares=known), TODAY).arguments[-1]
    assert told == Argument(Reason.SPARE_ON_HAND, Option.TPM, 1, 3, "Armoire A, Siège", TODAY - timedelta(days=10))
    assert told not in without.arguments


def test_the_lack_of_a_spare_part_tips_the_scales_towards_a_new_device() -> None:
    worn = {"purchased_on": date(2018, 1, 1), "warranty": Warranty(date(2022, 1, 1))}
    worn |= {"criticality": Criticality.IMPORTANT}
    assert held(**worn).option is Option.TPM, "as heavy, and the smaller change"
    assert held(spare(count=0), **worn).option is Option.RENEW
    assert held(spare(), **worn).option is Option.TPM


def test_without_a_spare_part_a_device_under_warranty_leans_on_its_maker() -> None:
    young = {"warranty": Warranty(date(2029, 1, 1))}
    none = held(spare(count=0, last_on=None), **young).arguments[-1]
    assert none == Argument(Reason.NO_SPARE, Option.OEM, 1, 0, "Armoire A", None)


def test_a_spare_part_that_nobody_has_checked_lately_is_told_and_weighs_nothing() -> None:
    late = held(spare(last_on=TODAY - timedelta(days=200))).arguments[-1]
    assert (late.reason, late.weight) == (Reason.SPARE_UNCHECKED, 0)
    assert held(spare(last_on=None)).arguments[-1].reason is Reason.SPARE_UNCHECKED


@pytest.mark.parametrize(
    "other",
    [
        {"family": "hp *"},
        {"family": ""},
        {"device": "rouiba/srv-2"},
        {"site": "oran"},
        {"kind": DutyKind.BATTERY_TEST},
    ],
)
def test_a_part_that_fits_something_else_says_nothing(other: dict[str, object]) -> None:
    assert spares([spare(**other)], "rouiba/srv-1", server(), TODAY) is None


def test_a_part_of_its_own_or_in_its_own_store_fits() -> None:
    for fits in ({"device": "rouiba/srv-1", "family": ""}, {"site": "rouiba"}):
        assert spares([spare(**fits)], "rouiba/srv-1", server(), TODAY) is not None
    both = spares([spare(count=0, place="Oran"), spare()], "rouiba/srv-1", server(), TODAY)
    assert both is not None
    assert (both.count, both.places) == (1, ("Armoire A",))


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("fr", "pièces de rechange : 1 (Armoire A), vérifié le 11/11/2026"),
        ("en", "spare parts: 1 (Armoire A), checked on 11/11/2026"),
        ("ar", "قطع الغيار: 1"),
    ],
)
def test_the_reason_says_place_and_day(language: Language, expected: str) -> None:
    told = spare(last_on=date(2026, 11, 11), every_days=10_000)
    known = spares([told], "rouiba/srv-1", server(), TODAY)
    text = Words(language).reason(advise(server(), Seen(spares=known), TODAY).arguments[-1])
    assert text.startswith(expected)


def test_without_facts_there_is_no_advice() -> None:
    assert advise(server(criticality=Criticality.IMPORTANT), Seen(), TODAY) == Advice(None, ())


# duties and firmware


@pytest.mark.parametrize(
    ("last", "state"),
    [
        (None, DutyState.NEVER),
        (TODAY - timedelta(days=91), DutyState.OVERDUE),
        (TODAY - timedelta(days=90), DutyState.SOON),
        (TODAY - timedelta(days=76), DutyState.SOON),
        (TODAY - timedelta(days=75), DutyState.DONE),
    ],
)
def test_a_duty_is_called_to_mind_two_weeks_before_it_is_due(last: date | None, state: DutyState) -> None:
    assert Duty(DutyKind.RESTORE_DRILL, "ERP", 90, last_on=last).state(TODAY) is state


def test_what_was_never_done_comes_first_then_the_longest_overdue() -> None:
    duties = [
        Duty(DutyKind.BATTERY_TEST, "b", 30, last_on=date(2026, 10, 1)),
        Duty(DutyKind.SPARE_CHECK, "c", 30, last_on=date(2026, 11, 20)),
        Duty(DutyKind.RESTORE_DRILL, "a", 30, last_on=date(2026, 1, 1)),
        Duty(DutyKind.RESTORE_DRILL, "never", 30),
    ]
    assert [one.what for one in due(duties, TODAY)] == ["never", "a", "b"]


def test_firmware_is_held_against_what_is_approved_for_its_family() -> None:
    rule = FirmwareRule("dell *", ("2.0", "2.1"), who="Nadia")
    devices = {
        "a/new": server(firmware="2.1"),
        "a/good": server(firmware="2.0"),
        "a/old": server(firmware="1.9"),
        "a/mute": server(),
        "a/other": server(vendor="HPE"),
    }
    found = {one.device: one.state for one in firmware([rule], devices)}
    assert found == {
        "a/mute": FirmwareState.UNSEEN,
        "a/old": FirmwareState.NOT_APPROVED,
        "a/good": FirmwareState.ACCEPTED,
        "a/new": FirmwareState.CURRENT,
    }


# who answers

PARK = Park(
    [Device("srv-1", "S", support=Support(SupportModel.TPM)), Device("sw-1", "W")],
    [Service("erp", "ERP", depends_on=("srv-1",)), Service("web", "Web", depends_on=("sw-1",))],
)


def test_firmware_that_the_device_tells_counts_and_not_what_was_once_written_down() -> None:
    rule = FirmwareRule("dell *", ("1.9", "2.0"))
    written = Device("s", "S", vendor="Dell", model="R540", firmware="2.0", said={"firmware": "1.8"})
    (found,) = firmware([rule], {"a/s": written})
    assert (found.seen, found.state) == ("1.8", FirmwareState.NOT_APPROVED)


def incident(cause: str, root: str | None, start: float, end: float | None, *services: str) -> Incident:
    return Incident(f"{cause}{start}", cause, root, "", "", "P1", start, start, services=services, restored_at=end)


def test_each_cause_has_its_party() -> None:
    assert party(incident("power_lost", "ups-1", 0, 1), PARK) is Party.ELECTRICITY
    assert party(incident("uplink_lost", None, 0, 1), PARK) is Party.OPERATOR
    assert party(incident("device_unreachable", "srv-1", 0, 1), PARK) is Party.PROVIDER
    assert party(incident("device_unreachable", "sw-1", 0, 1), PARK) is Party.US
    assert party(incident("service_down", "erp", 0, 1, "erp"), PARK) is Party.PROVIDER


def test_downtime_is_given_to_those_who_answer_and_the_rest_to_nobody() -> None:
    facts = Facts(0, 1000, ((100, 200), (300, 500)), unknown=((600, 800),), deduced=((700, 800),))
    told = [
        incident("power_lost", "ups-1", 90, 150, "erp"),
        incident("device_unreachable", "srv-1", 100, 200, "erp"),
        incident("uplink_lost", None, 450, None, "erp"),
        incident("uplink_lost", None, 0, None, "web"),
    ]
    parts = downtime("erp", facts, ALWAYS, told, PARK)
    assert parts == {Party.ELECTRICITY: 150, Party.OPERATOR: 50, Party.PROVIDER: 50, Party.UNEXPLAINED: 150}
    assert sum(together([parts, parts]).values()) == 2 * measure(facts, ALWAYS).down_s


SPANS = st.lists(st.tuples(st.integers(0, 999), st.integers(0, 999)).map(lambda p: (min(p), max(p))), max_size=4)


@given(SPANS, SPANS, SPANS, SPANS)
def test_the_parts_always_add_up_to_the_downtime(
    down: list[tuple[float, float]],
    unknown: list[tuple[float, float]],
    deduced: list[tuple[float, float]],
    blamed: list[tuple[float, float]],
) -> None:
    facts = Facts(0, 1000, down, ((100, 200),), unknown, deduced)
    told = [incident(("power_lost", "uplink_lost")[n % 2], None, a, b, "erp") for n, (a, b) in enumerate(blamed)]
    assert sum(downtime("erp", facts, ALWAYS, told, PARK).values()) == measure(facts, ALWAYS).down_s


# entered afterwards

LATE = Amendment("m-1", Kind.MAINTENANCE, "alger", "erp", 1000, 8200, 90_000, "Sarl Info")
LIVE = replace(LATE, id="m-2", entered_at=1000)


def test_what_is_written_down_while_it_happens_counts_at_once() -> None:
    assert standing(LIVE, []) is Standing.IN_FORCE


def test_what_is_entered_afterwards_waits_for_the_owner() -> None:
    assert standing(LATE, []) is Standing.WAITING
    assert standing(LATE, [Ruling("m-1", True, 95_000, "Owner")]) is Standing.IN_FORCE
    assert (
        standing(LATE, [Ruling("m-1", True, 95_000, "Owner"), Ruling("m-1", False, 96_000, "Owner")])
        is Standing.REFUSED
    )


def test_nobody_approves_their_own_work() -> None:
    assert standing(LATE, [Ruling("m-1", True, 95_000, "Sarl Info")]) is Standing.WAITING


def test_only_what_is_in_force_is_taken_off() -> None:
    whole_site = replace(LIVE, id="m-3", subject="", start=20_000, end=None, entered_at=20_000)
    entered = [LATE, LIVE, whole_site, replace(LIVE, id="m-4", site="oran"), replace(LIVE, id="m-5", kind=Kind.PAUSE)]
    assert amendment.spans(entered, [], Kind.MAINTENANCE, "alger", ["erp"]) == ((1000, 8200), (20_000, None))
    assert LATE.minutes(0) == 120
    assert whole_site.minutes(26_000) == 100
