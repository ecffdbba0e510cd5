"""What the agent tells beside the record: the status document of the page, live states and summaries."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gateway.core.device import GATEWAY, Park
from gateway.core.heard import Heard
from gateway.core.incident import Verdict
from gateway.core.reading import Identity, Poll, Reading
from gateway.core.watch import Watch
from gateway.ports import Outbox, Signal
from gateway.wire import StateNow, Summary, state_payload

HEARD = 200
"""Lines of what devices said unasked that the status document tells."""


@dataclass(slots=True)
class Latest:
    """The newest reading of every series, the last round of every device and the newest lines of what was said unasked:
    RAM only, told in the status document."""

    readings: dict[tuple[str, str, str], Reading] = field(default_factory=dict)
    rounds: dict[str, tuple[float, Sequence[Poll]]] = field(default_factory=dict)
    heard: deque[Heard] = field(default_factory=lambda: deque(maxlen=HEARD))

    def take(self, subject: str, polls: Sequence[Poll], readings: Iterable[Reading], at: float) -> None:
        """One round of polls and its readings. Series a device no longer reports are forgotten with the round that
        lacks them; those of a device that is silent stay, with their age."""
        self.rounds[subject] = (at, polls)
        if any(poll.answered for poll in polls):
            for key in [key for key in self.readings if key[0] == subject]:
                del self.readings[key]
        self.readings.update((reading.series, reading) for reading in readings)

    def device(self, subject: str) -> dict[str, Any]:
        """What the page tells of the last round: when, why it failed, and what the device says it is."""
        at, polls = self.rounds.get(subject, (None, ()))
        failure = next((poll.failure for poll in polls if poll.failure), None)
        identity = _identity(polls)
        return {
            "last_poll_at": at,
            "failure": {"kind": failure.kind, "what": failure.what, "detail": failure.detail} if failure else None,
            "identity": asdict(identity) if identity else {},
        }

    def rows(self) -> list[list[Any]]:
        """[device, metric, instance, label, value, severity, at] of every series."""
        return [[r.device, r.metric, r.instance, r.label, r.value, r.severity, r.at] for r in self.readings.values()]


def _identity(polls: Sequence[Poll]) -> Identity | None:
    """What a device said of itself in one round."""
    return next((poll.identity for poll in polls if poll.identity.kind or poll.identity.vendor), None)


def states(watch: Watch, at: float) -> dict[str, Mapping[str, str | int]]:
    """Flat live payload per device."""
    causes = {symptom.device: incident.cause for incident in watch.incidents.values() for symptom in incident.symptoms}
    return {
        device.id: state_payload(
            device, StateNow(watch.verdict(device.id), watch.since(device.id), at, str(causes.get(device.id, "")))
        )
        for device in watch.park.devices.values()
    }


def subject_verdicts(watch: Watch, park: Park) -> dict[str, Verdict]:
    """Verdict of every device and service."""
    return {subject: watch.verdict(subject) for subject in (*park.devices, *park.services)}


def summary(watch: Watch, at: float, signal: Signal | None, outbox: Outbox) -> Summary:
    """The five-minute summary."""
    verdicts = subject_verdicts(watch, watch.park)
    return Summary(
        at,
        dict(Counter(str(verdict) for verdict in verdicts.values())),
        {subject: verdict for subject, verdict in verdicts.items() if verdict is not Verdict.OK},
        f"{signal.light} {signal.blink}" if signal else "",
        {},
        {str(lane): count for lane, count in outbox.waiting().items()},
        outbox.dropped(),
    )


def document(watch: Watch, latest: Latest, extra: Mapping[str, Any]) -> dict[str, Any]:
    """The status document (see docs/reference/http.md); ``extra`` is what only the loop knows."""
    devices = {
        device: {"verdict": watch.verdict(device), "since": watch.since(device), **latest.device(device)}
        for device in watch.park.devices
    }
    services = {
        service: {"verdict": watch.verdict(service), "since": watch.since(service), **latest.device(service)}
        for service in watch.park.services
    }
    heard = [asdict(line) for line in reversed(latest.heard)]
    told = {"devices": devices, "services": services, "latest": latest.rows(), "heard": heard}
    return {**told, "gateway": GATEWAY, **extra}
