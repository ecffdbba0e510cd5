"""What falls due soon, to be told once to whoever reads the mail of the day: drills, tests and checks of spare parts
(``gateway.core.upkeep``), and contracts about to end."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.core.cost import Contract
from gateway.core.upkeep import Duty, DutyKind, due

CONTRACT_DAYS = 30
"""A contract is called to mind so long before it ends: giving notice and asking for offers takes its time."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """One thing that falls due. ``kind`` is ``None`` for the end of a contract, ``on`` is ``None`` for what was never
    done, ``site`` is empty for the whole company."""

    kind: DutyKind | None
    what: str
    site: str = ""
    device: str = ""
    who: str = ""
    on: date | None = None

    @property
    def key(self) -> str:
        """The same for the same thing on the same day: it is told once to everybody, and again for its next day."""
        day = self.on.isoformat() if self.on else "never"
        return "\x1f".join((self.kind or "contract", self.what, self.site, self.device, day))


def agenda(duties: Iterable[Duty], contracts: Iterable[Contract], today: date) -> list[Appointment]:
    """What is due, overdue or never done, and contracts that end soon, by day. A contract that has ended is no
    appointment any more."""
    found = [Appointment(one.kind, one.what, one.site, one.device, one.who, one.due_on) for one in due(duties, today)]
    last = today + timedelta(days=CONTRACT_DAYS)
    found += [
        Appointment(None, one.name or one.id, who=one.provider, on=one.ends_on)
        for one in contracts
        if one.ends_on is not None and today <= one.ends_on <= last
    ]
    return sorted(found, key=lambda one: (one.on or date.min, one.what))
