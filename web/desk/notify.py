"""Who is told what: one message when an incident opens, changes priority or is over, and none for its symptoms.

The policy (``due_messages``, ``superseded``) is pure. ``Notifier`` applies it, keeps every message in the mailbox
before it is tried, and tries until it is delivered: a refused mail server delays its own messages, never the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from gateway.clock import Clock
from gateway.core.errors import VigieError
from gateway.core.incident import Incident, Priority

FIRST_RETRY_S = 30.0
LONGEST_RETRY_S = 3600.0


class NoticeKind(StrEnum):
    """Why a message is sent."""

    OPENED = "opened"
    CHANGED = "changed"
    RESTORED = "restored"


class NoticeState(StrEnum):
    """Where a message stands. A withdrawn one was overtaken before it could be delivered."""

    PENDING = "pending"
    DELIVERED = "delivered"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody to tell. ``channel`` names how (mail, webhook), ``address`` is an e-mail address or a URL, ``sites``
    the ids of the sites that concern them (empty: all), ``lowest`` the least urgent priority they are told of."""

    name: str
    channel: str
    address: str
    language: str = "fr"
    sites: tuple[str, ...] = ()
    lowest: Priority = Priority.P3

    def concerned(self, site: str, priority: str) -> bool:
        """True if an incident of this site and priority is for them. P4 is advisory: it is never sent."""
        return (not self.sites or site in self.sites) and priority <= self.lowest and priority != Priority.P4


@dataclass(frozen=True, slots=True)
class SiteIncident:
    """An incident and the id of the site it happened at."""

    site: str
    incident: Incident


@dataclass(frozen=True, slots=True)
class Notification:
    """One message to one person. ``key`` is made from what it tells to whom, so the same one is never made twice.

    ``proof`` is what the server that took it answered; ``error`` why the last attempt failed or why it was withdrawn.
    Instants are s since the epoch.
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


@dataclass(frozen=True, slots=True)
class Pace:
    """``settle_s``: how long an incident may still turn out to be part of another before anybody is told.
    ``late_s``: an incident that was over when headquarters first heard of it is told up to this age (P1 and P2)."""

    settle_s: float = 20.0
    late_s: float = 86_400.0


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
    pace: Pace = Pace(),
) -> list[Notification]:
    """Messages that have to be made now, without their text. ``already`` is every message ever made."""
    history: dict[tuple[str, str, str], list[Notification]] = {}
    for message in already:
        history.setdefault((message.site, message.incident, message.to), []).append(message)
    due = []
    for one in sorted(incidents, key=lambda one: (one.incident.priority, one.incident.opened_at)):
        for person in people:
            past = history.get((one.site, one.incident.id, person.name), [])
            kind = _due(one, person, past, now, pace)
            if kind is not None:
                due.append(_draft(one, person, kind, len(past), now))
    return due


def _due(
    one: SiteIncident, person: Recipient, past: Sequence[Notification], now: float, pace: Pace
) -> NoticeKind | None:
    incident = one.incident
    told = [message for message in past if message.state is not NoticeState.WITHDRAWN]
    last = told[-1] if told else None
    if incident.merged_into:
        return None
    if incident.restored_at is not None:
        return _due_when_over(one, person, last, now, pace)
    if not person.concerned(one.site, incident.priority):
        return None
    if last is None:
        return NoticeKind.OPENED if now - incident.detected_at >= pace.settle_s else None
    if last.kind is NoticeKind.RESTORED:
        return NoticeKind.OPENED
    return NoticeKind.CHANGED if last.priority != incident.priority else None


def _due_when_over(
    one: SiteIncident, person: Recipient, last: Notification | None, now: float, pace: Pace
) -> NoticeKind | None:
    if last is not None:
        return NoticeKind.RESTORED if last.kind is not NoticeKind.RESTORED else None
    restored_at = one.incident.restored_at or now
    urgent = one.incident.priority in (Priority.P1, Priority.P2)
    fresh = now - restored_at <= pace.late_s
    return NoticeKind.RESTORED if urgent and fresh and person.concerned(one.site, one.incident.priority) else None


def _draft(one: SiteIncident, person: Recipient, kind: NoticeKind, nth: int, now: float) -> Notification:
    identity = "\x1f".join((one.site, one.incident.id, person.name, kind, str(nth)))
    return Notification(
        key=hashlib.sha256(identity.encode()).hexdigest()[:24],
        kind=kind,
        site=one.site,
        incident=one.incident.id,
        priority=one.incident.priority,
        to=person.name,
        channel=person.channel,
        address=person.address,
        language=person.language,
        created_at=now,
    )


class Channel(Protocol):
    """A way to deliver a message."""

    def deliver(self, message: Notification) -> str:
        """Hands the message over; returns the proof. Raises VigieError: with ``retry`` if the server cannot be used
        at the moment, without if it refuses this message."""
        ...


class Mailbox(Protocol):
    """Every message ever made, kept durably."""

    def notifications(self) -> list[Notification]:
        """All of them in the order in which they were made."""
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

    def keep(self, messages: Sequence[Notification]) -> None:
        """Adds or replaces."""
        self._kept.update({message.key: message for message in messages})


@dataclass(frozen=True, slots=True)
class Post:
    """What a notifier needs: where messages are kept, how they are delivered (by channel name), to whom they go, and
    who writes them (``write`` gives subject and text of a draft)."""

    mailbox: Mailbox
    channels: Mapping[str, Channel]
    people: Sequence[Recipient]
    write: Callable[[Notification, Incident], tuple[str, str]]
    pace: Pace = Pace()


class Notifier:
    """Applies the policy and delivers. ``step`` is called every few seconds by one thread only."""

    def __init__(self, post: Post, incidents: Callable[[], Iterable[SiteIncident]], clock: Clock) -> None:
        self._post = post
        self._incidents = incidents
        self._clock = clock

    def step(self) -> int:
        """Withdraws, makes and tries what is due; returns how many messages were delivered."""
        now = self._clock.wall()
        incidents = list(self._incidents())
        known = {(one.site, one.incident.id): one.incident for one in incidents}
        kept = {message.key: message for message in self._post.mailbox.notifications()}
        gone = superseded(incidents, kept.values())
        kept.update({message.key: message for message in gone})
        drafts = due_messages(incidents, kept.values(), now, self._post.people, self._post.pace)
        made = [self._written(draft, known[draft.site, draft.incident]) for draft in drafts]
        kept.update({message.key: message for message in made})
        if gone or made:
            self._post.mailbox.keep([*gone, *made])
        return self._deliver(kept.values(), now)

    def _written(self, draft: Notification, incident: Incident) -> Notification:
        subject, text = self._post.write(draft, incident)
        return replace(draft, subject=subject, text=text)

    def _deliver(self, messages: Iterable[Notification], now: float) -> int:
        delivered = 0
        resting: set[str] = set()
        for message in messages:
            if message.state is not NoticeState.PENDING or message.next_at > now or _server(message) in resting:
                continue
            outcome, reachable = self._tried(message)
            if not reachable:
                # one time-out per server and step: the next message in its queue would only wait for the same one
                resting.add(_server(message))
            self._post.mailbox.keep([outcome])
            delivered += outcome.state is NoticeState.DELIVERED
        return delivered

    def _tried(self, message: Notification) -> tuple[Notification, bool]:
        """The message after one attempt, and whether its server can be used."""
        channel = self._post.channels.get(message.channel)
        tried = replace(message, attempts=message.attempts + 1)
        try:
            if channel is None:
                raise VigieError(f"no channel {message.channel!r}", remedy="add [mail] to desk.toml")
            proof = channel.deliver(message)
        except VigieError as error:
            wait = min(FIRST_RETRY_S * 2 ** min(message.attempts, 16), LONGEST_RETRY_S)
            # a message that was refused is tried again too, since somebody may mend the address; but seldom
            wait = wait if error.retry else LONGEST_RETRY_S
            return replace(tried, next_at=self._clock.wall() + wait, error=str(error)), not error.retry
        return replace(tried, state=NoticeState.DELIVERED, delivered_at=self._clock.wall(), proof=proof, error=""), True


def _server(message: Notification) -> str:
    """What rests together after a failure: all mail goes through one server, each webhook is its own."""
    return message.channel if message.channel == "mail" else f"{message.channel} {message.address}"
