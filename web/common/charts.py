"""Pictures made on the server as SVG: no script, no inline style; widths are attributes, colours come from classes.

Numeric charts run from left to right in every language; strips and gauges are mirrored by the style sheet in Arabic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from web.common.states import State

Point = tuple[float, float]

_TOPS = {State.OK: 4, State.WATCH: 2, State.DOWN: 0, State.HANDLED: 0, State.UNKNOWN: 6, State.MAINTENANCE: 4}


def strip(states: Sequence[State], label: str) -> Markup:
    """One segment per state, its height telling the state as well as its colour. ``label`` says the same in words."""
    parts = []
    start = 0
    for index in range(1, len(states) + 1):
        if index == len(states) or states[index] != states[start]:
            parts.append(_segments(states[start], start, index))
            start = index
    return Markup(
        '<svg class="bar" viewBox="0 0 {} 16" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(len(states) * 8, label, Markup("").join(parts))


def _segments(state: State, start: int, end: int) -> Markup:
    """Equal neighbours are one path: 24 hours cost a few nodes, not 24."""
    top = _TOPS[state]
    shape = "".join(f"M{index * 8} {top}h7v{16 - 2 * top}h-7z" for index in range(start, end))
    return Markup('<path class="s-{}" d="{}"/>').format(state.value, shape)


def gauge(fraction: float, state: str = "plain", *, label: str, limit: float | None = None) -> Markup:
    """A bar filled to ``fraction`` of its length, with a tick at ``limit``. ``state`` is a State or "plain"."""
    width = round(200 * min(max(fraction, 0.0), 1.0), 1)
    tick = Markup('<path class="g-limit" d="M{} 0v10"/>').format(round(limit * 200, 1)) if limit is not None else ""
    return Markup(
        '<svg class="gauge" viewBox="0 0 200 10" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="g-all" width="200" height="10" rx="5"/>'
        '<rect class="g-{}" width="{}" height="10" rx="5"/>{}</svg>'
    ).format(label, state, width, tick)


@dataclass(frozen=True, slots=True)
class Chart:
    """What a line chart shows. ``points`` are (at, value) in order; a gap longer than ``gap_s`` breaks the line.
    ``limits`` are drawn dashed, ``band`` is shaded from the lowest to the highest: (at, lowest, highest);
    ``lowest``/``highest`` pin the scale (None: from the values)."""

    title: str
    points: Sequence[Point]
    start: float
    end: float
    gap_s: float = 900.0
    limits: Sequence[float] = ()
    unusual: Sequence[Point] = ()
    band: Sequence[tuple[float, float, float]] = ()
    lowest: float | None = None
    highest: float | None = None
    width: int = 640
    height: int = 270


_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 14, 14, 34
_LETTER = 13
"""Room for a letter on the axis at the largest size that the style sheet gives it."""
_MOST = 240


def line_chart(chart: Chart, *, value: Callable[[float], str], time: Callable[[float], str]) -> Markup:
    """The chart as SVG; ``value`` and ``time`` write the labels of the axes."""
    points = thin(chart.points, _MOST)
    values = [point[1] for point in points] + list(chart.limits) + [edge for one in chart.band for edge in one[1:]]
    ticks = scale(values, chart.lowest, chart.highest)
    low, high = ticks[0], ticks[-1]
    span_s = max(chart.end - chart.start, 1.0)
    left = max(_LEFT, _LETTER * max(len(value(tick)) for tick in ticks))

    def x(at: float) -> float:
        return round(left + (chart.width - left - _RIGHT) * (at - chart.start) / span_s, 1)

    def y(number: float) -> float:
        return round(_TOP + (chart.height - _TOP - _BOTTOM) * (1 - (number - low) / (high - low)), 1)

    right = chart.width - _RIGHT
    parts = [
        Markup('<path class="c-grid" d="M{} {}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>').format(
            left, y(tick), right, left - 8, y(tick) + 5, value(tick)
        )
        for tick in ticks
    ]
    parts += [Markup('<path class="c-limit" d="M{} {}H{}"/>').format(left, y(limit), right) for limit in chart.limits]
    parts += [Markup('<path class="c-band" d="{}"/>').format(d) for d in _bands(chart, x, y)]
    path = "".join(
        f"{'M' if first else 'L'}{x(at):g} {y(number):g}" for first, at, number in _runs(points, chart.gap_s)
    )
    parts.append(Markup('<path class="c-line" d="{}"/>').format(path))
    parts += [Markup('<circle class="c-out" cx="{}" cy="{}" r="4"/>').format(x(at), y(v)) for at, v in chart.unusual]
    parts += _times(chart, x, time)
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}" direction="ltr">{}</svg>').format(
        chart.width, chart.height, chart.title, Markup("").join(parts)
    )


def _runs(points: Iterable[Point], gap_s: float) -> Iterable[tuple[bool, float, float]]:
    before: float | None = None
    for at, number in points:
        yield before is None or at - before > gap_s, at, number
        before = at


def _bands(chart: Chart, x: Callable[[float], float], y: Callable[[float], float]) -> Iterable[str]:
    """One closed shape for each stretch without a gap: along the highest there, along the lowest back."""
    stretch: list[tuple[float, float, float]] = []
    for one in [*chart.band, None]:
        if stretch and (one is None or one[0] - stretch[-1][0] > chart.gap_s):
            there = "L".join(f"{x(at):g} {y(high):g}" for at, _, high in stretch)
            back = "L".join(f"{x(at):g} {y(low):g}" for at, low, _ in reversed(stretch))
            yield f"M{there}L{back}Z"
            stretch = []
        if one is not None:
            stretch.append(one)


def _times(chart: Chart, x: Callable[[float], float], time: Callable[[float], str]) -> list[Markup]:
    parts = []
    for index in range(5):
        at = chart.start + (chart.end - chart.start) * index / 4
        anchor = "start" if index == 0 else "end" if index == 4 else "middle"
        parts.append(
            Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(x(at), chart.height - 8, anchor, time(at))
        )
    return parts


def scale(values: Sequence[float], lowest: float | None = None, highest: float | None = None) -> list[float]:
    """Two to six round ticks that cover the values."""
    low = min(values, default=0.0) if lowest is None else lowest
    high = max(values, default=1.0) if highest is None else highest
    if high - low < 1e-9:
        margin = abs(low) * 0.1 if abs(low) > 1e-6 else 0.1
        low, high = low - margin, high + margin
    raw = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """At most about ``most`` points: of each bucket the lowest and the highest, so that no peak is lost."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(len(points) / (most // 2))
    kept: list[Point] = []
    for start in range(0, len(points), size):
        bucket = points[start : start + size]
        kept += sorted({min(bucket, key=lambda point: point[1]), max(bucket, key=lambda point: point[1])})
    return kept
