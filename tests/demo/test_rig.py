"""The parts of the demo's rig, each on its own."""

from __future__ import annotations

import asyncio
import smtplib
import subprocess
import sys
import tomllib
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.main.rig.children import Child
from gateway.main.rig.mail import MailSink
from gateway.main.rig.plan import HOST, Stage, find_ports, free_port, is_free, make_access, to_toml
from gateway.settings import load
from gateway.simulate import scenario
from gateway.simulate.depot import find_places
from gateway.simulate.nut import Program

DEADLINE_S = 20.0


def test_documents_survive_being_written_as_toml() -> None:
    document = {
        "plain": 1,
        "text": 'a "quoted" \\ é',
        "table": {"on": date(2026, 1, 2), "inner": {"list": [1.5, True], "key with space": "x"}},
        "row": [{"id": "a", "nested": {"b": [{"c": 1}]}}, {"id": "b"}],
        "empty": [],
    }
    assert tomllib.loads(to_toml(document)) == document


def test_site_file_of_the_demo_is_valid(tmp_path: Path) -> None:
    played = scenario.load(scenario.shipped())
    ports, _ = find_ports(8080)
    Stage(tmp_path, played, find_places(played, with_nut=False), make_access(), ports, None).write()
    settings = load(tmp_path / "site.toml")
    assert settings.site.id == "rouiba"
    assert settings.page.port == ports.site
    assert set(settings.credentials) == {"lecture", "chiffre"}


def test_secrets_of_the_demo_are_for_its_user_only(tmp_path: Path) -> None:
    played = scenario.load(scenario.shipped())
    Stage(tmp_path / "d", played, find_places(played, with_nut=False), make_access(), find_ports(8080)[0], None).write()
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "d" / "secrets").iterdir()} == {0}


async def test_taken_port_is_told_and_the_next_free_one_is_used() -> None:
    server = await asyncio.start_server(lambda _r, w: w.close(), HOST, free_port())
    taken = server.sockets[0].getsockname()[1]
    ports, told = find_ports(taken)
    server.close()
    assert ports.site > taken
    assert told[0] == f"port {taken} is taken: the depot page uses {ports.site}"
    assert len({ports.site, ports.desk, ports.broker, ports.mail}) == 4


async def test_letter_becomes_a_file_with_its_lines_intact(tmp_path: Path) -> None:
    told: list[tuple[str, str]] = []
    sink = MailSink(tmp_path, lambda to, subject: told.append((to, subject)))
    port = free_port()
    await sink.start(HOST, port)
    letter = EmailMessage()
    letter["Subject"] = "Coupure de courant à Rouiba"
    letter["From"], letter["To"] = "vigie@exemple.dz", "responsable@exemple.dz"
    letter.set_content("première ligne\n.point au début\nfin\n")

    def send() -> None:
        with smtplib.SMTP(HOST, port, timeout=5) as client:
            client.send_message(letter)
            client.send_message(letter)

    await asyncio.to_thread(send)
    sink.close()
    assert told == [("responsable@exemple.dz", "Coupure de courant à Rouiba")] * 2
    kept = await asyncio.to_thread(lambda: {path.name: path.read_bytes() for path in tmp_path.iterdir()})
    assert sorted(kept) == ["0001.eml", "0002.eml"]
    assert b"\r\n.point" in kept["0001.eml"]


async def until(condition: asyncio.Event) -> None:
    await asyncio.wait_for(condition.wait(), DEADLINE_S)


async def test_child_that_dies_is_told_and_started_again(tmp_path: Path) -> None:
    told: list[str] = []
    twice = asyncio.Event()
    starts: list[str] = []

    def heard(line: str) -> None:
        starts.append(line)
        if len(starts) == 2:
            twice.set()

    program = Program("short", (sys.executable, "-c", "print('reason', flush=True); raise SystemExit(3)"))
    child = Child(program, tmp_path, told.append, SystemClock())
    child.heard = heard
    await child.start()
    await until(twice)
    await child.stop()
    assert told[:2] == ["short ended (exit code 3), starting it again", "  short: reason"]
    assert (tmp_path / "short.log").read_text().splitlines() == starts


async def test_child_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.main.rig.children._GRACE_S", 0.3)
    told: list[str] = []
    ready = asyncio.Event()
    code = "import signal; signal.signal(15, signal.SIG_IGN); print('on', flush=True); signal.pause()"
    child = Child(Program("deaf", (sys.executable, "-c", code)), tmp_path, told.append, SystemClock())
    child.heard = lambda _line: ready.set()
    await child.start()
    await until(ready)
    await child.stop()
    assert child.pid is None
    assert told == ["deaf did not end within 0.3 s and was killed"]


def test_no_child_outlives_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent_code = f"""
import asyncio, pathlib, sys
from gateway.clock import SystemClock
from gateway.main.rig.children import Child
from gateway.simulate.nut import Program
async def main():
    code = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
    child = Child(Program("child", (sys.executable, "-c", code)), pathlib.Path({str(tmp_path)!r}), print, SystemClock())
    child.heard = lambda line: print(line, flush=True)
    await child.start()
    await asyncio.Event().wait()
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait(DEADLINE_S)
    deadline = SystemClock().monotonic() + DEADLINE_S
    while is_running(child) and SystemClock().monotonic() < deadline:
        pass
    parent.stdout.close()
    assert not is_running(child)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_free_port_is_free() -> None:
    assert is_free(free_port())
