"""The whole of a period for a spreadsheet: every service and every incident, with all that is known of them."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.core.reports.count import Counted
from gateway.core.reports.document import Cell, Column, Table
from gateway.core.reports.words import LEVELS, PARTIES, Words
from gateway.core.responsible import Party
from gateway.core.stopwatch import Deadline


def services(counted: Counted, say: Words) -> Table:
    """Every service: availability with coverage and bounds, its times in seconds, downtime by who answers."""
    rows = []
    for one in counted.services:
        level = one.level
        low, high = level.bounds
        shares = (level.availability, level.coverage, low, high)
        times = (level.contract_s, level.down_s, level.deduced_s, level.unknown_s, level.maintenance_s)
        means = (level.mttr_business_s, level.mttr_wall_s, level.mtbf_s)
        rows.append(
            (
                Cell(one.site.name, one.site.id),
                Cell(one.name, one.service),
                Cell(say.say(LEVELS[one.criticality]), one.criticality.value),
                *(Cell(say.share(share), share) for share in shares),
                Cell(str(level.outages), level.outages),
                *(Cell(say.short(seconds), seconds) for seconds in times),
                *(Cell("–" if mean is None else say.short(mean), mean) for mean in means),
                *(Cell(say.short(one.parties.get(party, 0.0)), one.parties.get(party, 0.0)) for party in Party),
            )
        )
    keys = ["availability", "coverage", "at_worst", "at_best", "outages", "contract_s", "down_s", "deduced_s"]
    keys += ["unknown_s", "maintenance_s", "mttr_business_s", "mttr_wall_s", "mtbf_s"]
    return Table(
        "services",
        say.say(("Tous les services", "كل الخدمات", "All services")),
        (
            Column(say.say(("Site", "الموقع", "Site")), "site"),
            Column(say.say(("Service", "الخدمة", "Service")), "service"),
            Column(say.say(("Niveau", "المستوى", "Level")), "criticality"),
            *(Column(key, key, number=True) for key in keys),
            *(Column(say.say(PARTIES[party]), f"down_{party.value}_s", number=True) for party in Party),
        ),
        tuple(rows),
    )


def incidents(counted: Counted, say: Words) -> Table:
    """Every fault: its instants (ISO, UTC), its three clocks against what was promised, who answers, its cost."""
    rows = []
    for one in counted.incidents:
        incident = one.incident
        instants = (incident.opened_at, incident.detected_at, incident.acknowledged_at, incident.intervention_at)
        clocks = (one.clocks.response, one.clocks.intervention, one.clocks.restore)
        rows.append(
            (
                Cell(incident.id, incident.id),
                Cell(one.site.name, one.site.id),
                Cell(incident.cause, incident.cause),
                Cell(incident.root_device or "–", incident.root_device),
                Cell(incident.priority, incident.priority),
                *(Cell(_iso(at) or "–", _iso(at)) for at in (*instants, incident.restored_at)),
                *(cell for clock in clocks for cell in _clock(clock, say)),
                Cell(say.say(PARTIES[one.party]), one.party.value),
                Cell(str(one.times), one.times),
                Cell(say.money(one.cost.amount), one.cost.amount / 100 if one.cost.known else None),
            )
        )
    keys = ["incident", "site", "cause", "root_device", "priority"]
    keys += ["opened_at", "detected_at", "acknowledged_at", "intervention_at", "restored_at"]
    keys += [f"{clock}_{what}" for clock in ("response", "intervention", "restore") for what in ("used_s", "allowed_s")]
    keys += ["party", "times_in_180_days", "cost"]
    return Table(
        "all-incidents",
        say.say(("Toutes les pannes", "كل الأعطال", "All incidents")),
        tuple(Column(key, key) for key in keys),
        tuple(rows),
    )


def _clock(clock: Deadline | None, say: Words) -> tuple[Cell, Cell]:
    if clock is None:
        return Cell("–"), Cell("–")
    return Cell(say.short(clock.used_s), clock.used_s), Cell(say.short(clock.allowed_s), clock.allowed_s)


def _iso(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
