"""Files with damaged pages: what is kept of them; nothing is replaced in silence and nothing false is told."""

from __future__ import annotations

import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from gateway.clock import FakeClock, stamp
from gateway.core.errors import VigieError
from gateway.core.incident import Transition, Verdict
from gateway.core.reading import Reading
from gateway.ports import Batch, Message
from gateway.store.commands import Accounts
from gateway.store.db import open_database, schema_files
from gateway.store.ledger import SqliteLedger
from gateway.store.outbox import SqliteOutbox
from gateway.store.rebuild import faults, mend, rebuild, salvaged
from gateway.store.samples import SqliteSamples

FACTS = 400
PAGE = 4096


def fact(number: int) -> Transition:
    return Transition(f"srv-{number}", "reach.up", "", Verdict.OK, Verdict.CRITICAL, float(number), float(number))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of four hundred facts and as many messages, closed in good order."""
    path = tmp_path_factory.mktemp("record") / "vigie.db"
    database = open_database(path)
    ledger, moment = SqliteLedger(database), stamp(FakeClock())
    for number in range(FACTS):
        ledger.record(Batch(moment, [fact(number)], [], [Message("evt", 1, {"n": number})]))
    database.close()
    return path


@pytest.fixture
def path(record: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(record, tmp_path / "vigie.db"))


def spoil(path: Path, *pages: int) -> None:
    with path.open("r+b") as handle:
        for page in pages:
            handle.seek(page * PAGE)
            handle.write(b"\xa5" * PAGE)


def kept(path: Path) -> list[str]:
    database = open_database(path)
    found = [one.subject for one in SqliteLedger(database).transitions(-1, 1e9)]
    database.close()
    return found


def test_sound_file_is_left_alone(path: Path) -> None:
    before = path.read_bytes()
    assert mend(path, "record", 5.0) is None
    assert path.read_bytes() == before


def test_damaged_pages_cost_what_is_on_them_and_the_rest_goes_on(path: Path) -> None:
    database = open_database(path, read_only=True)
    stream = SqliteOutbox(database).stream
    ((pages,),) = database.rows("PRAGMA page_count")
    database.close()
    spoil(path, pages // 2, pages // 2 + 3)
    told = mend(path, "record", 5.0)
    assert told is not None
    assert told.kept_as == "vigie.db.damaged-1"
    assert faults(path, "record") == []
    assert FACTS - 80 <= len(kept(path)) <= FACTS
    outbox = SqliteOutbox(open_database(path))
    assert (outbox.stream, outbox.newest()) == (stream, FACTS)
    assert outbox.put(Message("evt", 1, {}), stamp(FakeClock())) == FACTS + 1


def test_damaged_file_is_kept_and_told_of(path: Path) -> None:
    spoil(path, 5)
    before = path.read_bytes()
    mend(path, "record", 5.0)
    (told,) = salvaged(path.parent)
    assert (path.parent / told.kept_as).read_bytes() == before
    assert (told.name, told.at, bool(told.why)) == ("vigie.db", 5.0, True)


def test_flipped_bit_in_a_row_is_not_carried_over(path: Path) -> None:
    database = open_database(path)
    database.execute("UPDATE transition SET subject = 'srv-other' WHERE subject = 'srv-7'")
    database.close()
    told = rebuild(path, "record", 5.0)
    assert told.lost == {"transition": 1}
    assert kept(path) == [f"srv-{number}" for number in range(FACTS) if number != 7]


def test_file_without_a_head_is_kept_and_a_new_one_begins(path: Path) -> None:
    spoil(path, 0)
    told = mend(path, "record", 5.0)
    assert told is not None
    assert kept(path) == []
    assert (path.parent / "vigie.db.damaged-1").stat().st_size > 0


def test_rebuilding_that_fails_leaves_the_file_where_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(path, 5)
    before = path.read_bytes()
    monkeypatch.setattr("gateway.store.rebuild._copy_table", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        mend(path, "record", 5.0)
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == ["vigie.db"]


def test_no_page_whose_loss_is_not_survived(record: Path, tmp_path: Path) -> None:
    """Every page in turn: what remains is true, and most of it remains unless the page led to all others."""
    pages = record.stat().st_size // PAGE
    poor = 0
    for page in range(pages):
        path = Path(shutil.copy(record, tmp_path / "vigie.db"))
        spoil(path, page)
        if faults(path, "record"):
            rebuild(path, "record", 5.0)
        left = kept(path)
        assert set(left) <= {f"srv-{number}" for number in range(FACTS)}
        assert len(left) == len(set(left))
        poor += len(left) < FACTS - 40
        for found in tmp_path.iterdir():
            found.unlink()
    assert poor <= 3  # the first page (the schema), and the roots of the two tables


def test_readings_with_damaged_pages_keep_the_other_hours(tmp_path: Path) -> None:
    clock = FakeClock(494_444 * 3600.0)
    samples, noise = SqliteSamples(tmp_path / "samples.db", clock), random.Random(1)
    for _ in range(48):
        at = clock.wall()
        samples.append(
            Reading("ups-1", "ups.load", noise.random(), at + 60 * n, str(i)) for n in range(60) for i in range(9)
        )
        clock.advance(3600 + 61)
        samples.flush()
        clock.advance(-61)
    samples.close()
    path = tmp_path / "samples.db"
    spoil(path, path.stat().st_size // PAGE // 2)
    assert mend(path, "samples", 5.0) is not None
    left = SqliteSamples(path, clock).series("ups-1", "ups.load", "0", 0, 1e12)
    assert 40 * 60 <= len(left) <= 48 * 60


@pytest.mark.parametrize("seed", range(3))
def test_file_cut_short_or_with_bits_flipped_never_tells_anything_false(
    record: Path, tmp_path: Path, seed: int
) -> None:
    """Ninety bits and ends at random; what the checks pass is what was written."""
    chance = random.Random(seed)
    true = {f"srv-{number}" for number in range(FACTS)}
    detected = 0
    for trial in range(30):
        path = tmp_path / f"{trial}" / "vigie.db"
        path.parent.mkdir()
        content = bytearray(record.read_bytes())
        if trial % 3 == 0:
            content = content[: chance.randrange(100, len(content))]
        else:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
        try:
            mend(path, "record", 5.0)
            database = open_database(path)
            ledger = SqliteLedger(database)
            found = [(one.subject, one.at) for one in ledger.transitions(-1, 1e9)]
            detected += bool(salvaged(path.parent)) or bool(ledger.damage())
            database.close()
        except VigieError:  # told in one line, nothing used
            detected += 1
            continue
        assert {subject for subject, _ in found} <= true
        assert all(subject == f"srv-{at:g}" for subject, at in found)
        if len(found) < FACTS:
            assert salvaged(path.parent) or ledger.damage()
    assert detected >= 10


def test_numbers_that_were_given_are_not_given_again(path: Path) -> None:
    """An old message still waits while later ones were acknowledged: their numbers are known at headquarters."""
    database = open_database(path)
    SqliteOutbox(database).acknowledge(range(6, FACTS + 1))
    database.close()
    rebuild(path, "record", 5.0)
    outbox = SqliteOutbox(open_database(path))
    assert outbox.newest() == FACTS
    assert outbox.put(Message("evt", 1, {}), stamp(FakeClock())) == FACTS + 1


def test_damaged_file_of_an_older_version_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "commands.db"
    old = sqlite3.connect(path)
    old.executescript(schema_files("commands")[0][1])
    old.execute("INSERT INTO account VALUES ('Amel', 'technician', '$argon2id$x', 5.0)")
    old.execute("PRAGMA user_version = 1")
    old.commit()
    old.close()
    told = rebuild(path, "commands", 5.0)
    assert told.kept == {"account": 1}
    assert [one.name for one in Accounts(path, FakeClock()).accounts()] == ["Amel"]


def test_tables_without_row_ids_are_read_from_either_end_of_the_damage(tmp_path: Path) -> None:
    path = tmp_path / "commands.db"
    accounts = Accounts(path, FakeClock())
    for number in range(300):
        accounts.add(f"person-{number:03}", "technician", "x" * 90)
    accounts.close()
    database = open_database(path, schema="commands", read_only=True)
    ((pages,),) = database.rows("PRAGMA page_count")
    database.close()
    spoil(path, pages // 2)
    assert mend(path, "commands", 5.0) is not None
    left = [one.name for one in Accounts(path, FakeClock()).accounts()]
    assert 200 <= len(left) < 300
    assert {"person-000", "person-299"} <= set(left)


def test_name_in_the_schema_that_is_no_text_any_more_is_damage_and_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "commands.db"
    accounts = Accounts(path, FakeClock())
    accounts.add("Amel", "technician", "x")
    accounts.close()
    path.write_bytes(path.read_bytes().replace(b"tableaccountaccount", b"tableacc\xd7untaccount"))
    assert faults(path, "commands") != []
    assert mend(path, "commands", 5.0) is not None
    assert Accounts(path, FakeClock()).accounts() == []
    assert [one.name for one in salvaged(tmp_path)] == ["commands.db"]
