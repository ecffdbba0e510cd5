"""Random depots with random faults: each fault is one incident with its cause and root, told once, closed in time."""

from __future__ import annotations

import itertools
import random
import statistics
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.collect.replay import Round

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


def told(replay: Any) -> set[tuple[str, str | None, float, float]]:
    return {
        (one.cause, one.root_device, one.opened_at, one.restored_at or 0.0)
        for one in replay.incidents.values()
        if not one.merged_into and one.priority < "P4"
    }


@pytest.mark.parametrize("seed", [2001, 2006])
def test_any_order_of_polls_within_one_interval_gives_the_same_incidents(seed: int, depots: Any, play: Any) -> None:
    steps = list(depots.Depot(seed).steps())
    shuffled = []
    for _, group in itertools.groupby(steps, key=lambda step: (step.at, isinstance(step, Round))):
        members = list(group)
        random.Random(seed).shuffle(members)
        shuffled += members
    park = depots.Depot(seed).park
    assert told(play(park, shuffled)) == told(play(park, steps)) != set()


def test_a_history_played_twice_adds_nothing(depots: Any, play: Any) -> None:
    depot = depots.Depot(2003)
    steps = list(depot.steps())
    replay = play(depot.park, steps)
    count, before = len(replay.transitions), told(replay)
    again = [replay.watch.see(step.subject, step.judged(), step.at) for step in steps if isinstance(step, Round)]
    assert not any(again)
    assert (len(replay.transitions), told(replay)) == (count, before)


@pytest.mark.parametrize("share", [0.45, 0.7, 0.9])
def test_any_prefix_of_a_history_folds_to_a_state_that_the_rest_extends(share: float, depots: Any, play: Any) -> None:
    depot = depots.Depot(3001, kinds=("mains", "dead", "hang", "raid", "errors", "uplink", "battery"))
    steps = list(depot.steps())
    cut = int(len(steps) * share)
    while steps[cut].at == steps[cut - 1].at:
        cut += 1
    whole, before = play(depot.park, steps), play(depot.park, steps[:cut])
    for name, incident in before.incidents.items():
        assert whole.incidents[name].story[: len(incident.story)] == incident.story
    after = play(depot.park, steps[cut:], before)
    assert {one[:2] for one in told(after)} == {one[:2] for one in told(whole)}
