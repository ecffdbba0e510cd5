"""The files of a box while its disk fills up, while a page of them is damaged, and across a rebuild."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.clock import FakeClock, stamp
from gateway.core.device import Site
from gateway.core.errors import UnavailableError
from gateway.core.incident import Transition, Verdict
from gateway.core.reading import Reading
from gateway.main.storage import Storage
from gateway.ports import Batch, Message
from gateway.settings import Settings
from gateway.store.db import Database, open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.rebuild import rebuild
from gateway.store.reserve import Reserve
from gateway.store.samples import SqliteSamples

START = 494_444 * 3600.0


class Files:
    """Record and readings of one box."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock(START)
        self.settings = Settings(Site("depot", "Dépôt"), folder, folder / "inventory.json")
        self.record: Database = open_database(folder / "vigie.db")
        self.ledger = SqliteLedger(self.record)
        self.samples = SqliteSamples(folder / "samples.db", self.clock)
        self.storage = Storage(self.settings, self.samples, self.record, self.clock)

    def fact(self, number: int) -> None:
        fact = Transition(f"srv-{number}", "reach.up", "", Verdict.OK, Verdict.CRITICAL, START, START)
        self.ledger.record(Batch(stamp(self.clock), [fact], [], [Message("evt", 1, {"n": number})]))

    def full(self, *, full: bool) -> None:
        """SQLite's own bound on the file stands for the disk's."""
        ((pages,),) = self.record.rows("PRAGMA page_count")
        self.record.rows(f"PRAGMA max_page_count = {pages if full else pages + 10_000}")


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_state_change_that_finds_the_disk_full_has_the_reserve(files: Files, tmp_path: Path) -> None:
    files.storage.care()
    assert files.storage.status()["reserve"] is True
    files.full(full=True)
    numbers = iter(range(1000))
    with pytest.raises(UnavailableError, match="the disk is full"):
        all(files.fact(number) is None for number in numbers)
    number = 999 - len(list(numbers))
    assert not (tmp_path / "reserve").exists()
    files.full(full=False)  # what giving up the reserve does on a real disk
    files.fact(number)
    assert len(files.ledger.transitions(0, 1e12)) == number + 1


def test_readings_wait_in_memory_while_no_reserve_can_be_kept(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reserve, "fill", lambda _self: False)
    files.samples.append([Reading("ups-1", "ups.load", 30.0, START)])
    with pytest.raises(UnavailableError, match="readings wait in memory"):
        files.storage.care()
    assert files.samples._database.rows("SELECT count(*) FROM hot") == [(0,)]
    files.fact(1)
    monkeypatch.undo()
    files.storage.care()
    assert files.samples._database.rows("SELECT count(*) FROM hot") == [(1,)]


def test_reserve_is_taken_only_where_there_is_room(tmp_path: Path) -> None:
    assert Reserve(tmp_path / "reserve", 1 << 60).fill() is False
    small = Reserve(tmp_path / "reserve", 8192)
    assert (small.fill(), small.held, (tmp_path / "reserve").stat().st_blocks >= 16) == (True, True, True)
    assert (small.give_up(), small.give_up(), small.held) == (True, False, False)


def test_check_tells_a_damaged_row_once_and_asks_for_no_rebuild(files: Files) -> None:
    files.fact(1)
    files.record.execute("UPDATE transition SET subject = 'srv-9'")
    files.storage.check()
    files.ledger.transitions(0, 1e12)
    assert files.storage.faults() == ["vigie.db: 1 damaged row(s) in transition"]
    assert files.storage.broken() is False


def test_damaged_page_asks_for_a_rebuild(files: Files, tmp_path: Path) -> None:
    for number in range(200):
        files.fact(number)
    files.record.checkpoint()
    with (tmp_path / "vigie.db").open("r+b") as handle:
        handle.seek(9 * 4096)
        handle.write(b"\xa5" * 4096)
    files.storage.check()
    assert files.storage.broken() is True


def test_page_reads_on_in_the_rebuilt_file(files: Files, tmp_path: Path) -> None:
    files.fact(1)
    page = SqliteLedger(open_database(tmp_path / "vigie.db", read_only=True))
    assert len(page.transitions(0, 1e12)) == 1
    files.record.close()
    rebuild(tmp_path / "vigie.db", "record", START)
    SqliteLedger(open_database(tmp_path / "vigie.db")).record(Batch(stamp(files.clock)))
    files.record = open_database(tmp_path / "vigie.db")
    files.ledger = SqliteLedger(files.record)
    files.fact(2)
    assert len(page.transitions(0, 1e12)) == 2
    (told,) = files.storage.status()["rebuilt"]
    assert told["kept"]["transition"] == 1


def test_record_that_is_shorter_than_its_heartbeat_says_is_told(files: Files) -> None:
    """SQLite takes a damaged log for one that ends there."""
    files.fact(1)
    storage = Storage(files.settings, files.samples, files.record, files.clock, 3 - files.ledger.written())
    assert storage.faults() == ["vigie.db: the last 2 entries are missing"]
    assert files.storage.faults() == []
