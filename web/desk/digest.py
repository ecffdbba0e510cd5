"""What can wait: one mail a day with advice, what came and went in quiet hours and what falls due, and a test once a
month. Pure.

A mail of the day is made only if there is something to tell. Everything is mentioned once to each reader; what
headquarters hears of late, or could not tell while it was off, stands in the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.core.agenda import Appointment
from gateway.core.incident import Priority
from web.desk.notify import (
    NoticeKind,
    NoticeState,
    Notification,
    Recipient,
    SiteIncident,
    addressed,
    by_urgency,
    key_of,
    left_over,
    told,
)

MENTIONED_S = 7 * 86_400.0
"""What is older than this is in no mail of the day any more."""


@dataclass(frozen=True, slots=True)
class Routine:
    """When the mail of the day goes out (``minute`` after midnight in ``zone``) and on which day of the month every
    recipient gets a test (0: never)."""

    minute: int = 7 * 60 + 30
    zone: str = "Africa/Algiers"
    test_day: int = 1

    def instant(self, day: date) -> float:
        """When the mail of a day is due."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone))
        return midnight.replace(hour=self.minute // 60, minute=self.minute % 60).timestamp()

    def last(self, now: float) -> date:
        """The day of the last mail that was due at ``now``."""
        today = datetime.fromtimestamp(now, ZoneInfo(self.zone)).date()
        return today if now >= self.instant(today) else today - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class News:
    """What a mail of the day may tell of: incidents, and what falls due."""

    incidents: Sequence[SiteIncident] = ()
    appointments: Sequence[Appointment] = ()


def due_digests(
    news: News, already: Iterable[Notification], now: float, people: Sequence[Recipient], routine: Routine
) -> list[Notification]:
    """Mails of the day that have to be made now, without their text; ``mentions`` says what each is about."""
    day = routine.last(now)
    until = routine.instant(day)
    past = list(already)
    shown = by_urgency(one for one in news.incidents if not one.incident.merged_into)
    due = []
    for person in people:
        key = key_of("digest", person.name, day.isoformat())
        mine = [message for message in past if message.to == person.name]
        if not person.digest or any(message.key == key for message in mine):
            continue
        known = {mention for message in mine for mention in message.mentions}
        spoken = {mention(message.site, message.incident) for message in told(mine) if message.incident}
        fresh = [one for one in shown if _worth(one, person, until)]
        named = [name for one in fresh if (name := mention(one.site, one.incident.id)) not in known | spoken]
        theirs = [one for one in news.appointments if not person.sites or one.site in person.sites]
        named += [name for one in theirs if (name := reminder(one)) not in known]
        if named:
            due.append(replace(addressed(person, NoticeKind.DIGEST, key, now), mentions=tuple(named)))
    return due


def mention(site: str, incident: str) -> str:
    """How a mail of the day names an incident."""
    return f"{site}/{incident}"


def reminder(one: Appointment) -> str:
    """How a mail of the day names what falls due."""
    return f"due/{key_of(one.key)}"


def _worth(one: SiteIncident, person: Recipient, until: float) -> bool:
    """True for advice that was found, and for what came and went in quiet hours, before ``until``."""
    incident = one.incident
    if person.sites and one.site not in person.sites:
        return False
    if incident.priority == Priority.P4:
        return incident.open and until - MENTIONED_S <= incident.detected_at < until
    ended = incident.restored_at
    fresh = ended is not None and until - MENTIONED_S <= ended < until
    return fresh and incident.priority <= person.lowest and left_over(one, person)


def due_tests(
    already: Iterable[Notification], now: float, people: Sequence[Recipient], routine: Routine
) -> list[Notification]:
    """The test of the month, for everybody who has not had it; a new recipient gets it at once, which proves the way
    to them on the day it is needed least."""
    day = routine.last(now)
    if not routine.test_day:
        return []
    if day.day < routine.test_day:
        day = day.replace(day=1) - timedelta(days=1)
    month = f"{day:%Y-%m}"
    have = {message.key for message in already}
    drafts = [addressed(person, NoticeKind.TEST, key_of("test", person.name, month), now) for person in people]
    return [message for message in drafts if message.key not in have]


def failed_to(messages: Iterable[Notification], since: float) -> list[str]:
    """Names of those whom some message since then has not reached."""
    waiting = [one for one in messages if one.state is NoticeState.PENDING and one.attempts and one.created_at >= since]
    return list(dict.fromkeys(one.to for one in waiting))
