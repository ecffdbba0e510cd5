"""scripts/setup on machines that lack things: what it says, what it leaves alone, and that it may be run again."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = ("bash", "basename", "cat", "chmod", "cut", "dirname", "env", "grep", "rm", "sha256sum", "tee", "true")

PYTHON = """#!/bin/sh
case "$*" in
    *"-m venv"*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *"pip install"*) echo "$*" >>"$PIP_LOG" ;;
esac
"""


@dataclass
class Machine:
    """A checkout in a folder, on a machine that has only the programs that a test gives it."""

    checkout: Path
    programs: Path
    log: Path

    def give(self, name: str, script: str) -> None:
        program = self.programs / name
        program.write_text(script)
        program.chmod(0o755)

    def setup(self, level: str = "demo") -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.programs), "PIP_LOG": str(self.log), "HOME": str(self.checkout)}
        command = [str(self.checkout / "scripts" / "setup"), level]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def pip(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Debian packages: none; rights: none; Python 3.11: yes."""
    checkout, programs = tmp_path / "checkout", tmp_path / "programs"
    programs.mkdir()
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", checkout)
    for tool in (*TOOLS, "mkdir", "cp"):
        (programs / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
    made = Machine(checkout, programs, tmp_path / "pip.log")
    made.give("id", "#!/bin/sh\necho 1000\n")
    made.give("dpkg-query", "#!/bin/sh\nexit 1\n")
    made.give("python3.11", PYTHON)
    return made


def test_what_cannot_be_installed_is_named_with_its_cost_and_is_no_failure(machine: Machine) -> None:
    machine.give("apt-get", "#!/bin/sh\nexit 100\n")
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    assert "neither root nor sudo" in done.stdout
    for package in ("mosquitto", "openssl", "nut-server"):
        assert f"setup: MISSING {package}: " in done.stdout
    assert done.stdout.splitlines()[-1] == "setup: ready: .venv/bin/vigie"


def test_a_machine_that_is_not_debian_is_told_so(machine: Machine) -> None:
    done = machine.setup()
    assert done.returncode == 0
    assert "apt-get is not here" in done.stdout


def test_installed_packages_are_left_alone(machine: Machine) -> None:
    machine.give("dpkg-query", "#!/bin/sh\necho install ok installed\n")
    assert "system packages: all there" in machine.setup().stdout


def test_sudo_is_used_where_there_is_no_root_and_a_failed_package_does_not_stop_the_others(machine: Machine) -> None:
    machine.give("sudo", '#!/bin/sh\n[ "$1" = tee ] && exit 1\nexec "$@"\n')
    asked = machine.checkout / "asked"
    refuse = 'case "$*" in *nut-server*) exit 100;; esac'
    machine.give("apt-get", f'#!/bin/sh\necho "$*" >>{asked}\n{refuse}\n')
    done = machine.setup()
    assert done.returncode == 0, done.stderr
    installs = [line.split() for line in asked.read_text().splitlines() if line.startswith("install")]
    assert [line[-1] for line in installs[1:5]] == ["mosquitto", "openssl", "nut-server", "nut-client"]
    assert "could not install nut-server" in done.stdout


def test_every_dependency_is_checked_by_its_hash(machine: Machine) -> None:
    machine.setup()
    locked, own = machine.pip()
    assert "--require-hashes -r requirements/desk.txt" in locked
    assert "--no-deps" in own
    assert own.endswith("-e .")


def test_a_second_run_installs_nothing_until_a_dependency_changes(machine: Machine) -> None:
    machine.setup()
    again = machine.setup()
    assert "dependencies: all there" in again.stdout
    assert len(machine.pip()) == 2
    with (machine.checkout / "requirements" / "desk.txt").open("a") as file:
        file.write("# changed\n")
    machine.setup()
    assert len(machine.pip()) == 4


def test_the_demo_after_the_tests_installs_nothing(machine: Machine) -> None:
    machine.setup("test")
    assert "dependencies: all there" in machine.setup("demo").stdout
    assert len(machine.pip()) == 2


def test_without_a_python_that_fits_it_says_which_is_needed(machine: Machine) -> None:
    machine.give("python3.11", "#!/bin/sh\nexit 1\n")
    done = machine.setup()
    assert done.returncode == 1
    assert "Python 3.11 or 3.12 is needed" in done.stderr


def test_an_unknown_level_is_refused(machine: Machine) -> None:
    done = machine.setup("everything")
    assert (done.returncode, done.stderr) == (2, "setup: unknown level 'everything': use demo or test\n")


@pytest.mark.parametrize("script", ["scripts/setup", "scripts/lock", ".ci/run"])
def test_a_script_can_be_run_and_parsed(script: str) -> None:
    path = ROOT / script
    assert os.access(path, os.X_OK)
    subprocess.run(["bash", "-n", str(path)], check=True, timeout=10)
