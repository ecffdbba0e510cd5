"""Hourly figures as sites told them, read from the messages that the ledger keeps."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Engine, select

from gateway.wire.statistics import Series, is_statistics, names_of, statistics_of
from web.desk.facts import Hour
from web.desk.tables import message, reading

_BODY = msgspec.json.Decoder(dict)


class SqlStatistics:
    """Figures of all sites; UnavailableError while the database cannot be used."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def device(self, site: str, device: str, start: float, end: float) -> dict[Series, list[Hour]]:
        """Hours that begin in [start, end) of every series of a device that told any, in order; hours without names yet
        are left out."""
        column = message.c
        query = select(column.body).where(column.site == site)
        # an hour is told when it is over: what was written before it began cannot be about it
        told = query.where(column.kind == "summary", column.body.is_not(None), column.written_at >= start)
        named = query.where(column.kind == "rpt", column.body.like('%"names":[%'))
        with reading(self._engine) as connection:
            names = dict(_names(connection.scalars(named), device))
            bodies = connection.scalars(told).all()
        found: dict[Series, dict[float, Hour]] = {}
        for hour in (statistics_of(body) for body in map(_BODY.decode, bodies) if is_statistics(body)):
            for place, series in names.get(hour.series, ()) if start <= hour.hour < end else ():
                figures = hour.of(place)
                if figures:
                    found.setdefault(series, {})[hour.hour] = Hour(hour.hour, *figures)
        return {series: [hours[at] for at in sorted(hours)] for series, hours in found.items()}


def _names(bodies: Iterable[str], device: str) -> Iterable[tuple[str, list[tuple[int, Series]]]]:
    """By digest, the places at which a device's series stand."""
    for body in map(_BODY.decode, bodies):
        names = names_of(body)
        if names:
            yield str(body["series"]), [(place, one) for place, one in enumerate(names) if one[0] == device]
