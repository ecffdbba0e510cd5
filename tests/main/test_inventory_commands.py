"""`vigie check`, `vigie export` and `vigie import`, as a person runs them."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from gateway.clock import FakeClock, stamp
from gateway.core.incident import Transition, Verdict
from gateway.core.inventory import Entry, EntryKind
from gateway.main.build import load_park
from gateway.main.inventory import known_devices
from gateway.ports import Batch
from gateway.settings import load
from gateway.store.commands import CommandQueue
from gateway.store.db import open_database
from gateway.store.inventory import InventoryStore, parse_toml
from gateway.store.ledger import SqliteLedger

SITE = '[site]\nid = "alger"\n'
INVENTORY = '[[device]]\nid = "sw-1"\n[[device]]\nid = "srv-1"\nparent = "sw-1"\n'


def vigie(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs the command with the folder's site.toml and holds its exit code."""
    config = ("--config", str(folder / "site.toml"))
    command = [sys.executable, "-m", "gateway.main", arguments[0], *config, *arguments[1:]]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended


def check_file(file: Path, *, code: int = 0) -> list[str]:
    """Faults of one file, as `vigie check` tells them."""
    command = [sys.executable, "-m", "gateway.main", "check", "--config", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == code, ended.stderr
    return ended.stderr.splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A depot with a site.toml, and an inventory beside it that is not imported yet."""
    (tmp_path / "site.toml").write_text(SITE)
    (tmp_path / "inventory.toml").write_text(INVENTORY)
    return tmp_path


def test_check_of_a_good_depot_says_so_and_what_is_still_to_do(folder: Path) -> None:
    told = vigie(folder, "check").stdout
    assert "no inventory yet" in told
    assert told.splitlines()[-1].endswith("site.toml: in order")
    assert not (folder / "data").exists()


def test_check_tells_all_faults_of_all_files_one_a_line(folder: Path) -> None:
    (folder / "site.toml").write_text(
        f'{SITE}[inventory]\npath = "inventory.toml"\n[uplink]\nurl = "mqtts://x"\nca = "ca.pem"\n'
        '[credentials.a]\ncommunity = { file = "secret" }\n'
    )
    (folder / "inventory.toml").write_text(INVENTORY + 'credential = "b"\n')
    ended = vigie(folder, "check", code=2)
    place = str(folder)
    assert ended.stderr.splitlines() == [
        f"{place}/site.toml:0: uplink.ca: {place}/ca.pem is not there: correct the path, or put the file there",
        (
            f"{place}/site.toml:0: credentials.a.community: {place}/secret is not there: "
            "correct the path, or put the file there"
        ),
        f'{place}/inventory.toml:0: srv-1: credential "b" is not in site.toml: known: a',
    ]


def test_check_reads_a_desk_and_an_inventory_too(folder: Path) -> None:
    (folder / "desk.toml").write_text('[desk]\norganisation = "sahel"\n[broker]\nurl = "mqtts://x"\nca = "ca.pem"\n')
    told = check_file(folder / "desk.toml", code=2)
    assert told == [
        f"{folder}/desk.toml:0: broker.ca: {folder}/ca.pem is not there: correct the path, or put the file there"
    ]
    assert check_file(folder / "inventory.toml") == []
    (folder / "inventory.toml").write_text('[[device]]\nid = "a"\npower = "b"\n')
    assert check_file(folder / "inventory.toml", code=2) == [
        f'{folder}/inventory.toml:3: a: power "b" is no device of this inventory: correct the id'
    ]


def test_check_as_json_is_one_document(folder: Path) -> None:
    (folder / "site.toml").write_text(SITE + 'nmae = "x"\n')
    ended = vigie(folder, "check", "--json", code=2)
    told = json.loads(ended.stdout)
    assert (told["ok"], ended.stderr) == (False, "")
    assert told["faults"] == [
        {
            "file": str(folder / "site.toml"),
            "line": 3,
            "what": 'unknown key "site.nmae"',
            "remedy": 'did you mean "name"?',
        }
    ]


def test_check_finds_a_damaged_inventory_and_warns_of_a_served_generation(folder: Path) -> None:
    vigie(folder, "import", "inventory.toml")
    stored = folder / "data" / "inventory.json"
    (folder / "empty.toml").write_text("")
    vigie(folder, "import", "empty.toml")
    stored.write_bytes(b"?")
    assert "warning" in vigie(folder, "check").stdout
    stored.with_name("inventory.json.1").write_bytes(b"?")
    assert "inventory.json.1 is damaged" in vigie(folder, "check", code=2).stderr


def test_import_says_what_it_added_changed_and_removed(folder: Path) -> None:
    first = vigie(folder, "import", "inventory.toml", "--json")
    assert json.loads(first.stdout)["added"] == ["sw-1", "srv-1"]
    (folder / "next.toml").write_text('[[device]]\nid = "srv-1"\nname = "Serveur"\n[[service]]\nid = "erp"\n')
    assert vigie(folder, "import", "next.toml").stdout == "added: erp\nchanged: srv-1\nremoved: sw-1\n"


def test_dry_run_changes_nothing(folder: Path) -> None:
    assert "added: sw-1, srv-1" in vigie(folder, "import", "inventory.toml", "--dry-run").stdout
    assert not (folder / "data").exists()


def test_import_with_faults_changes_nothing(folder: Path) -> None:
    vigie(folder, "import", "inventory.toml")
    (folder / "bad.toml").write_text('[[device]]\nid = "a"\nparent = "a"\n[[device]]\nid = "b"\nkind = "x"\n')
    ended = vigie(folder, "import", "bad.toml", code=2)
    assert [line.split(":")[1] for line in ended.stderr.splitlines()] == ["3", "6"]
    assert len(InventoryStore(folder / "data" / "inventory.json").read()[0]) == 2


def test_import_repairs_a_damaged_inventory(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "inventory.json").write_bytes(b"?")
    ended = vigie(folder, "import", "inventory.toml")
    assert "damaged; it is replaced" in ended.stderr
    assert len(InventoryStore(folder / "data" / "inventory.json").read()[0]) == 2


@pytest.mark.parametrize("name", ["out.toml", "out.csv"])
def test_export_can_be_imported_again_without_a_change(folder: Path, name: str) -> None:
    vigie(folder, "import", "inventory.toml")
    vigie(folder, "export", name)
    assert vigie(folder, "import", name).stdout == "added: none\nchanged: none\nremoved: none\n"


def test_export_prints_toml_for_a_dash(folder: Path) -> None:
    vigie(folder, "import", "inventory.toml")
    assert [device.id for device in parse_toml(vigie(folder, "export", "-").stdout, "-")[0]] == ["sw-1", "srv-1"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("import", "absent.toml"), "absent.toml:0: cannot be read: No such file or directory: name a readable file"),
        (("import", "site.xls"), 'site.xls:0: ".xls" is no form of an inventory: use .toml or .csv'),
        (("export", "out.xls"), 'out.xls:0: ".xls" is no form of an inventory: use .toml or .csv'),
        (("export", "none/out.csv"), "vigie: none/out.csv: No such file or directory: name a file that can be written"),
    ],
)
def test_files_that_cannot_be_used_are_one_line(folder: Path, arguments: tuple[str, ...], told: str) -> None:
    (folder / "site.xls").write_text("x")
    assert vigie(folder, *arguments, code=2).stderr == f"{told}\n"


def test_whole_state_is_one_archive_for_its_owner_alone(folder: Path) -> None:
    vigie(folder, "import", "inventory.toml")
    record = open_database(folder / "data" / "vigie.db")
    fact = Transition("srv-1", "reach.up", "", Verdict.OK, Verdict.CRITICAL, 1, 1)
    SqliteLedger(record).record(Batch(stamp(FakeClock()), [fact]))
    CommandQueue(folder / "data" / "page" / "commands.db", FakeClock()).put("note", "Amel", {})

    vigie(folder, "export", "--all", "state.tar.gz")  # while the record is open, as beside a running agent

    assert (folder / "state.tar.gz").stat().st_mode & 0o777 == 0o600
    with tarfile.open(folder / "state.tar.gz") as archive:
        assert archive.getnames() == ["site.toml", "inventory.toml", "vigie.db", "page/commands.db"]
        archive.extractall(folder / "restored", filter="data")
    assert SqliteLedger(open_database(folder / "restored" / "vigie.db")).transitions(0, 10) == [fact]
    assert "exists already: name another file" in vigie(folder, "export", "--all", "state.tar.gz", code=1).stderr


@pytest.mark.parametrize("name", ["out.csv", "out.toml"])
def test_export_tells_what_devices_say_and_import_does_not_take_it_for_a_persons_word(folder: Path, name: str) -> None:
    vigie(folder, "import", "inventory.toml")
    database = open_database(folder / "data" / "vigie.db")
    said = Entry(EntryKind.SAID, "srv-1", 1.0, body={"vendor": "Dell", "serial": "7XK2P3J", "made_on": "2020-01-06"})
    SqliteLedger(database).record(Batch(stamp(FakeClock()), entries=[said]))
    database.close()
    vigie(folder, "export", name)
    text = (folder / name).read_text(encoding="utf-8")
    assert all(word in text for word in ("7XK2P3J", "Dell", "2020-01-06", "said"))
    vigie(folder, "import", name)
    devices = {one.id: one for one in InventoryStore(folder / "data" / "inventory.json").read()[0]}
    assert (devices["srv-1"].serial, devices["srv-1"].vendor, devices["srv-1"].said) == ("", "", {})


def test_what_devices_said_is_known_to_a_sweep_from_the_command_line_too(folder: Path) -> None:
    vigie(folder, "import", "inventory.toml")
    database = open_database(folder / "data" / "vigie.db")
    said = Entry(EntryKind.SAID, "srv-1", 1.0, body={"serial": "7XK2P3J"})
    SqliteLedger(database).record(Batch(stamp(FakeClock()), entries=[said]))
    database.close()
    settings = load(folder / "site.toml")
    devices = {one.id: one for one in known_devices(settings, load_park(settings))}
    assert (devices["srv-1"].serial, devices["sw-1"].serial) == ("7XK2P3J", "")


def test_check_reads_what_was_added_beside_an_inventory_kept_by_hand(folder: Path) -> None:
    (folder / "site.toml").write_text(f'{SITE}[inventory]\npath = "inventory.toml"\n')
    InventoryStore(folder / "inventory.toml").add({"id": "prn-1", "parent": "sw-1"})
    assert "3 device(s)" in vigie(folder, "check").stdout
    (folder / "inventory.toml").write_text('[[device]]\nid = "srv-1"\n')
    assert "parent sw-1 of prn-1 is in the inventory no more" in vigie(folder, "check").stdout
