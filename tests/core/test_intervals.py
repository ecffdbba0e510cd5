"""The algebra of time behaves like sets."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.intervals import Span, clip, intersect, overlap, subtract, total, union

MOMENT = st.integers(0, 60)
SPANS = st.lists(st.tuples(MOMENT, MOMENT), max_size=8).map(union)
ALL = [(0.0, 61.0)]


def members(spans: list[Span]) -> set[int]:
    """The whole seconds covered."""
    return {second for start, end in spans for second in range(int(start), int(end))}


@given(SPANS, SPANS)
def test_operations_are_those_of_sets(left: list[Span], right: list[Span]) -> None:
    assert members(union([*left, *right])) == members(left) | members(right)
    assert members(intersect(left, right)) == members(left) & members(right)
    assert members(subtract(left, right)) == members(left) - members(right)


@given(SPANS, SPANS)
def test_results_are_sorted_disjoint_and_never_touch_in_a_union(left: list[Span], right: list[Span]) -> None:
    for result in (intersect(left, right), subtract(left, right)):
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(result))
        assert all(start < end for start, end in result)
        assert total(result) == len(members(result))
    joined = union([*left, *right])
    assert all(a[1] < b[0] for a, b in itertools.pairwise(joined))


@given(SPANS, SPANS)
def test_overlap_is_the_length_of_the_intersection(left: list[Span], right: list[Span]) -> None:
    whole = union(left)
    for start, end in right:
        if start < end:
            assert overlap(whole, start, end) == total(intersect(whole, [(start, end)]))


@given(SPANS)
def test_a_set_and_its_complement_make_the_whole(spans: list[Span]) -> None:
    assert union([*spans, *subtract(ALL, spans)]) == ALL


def test_an_interval_without_an_end_runs_to_the_end_of_the_period() -> None:
    assert clip([(5, None), (-3, 2), (90, 99)], 0, 10) == [(0, 2), (5, 10)]


def test_touching_intervals_are_one_and_reversed_ones_vanish() -> None:
    assert union([(3, 5), (1, 3), (9, 7), (6, 6)]) == [(1, 5)]
