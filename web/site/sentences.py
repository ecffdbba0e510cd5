"""What happened, in sentences: titles of incidents, steps of their story, what to do, in words of the business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.core.device import Kind, Park
from gateway.core.incident import Cause, Change, ChangeKind, Incident
from gateway.core.runbook import Audience, Runbooks, step_text, ticked
from gateway.runbooks import shipped_runbooks
from web.common import Formats, Language, State
from web.common.causes import SUBJECT_FIRST
from web.common.causes import title as headline
from web.site.facts import Facts


def kind_name(kind: str, say: Language) -> str:
    """What a kind of device is called."""
    names: Mapping[str, str] = {
        Kind.SERVER: say.gettext("Serveur"),
        Kind.UPS: say.gettext("Onduleur"),
        Kind.PDU: say.gettext("Bandeau de prises"),
        Kind.SWITCH: say.gettext("Commutateur"),
        Kind.ROUTER: say.gettext("Routeur"),
        Kind.FIREWALL: say.gettext("Pare-feu"),
        Kind.ACCESS_POINT: say.gettext("Borne Wi-Fi"),
        Kind.NAS: say.gettext("Serveur de fichiers"),
        Kind.PRINTER: say.gettext("Imprimante"),
        Kind.SENSOR: say.gettext("Capteur"),
        Kind.CAMERA: say.gettext("Caméra"),
        Kind.HYPERVISOR: say.gettext("Serveur de machines virtuelles"),
        Kind.BMC: say.gettext("Carte de gestion de serveur"),
        Kind.WORKSTATION: say.gettext("Poste de travail"),
        Kind.GATEWAY: say.gettext("Boîtier de surveillance"),
    }
    return names.get(kind, say.gettext("Appareil"))


def called(subject: str, park: Park, say: Language) -> str:
    """What people call a device or service: its name, with its kind before it where the name does not tell ("sw-1")."""
    name = park.name(subject)
    device = park.devices.get(subject)
    if device is None or device.kind in (Kind.OTHER, Kind.GATEWAY) or " " in name:
        return name
    kind = kind_name(device.kind, say)
    return name if kind.casefold() in name.casefold() else f"{kind} {name}"


def _begins(subject: str, park: Park, say: Language) -> str:
    """What people call it at the beginning of a sentence: French wants an article, where the noun is one we know."""
    name = called(subject, park, say)
    first = name.partition(" ")[0].casefold()
    article = _ARTICLES.get(first, "") if say.code == "fr" and subject in park.devices else ""
    return f"{article}{name[0].lower()}{name[1:]}" if article else name


_ARTICLES = {
    **dict.fromkeys(("serveur", "commutateur", "routeur", "pare-feu", "capteur", "bandeau", "poste", "boîtier"), "Le "),
    **dict.fromkeys(("borne", "caméra", "carte", "baie"), "La "),
    **dict.fromkeys(("onduleur", "imprimante", "appareil"), "L’"),
}


def incident_title(incident: Incident, park: Park, say: Language) -> str:
    """One line that names the fault."""
    return _title(incident.cause, incident.root_device, park, say)


def _title(cause: str, root: str | None, park: Park, say: Language) -> str:
    name = "" if not root else _begins(root, park, say) if cause in SUBJECT_FIRST else called(root, park, say)
    return headline(cause, name, say)


def business_title(facts: Facts, incident: Incident, say: Language) -> str:
    """What the fault means for the work: the service that stands still, else the fault itself. The owner's own words
    are used on pages in the owner's language."""
    stopped = facts.stopped(incident)
    if not stopped:
        return incident_title(incident, facts.park, say)
    service = facts.park.services[stopped[0]]
    text = service.business if service.business and say.code == facts.card.language else ""
    text = text or say.gettext("%(name)s ne fonctionne plus", name=say.isolate(service.name))
    others = len(stopped) - 1
    if not others:
        return text
    more = say.ngettext("et %(n)s autre service", "et %(n)s autres services", others)
    return say.gettext("%(text)s, %(more)s", text=text, more=more)


def consequences(facts: Facts, incident: Incident, formats: Formats) -> list[str]:
    """What else there is to know: the measured value, the silent devices behind it, the services that go on."""
    say = formats.language
    found = []
    ahead = incident.root_metric.startswith("forecast.")
    if incident.value is not None and incident.cause in _MEASURED and not ahead:
        found.append(say.gettext("Mesuré : %(value)s.", value=formats.value(incident.root_metric, incident.value)))
    silent = {s.device for s in incident.symptoms if s.metric == "reach.up"} - {incident.root_device}
    silent &= set(facts.park.devices)
    if silent and incident.cause in (Cause.DEVICE_UNREACHABLE, Cause.LINK_DOWN):
        text = say.ngettext(
            "%(n)s appareil derrière lui est muet.", "%(n)s appareils derrière lui sont muets.", len(silent)
        )
        found.append(text)
    elif silent:
        found.append(say.ngettext("%(n)s appareil est muet.", "%(n)s appareils sont muets.", len(silent)))
    if incident.services and not facts.stopped(incident):
        found.append(say.gettext("Aucun service n’est arrêté."))
    return found


_MEASURED = frozenset(
    {
        Cause.DISK_FULL,
        Cause.OVERHEATING,
        Cause.UPS_OVERLOADED,
        Cause.MEMORY_EXHAUSTED,
        Cause.CPU_SATURATED,
        Cause.SUPPLY_EMPTY,
        Cause.CERTIFICATE_EXPIRING,
        Cause.SERVICE_SLOW,
    }
)


def advice(facts: Facts, incident: Incident, formats: Formats) -> list[str]:
    """What a person in the depot does now: the first two steps of the runbook that nobody has done yet."""
    say = formats.language
    book, ticks = facts.card.runbooks.get(incident.cause), ticked(incident)
    todo = [step for step in book.of(Audience.ANYONE) if step.key not in ticks] if book else []
    steps = [step.text(say.code) for step in todo[:2]]
    if len(steps) < 2 and not incident.acknowledged_by and incident.priority in ("P1", "P2"):
        steps.append(say.gettext("Personne ne s’en occupe encore : appelez le support."))
    return steps or [say.gettext("Rien à faire de votre côté.")]


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a time-line: when, with which symbol, what. ``incident`` links to it where the line is elsewhere."""

    at: float
    symbol: str
    text: str
    incident: str = ""


def author(who: str, say: Language) -> str:
    """Who did something, for people."""
    known = {
        "gateway": say.gettext("Le boîtier"),
        "panel": say.gettext("Quelqu’un sur place (bouton du boîtier)"),
        "desk": say.gettext("Le siège"),
        "page": say.gettext("Quelqu’un sur place (cette page)"),
    }
    return known.get(who) or say.isolate(who)


def moment(
    change: Change, incident: Incident, park: Park, formats: Formats, runbooks: Runbooks | None = None
) -> Moment | None:
    """The sentence for one thing that happened to an incident; ``None`` for what is of no interest to people.
    ``runbooks`` are the site's, the shipped ones if absent."""
    say = formats.language
    title = _title(change.cause, change.root_device, park, say)
    symbol, text = "note", ""
    match change.kind:
        case ChangeKind.OPENED:
            symbol, text = ("watch" if change.priority in ("P3", "P4") else "down"), title
        case ChangeKind.REVISED:
            text = say.gettext("Cause revue : %(title)s", title=title)
        case ChangeKind.SYMPTOM:
            names = sorted({park.name(s.device) for s in change.symptoms})
            text = say.gettext("Touche aussi : %(names)s", names=", ".join(names)) if names else ""
        case ChangeKind.MERGED:
            text = say.gettext("Expliquée par une autre panne")
        case ChangeKind.RESTORED:
            symbol, text = "ok", say.gettext("Remise en service : %(title)s", title=incident_title(incident, park, say))
        case ChangeKind.REOPENED:
            symbol, text = "down", say.gettext("La panne est revenue")
    if not text:
        symbol, text = _done_by(change, say, runbooks)
    return Moment(change.at, symbol, text, incident.id) if text else None


def _done_by(change: Change, say: Language, runbooks: Runbooks | None) -> tuple[str, str]:
    """Symbol and sentence of what a person did; empty for everything else."""
    who = author(change.who, say)
    match change.kind:
        case ChangeKind.ACKNOWLEDGED:
            return "handled", say.gettext("%(who)s prend la panne en charge", who=who)
        case ChangeKind.INTERVENTION_STARTED:
            return "person", say.gettext("%(who)s commence l’intervention", who=who)
        case ChangeKind.SILENCED:
            return "mute", say.gettext("%(who)s coupe le bip pour 30 minutes", who=who)
        case ChangeKind.NOTE:
            return "note", say.gettext("%(who)s : « %(text)s »", who=who, text=say.isolate(change.text))
        case ChangeKind.TICKED:
            step = step_text(change.text, runbooks or shipped_runbooks(), say.code)
            return "note", say.gettext("%(who)s a fait : %(step)s", who=who, step=step)
        case ChangeKind.UNTICKED:
            step = step_text(change.text, runbooks or shipped_runbooks(), say.code)
            return "note", say.gettext("%(who)s décoche : %(step)s", who=who, step=step)
        case ChangeKind.DECIDED:
            return "note", say.gettext(
                "%(who)s note la décision : « %(text)s »", who=who, text=say.isolate(change.text)
            )
    return "note", ""


def story(incident: Incident, park: Park, formats: Formats, runbooks: Runbooks | None = None) -> list[Moment]:
    """Everything that happened to an incident, newest first."""
    moments = [moment(change, incident, park, formats, runbooks) for change in incident.story]
    return sorted((one for one in moments if one), key=lambda one: one.at, reverse=True)


def state_sentence(facts: Facts, subject: str, formats: Formats) -> str:
    """Why a device or service is in the state it is shown in."""
    say = formats.language
    state = facts.state(subject)
    since = facts.entry(subject).get("since") or 0
    when = formats.when(since, facts.now) if since else ""
    if facts.stale:
        return say.gettext("La surveillance est arrêtée : état inconnu.")
    incident = facts.incident_of(subject)
    if incident and state in (State.DOWN, State.HANDLED, State.WATCH, State.UNKNOWN):
        text = incident_title(incident, facts.park, say)
        text = say.gettext("%(text)s, depuis %(when)s.", text=text, when=formats.when(incident.opened_at, facts.now))
        if incident.acknowledged_by:
            return say.gettext("%(text)s %(who)s s’en occupe.", text=text, who=author(incident.acknowledged_by, say))
        return text
    texts = {
        State.OK: say.gettext("Répond normalement."),
        State.MAINTENANCE: say.gettext("Arrêt prévu depuis %(when)s.", when=when) if when else "",
        State.UNKNOWN: say.gettext("Pas de nouvelles depuis %(when)s.", when=when) if when else "",
        State.WATCH: say.gettext("Un signe est inhabituel depuis %(when)s.", when=when) if when else "",
    }
    return texts.get(state) or say.gettext("Depuis %(when)s.", when=when)
