"""What every ledger promises: the fake and SQLite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.clock import FakeClock, stamp
from gateway.core.incident import Change, ChangeKind, Symptom, Transition, Verdict
from gateway.core.inventory import Entry, EntryKind
from gateway.ports import Batch, CurrentVerdict, Ledger, Message, Outbox
from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.memory import MemoryLedger, MemoryOutbox
from gateway.store.outbox import SqliteOutbox

Pair = tuple[Ledger, Outbox]
CLOCK = FakeClock()


def _memory(_: Path) -> Pair:
    outbox = MemoryOutbox()
    return MemoryLedger(outbox), outbox


def _sqlite(folder: Path) -> Pair:
    database = open_database(folder / "vigie.db")
    return SqliteLedger(database), SqliteOutbox(database)


@pytest.fixture(params=[_memory, _sqlite], ids=["memory", "sqlite"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Pair:
    make: Callable[[Path], Pair] = request.param
    return make(tmp_path)


def transition(subject: str, at: float, after: Verdict, *, value: float | str | None = None) -> Transition:
    return Transition(subject, "reach.up", "", Verdict.OK, after, at, at + 1, value, "device_unreachable", "Accès")


def change(incident: str, kind: ChangeKind, at: float, **fields: object) -> Change:
    return Change(incident, kind, at, at + 1, **fields)  # type: ignore[arg-type]


def record(ledger: Ledger, *facts: Transition | Change, messages: tuple[Message, ...] = ()) -> None:
    transitions = [fact for fact in facts if isinstance(fact, Transition)]
    changes = [fact for fact in facts if isinstance(fact, Change)]
    ledger.record(Batch(stamp(CLOCK), transitions, changes, messages))


def test_verdict_in_force_is_the_newest_transition_of_each_series(pair: Pair) -> None:
    ledger, _ = pair
    record(ledger, transition("srv-1", 10, Verdict.CRITICAL), transition("sw-1", 11, Verdict.WARNING, value="lent"))
    record(ledger, transition("srv-1", 20, Verdict.OK, value=1.0))
    found = {verdict.subject: verdict for verdict in ledger.verdicts()}
    assert found == {
        "srv-1": CurrentVerdict("srv-1", "reach.up", "", Verdict.OK, 20, 1.0, "device_unreachable", "Accès"),
        "sw-1": CurrentVerdict("sw-1", "reach.up", "", Verdict.WARNING, 11, "lent", "device_unreachable", "Accès"),
    }


def test_transitions_come_back_as_written_within_a_span_and_of_one_subject(pair: Pair) -> None:
    ledger, _ = pair
    first, second, third = (transition(name, at, Verdict.CRITICAL) for name, at in (("a", 30), ("b", 10), ("a", 20)))
    record(ledger, first, second, third)
    assert ledger.transitions(10, 30) == [second, third]
    assert ledger.transitions(0, 100, subject="a") == [first, third]


def test_incident_is_the_fold_of_its_changes(pair: Pair) -> None:
    ledger, _ = pair
    symptom = Symptom("srv-1", "reach.up")
    opened = change("i1", ChangeKind.OPENED, 10, cause="power_lost", root_device="ups-1", symptoms=(symptom,))
    record(ledger, opened)
    record(ledger, change("i1", ChangeKind.ACKNOWLEDGED, 15, who="Amel"))
    (incident,) = ledger.incidents()
    assert (incident.cause, incident.root_device, incident.symptoms) == ("power_lost", "ups-1", (symptom,))
    assert (incident.acknowledged_at, incident.acknowledged_by, incident.open) == (15, "Amel", True)
    assert incident.story[0] == opened


def test_incidents_are_those_open_or_opened_or_restored_since_newest_first(pair: Pair) -> None:
    ledger, _ = pair
    for name, opened, restored in (("old", 10, 20), ("late", 15, 500), ("new", 400, None), ("open", 12, None)):
        record(ledger, change(name, ChangeKind.OPENED, opened))
        if restored:
            record(ledger, change(name, ChangeKind.RESTORED, restored))
    assert [incident.id for incident in ledger.incidents(since=300)] == ["new", "late", "open"]
    assert {incident.id for incident in ledger.incidents()} == {"old", "late", "new", "open"}


def test_reopened_incident_is_open_and_merged_one_is_not(pair: Pair) -> None:
    ledger, _ = pair
    steps = (ChangeKind.OPENED, ChangeKind.RESTORED, ChangeKind.REOPENED)
    for at, kind in enumerate(steps, 10):
        record(ledger, change("again", kind, at))
    record(ledger, change("gone", ChangeKind.OPENED, 10), change("gone", ChangeKind.MERGED, 11, into="again"))
    assert [incident.id for incident in ledger.incidents(since=300)] == ["again"]


def test_changes_of_a_span_come_in_the_order_of_writing(pair: Pair) -> None:
    ledger, _ = pair
    notes = [change("i1", ChangeKind.NOTE, at, text=f"note {at}") for at in (30, 10, 20)]
    record(ledger, *notes)
    assert ledger.changes(10, 30) == notes[1:]


def test_messages_of_a_batch_wait_in_the_outbox_with_its_stamp(pair: Pair) -> None:
    ledger, outbox = pair
    record(ledger, transition("a", 1, Verdict.CRITICAL), messages=(Message("evt", 1, {"n": 1}),))
    (row,) = outbox.take(10)
    assert (row.kind, row.lane, row.body, row.boot_id) == ("evt", 1, b'{"n":1}', "boot-1")


def test_last_command_is_the_newest_that_was_carried_out(pair: Pair) -> None:
    ledger, _ = pair
    assert ledger.last_command() == 0
    for number in (3, 7):
        ledger.record(Batch(stamp(CLOCK), command=number, command_result="fait"))
    ledger.record(Batch(stamp(CLOCK)))
    assert ledger.last_command() == 7


def entry(kind: EntryKind, subject: str, at: float, **body: object) -> Entry:
    return Entry(kind, subject, at, "Amel", body)


def test_entries_come_back_as_written_by_kind_and_subject(pair: Pair) -> None:
    ledger, _ = pair
    first = entry(EntryKind.SAID, "ups-1", 10, serial="A-1", firmware="1.0")
    second = entry(EntryKind.IGNORED, "02:00:00:00:00:05", 11, name="tv")
    third = entry(EntryKind.SAID, "sw-1", 12, model="été")
    ledger.record(Batch(stamp(CLOCK), entries=[first, second]))
    ledger.record(Batch(stamp(CLOCK), entries=[third]))
    assert ledger.entries() == [first, second, third]
    assert ledger.entries(EntryKind.SAID) == [first, third]
    assert ledger.entries(EntryKind.SAID, EntryKind.IGNORED, subject="sw-1") == [third]


def test_of_surveys_the_newest_is_kept_and_of_what_a_device_says_the_newest_hundred(pair: Pair) -> None:
    ledger, _ = pair
    for at in range(103):
        facts = [entry(EntryKind.SAID, "ups-1", at, n=at), entry(EntryKind.SURVEY, "", at, found=[at])]
        ledger.record(Batch(stamp(CLOCK), entries=[*facts, entry(EntryKind.CHANGED, "ups-1", at)]))
    assert [one.at for one in ledger.entries(EntryKind.SAID)] == list(range(3, 103))
    assert [one.body for one in ledger.entries(EntryKind.SURVEY)] == [{"found": [102]}]
    assert len(ledger.entries(EntryKind.CHANGED)) == 103
