"""What comes off the wire: readings, or one named failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """What a device itself says of a state it reports."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class FailureKind(StrEnum):
    """The four ways a question stays without an answer."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    UNAUTHORISED = "unauthorised"
    GARBLED = "garbled"


@dataclass(frozen=True, slots=True)
class Failure:
    """One question without a usable answer: ``what`` was asked (an OID, a URL, a table), how it failed, and details."""

    kind: FailureKind
    what: str
    detail: str = ""


class Reading(NamedTuple):
    """One value of one metric of one device at one instant.

    ``at`` is seconds since the epoch, UTC. ``value`` is a number in the unit that ``units`` gives the metric, or a word
    for state metrics. ``source`` is where it came from: the OID, the NUT variable, the SMART attribute.

    A tuple, for hundreds are made at every poll: a frozen dataclass takes four times as long.
    """

    device: str
    metric: str
    value: float | str
    at: float = 0.0
    instance: str = ""
    label: str = ""
    severity: Severity | None = None
    source: str = ""

    @property
    def series(self) -> tuple[str, str, str]:
        """(device, metric, instance): what identifies a series of readings."""
        return (self.device, self.metric, self.instance)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device says of itself. Absent is an empty string.

    ``mac`` is the hardware address of its first wired port (``00:1b:a9:00:00:01``), ``mac_vendor`` who made that port.
    ``made_on`` is the ISO date on which it was made, or the Monday of that week: a hint of its age.
    """

    profile: str = ""
    kind: str = ""
    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    name: str = ""
    sys_object_id: str = ""
    description: str = ""
    mac: str = ""
    mac_vendor: str = ""
    made_on: str = ""


@dataclass(frozen=True, slots=True)
class Poll:
    """The outcome of asking one device by one collector once.

    ``failure`` is set when the device as a whole did not answer; ``partial`` lists questions that failed while others
    were answered. A poll with a failure has no readings. ``requests`` counts packets sent, ``elapsed_s`` wall seconds.
    ``remembered``: the device was not asked this time, what it told before is told again.
    """

    device: str
    collector: str
    at: float
    readings: tuple[Reading, ...] = ()
    failure: Failure | None = None
    partial: tuple[Failure, ...] = ()
    identity: Identity = field(default_factory=Identity)
    requests: int = 0
    elapsed_s: float = 0.0
    remembered: bool = False

    @property
    def answered(self) -> bool:
        """True if the device gave any answer that could be understood."""
        return self.failure is None


def round_readings(subject: str, polls: Sequence[Poll], at: float) -> Iterator[Reading]:
    """The readings of a round, and what its failures say of the subject: it is up if any collector had an
    answer. What is only remembered says nothing of that."""
    asked = [poll for poll in polls if not poll.remembered]
    up = any(_alive(poll) for poll in asked)
    if asked:
        yield Reading(subject, "reach.up", float(up), at)
    for poll in polls:
        yield from (reading for reading in poll.readings if reading.metric != "reach.up")
        if up and poll.collector not in ("", "reach"):
            yield Reading(subject, "collect.up", float(poll.answered), at, instance=poll.collector)


def _alive(poll: Poll) -> bool:
    for reading in poll.readings:
        if reading.metric == "reach.up":
            return bool(reading.value)
    # refused credentials or garbage: something is there, though it cannot be watched this way
    return poll.failure is None or poll.failure.kind in (FailureKind.UNAUTHORISED, FailureKind.GARBLED)
