"""A flipped bit in the record is noticed, told and left out: SQLite itself would hand it over as truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.clock import FakeClock, stamp
from gateway.core.incident import Change, ChangeKind, Transition, Verdict
from gateway.ports import Batch, DeskOrder, Message
from gateway.store.db import Database, open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.orders import SqliteOrders
from gateway.store.orders import put as put_order
from gateway.store.outbox import SqliteOutbox
from gateway.store.survey import damaged_rows

NOW = stamp(FakeClock())


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """A record of two series, one incident of two changes, two messages, one command."""
    database = open_database(tmp_path / "vigie.db")
    for number, subject in enumerate(("srv-1", "sw-1"), 1):
        fact = Transition(subject, "reach.up", "", Verdict.OK, Verdict.CRITICAL, number, number)
        kind = ChangeKind.OPENED if number == 1 else ChangeKind.ACKNOWLEDGED
        change = Change("i1", kind, number, number, who="Amel", cause="power_lost")
        message = Message("evt", 1, {"n": number})
        SqliteLedger(database).record(Batch(NOW, [fact], [change], [message], command=number, command_result="fait"))
    return database


def test_damaged_transition_is_left_out_and_its_series_is_unknown(database: Database) -> None:
    ledger = SqliteLedger(database)
    database.execute("UPDATE transition SET body = replace(CAST(body AS TEXT), 'critical', 'warning') WHERE id = 1")
    assert [verdict.subject for verdict in ledger.verdicts()] == ["sw-1"]
    assert [fact.subject for fact in ledger.transitions(0, 10)] == ["sw-1"]
    assert ledger.damage() == {"transition": 1}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE transition SET subject = 'sw-1' WHERE id = 1",
        "UPDATE transition SET at = 1.5 WHERE id = 1",
        "UPDATE transition SET metric = 'x' WHERE id = 1",
    ],
)
def test_key_columns_are_under_the_checksum_too(database: Database, damage: str) -> None:
    database.execute(damage)
    ledger = SqliteLedger(database)
    assert [fact.at for fact in ledger.transitions(0, 10)] == [2]
    assert ledger.damage() == {"transition": 1}


def test_damaged_change_is_left_out_of_the_story(database: Database) -> None:
    database.execute("UPDATE change SET body = replace(CAST(body AS TEXT), 'Amel', 'Amal') WHERE id = 2")
    ledger = SqliteLedger(database)
    (incident,) = ledger.incidents()
    assert (incident.cause, incident.acknowledged_at) == ("power_lost", None)
    assert ledger.damage() == {"change": 1}


def test_one_damaged_row_counts_once_however_often_it_is_read(database: Database) -> None:
    database.execute("UPDATE change SET at = 3 WHERE id = 2")
    ledger = SqliteLedger(database)
    for _ in range(3):
        ledger.incidents()
    assert ledger.damage() == {"change": 1}


def test_damaged_message_is_taken_out_and_never_sent(database: Database) -> None:
    database.execute("UPDATE outbox SET body = replace(CAST(body AS TEXT), '1', '7') WHERE seq = 1")
    outbox = SqliteOutbox(database)
    assert [row.seq for row in outbox.take(10)] == [2]
    assert outbox.waiting() == {1: 1}
    assert database.damage == {"outbox": 1}


@pytest.mark.parametrize("damage", ["'z' || substr(value, 2)", "CASE value WHEN '0' THEN '1' ELSE '0' END"])
def test_damaged_stream_id_is_counted_and_a_new_stream_begins(database: Database, damage: str) -> None:
    before = SqliteOutbox(database).stream
    database.execute(f"UPDATE meta SET value = {damage} WHERE key = 'stream'")  # noqa: S608 - own text
    outbox = SqliteOutbox(database)
    assert outbox.stream != before
    assert SqliteOutbox(database).stream == outbox.stream
    assert database.damage == {"meta": 1}
    assert [row.seq for row in outbox.take(10)] == [1, 2]


def test_damaged_count_of_what_was_given_up_begins_anew(database: Database) -> None:
    database.execute("INSERT INTO meta VALUES ('dropped', '{', 7)")
    assert SqliteOutbox(database).dropped() == {}
    assert database.damage == {"meta": 1}


def test_damaged_number_of_a_command_hides_no_later_command(database: Database) -> None:
    database.execute("UPDATE batch SET command = 1 << 40 WHERE command = 1")
    assert SqliteLedger(database).last_command() == 2


def test_damaged_instant_of_an_order_outdates_no_later_order(database: Database) -> None:
    orders = SqliteOrders(database)
    put_order(database, DeskOrder("o1", "note", "Amel", 100.0, 200.0, 100.0, ""))
    put_order(database, DeskOrder("o2", "note", "Amel", 110.0, 200.0, 110.0, ""))
    database.execute("UPDATE desk_order SET issued_at = 9e12 WHERE id = 'o2'")
    assert orders.newest_at() == 100.0
    assert orders.knows("o2")


def test_text_that_is_no_utf_8_any_more_costs_its_row_only(database: Database) -> None:
    database.execute("UPDATE transition SET metric = CAST(x'ff41' AS TEXT) WHERE id = 1")
    ledger = SqliteLedger(database)
    assert [fact.subject for fact in ledger.transitions(0, 10)] == ["sw-1"]
    assert ledger.damage() == {"transition": 1}


@pytest.mark.parametrize("schema", ["record", "samples", "commands"])
def test_every_table_of_every_file_is_under_checksums(schema: str, tmp_path: Path) -> None:
    database = open_database(tmp_path / "file.db", schema=schema)
    tables = database.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert tables
    for (table,) in tables:
        assert database.rows(f"PRAGMA table_info({table})")[-1][1] == "crc", table
    assert not damaged_rows(database)


def test_new_stream_differs_and_stays(database: Database) -> None:
    outbox = SqliteOutbox(database)
    before = outbox.stream
    assert outbox.new_stream() != before
    assert SqliteOutbox(database).stream == outbox.stream


def test_result_of_a_command_is_read_back_unless_damaged(database: Database) -> None:
    ledger = SqliteLedger(database)
    assert ledger.command_results([1, 2, 3])[2].result == "fait"
    database.execute("UPDATE batch SET result = 'rien' WHERE command = 2")
    assert set(ledger.command_results([1, 2, 3])) == {1}
    assert ledger.damage() == {"batch": 1}


def test_everything_of_a_batch_is_undone_if_one_part_fails(database: Database) -> None:
    ledger = SqliteLedger(database)
    fact = Transition("srv-1", "reach.up", "", Verdict.CRITICAL, Verdict.OK, 5, 5)
    with pytest.raises(TypeError):
        ledger.record(Batch(NOW, [fact], messages=[Message("evt", 1, {"x": object()})]))
    assert len(ledger.transitions(0, 10)) == 2
    assert SqliteOutbox(database).newest() == 2


def test_last_stamp_is_when_the_newest_batch_was_written(database: Database) -> None:
    assert SqliteLedger(database).last_stamp() == NOW
