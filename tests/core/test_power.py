"""Outages that nobody measured but a recorded mains loss proves, and services that two devices carry."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.calendar import Calendar
from gateway.core.device import GATEWAY, Device, Kind, Park, Service
from gateway.core.incident import Cause, Transition, Verdict
from gateway.core.outages import first_word, service_facts
from gateway.core.service_level import budget, measure, pool

OK, BAD, UNKNOWN, WORK = Verdict.OK, Verdict.CRITICAL, Verdict.UNKNOWN, Verdict.MAINTENANCE
ALWAYS = Calendar(always_on=True)
PARK = Park(
    [
        Device("ups-1", "UPS", Kind.UPS),
        Device("ups-2", "UPS 2", Kind.UPS),
        Device("srv-1", "Server", power="ups-1"),
        Device("srv-2", "Server 2", power="ups-2"),
        Device("sw-1", "Switch"),
    ],
    [
        Service("erp", "ERP", depends_on=("srv-1",)),
        Service("files", "Files", depends_on=("srv-2",)),
        Service("wifi", "Wi-Fi", depends_on=("sw-1",)),
        Service("both", "Both", depends_on=("srv-1", "srv-2"), redundant=True),
    ],
)


def row(at: float, subject: str, after: Verdict, metric: str = "reach.up", cause: str = "") -> Transition:
    return Transition(subject, metric, "", UNKNOWN, after, at, at, cause=cause)


def a_cut(*, box_dies: bool = True, mains_lost: bool = True) -> list[Transition]:
    """All is well from 0; the mains fail at 1000 (only UPS 1 tells), the box hears nothing from 4000 to 9000."""
    told = [row(0, one, OK) for one in ("srv-1", "srv-2", "sw-1")]
    told += [row(0, "ups-1", OK, "ups.status"), row(0, "ups-2", OK, "ups.status"), row(0, GATEWAY, OK, "self")]
    if mains_lost:
        told.append(row(1000, "ups-1", BAD, "ups.status", Cause.POWER_LOST))
    if box_dies:
        told.append(row(4000, GATEWAY, UNKNOWN, "self"))
    told += [row(4000, one, UNKNOWN) for one in ("srv-1", "srv-2", "sw-1")]
    told += [row(4000, one, UNKNOWN, "ups.status") for one in ("ups-1", "ups-2")]
    told += [row(9000, one, OK, "ups.status") for one in ("ups-1", "ups-2")]
    return [*told, row(9060, "srv-2", OK), row(9060, "sw-1", OK), row(9500, "srv-1", OK)]


def test_what_hung_on_the_lost_mains_was_down_until_its_first_good_check() -> None:
    level = measure(service_facts(PARK, "erp", a_cut(), 0, 20_000), ALWAYS)
    assert (level.down_s, level.deduced_s, level.unknown_s) == (5500, 5500, 0)
    assert level.availability == pytest.approx(1 - 5500 / 20_000)
    assert level.coverage == 1.0


def test_a_server_on_another_ups_that_told_of_no_loss_is_unknown() -> None:
    level = measure(service_facts(PARK, "files", a_cut(), 0, 20_000), ALWAYS)
    assert (level.down_s, level.unknown_s) == (0, 5060)


def test_what_hangs_on_the_mains_itself_went_with_them() -> None:
    assert measure(service_facts(PARK, "wifi", a_cut(), 0, 20_000), ALWAYS).deduced_s == 5060


@pytest.mark.parametrize("story", [{"box_dies": False}, {"mains_lost": False}])
def test_without_a_recorded_loss_or_with_a_living_box_nothing_is_deduced(story: dict[str, bool]) -> None:
    level = measure(service_facts(PARK, "erp", a_cut(**story), 0, 20_000), ALWAYS)
    assert (level.down_s, level.deduced_s, level.unknown_s) == (0, 0, 5500)


def test_a_cut_that_lasts_at_the_end_of_the_period_is_down_to_its_end() -> None:
    level = measure(service_facts(PARK, "erp", [one for one in a_cut() if one.at < 9000], 0, 20_000), ALWAYS)
    assert level.deduced_s == 16_000


def test_replayed_twice_the_same_is_deduced() -> None:
    once = service_facts(PARK, "erp", a_cut(), 0, 20_000)
    twice = sorted([*a_cut(), *a_cut()], key=lambda one: one.at)
    assert measure(service_facts(PARK, "erp", twice, 0, 20_000), ALWAYS) == measure(once, ALWAYS)


def test_a_redundant_pair_is_down_only_while_both_are() -> None:
    told = [row(0, "srv-1", OK), row(0, "srv-2", OK), row(100, "srv-1", BAD), row(200, "srv-2", BAD)]
    told += [row(300, "srv-1", OK), row(400, "srv-2", OK)]
    assert service_facts(PARK, "both", told, 0, 1000).outages == ((200, 300),)


def test_a_redundant_pair_is_up_while_one_is_surely_up() -> None:
    told = [row(0, "srv-1", OK), row(0, "srv-2", OK), row(100, "srv-1", UNKNOWN), row(200, "srv-2", BAD)]
    facts = service_facts(PARK, "both", [*told, row(300, "srv-2", OK)], 0, 1000)
    assert (facts.outages, facts.unknown) == ((), ((200, 300),))


def test_a_pair_of_which_one_is_under_maintenance_is_down_with_the_other() -> None:
    told = [row(0, "srv-1", OK), row(0, "srv-2", OK), row(100, "srv-1", WORK), row(200, "srv-2", BAD)]
    facts = service_facts(PARK, "both", [*told, row(300, "srv-2", WORK), row(400, "srv-1", OK)], 0, 1000)
    assert facts.outages == ((200, 300),)
    assert facts.maintenance == ((300, 400),)


def test_a_pair_is_deduced_down_only_where_both_lost_their_power() -> None:
    assert service_facts(PARK, "both", a_cut(), 0, 20_000).deduced == ()
    both = [*a_cut(), row(1000, "ups-2", BAD, "ups.status", Cause.POWER_LOST)]
    level = measure(service_facts(PARK, "both", sorted(both, key=lambda one: one.at), 0, 20_000), ALWAYS)
    assert (level.deduced_s, level.unknown_s) == (5060, 0)


def test_a_service_added_on_the_fifteenth_has_its_first_word_then() -> None:
    day = 86_400.0
    told = [row(0, "srv-2", OK), row(14 * day, "srv-1", OK)]
    begun = first_word(PARK, "erp", told)
    assert begun == 14 * day
    facts = service_facts(PARK, "erp", told, 0, 30 * day)
    assert measure(facts, ALWAYS).coverage == pytest.approx(16 / 30)
    assert measure(replace(facts, start=begun), ALWAYS).coverage == 1.0
    assert first_word(PARK, "nobody", told) is None


def test_deduced_time_never_counts_twice() -> None:
    facts = service_facts(PARK, "erp", a_cut(), 0, 20_000)
    also_seen = replace(facts, outages=((4500.0, 5000.0),))
    level = measure(also_seen, ALWAYS)
    assert (level.down_s, level.deduced_s) == (5500, 5000)
    halves = pool([measure(replace(facts, end=5000), ALWAYS), measure(replace(facts, start=5000), ALWAYS)])
    assert halves.deduced_s == 5500


def test_an_error_budget_burns_too_fast_when_half_of_it_is_gone_after_a_tenth() -> None:
    facts = replace(service_facts(PARK, "erp", [row(0, "srv-1", OK)], 0, 1000), outages=((100, 105),))
    spent = budget(measure(facts, ALWAYS), 0.999, to_come_s=9_000)
    assert spent.allowed_s == pytest.approx(10)
    assert spent.left_s == pytest.approx(5)
    assert spent.burn == pytest.approx(5)
    assert budget(measure(facts, ALWAYS), 1.0, to_come_s=9_000).burn is None
