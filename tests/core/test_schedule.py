from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.schedule import Schedule


def test_each_subject_is_due_once_per_interval() -> None:
    schedule = Schedule({"a": 10.0, "b": 20.0}, start=0.0)
    seen = [name for second in range(201) for name in schedule.due(float(second))]
    assert 19 <= seen.count("a") <= 21
    assert 9 <= seen.count("b") <= 11


def test_after_a_pause_a_subject_is_due_once_and_not_once_per_missed_interval() -> None:
    schedule = Schedule({"a": 10.0}, start=0.0)
    schedule.due(10.0)
    assert schedule.due(1000.0) == ["a"]
    assert schedule.due(1000.5) == []
    assert schedule.due(1010.0) == ["a"]


def test_hastened_subject_is_due_at_once_and_unknown_names_are_ignored() -> None:
    schedule = Schedule({"a": 1000.0}, start=0.0)
    schedule.due(10.0)
    schedule.hasten(["a", "ghost"], 11.0)
    assert schedule.due(11.0) == ["a"]


@given(st.lists(st.text(min_size=1, max_size=8), min_size=20, max_size=60, unique=True))
def test_first_questions_are_spread_and_never_all_at_once(names: list[str]) -> None:
    schedule = Schedule(dict.fromkeys(names, 60.0), start=0.0)
    per_second = [len(schedule.due(float(second))) for second in range(1, 11)]
    assert sum(per_second) == len(names)
    assert max(per_second) < len(names)
