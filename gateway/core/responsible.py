"""Who answers for downtime: the electricity supplier, the line's operator, the maintenance provider, or ourselves.

A fact, not a verdict: downtime is laid against the incidents that name the service, and each incident's cause says who
answers. What no incident explains is told as such and given to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from gateway.core.calendar import Calendar
from gateway.core.device import Park, SupportModel
from gateway.core.incident import Cause, Incident
from gateway.core.intervals import Span, clip, intersect, subtract, total, union
from gateway.core.service_level import Facts


class Party(StrEnum):
    """Who answers for a stretch of downtime, in the order in which they are asked: a power cut explains the rest."""

    ELECTRICITY = "electricity"
    OPERATOR = "operator"
    PROVIDER = "provider"
    US = "us"
    UNEXPLAINED = "unexplained"


def party(incident: Incident, park: Park) -> Party:
    """The mains are the supplier's, the line is the operator's, a device under contract is its provider's, the rest
    is ours."""
    if incident.cause == Cause.POWER_LOST:
        return Party.ELECTRICITY
    if incident.cause == Cause.UPLINK_LOST:
        return Party.OPERATOR
    for name in (incident.root_device, *(one for s in incident.services for one in _devices(park, s))):
        device = park.devices.get(name or "")
        if device is not None and incident.root_device in (None, name, *park.services):
            return Party.PROVIDER if device.support.model is not SupportModel.NONE else Party.US
    return Party.US


def _devices(park: Park, service: str) -> Sequence[str]:
    known = park.services.get(service)
    return known.depends_on if known else ()


def downtime(
    service: str, facts: Facts, calendar: Calendar, incidents: Iterable[Incident], park: Park
) -> dict[Party, float]:
    """Seconds of contract time down by party; they add up to ``measure(facts, calendar).down_s`` exactly."""
    deduced = clip(facts.deduced, facts.start, facts.end)
    unknown = subtract(clip(facts.unknown, facts.start, facts.end), deduced)
    contract = calendar.open_spans(facts.start, facts.end)
    for gap in (clip(facts.maintenance, facts.start, facts.end), unknown):
        contract = subtract(contract, gap)
    down = union([*clip(facts.outages, facts.start, facts.end), *deduced])
    left = intersect(contract, down)
    blamed: dict[Party, list[Span]] = {Party.ELECTRICITY: list(deduced)}
    for incident in incidents:
        if not incident.merged_into and (service in incident.services or incident.root_device == service):
            ends = [(incident.opened_at, incident.restored_at)]
            blamed.setdefault(party(incident, park), []).extend(clip(ends, facts.start, facts.end))
    found: dict[Party, float] = {}
    for one in Party:
        theirs = intersect(left, union(blamed.get(one, ()))) if one is not Party.UNEXPLAINED else left
        if theirs:
            found[one] = total(theirs)
            left = subtract(left, theirs)
    return found


def together(parts: Iterable[Mapping[Party, float]]) -> dict[Party, float]:
    """The downtime of several services by party, the parties in their order."""
    found: dict[Party, float] = {}
    for part in parts:
        for one, seconds in part.items():
            found[one] = found.get(one, 0.0) + seconds
    return {one: found[one] for one in Party if one in found}
