"""What each page shows, as template variables computed from `Facts`. Pure: no request, no file, no clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import segno
from markupsafe import Markup

from gateway.core.device import GATEWAY
from gateway.core.incident import Incident, Transition, Verdict
from gateway.core.narrative_context import decided
from gateway.core.proposals import recurrence_of
from gateway.ports import CurrentVerdict
from web.common import Formats, State
from web.common.guidance import checklist, tried
from web.common.guidance import told as told_lines
from web.site.context import context_of
from web.site.discovering import discovery_view
from web.site.evidence import evidence
from web.site.facts import DAY_S, Facts, Sources, hourly
from web.site.foresight import ends
from web.site.sentences import (
    Moment,
    advice,
    author,
    business_title,
    called,
    consequences,
    incident_title,
    state_sentence,
    story,
)

_TODAY = 6
"""Lines of today's time-line on the first page."""

_FAVICON = {State.OK: "ok", State.WATCH: "watch", State.DOWN: "down", State.HANDLED: "down"}

View = dict[str, Any]


def status_view(facts: Facts, sources: Sources, formats: Formats) -> View:
    """The first page."""
    first = facts.open[0] if facts.open else None
    state = State.UNKNOWN if facts.stale else facts.incident_state(first) if first else _quiet_state(facts)
    start = facts.now - DAY_S - 3600
    transitions = sources.transitions(start, facts.now + 1, None)
    verdicts = sources.verdicts()
    return {
        "facts": facts,
        "state": state,
        "favicon": _FAVICON.get(state, "unknown"),
        "hero": _hero(facts, first, formats) if first and not facts.stale else None,
        "others": len(facts.open) - 1,
        "services": [
            _service(facts, service, _of(transitions, service), _of(verdicts, service), formats)
            for service in facts.services
        ],
        "last": next((one for one in facts.incidents if one.restored_at and not one.merged_into), None),
        "title_of": lambda incident: incident_title(incident, facts.park, formats.language),
        "today": today(facts, formats),
        "silent_devices": [d for d in facts.devices if facts.state(d) is State.UNKNOWN],
        "qr": qr(facts.card.addresses[0]) if facts.card.addresses else "",
    }


def _quiet_state(facts: Facts) -> State:
    """Without an open incident: all is well only if something is known to be well and nothing is known to be bad."""
    states = {facts.state(subject) for subject in (*facts.park.services, *facts.devices)}
    if states & {State.WATCH, State.DOWN, State.HANDLED}:
        return State.WATCH
    return State.UNKNOWN if states == {State.UNKNOWN} else State.OK


def _hero(facts: Facts, incident: Incident, formats: Formats) -> View:
    say = formats.language
    clocks = facts.clocks(incident)
    title = business_title(facts, incident, say)
    plain = incident_title(incident, facts.park, say)
    return {
        "incident": incident,
        "title": title,
        "cause": plain if plain != title else "",
        "more": consequences(facts, incident, formats),
        "lasting": formats.duration(facts.now - incident.opened_at),
        "who": author(incident.acknowledged_by, say) if incident.acknowledged_by else "",
        "told": told(facts, incident),
        "restore": clocks.restore,
        "steps": advice(facts, incident, formats),
        "fresh": facts.now - incident.detected_at < 300,
        "silenced": _silenced(facts),
    }


def _silenced(facts: Facts) -> float | None:
    until = facts.status.get("silenced_until")
    return float(until) if isinstance(until, int | float) and until > facts.now else None


def told(facts: Facts, incident: Incident) -> bool:
    """True if headquarters is known to have the message about this incident."""
    acknowledged = facts.link.get("last_ack_at") or 0
    urgent = sum(int(count) for lane, count in (facts.link.get("waiting") or {}).items() if str(lane) in ("0", "1"))
    return bool(facts.link.get("connected")) and acknowledged >= incident.detected_at and not urgent


def _of(rows: Sequence[Any], subject: str) -> list[Any]:
    return [row for row in rows if row.subject == subject]


def _service(
    facts: Facts,
    service: str,
    transitions: Sequence[Transition],
    verdicts: Sequence[CurrentVerdict],
    formats: Formats,
) -> View:
    incident = facts.incident_of(service)
    states = hourly(transitions, verdicts, facts.now)
    return {
        "id": service,
        "name": facts.park.name(service),
        "state": facts.state(service),
        "why": state_sentence(facts, service, formats),
        "incident": incident,
        "hours": states,
        "hours_text": hours_text(states, formats),
    }


def hours_text(states: Sequence[State], formats: Formats) -> str:
    """What a 24-hour strip shows, in words."""
    say = formats.language
    counts = [(state, sum(one is state for one in states)) for state in reversed(State)]
    bad = [(state, count) for state, count in counts if count and state is not State.OK]
    if not bad:
        return say.gettext("Dernières 24 heures : aucun arrêt")
    parts = [
        say.ngettext("%(state)s pendant %(n)s heure", "%(state)s pendant %(n)s heures", count, state=state.word(say))
        for state, count in bad
    ]
    return say.gettext("Dernières 24 heures : %(parts)s", parts=", ".join(parts))


def today(facts: Facts, formats: Formats) -> list[Moment]:
    """What happened since midnight, newest first."""
    midnight = formats.local(facts.now).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    moments = [
        one
        for incident in facts.incidents
        for one in story(incident, facts.park, formats)
        if one.at >= midnight and one.symbol != "note"
    ]
    return sorted(moments, key=lambda one: one.at, reverse=True)[:_TODAY]


def qr(address: str) -> Markup:
    """The address as a QR code: 2.5 ms, so pages keep it with the rendered text."""
    if address not in _QR:
        while len(_QR) >= _QR_KEPT:
            _QR.pop(next(iter(_QR)), None)
        code = segno.make(address, error="m", micro=False)
        path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(code.matrix) for x, dark in enumerate(row) if dark)
        size = len(code.matrix)
        _QR[address] = Markup(
            '<svg viewBox="-2 -2 {0} {0}" role="img" aria-label="QR : {1}" shape-rendering="crispEdges">'
            '<path d="{2}" fill="#000"/></svg>'
        ).format(size + 4, address, path)
    return _QR[address]


_QR: dict[str, Markup] = {}
_QR_KEPT = 16


def incidents_view(facts: Facts, formats: Formats) -> View:
    """All open incidents, and those of thirty days."""
    say = formats.language

    def row(incident: Incident) -> View:
        end = incident.restored_at
        return {
            "incident": incident,
            "title": incident_title(incident, facts.park, say),
            "state": facts.incident_state(incident),
            "lasting": formats.duration((facts.now if end is None else end) - incident.opened_at),
            "who": author(incident.acknowledged_by, say) if incident.acknowledged_by else "",
            "services": [facts.park.name(service) for service in incident.services],
        }

    done = [one for one in facts.incidents if not one.open and not one.merged_into]
    return {
        "facts": facts,
        "open": [row(one) for one in facts.open],
        "finished": [row(one) for one in done[:50]],
        "favicon": _FAVICON.get(facts.incident_state(facts.open[0]), "unknown") if facts.open else "ok",
    }


def incident_view(facts: Facts, incident: Incident, past: Sequence[Incident], formats: Formats) -> View:
    """One incident: its clocks, its story, what it hits, what can be done, what helped before. ``past`` are those of
    180 days."""
    say = formats.language
    devices = {symptom.device for symptom in incident.symptoms} | {incident.root_device or ""}
    runbooks, park = facts.card.runbooks, facts.park
    again = recurrence_of(incident, past)
    state = State.UNKNOWN if facts.stale and incident.open else facts.incident_state(incident)
    moments = story(incident, facts.park, formats, runbooks)
    address = f"{facts.card.addresses[0]}incidents/{incident.id}" if facts.card.addresses else ""
    return {
        "facts": facts,
        "incident": incident,
        "runbook": checklist(incident, runbooks, formats, lambda who: author(who, say)),
        "tried": tried(incident, past, park, runbooks, formats) if incident.open else [],
        "again": again,
        "decision": decided(incident),
        "evidence": evidence(incident, park, formats),
        "report": told_lines(incident, context_of(facts, incident, again, say), say),
        "address": address,
        "qr": qr(address) if address else "",
        "state": state,
        "favicon": _FAVICON.get(state, "unknown"),
        "title": incident_title(incident, facts.park, say),
        "more": consequences(facts, incident, formats) if incident.open else [],
        "clocks": facts.clocks(incident),
        "told": told(facts, incident),
        "silenced": _silenced(facts),
        "lasting": formats.duration((incident.restored_at or facts.now) - incident.opened_at),
        "who": author(incident.acknowledged_by, say) if incident.acknowledged_by else "",
        "story": moments,
        "spread": any(formats.local(one.at).date() != formats.local(facts.now).date() for one in moments),
        "services": [
            (service, facts.park.name(service), facts.state(service), service in facts.park.services)
            for service in incident.services
        ],
        "devices": [
            (device, called(device, facts.park, say), facts.state(device))
            for device in facts.devices
            if device in devices
        ],
    }


def devices_view(facts: Facts, formats: Formats) -> View:
    """The inventory with its states, and how many discovered devices wait for a decision."""
    waiting = discovery_view(facts, formats.language)
    return {
        "facts": facts,
        "working": sum(facts.verdict(one) is Verdict.MAINTENANCE for one in (*facts.devices, *facts.park.services)),
        "found": len(waiting["rows"]) + waiting["more"] + len(waiting["swaps"]),
        "rows": [
            {
                "device": facts.park.devices[device],
                "state": facts.state(device),
                "why": state_sentence(facts, device, formats),
                "expired": facts.park.devices[device].warranty.expired(formats.local(facts.now).date()),
            }
            for device in facts.devices
        ],
    }


def estimated_starts(facts: Facts, formats: Formats) -> list[str]:
    """A line for each start of the box whose time was never known: between which instants it lies."""
    say, lines = formats.language, []
    for one in (facts.status.get("clock") or {}).get("unknown") or ():
        first, last = (formats.when(at, facts.now) if at else "" for at in (one["earliest"], one["latest"]))
        number = one["number"]
        texts = {
            (True, True): say.gettext(
                "n° %(number)s : entre %(first)s et %(last)s", number=number, first=first, last=last
            ),
            (True, False): say.gettext("n° %(number)s : après %(first)s", number=number, first=first),
            (False, True): say.gettext("n° %(number)s : avant %(last)s", number=number, last=last),
            (False, False): say.gettext("n° %(number)s : date inconnue", number=number),
        }
        lines.append(texts[bool(first), bool(last)])
    return lines


def box_view(facts: Facts, storage: Mapping[str, float], formats: Formats) -> View:
    """The technician's page."""
    return {
        "facts": facts,
        "ends": ends(facts, formats),
        "storage": storage,
        "starts": estimated_starts(facts, formats),
        "found": discovery_view(facts, formats.language),
        "values": {(row.metric, row.instance): row for row in facts.latest(GATEWAY)},
        "rows": [
            {
                "id": device,
                "name": facts.park.name(device),
                "how": ", ".join(facts.park.devices[device].collect),
                "address": facts.park.devices[device].address,
                "entry": facts.entry(device),
                "state": facts.state(device),
            }
            for device in facts.devices
        ],
    }
