"""Every scripted bad week is diagnosed: each fault one incident with its cause and root, and nothing else."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.collect.replay import Event, Round
from gateway.core.watch import Watch
from gateway.main.replay import Replay

WEEKS = sorted(path.stem for path in Path(__file__).parent.glob("*.toml"))


@pytest.mark.parametrize("every_s", [60.0, 300.0])
@pytest.mark.parametrize("name", WEEKS)
def test_every_fault_is_one_incident_with_its_cause_and_nothing_else_is_told(
    name: str, every_s: float, week: Any, diagnose: Any
) -> None:
    bad = week(name, every_s=every_s)
    assert diagnose(bad, bad.play()) == []


def facts(replay: Replay) -> set[tuple[str, str | None, str, float]]:
    return {
        (one.cause, one.root_device, one.id, one.restored_at or 0.0)
        for one in replay.incidents.values()
        if not one.merged_into
    }


@pytest.mark.parametrize("name", WEEKS)
@pytest.mark.parametrize("seed", [1, 2])
def test_order_of_polls_within_a_round_does_not_matter(name: str, seed: int, week: Any) -> None:
    bad = week(name, every_s=300.0)
    shuffled = []
    for _, group in itertools.groupby(bad.steps, key=lambda step: (step.at, isinstance(step, Round))):
        members = list(group)
        random.Random(seed).shuffle(members)
        shuffled.extend(members)
    plain = {(cause, root) for cause, root, _, _ in facts(bad.play())}
    assert {(cause, root) for cause, root, _, _ in facts(bad.play(shuffled))} == plain


@pytest.mark.parametrize("name", WEEKS)
def test_same_history_gives_the_same_record_and_seen_twice_adds_nothing(name: str, week: Any) -> None:
    bad = week(name, every_s=300.0)
    first, again = bad.play(), bad.play()
    assert facts(first) == facts(again)
    assert first.transitions == again.transitions
    rounds = [step for step in bad.steps if isinstance(step, Round)]
    count = len(first.transitions)
    for step in rounds[-50:]:
        first.watch.see(step.subject, step.judged(), step.at)
    assert len(first.transitions) == count


@pytest.mark.parametrize("name", WEEKS)
def test_a_watch_that_takes_up_the_record_in_the_middle_comes_to_the_same_incidents(name: str, week: Any) -> None:
    bad = week(name, every_s=60.0)
    whole = bad.play()
    half = next(i for i, step in enumerate(bad.steps) if step.at - bad.steps[0].at > 43_200)
    before = bad.play(bad.steps[:half])
    after = Replay("site", bad.park, Watch("site", bad.park))
    after.incidents = dict(before.incidents)
    last = {transition.key: transition for transition in before.transitions}
    after.watch.resume(last.values(), before.incidents.values())
    after.run(bad.steps[half:])
    assert {(c, r) for c, r, _, _ in facts(after)} == {(c, r) for c, r, _, _ in facts(whole)}


def moved(step: Round | Event, by: float) -> Round | Event:
    """The step as a wall clock that was set would have dated it."""
    if isinstance(step, Event):
        return replace(step, at=step.at + by)
    return Round(step.at + by, step.subject, [one._replace(at=one.at + by) for one in step.readings], step.failures)


@pytest.mark.parametrize("name", WEEKS)
@pytest.mark.parametrize("by", [7200.0, -1200.0], ids=["forward", "back"])
def test_a_clock_that_is_set_in_the_middle_opens_nothing_and_turns_no_duration_negative(
    name: str, by: float, week: Any
) -> None:
    bad = week(name, every_s=60.0)
    noon = bad.steps[0].at + 43_200
    whole, jumped = bad.play(), bad.play([moved(one, by) if one.at > noon else one for one in bad.steps])
    plain, after = (sorted((cause, str(root)) for cause, root, _, _ in facts(one)) for one in (whole, jumped))
    assert after == plain
    assert all((one.restored_at or one.opened_at) >= one.opened_at for one in jumped.incidents.values())
