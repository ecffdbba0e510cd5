"""Readings out of any JSON document by a declarative mapping: ``hw.power[solar]=inverter.pv.0.watts*0.1``. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gateway.core.units import METRICS

_RULE = re.compile(
    r"(?P<metric>[a-z0-9_.]+)(?:\[(?P<instance>[^\]=\s]{1,80})\])?=(?P<path>[^*\s]+)(?:\*(?P<factor>-?\d+(?:\.\d+)?))?"
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One value: ``path`` leads to it through objects (by key) and lists (by number). Written without blanks, which
    separate the entries of a list in a spreadsheet."""

    metric: str
    instance: str
    path: tuple[str, ...]
    factor: float = 1.0

    @classmethod
    def parse(cls, text: str) -> Rule:
        """The rule that a person wrote. Raises ValueError."""
        found = _RULE.fullmatch(text.strip())
        if found is None:
            raise ValueError(f'"{text}" is no mapping')
        if found["metric"] not in METRICS:
            raise ValueError(f'no metric "{found["metric"]}"')
        path = tuple(part.strip() for part in found["path"].split("."))
        if not all(path):
            raise ValueError(f'"{text}": the path has an empty part')
        return cls(found["metric"], found["instance"] or "", path, float(found["factor"] or 1))


@dataclass(frozen=True, slots=True)
class Found:
    """One value of a document, or why it is not there."""

    rule: Rule
    value: float | str | None
    why: str = ""


def understand(document: Any, rules: Iterable[Rule]) -> Iterator[Found]:
    """What each rule finds: a number for a metric in numbers (true and false are 1 and 0), a word for a state."""
    for rule in rules:
        inner = document
        for part in rule.path:
            inner = _below(inner, part)
        yield _value(rule, inner)


def _below(inner: Any, part: str) -> Any:
    if isinstance(inner, dict):
        return inner.get(part)
    if isinstance(inner, list) and part.isdecimal() and int(part) < len(inner):
        return inner[int(part)]
    return None


def _value(rule: Rule, inner: Any) -> Found:
    where = ".".join(rule.path)
    if inner is None:
        return Found(rule, None, f"there is nothing at {where}")
    if METRICS[rule.metric].kind == "state":
        word = inner if isinstance(inner, str) else str(inner).lower() if isinstance(inner, bool | int) else ""
        return Found(rule, word[:80]) if word.strip() else Found(rule, None, f"{where} is no word")
    try:
        number = float(inner) * rule.factor
    except (TypeError, ValueError, OverflowError):
        return Found(rule, None, f"{where} is no number")
    return Found(rule, number) if math.isfinite(number) else Found(rule, None, f"{where} is no number")
