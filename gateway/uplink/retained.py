"""What the broker keeps for whoever comes later: the state of every device, and announcements for Home Assistant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.ports import Outbox, UplinkEvent
from gateway.uplink.line import Line

Payload = Mapping[str, Any]
_ANSWER_S = 10.0
"""How long a broker may take to say what it keeps, which comes right behind its acceptance."""


class Retained:
    """Publishes what changed and clears what is no longer wanted, also what a run before left at the broker: topics
    are kept in the outbox's file before the first message goes, and leave it when the broker confirmed the clearing."""

    def __init__(self, outbox: Outbox, most_bytes: int) -> None:
        self._outbox = outbox
        self._most_bytes = most_bytes
        self._states: dict[str, Payload] | None = None
        self._announced: dict[str, Payload] = {}
        self._told: dict[str, Payload] = {}
        self._kept: set[str] | None = None
        self._under_way: dict[int, int] = {}
        self._clearing: dict[int, str] = {}
        self._cleared: set[str] = set()
        self._topic_of: dict[int, str] = {}
        self._left: set[bytes] = set()
        self._expected: set[bytes] = set()
        self._asked_at: float | None = None

    def set_states(self, states: Mapping[str, Payload]) -> None:
        """Payloads by topic as they are now. Until the first call nothing is published or cleared: after a start nobody
        knows yet what there is."""
        self._states = dict(states)

    def announce(self, announcements: Mapping[str, Payload]) -> None:
        """Payloads by topic that stay as they are for this run."""
        self._announced = dict(announcements)

    def forget_connection(self) -> None:
        """What the broker did not confirm may not have reached it."""
        for topic in self._topic_of.values():
            self._told.pop(topic, None)
        self._under_way.clear()
        self._topic_of.clear()
        self._clearing.clear()

    def goodbye(self, status: bytes) -> None:
        """What the broker keeps as this site's status if all went well."""
        self._left.add(status)

    def connected(self, will: bytes, now: float) -> None:
        """A new connection, with the will that the broker was given. A broker may come back with an empty or an older
        memory: it is asked by the status that it keeps, which must be what the connection before left there."""
        self._expected, self._left = self._left, {will} - {b""}
        self._asked_at = now if self._expected and self._told else None
        if self._asked_at is None:
            self._told.clear()

    def heard(self, status: bytes) -> None:
        """The status that the broker has kept."""
        if self._asked_at is not None and status not in self._expected:
            self._told.clear()
        self._asked_at = None

    def on(self, event: UplinkEvent) -> None:
        """The broker confirmed a message."""
        self._under_way.pop(event.token, None)
        self._topic_of.pop(event.token, None)
        cleared = self._clearing.pop(event.token, None)
        if cleared is not None and not event.reason:
            self._cleared.add(cleared)

    def step(self, line: Line, now: float) -> None:
        """Publishes what is due, a little at a time: fifty states at once would be in the way of an alert."""
        if self._asked_at is not None and now - self._asked_at > _ANSWER_S:
            self.heard(b"")  # a broker that keeps nothing, or does not let us read it
        if self._states is None or self._asked_at is not None:
            return
        wanted = {**self._states, **self._announced}
        if self._cleared and not self._clearing:  # one write for all of them
            self._keep(self._topics() - (self._cleared - wanted.keys()))
            self._cleared.clear()
        if not wanted.keys() <= self._topics():
            self._keep(self._topics() | wanted.keys())
        for topic in [*wanted, *sorted(self._topics() - wanted.keys())]:
            payload = wanted.get(topic, {})
            if topic in self._told and _without_ts(self._told[topic]) == _without_ts(payload):
                continue
            if sum(self._under_way.values()) >= self._most_bytes:
                return
            raw = msgspec.json.encode(payload) if payload else b""
            token = line.publish(topic, raw, retain=True)
            if token is None:
                return
            self._told[topic] = payload
            self._under_way[token] = len(topic) + len(raw)
            self._topic_of[token] = topic
            if not payload:
                self._clearing[token] = topic

    def _topics(self) -> set[str]:
        if self._kept is None:
            self._kept = set(self._outbox.retained())
        return self._kept

    def _keep(self, topics: Iterable[str]) -> None:
        self._kept = set(topics)
        self._outbox.keep_retained(sorted(self._kept))


def _without_ts(payload: Payload) -> dict[str, Any]:
    return {key: value for key, value in payload.items() if key != "ts"}
