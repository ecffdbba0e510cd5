"""What the notification policy weighs of every incident, from the facts of all sites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gateway.clock import Clock
from gateway.core.incident import Incident
from web.desk.decisions import AMENDMENT, RULING, Book, Entry, maintenance_of
from web.desk.facts import SiteFacts
from web.desk.notify import SiteIncident
from web.desk.views import promised

TOLD_S = 30 * 86_400.0
"""Incidents that were over for longer are told to nobody any more."""
_FRESH_S = 15.0


def on_duty(sites: Iterable[SiteFacts], entries: Sequence[Entry], now: float) -> list[SiteIncident]:
    """Every incident that is open or was over within ``TOLD_S``, with its clocks at ``now``."""
    return [
        SiteIncident(site.id, one, site.criticality(one), promised(site, one, now), _planned(site, one, entries, now))
        for site in sites
        for one in site.incidents
        if one.restored_at is None or one.restored_at >= now - TOLD_S
    ]


def _planned(site: SiteFacts, incident: Incident, entries: Sequence[Entry], now: float) -> bool:
    """True while what is broken may be broken: planned work on its root or on the whole site, entered before or while
    it happened, and not yet past its end. Of what is over, the instant of its end counts."""
    at = now if incident.restored_at is None else incident.restored_at
    subjects = [subject for subject in (incident.root_device, *incident.services) if subject]
    return any(start <= at and (end is None or at < end) for start, end in maintenance_of(site.id, subjects, entries))


class Duty:
    """The same, made anew only when the ledger or the time has moved on: the notifier asks every other second."""

    def __init__(
        self,
        version: Callable[[], str],
        sites: Callable[[], Sequence[SiteFacts]],
        book: Book,
        clock: Clock,
    ) -> None:
        self._version = version
        self._sites = sites
        self._book = book
        self._clock = clock
        self._mark = ("", 0.0)
        self._known: list[SiteIncident] = []

    def incidents(self) -> list[SiteIncident]:
        """What is to be weighed now."""
        now, version = self._clock.wall(), self._version()
        seen, at = self._mark
        if version != seen or not 0 <= now - at < _FRESH_S:
            self._known = on_duty(self._sites(), self._book.entries(AMENDMENT, RULING), now)
            self._mark = (version, now)
        return self._known
