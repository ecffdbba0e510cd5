"""Algebra of time: sets of instants as sorted, disjoint, half-open intervals [start, end), in seconds since the epoch.

Everything about service levels is computed on these, never on samples.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Span = tuple[float, float]
"""[start, end) with start < end."""

OpenSpan = tuple[float, float | None]
"""[start, end), or from start until further notice."""

_EVER = float("inf")


def union(spans: Iterable[Span]) -> list[Span]:
    """Sorted and disjoint; touching intervals become one, empty and reversed ones vanish."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def clip(spans: Iterable[OpenSpan], start: float, end: float) -> list[Span]:
    """The union of the parts within [start, end); an interval without an end runs to ``end``."""
    return union((max(a, start), end if b is None else min(b, end)) for a, b in spans)


def intersect(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    """Instants in both. Both sides sorted and disjoint."""
    found: list[Span] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            found.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return found


def subtract(left: Sequence[Span], right: Sequence[Span]) -> list[Span]:
    """Instants of ``left`` that are not in ``right``. Both sides sorted and disjoint."""
    found: list[Span] = []
    j = 0
    for start, end in left:
        while j < len(right) and right[j][1] <= start:
            j += 1
        at, k = start, j
        while k < len(right) and right[k][0] < end:
            if right[k][0] > at:
                found.append((at, right[k][0]))
            at = max(at, right[k][1])
            k += 1
        if at < end:
            found.append((at, end))
    return found


def overlap(spans: Sequence[Span], start: float, end: float) -> float:
    """Seconds of [start, end) that sorted, disjoint intervals cover."""
    seconds = 0.0
    # the one before the first that begins after ``start`` may reach into it
    for index in range(max(0, bisect_right(spans, (start, _EVER)) - 1), len(spans)):
        if spans[index][0] >= end:
            break
        seconds += max(0.0, min(spans[index][1], end) - max(spans[index][0], start))
    return seconds


def total(spans: Iterable[Span]) -> float:
    """Seconds covered by disjoint intervals."""
    return sum(end - start for start, end in spans)
