"""`vigie replay`: recorded readings through the same watch as live ones, in their own time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import click

from gateway.clock import SystemClock
from gateway.collect.replay import Event, Recording, Round
from gateway.core.calendar import Calendar
from gateway.core.correlator import Outcome
from gateway.core.device import GATEWAY, Park
from gateway.core.disks import Growth
from gateway.core.incident import Change, ChangeKind, Incident, Transition, apply, fold
from gateway.core.narrative import Context, one_line
from gateway.core.outages import service_facts
from gateway.core.people import Language
from gateway.core.reading import Reading
from gateway.core.service_level import measure
from gateway.core.watch import Watch
from gateway.core.works import Work
from gateway.feasts import holiday_dates
from gateway.main.lessons import lessons
from gateway.main.sla import answer
from gateway.profiles.checks import all_checks
from gateway.profiles.load import shipped
from gateway.runbooks import load_runbooks
from gateway.settings import Settings, load
from gateway.store.inventory import InventoryStore
from gateway.wire import iso
from web.common.deadlines import Clocks, clocks
from web.desk.notify import Notification, Pace, Recipient, SiteIncident, due_messages

_ON_INCIDENT = {
    "acknowledge": ChangeKind.ACKNOWLEDGED,
    "intervention_start": ChangeKind.INTERVENTION_STARTED,
    "note": ChangeKind.NOTE,
    "resolve": ChangeKind.NOTE,
    "silence": ChangeKind.SILENCED,
}
_EVERYBODY = Recipient("desk", "mail", "desk")


@dataclass(slots=True)
class Replay:
    """One recording against one site. ``run`` plays it; the results are its fields."""

    site: str
    park: Park
    watch: Watch
    transitions: list[Transition] = field(default_factory=list)
    incidents: dict[str, Incident] = field(default_factory=dict)
    notifications: list[Notification] = field(default_factory=list)
    began: float | None = None
    ended: float = 0.0
    _growth: Growth = field(default_factory=Growth)
    _linked: bool = True
    _off_since: float | None = None
    _at: float = 0.0
    _untold: bool = False

    def run(self, steps: Iterable[Round | Event]) -> None:
        """Plays all steps."""
        for step in steps:
            if step.at != self._at:
                self._next_instant(step.at)
            if isinstance(step, Round):
                readings = list(step.judged())
                readings += self._growth.of(readings)
                self._take(self.watch.see(step.subject, readings, step.at))
            else:
                self._happens(step)
        self._tell(self.ended)

    def _next_instant(self, at: float) -> None:
        if self._untold:
            self._tell(self._at)
        self.began = at if self.began is None else self.began
        self._at = self.ended = at
        link = Reading(GATEWAY, "gateway.uplink.up", float(self._linked), at)
        self._take(self.watch.see(GATEWAY, [link], at))

    def _happens(self, event: Event) -> None:
        match event.name:
            case "link_down" | "link_up":
                self._linked = event.name == "link_up"
            case "gateway_off":
                self._off_since = event.at if self._off_since is None else self._off_since
            case "gateway_on":
                if self._off_since is not None:
                    self._take(self.watch.gateway_off(self._off_since, event.at))
                self._off_since = None
            case "maintenance_start" | "maintenance_end":
                work = Work(who=event.who) if event.name == "maintenance_start" else None
                self._take(self.watch.maintenance(event.subject, event.at, work))
            case "report":
                self._take(self.watch.report(event.subject or None, event.text, event.who, event.at))
            case name if name in _ON_INCIDENT:
                self._person(event)

    def _person(self, event: Event) -> None:
        """A person acts on what is open at a device: the most urgent incident that concerns it."""
        concerned = [one for one in self.watch.incidents.values() if _concerns(one, event.subject)]
        if not concerned:
            return
        incident = min(concerned, key=lambda one: (one.root_device != event.subject, one.priority, one.opened_at))
        kind = _ON_INCIDENT[event.name]
        if event.name == "resolve" and incident.cause == "reported":
            kind = ChangeKind.RESTORED
        until = event.at + 1800.0 if kind is ChangeKind.SILENCED else None
        change = Change(incident.id, kind, event.at, event.at, event.who, event.text, until=until)
        self._take(self.watch.person(change))

    def _take(self, outcome: Outcome) -> None:
        self.transitions.extend(outcome.transitions)
        for change in outcome.changes:
            self.incidents[change.incident] = apply(self.incidents.get(change.incident), change)
            self._untold = True

    def _tell(self, now: float) -> None:
        """At the end of an instant everything of it is known: nothing has to settle."""
        known = [SiteIncident(self.site, incident) for incident in self.incidents.values()]
        self.notifications.extend(due_messages(known, self.notifications, now, [_EVERYBODY], Pace(settle_s=0.0)))
        self._untold = False


def _concerns(incident: Incident, subject: str) -> bool:
    return incident.root_device == subject or any(symptom.device == subject for symptom in incident.symptoms)


@click.command()
@click.argument("readings", type=click.Path(path_type=Path), metavar="READINGS.jsonl[.gz]")
@click.option("--site", "site_file", required=True, type=click.Path(path_type=Path), help="The site's settings.")
@click.option("--inventory", required=True, type=click.Path(path_type=Path), help="inventory.toml or its JSON file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def replay(readings: Path, site_file: Path, inventory: Path, *, as_json: bool) -> None:
    """Run judging, causes and service levels over recorded readings, in virtual time."""
    settings = load(site_file)
    park = InventoryStore(inventory).park()
    recording = Recording(readings)
    played = Replay(settings.site.id, park, Watch(settings.site.id, park, checks=all_checks(shipped())))
    clock = SystemClock()
    began = clock.monotonic()
    played.run(recording)
    took = max(clock.monotonic() - began, 1e-3)
    click.echo(f"{recording.readings} readings in {took:.2f} s: {recording.readings / took:,.0f} a second", err=True)
    if recording.unknown:
        told = ", ".join(f"{name} ({count})" for name, count in sorted(recording.unknown.items()))
        click.echo(f"{readings}: metrics that are not in the vocabulary were left out: {told}", err=True)
    result = document(played, settings)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    click.echo(f"{recording.readings} readings, {len(played.transitions)} transitions")
    for incident in result["incidents"]:
        end = incident["restored_at"] or "open"
        click.echo(
            f"{incident['opened_at']}  {incident['severity']} {incident['cause']} {incident['root_device']}  {end}"
        )


def document(played: Replay, settings: Settings) -> dict[str, Any]:
    """The document of docs/reference/replay.md."""
    shown = sorted((one for one in played.incidents.values() if not one.merged_into), key=lambda one: one.opened_at)
    start, end = played.began or 0.0, played.ended
    hours = _hours(settings, start, end)
    runbooks = load_runbooks(settings.runbooks)
    site = settings.site
    language = cast(Language, site.language)
    context = Context(played.park, end, site.name, site.timezone, language, hours)
    incidents = []
    for incident in shown:
        target = settings.service_levels.get(_criticality(incident, played.park))
        due = clocks(incident, target, hours, end)
        told = replace(context, response=due.response, restore=due.restore)
        incidents.append({**_incident(incident, due), **lessons(incident, shown, told, runbooks)})
    return {
        "incidents": incidents,
        "service_levels": [_service_level(played, name, hours) for name in played.park.services],
        "notifications": [_notification(one, played.incidents[one.incident], context) for one in played.notifications],
        "transitions": len(played.transitions),
    }


def _notification(message: Notification, incident: Incident, context: Context) -> dict[str, Any]:
    """A message with the text that it had when it was made, not with what became known later."""
    then = fold(change for change in incident.story if change.detected_at <= message.created_at)[incident.id]
    return {
        "t": iso(message.created_at),
        "incident": message.incident,
        "kind": message.kind,
        "to": message.to,
        "channel": message.channel,
        "text": one_line(then, replace(context, now=message.created_at), context.language),
    }


def _criticality(incident: Incident, park: Park) -> Any:
    touched = [park.criticality(name) for name in (*incident.services, incident.root_device or GATEWAY)]
    return min(touched, key=lambda level: level.rank)


def _incident(incident: Incident, due: Clocks) -> dict[str, Any]:
    response, restore = due.response, due.restore
    return {
        "id": incident.id,
        "cause": incident.cause,
        "root_device": incident.root_device,
        "root_metric": incident.root_metric,
        "severity": incident.priority,
        "opened_at": iso(incident.opened_at),
        "detected_at": iso(incident.detected_at),
        "acknowledged_at": _or_null(incident.acknowledged_at),
        "restored_at": _or_null(incident.restored_at),
        "symptoms": [{"device": one.device, "metric": one.metric} for one in incident.symptoms],
        "services": list(incident.services),
        "response_due_at": _or_null(response.due_at if response else None),
        "restore_due_at": _or_null(restore.due_at if restore else None),
        "breached": {
            "response": bool(response and response.missed),
            "restore": bool(restore and restore.missed),
        },
    }


def _or_null(at: float | None) -> str | None:
    return None if at is None else iso(at)


def _service_level(played: Replay, service: str, hours: Calendar) -> Mapping[str, Any]:
    known = played.park.services[service]
    facts = service_facts(played.park, service, played.transitions, played.began or 0.0, played.ended)
    calendar = Calendar(always_on=True) if known.always_on else hours
    return {"service": service, "criticality": known.criticality, **answer(measure(facts, calendar))}


def _hours(settings: Settings, start: float, end: float) -> Calendar:
    given = settings.calendar
    years = range(datetime.fromtimestamp(start, UTC).year - 1, datetime.fromtimestamp(end, UTC).year + 2)
    dates = holiday_dates(given.holidays, years) if given.holidays else frozenset()
    return given.calendar(settings.site.timezone, dates, always_on=not given.week)
