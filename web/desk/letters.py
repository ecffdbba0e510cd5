"""The text of messages: what fails where, since when, what stops with it, who is on it, whom to call. In the language
of the person who gets it, in the time of the site it happened at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from gateway.core.agenda import Appointment
from gateway.core.incident import Incident, Priority
from gateway.core.people import Language as Code
from gateway.core.reports.words import Words, appointment_text
from web.common.causes import title
from web.common.formats import Formats
from web.common.language import Language
from web.desk.facts import SiteFacts
from web.desk.notify import NoticeKind, Notification, SiteIncident
from web.desk.views import Row, hero_title, listed, promise, row, whom_to_call

_CODES: Mapping[str, Code] = {"fr": "fr", "ar": "ar", "en": "en"}
DESK_TRANSLATIONS = Path(__file__).parent / "translations"
"""Catalogues of the texts of headquarters; to be read after those that both faces share."""


class Letters:
    """Writes messages. ``site`` gives the facts of a site by id, ``url`` is the address of headquarters' page."""

    def __init__(self, site: Callable[[str], SiteFacts | None], languages: Mapping[str, Language], url: str) -> None:
        self._site = site
        self._languages = languages
        self._url = url.rstrip("/")

    def write(self, draft: Notification, incident: Incident) -> tuple[str, str]:
        """Subject and text."""
        site = self._site(draft.site) or SiteFacts(draft.site, draft.site)
        say = self._languages.get(draft.language) or self._languages["fr"]
        formats = Formats(say, ZoneInfo(site.zone))
        now = draft.created_at
        line = row(site, incident, formats, now)
        subject = say.gettext("%(urgency)s · %(title)s", urgency=_urgency(draft, say), title=hero_title(line, say))
        lines = [hero_title(line, say) + ".", _since(incident, formats, now)]
        lines += _hit(site, incident, say)
        if incident.restored_at is None:
            lines.append(_care(line, formats, now))
            lines.append(_restoration(draft, line, formats))
            call = whom_to_call(site, incident, say)
            lines.append(f"{call[:1].upper()}{call[1:]}.")
            contract = site.support(incident).contract
            if contract:
                lines.append(say.gettext("Contrat : %(number)s", number=say.isolate(contract)))
        lines += _explains(site, incident, say)
        lines.append(f"{self._url}/incidents/{draft.site}/{incident.id}")
        return subject, "\n".join(text for text in lines if text) + "\n"

    def gather(
        self, draft: Notification, incidents: Sequence[SiteIncident], appointments: Sequence[Appointment] = ()
    ) -> tuple[str, str]:
        """Subject and text of a mail of the day, or of the test of the month."""
        say = self._languages.get(draft.language) or self._languages["fr"]
        if draft.kind is NoticeKind.TEST:
            return say.gettext("Essai du mois · les messages vous parviennent"), self._test(say)
        open_now = [self._item(one, draft, say) for one in incidents if one.incident.open]
        over = [self._item(one, draft, say) for one in incidents if not one.incident.open]
        points = len(incidents) + len(appointments)
        count = say.ngettext("%(n)s point sans urgence", "%(n)s points sans urgence", points)
        lines = []
        if open_now:
            lines += [say.gettext("Conseils, à regarder cette semaine :"), *open_now, ""]
        if over:
            lines += [say.gettext("Arrivé et terminé pendant vos heures calmes :"), *over, ""]
        if appointments:
            lines += [say.gettext("À faire bientôt :"), *(self._appointment(one, draft) for one in appointments), ""]
        if incidents:
            lines.append(f"{self._url}/incidents")
        if appointments:
            lines.append(f"{self._url}/upkeep")
        return say.gettext("Courrier du jour · %(count)s", count=count), "\n".join(lines) + "\n"

    def _item(self, one: SiteIncident, draft: Notification, say: Language) -> str:
        site = self._site(one.site) or SiteFacts(one.site, one.site)
        formats = Formats(say, ZoneInfo(site.zone))
        line = row(site, one.incident, formats, draft.created_at)
        return f"- {hero_title(line, say)}. {_since(one.incident, formats, draft.created_at)}"

    def _appointment(self, one: Appointment, draft: Notification) -> str:
        """- Restore drill: ERP, Rouiba, for Nadia, by 02/12/2026."""
        site = self._site(one.site) if one.site else None
        return "- " + appointment_text(one, Words(_CODES.get(draft.language, "fr")), site.name if site else one.site)

    def _test(self, say: Language) -> str:
        return "\n".join(
            (
                say.gettext("Rien n’est en panne. Cet essai part une fois par mois, par le même chemin qu’une alerte."),
                say.gettext("S’il n’arrive pas un mois, dites-le au siège : une alerte n’arriverait pas non plus."),
                f"{self._url}/messages",
                "",
            )
        )


def _urgency(draft: Notification, say: Language) -> str:
    if draft.kind is NoticeKind.RESTORED:
        return say.gettext("Rétabli")
    words = {
        Priority.P1: say.gettext("Urgent"),
        Priority.P2: say.gettext("Important"),
        Priority.P3: say.gettext("À traiter"),
    }
    word = words[Priority(draft.priority)]
    if draft.kind is NoticeKind.WARNED:
        return say.gettext("Rappel (%(urgency)s)", urgency=word)
    if draft.kind is NoticeKind.ESCALATED:
        late = say.gettext("Personne n’a répondu") if draft.about == "response" else say.gettext("Délai dépassé")
        return say.gettext("%(late)s (%(urgency)s)", late=late, urgency=word)
    return say.gettext("Devient : %(urgency)s", urgency=word) if draft.kind is NoticeKind.CHANGED else word


def _since(incident: Incident, formats: Formats, now: float) -> str:
    say = formats.language
    start = formats.when(incident.opened_at, now)
    end = incident.restored_at
    if end is None:
        return say.gettext(
            "Depuis %(time)s (%(duration)s).", time=start, duration=formats.duration(now - incident.opened_at)
        )
    return say.gettext(
        "De %(start)s à %(end)s, en tout %(duration)s.",
        start=start,
        end=formats.when(end, now),
        duration=formats.duration(end - incident.opened_at),
    )


def _hit(site: SiteFacts, incident: Incident, say: Language) -> list[str]:
    """The services hit and the business that stops with each."""
    named = []
    for service_id in incident.services:
        service = site.park.services.get(service_id) if site.park else None
        name = say.isolate(service.name if service else service_id)
        named.append(f"{name} ({say.isolate(service.business)})" if service and service.business else name)
    return [say.gettext("Ce qui est touché : %(services)s.", services=listed(named, say))] if named else []


def _care(line: Row, formats: Formats, now: float) -> str:
    """Who is on it, or until when somebody has to be."""
    say = formats.language
    if line.owner:
        return say.gettext("%(who)s s’en occupe.", who=line.owner)
    return f"{say.gettext('Personne ne s’en occupe.')} {promise(line.clocks.response, formats, now)}".strip()


def _restoration(draft: Notification, line: Row, formats: Formats) -> str:
    """What was promised for its restoration, in a message about that promise."""
    restore = line.clocks.restore
    if draft.about != "restore" or restore is None or restore.due_at is None:
        return ""
    time = formats.when(restore.due_at, draft.created_at)
    if restore.missed:
        return formats.language.gettext("Remise en service due à %(time)s : dépassée.", time=time)
    return formats.language.gettext("Remise en service due à %(time)s.", time=time)


def _explains(site: SiteFacts, incident: Incident, say: Language) -> list[str]:
    """Incidents that were told before this one turned out to explain them: their messages are answered by this one."""
    parts = [title(one.cause, site.subject(one), say) for one in site.incidents if one.merged_into == incident.id]
    return [say.gettext("Explique aussi : %(titles)s.", titles=" ; ".join(parts))] if parts else []
