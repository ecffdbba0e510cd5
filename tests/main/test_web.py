"""`vigie web` as a process: its address, its code, its end, and clear lines where it cannot serve."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.settings import load
from gateway.store.commands import Accounts

SITE = '[site]\nid = "depot"\nname = "Dépôt"\n[page]\nhost = "127.0.0.1"\nport = {port}\n'
VIGIE = (sys.executable, "-m", "gateway.main")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(SITE.format(port=8080))
    return path


@contextmanager
def running(config: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The process, and the lines it prints until it serves."""
    process = subprocess.Popen(
        [*VIGIE, "web", "--config", str(config), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PYTHONUNBUFFERED": "1", "PATH": "/usr/bin:/bin"},
    )
    assert process.stdout is not None
    try:
        yield process, [process.stdout.readline().strip(), process.stdout.readline().strip()]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_page_says_where_it_is_and_the_first_code_and_ends_when_told(config: Path) -> None:
    with running(config) as (process, lines):
        address = re.fullmatch(r"depot page: http://127\.0\.0\.1:(\d+)/", lines[0])
        assert address is not None, lines
        assert re.search(r"one-time code: [2-9A-Z]{5}-[2-9A-Z]{5}$", lines[1])
        connection = http.client.HTTPConnection("127.0.0.1", int(address[1]), timeout=20)
        connection.request("GET", "/", headers={"Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.getheader("Content-Encoding") == "gzip"
        assert "waitress" not in (answer.getheader("Server") or "")
        connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_taken_port_is_told_in_one_line(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*VIGIE, "web", "--config", str(config), "--port", str(port)], capture_output=True, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"port {port} (Address already in use)" in done.stderr


def test_new_code_is_printed_for_one_more_person(config: Path) -> None:
    done = subprocess.run(
        [*VIGIE, "web", "--config", str(config), "--new-code"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert re.fullmatch(r"one-time code: [2-9A-Z]{5}-[2-9A-Z]{5} \(valid for one day\)\n", done.stdout)


def fill(commands: Path) -> None:
    """Three hundred accounts, so that there are pages to damage."""
    accounts = Accounts(commands, SystemClock())
    for number in range(300):
        accounts.add(f"person-{number:03}", "responder", "$argon2id$" + "x" * 90)
    accounts.close()


def spoil(path: Path, page: int) -> None:
    with path.open("r+b") as handle:
        handle.seek(page * 4096)
        handle.write(b"\xa5" * 4096)


def test_damaged_commands_file_is_made_anew_at_the_start_and_told(config: Path, tmp_path: Path) -> None:
    commands = load(config).commands
    fill(commands)
    spoil(commands, 5)
    with running(config) as (process, lines):
        assert lines[0] == "commands.db was damaged: rebuilt, the damaged file is commands.db.damaged-1"
        assert lines[1].startswith("depot page: ")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    kept = Accounts(commands, SystemClock()).accounts()
    assert 200 < len(kept) <= 300
    assert commands.with_name("commands.db.damaged-1").exists()
