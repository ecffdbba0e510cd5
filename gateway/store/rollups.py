"""Hourly summaries of readings: kept for years, after the readings themselves are gone. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gateway.store.codec import Column

HOUR_S = 3600.0
GAP_S = 180.0
"""A reading vouches for the time up to the next one, but for no longer than this."""
_COLUMNS = (("series", "<u4"), ("count", "<u4"), ("minimum", "<f4"), ("mean", "<f4"), ("maximum", "<f4"))
_ROW = np.dtype(list(_COLUMNS))


@dataclass(frozen=True, slots=True)
class Rollup:
    """One hour of one series: ``at`` is the start of the hour (s, UTC); values in single precision (seven digits)."""

    at: float
    count: int
    minimum: float
    mean: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Uptime:
    """Seconds in which a device answered, and in which it was asked at all."""

    up_s: int = 0
    known_s: int = 0


def encode(columns: Sequence[Column]) -> bytes:
    """The summary of one device's columns; words have none."""
    rows = [
        (column.series, len(column.values), column.values.min(), column.values.mean(), column.values.max())
        for column in columns
        if not column.words and len(column.values)
    ]
    table = np.array(rows, _ROW)
    return zlib.compress(b"".join(table[name].tobytes() for name, _ in _COLUMNS), 6)


def decode(hour: int, frame: bytes, series: int) -> list[Rollup]:
    """The summary of one series in a frame; empty if it is not in it."""
    data = zlib.decompress(frame)
    count = len(data) // _ROW.itemsize
    columns = [np.frombuffer(data, kind, count, 4 * count * index) for index, (_, kind) in enumerate(_COLUMNS)]
    where = np.flatnonzero(columns[0] == series)
    return [Rollup(hour * HOUR_S, int(columns[1][i]), *(float(columns[c][i]) for c in (2, 3, 4))) for i in where]


def merge(parts: Sequence[Rollup]) -> list[Rollup]:
    """One summary per hour, where readings that came late made several."""
    hours: dict[float, Rollup] = {}
    for part in parts:
        before = hours.get(part.at)
        if before is None:
            hours[part.at] = part
            continue
        count = before.count + part.count
        mean = (before.mean * before.count + part.mean * part.count) / count
        hours[part.at] = Rollup(
            part.at, count, min(before.minimum, part.minimum), mean, max(before.maximum, part.maximum)
        )
    return [hours[at] for at in sorted(hours)]


def encode_uptimes(uptimes: Mapping[int, Uptime]) -> bytes:
    """Uptimes of one hour by number of the subject: one frame for all, since they are read for months at a time."""
    rows = [(subject, uptime.up_s, uptime.known_s) for subject, uptime in sorted(uptimes.items())]
    return zlib.compress(np.array(rows, "<u4").tobytes(), 6)


def add_uptimes(frames: Iterable[bytes]) -> dict[int, Uptime]:
    """The sums of many frames, by number of the subject."""
    data = b"".join(zlib.decompress(frame) for frame in frames)
    rows = np.frombuffer(data, "<u4").reshape(-1, 3)
    subjects, where = np.unique(rows[:, 0], return_inverse=True)
    up, known = (np.bincount(where, rows[:, column]) for column in (1, 2))
    return {int(s): Uptime(int(u), int(k)) for s, u, k in zip(subjects, up, known, strict=True)}


def uptime(column: Column, hour: int) -> Uptime:
    """Seconds up and known in one hour, from the readings of ``reach.up`` in order of time."""
    ends = np.append(column.times[1:] / 1000.0, (hour + 1) * HOUR_S)
    spans = np.clip(ends - column.times / 1000.0, 0.0, GAP_S)
    return Uptime(round(float((spans * (column.values > 0)).sum())), round(float(spans.sum())))
