"""Every kind of order: what it does when it is carried out, that it is written down, and that it works only once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gateway import wire
from gateway.agent.commands import SILENCE_S
from gateway.agent.orders import Desk, Done, Obedience
from gateway.clock import FakeClock, stamp
from gateway.core.device import Device, Kind, Park, Site
from gateway.core.incident import ChangeKind, Verdict
from gateway.core.reading import Reading
from gateway.core.watch import Watch
from gateway.ports import Batch
from gateway.settings import Settings, UplinkSettings
from gateway.settings.remote import LIMITS
from gateway.signing import read_signing_key
from gateway.store.db import Database, open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.orders import SqliteOrders
from web.desk.orders import VALID_S

NAMES = wire.Names("org", "depot", "0.1.0")
SETTINGS = Settings(Site("depot", "Dépôt"), Path("/x"), Path("/x/inventory.json"), uplink=UplinkSettings("mqtt://x"))
INCIDENT = "<the open incident>"
CASES: list[tuple[str, dict[str, Any]]] = [
    ("acknowledge", {"incident": INCIDENT}),
    ("intervention_start", {"incident": INCIDENT}),
    ("note", {"incident": INCIDENT, "text": "j'arrive"}),
    ("decide", {"incident": INCIDENT, "text": "Changer le bloc", "whom": "Nadia", "day": "2026-12-01"}),
    ("silence", {"incident": INCIDENT}),
    ("silence", {}),
    ("maintenance_start", {"device": "sw-1"}),
    ("maintenance_end", {"device": "sw-1"}),
    ("poll_now", {"device": "sw-1"}),
    ("poll_now", {}),
    ("read_settings", {}),
    ("change_setting", {"name": "poll.every", "value": 120}),
    ("diagnostics", {}),
]


@dataclass
class Bench:
    """A box with one open incident and a record on disk, and headquarters' key."""

    folder: Path
    clock: FakeClock
    database: Database
    watch: Watch
    incident: str

    def obedience(self) -> Obedience:
        key = read_signing_key(self.folder / "signing.pem").public
        desk = Desk(NAMES, key, SqliteOrders(self.database))
        return Obedience(desk, self.watch, self.clock, lambda: {"version": "0.1.0", "clock_trusted": True})

    def payload(self, kind: str, body: dict[str, Any], number: int = 1, **more: Any) -> bytes:
        now = self.clock.wall()
        told = {key: self.incident if value == INCIDENT else value for key, value in body.items()}
        order = replace(wire.Order(f"{number:032x}", "org", "depot", kind, "Nadia", now, now + 3600, told), **more)
        text = wire.order_text(order)
        return wire.order_payload(text, read_signing_key(self.folder / "signing.pem").sign(text))

    def take(self, payload: bytes) -> Done | None:
        done = self.obedience().take("vigie/v1/org/depot/cmd/x", payload, SETTINGS)
        if done:
            batch = Batch(stamp(self.clock), done.outcome.transitions, done.outcome.changes, order=done.kept)
            SqliteLedger(self.database).record(batch)
        return done


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = FakeClock()
    watch = Watch("depot", Park([Device("sw-1", "Switch", Kind.SWITCH, collect=("reach",))]))
    watch.report("sw-1", "il fume", "Samir", clock.wall())
    (incident,) = watch.incidents
    bench = Bench(tmp_path, clock, open_database(tmp_path / "vigie.db"), watch, incident)
    yield bench
    bench.database.close()


def test_there_is_a_case_for_every_kind_that_headquarters_may_ask_for() -> None:
    assert {kind for kind, _ in CASES} == set(VALID_S)


@pytest.mark.parametrize(("kind", "body"), CASES)
def test_it_is_carried_out_answered_and_written_down_with_who_asked(
    bench: Bench, kind: str, body: dict[str, Any]
) -> None:
    asked_at = bench.clock.wall()
    payload = bench.payload(kind, body)
    bench.clock.advance(60)
    done = bench.take(payload)
    assert done is not None
    assert (done.result.kind, done.result.refusal, done.result.at) == (kind, "", asked_at + 60)
    (kept,) = SqliteOrders(bench.database).orders()
    assert (kept.kind, kept.who, kept.issued_at, kept.at, kept.refusal) == (kind, "Nadia", asked_at, asked_at + 60, "")
    assert all(change.who == "Nadia" for change in done.outcome.changes)


@pytest.mark.parametrize(("kind", "body"), CASES)
def test_it_works_once_also_after_a_power_cut(bench: Bench, kind: str, body: dict[str, Any]) -> None:
    payload = bench.payload(kind, body)
    assert bench.take(payload) is not None
    bench.database.close()
    bench.database = open_database(bench.folder / "vigie.db")
    assert bench.take(payload) is None
    assert len(SqliteOrders(bench.database).orders()) == 1


@pytest.mark.parametrize(("kind", "body"), CASES)
def test_it_is_refused_unsigned_altered_late_and_for_somebody_else(
    bench: Bench, kind: str, body: dict[str, Any]
) -> None:
    good, now = bench.payload(kind, body), bench.clock.wall()
    late = {"issued_at": now - 99, "expires_at": now - 9}
    for why, payload in (
        ("the signature is not headquarters'", good.replace(b'"signature":"', b'"signature":"AAAA')),
        ("the signature is not headquarters'", good.replace(b"Nadia", b"Samir")),
        ("it came too late", bench.payload(kind, body, 2, **late)),
        ("it is meant for org/oran", bench.payload(kind, body, 3, site="oran")),
    ):
        done = bench.take(payload)
        assert done is not None
        assert done.result.refusal == f"refused: {why}"
        assert (done.outcome.changes, done.outcome.suspects, done.settings_changed) == ([], set(), False)
    assert SqliteOrders(bench.database).adjustments() == {}
    (kept,) = SqliteOrders(bench.database).orders()
    assert kept.refusal == "refused: it came too late", "what headquarters signed for this box is kept, refused or not"


def done(bench: Bench, kind: str, number: int = 1, **body: Any) -> Done:
    found = bench.take(bench.payload(kind, body, number))
    assert found is not None
    assert found.result.refusal == ""
    return found


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("acknowledge", ChangeKind.ACKNOWLEDGED),
        ("intervention_start", ChangeKind.INTERVENTION_STARTED),
        ("note", ChangeKind.NOTE),
    ],
)
def test_what_a_person_did_to_an_incident_is_in_its_story(bench: Bench, kind: str, change: ChangeKind) -> None:
    (made,) = done(bench, kind, incident=bench.incident, text="j'arrive").outcome.changes
    assert (made.kind, made.incident) == (change, bench.incident)


@pytest.mark.parametrize("body", [{"incident": INCIDENT}, {}])
def test_silence_is_for_half_an_hour(bench: Bench, body: dict[str, Any]) -> None:
    found = bench.take(bench.payload("silence", body))
    assert found is not None
    (made,) = found.outcome.changes
    assert (made.kind, made.until) == (ChangeKind.SILENCED, bench.clock.wall() + SILENCE_S)


def test_maintenance_begins_and_ends(bench: Bench) -> None:
    now = bench.clock.wall()
    bench.watch.see("sw-1", [Reading("sw-1", "reach.up", 1.0, now)], now)
    done(bench, "maintenance_start", 1, device="sw-1")
    assert bench.watch.verdict("sw-1") is Verdict.MAINTENANCE
    done(bench, "maintenance_end", 2, device="sw-1")
    assert bench.watch.verdict("sw-1") is not Verdict.MAINTENANCE


def test_poll_now_asks_one_or_all(bench: Bench) -> None:
    assert done(bench, "poll_now", 1, device="sw-1").outcome.suspects == {"sw-1"}
    assert done(bench, "poll_now", 2).outcome.suspects == set(bench.watch.park.devices)


def test_settings_are_read_and_changed_within_their_limits(bench: Bench) -> None:
    assert set(LIMITS) <= set(done(bench, "read_settings", 1).result.answer)
    assert done(bench, "change_setting", 2, name="poll.every", value=120).settings_changed
    assert SqliteOrders(bench.database).adjustments() == {"poll.every": 120.0}


def test_diagnostics_tell_how_the_box_is(bench: Bench) -> None:
    assert done(bench, "diagnostics").result.answer == {"version": "0.1.0", "clock_trusted": True}


def test_an_order_that_this_version_does_not_know_is_refused_with_its_name_and_kept(bench: Bench) -> None:
    found = bench.take(bench.payload("format_disk", {}))
    assert found is not None
    assert found.result.refusal == "refused: this version does not know the order 'format_disk'"
    assert [kept.refusal for kept in SqliteOrders(bench.database).orders()] == [found.result.refusal]
