"""A straight line through noisy points that outliers do not move, and how far its slope can be believed.

Theil (1950) and Sen (1968): the slope is the median of the slopes of all pairs of points; its interval comes from the
ranks of those slopes. Up to 29 % of the points may be nonsense.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]

_Z90 = 1.6449
"""90 % two-sided: each bound is passed by chance in one of twenty."""


@dataclass(frozen=True, slots=True)
class Trend:
    """``slope`` per unit of x within [``low``, ``high``] with 90 % confidence; ``level`` is the line at x = ``at``."""

    slope: float
    low: float
    high: float
    at: float
    level: float

    @property
    def rising(self) -> bool:
        """True if the slope is above 0 beyond doubt."""
        return self.low > 0

    @property
    def falling(self) -> bool:
        """True if the slope is below 0 beyond doubt."""
        return self.high < 0

    def turned(self) -> Trend:
        """The same trend seen upside down."""
        return Trend(-self.slope, -self.high, -self.low, self.at, -self.level)


def theil_sen(points: Sequence[Point]) -> Trend | None:
    """The trend of points in order of x; ``None`` below six points."""
    count = len(points)
    if count < 6:
        return None
    slopes = sorted(
        (other[1] - one[1]) / (other[0] - one[0])
        for index, one in enumerate(points)
        for other in points[index + 1 :]
        if other[0] > one[0]
    )
    if not slopes:
        return None
    slope = statistics.median(slopes)
    spread = _Z90 * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = slopes[max(0, math.floor((len(slopes) - spread) / 2))]
    high = slopes[min(len(slopes) - 1, math.ceil((len(slopes) + spread) / 2))]
    at = points[-1][0]
    level = statistics.median(y + slope * (at - x) for x, y in points)
    return Trend(slope, low, high, at, level)


def without_weekly_rhythm(points: Sequence[Point], *, period: float = 7.0) -> list[Point]:
    """Points (x in days) less what each day of the week does on average; unchanged below three weeks of them, where a
    rhythm cannot be told from chance."""
    trend = theil_sen(points)
    if trend is None or points[-1][0] - points[0][0] < 3 * period:
        return list(points)
    residuals: dict[int, list[float]] = {}
    for x, y in points:
        residuals.setdefault(int(x % period), []).append(y - trend.slope * x)
    usual = {day: statistics.median(values) for day, values in residuals.items()}
    middle = statistics.median(usual.values())
    return [(x, y - usual[int(x % period)] + middle) for x, y in points]


def since_last_jump(points: Sequence[Point], *, least: float, up: bool, most: int | None = None) -> list[Point]:
    """The points after the last jump (a clean-up, a refill): a step upwards or downwards of at least ``least``, far
    beyond the usual one and not undone at the next. More than ``most`` of them are a rhythm, and no jumps."""
    sign = 1 if up else -1
    steps = [(other[1] - one[1]) * sign for one, other in pairwise(points)]
    if not steps:
        return list(points)
    enough = max(least, 6 * statistics.median(abs(step) for step in steps))
    jumps = [
        index + 1
        for index, step in enumerate(steps)
        if step >= enough and not (index + 1 < len(steps) and steps[index + 1] <= -step / 2)
    ]
    if not jumps or (most is not None and len(jumps) > most):
        return list(points)
    return list(points[jumps[-1] :])
