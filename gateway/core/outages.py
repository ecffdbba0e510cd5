"""When a device or service was down, unmeasured or under maintenance: derived from the recorded transitions alone.

Used by the depot's page and by headquarters, so that both show the same figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from gateway.core.device import GATEWAY, Park
from gateway.core.incident import Transition, Verdict
from gateway.core.intervals import Span, clip, intersect, subtract, union
from gateway.core.power import METRIC as UPS_METRIC
from gateway.core.power import darkness, deduced
from gateway.core.service_level import Facts
from gateway.core.works import announced

METRIC = "reach.up"
"""The metric that says whether a device or service is there. Critical is down, unknown is not measured."""

_ALWAYS = float("-inf")


def facts_of(subject: str, transitions: Iterable[Transition], start: float, end: float) -> Facts:
    """What happened to one device or service in [start, end).

    ``transitions`` in the order in which they were written, from early enough to hold the state at ``start``; those of
    other subjects and metrics are passed over. What was never judged is unknown. A later row whose ``at`` lies before
    an earlier one's overrules it from there on (the box notices only afterwards that it was blind).
    """
    histories: dict[str, list[tuple[float, Verdict]]] = {}
    for transition in transitions:
        if transition.subject == subject and transition.metric == METRIC:
            history = histories.setdefault(transition.instance, [(_ALWAYS, transition.before)])
            while len(history) > 1 and history[-1][0] >= transition.at:
                history.pop()
            history.append((transition.at, transition.after))
            planned = announced(transition).until if transition.after is Verdict.MAINTENANCE else None
            if planned is not None and planned > transition.at:
                # what runs over its plan counts as planned only once the owner approves it (core/amendment.py)
                history.append((planned, Verdict.UNKNOWN))
    if not histories:
        return Facts(start, end, unknown=((start, end),))
    return _joined([_facts(history, start, end) for history in histories.values()], start, end)


def carried(transitions: Sequence[Transition], start: float) -> list[Transition]:
    """The few of the transitions before ``start``, in order of time, from which everything after ``start`` is counted
    as it is from all of them: of each series its first word and its last, and what ``darkness`` needs to know of a
    mains loss that may last. A year of a busy site is a few rows for each device."""
    kept: set[int] = set()
    first: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], int] = {}
    heard: dict[str, list[int]] = {}
    own_ends: dict[float, list[int]] = {}
    for number, one in enumerate(transitions):
        if one.at >= start:
            break
        if one.metric == METRIC:
            first.setdefault((one.subject, one.instance), number)
            last[one.subject, one.instance] = number
        if one.metric == UPS_METRIC:
            # what was heard of the mains last, and the silences since
            heard.setdefault(one.subject, []).append(number)
            if one.after is not Verdict.UNKNOWN:
                heard[one.subject] = [number]
        if one.subject == GATEWAY and one.after is Verdict.UNKNOWN:
            own_ends.setdefault(one.at, []).append(number)
    kept.update(first.values(), last.values())
    for numbers in heard.values():
        kept.update(numbers)
        kept.update(own for number in numbers for own in own_ends.get(transitions[number].at, ()))
    return [transitions[number] for number in sorted(kept)]


class Told:
    """Transitions as they were written, sorted by subject once: many services are counted from the same record."""

    def __init__(self, transitions: Sequence[Transition]) -> None:
        self.reach: dict[str, list[Transition]] = {}
        for one in transitions:
            if one.metric == METRIC:
                self.reach.setdefault(one.subject, []).append(one)
        self.dark = darkness(transitions)


def service_facts(park: Park, service: str, told: Told | Sequence[Transition], start: float, end: float) -> Facts:
    """What happened to one service: as its own check saw it; without a check, down while anything it depends on was
    (if it is redundant: while all of that was)."""
    told = told if isinstance(told, Told) else Told(told)
    known = park.services.get(service)
    if service in told.reach or known is None or not known.depends_on:
        facts = facts_of(service, told.reach.get(service, ()), start, end)
    elif known.redundant:
        # what is deduced of its parts is joined there: all of them must have lost their power
        return _either([service_facts(park, one, told, start, end) for one in known.depends_on], start, end)
    else:
        parts = [facts_of(one, told.reach.get(one, ()), start, end) for one in _leaves(park, service)]
        facts = _joined(parts, start, end)
    if not facts.unknown or not told.dark:
        return facts
    return replace(facts, deduced=deduced(park, _leaves(park, service), facts.unknown, told.dark))


def first_word(park: Park, service: str, told: Told | Sequence[Transition]) -> float | None:
    """When a service, or anything it stands on, was first judged: a service added on the fifteenth is measured from
    then on. ``None`` if it never was."""
    told = told if isinstance(told, Told) else Told(told)
    rows = [told.reach[name] for name in (service, *_leaves(park, service)) if name in told.reach]
    return min((one.at for row in rows for one in row), default=None)


def _leaves(park: Park, service: str) -> list[str]:
    """The devices a service stands on, through the services it depends on."""
    found: list[str] = []
    seen: set[str] = set()
    waiting = [service]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        inner = park.services.get(name)
        if inner is None:
            found.append(name)
        else:
            waiting.extend(inner.depends_on)
    return found


def _either(parts: Sequence[Facts], start: float, end: float) -> Facts:
    """Of parts each of which suffices: down while all were, unknown while none was surely up and not all were down.
    Maintenance of one is none of the whole; while one is under maintenance the others carry it."""
    down = [clip(one.outages, start, end) for one in parts]
    guessed = [union([*down[i], *clip(one.deduced, start, end)]) for i, one in enumerate(parts)]
    resting = [clip(one.maintenance, start, end) for one in parts]
    dark = [clip(one.unknown, start, end) for one in parts]
    everywhere = _common(resting)
    # a part under maintenance cannot carry the service: it is as good as down while another still is to carry it
    all_down = subtract(_common([union([*d, *r]) for d, r in zip(down, resting, strict=True)]), everywhere)
    all_guessed = subtract(_common([union([*d, *r]) for d, r in zip(guessed, resting, strict=True)]), everywhere)
    not_up = _common([union([*d, *r, *u]) for d, r, u in zip(down, resting, dark, strict=True)])
    unknown = subtract(subtract(not_up, all_down), everywhere)
    lasts = all(any(until is None for _, until in one.outages) for one in parts)
    return Facts(
        start,
        end,
        _reopen(all_down, end, lasts=lasts),
        tuple(everywhere),
        tuple(unknown),
        tuple(subtract(all_guessed, all_down)),
    )


def _common(sets: Sequence[Sequence[Span]]) -> list[Span]:
    """Instants in every one of the sets."""
    found = list(sets[0])
    for other in sets[1:]:
        found = intersect(found, other)
    return found


def _joined(parts: Sequence[Facts], start: float, end: float) -> Facts:
    """Down while any part was; unknown while any was, unless another was surely down. Maintenance of any counts."""
    down = union(span for part in parts for span in clip(part.outages, start, end))
    unknown = union(span for part in parts for span in clip(part.unknown, start, end))
    maintenance = union(span for part in parts for span in clip(part.maintenance, start, end))
    lasts = any(until is None for part in parts for _, until in part.outages)
    return Facts(start, end, _reopen(down, end, lasts=lasts), tuple(maintenance), tuple(subtract(unknown, down)))


def _facts(history: Sequence[tuple[float, Verdict]], start: float, end: float) -> Facts:
    down = _during(history, Verdict.CRITICAL, start, end)
    lasts = history[-1][1] is Verdict.CRITICAL
    return Facts(
        start,
        end,
        _reopen(down, end, lasts=lasts),
        tuple(_during(history, Verdict.MAINTENANCE, start, end)),
        tuple(_during(history, Verdict.UNKNOWN, start, end)),
    )


def _during(history: Sequence[tuple[float, Verdict]], verdict: Verdict, start: float, end: float) -> list[Span]:
    ends = [at for at, _ in history[1:]] + [float("inf")]
    return clip([(at, until) for (at, state), until in zip(history, ends, strict=True) if state is verdict], start, end)


def _reopen(down: Sequence[Span], end: float, *, lasts: bool) -> tuple[tuple[float, float | None], ...]:
    """An outage that still lasts at the end of the period has no end: it counts for no mean time to repair."""
    if lasts and down and down[-1][1] == end:
        return (*down[:-1], (down[-1][0], None))
    return tuple(down)
