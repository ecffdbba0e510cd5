"""What happened to an incident, line by line, in the words of people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.core.incident import Change, ChangeKind, Incident
from gateway.core.runbook import step_text
from web.common.causes import title
from web.common.formats import Formats
from web.common.language import Language
from web.common.states import State
from web.desk.facts import SiteFacts
from web.desk.views import incident_state, listed

_ICONS = {
    ChangeKind.ACKNOWLEDGED: "handled",
    ChangeKind.INTERVENTION_STARTED: "person",
    ChangeKind.SILENCED: "mute",
    ChangeKind.NOTE: "note",
    ChangeKind.TICKED: "ok",
    ChangeKind.UNTICKED: "note",
    ChangeKind.DECIDED: "note",
    ChangeKind.RESTORED: "ok",
    ChangeKind.MERGED: "link",
    ChangeKind.REVISED: "note",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the story: when, which symbol, what."""

    at: float
    icon: str
    text: str


def story(site: SiteFacts, incident: Incident, formats: Formats, now: float) -> list[Line]:
    """The story, the newest first."""
    state = incident_state(incident)
    seen = str(State.DOWN if state is State.HANDLED else state)
    lines = [
        Line(change.at, _ICONS.get(change.kind, seen), text)
        for change in _gathered(sorted(incident.story, key=lambda one: one.detected_at))
        if (text := _text(site, change, formats, now))
    ]
    return lines[::-1]


def _gathered(changes: Iterable[Change]) -> list[Change]:
    """The same changes, symptoms that came one after the other made one."""
    found: list[Change] = []
    for change in changes:
        last = found[-1] if found else None
        if last and last.kind is ChangeKind.SYMPTOM and change.kind is ChangeKind.SYMPTOM:
            both = (*last.symptoms, *change.symptoms), (*last.services, *change.services)
            found[-1] = replace(last, symptoms=both[0], services=both[1])
        else:
            found.append(change)
    return found


def _text(site: SiteFacts, change: Change, formats: Formats, now: float) -> str:
    say = formats.language
    match change.kind:
        case ChangeKind.OPENED:
            return _headline(site, change, say)
        case ChangeKind.REVISED:
            return say.gettext("Explication revue : %(title)s", title=_headline(site, change, say))
        case ChangeKind.SYMPTOM:
            return _symptom(site, change, say)
        case ChangeKind.MERGED:
            return say.gettext("Expliqué par un autre incident")
        case ChangeKind.RESTORED:
            return say.gettext("Rétabli")
        case ChangeKind.REOPENED:
            return say.gettext("La panne est revenue")

    return _act(site, change, formats, now)


def _act(site: SiteFacts, change: Change, formats: Formats, now: float) -> str:
    """What a person did."""
    say = formats.language
    who = author(change.who, say)
    match change.kind:
        case ChangeKind.ACKNOWLEDGED:
            return say.gettext("%(who)s prend l’incident en charge", who=who)
        case ChangeKind.INTERVENTION_STARTED:
            return say.gettext("%(who)s commence l’intervention", who=who)
        case ChangeKind.SILENCED:
            until = formats.when(change.until, now) if change.until is not None else ""
            return say.gettext("Bip coupé jusqu’à %(time)s", time=until)
        case ChangeKind.NOTE:
            return say.gettext("%(who)s : « %(text)s »", who=who, text=say.isolate(change.text))
        case ChangeKind.TICKED:
            step = step_text(change.text, site.runbooks, say.code)
            return say.gettext("%(who)s a fait : %(step)s", who=who, step=step)
        case ChangeKind.UNTICKED:
            step = step_text(change.text, site.runbooks, say.code)
            return say.gettext("%(who)s décoche : %(step)s", who=who, step=step)
        case ChangeKind.DECIDED:
            return say.gettext("%(who)s note la décision : « %(text)s »", who=who, text=say.isolate(change.text))
    return ""


def _headline(site: SiteFacts, change: Change, say: Language) -> str:
    name = ""
    if change.root_device:
        name = site.park.name(change.root_device) if site.park else change.root_device
    return title(change.cause, name, say)


def _symptom(site: SiteFacts, change: Change, say: Language) -> str:
    subjects = dict.fromkeys((*(symptom.device for symptom in change.symptoms), *change.services))
    names = [say.isolate(site.park.name(subject) if site.park else subject) for subject in subjects]
    return say.gettext("Touche aussi : %(names)s", names=listed(names, say)) if names else ""


def author(who: str, say: Language) -> str:
    """Who did something, for people."""
    known = {
        "gateway": say.gettext("Le boîtier"),
        "panel": say.gettext("Quelqu’un sur place"),
        "desk": say.gettext("Le siège"),
    }
    return known.get(who) or say.isolate(who)
