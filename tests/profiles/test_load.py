"""The loader: unknown keys, metrics and names are refused, all at once, each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.device import Kind
from gateway.core.errors import InputError
from gateway.profiles.load import load, load_folder, shipped

GOOD = """\
title = "Example"
source = "EXAMPLE-MIB"
kind = "ups"

[[match]]
sys_object_id = ["1.3.6.1.4.1.99999"]

[scalars]
charge = "1.3.6.1.4.1.99999.1.0"
state = ["1.3.6.1.4.1.99999.2.0", "1.3.6.1.4.1.99999.3.0"]

[[reading]]
metric = "battery.charge"
value = "charge"

[[table]]
name = "fans"

[table.columns]
speed = "1.3.6.1.4.1.99999.4.1.2"

[[table.reading]]
metric = "hw.fan.speed"
value = "speed"
instance = ["{name}", "{index}"]

[[reading]]
metric = "hw.status"
value = "state"
states = "state"

[states.state]
1 = ["good", "ok"]
""".replace('["{name}", "{index}"]', '"{index}"')


def _faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load(text, "ups-example.toml")
    return [str(fault) for fault in caught.value.faults]


def _line(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if part in line)


def test_a_good_file_is_a_profile_named_after_it() -> None:
    profile = load(GOOD, "ups-example.toml")
    assert (profile.id, profile.kind, profile.rank) == ("ups-example", Kind.UPS, 0)
    assert profile.scalars["state"] == ((1, 3, 6, 1, 4, 1, 99999, 2, 0), (1, 3, 6, 1, 4, 1, 99999, 3, 0))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('kind = "ups"', 'colour = "red"', "unknown key 'colour'"),
        ('kind = "ups"', 'kind = "toaster"', "toaster"),
        ('metric = "battery.charge"', 'metric = "battery.charge_level"', "'battery.charge_level' is no metric"),
        ('metric = "hw.fan.speed"', 'metric = "fan.speed"', "'fan.speed' is no metric"),
        ('value = "charge"', 'value = "chrage / 10"', "no value is named 'chrage'"),
        ('value = "charge"', 'value = "charge +"', "is not a formula"),
        ('value = "speed"', 'value = "speed"\nvalid = [0]', "length"),
        ('value = "speed"', 'value = "speed"\nlabel = "{nmae}"', "no value is named 'nmae'"),
        ('value = "speed"', 'value = "speed"\nskip = { descr = "^x" }', "no value is named 'descr'"),
        ('value = "speed"', 'value = "speed"\nskip = { speed = "(" }', "not a regular expression"),
        ('value = "speed"', 'value = "speed"\nrate = "hw.fan.speed"', "is no counter"),
        ('states = "state"', 'states = "stat"', "no states are named 'stat'"),
        ('states = "state"', "", "`states` goes with state metrics"),
        ('charge = "1.3.6.1.4.1.99999.1.0"', 'charge = "1.3.six"', "not an OID"),
        ('1 = ["good", "ok"]', '1 = ["good", "fine"]', "severity 'fine'"),
        ('1 = ["good", "ok"]', '1 = "good"', "a state is"),
        ('sys_object_id = ["1.3.6.1.4.1.99999"]', "", "empty match"),
        ('name = "fans"', 'name = "fans"\nrarely = ["nam"]', "no column is named 'nam'"),
        ('title = "Example"', "", "title"),
    ],
)
def test_each_fault_is_told_with_the_line_of_its_key(old: str, new: str, says: str) -> None:
    text = GOOD.replace(old, new, 1)
    faults = _faults(text)
    assert len(faults) == 1, faults
    assert says in faults[0]
    assert "docs/reference/profiles.md" in faults[0]
    if new:
        wanted = _line(text, new.rpartition("\n")[2])
        assert int(faults[0].split(":")[1]) in (wanted, wanted - 1), faults  # or at the head of its table


def test_several_faults_are_told_at_once() -> None:
    text = GOOD.replace('kind = "ups"', "colour = 1").replace('"battery.charge"', '"bat"').replace('"speed"', '"sped"')
    assert [what for what in ("colour", "bat", "sped") if any(what in fault for fault in _faults(text))] == [
        "colour",
        "bat",
        "sped",
    ]


def test_a_file_that_is_not_toml_is_told_with_its_line() -> None:
    assert _faults('title = "x"\nsource = \n')[0].startswith("ups-example.toml:2: ")


def test_a_profile_without_match_is_refused() -> None:
    text = GOOD.replace("[[match]]\n", "").replace('sys_object_id = ["1.3.6.1.4.1.99999"]\n', "match = []\n")
    assert any("would never apply" in fault for fault in _faults(text))


def test_the_faults_of_all_files_of_a_folder_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD.replace('title = "Example"', 'title = 5\nreplaces = ["nobody"]'))
    (tmp_path / "b.toml").write_text(GOOD.replace('title = "Example"', 'title = "B"\nreplaces = ["nobody"]'))
    (tmp_path / "note.txt").write_text("not a profile")
    with pytest.raises(InputError) as caught:
        load_folder(tmp_path)
    assert [(fault.file, fault.line) for fault in caught.value.faults] == [("a.toml", 1), ("b.toml", 1)]


def test_the_shipped_profiles_load_and_name_their_source() -> None:
    profiles = shipped()
    assert len(profiles) >= 10
    assert all(profile.source and profile.title for profile in profiles)
