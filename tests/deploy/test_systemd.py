"""The systemd units: valid, confined, and each with no more rights than its part needs."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
NAMES = ("vigie-run", "vigie-web", "vigie-desk")
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def service(name: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read(UNITS / f"{name}.service")
    return dict(parser["Service"])


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units, with a program that exists on this machine in place of the installed one."""
    for unit in UNITS.glob("*.service"):
        text = re.sub(r"/opt/vigie/\.venv/bin/vigie", shutil.which("true") or "/bin/true", unit.read_text())
        (tmp_path / unit.name).write_text(text)
    return tmp_path


@needs_systemd
@pytest.mark.parametrize("name", NAMES)
def test_systemd_accepts_the_unit_without_a_word(installed: Path, name: str) -> None:
    command = ["systemd-analyze", "verify", "--man=no", str(installed / f"{name}.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    said = [line for line in done.stderr.splitlines() if name in line]
    assert (done.returncode, said) == (0, []), done.stderr


@needs_systemd
@pytest.mark.parametrize(("name", "exposure"), [("vigie-run", 30), ("vigie-web", 20), ("vigie-desk", 20)])
def test_the_unit_is_confined(installed: Path, name: str, exposure: int) -> None:
    unit = str(installed / f"{name}.service")
    command = ["systemd-analyze", "security", "--no-pager", "--offline=true", f"--threshold={exposure}", unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_unit_starts_the_command_of_its_name_and_always_again(name: str) -> None:
    unit = service(name)
    assert unit["ExecStart"].split()[1] == name.removeprefix("vigie-")
    assert unit["Restart"] == "always"
    assert unit["NoNewPrivileges"] == "yes"
    assert unit["ProtectSystem"] == "strict"


def test_agent_page_and_headquarters_are_three_users() -> None:
    assert len({service(name)["User"] for name in NAMES}) == 3
    made = re.findall(r"^u (\S+)", (UNITS / "vigie.sysusers.conf").read_text(), re.MULTILINE)
    assert {service(name)["User"] for name in NAMES} == set(made)


def test_only_the_agent_has_a_capability_and_it_is_for_ping() -> None:
    assert service("vigie-run")["CapabilityBoundingSet"] == "CAP_NET_RAW CAP_NET_BIND_SERVICE"
    assert service("vigie-web")["CapabilityBoundingSet"] == ""
    assert service("vigie-desk")["CapabilityBoundingSet"] == ""


def test_the_page_writes_one_directory_and_cannot_see_the_secrets() -> None:
    page = service("vigie-web")
    assert page["ReadWritePaths"] == "/var/lib/vigie/page"
    assert page["InaccessiblePaths"] == "-/etc/vigie/secrets"
    assert "StateDirectory" not in page


def test_the_agent_may_ask_whether_the_clock_is_synchronised() -> None:
    # found by reading: ProtectClock and the usual filter forbid adjtimex, and every instant would be untrusted
    agent = service("vigie-run")
    assert "ProtectClock" not in agent
    assert {"adjtimex", "clock_adjtime"} <= set(agent["SystemCallFilter"].split())


def test_nothing_waits_for_a_watchdog_that_nobody_feeds() -> None:
    source = Path(__file__).parents[2] / "gateway"
    fed = any("WATCHDOG=1" in path.read_text() for path in source.rglob("*.py"))
    assert fed or all("WatchdogSec" not in service(name) for name in NAMES)
