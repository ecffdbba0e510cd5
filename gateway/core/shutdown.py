"""When servers are shut down before their UPS is empty, and in which order. Pure.

A UPS that cannot be asked, or whose values are stale, is never taken for an empty one: at the very moment the mains
fail, USB links drop, and whoever believes the last word then shuts down servers that had an hour left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.core.device import Park
from gateway.core.reading import Poll, Severity
from gateway.core.ups import words

REPEATS = 3
"""Answers in a row that must say the same."""
FRESH_S = 30.0
"""All of them must be of the last half minute."""

METRIC = "ups.shutdown"
READY, WOULD, ASKED, REFUSED, DOWN, STILL_UP = "ready", "would shut down", "asked", "refused", "down", "still up"
SEVERITIES = {
    READY: Severity.OK,
    WOULD: Severity.WARNING,
    ASKED: Severity.CRITICAL,
    DOWN: Severity.WARNING,
    REFUSED: Severity.CRITICAL,
    STILL_UP: Severity.CRITICAL,
}
"""What is said of each server, and how bad it is. Asked is worse than down, so that the record, which keeps changes of
how bad something is, holds both: that it was asked, and that it was done."""


@dataclass(frozen=True, slots=True)
class Look:
    """One question to a UPS: when it was answered, and the words of its status; ``None`` without an answer."""

    at: float
    status: frozenset[str] | None


def look(poll: Poll) -> Look:
    """What one poll says of the battery. A failed poll, or one without a status, says nothing."""
    for reading in poll.readings:
        if reading.metric == "ups.status" and isinstance(reading.value, str):
            return Look(poll.at, frozenset(words(reading.value)))
    return Look(poll.at, None)


def is_low(one: Look) -> bool:
    """On battery and low, by the UPS's own words, and not because it tests or calibrates itself."""
    status = one.status or frozenset()
    return "OB" in status and bool(status & {"LB", "FSD"}) and not status & {"CAL", "TEST", "OL"}


def confirmed(looks: Sequence[Look], now: float) -> bool:
    """True if the last ``REPEATS`` answers are all low, fresh, and of different instants."""
    last = looks[-REPEATS:]
    return (
        len({one.at for one in last}) == REPEATS
        and all(is_low(one) for one in last)
        and all(0 <= now - one.at <= FRESH_S for one in last)
    )


def on_mains(one: Look) -> bool:
    """True if the UPS says that the mains are back."""
    return one.status is not None and "OL" in one.status and "OB" not in one.status


def stages(park: Park, ups: str, wanted: Iterable[str]) -> list[list[str]]:
    """The servers on this UPS that asked for it: standard ones first, critical ones last, each stage at once."""
    asked = set(wanted)
    found = [device for device in park.devices.values() if device.power == ups and device.id in asked]
    ranks = sorted({device.criticality.rank for device in found}, reverse=True)
    return [sorted(device.id for device in found if device.criticality.rank == rank) for rank in ranks]
