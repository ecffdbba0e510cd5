"""SSH against OpenSSH's own server: forced command, pinned host key, disks and backups of another machine."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.collect.asking import NoAnswerError
from gateway.collect.backup import Backup, Places
from gateway.collect.smart import FakeDisks, Smart
from gateway.collect.smb import FakeShares
from gateway.collect.ssh import Ssh, SshLogin
from gateway.core.device import Device
from gateway.core.reading import FailureKind

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(SSHD is None or not shutil.which("ssh"), reason="OpenSSH's sshd and ssh are not installed"),
]
REMOTE = Path(__file__).parents[2] / "deploy/remote/vigie-remote"
DISK = {
    "device": {"name": "/dev/sda", "type": "sat"},
    "smartctl": {"exit_status": 0},
    "model_name": "EX-1",
    "serial_number": "S1",
    "smart_status": {"passed": True},
}


@dataclass
class Server:
    """A running sshd with one forced command."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def make_key(self, name: str) -> Path:
        path = self.folder / name
        path.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
        return path

    def start(self) -> None:
        assert SSHD is not None
        options = {
            "HostKey": self.make_key("host"),
            "AuthorizedKeysFile": self.folder / "authorized",
            "PidFile": "none",
            "StrictModes": "no",
            "UsePAM": "no",
            "ListenAddress": "127.0.0.1",
        }
        given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [SSHD, "-D", "-e", "-f", "/dev/null", "-p", str(self.port), *given], stdout=log, stderr=log
            )

    def up(self) -> bool:
        return b"listening" in (self.folder / "log").read_bytes()

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(10)


@pytest.fixture
def server(tmp_path: Path, eventually: Callable[..., None]) -> Iterator[Server]:
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd's own demand
    with socket.socket() as spare:
        spare.bind(("127.0.0.1", 0))
        running = Server(tmp_path, spare.getsockname()[1])
    programs = tmp_path / "bin"
    programs.mkdir()
    scan = json.dumps({"devices": [{"name": "/dev/sda", "type": "sat"}], "smartctl": {"exit_status": 0}})
    (programs / "smartctl").write_text(
        f"#!/bin/sh\ncase \"$*\" in\n'--scan') echo '/dev/sda -d sat # a disk' ;;\n"
        f"*--scan*) echo '{scan}' ;;\n*) echo '{json.dumps(DISK)}' ;;\nesac\n"
    )
    (programs / "smartctl").chmod(0o755)
    dumps = tmp_path / "dumps"
    dumps.mkdir()
    (dumps / "erp.dump").write_bytes(b"x" * 1000)
    (tmp_path / "remote.conf").write_text(f"backup erp {dumps} *.dump\n")
    remote = tmp_path / "vigie-remote"
    remote.write_text(REMOTE.read_text().replace("PATH=/usr/sbin", f"PATH={programs}:/usr/sbin"))
    remote.chmod(0o755)
    public = running.make_key("box").with_suffix(".pub").read_text()
    environment = f"VIGIE_REMOTE_CONF={tmp_path}/remote.conf VIGIE_REMOTE_SHUTDOWN='touch {tmp_path}/gone'"
    (tmp_path / "authorized").write_text(f'restrict,command="{environment} {remote}" {public}')
    running.start()
    eventually(running.up, "sshd listens")
    yield running
    running.stop()


def device(server: Server, name: str = "srv-1") -> Device:
    return Device(
        name, "Server", address="127.0.0.1", ports={"ssh": server.port}, access={"ssh": "it"}, backups=("erp",)
    )


def shell(server: Server, key: str = "box") -> Ssh:
    login = SshLogin(getpass.getuser(), server.folder / key)
    return Ssh({"it": login}, server.folder / "known_hosts")


def backup(clock: FakeClock, server: Server) -> Backup:
    return Backup(clock, Places(shell(server), FakeShares({}), lambda _: {}))


async def test_disks_of_another_machine_are_read_over_ssh(server: Server) -> None:
    poll = await Smart(FakeClock(), FakeDisks({}), shell(server)).poll(device(server))
    assert poll.failure is None, poll.failure
    assert [(r.metric, r.instance, r.value) for r in poll.readings] == [("hw.physical_disk.status", "sda", "passed")]


async def test_the_age_of_a_backup_is_that_of_its_newest_file(server: Server) -> None:
    written = (server.folder / "dumps/erp.dump").stat().st_mtime
    os.utime(server.folder / "dumps/erp.dump", (written - 7200, written - 7200))
    clock = FakeClock()
    collector = backup(clock, server)
    poll = await collector.poll(device(server))
    assert poll.failure is None, poll.failure
    age, size = poll.readings
    assert (age.metric, age.instance) == ("backup.age", "erp")
    assert 7200 <= float(age.value) < 7300
    assert (size.metric, size.value) == ("backup.size", 1000.0)
    clock.advance(60)
    again = await collector.poll(device(server))
    later = again.readings[0]
    assert (poll.remembered, again.remembered) == (False, True)
    assert float(later.value) == float(age.value) + 60, "it grows by the clock without being asked"


async def test_the_host_key_is_pinned_at_first_use(server: Server, eventually: Callable[..., None]) -> None:
    asking = shell(server)
    await asking.run(device(server), "backup erp", 10)
    pinned = (server.folder / "known_hosts").read_text()
    assert pinned.startswith("srv-1 ssh-ed25519 ")
    server.stop()
    server.start()
    eventually(server.up, "sshd listens again, with another key")
    with pytest.raises(NoAnswerError) as error:
        await asking.run(device(server), "backup erp", 10)
    assert error.value.failure.kind is FailureKind.UNAUTHORISED
    assert "first contact" in error.value.failure.detail
    assert (server.folder / "known_hosts").read_text() == pinned


@pytest.mark.parametrize("word", ["shutdown", "smart extra", "ls", "backup none", "backup"])
async def test_the_forced_command_does_nothing_else(server: Server, word: str) -> None:
    if word == "smart extra":  # further words of a known question are ignored
        assert json.loads(await shell(server).run(device(server), word, 10))
        return
    with pytest.raises(NoAnswerError) as error:
        await shell(server).run(device(server), word, 10)
    assert error.value.failure.kind is FailureKind.REFUSED
    assert not (server.folder / "gone").exists()


async def test_a_machine_that_allows_it_goes_down(server: Server) -> None:
    with (server.folder / "remote.conf").open("a") as conf:
        conf.write("shutdown allowed\n")
    assert "going down" in await shell(server).run(device(server), "shutdown", 10)
    assert (server.folder / "gone").exists()


async def test_a_key_that_the_machine_does_not_know_is_told(server: Server) -> None:
    server.make_key("other")
    with pytest.raises(NoAnswerError) as error:
        await shell(server, "other").run(device(server), "smart", 10)
    assert error.value.failure.kind is FailureKind.UNAUTHORISED
    assert "docs/operate/ssh.md" in error.value.failure.detail


async def test_nobody_there_is_refused(server: Server) -> None:
    server.stop()
    poll = await backup(FakeClock(), server).poll(device(server))
    assert poll.failure is not None
    assert (poll.failure.kind, poll.failure.detail) == (FailureKind.REFUSED, "no SSH server listens there")
    assert poll.readings == ()
