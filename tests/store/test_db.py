"""SQLite files: brought up to date, never overwritten when damaged, with errors a person can act on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import FakeClock, SystemClock, stamp
from gateway.core.errors import DamagedError, UnavailableError, VigieError
from gateway.core.incident import Transition, Verdict
from gateway.ports import Batch, Message
from gateway.store.db import Database, open_database, row_crc, schema_files
from gateway.store.ledger import SqliteLedger
from gateway.store.outbox import SqliteOutbox

NOBODY = 65534
NOW = stamp(FakeClock())


def batch(at: float = 1.0, text: str = "") -> Batch:
    change = Transition("srv-1", "reach.up", "", Verdict.OK, Verdict.CRITICAL, at, at, text or None)
    return Batch(NOW, [change], (), [Message("evt", 1, {"at": at})])


@pytest.mark.parametrize("schema", ["record", "samples", "commands"])
def test_new_file_is_at_the_newest_schema_and_durable(tmp_path: Path, schema: str) -> None:
    database = open_database(tmp_path / "deep" / "a.db", schema=schema)
    assert database.rows("PRAGMA user_version") == [(schema_files(schema)[-1][0],)]
    assert database.rows("PRAGMA journal_mode") == [("wal",)]
    assert database.rows("PRAGMA synchronous") == [(2,)]
    assert database.check() == []


@pytest.mark.parametrize("schema", ["record", "samples", "commands"])
def test_schema_files_are_numbered_without_gaps(schema: str) -> None:
    assert [number for number, _ in schema_files(schema)] == list(range(1, len(schema_files(schema)) + 1))


def test_file_of_the_first_version_is_brought_up_to_date_with_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "vigie.db"
    old = sqlite3.connect(path)
    old.executescript(schema_files("record")[0][1])
    old.execute("PRAGMA user_version = 1")
    body = (
        b'{"subject":"srv-1","metric":"reach.up","instance":"","before":"ok","after":"critical",'
        b'"at":5.0,"detected_at":6.0,"value":null,"cause":"","label":""}'
    )
    row = (1, "srv-1", "reach.up", "", 5.0, body)
    old.execute("INSERT INTO transition VALUES (1, ?, ?, ?, ?, ?, ?, ?)", (*row, row_crc(*row)))
    old.commit()
    stream = old.execute("SELECT value FROM meta WHERE key = 'stream'").fetchone()[0]
    old.close()

    database = open_database(path)

    assert database.rows("PRAGMA user_version") == [(schema_files("record")[-1][0],)]
    expected = Transition("srv-1", "reach.up", "", Verdict.OK, Verdict.CRITICAL, 5.0, 6.0)
    assert SqliteLedger(database).transitions(0, 10) == [expected]
    assert SqliteOutbox(database).stream == stream
    plan = database.rows("EXPLAIN QUERY PLAN SELECT * FROM transition WHERE at >= 1 AND at < 2")
    assert "transition_at" in str(plan)


def test_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "vigie.db"
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = path.read_bytes()
    with pytest.raises(VigieError, match="newer Vigie"):
        open_database(path)
    assert path.read_bytes() == before


def test_reader_is_told_to_wait_for_a_file_that_is_not_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "vigie.db"
    old = sqlite3.connect(path)
    old.executescript(schema_files("record")[0][1])
    old.execute("PRAGMA user_version = 1")
    old.close()
    with pytest.raises(UnavailableError, match="start `vigie run` once"):
        open_database(path, read_only=True)


def test_absent_file_is_not_made_by_a_reader(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="not there"):
        open_database(tmp_path / "vigie.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_reader_follows_the_writer_and_goes_on_over_its_stop_and_start(tmp_path: Path) -> None:
    path = tmp_path / "vigie.db"
    writer = open_database(path)
    SqliteLedger(writer).record(batch(1.0))
    writer.close()
    assert not path.with_name("vigie.db-wal").exists()

    reader = SqliteLedger(open_database(path, read_only=True))
    assert len(reader.transitions(0, 10)) == 1
    again = open_database(path)
    SqliteLedger(again).record(batch(2.0))
    assert len(reader.transitions(0, 10)) == 2


def test_reader_cannot_write(tmp_path: Path) -> None:
    open_database(tmp_path / "vigie.db")
    reader = open_database(tmp_path / "vigie.db", read_only=True)
    with pytest.raises(UnavailableError, match="cannot be written"):
        SqliteLedger(reader).record(batch())


def test_file_that_is_no_database_is_named_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "vigie.db"
    path.write_bytes(b"this was a database once" * 400)
    with pytest.raises(DamagedError, match=r"vigie\.db: damaged"):
        open_database(path)
    assert path.read_bytes().startswith(b"this was")


def test_full_disk_leaves_the_record_as_it_was(tmp_path: Path) -> None:
    database = open_database(tmp_path / "vigie.db")
    ledger = SqliteLedger(database)
    ledger.record(batch(1.0))
    ((pages,),) = database.rows("PRAGMA page_count")
    database.rows(f"PRAGMA max_page_count = {pages}")  # SQLite's own way of having no room left
    with pytest.raises(UnavailableError, match="the disk is full: free space"):
        ledger.record(batch(2.0, "x" * 100_000))
    assert len(ledger.transitions(0, 10)) == 1
    assert SqliteOutbox(database).waiting() == {1: 1}
    database.rows(f"PRAGMA max_page_count = {pages + 1000}")
    ledger.record(batch(2.0))
    assert len(ledger.transitions(0, 10)) == 2


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of one megabyte."""
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder], capture_output=True, text=True, check=False
        )
        if mounted.returncode:
            pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.integration
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_really_full_disk_is_told_and_loses_nothing(small_disk: Path) -> None:
    ledger = SqliteLedger(open_database(small_disk / "vigie.db"))
    written: list[float] = []

    def fill() -> None:
        for number in range(1000):
            ledger.record(batch(float(number), "x" * 20_000))
            written.append(float(number))

    with pytest.raises(UnavailableError, match="the disk is full"):
        fill()
    assert [fact.at for fact in ledger.transitions(0, 1e9)] == written


def test_directory_of_somebody_else_is_refused_with_one_line() -> None:
    """As another user where the tests run as root: the child drops its rights after it has imported everything."""
    program = textwrap.dedent(
        f"""
        import importlib.readers, os, sys
        from pathlib import Path
        from gateway.core.errors import VigieError
        from gateway.store.db import open_database, schema_files
        from gateway.store.inventory import InventoryStore
        if os.geteuid() == 0:
            os.setgroups([]); os.setresgid({NOBODY}, {NOBODY}, {NOBODY}); os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
        for attempt in (lambda: open_database(Path(sys.argv[1]) / "vigie.db"),
                        lambda: InventoryStore(Path(sys.argv[1]) / "inventory.json").replace((), ())):
            try:
                attempt()
            except VigieError as error:
                print(error)
        """
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        ended = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True)
        assert list(Path(folder).iterdir()) == []
    first, second = ended.stdout.splitlines()
    assert first.startswith(f"{folder}/vigie.db: cannot be written")
    assert first.endswith("give its directory to Vigie's user")
    assert second.startswith(f"{folder}/inventory.json: Permission denied")


_CELL = st.one_of(st.none(), st.text(max_size=5), st.binary(max_size=5), st.floats(allow_nan=False))


@given(st.lists(_CELL, max_size=4), st.lists(_CELL, max_size=4))
def test_rows_with_one_checksum_are_one_row(one: list[float | str | bytes | None], other: list[str | None]) -> None:
    """Collisions of CRC-32 exist; hypothesis does not find them by chance, it would find shifted columns."""
    if row_crc(*one) == row_crc(*other):
        assert repr(one).replace("-0.0", "0.0") == repr(other).replace("-0.0", "0.0")


def test_log_of_the_record_is_moved_into_the_file_each_hour(tmp_path: Path) -> None:
    clock = FakeClock()
    database = open_database(tmp_path / "vigie.db")
    ledger, log = SqliteLedger(database), tmp_path / "vigie.db-wal"
    sizes, in_the_file = [], []
    for minutes in (0, 10, 55, 1, 1):
        clock.advance(minutes * 60)
        ledger.record(Batch(stamp(clock), messages=[Message("evt", 1, {})]))
        sizes.append(log.stat().st_size)
        alone = shutil.copy(tmp_path / "vigie.db", tmp_path / "alone.db")
        in_the_file.append(len(SqliteOutbox(open_database(Path(alone))).take(9)))
        Path(alone).unlink()
    assert in_the_file == [1, 1, 3, 3, 3]
    assert sizes[-1] == sizes[2]  # written over from its start: a log that grows anew costs the card more


def test_reader_in_the_middle_of_reading_delays_no_checkpoint(tmp_path: Path) -> None:
    database = open_database(tmp_path / "vigie.db")
    ledger = SqliteLedger(database)
    ledger.record(batch(1.0))
    reading = open_database(tmp_path / "vigie.db", read_only=True).each("SELECT id FROM transition")
    ledger.record(batch(2.0))
    assert next(reading) == (1,)
    clock = SystemClock()
    began = clock.monotonic()
    database.checkpoint()
    assert clock.monotonic() - began < 5.0  # a writer that waited would do so for ten
    assert len(ledger.transitions(0, 10)) == 2
    assert database.rows("PRAGMA busy_timeout") == [(10_000,)]


@pytest.fixture
def read_only_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """``read_only_disk(True)``: the kernel has mounted the disk read-only (tests/main/test_read_only_disk.py has a real
    one)."""

    def mount(read_only: bool) -> None:
        monkeypatch.setattr("gateway.store.db.on_read_only_disk", lambda _path: read_only)

    return mount


@pytest.mark.parametrize("stopped", [True, False], ids=["stopped", "cut from power"])
def test_file_on_a_read_only_disk_is_read_and_written_once_the_disk_takes_it(
    stopped: bool, tmp_path: Path, read_only_disk: Callable[[bool], None]
) -> None:
    path = tmp_path / "vigie.db"
    before = open_database(path)
    SqliteLedger(before).record(batch(1.0))
    if stopped:
        before.close()
    read_only_disk(True)
    database = open_database(path)
    ledger, outbox = SqliteLedger(database), SqliteOutbox(database)
    assert (database.frozen, len(ledger.transitions(0, 10)), outbox.waiting()) == (True, 1, {1: 1})
    for _ in range(2):
        with pytest.raises(UnavailableError, match="the disk is read-only"):
            ledger.record(batch(2.0))
    read_only_disk(False)
    ledger.record(batch(2.0))
    assert (database.frozen, len(ledger.transitions(0, 10))) == (False, 2)
    database.close()
    assert len(SqliteLedger(open_database(path)).transitions(0, 10)) == 2


def test_new_file_on_a_read_only_disk_is_made_once_the_disk_takes_it(
    tmp_path: Path, read_only_disk: Callable[[bool], None]
) -> None:
    path = tmp_path / "data" / "vigie.db"
    read_only_disk(True)
    ledger = SqliteLedger(open_database(path))
    assert ledger.incidents() == []
    assert not path.parent.exists()
    with pytest.raises(UnavailableError, match="read-only"):
        ledger.record(batch(1.0))
    read_only_disk(False)
    ledger.record(batch(1.0))
    assert len(SqliteLedger(open_database(path, read_only=True)).transitions(0, 10)) == 1


def test_file_of_an_older_version_is_read_from_a_read_only_disk_and_not_touched(
    tmp_path: Path, read_only_disk: Callable[[bool], None]
) -> None:
    path = tmp_path / "vigie.db"
    old = sqlite3.connect(path)
    old.executescript(schema_files("record")[0][1])
    old.execute("PRAGMA user_version = 1")
    old.execute("UPDATE meta SET value = '00000000000000bb'")
    old.commit()
    old.close()
    content = path.read_bytes()
    read_only_disk(True)
    assert SqliteOutbox(open_database(path)).stream == "00000000000000bb"
    assert path.read_bytes() == content


def test_damage_seen_when_the_disk_takes_writes_again_is_told_and_the_file_still_read(
    tmp_path: Path, read_only_disk: Callable[[bool], None]
) -> None:
    path = tmp_path / "vigie.db"
    read_only_disk(True)
    ledger = SqliteLedger(open_database(path))
    path.write_bytes(b"this was a database once" * 400)
    read_only_disk(False)
    for _ in range(2):
        with pytest.raises(DamagedError, match=r"vigie\.db: damaged"):
            ledger.record(batch(1.0))
    assert ledger.incidents() == []


def test_disk_that_is_full_only_for_the_checkpoint_does_not_make_a_fact_be_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch is durable by then: told as refused, it would be written again."""

    def full(_database: Database) -> None:
        raise UnavailableError("vigie.db: the disk is full", remedy="free space")

    ledger = SqliteLedger(open_database(tmp_path / "vigie.db"))
    monkeypatch.setattr(Database, "checkpoint", full)
    ledger.record(batch(1.0))
    assert len(ledger.transitions(0, 10)) == 1
