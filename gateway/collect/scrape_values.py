"""Samples of Prometheus text as readings, by a declarative map (scrape_map.toml): pure but for reading that map."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

import msgspec

from gateway.collect.exposition import Sample
from gateway.core.units import METRICS


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one metric is made of samples. Of ``used_of``, ``since_of``, ``idle`` and ``rate`` there is one at most:
    the share used of what ``sample`` says is free; the time from ``sample`` to another; the busy share of counters of
    time; the increase a second."""

    metric: str
    sample: str
    instance: str | tuple[str, ...] = ()
    used_of: str = ""
    since_of: str = ""
    idle: dict[str, str] = msgspec.field(default_factory=dict)
    rate: bool = False
    not_: dict[str, str] = msgspec.field(default_factory=dict, name="not")

    def wants(self, labels: Mapping[str, str]) -> bool:
        """True if no label fits what is left out."""
        return not any(re.fullmatch(pattern, labels.get(key, "")) for key, pattern in self.not_.items())

    def name(self, labels: Mapping[str, str]) -> str:
        """The instance."""
        keys = (self.instance,) if isinstance(self.instance, str) else self.instance
        return " ".join(part for key in keys if (part := labels.get(key, "")))


class _Map(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    map: tuple[Rule, ...]


@cache
def rules() -> tuple[Rule, ...]:
    """The shipped map. Raises ValueError for a metric that is not in the vocabulary."""
    text = resources.files("gateway.collect").joinpath("scrape_map.toml").read_text(encoding="utf-8")
    found = msgspec.convert(tomllib.loads(text), _Map).map
    if unknown := [rule.metric for rule in found if rule.metric not in METRICS]:
        raise ValueError(f"scrape_map.toml: no metric {', '.join(unknown)}")
    return found


@dataclass(frozen=True, slots=True)
class Value:
    """One value of the vocabulary."""

    metric: str
    instance: str
    value: float
    source: str


@dataclass(slots=True)
class Before:
    """Counters of the last time, to make rates and shares of."""

    at: float = 0.0
    counters: dict[tuple[str, str], float] = field(default_factory=dict)


def understand(samples: Iterable[Sample], before: Before, now: float) -> list[Value]:
    """The values of a page, one for each metric and instance; ``before`` is brought up to date (``now``: monotonic)."""
    by_name: dict[str, list[Sample]] = {}
    for sample in samples:
        by_name.setdefault(sample.name, []).append(sample)
    counters: dict[tuple[str, str], float] = {}
    found: dict[tuple[str, str], Value] = {}
    elapsed = now - before.at
    for rule in rules():
        for value in _values(rule, by_name, counters):
            ready: Value | None = value
            if rule.rate or rule.idle:
                ready = _since(rule, value, before, counters, elapsed)
            if ready is not None:
                found.setdefault((ready.metric, ready.instance), ready)
    before.at, before.counters = now, counters
    return list(found.values())


def _values(rule: Rule, by_name: Mapping[str, list[Sample]], counters: dict[tuple[str, str], float]) -> Iterator[Value]:
    wanted = [sample for sample in by_name.get(rule.sample, ()) if rule.wants(sample.labels)]
    if rule.idle:
        if wanted:
            yield _idle(rule, wanted, counters)
        return
    other = {_key(sample): sample.value for sample in by_name.get(rule.used_of or rule.since_of, ())}
    for sample in wanted:
        value: float | None = sample.value
        if rule.used_of or rule.since_of:
            value = _compared(rule, sample.value, other.get(_key(sample)))
        if value is not None:
            name = rule.name(sample.labels)
            if rule.rate:
                counters[rule.metric, name] = value
            yield Value(rule.metric, name, value, rule.sample)


def _compared(rule: Rule, value: float, other: float | None) -> float | None:
    if other is None:
        return None
    if rule.since_of:
        return other - value if other >= value else None
    return min(1.0, max(0.0, 1 - value / other)) if other > 0 else None


def _key(sample: Sample) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(sample.labels.items()))


def _idle(rule: Rule, samples: list[Sample], counters: dict[tuple[str, str], float]) -> Value:
    """The sum of all time as the value; what of it was idle is kept beside."""
    total = sum(sample.value for sample in samples)
    idle = sum(
        sample.value
        for sample in samples
        if all(re.fullmatch(pattern, sample.labels.get(key, "")) for key, pattern in rule.idle.items())
    )
    counters[rule.sample, "total"], counters[rule.sample, "idle"] = total, idle
    return Value(rule.metric, "", total, rule.sample)


def _since(
    rule: Rule, value: Value, before: Before, counters: Mapping[tuple[str, str], float], elapsed: float
) -> Value | None:
    """A rate or a busy share since the last time; None at first, and after the counters were set back."""
    if rule.idle:
        keys = ((rule.sample, "total"), (rule.sample, "idle"))
        if any(key not in before.counters for key in keys):
            return None
        total, idle = (counters[key] - before.counters[key] for key in keys)
        if total <= 0 or idle < 0:
            return None
        return Value(value.metric, "", min(1.0, max(0.0, 1 - idle / total)), value.source)
    last = before.counters.get((rule.metric, value.instance))
    if last is None or elapsed <= 0 or value.value < last:
        return None
    return Value(value.metric, value.instance, (value.value - last) / elapsed, value.source)
