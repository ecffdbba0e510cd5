"""What is kept of readings for how long, and what goes first when there is no room: the single readings, oldest first,
then the hourly summaries."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.settings import KeepSettings
from gateway.store.db import Database
from gateway.store.rollups import HOUR_S

_SHIFTS = {"chunk": 24, "rollup": 24, "uptime": 8}
"""By how many bits the hour stands above the rest in the ids of a table."""
_STEP_H = 24
_RAW_AT_LEAST_H = 7 * 24
"""Single readings of a week outlast summaries of years: charts of the last days are what people look at."""


@dataclass(frozen=True, slots=True)
class Room:
    """``used`` and ``most`` in bytes; since when (s, UTC) there are single readings and hourly summaries (``None``: not
    yet); ``days_left`` until the oldest go at the rate of what is there, ``None`` while too little is there to tell."""

    used: int
    most: int
    raw_since: float | None
    rollup_since: float | None
    days_left: float | None


def used_bytes(database: Database) -> int:
    """Bytes of a file that hold something; free pages are used again before the file grows."""
    ((pages,), (free,), (size,)) = (
        database.rows(f"PRAGMA {name}")[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def room(database: Database, most: float) -> Room:
    """What is kept now, and what there is room for."""
    used = used_bytes(database)
    oldest, newest = _span(database, "chunk")
    since, _ = _span(database, "rollup")
    days = None if oldest is None or newest is None or newest - oldest < _STEP_H else (newest - oldest) / 24
    left = max(0.0, most - used) / (used / days) if days else None
    return Room(used, int(most), _instant(oldest), _instant(since), left)


def prune(database: Database, now: float, keep: KeepSettings) -> None:
    """Deletes what is past its keeping. Only by a clock that somebody vouches for: another may stand years ahead."""
    for table, keep_s in (("chunk", keep.raw_s), ("rollup", keep.rollup_s), ("uptime", keep.rollup_s)):
        _delete(database, table, int((now - keep_s) // HOUR_S))


def bound(database: Database, most: float) -> int:
    """Deletes the oldest until the file holds no more than ``most`` bytes; returns how many hours of single readings
    had to go before their time."""
    gone = 0
    while used_bytes(database) > most:
        oldest, newest = _span(database, "chunk")
        if oldest is not None and newest is not None and newest - oldest > _RAW_AT_LEAST_H:
            _delete(database, "chunk", oldest + _STEP_H)
            gone += _STEP_H
            continue
        first, last = _span(database, "rollup")
        if first is not None and last is not None and last - first > _RAW_AT_LEAST_H:
            for table in ("rollup", "uptime"):
                _delete(database, table, first + 30 * _STEP_H)
            continue
        if oldest is None or newest is None or newest - oldest < _STEP_H:
            break
        _delete(database, "chunk", oldest + _STEP_H)
        gone += _STEP_H
    return gone


def _delete(database: Database, table: str, before: int) -> None:
    limit = before << _SHIFTS[table]
    database.execute(f"DELETE FROM {table} WHERE id < ?", (limit,))  # noqa: S608 - own names only


def _span(database: Database, table: str) -> tuple[int | None, int | None]:
    """First and last hour of a table."""
    ((low, high),) = database.rows(f"SELECT min(id), max(id) FROM {table}")  # noqa: S608 - own names only
    return (None, None) if low is None else (int(low) >> _SHIFTS[table], int(high) >> _SHIFTS[table])


def _instant(hour: int | None) -> float | None:
    return None if hour is None else hour * HOUR_S
