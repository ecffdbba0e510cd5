"""A scenario file is refused with every contradiction it holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.errors import InputError, UnavailableError
from gateway.simulate import scenario

GOOD = """
[[device]]
id = "ups"
kind = "ups"
[[device]]
id = "core"
kind = "switch"
power = "ups"
"""


def faults_of(text: str) -> str:
    with pytest.raises(InputError) as caught:
        scenario.parse(text, "s.toml")
    return str(caught.value)


def test_what_the_simulation_does_not_need_is_kept_for_the_inventory() -> None:
    text = '[[device]]\nid = "core"\nserial = "X1"\n[device.sim]\nports = 3\n'
    known = scenario.parse(text).device("core")
    assert known.inventory == {"id": "core", "serial": "X1"}
    assert known.sim.ports == 3


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ('[[device]]\nid = "core"\n', "two devices or services have the id 'core'"),
        ('[[device]]\nid = "x"\nparent = "y"\n', "parent 'y' of x is no device"),
        ('[[device]]\nid = "x"\npower = "core"\n', "power 'core' of x is no UPS"),
        ('[[device]]\nid = "x"\nparent = "x"\n', "the parents of x form a circle"),
        ('[[service]]\nid = "erp"\ndepends_on = ["z"]\n', "erp depends on 'z', which is no device"),
        ('[[fault]]\nkind = "dead"\ncause = "c"\nstart_s = 1\nduration_s = 1\ntarget = "q"\n', "unknown target 'q'"),
        ('[[fault]]\nkind = "mains"\ncause = "c"\nstart_s = 1\nduration_s = 0\n', "has no duration"),
        ('[[device]]\nid = "x"\n[device.sim]\ncolour = "red"\n', "colour"),
        ('[[fault]]\nkind = "fire"\ncause = "c"\nstart_s = 1\nduration_s = 1\n', "fire"),
        ("[[device]]\nkind = 'server'\n", "without the key 'id'"),
        ("[[device]\n", "write valid TOML"),
    ],
)
def test_contradiction_is_told(extra: str, told: str) -> None:
    assert told in faults_of(GOOD + extra)


def test_all_contradictions_are_told_at_once() -> None:
    told = faults_of(GOOD + '[[device]]\nid = "x"\nparent = "y"\n[[service]]\nid = "erp"\ndepends_on = ["z"]\n')
    assert "'y'" in told
    assert "'z'" in told


def test_fault_beyond_the_loop_is_refused() -> None:
    text = '[scenario]\nloop_s = 10\n[[fault]]\nkind = "mains"\ncause = "c"\nstart_s = 8\nduration_s = 5\n'
    assert "after loop_s" in faults_of(text)


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="No such file"):
        scenario.load(tmp_path / "none.toml")
