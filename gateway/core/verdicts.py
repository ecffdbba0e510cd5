"""The verdicts in force, and what explaining them needs: since when each is bad or good, who was asked when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gateway.core.cause import Bad
from gateway.core.check import Check, CheckState, judge
from gateway.core.incident import Cause, Transition, Verdict, worst
from gateway.core.reading import Reading
from gateway.core.works import Work

Key = tuple[str, str, str]
"""(subject, metric, instance)."""

ABSENT_S = 900.0
"""A metric that a device which answers has not told for this long is unknown: its volume or sensor is gone."""

_DAILY = ("forecast.", "anomaly.")
_LOADS = (
    "system.cpu.utilization",
    "system.memory.utilization",
    "system.filesystem.utilization",
    "reach.slowness",
)
_DECISIVE = ("reach.up", "ups.status", "hw.network.up", "hw.temperature.excess", "gateway.uplink.up")


class Verdicts:
    """Every check on every series of one site."""

    def __init__(self) -> None:
        self.bads: dict[Key, Bad] = {}
        self.good_since: dict[Key, float] = {}
        self.polled: dict[str, float] = {}
        self._states: dict[Key, CheckState] = {}
        self._of: dict[str, set[Key]] = {}
        self._swept: dict[str, float] = {}

    def resume(self, last: Transition) -> None:
        """Takes up the last transition of a series from the record."""
        self._keep(last.key, CheckState(last.after, last.at))
        self._remember(last)

    def judge(self, check: Check, reading: Reading) -> tuple[CheckState, Transition | None]:
        """One reading judged by its check."""
        state, transition = judge(check, self._states.get(reading.series, CheckState()), reading)
        self._keep(reading.series, state)
        if transition:
            self._remember(transition)
        return state, transition

    def force(self, key: Key, after: Verdict, when: tuple[float, float], work: Work | None = None) -> Transition:
        """A verdict that no reading led to: unknown, or maintenance with its plan. ``when``: (at, detected_at)."""
        transition = Transition(*key, self._states[key].verdict, after, *when)
        if work:
            transition = replace(transition, value=work.until, label=work.who)
        self._keep(key, CheckState(after, when[0]))
        self._remember(transition)
        return transition

    def series(self, subject: str | None = None) -> list[Key]:
        """Series of one subject, or all."""
        return list(self._states) if subject is None else sorted(self._of.get(subject, ()))

    def verdict(self, key: Key) -> Verdict | None:
        """The verdict in force on one series; ``None`` if it was never judged."""
        state = self._states.get(key)
        return state.verdict if state else None

    def of(self, subject: str) -> Verdict:
        """The verdict to show for a device or service: the worst of its metrics."""
        return worst(self._states[key].verdict for key in self._of.get(subject, ()))

    def since(self, subject: str) -> float:
        """The instant since when that verdict holds."""
        shown = self.of(subject)
        states = (self._states[key] for key in self._of.get(subject, ()))
        return max((state.since for state in states if state.verdict is shown), default=0.0)

    def suspect(self, device: str) -> bool:
        """True while a hold runs on a metric that may explain other faults."""
        return any(self._states[key].suspect for key in self._of.get(device, ()) if key[1] in _DECISIVE)

    def strained(self, device: str) -> bool:
        """True while a hold runs on the load of a machine, or on how slowly it answers."""
        return any(self._states[key].suspect for key in self._of.get(device, ()) if key[1] in _LOADS)

    def subjects_with(self, metric: str) -> set[str]:
        """Devices that tell a metric."""
        return {key[0] for key in self._states if key[1] == metric}

    def absent(self, subject: str, at: float) -> Iterator[Key]:
        """Series that a subject which answers has stopped to tell. Looks once in ``ABSENT_S``."""
        if at - self._swept.setdefault(subject, at) < ABSENT_S:
            return
        self._swept[subject] = at
        for key in self.series(subject):
            state = self._states[key]
            told = state.opinions[-1][0] if state.opinions else state.since
            silent = at - told >= ABSENT_S and not key[1].startswith(_DAILY)
            if silent and state.verdict not in (Verdict.UNKNOWN, Verdict.MAINTENANCE):
                yield key

    def all_known(self, keys: Iterable[Key]) -> bool:
        """True if none of these series is unknown."""
        return all(self.verdict(key) is not Verdict.UNKNOWN for key in keys)

    def _keep(self, key: Key, state: CheckState) -> None:
        if key not in self._states:
            self._of.setdefault(key[0], set()).add(key)
        self._states[key] = state

    def _remember(self, transition: Transition) -> None:
        key, after = transition.key, transition.after
        self.bads.pop(key, None)
        self.good_since.pop(key, None)
        if after.bad:
            cause = Cause(transition.cause) if transition.cause else Cause.ANOMALY
            at, seen_at = transition.at, transition.detected_at
            self.bads[key] = Bad(*key, after, at, seen_at, cause, transition.value, transition.check)
        elif after is Verdict.OK:
            self.good_since[key] = transition.at
