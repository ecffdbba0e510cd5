"""From headquarters' facts, decisions and register to the counted period of a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.core.calendar import Calendar
from gateway.core.device import Park
from gateway.core.figures import is_fault
from gateway.core.reports.count import Books, Counted, SiteRecord, count, devices_of
from gateway.core.reports.period import Period, Rhythm, before
from gateway.core.stopwatch import Promise
from gateway.core.upkeep import firmware
from web.desk.decisions import AMENDMENT, EXPENSE, RULING, Book, Entry, expenses_of, maintenance_of
from web.desk.facts import FleetFacts, SiteFacts
from web.desk.register import RegisterFile

_ALWAYS = Calendar(always_on=True)


@dataclass(frozen=True, slots=True)
class Office:
    """Everything headquarters counts with."""

    facts: FleetFacts
    book: Book
    register: RegisterFile
    rhythm: Rhythm = field(default_factory=Rhythm)

    def counted(self, period: Period, now: float, scope: Sequence[str] = ()) -> Counted:
        """A period as it stands now, of some sites (empty: all)."""
        wanted = [site for site in self.facts.sites() if not scope or site.id in scope]
        entries = self.book.entries(AMENDMENT, RULING, EXPENSE)
        earlier = before(period, self.rhythm)
        records = [self._record(site, entries, earlier.start, now) for site in wanted]
        return count(records, period, earlier, now, self._books(records, entries))

    def _books(self, records: Sequence[SiteRecord], entries: Iterable[Entry]) -> Books:
        register = self.register.read()
        return Books(
            register.contracts,
            (*register.expenses, *expenses_of(entries)),
            register.duties,
            firmware(register.rules, devices_of(records)),
            register.budget,
        )

    def _record(self, site: SiteFacts, entries: Sequence[Entry], start: float, now: float) -> SiteRecord:
        park = site.park or Park()
        hours = site.hours or _ALWAYS
        promises = {}
        for one in site.incidents:
            target = site.target(one)
            if is_fault(one) and target is not None:
                promises[one.id] = Promise(target.response_s, target.intervention_s, target.restore_s)
        targets = {level: one.availability for level, one in site.targets.items() if one.availability is not None}
        return SiteRecord(
            id=site.id,
            name=site.name,
            park=park,
            hours=hours,
            responder=site.responder or hours,
            transitions=self.facts.history(site.id, start, now),
            incidents=site.incidents,
            targets=targets,
            promises=promises,
            pauses=site.pauses,
            maintenance={
                service.id: maintenance_of(site.id, (service.id, *service.depends_on), entries)
                for service in park.services.values()
            },
            silent_since=site.heard_at if site.silent(now) else None,
        )
