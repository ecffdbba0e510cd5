"""How well a replay diagnosed faults whose truth is known, counted as a judge from outside would count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.core.incident import Incident
from gateway.main.replay import Replay

SLACK_S = 900.0
_END_S = 1800.0
_ADVICE = ("anomaly", "supply_empty")
_NO_END = ("rebooted", "anomaly")


class Fault(Protocol):
    """One fault that is known to have happened."""

    cause: str
    root: str | None
    begin: float
    end: float


@dataclass
class Score:
    """What went wrong, in words, and the figures. Nothing is wrong where every list is empty."""

    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    split: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)
    unclosed: list[str] = field(default_factory=list)
    by: list[tuple[str, float]] = field(default_factory=list)
    faults: int = 0
    notifications: int = 0

    @property
    def delays(self) -> list[float]:
        """Seconds from the begin of each fault found until somebody was told."""
        return [delay for _, delay in self.by]

    @property
    def wrong(self) -> list[str]:
        """Everything that went wrong."""
        return [
            f"{name}: {one}"
            for name in ("missed", "false", "split", "untold", "unclosed")
            for one in getattr(self, name)
        ]


def score(replay: Replay, faults: Iterable[Fault]) -> Score:
    """Each fault is to be one incident of its cause and root, told once, closed in time; nothing else is to be told."""
    found = Score(notifications=len(replay.notifications))
    shown = sorted((one for one in replay.incidents.values() if not one.merged_into), key=lambda one: one.detected_at)
    known = list(faults)
    claimed: set[str] = set()
    for fault in known:
        found.faults += 1
        first = next((one for one in shown if one.id not in claimed and _fits(fault, one)), None)
        if first is None:
            found.missed.append(_words(fault))
            continue
        claimed.add(first.id)
        told = [one.created_at for one in replay.notifications if one.incident == first.id]
        if not told and first.priority != "P4":
            found.untold.append(_words(fault))
        known_at = max(first.detected_at, min(told, default=first.detected_at))
        found.by.append((fault.cause, max(0.0, known_at - fault.begin)))
        late = first.restored_at is None or abs(first.restored_at - fault.end) > _END_S
        if late and fault.cause not in _NO_END and fault.end + _END_S < replay.ended:
            found.unclosed.append(f"{_words(fault)}: restored {first.restored_at}")
    for one in shown:
        if one.id not in claimed and one.priority != "P4":
            inside = any(_during(fault, one) for fault in known)
            (found.split if inside else found.false).append(
                f"{one.cause} {one.root_device} {one.priority} {one.opened_at:.0f}..{one.restored_at}"
            )
    return found


def _fits(fault: Fault, incident: Incident) -> bool:
    if incident.cause != fault.cause or (incident.priority == "P4" and fault.cause not in _ADVICE):
        return False
    somewhere = fault.root is None or (fault.cause == "uplink_lost" and incident.root_device is None)
    return (somewhere or incident.root_device == fault.root) and _during(fault, incident)


def _during(fault: Fault, incident: Incident) -> bool:
    return fault.begin - SLACK_S <= incident.opened_at <= fault.end + SLACK_S


def _words(fault: Fault) -> str:
    return f"{fault.cause} {fault.root} {fault.begin:.0f}..{fault.end:.0f}"
