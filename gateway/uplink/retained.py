"""What the broker keeps for whoever comes later: the state of every device, and announcements for Home Assistant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.ports import Outbox, UplinkEvent
from gateway.uplink.line import Line

Payload = Mapping[str, Any]


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

    def set_states(self, states: Mapping[str, Payload]) -> None:
        """Payloads by topic as they are now. Until the first call nothing is published or cleared: after a start nobody
        knows yet what there is."""
        self._states = dict(states)

    def announce(self, announcements: Mapping[str, Payload]) -> None:
        """Payloads by topic that stay as they are for this run."""
        self._announced = dict(announcements)

    def forget_connection(self) -> None:
        """A broker may come back with an empty memory: everything is told again on a new connection."""
        self._told.clear()
        self._under_way.clear()
        self._clearing.clear()

    def on(self, event: UplinkEvent) -> None:
        """The broker confirmed a message."""
        self._under_way.pop(event.token, None)
        cleared = self._clearing.pop(event.token, None)
        if cleared is not None and not event.reason:
            self._cleared.add(cleared)

    def step(self, line: Line) -> None:
        """Publishes what is due, a little at a time: fifty states at once would be in the way of an alert."""
        if self._states is None:
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
