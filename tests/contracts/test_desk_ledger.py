"""Headquarters' ledger, one suite on SQLite and on a real PostgreSQL: every message once, every fact once."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import create_engine, text

from gateway import wire
from gateway.clock import FakeClock
from gateway.core.device import Criticality, Device, Kind, Park, Service, Site
from gateway.core.errors import UnavailableError, VigieError
from gateway.core.incident import Change, ChangeKind, Symptom, Transition, Verdict
from gateway.core.runbook import Audience, Step
from gateway.settings import CalendarSettings, Target
from web.desk.ledger import Ledger, Quarantined
from web.desk.notify import NoticeKind, Notification

T0 = 1_780_000_000.0


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(T0)


@pytest.fixture
def ledger(url: str, clock: FakeClock) -> Iterator[Ledger]:
    ledger = Ledger(url, clock)
    yield ledger
    ledger.close()


def transition(n: int = 0) -> Transition:
    return Transition(
        "sw-1", "reach.up", "", Verdict.OK, Verdict.CRITICAL, T0 + n, T0 + n + 60, 0.0, "device_unreachable"
    )


def change(kind: ChangeKind, at: float = T0, **more: object) -> Change:
    explained = {
        "cause": "device_unreachable",
        "root_device": "sw-1",
        "priority": "P2",
        "symptoms": (Symptom("sw-1", "reach.up"),),
        "services": ("erp",),
    }
    empty = dict.fromkeys(()) if kind is not ChangeKind.OPENED else explained
    return replace(Change("inc1", kind, at, at), **(empty | more))  # type: ignore[arg-type]


def evt(seq: int, *changes: Change, site: str = "depot-oran", stream: str = "s1", **more: object) -> wire.Envelope:
    body = wire.facts_body([transition(seq)], changes)
    return replace(wire.Envelope(site, stream, seq, "evt", body, T0 + seq, T0 + seq + 1), **more)  # type: ignore[arg-type]


def test_a_message_is_kept_once_however_often_it_comes(ledger: Ledger) -> None:
    opened = evt(1, change(ChangeKind.OPENED))
    assert ledger.ingest(opened, T0 + 5)
    assert not ledger.ingest(replace(opened, sent_at=T0 + 900), T0 + 901)
    assert ledger.transitions("depot-oran", 0, 2 * T0) == [transition(1)]
    (found,) = ledger.incidents("depot-oran")
    assert len(found.incident.story) == 1


def test_the_same_fact_under_another_number_is_still_one_fact(ledger: Ledger) -> None:
    opened = evt(1, change(ChangeKind.OPENED))
    assert ledger.ingest(opened, T0 + 5)
    assert ledger.ingest(replace(opened, stream="restored", seq=7), T0 + 6)
    assert ledger.transitions("depot-oran", 0, 2 * T0) == [transition(1)]
    assert len(ledger.incidents("depot-oran")[0].incident.story) == 1


def test_a_number_that_was_used_twice_for_different_facts_loses_neither(ledger: Ledger) -> None:
    """A box restored from an older copy counts again from there, before it learns of it."""
    assert ledger.ingest(evt(1), T0 + 5)
    other = wire.Envelope("depot-oran", "s1", 1, "evt", wire.facts_body([transition(500)]), T0 + 500)
    assert ledger.ingest(other, T0 + 505)
    assert ledger.transitions("depot-oran", 0, 2 * T0) == [transition(1), transition(500)]


def test_incidents_are_folded_in_the_sites_own_order_whatever_the_order_of_arrival(ledger: Ledger) -> None:
    messages = [
        evt(1, change(ChangeKind.OPENED, T0)),
        evt(2, change(ChangeKind.ACKNOWLEDGED, T0 + 10, who="Samir")),
        evt(3, change(ChangeKind.RESTORED, T0 + 20)),
        evt(4, change(ChangeKind.REOPENED, T0 + 30)),
    ]
    random.Random(4).shuffle(messages)
    for message in messages:
        ledger.ingest(message, T0 + 100)
    (found,) = ledger.incidents("depot-oran")
    assert found.incident.open
    assert found.incident.root_device == "sw-1"
    assert [one.kind for one in found.incident.story] == ["opened", "acknowledged", "restored", "reopened"]


def test_what_headquarters_adds_joins_the_incident(ledger: Ledger) -> None:
    ledger.ingest(evt(1, change(ChangeKind.OPENED)), T0 + 5)
    ledger.write("depot-oran", change(ChangeKind.ACKNOWLEDGED, T0 + 60, who="Nadia"))
    ledger.write("depot-oran", change(ChangeKind.NOTE, T0 + 61, who="Nadia", text="Le technicien est en route."))
    ledger.ingest(evt(2, change(ChangeKind.RESTORED, T0 + 90)), T0 + 95)
    (found,) = ledger.incidents("depot-oran")
    assert found.incident.acknowledged_by == "Nadia"
    assert found.incident.restored_at == T0 + 90
    assert [one.who for one in found.incident.story] == ["gateway", "Nadia", "Nadia", "gateway"]


def test_old_incidents_are_told_only_if_they_last(ledger: Ledger, clock: FakeClock) -> None:
    ledger.ingest(evt(1, change(ChangeKind.OPENED), change(ChangeKind.OPENED, incident="inc2")), T0)
    ledger.ingest(evt(2, change(ChangeKind.RESTORED, T0 + 20)), T0 + 25)
    clock.advance(200 * 86400)
    (site,) = ledger.sites()
    assert [one.id for one in site.incidents] == ["inc2"]
    assert {one.incident.id for one in ledger.incidents(None, T0)} == {"inc1", "inc2"}


def test_sites_are_told_apart(ledger: Ledger) -> None:
    ledger.ingest(evt(1, change(ChangeKind.OPENED)), T0)
    ledger.ingest(evt(1, change(ChangeKind.OPENED), site="depot-setif"), T0)
    assert [one.site for one in ledger.incidents("depot-setif")] == ["depot-setif"]
    assert len(ledger.incidents()) == 2
    assert len(ledger.transitions("depot-setif", 0, 2 * T0)) == 1


def test_an_inventory_makes_a_site_known(ledger: Ledger) -> None:
    nas = Device("nas-1", "NAS du dépôt", Kind.NAS, criticality=Criticality.CRITICAL)
    targets = {Criticality.CRITICAL: Target(3600.0, None, 14400.0, 0.995)}
    hours = CalendarSettings({"sun": ((480, 990),)}, (date(2026, 7, 5),))
    park = Park([nas], [Service("erp", "ERP", Criticality.CRITICAL, ("nas-1",))])
    body = wire.inventory_body(Site("depot-oran", "Dépôt d'Oran"), park, targets, hours, ("Samir", "0555"))
    ledger.ingest(wire.Envelope("depot-oran", "s1", 1, "rpt", body, T0, T0), T0 + 5)
    (site,) = ledger.sites()
    assert (site.name, site.contact, site.phone) == ("Dépôt d'Oran", "Samir", "0555")
    assert site.targets == targets
    assert site.hours is not None
    assert site.hours.hours(date(2026, 6, 28)) == ((480, 990),)
    assert site.hours.hours(date(2026, 7, 5)) == ()
    known = ledger.park("depot-oran")
    assert known is not None
    assert known.services_on("nas-1") == ("erp",)
    assert ledger.park("nowhere") is None


def test_a_summary_is_a_sign_of_life_and_tells_the_states(ledger: Ledger) -> None:
    summary = wire.Summary(T0, {"ok": 3, "critical": 1}, {"sw-1": Verdict.CRITICAL})
    message = wire.Envelope("depot-oran", "s1", 9, "summary", wire.summary_body(summary), T0, T0 + 100)
    estimated = replace(message, clock=wire.ClockState.ESTIMATED)
    ledger.ingest(estimated, T0 + 60)
    (row,) = ledger.site_rows()
    assert (row.last_seen, row.clock, row.skew_s) == (T0 + 60, "estimated", 40)
    assert ledger.sites()[0].states == {"sw-1": Verdict.CRITICAL}


def test_birth_is_a_sign_of_life_and_a_will_is_not(ledger: Ledger) -> None:
    ledger.heard("depot-oran", wire.Status("online", "b1", "0.1.0"), T0)
    ledger.heard("depot-oran", wire.Status("lost", "b1", "0.1.0"), T0 + 400)
    (row,) = ledger.site_rows()
    assert (row.last_seen, row.status, row.status_at, row.version) == (T0, "lost", T0 + 400, "0.1.0")


def test_an_expected_site_is_shown_before_it_ever_spoke(ledger: Ledger) -> None:
    ledger.expect({"depot-setif": "Dépôt de Sétif"})
    ledger.expect({"depot-setif": "Dépôt de Sétif"})
    (site,) = ledger.sites()
    assert (site.name, site.heard_at, site.park, site.hours) == ("Dépôt de Sétif", None, None, None)
    assert site.silent(T0)


def test_a_body_that_cannot_be_read_keeps_nothing(ledger: Ledger) -> None:
    broken = wire.Envelope("depot-oran", "s1", 1, "evt", {"transitions": [{"subject": "sw-1"}]}, T0)
    with pytest.raises(wire.GarbledError):
        ledger.ingest(broken, T0)
    assert ledger.sites() == []
    assert ledger.newest("depot-oran", "s1") == 0


@pytest.mark.parametrize(
    ("part", "value", "says"),
    [
        ("site", {"id": "depot-oran", "name": "Oran", "timezone": "Mars/Base"}, "time zone 'Mars/Base'"),
        ("calendar", {"holidays": "ZZ"}, "holidays of country"),
        ("devices", [{"name": "no id"}], "id"),
    ],
)
def test_an_inventory_that_no_page_could_show_is_refused(ledger: Ledger, part: str, value: object, says: str) -> None:
    body = wire.inventory_body(Site("depot-oran", "Oran"), Park(), {}, CalendarSettings()) | {part: value}
    with pytest.raises(wire.GarbledError, match=says):
        ledger.ingest(wire.Envelope("depot-oran", "s1", 1, "rpt", body, T0), T0)
    assert ledger.sites() == []


def test_quarantine_does_not_grow_without_end(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.desk.ledger.QUARANTINE_ROWS", 3)
    for n in range(5):
        ledger.quarantine(Quarantined(T0 + n, "t", "r", b""))
    assert [one.received_at for one in ledger.quarantined()] == [T0 + 2, T0 + 3, T0 + 4]


def test_quarantine_keeps_bytes_and_reason(ledger: Ledger) -> None:
    found = Quarantined(T0, "vigie/v1/org/depot-oran/evt", "neither JSON nor deflated JSON", b"\x00\xff\n")
    ledger.quarantine(found)
    assert ledger.quarantined() == [found]


def test_the_newest_number_of_a_stream_is_told(ledger: Ledger) -> None:
    for seq in (3, 12, 5):
        ledger.ingest(evt(seq), T0)
    assert ledger.newest("depot-oran", "s1") == 12
    assert ledger.newest("depot-oran", "other") == 0


def test_the_version_changes_with_everything_that_pages_show(ledger: Ledger) -> None:
    seen = [ledger.version()]
    ledger.ingest(evt(1, change(ChangeKind.OPENED)), T0)
    seen.append(ledger.version())
    ledger.write("depot-oran", change(ChangeKind.NOTE, text="vu"))
    seen.append(ledger.version())
    ledger.keep([_notification("k1")])
    seen.append(ledger.version())
    ledger.heard("depot-oran", wire.Status("lost"), T0)
    seen.append(ledger.version())
    assert len(set(seen)) == len(seen)
    ledger.ingest(evt(1, change(ChangeKind.OPENED)), T0)
    assert ledger.version() == seen[-1], "a repetition changes nothing"


def _notification(key: str) -> Notification:
    return Notification(key, NoticeKind.OPENED, "depot-oran", "inc1", "P1", "Nadia", "mail", "n@x.dz", "fr", T0)


def test_messages_to_people_keep_their_order_and_their_proof(ledger: Ledger) -> None:
    ledger.keep([_notification("k2"), _notification("k1")])
    ledger.keep([replace(_notification("k2"), delivered_at=T0 + 3, proof="250 queued as 4711")])
    kept = ledger.notifications()
    assert [one.key for one in kept] == ["k2", "k1"]
    assert kept[0].proof == "250 queued as 4711"
    assert kept[1] == _notification("k1")


def test_messages_are_read_on_from_a_mark_as_they_stand_now(ledger: Ledger) -> None:
    assert ledger.since(0) == (0, [])
    ledger.keep([_notification("k1"), _notification("k2")])
    mark, made = ledger.since(0)
    assert [one.key for one in made] == ["k1", "k2"]
    ledger.keep([replace(_notification("k1"), attempts=1), _notification("k3")])
    later, made = ledger.since(mark)
    assert [one.key for one in made] == ["k3"]
    assert ledger.since(later) == (later, [])
    assert ledger.since(0)[1][0].attempts == 1
    assert [one.key for one in ledger.notifications(2)] == ["k2", "k3"]


def test_accounts_and_the_one_time_code(ledger: Ledger) -> None:
    people = ledger.people
    assert people.accounts() == []
    people.save_code("h1", T0)
    people.save_code("h2", T0 + 1)
    code = people.code()
    assert code is not None
    assert (code.hash, code.expires_at, code.used) == ("h2", T0 + 1, False)
    people.add("Nadia", "responder", "hash")
    assert [people.burn_code(), people.burn_code()] == [True, False]
    assert people.code() == replace(code, used=True)
    found = people.account("Nadia")
    assert found is not None
    assert found.secret_hash == "hash"
    assert people.account("Omar") is None
    with pytest.raises(UnavailableError):
        people.add("Nadia", "responder", "other")
    assert [one.secret_hash for one in people.accounts()] == ["hash"]


def test_everything_is_there_after_a_restart(url: str, clock: FakeClock) -> None:
    first = Ledger(url, clock)
    first.ingest(evt(1, change(ChangeKind.OPENED)), T0)
    first.close()
    second = Ledger(url, clock)
    assert not second.ingest(evt(1, change(ChangeKind.OPENED)), T0)
    assert len(second.incidents()) == 1
    second.close()


def test_several_threads_at_once_keep_each_message_once(ledger: Ledger) -> None:
    kept: list[bool] = []

    def tell() -> None:
        kept.extend(ledger.ingest(evt(seq, change(ChangeKind.NOTE, text=str(seq))), T0) for seq in range(1, 16))

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(kept), sum(kept)) == (60, 15)
    assert len(ledger.transitions("depot-oran", 0, 2 * T0)) == 15


def test_a_ledger_of_a_newer_vigie_is_refused(url: str, clock: FakeClock) -> None:
    Ledger(url, clock).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE meta SET value = '99' WHERE key = 'schema'"))
    engine.dispose()
    with pytest.raises(VigieError, match=r"schema 99.*update Vigie"):
        Ledger(url, clock)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("sqlite:////nowhere/at/all/desk.db", "unable to open"),
        ("postgresql+psycopg://vigie:hush@127.0.0.1:1/ledger", "refused"),
        ("oracle9://x", "sqlite:///FILE"),
        ("no url", "sqlite:///FILE"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_in_one_line(bad: str, says: str, clock: FakeClock) -> None:
    with pytest.raises(VigieError, match=says) as caught:
        Ledger(bad, clock)
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


def test_an_inventory_brings_the_sites_own_steps_which_replace_and_add(ledger: Ledger) -> None:
    own = [
        Step("power_lost", "breaker", Audience.ANYONE, {"fr": "Appelez Karim."}),
        Step("power_lost", "cold-room", Audience.ANYONE, {"fr": "Fermez la chambre froide."}, "breaker"),
    ]
    body = wire.inventory_body(Site("depot-oran", "Oran"), Park()) | {"steps": wire.steps_body(own)}
    ledger.ingest(wire.Envelope("depot-oran", "s1", 1, "rpt", wire.body_of(wire.body_bytes(body)), T0, T0), T0 + 5)
    steps = ledger.sites()[0].runbooks["power_lost"].steps
    texts = {step.id: step.text("ar") for step in steps}
    assert texts["breaker"] == "Appelez Karim."
    assert [step.id for step in steps].index("cold-room") == [step.id for step in steps].index("breaker") + 1
    assert ledger.sites()[0].runbooks["disk_full"].steps
