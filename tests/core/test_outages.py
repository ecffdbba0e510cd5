"""Outages and unknown time as derived from the recorded transitions."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.device import GATEWAY, Device, Park, Service
from gateway.core.incident import Cause, Transition, Verdict
from gateway.core.outages import Told, carried, facts_of, first_word, service_facts
from gateway.core.service_level import Facts

OK, BAD, UNKNOWN, WORK = Verdict.OK, Verdict.CRITICAL, Verdict.UNKNOWN, Verdict.MAINTENANCE


def history(subject: str, *steps: tuple[float, Verdict], before: Verdict = UNKNOWN) -> list[Transition]:
    """Transitions of reach.up in the order in which they were written."""
    found = []
    for at, after in steps:
        found.append(Transition(subject, "reach.up", "", before, after, at, at + 60))
        before = after
    return found


def test_down_from_the_first_bad_reading_to_the_first_good_one() -> None:
    rows = history("erp", (-50, OK), (20, BAD), (30, OK))
    assert facts_of("erp", rows, 0, 100) == Facts(0, 100, ((20, 30),))


def test_what_was_never_judged_is_unknown() -> None:
    assert facts_of("erp", [], 0, 100) == Facts(0, 100, unknown=((0, 100),))


def test_time_before_the_first_judgement_is_unknown() -> None:
    assert facts_of("erp", history("erp", (40, OK)), 0, 100).unknown == ((0, 40),)


def test_an_outage_that_lasts_has_no_end() -> None:
    assert facts_of("erp", history("erp", (0, OK), (70, BAD)), 0, 100).outages == ((70, None),)


def test_an_outage_that_ends_after_the_period_has_its_end_there() -> None:
    rows = history("erp", (0, OK), (70, BAD), (150, OK))
    assert facts_of("erp", rows, 0, 100).outages == ((70, 100),)


def test_blindness_noticed_afterwards_overrules_what_was_concluded_meanwhile() -> None:
    rows = history("erp", (0, OK), (52, BAD), (50, UNKNOWN), (80, OK))
    facts = facts_of("erp", rows, 0, 100)
    assert facts.outages == ()
    assert facts.unknown == ((50, 80),)


def test_maintenance_is_neither_down_nor_unknown() -> None:
    facts = facts_of("erp", history("erp", (0, OK), (20, WORK), (40, UNKNOWN), (45, OK)), 0, 100)
    assert facts.maintenance == ((20, 40),)
    assert facts.unknown == ((40, 45),)


def test_other_metrics_and_a_warning_are_no_outage() -> None:
    slow = Transition("erp", "reach.duration", "", OK, BAD, 10, 10)
    warned = history("erp", (0, OK), (30, Verdict.WARNING))
    assert facts_of("erp", [slow, *warned], 0, 100) == Facts(0, 100)


PARK = Park(
    [Device("srv", "srv"), Device("nas", "nas")],
    [Service("erp", "ERP", depends_on=("srv", "files")), Service("files", "Files", depends_on=("nas",))],
)


def test_a_service_without_a_check_is_down_while_anything_it_stands_on_is() -> None:
    rows = [*history("srv", (0, OK), (10, BAD), (20, OK)), *history("nas", (0, OK), (15, BAD), (30, OK))]
    assert service_facts(PARK, "erp", rows, 0, 100).outages == ((10, 30),)
    assert service_facts(PARK, "files", rows, 0, 100).outages == ((15, 30),)


def test_a_service_is_surely_down_though_another_part_of_it_is_unknown() -> None:
    rows = [*history("srv", (0, OK), (10, BAD), (20, OK)), *history("nas", (0, OK), (5, UNKNOWN), (30, OK))]
    facts = service_facts(PARK, "erp", rows, 0, 100)
    assert facts.outages == ((10, 20),)
    assert facts.unknown == (
        (5, 10),
        (20, 30),
    )


def test_a_service_with_its_own_check_is_what_its_check_says() -> None:
    rows = [*history("srv", (0, OK), (10, BAD)), *history("erp", (0, OK))]
    assert service_facts(PARK, "erp", rows, 0, 100) == Facts(0, 100)


# what has to be known of the time before a period

POWERED = Park(
    [Device("ups", "UPS"), Device("a", "A", power="ups"), Device("b", "B")],
    [
        Service("needs", "Needs both", depends_on=("a", "b")),
        Service("either", "Either", depends_on=("a", "b"), redundant=True),
        Service("checked", "Checked", depends_on=("a",)),
    ],
)
ROW = st.builds(
    lambda at, subject, after, instance, lost: Transition(
        subject,
        {"ups": "ups.status", GATEWAY: "self.up"}.get(subject, "reach.up"),
        instance if subject == "a" else "",
        UNKNOWN,
        after,
        float(at),
        float(at),
        cause=Cause.POWER_LOST if subject == "ups" and lost else "",
    ),
    st.integers(0, 30),
    st.sampled_from(["a", "b", "checked", "ups", GATEWAY]),
    st.sampled_from([OK, BAD, UNKNOWN, WORK]),
    st.sampled_from(["", "2"]),
    st.booleans(),
)


@given(st.lists(ROW, max_size=40), st.integers(0, 30), st.integers(1, 10))
def test_a_period_counts_the_same_from_what_is_carried_into_it(rows: list[Transition], start: int, length: int) -> None:
    whole = sorted(rows, key=lambda one: one.at)
    short = [*carried(whole, start), *(one for one in whole if one.at >= start)]
    again = [*carried(short, start), *(one for one in short if one.at >= start)]
    assert again == short, "carrying what was carried changes nothing"
    full, part = Told(whole), Told(short)
    for service in POWERED.services:
        ours = service_facts(POWERED, service, part, start, start + length)
        assert ours == service_facts(POWERED, service, full, start, start + length)
        assert first_word(POWERED, service, part) == first_word(POWERED, service, full)


def test_a_year_of_flapping_is_carried_as_two_rows() -> None:
    rows = history("erp", *((float(day), BAD if day % 2 else OK) for day in range(365)))
    noise = [replace(one, metric="reach.duration") for one in rows]
    assert carried(sorted([*rows, *noise], key=lambda one: one.at), 400) == [rows[0], rows[-1]]


def test_work_counts_as_planned_up_to_its_announced_end_and_as_unknown_beyond() -> None:
    rows = history("erp", (-50, OK), (20, WORK), (80, OK))
    planned = [replace(one, value=60.0) if one.after is WORK else one for one in rows]
    assert facts_of("erp", planned, 0, 100) == Facts(0, 100, (), ((20, 60),), ((60, 80),))
    in_time = [replace(one, value=90.0) if one.after is WORK else one for one in rows]
    assert facts_of("erp", in_time, 0, 100) == Facts(0, 100, (), ((20, 80),))
