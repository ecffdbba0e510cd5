"""The search for damage finds every flipped bit that counts, and nothing where nothing is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.clock import FakeClock, stamp
from gateway.core.device import Device
from gateway.core.health import Box, State, examine
from gateway.core.incident import Change, ChangeKind, Transition, Verdict
from gateway.core.reading import Reading
from gateway.ports import Batch, Message
from gateway.store.commands import CommandQueue
from gateway.store.db import open_database
from gateway.store.inventory import InventoryStore
from gateway.store.ledger import SqliteLedger
from gateway.store.samples import SqliteSamples
from gateway.store.survey import survey

START = 494_444 * 3600.0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Everything a depot keeps, a row of each table at least."""
    clock = FakeClock(START)
    fact = Transition("srv-1", "reach.up", "", Verdict.OK, Verdict.CRITICAL, 1, 1)
    change = Change("i1", ChangeKind.OPENED, 1, 1)
    batch = Batch(stamp(clock), [fact], [change], [Message("evt", 1, {"n": 1})], 1, "fait")
    SqliteLedger(open_database(tmp_path / "vigie.db")).record(batch)
    samples = SqliteSamples(tmp_path / "samples.db", clock)
    samples.append([Reading("srv-1", "reach.up", 1.0, START), Reading("ups-1", "ups.status", "OL", START)])
    clock.advance(4000)
    samples.append([Reading("srv-1", "reach.up", 1.0, START + 3999)])
    samples.flush()
    CommandQueue(tmp_path / "page" / "commands.db", clock).put("note", "Amel", {})
    for devices in ((), (Device("srv-1", "Serveur"),)):
        InventoryStore(tmp_path / "inventory.json").replace(devices, ())
    return tmp_path


def told(data: Path) -> dict[str, tuple[str, ...]]:
    return {file.name: file.faults for file in survey(data, data / "inventory.json")}


def test_sound_files_are_told_as_sound(data: Path) -> None:
    assert told(data) == {"vigie.db": (), "samples.db": (), "page/commands.db": (), "inventory.json": ()}


def test_files_that_are_not_there_are_not_told(tmp_path: Path) -> None:
    assert told(tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "table", "damage"),
    [
        ("vigie.db", "batch", "UPDATE batch SET wall = wall + 1"),
        ("vigie.db", "transition", "UPDATE transition SET instance = 'x'"),
        ("vigie.db", "change", "UPDATE change SET kind = 'restored'"),
        ("vigie.db", "outbox", "UPDATE outbox SET lane = 2"),
        ("samples.db", "hot", "UPDATE hot SET frame = zeroblob(9)"),
        ("samples.db", "chunk", "UPDATE chunk SET id = id + 1 WHERE id = (SELECT max(id) FROM chunk)"),
        ("samples.db", "rollup", "UPDATE rollup SET frame = x'00' WHERE id = (SELECT max(id) FROM rollup)"),
        ("samples.db", "uptime", "UPDATE uptime SET crc = crc + 1"),
        ("samples.db", "word", "UPDATE word SET text = 'OB'"),
        ("samples.db", "series", "UPDATE series SET metric = 'x' WHERE id = 1"),
        ("page/commands.db", "command", "UPDATE command SET who = 'Amal'"),
    ],
)
def test_damage_in_any_table_is_told(data: Path, name: str, table: str, damage: str) -> None:
    schema = {"vigie.db": "record", "samples.db": "samples"}.get(name, "commands")
    open_database(data / name, schema=schema).execute(damage)
    assert {file: faults for file, faults in told(data).items() if faults} == {name: (f"1 damaged row(s) in {table}",)}


def test_file_that_cannot_be_read_at_all_is_told(data: Path) -> None:
    (data / "samples.db").write_bytes(b"no database" * 999)
    for rest in data.glob("samples.db-*"):
        rest.unlink()
    assert told(data)["samples.db"][0].endswith("samples.db: damaged (file is not a database)")


def test_inventory_that_is_served_from_before_is_told(data: Path) -> None:
    (data / "inventory.json").write_bytes(b"?")
    assert "the generation before it is used" in told(data)["inventory.json"][0]


def test_doctor_fails_on_damage_and_says_what_to_do(data: Path) -> None:
    open_database(data / "vigie.db").execute("UPDATE change SET at = 9")
    box = Box(START, configured=True, files=survey(data, data / "inventory.json"))
    failing, sound = [finding for finding in examine(box) if finding.check == "files"]
    assert (failing.state, failing.text) == (State.FAILING, "vigie.db: 1 damaged row(s) in change")
    assert "vigie export --all" in failing.remedy
    assert sound.text.startswith("samples.db, page/commands.db, inventory.json: every checksum right")
