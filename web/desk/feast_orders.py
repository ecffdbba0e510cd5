"""Tells the boxes which day a moving feast is on, so that a depot counts the same hours as headquarters.

A decision goes out as an order like any other: signed, kept on both sides, carried out once. A box says with its
inventory what it holds; whatever differs is asked again, so that a box that was away or was replaced learns it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from gateway.settings.remote import feast_setting, refused
from web.desk.decisions import FEAST, Book, Entry, moves_of
from web.desk.facts import FleetFacts, SiteFacts
from web.desk.orders import Commander, KeptOrder, OrderState

KIND = "change_setting"
REFUSED_S = 7 * 86_400.0
"""A box that refused a decision (an older version) is asked again after so long."""
LOST_S = 3600.0
"""A box that carried a decision out tells its inventory anew within seconds; one that does not hold it so long after it
was asked has lost it."""


class FeastTeller:
    """Looks which boxes do not know yet what was decided. ``step`` is called every few seconds by one thread only."""

    def __init__(self, facts: FleetFacts, book: Book, commander: Commander) -> None:
        self._facts = facts
        self._book = book
        self._commander = commander
        self._looked = ""

    def step(self, now: float) -> int:
        """Asks what has to be asked; returns how many orders that were. Sites that are silent now are asked when they
        are back: what is ordered in vain only fills the list."""
        decided = self._book.entries(FEAST)
        mark = f"{self._facts.version()} {now // 600}"
        if not decided or mark == self._looked:
            return 0
        count = 0
        for site in self._facts.sites():
            missing = [] if site.silent(now) else missing_at(site, decided, now)
            asked = self._commander.book.of(site.id) if missing else ()
            for on, to in missing:
                name, days = feast_setting(site.country, on), float((to - on).days)
                if not refused(name, days) and _wanted(asked, name, days, site.told_at, now):
                    self._commander.issue(site.id, KIND, _who(decided, site.country, on), {"name": name, "value": days})
                    count += 1
        self._looked = mark
        return count


def missing_at(site: SiteFacts, decided: Iterable[Entry], now: float) -> list[tuple[date, date]]:
    """Decisions of last year on that the site's box does not hold yet: (announced date, real date), in order."""
    if not site.country or site.told_at is None:
        return []
    since = datetime.fromtimestamp(now, ZoneInfo(site.zone)).year - 1
    known = moves_of(decided).get(site.country, {})
    return sorted((on, to) for on, to in known.items() if on.year >= since and site.moves.get(on) != to)


def _wanted(asked: Sequence[KeptOrder], name: str, days: float, told_at: float | None, now: float) -> bool:
    """True if an order has to be made now. One about a feast waits for the answer to the last one about it: two on the
    way could arrive in the wrong order."""
    mine = [one for one in asked if one.order.kind == KIND and one.order.body.get("name") == name]
    last = max(mine, key=lambda one: one.order.issued_at, default=None)
    if last is None:
        return True
    match last.state(now):
        case OrderState.WAITING:
            return False
        case OrderState.REFUSED:
            return last.order.body.get("value") != days or now - last.order.issued_at >= REFUSED_S
        case OrderState.DONE:
            sent_at = last.sent_at or last.order.issued_at
            return last.order.body.get("value") != days or (told_at or 0.0) > sent_at + LOST_S
    return True


def _who(decided: Iterable[Entry], country: str, on: date) -> str:
    """Who decided it last."""
    mine = [one for one in decided if (one.body["country"], one.body["on"]) == (country, on.isoformat())]
    return mine[-1].who
