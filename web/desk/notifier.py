"""Applies the policy and delivers: every message is kept in the mailbox before it is tried, and tried until it is
delivered. A refused mail server delays its own messages, never the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from gateway.clock import Clock
from gateway.core.agenda import Appointment
from gateway.core.errors import VigieError
from gateway.core.incident import Incident
from web.desk.digest import News, Routine, due_digests, due_tests, mention, reminder
from web.desk.ladder import due_reminders
from web.desk.notify import (
    PACE,
    Mailbox,
    NoticeState,
    Notification,
    Pace,
    Recipient,
    SiteIncident,
    due_messages,
    superseded,
)

FIRST_RETRY_S = 30.0
LONGEST_RETRY_S = 3600.0
FORGOTTEN_S = 90 * 86_400.0
"""Settled messages older than this are not held in memory, unless their incident is still told of."""


class Channel(Protocol):
    """A way to deliver a message."""

    def deliver(self, message: Notification) -> str:
        """Hands the message over; returns the proof. Raises VigieError: with ``retry`` if the server cannot be used
        at the moment, without if it refuses this message."""
        ...


class Writer(Protocol):
    """Writes subject and text of a draft."""

    def write(self, draft: Notification, incident: Incident) -> tuple[str, str]:
        """Of a message about one incident."""
        ...

    def gather(
        self, draft: Notification, incidents: Sequence[SiteIncident], appointments: Sequence[Appointment]
    ) -> tuple[str, str]:
        """Of a mail of the day about several incidents and what falls due, or of a test about none."""
        ...


@dataclass(frozen=True, slots=True)
class Post:
    """What a notifier needs: where messages are kept, how they are delivered (by channel name), to whom they go, and
    who writes them (``letters``), and what falls due on a day (``agenda``); without a ``routine`` there is neither a
    mail of the day nor a test."""

    mailbox: Mailbox
    channels: Mapping[str, Channel]
    people: Sequence[Recipient]
    letters: Writer
    pace: Pace = PACE
    routine: Routine | None = None
    agenda: Callable[[date], Sequence[Appointment]] = lambda _day: ()


class Notifier:
    """Applies the policy and delivers. ``step`` is called every few seconds by one thread only."""

    def __init__(self, post: Post, incidents: Callable[[], Iterable[SiteIncident]], clock: Clock) -> None:
        self._post = post
        self._incidents = incidents
        self._clock = clock
        self._mark = 0
        self._kept: dict[str, Notification] = {}

    def step(self) -> int:
        """Withdraws, makes and tries what is due; returns how many messages were delivered."""
        now = self._clock.wall()
        incidents = list(self._incidents())
        kept = self._recalled(incidents, now)
        gone = superseded(incidents, kept.values())
        kept.update({message.key: message for message in gone})
        made = self._made(incidents, kept.values(), now)
        if gone or made:
            self._post.mailbox.keep([*gone, *made])
        self._kept = kept | {message.key: message for message in made}
        return self._deliver(list(self._kept.values()), now)

    def _recalled(self, incidents: Iterable[SiteIncident], now: float) -> dict[str, Notification]:
        """Every message that may still matter. Nobody else changes one, so only new ones are read; those that were
        settled long ago, about incidents that are told no more, are forgotten here and stay in the mailbox."""
        self._mark, made = self._post.mailbox.since(self._mark)
        self._kept.update({message.key: message for message in made})
        current = {(one.site, one.incident.id) for one in incidents}
        return {
            key: message
            for key, message in self._kept.items()
            if message.state is NoticeState.PENDING
            or message.created_at >= now - FORGOTTEN_S
            or (message.site, message.incident) in current
        }

    def _made(
        self, incidents: Sequence[SiteIncident], already: Iterable[Notification], now: float
    ) -> list[Notification]:
        """Everything that is due, written."""
        post, past = self._post, list(already)
        known = {mention(one.site, one.incident.id): one for one in incidents}
        drafts = due_messages(incidents, past, now, post.people, post.pace)
        drafts += due_reminders(incidents, [*past, *drafts], now, post.people, post.pace)
        written = [
            _with(draft, post.letters.write(draft, known[mention(draft.site, draft.incident)].incident))
            for draft in drafts
        ]
        if post.routine is None:
            return written
        due = post.agenda(post.routine.last(now))
        rest = due_digests(News(incidents, due), [*past, *written], now, post.people, post.routine)
        rest += due_tests(past, now, post.people, post.routine)
        dates = {reminder(one): one for one in due}
        return written + [_with(draft, _gathered(post.letters, draft, known, dates)) for draft in rest]

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
            self._kept[outcome.key] = outcome
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


def _gathered(
    letters: Writer, draft: Notification, known: Mapping[str, SiteIncident], dates: Mapping[str, Appointment]
) -> tuple[str, str]:
    incidents = [known[name] for name in draft.mentions if name in known]
    return letters.gather(draft, incidents, [dates[name] for name in draft.mentions if name in dates])


def _with(draft: Notification, words: tuple[str, str]) -> Notification:
    return replace(draft, subject=words[0], text=words[1])


def _server(message: Notification) -> str:
    """What rests together after a failure: all mail goes through one server, each webhook is its own."""
    return message.channel if message.channel == "mail" else f"{message.channel} {message.address}"
