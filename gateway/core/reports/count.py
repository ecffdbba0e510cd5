"""Counts a period: from what each site recorded to the figures of a report. Used by the depot and by headquarters, so
that both say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from gateway.core.calendar import Calendar
from gateway.core.cost import Contract, Devices, Expense, IncidentCost, Month, cost_of, month_of
from gateway.core.device import GATEWAY, Criticality, Park
from gateway.core.figures import FourFigures, Recurrence, SiteFacts, four_figures, is_fault
from gateway.core.incident import Cause, Incident, Priority, Transition
from gateway.core.intervals import OpenSpan, clip, subtract, total
from gateway.core.outages import Told, first_word, service_facts
from gateway.core.reports.period import Period
from gateway.core.responsible import Party, downtime, party, together
from gateway.core.service_level import Budget, Facts, ServiceLevel, Standing, budget, measure, pool, standing
from gateway.core.stopwatch import Clocks, Promise, stopwatches
from gateway.core.upkeep import Duty, FirmwareFinding


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """One site as it is counted. ``hours`` are its own (availability), ``responder`` those of who answers (clocks,
    repair times). ``targets`` and ``promises`` are by criticality, ``pauses`` by incident, ``maintenance`` (entered at
    headquarters) by service. ``silent_since`` is when a site that says nothing last spoke."""

    id: str
    name: str
    park: Park
    hours: Calendar
    responder: Calendar
    transitions: Sequence[Transition] = ()
    incidents: Sequence[Incident] = ()
    targets: Mapping[Criticality, float] = field(default_factory=dict)
    promises: Mapping[str, Promise] = field(default_factory=dict)
    """By incident: what was promised for it."""
    pauses: Mapping[str, Sequence[OpenSpan]] = field(default_factory=dict)
    maintenance: Mapping[str, Sequence[OpenSpan]] = field(default_factory=dict)
    silent_since: float | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """What headquarters knows besides: contracts, expenses, duties, firmware. ``None`` at a depot, which has none."""

    contracts: Sequence[Contract] = ()
    expenses: Sequence[Expense] = ()
    duties: Sequence[Duty] = ()
    firmware: Sequence[FirmwareFinding] = ()
    budget: int | None = None
    """What a month of maintenance may cost, in hundredths."""


@dataclass(frozen=True, slots=True)
class ServiceCount:
    """One service over the period, and who answers for its downtime. ``to_come_s`` are the service hours that a period
    that runs still holds; ``None``: it is over."""

    site: SiteRecord
    service: str
    name: str
    criticality: Criticality
    level: ServiceLevel
    parties: Mapping[Party, float]
    to_come_s: float | None = None


@dataclass(frozen=True, slots=True)
class LevelCount:
    """All services of one criticality (or of one site). ``budget`` is ``None`` without a target."""

    level: ServiceLevel
    target: float | None
    standing: Standing | None
    budget: Budget | None


@dataclass(frozen=True, slots=True)
class IncidentCount:
    """One fault of the period: how long it lasted within it (wall), its clocks, who answers, what it cost, how often
    the like has happened in 180 days."""

    site: SiteRecord
    incident: Incident
    wall_s: float
    clocks: Clocks
    party: Party
    cost: IncidentCost
    times: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything a report says, without a language."""

    period: Period
    at: float
    sites: tuple[SiteRecord, ...]
    services: tuple[ServiceCount, ...]
    levels: Mapping[Criticality, LevelCount]
    by_site: Mapping[str, LevelCount]
    four: FourFigures
    before: FourFigures
    incidents: tuple[IncidentCount, ...]
    advice: tuple[tuple[SiteRecord, Incident], ...]
    month: Month
    books: Books | None

    @property
    def recurring(self) -> tuple[Recurrence, ...]:
        """What came back, the most frequent first."""
        return self.four.recurring

    @property
    def parties(self) -> dict[Party, float]:
        """Downtime of all critical services by who answers; adds up to the downtime of the first figure."""
        return together(one.parties for one in self.services if one.criticality is Criticality.CRITICAL)

    def site(self, name: str) -> SiteRecord:
        """A site by id."""
        return next(one for one in self.sites if one.id == name)

    @property
    def devices(self) -> Devices:
        """The devices of all sites."""
        return devices_of(self.sites)


def devices_of(sites: Sequence[SiteRecord]) -> Devices:
    """All devices by "site/device", the boxes themselves left out."""
    return {
        f"{site.id}/{device.id}": device
        for site in sites
        for device in site.park.devices.values()
        if device.id != GATEWAY
    }


def count(
    sites: Sequence[SiteRecord], period: Period, previous: Period, at: float, books: Books | None = None
) -> Counted:
    """Counts a period as far as it has passed at ``at``; ``previous`` is what the trend is taken from."""
    end = min(period.end, at)
    told = {site.id: Told(site.transitions) for site in sites}
    services = [one for site in sites for one in _services(site, told[site.id], (period.start, period.end), at)]
    four = _four(sites, services, period.start, end)
    earlier = [one for site in sites for one in _services(site, told[site.id], (previous.start, previous.end), at)]
    inside = [
        (site, one)
        for site in sites
        for one in site.incidents
        if not one.merged_into and one.opened_at < end and (one.restored_at or end) >= period.start
    ]
    kept = books or Books()
    first = date(period.last.year, period.last.month, 1)
    return Counted(
        period=period,
        at=at,
        sites=tuple(sites),
        services=tuple(services),
        levels=_levels(sites, services),
        by_site={site.id: _level([one for one in services if one.site is site]) for site in sites},
        four=four,
        before=_four(sites, earlier, previous.start, previous.end),
        incidents=_incidents([pair for pair in inside if is_fault(pair[1])], four, (period.start, end), kept),
        advice=tuple(pair for pair in inside if pair[1].priority == Priority.P4 and pair[1].open),
        month=month_of(first, kept.contracts, kept.expenses, devices_of(sites), period.last),
        books=books,
    )


def _services(site: SiteRecord, told: Told, span: tuple[float, float], at: float) -> list[ServiceCount]:
    """Every service over a span, as far as it has passed at ``at``."""
    found = []
    start, end = span[0], min(span[1], at)
    always = replace(site.hours, always_on=True)
    for service in site.park.services.values():
        facts = facts_over(site, service.id, told, (start, end))
        if facts is None:
            continue
        hours = always if service.always_on else site.hours
        parties = downtime(service.id, facts, hours, site.incidents, site.park)
        level = measure(facts, hours)
        to_come_s = None if span[1] <= at else _to_come(site, service.id, hours, (end, span[1]))
        found.append(ServiceCount(site, service.id, service.name, service.criticality, level, parties, to_come_s))
    return found


def _to_come(site: SiteRecord, service: str, hours: Calendar, span: tuple[float, float]) -> float:
    """Service hours in a span that is yet to come, less the work that is planned in it. Work without an end may end at
    any moment: it takes nothing off."""
    planned = [(start, end) for start, end in site.maintenance.get(service, ()) if end is not None]
    return total(subtract(hours.open_spans(*span), clip(planned, *span)))


def facts_over(site: SiteRecord, service: str, told: Told, span: tuple[float, float]) -> Facts | None:
    """What happened to a service within a span; ``None`` if it was not there yet. What was added on the fifteenth is
    counted from then on; what was never judged is unknown throughout."""
    begun = first_word(site.park, service, told)
    start, end = max(span[0], begun) if begun is not None else span[0], span[1]
    if start >= end:
        return None
    facts = service_facts(site.park, service, told, start, end)
    unknown = facts.unknown if site.silent_since is None else (*facts.unknown, (site.silent_since, end))
    return replace(facts, maintenance=(*facts.maintenance, *site.maintenance.get(service, ())), unknown=unknown)


def _four(sites: Sequence[SiteRecord], services: Sequence[ServiceCount], start: float, end: float) -> FourFigures:
    """The four figures from services that are measured already."""
    bare = [
        SiteFacts(site.id, start, end, site.responder, (), site.incidents, tuple(devices_of([site]).values()))
        for site in sites
    ]
    critical = [one for one in services if one.criticality is Criticality.CRITICAL]
    level = pool([one.level for one in critical]) if critical else None
    return four_figures(bare, _target(sites, Criticality.CRITICAL), level, _still_to_come(critical))


def _still_to_come(services: Sequence[ServiceCount]) -> float | None:
    """Service hours that the period still holds for all of them; ``None``: it is over."""
    hours = [one.to_come_s for one in services if one.to_come_s is not None]
    return sum(hours) if hours else None


def _target(sites: Sequence[SiteRecord], level: Criticality) -> float | None:
    """Where sites were promised different availabilities, the strictest."""
    return max((site.targets[level] for site in sites if level in site.targets), default=None)


def _levels(sites: Sequence[SiteRecord], services: Sequence[ServiceCount]) -> dict[Criticality, LevelCount]:
    found = {}
    for level in Criticality:
        mine = [one for one in services if one.criticality is level]
        if mine:
            found[level] = _level(mine, _target(sites, level))
    return found


def _level(services: Sequence[ServiceCount], target: float | None = None) -> LevelCount:
    if target is None and services:  # of one site: the level of its critical services
        services = [one for one in services if one.criticality is Criticality.CRITICAL] or services
        target = services[0].site.targets.get(services[0].criticality)
    level = pool([one.level for one in services])
    if target is None:
        return LevelCount(level, None, None, None)
    to_come_s = _still_to_come(services)
    return LevelCount(level, target, standing(level, target, to_come_s), budget(level, target, to_come_s))


def _incidents(
    found: Sequence[tuple[SiteRecord, Incident]], four: FourFigures, span: tuple[float, float], books: Books
) -> tuple[IncidentCount, ...]:
    times = {(one.site, one.cause, one.root_device): one.count for one in four.recurring}
    start, end = span
    counted = [
        IncidentCount(
            site,
            one,
            min(one.restored_at or end, end) - max(one.opened_at, start),
            stopwatches(one, site.promises.get(one.id, Promise()), site.responder, end, site.pauses.get(one.id, ())),
            party(one, site.park) if one.cause != Cause.SITE_SILENT else Party.UNEXPLAINED,
            cost_of(one.id, books.expenses),
            times.get((site.id, one.cause, one.root_device), 1),
        )
        for site, one in found
    ]
    return tuple(sorted(counted, key=lambda one: (one.incident.priority, -one.wall_s)))
