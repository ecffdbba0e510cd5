"""A moving feast decided at headquarters reaches every box by a signed order, until box and headquarters agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway import wire
from gateway.agent.orders import Desk, Obedience
from gateway.clock import FakeClock, stamp
from gateway.core.device import Park, Site
from gateway.core.watch import Watch
from gateway.feasts import feasts
from gateway.ports import Batch
from gateway.settings import CalendarSettings, Settings
from gateway.settings.remote import adjusted
from gateway.signing import read_signing_key
from gateway.store.memory import MemoryLedger, MemoryOrders
from web.desk.decisions import feast
from web.desk.feast_orders import REFUSED_S, FeastTeller
from web.desk.ledger import Ledger
from web.desk.orders import Commander, OrderState
from web.site.sources import opening_hours

WEEK = dict.fromkeys(("sun", "mon", "tue", "wed", "thu"), ((480, 990),))
HOUR = 3600.0
START = 1_795_339_208.0
FEAST = next(one.on for one in feasts("DZ", [2027]) if one.estimated)
NEXT = FEAST + timedelta(days=1)


class Depot:
    """A box that obeys, and tells its inventory when its settings change."""

    def __init__(self, ledger: Ledger, clock: FakeClock, key: str, site: str = "rouiba", country: str = "DZ") -> None:
        self.site, self._desk, self._clock, self._key, self._seq = site, ledger, clock, key, 0
        calendar = CalendarSettings(WEEK, country)
        self._file = Settings(Site(site, site, "org"), Path("/x"), Path("/x/inventory.json"), calendar=calendar)
        self.replaced()

    def replaced(self) -> None:
        """Another box with the same site.toml and an empty record."""
        self._record = MemoryLedger()
        self.orders = MemoryOrders(self._record)
        desk = Desk(wire.Names("org", self.site, "1"), self._key, self.orders)
        self._obedience = Obedience(desk, Watch(self.site, Park()), self._clock, dict)
        self.tell()

    @property
    def settings(self) -> Settings:
        return adjusted(self._file, self.orders.adjustments())

    def tell(self, **body: object) -> None:
        """A message to headquarters: the inventory, or something else."""
        self._seq += 1
        told = body or wire.inventory_body(self._file.site, Park(), None, self.settings.calendar)
        kind = "evt" if body else "rpt"
        envelope = wire.Envelope(self.site, f"s{id(self._record)}", self._seq, kind, told, self._clock.wall())
        self._desk.ingest(envelope, self._clock.wall())

    def receive(self, payload: bytes) -> None:
        """Deals with an order as the agent does."""
        order = wire.order_of(payload).order
        done = self._obedience.take(f"x/cmd/{order.id}", payload, self.settings)
        if done is None:
            return
        self._record.record(Batch(stamp(self._clock), (), (), order=done.kept))
        self.tell(results=wire.results_body([done.result]))
        if done.settings_changed:
            self.tell()


class Headquarters:
    """The ledger, the teller and one depot."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(START)
        self.ledger = Ledger(f"sqlite:///{folder}/desk.db", self.clock)
        self.key = read_signing_key(folder / "signing.pem")
        self.commander = Commander(self.ledger.orders, self.key, "org", self.clock)
        self.teller = FeastTeller(self.ledger, self.ledger.book, self.commander)
        self.depot = Depot(self.ledger, self.clock, self.key.public)

    def decide(self, to: date, who: str = "Nadia") -> None:
        self.ledger.book.write(feast("DZ", FEAST, to, who, self.clock.wall()))

    def step(self) -> int:
        """What is asked now reaches the box at once."""
        asked = self.teller.step(self.clock.wall())
        self.deliver()
        return asked

    def deliver(self) -> None:
        for one in self.ledger.orders.due(self.clock.wall()):
            self.ledger.orders.sent(one.order.id, self.clock.wall())
            if one.order.site == self.depot.site:
                self.depot.receive(one.payload)

    def orders(self) -> list[OrderState]:
        return [one.state(self.clock.wall()) for one in self.ledger.orders.of(self.depot.site)]


@pytest.fixture
def desk(tmp_path: Path) -> Headquarters:
    return Headquarters(tmp_path)


def test_box_and_headquarters_count_the_same_hours_after_a_decision(desk: Headquarters) -> None:
    desk.decide(NEXT)
    assert desk.step() == 1
    (site,) = desk.ledger.sites()
    assert site.hours is not None
    at_the_box = opening_hours(desk.depot.settings, desk.clock.wall())
    assert NEXT in at_the_box.holidays
    assert FEAST not in at_the_box.holidays
    assert at_the_box.holidays == site.hours.holidays
    start = desk.clock.wall()
    assert at_the_box.business_seconds(start, start + 365 * 24 * HOUR) == site.hours.business_seconds(
        start, start + 365 * 24 * HOUR
    )
    (kept,) = desk.depot.orders.orders()
    assert (kept.kind, kept.who, kept.refusal) == ("change_setting", "Nadia", "")
    desk.clock.advance(HOUR)
    assert desk.step() == 0, "once is enough"


def test_a_feast_that_is_confirmed_is_told_too(desk: Headquarters) -> None:
    desk.decide(FEAST)
    assert desk.step() == 1
    assert desk.depot.settings.calendar.moves == {FEAST: FEAST}
    assert desk.step() == 0


def test_a_changed_mind_waits_for_the_answer_to_the_first_word(desk: Headquarters) -> None:
    desk.decide(NEXT)
    assert desk.teller.step(desk.clock.wall()) == 1
    desk.clock.advance(60)
    desk.decide(FEAST - timedelta(days=1), "Karim")
    assert desk.teller.step(desk.clock.wall()) == 0, "two on the way could arrive in the wrong order"
    desk.deliver()
    desk.clock.advance(60)
    assert desk.step() == 1
    assert desk.depot.settings.calendar.moves == {FEAST: FEAST - timedelta(days=1)}


def test_an_order_that_comes_twice_moves_a_feast_once(desk: Headquarters) -> None:
    desk.decide(NEXT)
    desk.step()
    (kept,) = desk.ledger.orders.of("rouiba")
    desk.depot.receive(kept.payload)
    assert len(desk.depot.orders.orders()) == 1
    assert desk.depot.settings.calendar.moves == {FEAST: NEXT}


def test_a_silent_site_is_asked_when_it_is_back(desk: Headquarters) -> None:
    desk.clock.advance(HOUR)
    desk.decide(NEXT)
    assert desk.step() == 0
    desk.depot.tell()
    assert desk.step() == 1


def test_a_box_that_was_replaced_is_told_again(desk: Headquarters) -> None:
    desk.decide(NEXT)
    desk.step()
    desk.clock.advance(2 * HOUR)
    desk.depot.replaced()
    assert desk.step() == 1
    assert desk.depot.settings.calendar.moves == {FEAST: NEXT}


def test_an_order_that_got_lost_is_made_again_when_it_is_overdue(desk: Headquarters) -> None:
    desk.decide(NEXT)
    assert desk.teller.step(desk.clock.wall()) == 1
    desk.clock.advance(49 * HOUR)
    desk.depot.tell()
    assert desk.step() == 1
    assert desk.orders() == [OrderState.DONE, OrderState.OVERDUE]


def test_a_box_that_refuses_is_asked_once_a_week(desk: Headquarters) -> None:
    desk.depot._key = ""
    desk.depot.replaced()
    desk.decide(NEXT)
    assert desk.step() == 1
    assert desk.orders() == [OrderState.REFUSED]
    desk.clock.advance(HOUR)
    desk.depot.tell()
    assert desk.step() == 0
    desk.clock.advance(REFUSED_S)
    desk.depot.tell()
    assert desk.step() == 1


def test_only_sites_that_keep_the_holidays_of_the_country_are_told(desk: Headquarters) -> None:
    Depot(desk.ledger, desk.clock, desk.key.public, "tunis", "TN")
    desk.decide(NEXT)
    assert desk.step() == 1
    assert desk.ledger.orders.of("tunis") == []


def test_what_was_decided_two_years_ago_is_told_to_nobody(desk: Headquarters) -> None:
    past = replace(
        feast("DZ", FEAST, NEXT, "Nadia", START), body={"country": "DZ", "on": "2024-06-16", "to": "2024-06-17"}
    )
    desk.ledger.book.write(past)
    assert desk.step() == 0
