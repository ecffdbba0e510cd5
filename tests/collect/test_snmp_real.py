"""The collector against Debian's snmpd: v1, v2c and v3, right and wrong credentials."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.collect.snmp import SnmpAuth, SnmpCollector
from gateway.collect.snmp_ask import Patience
from gateway.collect.snmp_record import record_agent
from gateway.core.device import Device
from gateway.core.reading import FailureKind, Poll
from gateway.profiles.load import shipped
from gateway.profiles.privacy import stripped
from gateway.profiles.recording import oid, parse, render

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("snmpd") is None, reason="Debian's snmpd is not installed"),
]

PROFILES = shipped()
Ask = Callable[[SnmpAuth], Awaitable[Poll]]
SECRET = "secret of the depot"
USERS = {
    "sha256": ("SHA-256", "AES", "SHA256", "AES"),
    "sha1": ("SHA", "AES", "SHA", "AES128"),
    "sha512": ("SHA-512", "AES-256", "SHA512", "AES256"),
    "md5": ("MD5", "DES", "MD5", "DES"),
}


@dataclass
class Snmpd:
    """A running snmpd. ``restart(engine_id)`` starts it anew, as a replaced card would."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self, engine_id: str = "first") -> None:
        users = "".join(
            f'createUser {name} {auth} "{SECRET} 1" {priv} "{SECRET} 2"\nrouser {name} authPriv\n'
            for name, (auth, priv, _a, _p) in USERS.items()
        )
        (self.folder / "snmpd.conf").write_text(
            f"agentAddress udp:127.0.0.1:{self.port}\nengineID {engine_id}\nrocommunity lookout 127.0.0.1\n"
            f'sysName depot-server\nsysContact someone\nsysLocation "a room"\n{users}'
        )
        environment = {"SNMP_PERSISTENT_DIR": str(self.folder / engine_id), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                ["snmpd", "-f", "-C", "-c", str(self.folder / "snmpd.conf"), "-Lo", "-I", "-smux"],
                env=environment,
                stdout=log,
                stderr=log,
            )

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(10)

    def up(self) -> bool:
        return b"NET-SNMP version" in (self.folder / "log").read_bytes()


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory, eventually: Callable[..., None]) -> Iterator[Snmpd]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as spare:
        spare.bind(("127.0.0.1", 0))
        port = spare.getsockname()[1]
    running = Snmpd(port, tmp_path_factory.mktemp("snmpd"))
    running.start()
    eventually(running.up, "snmpd is up")
    yield running
    running.stop()


def auth(user: str, *, authword: str = SECRET + " 1", privword: str = SECRET + " 2") -> SnmpAuth:
    _a, _p, auth_protocol, priv_protocol = USERS.get(user, USERS["sha256"])
    return SnmpAuth("3", "", user, authword, privword, auth_protocol, priv_protocol)


@pytest.fixture
async def ask(snmpd: Snmpd) -> AsyncIterator[Ask]:
    collectors: list[SnmpCollector] = []

    async def asked(credential: SnmpAuth) -> Poll:
        collector = SnmpCollector({"it": credential}, PROFILES, SystemClock(), patience=Patience(1.0, 0))
        collectors.append(collector)
        return await collector.poll(
            Device("srv", "Server", address="127.0.0.1", credential="it", ports={"snmp": snmpd.port})
        )

    yield asked
    for collector in collectors:
        collector.close()


@pytest.mark.parametrize(
    "credential",
    [SnmpAuth("1", "lookout"), SnmpAuth("2c", "lookout"), *(auth(user) for user in USERS)],
    ids=["v1", "v2c", *USERS],
)
async def test_a_real_server_is_read(ask: Ask, credential: SnmpAuth) -> None:
    poll = await ask(credential)
    assert poll.failure is None, poll.failure
    assert poll.partial == ()
    assert (poll.identity.kind, poll.identity.name) == ("server", "depot-server")
    values = {reading.metric: reading.value for reading in poll.readings}
    assert 0 < float(values["system.memory.utilization"]) < 1
    assert float(values["system.cpu.load_average.1m"]) >= 0  # its CPU use is there a minute after its start only
    if credential.version != "1":  # v1 has no 64-bit numbers
        assert any(reading.metric == "system.filesystem.utilization" for reading in poll.readings)


@pytest.mark.parametrize(
    ("credential", "kind", "says"),
    [
        (SnmpAuth("2c", "wrong"), FailureKind.TIMEOUT, "community"),
        (auth("nobody-known"), FailureKind.UNAUTHORISED, "no user nobody-known"),
        (auth("sha256", authword="not the password"), FailureKind.UNAUTHORISED, "wrong auth password"),
        (auth("sha256", privword="not the password"), FailureKind.UNAUTHORISED, "perhaps a wrong privacy password"),
    ],
    ids=["community", "user", "auth password", "privacy password"],
)
async def test_a_wrong_credential_is_told_as_far_as_the_agent_lets_know(
    ask: Ask, credential: SnmpAuth, kind: FailureKind, says: str
) -> None:
    poll = await ask(credential)
    assert poll.failure is not None
    assert poll.failure.kind is kind, poll.failure
    assert says in poll.failure.detail


async def test_a_recording_of_a_real_server_can_be_read_and_shared(snmpd: Snmpd) -> None:
    where = ("127.0.0.1", snmpd.port)
    values, failures = await record_agent(where, SnmpAuth("2c", "lookout"), PROFILES, Patience(1.0, 0))
    assert failures == []
    text = render(stripped(values, PROFILES))
    assert "depot-server" not in text
    again = parse(text)
    assert oid("1.3.6.1.2.1.1.1.0") in again
    assert any(key[:9] == (1, 3, 6, 1, 2, 1, 25, 2, 3) for key in again)


async def test_an_agent_with_a_new_engine_id_or_started_anew_is_read_on_and_told(
    tmp_path: Path, eventually: Callable[..., None]
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as spare:
        spare.bind(("127.0.0.1", 0))
        running = Snmpd(spare.getsockname()[1], tmp_path)
    running.start()
    eventually(running.up, "snmpd is up")
    collector = SnmpCollector({"it": auth("sha256")}, PROFILES, SystemClock(), patience=Patience(1.0, 0))
    device = Device("srv", "Server", address="127.0.0.1", credential="it", ports={"snmp": running.port})
    try:
        polls = [await collector.poll(device)]
        for engine_id in ("first", "second"):
            running.stop()
            running.start(engine_id)
            eventually(running.up, "snmpd is up again")
            polls.append(await collector.poll(device))
    finally:
        collector.close()
        running.stop()
    assert [poll.failure for poll in polls] == [None, None, None]
    assert [len(poll.partial) for poll in polls] == [0, 0, 1]
    assert "engine ID changed" in polls[-1].partial[0].detail
