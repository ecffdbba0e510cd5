"""A site's folder of runbooks: read with the shipped ones, its faults told by `vigie check`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.core.errors import InputError, UnavailableError
from gateway.main.cli import cli
from gateway.runbooks import load_runbooks, shipped_runbooks


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "runbooks"
    made.mkdir()
    (made / "power_lost.toml").write_text('[[step]]\nid = "breaker"\nfr = "Appelez Karim."\n')
    (made / "notes.txt").write_text("not a runbook")
    return made


def test_own_steps_are_read_with_the_shipped_ones(folder: Path) -> None:
    books = load_runbooks(folder)
    assert set(books) == set(shipped_runbooks())
    assert "Appelez Karim." in [step.text("fr") for step in books["power_lost"].steps]


def test_all_faults_of_all_files_are_told_at_once(folder: Path) -> None:
    (folder / "disk_full.toml").write_text("step = 3\n")
    (folder / "fire.toml").write_text("")
    (folder / "rebooted.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError) as caught:
        load_runbooks(folder)
    assert [Path(fault.file).name for fault in caught.value.faults] == [
        "disk_full.toml",
        "disk_full.toml",
        "fire.toml",
        "rebooted.toml",
    ]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="missing"):
        load_runbooks(tmp_path / "missing")


def test_vigie_check_tells_a_fault_with_its_line(folder: Path) -> None:
    site = folder.parent / "site.toml"
    site.write_text('[site]\nid = "oran"\n\n[runbooks]\npath = "runbooks"\n')
    (folder / "disk_full.toml").write_text('[[step]]\nid = "x"\nfr = "A"\nwhy = "b"\n')
    result = CliRunner().invoke(cli, ["check", "--config", str(site)], standalone_mode=False)
    assert result.return_value == 2
    assert "disk_full.toml:4" in result.output
    (folder / "disk_full.toml").unlink()
    assert CliRunner().invoke(cli, ["check", "--config", str(site)], standalone_mode=False).return_value == 0
