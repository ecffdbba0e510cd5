"""Random depots with random faults: each fault is one incident with its cause and root, told once, closed in time."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

KINDS = (
    "mains", "dead", "flap", "hang", "slow", "disk", "memory", "cpu", "room", "heat", "sectors", "raid", "fan", "psu",
    "errors", "uplink", "backup", "certificate", "supply", "reboot", "overload", "battery", "test", "storage",
    "gateway",
)  # fmt: skip


def test_every_kind_of_fault_is_tried(depots: Any) -> None:
    assert set(KINDS) == set(depots.CAUSES)


@pytest.mark.parametrize("kind", KINDS)
def test_faults_of_one_kind_are_found_and_nothing_else_is(kind: str, depots: Any, judge_depot: Any) -> None:
    tried = (depots.Depot(seed, days=2.4, kinds=(kind,)) for seed in range(1, 50))
    depot = next(one for one in tried if one.troubles)
    assert judge_depot(depot).wrong == []


@settings(max_examples=6, deadline=None, derandomize=True, phases=[Phase.generate])
@given(seed=st.integers(min_value=0, max_value=100_000))
def test_faults_of_any_kind_in_any_depot_are_found_and_nothing_else_is(seed: int, weeks: Any) -> None:
    depots, judged = weeks
    assert judged(depots.Depot(seed)).wrong == []


def test_people_are_told_twice_a_fault_and_within_ten_minutes(depots: Any, judge_depot: Any) -> None:
    found = [judge_depot(depots.Depot(seed)) for seed in range(500, 508)]
    assert sum(one.notifications for one in found) <= 2.2 * sum(one.faults for one in found)
    assert statistics.median(delay for one in found for delay in one.delays) <= 600


def test_a_switch_without_ups_hides_the_ups_and_a_power_cut_is_told_all_the_same(depots: Any, judge_depot: Any) -> None:
    depot = depots.Depot(108, kinds=("mains",))
    hidden = [one for one in depot.park.devices.values() if one.kind == "switch" and one.power is None]
    assert hidden
    assert depot.troubles
    assert judge_depot(depot).wrong == []
