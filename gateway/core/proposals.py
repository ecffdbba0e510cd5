"""What helped before: similar incidents of the past, what people did in them, and how long they took.

A proposal is made of what people wrote down or ticked off, never invented, and always with its evidence. Below three
like cases nothing is proposed: two coincidences are no experience.
"""

from __future__ import annotations

import difflib
import re
import statistics
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.core.device import Park
from gateway.core.figures import RECURRENCE_S, failure, is_fault
from gateway.core.grammar import Text, count, date_text, duration, local
from gateway.core.incident import Change, ChangeKind, Incident
from gateway.core.people import Language, choose
from gateway.core.runbook import ticked

LIKE_CASES = 3
"""Fewer similar incidents than this propose nothing."""

SHOWN = 3
"""The best proposals; more would not be read."""

_LIKE = 0.45
_SAME_WORDS = 0.72
_AFTERWARDS_S = 12 * 3600.0
"""A note written this long after the end still tells what helped."""

_MACHINES = frozenset({"gateway", "desk"})


@dataclass(frozen=True, slots=True)
class Like:
    """One past incident that is like the present one. ``score`` is 0 to 1; ``same_device`` says that it lay in the same
    device, not only in one of the same family."""

    incident: Incident
    score: float
    same_device: bool

    @property
    def lasted_s(self) -> float:
        """From its first bad reading to its first good one."""
        return (self.incident.restored_at or self.incident.opened_at) - self.incident.opened_at


@dataclass(frozen=True, slots=True)
class Proposal:
    """One action that ended similar incidents. ``action`` is in the words of whoever wrote it, or empty where ``step``
    is the id of a step of the runbook, or where both are empty: it went by itself. ``cases`` are the incidents in which
    it was done, newest first, of ``of`` like ones; ``median_s`` is how long those took."""

    action: str
    step: str
    cases: tuple[Like, ...]
    of: int
    median_s: float
    score: float


def like_cases(incident: Incident, past: Iterable[Incident], park: Park, zone: str = "Africa/Algiers") -> list[Like]:
    """Past incidents of the same cause in the same device or one of its family, that are over: the most like first."""
    found = []
    for other in past:
        ended = other.restored_at is not None and other.restored_at <= max(incident.detected_at, incident.opened_at)
        if other.id == incident.id or other.merged_into or not ended or other.cause != incident.cause:
            continue
        score = _likeness(incident, other, park, zone)
        if score >= _LIKE:
            found.append(Like(other, score, other.root_device == incident.root_device))
    return sorted(found, key=lambda one: (-one.score, -one.incident.opened_at))


def proposals(incident: Incident, past: Iterable[Incident], park: Park, zone: str = "Africa/Algiers") -> list[Proposal]:
    """What ended the like cases, the best supported first; empty below ``LIKE_CASES`` like ones."""
    likes = like_cases(incident, past, park, zone)
    if len(likes) < LIKE_CASES:
        return []
    found = [*_by_words(likes), *_by_steps(likes)]
    alone = [like for like in likes if not _did(like.incident)]
    if len(alone) >= LIKE_CASES:
        found.append(_proposal("", "", alone, likes))
    # something done once in several cases is an anecdote unless nothing better is known
    repeated = [one for one in found if len(one.cases) > 1]
    return sorted(repeated or found, key=lambda one: (-one.score, one.median_s))[:SHOWN]


def recurrence_of(incident: Incident, past: Iterable[Incident]) -> list[Incident]:
    """Earlier incidents of the same failure within 180 days (``figures.failure``), the newest first: empty where this
    is the first. Advice is no failure."""
    if not is_fault(incident):
        return []
    earlier = [
        other
        for other in past
        if other.id != incident.id
        and is_fault(other)
        and failure(other) == failure(incident)
        and incident.opened_at - RECURRENCE_S <= other.opened_at < incident.opened_at
    ]
    return sorted(earlier, key=lambda one: -one.opened_at)


def evidence(proposal: Proposal, zone: str, language: Language) -> str:
    """Why it is proposed: in how many of how many like cases, how long those took, when last."""
    same = sum(one.same_device for one in proposal.cases)
    last = max(proposal.cases, key=lambda one: one.incident.opened_at).incident
    values = {
        "n": str(len(proposal.cases)),
        "of": count(proposal.of, "case", language),
        "time": duration(proposal.median_s, language),
        "day": date_text(local(last.opened_at, zone).date(), language),
        "same": str(same),
    }
    text = choose(_EVIDENCE, language).format(**values)
    return text + (choose(_SAME, language).format(**values) if same else "")


def by_itself(language: Language) -> str:
    """What is said where nobody did anything."""
    return choose(_BY_ITSELF, language)


_EVIDENCE: Text = (
    "{n} fois sur {of} ; durée habituelle : {time} ; la dernière fois le {day}",
    "{n} من أصل {of}؛ المدة المعتادة: {time}؛ آخر مرة يوم {day}",
    "{n} of {of}; usual duration: {time}; last on {day}",
)
_SAME: Text = (" ; même appareil : {same}", "؛ الجهاز نفسه: {same}", "; same device: {same}")
_BY_ITSELF: Text = (
    "Attendre : c’est revenu sans que personne ne note d’action.",
    "الانتظار: عاد الأمر دون أن يسجّل أحد أي إجراء.",
    "Wait: it came back without anybody noting an action.",
)


def _likeness(incident: Incident, other: Incident, park: Park, zone: str) -> float:
    """0 to 1. Device or family is what counts; symptoms and hour tell cases of one device apart."""
    place = _place(incident, other, park)
    if not place:
        return 0.0
    here = {(symptom.metric, symptom.instance) for symptom in incident.symptoms}
    there = {(symptom.metric, symptom.instance) for symptom in other.symptoms}
    shared = len(here & there) / len(here | there) if here | there else 0.0
    return place + 0.3 * shared + 0.1 * _hour(incident.opened_at, other.opened_at, zone)


def _place(incident: Incident, other: Incident, park: Park) -> float:
    if incident.root_device == other.root_device:
        same_part = (incident.root_metric, incident.root_instance) == (other.root_metric, other.root_instance)
        return 0.6 if same_part else 0.5
    here, there = park.devices.get(incident.root_device or ""), park.devices.get(other.root_device or "")
    if here is None or there is None or here.kind is not there.kind:
        return 0.0
    same_model = bool(here.model) and (here.vendor, here.model) == (there.vendor, there.model)
    return 0.4 if same_model else 0.3


def _hour(at: float, other: float, zone: str) -> float:
    """1 at the same local time of day, 0 from three hours apart on."""
    hours = [moment.hour + moment.minute / 60 for moment in (local(at, zone), local(other, zone))]
    apart = abs(hours[0] - hours[1])
    return max(0.0, 1 - min(apart, 24 - apart) / 3)


def _did(incident: Incident) -> list[Change]:
    """What people noted or ticked before the end, or soon after it; not what they unticked."""
    until = (incident.restored_at or incident.opened_at) + _AFTERWARDS_S
    standing = set(ticked(incident).values())
    return [
        one
        for one in incident.story
        if (one.kind is ChangeKind.NOTE or one in standing)
        and one.who not in _MACHINES
        and one.text
        and one.at <= until
    ]


def _by_words(likes: Sequence[Like]) -> list[Proposal]:
    """The last note of each case, put together where it says nearly the same."""
    groups: list[tuple[str, str, list[Like]]] = []
    for like in sorted(likes, key=lambda one: -one.incident.opened_at):
        notes = [one.text for one in _did(like.incident) if one.kind is ChangeKind.NOTE]
        if not notes:
            continue
        plain = _plain(notes[-1])
        group = next((known for known in groups if _alike(known[1], plain)), None)
        if group is None:
            groups.append((notes[-1], plain, [like]))
        else:
            group[2].append(like)
    return [_proposal(" ".join(text.split()), "", cases, likes) for text, _, cases in groups]


def _by_steps(likes: Sequence[Like]) -> list[Proposal]:
    """Steps of the runbook that were the last to be ticked off."""
    groups: dict[str, list[Like]] = {}
    for like in likes:
        ticks = [one.text for one in _did(like.incident) if one.kind is ChangeKind.TICKED]
        if ticks:
            groups.setdefault(ticks[-1], []).append(like)
    return [_proposal("", step, cases, likes) for step, cases in groups.items()]


def _proposal(action: str, step: str, cases: Sequence[Like], likes: Sequence[Like]) -> Proposal:
    newest_first = tuple(sorted(cases, key=lambda one: -one.incident.opened_at))
    weight = sum(one.score for one in cases) / sum(one.score for one in likes)
    # what nobody did is a weaker proposal than what somebody did
    score = weight if action or step else weight / 2
    return Proposal(action, step, newest_first, len(likes), statistics.median(one.lasted_s for one in cases), score)


def _plain(text: str) -> str:
    """Without case, accents and punctuation, for comparison only."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return " ".join(re.findall(r"\w+", bare))


def _alike(one: str, other: str) -> bool:
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio() >= _SAME_WORDS
