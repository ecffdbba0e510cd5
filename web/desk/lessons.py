"""What headquarters can tell about an incident beyond its story: steps done, what helped before, the report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gateway.core.cost import IncidentCost
from gateway.core.device import Park
from gateway.core.incident import Incident
from gateway.core.narrative import Context, Loss, for_the_owner
from gateway.core.people import Language as Code
from gateway.core.proposals import recurrence_of
from web.common.formats import Formats
from web.common.guidance import checklist, told, tried
from web.desk.facts import SiteFacts
from web.desk.story import author
from web.desk.views import promised


@dataclass(frozen=True, slots=True)
class Telling:
    """An incident in words: in thirty seconds, and line by line."""

    brief: str
    report: list[tuple[str, list[str]]]


def lessons(site: SiteFacts, incident: Incident, formats: Formats, now: float) -> dict[str, Any]:
    """Template variables for one incident; ``tell`` puts it in words with its cost (in hundredths)."""
    park, books = site.park or Park(), site.runbooks
    again = recurrence_of(incident, site.incidents)
    context = _context(site, incident, again, now)

    def tell(cost: IncidentCost) -> Telling:
        known = replace(context, loss=Loss(cost.amount / 100)) if cost.known else context
        return Telling(for_the_owner(incident, known, formats.language.code), told(incident, known, formats.language))

    return {
        "runbook": checklist(incident, books, formats, lambda who: author(who, formats.language)),
        "tried": tried(incident, site.incidents, park, books, formats) if incident.open else [],
        "again": again,
        "tell": tell,
    }


def _context(site: SiteFacts, incident: Incident, again: list[Incident], now: float) -> Context:
    both = promised(site, incident, now)
    spoken: dict[str, Code] = {"fr": "fr", "ar": "ar", "en": "en"}
    return Context(
        site.park or Park(),
        now,
        site.name,
        site.zone,
        spoken.get(site.language, "fr"),
        site.hours,
        both.response,
        both.restore,
        again,
    )
