"""The whole demo for real: a power cut happens, is one incident everywhere, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import SystemClock
from gateway.main.rig import broker, certificates, commentary
from gateway.main.rig.plan import HOST, free_port
from gateway.simulate import nut, scenario

pytestmark = [pytest.mark.demo, pytest.mark.xdist_group("demo")]

POWER_CUT = """
[[fault]]
kind = "mains"
cause = "power_lost"
start_s = 8
duration_s = 40
note = "the mains fail"
"""
READY_S, OPEN_S, OVER_S, END_S = 150.0, 90.0, 150.0, 40.0


@dataclass
class Running:
    """A demo in a process of its own, and all that it has printed."""

    process: subprocess.Popen[str]
    folder: Path
    lines: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
        self.ended.set()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def port(self) -> int:
        found = re.search(r"depot page +http://127\.0\.0\.1:(\d+)/", self.text)
        assert found, self.text
        return int(found.group(1))

    def until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Waits until the condition holds; fails with all that was printed if it does not."""
        clock = SystemClock()
        deadline = clock.monotonic() + seconds
        while not condition():
            if clock.monotonic() > deadline or self.process.poll() is not None:
                pytest.fail(f"never came: {what}\n{self.text}")
            self.ended.wait(0.2)

    def json(self, path: str) -> dict[str, Any]:
        answer = commentary.get(HOST, self.port, path)
        assert answer is not None, path
        document = json.loads(answer)
        assert isinstance(document, dict)
        return document

    def incidents(self) -> list[dict[str, Any]]:
        """Incidents of the depot that no other explains."""
        return [one for one in self.json("/api/v1/incidents")["incidents"] if not one["merged_into"]]

    def letters(self) -> list[str]:
        """Subjects of the letters about the power cut, oldest first (the monthly test and reports are left out)."""
        found = sorted((self.folder / "mails").glob("*.eml"))
        subjects = [str(message_from_bytes(one.read_bytes(), policy=policy.default)["Subject"]) for one in found]
        return [subject for subject in subjects if "courant est coupé" in subject]

    def rows(self, database: str, query: str) -> list[tuple[Any, ...]]:
        """Rows of one of the product's databases, read only."""
        with closing(sqlite3.connect(f"file:{self.folder / database}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()

    def children(self) -> list[str]:
        """Command lines of every process that was started with something in the demo's folder, the demo left out."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != self.process.pid:
                try:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    environment = (entry / "environ").read_bytes().decode(errors="replace")
                except OSError:
                    continue
                if str(self.folder) in command or f"={self.folder}" in environment:
                    found.append(command)
        return found


def explained(incident: dict[str, Any]) -> set[str]:
    """Devices and services with a symptom in the incident."""
    return {symptom["device"] for symptom in incident["symptoms"]}


def start(folder: Path, *arguments: str) -> Running:
    command = [sys.executable, "-m", "gateway.main", "demo", "--keep", str(folder), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    running = Running(process, folder)
    threading.Thread(target=running.listen, daemon=True).start()
    return running


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Running]:
    """A demo of the shipped depot, with one power cut soon."""
    depot = scenario.shipped().read_text(encoding="utf-8").partition("[[fault]]")[0].replace("loop_s = 600", "")
    played = tmp_path / "cut.toml"
    played.write_text(depot + POWER_CUT, encoding="utf-8")
    running = start(tmp_path / "d", "--scenario", str(played), "--port", str(free_port()))
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.process.wait(END_S)


needs_servers = pytest.mark.skipif(
    broker.installed() is None or nut.installed() is None or not certificates.available(),
    reason="mosquitto, nut-server or openssl is not installed",
)


@needs_servers
@pytest.mark.integration
def test_power_cut_is_one_incident_from_the_wire_to_headquarters(demo: Running) -> None:
    demo.until(lambda: "broker   " in demo.text, READY_S, "three addresses")
    assert re.search(r"headquarters page +http://127\.0\.0\.1:\d+/ +sign in with the code [2-9A-Z-]{8,}", demo.text)
    assert re.search(r"broker +mqtts://127\.0\.0\.1:\d+", demo.text)
    assert demo.json("/api/v1/status")["incidents_open"] == 0

    dark = {"ups-1", "sw-2", "srv-app", "prn-1", "messagerie"}
    demo.until(lambda: any(explained(one) == dark for one in demo.incidents()), OPEN_S, "the cut with its symptoms")
    [incident] = demo.incidents()
    assert (incident["cause"], incident["root_device"]) == ("power_lost", "ups-1")
    assert incident["services"] == ["messagerie"]
    demo.until(lambda: demo.json("/api/v1/status")["panel"]["light"] == "red", OPEN_S, "a red light on the panel")
    page = commentary.get(HOST, demo.port, "/") or b""
    assert "Le courant est coupé" in page.decode()
    assert '<html lang="fr"' in page.decode()
    demo.until(lambda: len(demo.letters()) == 1, OPEN_S, "a letter of headquarters")

    demo.until(lambda: demo.json("/api/v1/status")["incidents_open"] == 0, OVER_S, "the end of the incident")
    [incident] = demo.incidents()
    assert incident["restored_at"] is not None
    demo.until(lambda: len(demo.letters()) == 2, OPEN_S, "the letter that all is well again")
    demo.until(
        lambda: demo.rows("site-data/vigie.db", "SELECT count(*) FROM outbox WHERE kind = 'evt'") == [(0,)],
        OPEN_S,
        "an outbox without facts",
    )
    at_site = demo.rows("site-data/vigie.db", "SELECT count(*) FROM transition")
    assert demo.rows("desk-data/desk.db", "SELECT count(*) FROM transition") == at_site
    # a silence that was told before the UPS had been asked is an incident merged into the power cut at both places
    changes = [json.loads(body) for (body,) in demo.rows("desk-data/desk.db", "SELECT body FROM change")]
    merged = {change["incident"] for change in changes if change["kind"] == "merged"}
    assert {change["incident"] for change in changes} - merged == {incident["id"]}
    demo.until(lambda: demo.json("/api/v1/status")["panel"]["light"] == "green", OPEN_S, "a green light")

    assert len(demo.children()) == 6
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(END_S) == 0
    assert demo.children() == []
    assert "Traceback" not in demo.text
    assert demo.text.count("starting it again") == 0


@needs_servers
@pytest.mark.integration
def test_child_that_is_killed_is_started_again_and_the_page_answers(demo: Running) -> None:
    demo.until(lambda: "broker   " in demo.text, READY_S, "three addresses")
    [web] = [command for command in demo.children() if " web " in command]
    os.kill(pid_of(web), signal.SIGKILL)
    demo.until(lambda: "web ended (killed by SIGKILL), starting it again" in demo.text, OPEN_S, "the word of it")
    demo.until(lambda: commentary.get(HOST, demo.port, "/healthz") is not None, OPEN_S, "the page")
    demo.process.kill()
    demo.process.wait(END_S)
    clock = SystemClock()
    deadline = clock.monotonic() + END_S
    while demo.children() and clock.monotonic() < deadline:
        demo.ended.wait(0.1)
    assert demo.children() == []


def pid_of(command: str) -> int:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode() == command:
                    return int(entry.name)
            except OSError:
                continue
    raise AssertionError(f"no process {command}")


def test_demo_ends_by_itself_and_leaves_no_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gateway.main", "demo", "--for", "2", "--port", str(free_port())]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=READY_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "depot page" in done.stdout
    assert list(tmp_path.glob("vigie-demo-*")) == []


def test_missing_programs_are_told_with_what_they_cost(tmp_path: Path) -> None:
    code = (
        "import sys; from gateway.main.rig import broker; from gateway.simulate import nut;"
        "broker._FOLDERS = (); nut._FOLDERS = ();"
        "from gateway.main.cli import main; sys.argv = ['vigie', 'demo', '--for', '2', '--port', sys.argv[1]]; main()"
    )
    environment = {**os.environ, "PATH": str(tmp_path), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", code, str(free_port())]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=READY_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mosquitto is not installed" in done.stdout
    assert "nut-server is not installed" in done.stdout
    assert re.search(r"depot page +http://", done.stdout), done.stdout


def test_broken_scenario_is_refused_without_a_traceback(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('[[device]]\nid = "x"\nparent = "y"\n', encoding="utf-8")
    command = [sys.executable, "-m", "gateway.main", "demo", "--for", "6", "--scenario", str(broken)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=READY_S, check=False)
    assert done.returncode == 2
    assert "parent 'y' of x is no device: name a device of this file" in done.stderr
    assert "Traceback" not in done.stderr
