"""How much each source may say: a bucket of tokens per source and one for all, in bounded memory. Pure."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` at once, then ``per_s`` a second."""

    per_s: float
    burst: float


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float

    def take(self, rate: Rate, now: float) -> bool:
        self.left = min(rate.burst, self.left + max(0.0, now - self.at) * rate.per_s)
        self.at = now
        if self.left < 1.0:
            return False
        self.left -= 1.0
        return True


class Ration:
    """Admits what comes within the rates and counts what does not.

    At most ``sources`` of them are remembered, the longest silent forgotten first: sources are easily forged, so the
    rate for all of them together bounds what many forged ones can cost.
    """

    OTHERS = "others"
    """Under this name the drops of sources beyond the first ``sources`` are counted."""

    def __init__(self, each: Rate, together: Rate, sources: int = 256) -> None:
        self._each, self._together, self._sources = each, together, sources
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()
        self._all = _Bucket(together.burst, 0.0)
        self._dropped: Counter[Hashable] = Counter()

    def admit(self, source: Hashable, now: float) -> bool:
        """True if what ``source`` says at ``now`` (monotonic seconds) is within its rate and that of all."""
        bucket = self._buckets.pop(source, None) or _Bucket(self._each.burst, now)
        self._buckets[source] = bucket
        if len(self._buckets) > self._sources:
            self._buckets.popitem(last=False)
        if bucket.take(self._each, now) and self._all.take(self._together, now):
            return True
        known = source in self._dropped or len(self._dropped) < self._sources
        self._dropped[source if known else self.OTHERS] += 1
        return False

    def dropped(self) -> dict[Hashable, int]:
        """How much of whom was not admitted since the last call."""
        dropped, self._dropped = dict(self._dropped), Counter()
        return dropped
