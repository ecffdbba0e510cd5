"""What the narrative of an incident is told from, and what its lines are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from gateway.core.calendar import Calendar
from gateway.core.device import Park
from gateway.core.grammar import Text
from gateway.core.incident import ChangeKind, Incident
from gateway.core.people import Language


class Nature(StrEnum):
    """What a line of the report is."""

    FACT = "fact"
    DEDUCTION = "deduction"
    STATEMENT = "statement"
    DECISION = "decision"


class Certainty(StrEnum):
    """How far the cause is known."""

    CONFIRMED = "confirmed"
    PROBABLE = "probable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report."""

    nature: Nature
    text: str


class Promise(Protocol):
    """One clock of an incident: business seconds allowed, when they run out, when it was stopped."""

    @property
    def allowed_s(self) -> float:
        """Business seconds that were promised."""
        ...

    @property
    def due_at(self) -> float | None:
        """When they run out; ``None``: never."""
        ...

    @property
    def done_at(self) -> float | None:
        """When the clock was stopped; ``None`` while it runs."""
        ...

    @property
    def missed(self) -> bool:
        """True once more time than promised has passed."""
        ...


@dataclass(frozen=True, slots=True)
class Loss:
    """What the incident cost, in the site's currency; ``basis`` says per language what was counted."""

    amount: float
    currency: str = "DZD"
    basis: Text = ("", "", "")


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about it, by whom, and by when it is to be done."""

    text: str
    who: str
    until: date | None = None


def decided(incident: Incident) -> Decision | None:
    """The newest decision on record for an incident."""
    made = [one for one in incident.story if one.kind is ChangeKind.DECIDED and one.text]
    if not made:
        return None
    newest = made[-1]
    day = date.fromisoformat(newest.day) if is_day(newest.day) else None
    return Decision(newest.text, newest.whom or newest.who, day)


def is_day(text: str) -> bool:
    """True for a day written like 2026-12-31."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds an incident. ``now`` is s since the epoch; ``hours`` are those of the site's work (``None``: not
    known); ``again`` are the earlier incidents of the same failure, newest first; ``language`` is the one in which the
    owner wrote names and notes."""

    park: Park
    now: float
    site: str = ""
    zone: str = "Africa/Algiers"
    language: Language = "fr"
    hours: Calendar | None = None
    response: Promise | None = None
    restore: Promise | None = None
    again: Sequence[Incident] = ()
    loss: Loss | None = None
    decision: Decision | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    """What people call a device or service here, where that is more than its name ("Onduleur salle 2")."""

    def name(self, subject: str) -> str:
        """What people call a device or service."""
        return self.names.get(subject) or self.park.name(subject)
