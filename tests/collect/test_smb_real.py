"""Shares against Samba's own server: the newest file, and each way in which a question stays without an answer."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.collect.asking import NoAnswerError
from gateway.collect.backup import Backup, Places
from gateway.collect.smb import Smb, SmbLogin
from gateway.collect.ssh import FakeShell
from gateway.core.backups import File, Job, Share
from gateway.core.device import Device
from gateway.core.errors import VigieError
from gateway.core.reading import FailureKind, Poll

SBIN = "/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"
SMBD, SMBPASSWD = shutil.which("smbd", path=SBIN), shutil.which("smbpasswd", path=SBIN)
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        not (SMBD and SMBPASSWD and shutil.which("smbclient")), reason="samba, smbclient: not installed"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="Samba's server must be started by root"),
]
PASSWORD = 'a secret of the depot; "quoted" #1'
FOLDERS = ("private", "state", "lock", "cache", "pid", "ncalrpc", "share/veeam", "share/empty", "share/closed")


@dataclass
class Nas:
    """A running smbd with the share "Sauvegardes ERP" and a user of this test's own."""

    folder: Path
    port: int

    def write(self, name: str, at: float, content: str = "x") -> None:
        path = self.folder / "share" / name
        path.write_text(content)
        os.utime(path, (at, at))

    def configure(self) -> Path:
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True)
        own = "\n".join(
            f"{key} = {self.folder / name}"
            for key, name in (
                ("private dir", "private"),
                ("state directory", "state"),
                ("lock directory", "lock"),
                ("cache directory", "cache"),
                ("pid directory", "pid"),
                ("ncalrpc dir", "ncalrpc"),
                ("log file", "log"),
                ("passdb backend", "private/passdb.tdb"),
            )
        ).replace("passdb backend = ", "passdb backend = tdbsam:")
        config = self.folder / "smb.conf"
        config.write_text(
            f"[global]\nworkgroup = DEPOT\nserver role = standalone server\ninterfaces = lo\n"
            f"bind interfaces only = yes\nsmb ports = {self.port}\ndisable netbios = yes\nmap to guest = never\n"
            f"load printers = no\nprinting = bsd\nprintcap name = /dev/null\n{own}\n"
            f"[Sauvegardes ERP]\npath = {self.folder}/share\nread only = yes\n"
            f"[Closed]\npath = {self.folder}/share/closed\ninvalid users = {getpass.getuser()}\n"
        )
        return config


@pytest.fixture(scope="module")
def nas(tmp_path_factory: pytest.TempPathFactory, eventually: Callable[..., None]) -> Iterator[Nas]:
    assert SMBD is not None
    assert SMBPASSWD is not None
    with socket.socket() as spare:
        spare.bind(("127.0.0.1", 0))
        running = Nas(tmp_path_factory.mktemp("s"), spare.getsockname()[1])
    config = running.configure()
    given = f"{PASSWORD}\n{PASSWORD}\n".encode()
    subprocess.run([SMBPASSWD, "-c", str(config), "-s", "-a", getpass.getuser()], input=given, check=True)
    with (running.folder / "out").open("wb") as out:
        command = [SMBD, "-F", "--no-process-group", "-s", str(config)]
        # a session of its own: when it ends, smbd ends its whole process group
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", running.port)) == 0

    eventually(listens, "smbd listens")
    yield running
    process.terminate()
    process.wait(10)


def smb(user: str = "", password: str = PASSWORD) -> Smb:
    return Smb({"nas": lambda: SmbLogin(user or f"DEPOT\\{getpass.getuser()}", password)})


def device(nas: Nas, backups: str = "erp=smb:Sauvegardes%20ERP/veeam/*.vbk") -> Device:
    ports = {"smb": nas.port}
    return Device("nas-1", "NAS", address="127.0.0.1", ports=ports, access={"smb": "nas"}, backups=(backups,))


def share(text: str) -> Share:
    found = Job.parse(f"x=smb:{text}").share
    assert found
    return found


async def poll(nas: Nas, clock: FakeClock, asking: Smb | None = None, **given: str) -> Poll:
    places = Places(FakeShell({}), asking or smb(), lambda _: {})
    return await Backup(clock, places).poll(device(nas, **given))


async def test_the_age_of_a_backup_on_a_share_is_that_of_its_newest_file(nas: Nas) -> None:
    clock = FakeClock()
    nas.write("veeam/erp 2026-01-01.vbk", clock.wall() - 90_000, "x" * 5000)
    nas.write(
        "veeam/érp; \"$(touch gone)\" 'D' of a name longer than thirty bytes.vbk", clock.wall() - 7200, "x" * 6000
    )
    nas.write("veeam/erp.log", clock.wall())
    (nas.folder / "share/veeam/newer.vbk").mkdir(exist_ok=True)
    found = await poll(nas, clock)
    assert found.failure is None, found.failure
    assert found.partial == ()
    told = {(one.metric, one.instance): one.value for one in found.readings}
    assert told == {("backup.age", "erp"): 7200.0, ("backup.size", "erp"): 6000.0}


async def test_names_of_any_sort_are_listed(nas: Nas) -> None:
    names = ["a b.bak", "النسخة الاحتياطية.bak", "$x`id`.bak", "-rf.bak", "x" * 200 + ".bak", "été #1 & co;.bak"]
    for number, name in enumerate(names):
        nas.write(name, 1_000_000_000.0 + number, "x" * number)
    files = await smb().files(device(nas), share("Sauvegardes%20ERP/*.bak"), 10)
    expected = [File(name, 1_000_000_000.0 + number, float(number)) for number, name in enumerate(names)]
    assert sorted(files, key=lambda one: one.at) == expected


@pytest.mark.parametrize(
    ("backups", "kind", "says"),
    [
        ("erp=smb:Sauvegardes%20ERP/empty/", FailureKind.REFUSED, "no file fits"),
        ("erp=smb:Sauvegardes%20ERP/empty/*.vbk", FailureKind.REFUSED, "no file fits"),
        ("erp=smb:Sauvegardes%20ERP/veeam", FailureKind.REFUSED, "with / at its end"),
        ("erp=smb:Sauvegardes%20ERP/gone/*.vbk", FailureKind.REFUSED, "the folder is not there"),
        ("erp=smb:Gone/*.vbk", FailureKind.REFUSED, "no share of this name"),
        ("erp=smb:Closed/*.vbk", FailureKind.UNAUTHORISED, "may not read there"),
    ],
)
async def test_what_is_not_there_is_told(nas: Nas, backups: str, kind: FailureKind, says: str) -> None:
    found = await poll(nas, FakeClock(), backups=backups)
    assert found.readings == ()
    assert found.failure is not None
    assert (found.failure.kind, says in found.failure.detail) == (kind, True), found.failure


@pytest.mark.parametrize(("user", "password"), [("", "wrong"), ("nobody-here", PASSWORD), ("", "")])
async def test_a_wrong_user_or_password_is_told(nas: Nas, user: str, password: str) -> None:
    found = await poll(nas, FakeClock(), smb(user, password))
    assert found.failure is not None
    assert found.failure.kind is FailureKind.UNAUTHORISED
    assert PASSWORD not in repr(found)


async def test_a_secret_that_cannot_be_read_is_told(nas: Nas) -> None:
    def none() -> SmbLogin:
        raise VigieError("secret file /etc/x: No such file", remedy="make it readable")

    found = await poll(nas, FakeClock(), Smb({"nas": none}))
    assert found.failure is not None
    assert "secret file" in found.failure.detail


async def test_a_file_of_the_future_is_told_beside_its_age(nas: Nas) -> None:
    clock = FakeClock()
    nas.write("veeam/ahead.future", clock.wall() + 86_400)
    found = await poll(nas, clock, backups="erp=smb:Sauvegardes%20ERP/veeam/*.future")
    assert [one.value for one in found.readings if one.metric == "backup.age"] == [0.0]
    assert "set the clock" in found.partial[0].detail


async def test_nobody_there_is_refused(nas: Nas) -> None:
    with socket.socket() as spare:
        spare.bind(("127.0.0.1", 0))
        away = Nas(nas.folder, spare.getsockname()[1])
    found = await poll(away, FakeClock())
    assert found.failure is not None
    assert (found.failure.kind, found.failure.detail) == (FailureKind.REFUSED, "nothing shares files there")


async def test_a_machine_that_says_nothing_is_given_up(nas: Nas) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        there = device(Nas(nas.folder, silent.getsockname()[1]))
        with pytest.raises(NoAnswerError) as error:
            await smb().files(there, share("Sauvegardes%20ERP/*.vbk"), 0.3)
    assert error.value.failure.kind is FailureKind.TIMEOUT


async def test_a_machine_that_speaks_something_else_is_garbled(nas: Nas) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        there = device(Nas(nas.folder, other.getsockname()[1]))
        asking = asyncio.create_task(smb().files(there, share("Sauvegardes%20ERP/*.vbk"), 10))
        link, _ = await asyncio.to_thread(other.accept)
        link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"\0" * 4096)
        link.close()
        with pytest.raises(NoAnswerError) as error:
            await asking
    assert error.value.failure.detail


async def test_the_password_is_in_a_file_of_memory_that_only_this_user_reads(nas: Nas, tmp_path: Path) -> None:
    spy = tmp_path / "smbclient"
    spy.write_text(
        f'#!/bin/sh\nfor word in "$@"; do case "$word" in /proc/self/fd/*) file="$word" ;; esac; done\n'
        f'{{ echo "$*"; env; stat -L -c %a "$file"; cat "$file"; }} > {tmp_path}/seen\n'
        "echo '		1 blocks of size 1. 1 blocks available'\n"
    )
    spy.chmod(0o755)
    asking = Smb({"nas": lambda: SmbLogin("DEPOT\\reader", PASSWORD)}, program=str(spy))
    assert await asking.files(device(nas), share("A%20B/c/*.x"), 10) == []
    command, *rest = (tmp_path / "seen").read_text().splitlines()
    mode, *written = rest[-4:]
    assert PASSWORD not in command
    assert "reader" not in command
    assert not any(PASSWORD in line for line in rest[:-4])
    assert (int(mode, 8), written) == (
        stat.S_IRUSR | stat.S_IWUSR,
        ["username = reader", f"password = {PASSWORD}", "domain = DEPOT"],
    )


async def test_without_smbclient_the_package_is_named(nas: Nas) -> None:
    with pytest.raises(NoAnswerError) as error:
        await Smb({"nas": lambda: SmbLogin("u", "p")}, program="/nonexistent/smbclient").files(
            device(nas), share("A/"), 5
        )
    assert "install the package smbclient" in error.value.failure.detail


async def test_a_device_without_a_credential_is_told(nas: Nas) -> None:
    with pytest.raises(NoAnswerError) as error:
        await Smb({}).files(device(nas), share("A/"), 5)
    assert "smb=NAME" in error.value.failure.detail
