"""From what the ledger keeps of a site to the facts its pages are made from. Pure but for the calendar of feasts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from gateway import wire
from gateway.core.calendar import Calendar
from gateway.core.device import Criticality, Site
from gateway.core.errors import VigieError
from gateway.core.incident import Incident
from gateway.core.runbook import by_cause, merged
from gateway.feasts import holiday_dates
from gateway.runbooks import shipped_runbooks
from gateway.settings import CalendarSettings, Target
from web.desk.decisions import Entry, moves_of, pauses_of
from web.desk.facts import SiteFacts


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site as the ledger keeps it. Instants are s since the epoch; ``status`` is online, offline, lost or empty;
    ``skew_s`` is how far the site's clock was ahead of headquarters' when it last spoke (way included)."""

    id: str
    name: str
    first_seen: float
    last_seen: float | None = None
    inventory: Mapping[str, Any] | None = None
    inventory_at: float | None = None
    summary: wire.Summary | None = None
    summary_at: float | None = None
    clock: str = "trusted"
    skew_s: float | None = None
    status: str = ""
    status_at: float | None = None
    version: str = ""


def site_row(columns: Mapping[str, Any]) -> SiteRow:
    """A row of the table ``site``."""
    values = dict(columns)
    inventory, summary = values["inventory"], values["summary"]
    values["inventory"] = wire.body_of(inventory.encode()) if inventory else None
    values["summary"] = wire.summary_of(wire.body_of(summary.encode())) if summary else None
    return SiteRow(**values)


@dataclass(frozen=True, slots=True)
class Responder:
    """When those who answer for incidents work."""

    hours: CalendarSettings
    timezone: str


@dataclass(frozen=True, slots=True)
class Context:
    """The instant, and what headquarters has decided about calendars and clocks."""

    now: float
    decided: Sequence[Entry] = ()
    responder: Responder | None = None

    def calendar(self, hours: CalendarSettings, timezone: str) -> Calendar:
        """Opening hours with the holidays as they are decided."""
        year = datetime.fromtimestamp(self.now, UTC).year
        # incidents of the last half year are shown, and a delay may run out in the next one
        dates = holiday_dates(hours.holidays, range(year - 1, year + 2), moves_of(self.decided))
        return hours.calendar(timezone, dates)


def site_facts(row: SiteRow, incidents: Iterable[Incident], context: Context) -> SiteFacts:
    """A site with what its last inventory and summary told; what it never told is empty."""
    told = row.inventory or {}
    site = wire.site_of(told) if told else Site(row.id, row.name)
    hours, answers = wire.part_of(told, "calendar", CalendarSettings), context.responder
    contact, phone = wire.part_of(told, "contact", tuple[str, str]) or ("", "")
    return SiteFacts(
        id=row.id,
        name=row.name,
        zone=site.timezone,
        language=site.language,
        contact=contact,
        phone=phone,
        heard_at=row.last_seen,
        park=wire.park_of(told) if told else None,
        hours=context.calendar(hours, site.timezone) if hours else None,
        responder=context.calendar(answers.hours, answers.timezone) if answers else None,
        targets=wire.part_of(told, "targets", dict[Criticality, Target]) or {},
        country=hours.holidays if hours and isinstance(hours.holidays, str) else "",
        moves=hours.moves if hours else {},
        told_at=row.inventory_at,
        incidents=tuple(incidents),
        runbooks=merged(shipped_runbooks(), by_cause(wire.steps_of(told))) if told.get("steps") else shipped_runbooks(),
        pauses=pauses_of(row.id, context.decided),
        states=row.summary.states if row.summary else None,
    )


def check_inventory(told: Mapping[str, Any], now: float) -> Site:
    """The site of an inventory from which facts can be made; GarbledError says why they cannot."""
    site = wire.site_of(told)
    try:
        ZoneInfo(site.timezone)
        site_facts(SiteRow(site.id, site.name, now, inventory=told), (), Context(now))
    except (ValueError, KeyError, OSError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise wire.GarbledError(f"time zone {site.timezone!r} of site {site.id} is unknown") from error
    except wire.GarbledError:
        raise
    except VigieError as error:
        raise wire.GarbledError(f"calendar of site {site.id}: {error}") from error
    return site
