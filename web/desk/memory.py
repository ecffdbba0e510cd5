"""The fake fleet: facts that end with the process. For tests, and to see the pages without a broker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gateway.core.incident import Change, Transition, apply
from gateway.core.outages import carried
from gateway.wire.statistics import Series
from web.desk.decisions import MemoryBook
from web.desk.facts import Hour, SiteFacts
from web.desk.notify import Notification


class MemoryFleet:
    """`FleetFacts` made of literal sites."""

    def __init__(
        self,
        sites: Iterable[SiteFacts] = (),
        notifications: Iterable[Notification] = (),
        transitions: Mapping[str, Sequence[Transition]] | None = None,
        book: MemoryBook | None = None,
        hours: Mapping[tuple[str, Series], Sequence[Hour]] | None = None,
    ) -> None:
        self.book = book or MemoryBook()
        self._transitions = transitions or {}
        self._hours = hours or {}
        self._sites = list(sites)
        self._notifications = list(notifications)
        self._version = 0

    def version(self) -> str:
        """Counts what was written."""
        return f"{self._version}.{len(self.book)}"

    def sites(self) -> Sequence[SiteFacts]:
        """All sites."""
        return list(self._sites)

    def history(self, site: str, start: float, end: float) -> Sequence[Transition]:
        """Those of one site."""
        known = self._transitions.get(site, ())
        return [*carried(known, start), *(one for one in known if start <= one.at < end)]

    def hours(self, site: str, device: str, start: float, end: float) -> dict[Series, list[Hour]]:
        """Those of one device."""
        mine = {key[1]: told for key, told in self._hours.items() if (key[0], key[1][0]) == (site, device)}
        return {series: [one for one in told if start <= one.at < end] for series, told in mine.items()}

    def write(self, site: str, change: Change) -> None:
        """Applies a change to an incident."""
        self._sites = [
            replace(
                one, incidents=tuple(apply(old, change) if old.id == change.incident else old for old in one.incidents)
            )
            if one.id == site
            else one
            for one in self._sites
        ]
        self._version += 1

    def notifications(self, newest: int | None = None) -> Sequence[Notification]:
        """All messages, or the newest."""
        return self._notifications[-newest:] if newest else list(self._notifications)
