"""What the report of an incident is told from, at the depot."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.core.incident import Incident
from gateway.core.narrative import Context
from gateway.core.people import Language as Code
from web.common import Language
from web.site.facts import Facts
from web.site.sentences import called

_SPOKEN: dict[str, Code] = {"fr": "fr", "ar": "ar", "en": "en"}


def context_of(facts: Facts, incident: Incident, again: Sequence[Incident], say: Language) -> Context:
    """The surroundings of an incident; ``again`` are the earlier incidents of the same failure, newest first."""
    card, clocks = facts.card, facts.clocks(incident)
    subjects = {symptom.device for symptom in incident.symptoms} | {incident.root_device or ""}
    return Context(
        facts.park,
        facts.now,
        card.name,
        card.timezone,
        _SPOKEN.get(card.language, "fr"),
        card.hours,
        clocks.response,
        clocks.restore,
        again,
        names={one: called(one, facts.park, say) for one in subjects if one},
    )
