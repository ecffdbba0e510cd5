"""Maintenance and pauses, and what is entered afterwards: it counts only once the owner has approved it.

Whoever works must not mark its own work: what is written down while it happens counts at once, what is written down
later waits for an approval by somebody else who owns the figures. Figures that were sent before are issued again with
the next version number and the reason: who, and how many minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.core.intervals import OpenSpan

AT_ONCE_S = 900.0
"""What begins at most this long before it is written down was written down while it happened."""


class Kind(StrEnum):
    """Planned work on a site or service, or waiting on an incident."""

    MAINTENANCE = "maintenance"
    PAUSE = "pause"


class Waiting(StrEnum):
    """For whom an incident waits."""

    CUSTOMER = "customer"
    SUPPLIER = "supplier"


@dataclass(frozen=True, slots=True)
class Amendment:
    """Time that is not counted. ``subject`` is a service or device ("" for the whole site), of a pause the incident;
    ``end`` is ``None`` while it lasts. Instants are s since the epoch."""

    id: str
    kind: Kind
    site: str
    subject: str
    start: float
    end: float | None
    entered_at: float
    entered_by: str
    reason: str = ""

    @property
    def late(self) -> bool:
        """True for what was entered afterwards."""
        return self.start < self.entered_at - AT_ONCE_S

    def minutes(self, until: float) -> int:
        """Its length, up to ``until`` while it lasts."""
        return round(((self.end if self.end is not None else until) - self.start) / 60)


@dataclass(frozen=True, slots=True)
class Ruling:
    """The owner's word on an amendment."""

    amendment: str
    approved: bool
    at: float
    by: str


class Standing(StrEnum):
    """Where an amendment stands."""

    IN_FORCE = "in_force"
    WAITING = "waiting"
    REFUSED = "refused"


def standing(one: Amendment, rulings: Iterable[Ruling]) -> Standing:
    """The last word of somebody else than the one who entered it; without one, what is late waits."""
    words = [ruling for ruling in rulings if ruling.amendment == one.id and ruling.by != one.entered_by]
    if words:
        last = max(words, key=lambda ruling: ruling.at)
        return Standing.IN_FORCE if last.approved else Standing.REFUSED
    return Standing.WAITING if one.late else Standing.IN_FORCE


def spans(
    amendments: Iterable[Amendment], rulings: Sequence[Ruling], kind: Kind, site: str, subjects: Iterable[str]
) -> tuple[OpenSpan, ...]:
    """The time of one kind that is in force for any of ``subjects`` (or the whole site)."""
    wanted = {*subjects, ""}
    return tuple(
        (one.start, one.end)
        for one in amendments
        if one.kind is kind
        and one.site == site
        and one.subject in wanted
        and standing(one, rulings) is Standing.IN_FORCE
    )
