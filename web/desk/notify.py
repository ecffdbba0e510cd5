"""Who is told what: one message when an incident opens, changes priority or is over, and none for its symptoms.

Pure: incidents, everybody's messages so far and the instant in, the messages that have to be made out. Whom else to
tell when nobody acts is ``web.desk.ladder``, what can wait for the mail of the day ``web.desk.digest``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from gateway.core.device import Criticality
from gateway.core.incident import Incident, Priority
from gateway.core.stopwatch import Clocks
from web.desk.quiet import Quiet


class NoticeKind(StrEnum):
    """Why a message is sent."""

    OPENED = "opened"
    CHANGED = "changed"
    RESTORED = "restored"
    REPORT = "report"
    WARNED = "warned"
    ESCALATED = "escalated"
    DIGEST = "digest"
    TEST = "test"


class NoticeState(StrEnum):
    """Where a message stands. A withdrawn one was overtaken before it could be delivered."""

    PENDING = "pending"
    DELIVERED = "delivered"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to tell. ``channel`` names how (mail, webhook), ``address`` is an e-mail address or a URL, ``sites``
    the ids of the sites that concern them (empty: all), ``lowest`` the least urgent priority they are told of,
    ``reports`` which reports they get (weekly, monthly). ``step`` is their place on the ladder: the first step is told
    when an incident opens, the next ones when a promise is broken. ``quiet`` are the hours in which they are left
    alone, ``digest`` says whether they get the mail of the day."""

    name: str
    channel: str
    address: str
    language: str = "fr"
    sites: tuple[str, ...] = ()
    lowest: Priority = Priority.P3
    reports: tuple[str, ...] = ()
    step: int = 1
    quiet: Quiet | None = None
    digest: bool = False

    def concerned(self, site: str, priority: str) -> bool:
        """True if an incident of this site and priority is for them. P4 is advisory: no message of its own."""
        return (not self.sites or site in self.sites) and priority <= self.lowest and priority != Priority.P4


UNPROMISED = Clocks(None, None)
"""The clocks of an incident for which nothing was promised."""


@dataclass(frozen=True, slots=True)
class SiteIncident:
    """An incident and the id of the site it happened at, with what the policy weighs: the highest criticality it
    touches, its clocks, and whether it lies in planned work at this instant. Unknown criticality is the highest, so
    that nothing is held back by mistake."""

    site: str
    incident: Incident
    criticality: Criticality = Criticality.CRITICAL
    clocks: Clocks = UNPROMISED
    planned: bool = False


@dataclass(frozen=True, slots=True)
class Notification:
    """One message to one person. ``key`` is made from what it tells to whom, so the same one is never made twice.

    ``about`` names the promise of a warning (response, restore); ``mentions`` are the incidents ("site/id") that a mail
    of the day tells of. ``proof`` is what the server that took it answered; ``error`` why the last attempt failed or
    why it was withdrawn. Instants are s since the epoch.
    """

    key: str
    kind: NoticeKind
    site: str
    incident: str
    priority: str
    to: str
    channel: str
    address: str
    language: str
    created_at: float
    subject: str = ""
    text: str = ""
    state: NoticeState = NoticeState.PENDING
    attempts: int = 0
    next_at: float = 0.0
    error: str = ""
    delivered_at: float | None = None
    proof: str = ""
    about: str = ""
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """``settle_s``: how long an incident may still turn out to be part of another before anybody is told.
    ``late_s``: an incident that was over when headquarters first heard of it is told up to this age (P1 and P2).
    ``warn_share``: the part of a promised time after which those who know are reminded."""

    settle_s: float = 20.0
    late_s: float = 86_400.0
    warn_share: float = 0.75


PACE = Pace()
"""Unless desk.toml says otherwise."""


def superseded(incidents: Iterable[SiteIncident], already: Iterable[Notification]) -> list[Notification]:
    """Undelivered messages that would no longer be true, as withdrawn ones: the incident was explained by another, is
    over, or has another priority by now. What is true instead is told by ``due_messages``."""
    known = {(one.site, one.incident.id): one.incident for one in incidents}
    found = []
    for message in already:
        incident = known.get((message.site, message.incident))
        if message.state is NoticeState.PENDING and incident is not None:
            reason = _overtaken(message, incident)
            if reason:
                found.append(replace(message, state=NoticeState.WITHDRAWN, error=reason))
    return found


def _overtaken(message: Notification, incident: Incident) -> str:
    if incident.merged_into:
        return f"explained by incident {incident.merged_into}"
    if message.about == "response" and incident.acknowledged_at is not None:
        return "taken before it could be delivered"
    if message.kind is NoticeKind.RESTORED:
        return "opened again" if incident.restored_at is None else ""
    if incident.restored_at is not None:
        return "over before it could be delivered"
    return "priority changed" if message.priority != incident.priority else ""


def due_messages(
    incidents: Iterable[SiteIncident],
    already: Iterable[Notification],
    now: float,
    people: Sequence[Recipient],
    pace: Pace = PACE,
) -> list[Notification]:
    """Messages that have to be made now, without their text. ``already`` is every message ever made."""
    history = by_reader(already)
    due = []
    for one in by_urgency(incidents):
        first = first_step(one, people)
        for person in people:
            past = history.get((one.site, one.incident.id, person.name), [])
            heard = told(past)
            if not heard and person.step > first:
                continue
            kind = _due(one, person, heard, now, pace)
            if kind is not None and not held_back(one, person, now):
                due.append(draft(one, person, kind, len(past), now))
    return due


def by_reader(messages: Iterable[Notification]) -> dict[tuple[str, str, str], list[Notification]]:
    """Messages by (site, incident, reader), in the order in which they were made."""
    found: dict[tuple[str, str, str], list[Notification]] = {}
    for message in messages:
        found.setdefault((message.site, message.incident, message.to), []).append(message)
    return found


def by_urgency(incidents: Iterable[SiteIncident]) -> list[SiteIncident]:
    """The most urgent first."""
    return sorted(incidents, key=lambda one: (one.incident.priority, one.incident.opened_at))


def first_step(one: SiteIncident, people: Iterable[Recipient]) -> int:
    """The lowest step of the ladder on which anybody is concerned: they are told at once."""
    steps = [person.step for person in people if person.concerned(one.site, one.incident.priority)]
    return min(steps, default=1)


def told(past: Sequence[Notification]) -> list[Notification]:
    """Those that count: a withdrawn one has told nobody anything."""
    return [message for message in past if message.state is not NoticeState.WITHDRAWN]


def held_back(one: SiteIncident, person: Recipient, now: float) -> bool:
    """True while their quiet hours keep a message about this incident from them."""
    quiet = person.quiet
    return quiet is not None and quiet.holds(now, one.criticality, one.incident.priority)


def _due(
    one: SiteIncident, person: Recipient, past: Sequence[Notification], now: float, pace: Pace
) -> NoticeKind | None:
    incident = one.incident
    last = past[-1] if past else None
    if incident.merged_into:
        return None
    if incident.restored_at is not None:
        return _due_when_over(one, person, last, now, pace)
    if not person.concerned(one.site, incident.priority):
        return None
    if last is None:
        # planned work breaks things: what is still broken when it should be over is told then
        ripe = now - incident.detected_at >= pace.settle_s and not one.planned
        return NoticeKind.OPENED if ripe else None
    if last.kind is NoticeKind.RESTORED:
        return NoticeKind.OPENED
    return NoticeKind.CHANGED if last.priority != incident.priority else None


def _due_when_over(
    one: SiteIncident, person: Recipient, last: Notification | None, now: float, pace: Pace
) -> NoticeKind | None:
    if last is not None:
        return NoticeKind.RESTORED if last.kind is not NoticeKind.RESTORED else None
    restored_at = one.incident.restored_at or now
    if one.planned or left_over(one, person):
        return None
    urgent = one.incident.priority in (Priority.P1, Priority.P2)
    fresh = now - restored_at <= pace.late_s
    return NoticeKind.RESTORED if urgent and fresh and person.concerned(one.site, one.incident.priority) else None


def left_over(one: SiteIncident, person: Recipient) -> bool:
    """True for what came and went in their quiet hours: it is left to the mail of the day, where they get one."""
    restored_at = one.incident.restored_at
    if not person.digest or person.quiet is None or restored_at is None:
        return False
    return person.quiet.holds(restored_at, one.criticality, one.incident.priority)


def draft(one: SiteIncident, person: Recipient, kind: NoticeKind, nth: int, now: float) -> Notification:
    """A message about an incident, without its text; ``nth`` counts those to this reader before it."""
    incident = one.incident
    key = key_of(one.site, incident.id, person.name, kind, str(nth))
    return replace(addressed(person, kind, key, now), site=one.site, incident=incident.id, priority=incident.priority)


def addressed(person: Recipient, kind: NoticeKind, key: str, now: float) -> Notification:
    """A message to somebody about nothing yet."""
    return Notification(
        key=key,
        kind=kind,
        site="",
        incident="",
        priority="",
        to=person.name,
        channel=person.channel,
        address=person.address,
        language=person.language,
        created_at=now,
    )


def key_of(*parts: str) -> str:
    """The key of a message: the same for the same parts."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]


class Mailbox(Protocol):
    """Every message ever made, kept durably."""

    def notifications(self) -> list[Notification]:
        """All of them in the order in which they were made."""
        ...

    def since(self, mark: int) -> tuple[int, list[Notification]]:
        """Those made after a mark (0: all) as they stand now, and the mark to ask with next time."""
        ...

    def keep(self, messages: Sequence[Notification]) -> None:
        """Adds messages or replaces those with the same key, in one transaction."""
        ...


class MemoryMailbox:
    """The fake that ships beside the ledger: forgets with the process."""

    def __init__(self) -> None:
        self._kept: dict[str, Notification] = {}

    def notifications(self) -> list[Notification]:
        """All messages in the order in which they were made."""
        return list(self._kept.values())

    def since(self, mark: int) -> tuple[int, list[Notification]]:
        """Those made after the first ``mark``."""
        made = self.notifications()
        return len(made), made[mark:]

    def keep(self, messages: Sequence[Notification]) -> None:
        """Adds or replaces."""
        self._kept.update({message.key: message for message in messages})
