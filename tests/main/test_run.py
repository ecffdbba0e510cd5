"""`vigie run` as its user starts it, against Debian's own servers: snmpd (v2c, v3), upsd, mosquitto with TLS."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.simulate.agents import Endpoint
from gateway.simulate.nut import NutServer, installed
from gateway.store.status import read_status

HOST = "127.0.0.1"
PASSWORDS = ("auth password 1", "priv password 2")


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Box:
    """A site directory and its agent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        self.devices = ""
        self.tables = ""

    def write(self) -> None:
        (self.folder / "site.toml").write_text(
            '[site]\nid = "depot"\nname = "Dépôt"\norganisation = "org"\n'
            f'[data]\npath = "data"\nruntime = "run"\n[inventory]\npath = "inventory.toml"\n'
            f'[poll]\nevery = "2s"\ntimeout = "1s"\n{self.tables}'
        )
        (self.folder / "inventory.toml").write_text(self.devices)

    def start(self) -> subprocess.Popen[bytes]:
        self.write()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway.main", "run", "--config", str(self.folder / "site.toml")],
            stderr=(self.folder / "log").open("w"),
        )
        return self.process

    def end(self) -> int:
        """Ends the agent as systemd does; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    @property
    def log(self) -> str:
        """What the agent that was started last wrote to stderr."""
        return (self.folder / "log").read_text()

    @property
    def status(self) -> Any:
        return read_status(self.folder / "run" / "status.json") or {}

    def told(self, device: str) -> dict[str, Any]:
        """Newest value of each metric of a device."""
        return {row[1]: row[4] for row in self.status.get("latest", ()) if row[0] == device}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path)
    yield box
    if box.process and box.process.poll() is None:
        box.process.kill()
        box.process.wait()


@dataclass
class Program:
    """A server that ends with its test."""

    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def snmpd(tmp_path: Path) -> Iterator[int]:
    if shutil.which("snmpd", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("Debian's snmpd is not installed")
    port = free_port(socket.SOCK_DGRAM)
    auth, priv = PASSWORDS
    config = tmp_path / "snmpd.conf"
    config.write_text(
        f'agentAddress udp:{HOST}:{port}\nrocommunity lookout {HOST}\ncreateUser vigie SHA-256 "{auth}" AES "{priv}"\n'
        "rouser vigie authPriv\n"
    )
    environment = {"SNMP_PERSISTENT_DIR": str(tmp_path / "snmpd"), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    command = ["snmpd", "-f", "-C", "-c", str(config), "-LF", "e", str(tmp_path / "snmpd.log"), "-I", "-smux"]
    program = Program(subprocess.Popen(command, env=environment))
    yield port
    program.stop()


@pytest.fixture
def upsd(tmp_path: Path) -> Iterator[int]:
    programs = installed()
    if programs is None:
        pytest.skip("nut-server is not installed")
    port = free_port(socket.SOCK_STREAM)
    folder = tmp_path / "nut"
    folder.mkdir()
    server = NutServer(folder, Endpoint(HOST, port), programs)
    server.prepare()
    (folder / "ups.dev").write_text("ups.status: OL\nbattery.charge: 97\nbattery.runtime: 1500\nups.load: 20\n")
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = [
        Program(subprocess.Popen(one.command, env=os.environ | dict(one.environment), **quiet))  # type: ignore[call-overload]
        for one in server.programs()
    ]
    yield port
    for program in running:
        program.stop()


@pytest.mark.integration
def test_real_snmpd_in_two_versions_and_a_real_upsd_are_watched(
    box: Box, snmpd: int, upsd: int, eventually: Callable[..., None]
) -> None:
    for name, text in (("community", "lookout"), ("auth", PASSWORDS[0]), ("priv", PASSWORDS[1])):
        (box.folder / name).write_text(text)
    box.tables = (
        '[credentials.v2]\nversion = "2c"\ncommunity = { file = "community" }\n'
        '[credentials.v3]\nversion = "3"\nuser = "vigie"\nauth = { file = "auth" }\npriv = { file = "priv" }\n'
    )
    device = (
        '[[device]]\nid = "{0}"\nname = "{0}"\nkind = "{1}"\naddress = "127.0.0.1"\n'
        'collect = ["{2}"]\nports = {{ {2} = {3} }}\n{4}\n'
    )
    box.devices = "".join(
        (
            device.format("srv-v2", "server", "snmp", snmpd, 'credential = "v2"'),
            device.format("srv-v3", "server", "snmp", snmpd, 'credential = "v3"'),
            device.format("ups", "ups", "nut", upsd, ""),
        )
    )
    box.start()
    eventually(lambda: "system.memory.utilization" in box.told("srv-v2"), "memory read over v2c", within_s=40)
    eventually(lambda: "system.memory.utilization" in box.told("srv-v3"), "memory read over v3", within_s=40)
    eventually(lambda: box.told("ups").get("ups.status") == "OL", "the status read from upsd", within_s=40)
    assert box.told("ups")["battery.charge"] == 97.0
    verdicts = {name: device["verdict"] for name, device in box.status["devices"].items() if name != "gateway"}
    assert verdicts == {"srv-v2": "ok", "srv-v3": "ok", "ups": "ok"}
    assert box.end() == 0


@pytest.mark.integration
def test_real_broker_with_client_certificates_is_reached(
    box: Box, mosquitto: Any, eventually: Callable[..., None]
) -> None:
    way = mosquitto.settings("depot")
    box.tables = f'[uplink]\nurl = "{way.url}"\nca = "{way.ca}"\ncert = "{way.cert}"\nkey = "{way.key}"\n'
    box.start()
    eventually(lambda: (box.status.get("link") or {}).get("connected"), "the link to the broker", within_s=40)
    assert box.end() == 0


def test_second_agent_on_the_same_data_is_refused_with_the_remedy(box: Box, eventually: Callable[..., None]) -> None:
    first = box.start()
    eventually(lambda: box.status, "the first agent's status", within_s=40)
    second = box.start()
    assert second.wait(30) == 2
    assert "another `vigie run`" in box.log
    assert "Traceback" not in box.log
    box.process = first
    assert box.end() == 0


def test_changed_inventory_is_taken_up_without_a_restart_and_a_faulty_one_is_not(
    box: Box, eventually: Callable[..., None]
) -> None:
    box.start()
    eventually(lambda: box.status, "the status", within_s=40)
    inventory = box.folder / "inventory.toml"
    inventory.write_text('[[device]]\nid = "a"\nname = "A"\nkind = "swich"\n')
    eventually(lambda: "swich" in box.log, "the fault in the log", within_s=60)
    good = '[[device]]\nid = "a"\nname = "A"\nkind = "switch"\naddress = "127.0.0.1"\n'
    inventory.write_text(good)
    eventually(lambda: "a" in box.status.get("devices", {}), "the new device", within_s=60)
    assert box.end() == 0
    assert "Traceback" not in box.log


def test_data_directory_that_cannot_be_made_is_told_in_one_line(box: Box) -> None:
    (box.folder / "data").write_text("a file where the directory should be")
    process = box.start()
    assert process.wait(30) == 2
    assert "cannot be written" in box.log
    assert "Traceback" not in box.log
