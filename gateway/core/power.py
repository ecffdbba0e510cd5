"""What a power cut took down though nobody could see it: outages deduced from a recorded mains loss.

A box that dies with the mains sees nothing until it is back. Its own silence is unknown time. But where the last thing
it heard of a UPS was that the mains were lost, what hangs on that UPS cannot have been up: from the box's last word to
the first check afterwards it counts as down, and is told apart as *deduced*. A box that lives on and only lost its
network deduces nothing: what the UPS feeds may run on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gateway.core.device import GATEWAY, Park
from gateway.core.incident import Cause, Transition, Verdict
from gateway.core.intervals import OpenSpan, Span

METRIC = "ups.status"
"""The metric by which a UPS tells that the mains are lost."""
TOGETHER_S = 300.0
"""A UPS and what it feeds are asked at different seconds: silences that begin this close began together."""

_EVER = float("inf")


def darkness(transitions: Sequence[Transition]) -> dict[str, list[Span]]:
    """By UPS: from the box's own end, the mains being lost, until it heard of the UPS again. ``transitions`` as they
    were written."""
    own_ends = {one.at for one in transitions if one.subject == GATEWAY and one.after is Verdict.UNKNOWN}
    lost: dict[str, bool] = {}
    since: dict[str, float] = {}
    found: dict[str, list[Span]] = {}
    for one in transitions:
        ups = one.subject
        if one.metric != METRIC:
            continue
        if one.after is Verdict.UNKNOWN:
            if lost.get(ups) and one.at in own_ends:
                since.setdefault(ups, one.at)
            continue
        if ups in since:
            found.setdefault(ups, []).append((since.pop(ups), one.at))
        lost[ups] = one.after.bad and one.cause == Cause.POWER_LOST
    for ups, at in since.items():
        found.setdefault(ups, []).append((at, _EVER))
    return found


def deduced(
    park: Park, devices: Sequence[str], unknown: Iterable[OpenSpan], dark: Mapping[str, Sequence[Span]]
) -> tuple[OpenSpan, ...]:
    """The parts of ``unknown`` (of a service that stands on ``devices``, all of which it needs) that began when the
    power of one of them was lost."""
    spans = [span for device in devices for ups in _supplies(park, device) for span in dark.get(ups, ())]
    return tuple(one for one in unknown if any(start - TOGETHER_S <= one[0] < end for start, end in spans))


def _supplies(park: Park, device: str) -> Iterable[str]:
    """The UPS that feeds a device; any of the site for one that hangs on the mains."""
    known = park.devices.get(device)
    if known is None:
        return ()
    if known.power is not None:
        return (known.power,)
    return tuple(dict.fromkeys(other.power for other in park.devices.values() if other.power))
