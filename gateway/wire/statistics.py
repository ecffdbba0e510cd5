"""Hourly figures of every series: positional, since names are told once (``rpt``) and referred to by their digest.

A reader that does not have the names yet keeps the figures: the names come, by the outbox's promise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.wire.text import GarbledError, instant, iso

Series = tuple[str, str, str]
"""(device, metric, instance)"""
DIGITS = 4
"""Significant digits of a figure on the wire: one part in two thousand at worst."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """One hour from ``hour`` on (s since the epoch, UTC) of the series whose names have this digest. ``mean`` is
    ``None`` where a series had no reading; ``lowest`` and ``highest`` where they round to the mean."""

    hour: float
    series: str
    mean: Sequence[float | None]
    lowest: Sequence[float | None]
    highest: Sequence[float | None]

    def of(self, index: int) -> tuple[float, float, float] | None:
        """(lowest, mean, highest) of a series by its place; ``None`` without a reading or beyond the end."""
        mean = self.mean[index] if index < len(self.mean) else None
        if mean is None:
            return None
        low = self.lowest[index] if index < len(self.lowest) else None
        high = self.highest[index] if index < len(self.highest) else None
        return (mean if low is None else low, mean, mean if high is None else high)


def short(value: float) -> float:
    """The value as it goes over the wire; whole numbers without a fraction."""
    rounded = float(f"{value:.{DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded


def names_digest(names: Sequence[Series]) -> str:
    """Digest of names in their order."""
    return hashlib.sha256(msgspec.json.encode(names)).hexdigest()[:12]


def names_body(names: Sequence[Series]) -> dict[str, Any]:
    """Body of ``rpt`` that tells the names once."""
    return {"series": names_digest(names), "names": [list(one) for one in names]}


def names_of(body: Mapping[str, Any]) -> list[Series] | None:
    """Names of a body made by ``names_body``; ``None`` for another one, GarbledError if digest and names disagree."""
    if "names" not in body:
        return None
    try:
        names = msgspec.convert(body["names"], list[Series])
    except msgspec.ValidationError as error:
        raise GarbledError(f"names of series in a message: {error}") from error
    if names_digest(names) != body.get("series"):
        raise GarbledError("names of series in a message do not match their digest")
    return names


def statistics_body(statistics: Statistics) -> dict[str, Any]:
    """Body of ``summary`` once an hour."""
    return {
        "hour": iso(statistics.hour),
        "series": statistics.series,
        "mean": list(statistics.mean),
        "lowest": list(statistics.lowest),
        "highest": list(statistics.highest),
    }


def is_statistics(body: Mapping[str, Any]) -> bool:
    """True for a body made by ``statistics_body``."""
    return "hour" in body and "mean" in body


def statistics_of(body: Mapping[str, Any]) -> Statistics:
    """The reverse of ``statistics_body``."""
    try:
        columns = [msgspec.convert(body.get(key), list[float | None]) for key in ("mean", "lowest", "highest")]
    except msgspec.ValidationError as error:
        raise GarbledError(f"figures in a message: {error}") from error
    return Statistics(instant(str(body["hour"])), str(body.get("series", "")), *columns)
