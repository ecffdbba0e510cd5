"""Rates of counters: wraps of 32 bits, restarts of the agent, counters that were set back. Pure."""

from __future__ import annotations

from typing import NamedTuple

from gateway.profiles.recording import Tag

_WRAP_32 = 2**32
_TICKS_WRAP_S = 2**32 / 100
"""sysUpTime starts again at 0 after 497 days although nothing restarted."""

_SLACK_S = 30.0
"""How much less than the wall an agent's clock may have advanced without having restarted."""


class Sample(NamedTuple):
    """A counter's value at an instant ``at`` (monotonic seconds)."""

    value: float
    at: float
    tag: Tag


def restarted(uptime_before: float | None, uptime_now: float | None, elapsed_s: float) -> bool:
    """True if the agent started anew between two polls, ``elapsed_s`` apart; uptimes in seconds, None if unknown."""
    if uptime_before is None or uptime_now is None or uptime_now >= uptime_before:
        return False
    wrapped = uptime_now + _TICKS_WRAP_S - uptime_before
    return abs(wrapped - elapsed_s) > _SLACK_S + 0.05 * elapsed_s


def rate(before: Sample, now: Sample) -> float | None:
    """Increase per second; None where none can be known: no time passed, another width, or set back.

    A 32-bit counter that falls is taken to have wrapped once, unless that would be more than half of its range: then it
    was set back. (At 1 Gbit/s it wraps every 34 s: only 64-bit counters are right there.)
    """
    elapsed = now.at - before.at
    if elapsed <= 0 or before.tag is not now.tag:
        return None
    increase = now.value - before.value
    if increase < 0:
        if now.tag is not Tag.COUNTER32:
            return None
        increase += _WRAP_32
        if not 0 <= increase <= _WRAP_32 / 2:
            return None
    return increase / elapsed
