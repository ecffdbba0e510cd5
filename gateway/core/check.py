"""From readings to verdicts: thresholds with hysteresis and an n-of-m hold, so that nothing flaps a person awake."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from gateway.core.device import Kind
from gateway.core.incident import Cause, Transition, Verdict
from gateway.core.reading import Reading, Severity

_SEVERITY = {
    Severity.OK: Verdict.OK,
    Severity.WARNING: Verdict.WARNING,
    Severity.CRITICAL: Verdict.CRITICAL,
    Severity.UNKNOWN: Verdict.UNKNOWN,
}

_PLAIN_WORDS: Mapping[str, Verdict] = {
    **dict.fromkeys(
        ("failed", "failure", "fault", "faulty", "faulted", "critical", "error", "bad", "broken", "dead", "crashed",
         "offline", "down", "abnormal", "stopped", "removed", "missing"),
        Verdict.CRITICAL,
    ),
    **dict.fromkeys(
        ("degraded", "warning", "failing", "predicted", "predictive", "rebuilding", "recovering", "resync", "alarm"),
        Verdict.WARNING,
    ),
    "unknown": Verdict.UNKNOWN,
}  # fmt: skip
"""What a state means that comes without the device's own judgement on it, as in a recording."""

_TESTING = frozenset({"TEST", "CAL"})
"""While a UPS tests or calibrates its battery, it runs on it on purpose."""
_ON_BATTERY = frozenset({"OB", "DISCHRG", "LB"})


@dataclass(frozen=True, slots=True)
class Hold:
    """A new verdict needs ``n`` of the last ``m`` readings to agree. ``Hold(1, 1)`` believes at once.

    Two or more readings that agree for ``lasting_s`` without a break are enough as well: what is asked every five
    minutes is not believed later than what is asked every minute.
    """

    n: int = 1
    m: int = 1
    lasting_s: float = math.inf

    def __post_init__(self) -> None:
        if not 1 <= self.n <= self.m:
            raise ValueError(f"hold needs 1 <= n <= m, not {self.n} of {self.m}")


@dataclass(frozen=True, slots=True)
class Check:
    """What is expected of one metric.

    A numeric reading is bad from ``warning`` or ``critical`` on: upwards, or downwards if ``below``. Once bad, it must
    come back by ``clear`` beyond the limit to be good again (hysteresis, in the metric's unit). A state reading is
    judged by ``words``: the worst verdict of the words it contains; a state with none of them is judged by the severity
    the device gave it, one without that by what its words mean in plain English; what is milder than ``least`` counts
    as good. ``cause`` is what a bad verdict suggests, ``word_causes`` refines it by word (the first wins).
    """

    id: str
    metric: str
    cause: Cause
    warning: float | None = None
    critical: float | None = None
    below: bool = False
    clear: float = 0.0
    words: Mapping[str, Verdict] = field(default_factory=dict)
    word_causes: Mapping[str, Cause] = field(default_factory=dict)
    worse: Hold = Hold()
    better: Hold = Hold()
    kinds: frozenset[Kind | None] = frozenset()
    """Kinds of device it is for, all if empty; None stands for a service."""
    instance: str = "*"
    part_causes: tuple[tuple[str, Cause | None], ...] = ()
    """(word, cause): which part of a machine speaks, by a word of its instance or label. Others are not judged, nor are
    those whose cause is ``None``."""
    least: Verdict = Verdict.WARNING
    once_good: bool = False
    """True for what is no fault while it was never good: a slot without a card, an input without a camera."""

    def applies(self, kind: Kind | None, reading: Reading) -> bool:
        """True if this check judges this reading of a device of this kind (None: of a service)."""
        return (
            reading.metric == self.metric
            and (not self.kinds or kind in self.kinds)
            and (self.instance == "*" or fnmatchcase(reading.instance, self.instance))
            and (not self.part_causes or self.part_cause(reading) is not None)
        )

    @property
    def picky(self) -> bool:
        """True if it depends on the instance of a reading whether this check applies."""
        return self.instance != "*" or bool(self.part_causes)

    def part_cause(self, reading: Reading) -> Cause | None:
        """The cause that belongs to the part that speaks; ``None`` for a part this check does not know."""
        spoken = f"{reading.instance} {reading.label}".lower()
        return next((cause for word, cause in self.part_causes if word in spoken), None)


@dataclass(frozen=True, slots=True)
class CheckState:
    """Where one check stands on one series. ``opinions`` are (at, verdict) of the latest readings, oldest first."""

    verdict: Verdict = Verdict.UNKNOWN
    since: float = 0.0
    opinions: tuple[tuple[float, Verdict], ...] = ()

    @property
    def suspect(self) -> bool:
        """True if the latest reading was worse than the verdict in force: a hold is running."""
        return bool(self.opinions) and self.opinions[-1][1].bad and not self.verdict.bad


def opinion(check: Check, current: Verdict, reading: Reading) -> Verdict:
    """What this one reading says, given the verdict in force (for hysteresis). No hold is applied."""
    value = reading.value
    if isinstance(value, str):
        said = _opinion_of_state(check, value, reading.severity)
        return Verdict.OK if said.bad and said.rank < check.least.rank else said
    if value != value:  # NaN: the device said nothing usable
        return Verdict.UNKNOWN
    if _beyond(check, check.critical, value, held=current is Verdict.CRITICAL):
        return Verdict.CRITICAL
    if _beyond(check, check.warning, value, held=current.bad):
        return Verdict.WARNING
    if reading.severity and check.warning is None and check.critical is None:
        return _SEVERITY[reading.severity]
    return Verdict.OK


def _opinion_of_state(check: Check, value: str, severity: Severity | None) -> Verdict:
    words = state_words(value)
    found = [check.words[word] for word in words if word in check.words]
    if not found and severity:
        return _SEVERITY[severity]
    found = found or [_PLAIN_WORDS[word] for word in value.lower().split() if word in _PLAIN_WORDS]
    return max(found, key=lambda verdict: verdict.rank, default=Verdict.OK)


def state_words(value: str) -> set[str]:
    """The words of a state that count: those of a battery in use do not while it is tested."""
    words = set(value.split())
    return words - _ON_BATTERY if words & _TESTING else words


def _beyond(check: Check, limit: float | None, value: float, *, held: bool) -> bool:
    if limit is None:
        return False
    margin = check.clear if held else 0.0
    return value <= limit + margin if check.below else value >= limit - margin


def cause_of(check: Check, reading: Reading) -> Cause:
    """The cause a bad reading suggests."""
    if isinstance(reading.value, str):
        words = state_words(reading.value)
        for word, cause in check.word_causes.items():
            if word in words:
                return cause
    return check.part_cause(reading) or check.cause


def judge(check: Check, state: CheckState, reading: Reading) -> tuple[CheckState, Transition | None]:
    """One reading judged: the new state, and the transition if the verdict in force changes.

    A reading that is not younger than the latest one judged is ignored: the same history replayed twice, or out of
    order, gives the same verdicts.
    """
    if state.opinions and reading.at <= state.opinions[-1][0]:
        return state, None
    seen = opinion(check, state.verdict, reading)
    keep = max(check.worse.m, check.better.m)
    opinions = (*state.opinions, (reading.at, seen))[-keep:]
    adopted = _adopted(check, state.verdict, opinions)
    if adopted is None:
        return replace(state, opinions=opinions), None
    verdict, at = adopted
    transition = Transition(
        reading.device,
        reading.metric,
        reading.instance,
        state.verdict,
        verdict,
        at,
        reading.at,
        reading.value,
        str(cause_of(check, reading)) if verdict.bad else "",
        reading.label,
        check.id,
    )
    return CheckState(verdict, at, opinions), transition


def _adopted(
    check: Check, current: Verdict, opinions: tuple[tuple[float, Verdict], ...]
) -> tuple[Verdict, float] | None:
    """The verdict that replaces ``current`` and the instant from which it holds; ``None`` if nothing changes."""
    latest = opinions[-1][1]
    if latest is current or (check.once_good and current is Verdict.UNKNOWN and latest.bad):
        return None
    if latest.bad and _level(latest) > _level(current):
        window = opinions[-check.worse.m :]
        agreeing = [(at, seen) for at, seen in window if seen.bad and _level(seen) > _level(current)]
        if len(agreeing) < check.worse.n:
            unbroken = len(agreeing) > 1 and window[-len(agreeing)] == agreeing[0]
            if not unbroken or agreeing[-1][0] - agreeing[0][0] < check.worse.lasting_s:
                return None
        mildest = min((seen for _, seen in agreeing), key=_level)
        return mildest, agreeing[0][0]
    window = opinions[-check.better.m :]
    agreeing = [(at, seen) for at, seen in window if seen is latest or _level(seen) < _level(latest)]
    # out of unknown, one good reading is enough: there is no fault to hold on to
    if current is not Verdict.UNKNOWN and len(agreeing) < check.better.n:
        return None
    return latest, agreeing[0][0]


_LEVEL = {Verdict.UNKNOWN: 0, Verdict.OK: 1, Verdict.MAINTENANCE: 1, Verdict.WARNING: 2, Verdict.CRITICAL: 3}


def _level(verdict: Verdict) -> int:
    """How bad a verdict is for the hold: leaving unknown for a fault needs the full hold."""
    return _LEVEL[verdict]
