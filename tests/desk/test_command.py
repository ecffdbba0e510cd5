"""`vigie desk` as a process: it says where it is, ends when told to, and refuses in one line."""

from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

LEAST = (
    '[desk]\norganisation = "org"\n[broker]\nurl = "mqtt://127.0.0.1:1"\n[page]\nhost = "127.0.0.1"\nport = {port}\n'
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "desk.toml"
    path.write_text(LEAST.format(port=0))
    return path


def command(config: Path, *more: str) -> list[str]:
    return [sys.executable, "-u", "-m", "gateway.main", "desk", "--config", str(config), *more]


def ended(config: Path, *more: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a run that ends by itself."""
    done = subprocess.run(command(config, *more), capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def running(config: Path, eventually: Callable[..., None]) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    process = subprocess.Popen(command(config), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lines.extend, args=(iter(process.stdout.readline, ""),), daemon=True)
    reader.start()
    eventually(lambda: any("ingest: not connected" in line for line in lines), "headquarters", within_s=60)
    yield process, lines
    process.kill()
    process.wait()


def test_it_serves_without_a_broker_and_says_what_is_wrong(
    running: tuple[subprocess.Popen[str], list[str]], eventually: Callable[..., None]
) -> None:
    process, lines = running
    address = re.search(r"headquarters page: http://127\.0\.0\.1:(\d+)/", lines[0])
    assert address
    assert re.search(r"one-time code: \w{5}-\w{5}", lines[1])
    assert any("127.0.0.1:1: connection refused: is the broker running?" in line for line in lines)
    connection = http.client.HTTPConnection("127.0.0.1", int(address[1]), timeout=10)

    def answers() -> bool:
        connection.request("GET", "/healthz")
        return connection.getresponse().read() == b'{"status":"ok"}\n'

    eventually(answers, "an answer")
    connection.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_one_more_code(config: Path) -> None:
    code, output, _ = ended(config, "--new-code")
    assert code == 0
    assert re.fullmatch(r"one-time code: \w{5}-\w{5} \(valid for one day\)\n", output)


def test_a_port_that_is_taken(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config.write_text(LEAST.format(port=taken.getsockname()[1]))
        code, _, errors = ended(config)
    assert code == 2
    assert errors.count("\n") == 1
    assert "another program serves there" in errors


def test_a_file_with_faults(config: Path) -> None:
    config.write_text(LEAST.format(port=0) + "[desk.more]\n")
    code, _, errors = ended(config)
    assert code == 2
    assert 'unknown key "desk.more"' in errors


def test_a_ledger_that_cannot_be_reached(config: Path) -> None:
    config.write_text(LEAST.format(port=0) + '[data]\ndatabase = "postgresql://vigie@127.0.0.1:1/ledger"\n')
    code, _, errors = ended(config)
    assert code == 1
    assert errors.count("\n") == 1
    assert "ledger postgresql+psycopg://vigie@127.0.0.1:1/ledger" in errors


def test_a_data_folder_that_cannot_be_made(config: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    config.write_text(LEAST.format(port=0) + '[data]\npath = "file/below"\n')
    code, _, errors = ended(config)
    assert code == 2
    assert "file/below: Not a directory: correct [data] path" in errors
