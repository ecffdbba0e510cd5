"""Hourly figures as sites told them, read from the messages that the ledger keeps."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy import Engine, select

from gateway.wire.statistics import Series, is_statistics, names_of, statistics_of
from web.desk.tables import message, reading

_BODY = msgspec.json.Decoder(dict)


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of one series: ``at`` is its start (s since the epoch, UTC)."""

    at: float
    lowest: float
    mean: float
    highest: float


class SqlStatistics:
    """Figures of all sites; UnavailableError while the database cannot be used."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def series(self, site: str, series: Series, start: float, end: float) -> list[Hour]:
        """Hours of one series that begin in [start, end), in order; hours without names yet are left out."""
        column = message.c
        query = select(column.kind, column.body).where(column.site == site, column.body.is_not(None))
        # an hour is told when it is over: what was written before it began cannot be about it
        told = query.where(column.kind == "summary", column.written_at >= start)
        with reading(self._engine) as connection:
            bodies = [_BODY.decode(body) for _, body in connection.execute(told)]
            reports = [_BODY.decode(body) for _, body in connection.execute(query.where(column.kind == "rpt"))]
        places = {}
        for report in reports:
            names = names_of(report)
            if names and series in names:
                places[str(report["series"])] = names.index(series)
        found: dict[float, Hour] = {}
        for hour in (statistics_of(body) for body in bodies if is_statistics(body)):
            figures = hour.of(places[hour.series]) if hour.series in places else None
            if figures and start <= hour.hour < end:
                found[hour.hour] = Hour(hour.hour, *figures)
        return [found[at] for at in sorted(found)]
