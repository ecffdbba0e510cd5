"""The Prometheus text exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats): pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_LINE = re.compile(r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(?P<labels>.*)\})?\s*(?P<value>\S+)(?:\s+-?\d+)?\s*")
_LABEL = re.compile(r'\s*(?P<key>[a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"(?P<value>(?:[^"\\]|\\.)*)"\s*(?:,|$)')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Sample:
    """One line: a name, its labels, its value (never NaN nor infinite)."""

    name: str
    labels: Mapping[str, str]
    value: float


def parse(text: str) -> Iterator[Sample]:
    """The samples of a page. Raises ValueError with the number of the line that is none; NaN and infinities are left
    out: they say that there is no value."""
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip("\r ")
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise ValueError(f"line {number} is no sample")
        try:
            value = float(found["value"])
            labels = dict(_labels(found["labels"] or ""))
        except ValueError:
            raise ValueError(f"line {number} is no sample") from None
        if math.isfinite(value):
            yield Sample(found["name"], labels, value)


def _labels(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        found = _LABEL.match(text, at)
        if found is None:
            raise ValueError(text)
        yield found["key"], _ESCAPED.sub(lambda one: "\n" if one[1] == "n" else one[1], found["value"])
        at = found.end()
