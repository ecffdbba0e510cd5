"""JSON for programs under `/api/v1/`, and `/metrics` in Prometheus text form. Names: docs/reference/http.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.core.device import GATEWAY
from gateway.core.incident import Incident, Verdict
from gateway.core.narrative import one_line
from gateway.core.units import METRICS, unit_of
from web.common import iso
from web.common.deadlines import Deadline
from web.common.language import Language
from web.site.context import context_of
from web.site.facts import Facts, Series
from web.site.sentences import business_title, incident_title

Json = dict[str, Any]

COMMANDS = frozenset(
    {
        "acknowledge",
        "intervention_start",
        "resolve",
        "tick",
        "untick",
        "decide",
        "note",
        "report",
        "silence",
        "maintenance_start",
        "maintenance_end",
        "poll_now",
    }
)
"""Kinds of command that `POST /api/v1/commands` takes."""
ON_INCIDENT = frozenset({"acknowledge", "intervention_start", "resolve", "note", "tick", "untick", "decide"})
"""Those that name an incident."""


def status_json(facts: Facts, languages: Mapping[str, Language]) -> Json:
    """`GET /api/v1/status`"""
    first = facts.open[0] if facts.open else None
    return {
        "site": facts.card.id,
        "name": facts.card.name,
        "at": iso(facts.now),
        "checked_at": iso(facts.checked_at),
        "stale": facts.stale,
        "boot_id": facts.status.get("boot_id"),
        "clock_trusted": facts.status.get("clock_trusted"),
        "state": "unknown" if facts.stale else str(facts.incident_state(first)) if first else "ok",
        "sentence": {code: business_title(facts, first, say) if first else None for code, say in languages.items()},
        "incidents_open": len(facts.open),
        "services": [subject_json(facts, service) for service in facts.services],
        "devices": {
            str(verdict): sum(facts.verdict(device) is verdict for device in facts.devices) for verdict in Verdict
        },
        "link": _link(facts),
        "panel": facts.status.get("panel"),
        "silenced_until": iso(facts.status.get("silenced_until")),
        "model": facts.status.get("model"),
    }


def _link(facts: Facts) -> Json | None:
    link = facts.link
    if not link:
        return None
    return {**link, "since": iso(link.get("since")), "last_ack_at": iso(link.get("last_ack_at"))}


def subject_json(facts: Facts, subject: str) -> Json:
    """A device or service: what it is in short, its verdict, the incident that explains it."""
    entry = facts.entry(subject)
    incident = facts.incident_of(subject)
    known = facts.park.devices.get(subject)
    more: Json = (
        {"kind": known.kind, "address": known.address, "parent": known.parent, "power": known.power} if known else {}
    )
    return {
        "id": subject,
        "name": facts.park.name(subject),
        "criticality": facts.park.criticality(subject),
        **more,
        "verdict": "unknown" if facts.stale else facts.verdict(subject),
        "since": iso(entry.get("since") or None),
        "last_poll_at": iso(entry.get("last_poll_at")),
        "failure": entry.get("failure"),
        "incident": incident.id if incident else None,
    }


def devices_json(facts: Facts) -> Json:
    """`GET /api/v1/devices`: every device with its newest readings."""
    devices = []
    for device in (*facts.devices, GATEWAY):
        rows = [
            {
                "metric": row.metric,
                "instance": row.instance,
                "label": row.label,
                "value": row.value,
                "unit": unit_of(row.metric),
                "severity": row.severity,
                "at": iso(row.at),
            }
            for row in facts.latest(device)
        ]
        identity = facts.entry(device).get("identity") or {}
        devices.append({**subject_json(facts, device), "identity": identity, "readings": rows})
    return {"at": iso(facts.now), "stale": facts.stale, "devices": devices}


def readings_json(device: str, metric: str, instance: str, series: Series) -> Json:
    """`GET /api/v1/devices/<id>/readings`"""
    return {
        "device": device,
        "metric": metric,
        "instance": instance,
        "unit": unit_of(metric),
        "readings": [[iso(at), value] for at, value in series],
    }


def incidents_json(facts: Facts, languages: Mapping[str, Language]) -> Json:
    """`GET /api/v1/incidents`: open ones first, then those of thirty days."""
    done = [one for one in facts.incidents if not one.open]
    return {"at": iso(facts.now), "incidents": [incident_json(facts, one, languages) for one in (*facts.open, *done)]}


def incident_json(facts: Facts, incident: Incident, languages: Mapping[str, Language]) -> Json:
    """One incident in the words of `vigie replay`, and more."""
    both = facts.clocks(incident)
    return {
        "id": incident.id,
        "cause": incident.cause,
        "root_device": incident.root_device,
        "root_metric": incident.root_metric,
        "root_instance": incident.root_instance,
        "severity": incident.priority,
        "opened_at": iso(incident.opened_at),
        "detected_at": iso(incident.detected_at),
        "acknowledged_at": iso(incident.acknowledged_at),
        "acknowledged_by": incident.acknowledged_by or None,
        "intervention_at": iso(incident.intervention_at),
        "restored_at": iso(incident.restored_at),
        "merged_into": incident.merged_into or None,
        "symptoms": [{"device": s.device, "metric": s.metric, "instance": s.instance} for s in incident.symptoms],
        "services": list(incident.services),
        "response_due_at": _due(both.response),
        "restore_due_at": _due(both.restore),
        "breached": {"response": _missed(both.response), "restore": _missed(both.restore)},
        "line": {
            say.code: one_line(incident, context_of(facts, incident, (), say), say.code) for say in languages.values()
        },
        "title": {code: incident_title(incident, facts.park, say) for code, say in languages.items()},
        "story": [
            {"at": iso(one.at), "kind": one.kind, "who": one.who, "text": one.text, "cause": one.cause or None}
            for one in incident.story
        ],
    }


def _due(clock: Deadline | None) -> str | None:
    return iso(clock.due_at) if clock else None


def _missed(clock: Deadline | None) -> bool:
    return bool(clock and clock.missed)


def doctor_json(facts: Facts, storage: Mapping[str, float]) -> Json:
    """`GET /api/v1/doctor`: the box's own health as far as the page can see it; ``ok`` is false if any check fails."""
    link = facts.link
    checks = [
        {"check": "watch", "ok": not facts.stale, "detail": f"last status {iso(facts.checked_at) or 'never'}"},
        {"check": "clock", "ok": bool(facts.status.get("clock_trusted")), "detail": "synchronised by a time service"},
        {"check": "link", "ok": not link or bool(link.get("connected")), "detail": str(link.get("reason") or "")},
        {"check": "outbox", "ok": facts.waiting < 10_000, "detail": f"{facts.waiting} messages waiting"},
        {
            "check": "storage",
            "ok": storage.get("free", 0.0) > 0.05 * storage.get("total", 0.0),
            "detail": f"{storage.get('free', 0.0):.0f} bytes free of {storage.get('total', 0.0):.0f}",
        },
        {
            "check": "box",
            "ok": facts.verdict(GATEWAY) not in (Verdict.CRITICAL, Verdict.UNKNOWN),
            "detail": f"verdict {facts.verdict(GATEWAY)}",
        },
    ]
    return {"at": iso(facts.now), "ok": all(check["ok"] for check in checks), "checks": checks}


def prometheus(facts: Facts) -> str:
    """`GET /metrics`: states, incidents, link and the newest readings, as Prometheus reads them."""
    return "\n".join(_lines(facts)) + "\n"


def _lines(facts: Facts) -> Iterator[str]:
    yield from _gauge("vigie_stale", "1 if the watch itself has stopped", [({}, float(facts.stale))])
    age = facts.now - facts.checked_at if facts.checked_at is not None else None
    if age is not None:
        yield from _gauge("vigie_status_age_seconds", "Age of the newest facts", [({}, round(age, 3))])
    verdicts = [
        ({"subject": subject, "verdict": str(verdict)}, float(facts.verdict(subject) is verdict))
        for subject in (*facts.park.devices, *facts.park.services)
        for verdict in Verdict
    ]
    yield from _gauge("vigie_verdict", "1 for the verdict in force on a device or service", verdicts)
    by_priority = [
        ({"priority": name}, float(sum(one.priority == name for one in facts.open)))
        for name in ("P1", "P2", "P3", "P4")
    ]
    yield from _gauge("vigie_incidents_open", "Open incidents", by_priority)
    if facts.link:
        yield from _gauge("vigie_uplink_connected", "1 if connected", [({}, float(bool(facts.link.get("connected"))))])
        lanes = [({"lane": str(lane)}, float(n)) for lane, n in (facts.link.get("waiting") or {}).items()]
        yield from _gauge("vigie_outbox_waiting", "Messages that headquarters has not acknowledged", lanes)
    yield from _readings(facts)


def _readings(facts: Facts) -> Iterator[str]:
    rows = [row for device in facts.park.devices for row in facts.latest(device)]
    for metric in sorted({row.metric for row in rows}):
        samples = [
            ({"device": row.device, "instance": row.instance}, float(row.value))
            for row in rows
            if row.metric == metric and isinstance(row.value, int | float)
        ]
        known = METRICS.get(metric)
        text = f"{known.description} [{known.unit or 'word'}]" if known else metric
        safe = "".join(char if char.isalnum() and char.isascii() else "_" for char in metric)
        yield from _gauge(f"vigie_reading_{safe}", text, samples)


def _gauge(name: str, text: str, samples: Sequence[tuple[Mapping[str, str], float]]) -> Iterator[str]:
    if not samples:
        return
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        inside = ",".join(f'{key}="{_quoted(label)}"' for key, label in labels.items())
        yield f"{name}{{{inside}}} {value:g}" if inside else f"{name} {value:g}"


def _quoted(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
