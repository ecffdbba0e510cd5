"""Orders of headquarters on the box: believed only when signed, for this site, in time; carried out once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway import wire
from gateway.agent.orders import AHEAD_S, Desk, Done, Obedience
from gateway.clock import FakeClock, stamp
from gateway.core.device import Device, Kind, Park, Site
from gateway.core.incident import ChangeKind
from gateway.core.watch import Watch
from gateway.ports import Batch
from gateway.settings import CalendarSettings, Settings, UplinkSettings
from gateway.settings.remote import LIMITS, adjusted, feast_setting, moves, readable, refused
from gateway.signing import SigningKey, read_signing_key
from gateway.store.memory import MemoryLedger, MemoryOrders

NAMES = wire.Names("org", "depot", "0.1.0")
SETTINGS = Settings(Site("depot", "Dépôt"), Path("/x"), Path("/x/inventory.json"), uplink=UplinkSettings("mqtt://x"))


class Bench:
    """A watch with one open incident, and the means to order it about."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.key: SigningKey = read_signing_key(folder / "signing.pem")
        self.ledger = MemoryLedger()
        self.orders = MemoryOrders(self.ledger)
        self.watch = Watch("depot", Park([Device("sw-1", "Switch", Kind.SWITCH, collect=("reach",))]))
        self.watch.report("sw-1", "il fume", "Samir", self.clock.wall())
        (self.incident,) = self.watch.incidents
        self.obedience = self.of(self.key.public)

    def of(self, key: str) -> Obedience:
        return Obedience(Desk(NAMES, key, self.orders), self.watch, self.clock, lambda: {"version": "0.1.0"})

    def order(self, kind: str, **more: Any) -> wire.Order:
        now = self.clock.wall()
        known = wire.Order("a" * 32, "org", "depot", kind, "Nadia", now, now + 3600, {})
        return replace(known, **more)

    def payload(self, order: wire.Order) -> bytes:
        text = wire.order_text(order)
        return wire.order_payload(text, self.key.sign(text))

    def take(self, order: wire.Order) -> Done | None:
        """Deals with it as the agent does: what is done is written down."""
        done = self.obedience.take(f"x/cmd/{order.id}", self.payload(order), SETTINGS)
        if done:
            self.ledger.record(Batch(stamp(self.clock), (), done.outcome.changes, order=done.kept))
        return done


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def refusal(done: Done | None) -> str:
    assert done is not None
    assert not done.outcome.changes
    assert not done.settings_changed
    return done.result.refusal


def test_an_acknowledgement_of_headquarters_is_the_same_fact_on_both_sides(bench: Bench) -> None:
    order = bench.order("acknowledge", body={"incident": bench.incident})
    bench.clock.advance(900)
    done = bench.take(order)
    assert done is not None
    (change,) = done.outcome.changes
    assert (change.kind, change.who, change.at) == (ChangeKind.ACKNOWLEDGED, "Nadia", order.issued_at)
    assert done.result == wire.OrderResult(order.id, "acknowledge", bench.clock.wall())
    assert bench.watch.incidents[bench.incident].acknowledged_by == "Nadia"


def test_an_order_that_comes_twice_is_carried_out_once(bench: Bench) -> None:
    order = bench.order("note", body={"incident": bench.incident, "text": "j'arrive"})
    assert bench.take(order) is not None
    assert bench.take(order) is None
    assert len(bench.orders.orders()) == 1


def test_a_stranger_is_refused_with_a_reason_and_uses_up_no_id(bench: Bench, tmp_path: Path) -> None:
    order = bench.order("acknowledge", body={"incident": bench.incident})
    text = wire.order_text(order)
    forged = wire.order_payload(text, read_signing_key(tmp_path / "other.pem").sign(text))
    assert "signature" in refusal(bench.obedience.take("x/cmd/a", forged, SETTINGS))
    unsigned = wire.order_payload(text, "")
    assert "signature" in refusal(bench.obedience.take("x/cmd/a", unsigned, SETTINGS))
    altered = bench.payload(order).replace(b"acknowledge", b"diagnostics")
    assert "signature" in refusal(bench.obedience.take("x/cmd/a", altered, SETTINGS))
    assert bench.take(order) is not None


def test_a_box_without_a_key_obeys_nobody(bench: Bench) -> None:
    payload = bench.payload(bench.order("diagnostics"))
    assert "uplink.desk_key" in refusal(bench.of("").take("x/cmd/a", payload, SETTINGS))


@pytest.mark.parametrize("other", [{"site": "oran"}, {"organisation": "rival"}])
def test_an_order_for_another_site_is_refused(bench: Bench, other: dict[str, str]) -> None:
    assert "meant for" in refusal(bench.take(bench.order("diagnostics", **other)))


def test_an_order_that_comes_too_late_is_refused(bench: Bench) -> None:
    order = bench.order("maintenance_start", body={"device": "sw-1"})
    bench.clock.advance(3601)
    assert "too late" in refusal(bench.take(order))


def test_a_clock_that_lags_cannot_make_an_old_order_young(bench: Bench) -> None:
    old = bench.order("diagnostics")
    bench.take(bench.order("diagnostics", id="b" * 32, issued_at=old.expires_at + 1, expires_at=old.expires_at + 99))
    bench.clock.is_trusted = False
    assert bench.clock.wall() < old.expires_at + 1
    bench.take(bench.order("diagnostics", id="c" * 32, issued_at=old.expires_at + 2, expires_at=old.expires_at + 99))
    assert "too late" in refusal(bench.take(old))


def test_an_order_from_the_future_is_refused_only_by_a_box_that_knows_the_time(bench: Bench) -> None:
    ahead = bench.clock.wall() + AHEAD_S + 1
    order = bench.order("diagnostics", issued_at=ahead, expires_at=ahead + 60)
    assert "ahead" in refusal(bench.take(order))
    bench.clock.is_trusted = False
    done = bench.take(replace(order, id="b" * 32))
    assert done is not None
    assert done.result.answer == {"version": "0.1.0"}


def test_an_unknown_order_is_refused_with_a_reason(bench: Bench) -> None:
    assert "does not know the order 'inventory_edit'" in refusal(bench.take(bench.order("inventory_edit")))


@pytest.mark.parametrize("payload", [b"", b"{}", b"\xff", b'{"order":"{}","signature":""}', b"x" * 20_000])
def test_what_is_no_order_is_refused_and_harms_nothing(bench: Bench, payload: bytes) -> None:
    assert refusal(bench.obedience.take("x/cmd/a", payload, SETTINGS)).startswith("refused: ")


def test_a_setting_changes_within_its_limits_only(bench: Bench) -> None:
    done = bench.take(bench.order("change_setting", body={"name": "poll.every", "value": 120}))
    assert done is not None
    assert done.settings_changed
    assert adjusted(SETTINGS, bench.orders.adjustments()).poll.every_s == 120
    for number, body in enumerate(
        (
            {"name": "poll.every", "value": 1},
            {"name": "uplink.url", "value": 1},
            {"name": "poll.every", "value": "x"},
            {},
        )
    ):
        assert refusal(bench.take(bench.order("change_setting", id=f"{number:032}", body=body)))
    assert bench.orders.adjustments() == {"poll.every": 120.0}


def test_a_moving_feast_is_where_headquarters_decided(bench: Bench) -> None:
    feast = date(2027, 3, 10)
    done = bench.take(bench.order("change_setting", body={"name": feast_setting("DZ", feast), "value": 1}))
    assert done is not None
    assert done.settings_changed
    country = replace(SETTINGS, calendar=CalendarSettings(holidays="DZ"))
    assert adjusted(country, bench.orders.adjustments()).calendar.moves == {feast: date(2027, 3, 11)}
    listed = replace(SETTINGS, calendar=CalendarSettings(holidays=(feast,)))
    assert adjusted(listed, bench.orders.adjustments()).calendar == listed.calendar
    elsewhere = replace(SETTINGS, calendar=CalendarSettings(holidays="FR"))
    assert adjusted(elsewhere, bench.orders.adjustments()).calendar.moves == {}
    assert moves(bench.orders.adjustments()) == {"DZ": {feast: date(2027, 3, 11)}}


@pytest.mark.parametrize(
    "body",
    [
        {"name": "feast.DZ.2027-03-10", "value": 2},
        {"name": "feast.DZ.2027-03-10", "value": -1.5},
        {"name": "feast.DZ.2027-03-10", "value": True},
        {"name": "feast.DZ.2027-02-30", "value": 1},
        {"name": "feast.dz.2027-03-10", "value": 1},
        {"name": "feast.DZ.2027-03-10; DROP TABLE entry", "value": 1},
    ],
)
def test_a_feast_moves_by_a_day_at_most_and_has_a_date(bench: Bench, body: dict[str, object]) -> None:
    assert refusal(bench.take(bench.order("change_setting", body=body))).startswith("refused: ")
    assert bench.orders.adjustments() == {}


def test_every_setting_with_limits_is_read_back_as_it_was_set() -> None:
    for name, (low, high) in LIMITS.items():
        for value in (low, high):
            assert refused(name, value) == ""
            assert readable(adjusted(SETTINGS, {name: value}))[name] == value
    assert adjusted(SETTINGS, {"poll.every": 1e9}) == SETTINGS, "what an older version allowed is not used"


def test_settings_are_told_without_secrets_and_addresses(bench: Bench) -> None:
    done = bench.take(bench.order("read_settings"))
    assert done is not None
    assert done.result.answer["poll.every"] == SETTINGS.poll.every_s
    assert "mqtt://" not in str(done.result.answer)
