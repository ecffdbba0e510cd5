"""What every SNMP session owes its collector: on a recording, on simulated agents and on Debian's snmpd, by v1, v2c and
v3 with every pair of protocols that snmpd supports."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from gateway.collect.snmp_ask import AskError, Habits, Patience, RecordedSession, Session, Walk, get_all
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.snmp_lines import Lines
from gateway.core.reading import FailureKind
from gateway.profiles.recording import Tag, oid, parse
from gateway.simulate.agents import Endpoint, Login, serve_v2c, serve_v3
from gateway.simulate.mib import View

SYS_NAME, SYS_UP_TIME, NOTHING = oid("1.3.6.1.2.1.1.5.0"), oid("1.3.6.1.2.1.1.3.0"), oid("1.3.6.1.2.1.1.77.0")
OR_ID, OR_DESCR = oid("1.3.6.1.2.1.1.9.1.2"), oid("1.3.6.1.2.1.1.9.1.3")
PATIENCE = Patience(2.0, 1)
WORDS = "first password", "second password"
RECORDING = "1.3.6.1.2.1.1.3.0|67|123\n1.3.6.1.2.1.1.5.0|4|depot\n" + "".join(
    f"{column}.{row}|{content}\n"
    for column, content in (("1.3.6.1.2.1.1.9.1.2", "6|1.3.6.1.6.3.1"), ("1.3.6.1.2.1.1.9.1.3", "4|a module"))
    for row in range(1, 8)
)
HASHES = {
    "MD5": "MD5",
    "SHA": "SHA",
    "SHA224": "SHA-224",
    "SHA256": "SHA-256",
    "SHA384": "SHA-384",
    "SHA512": "SHA-512",
}
CIPHERS = {
    "": "",
    "DES": "DES",
    "AES": "AES",
    "AES192": "AES-192",
    "AES256": "AES-256",
    "AES192C": "AES-192-C",
    "AES256C": "AES-256-C",
}
"""Our names and those of snmpd's createUser."""

USERS = {
    f"{one}-{other or 'none'}".lower(): SnmpAuth(
        "3", "", f"{one}-{other or 'none'}".lower(), WORDS[0], WORDS[1] if other else "", one, other or "AES"
    )
    for one in HASHES
    for other in CIPHERS
}
USERS["nobody"] = SnmpAuth("3", "", "nobody")
COMMUNITIES = {"v1": SnmpAuth("1", "depot"), "v2c": SnmpAuth("2c", "depot")}
VIGIE = SnmpAuth("3", "", "vigie", *WORDS)

Open = Callable[[], Awaitable[Session]]

needs_snmpd = pytest.mark.skipif(shutil.which("snmpd") is None, reason="Debian's snmpd is not installed")


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as spare:
        spare.bind(("127.0.0.1", 0))
        return int(spare.getsockname()[1])


def configuration(port: int) -> str:
    lines = [f"agentAddress udp:127.0.0.1:{port}", "rocommunity depot 127.0.0.1", "sysName depot"]
    for name, auth in USERS.items():
        made = f"{HASHES[auth.auth_protocol]} {WORDS[0]!r}" if auth.auth else ""
        made += f" {CIPHERS[auth.priv_protocol]} {WORDS[1]!r}" if auth.priv else ""
        lines += [f"createUser {name} {made}", f"rouser {name} {'priv' if auth.priv else 'auth' if made else 'noauth'}"]
    return "\n".join(lines).replace("'", '"') + "\n"


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory, eventually: Callable[..., None]) -> Iterator[int]:
    """The port of Debian's snmpd, with a user for every pair of protocols."""
    folder, port = tmp_path_factory.mktemp("snmpd"), free_port()
    (folder / "snmpd.conf").write_text(configuration(port))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["snmpd", "-f", "-C", "-c", str(folder / "snmpd.conf"), "-Lo", "-I", "-smux"],
            env={"SNMP_PERSISTENT_DIR": str(folder), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            stdout=log,
            stderr=log,
        )
    eventually(lambda: b"NET-SNMP version" in (folder / "log").read_bytes(), "snmpd is up")
    yield port
    process.terminate()
    process.wait(10)


REAL = [
    pytest.param(("snmpd", auth), id=f"snmpd, {name}", marks=[pytest.mark.integration, needs_snmpd])
    for name, auth in {**COMMUNITIES, **USERS}.items()
]
SIMULATED = [
    pytest.param(("recording", COMMUNITIES["v2c"]), id="recording"),
    pytest.param(("simulated", COMMUNITIES["v2c"]), id="simulated, v2c"),
    pytest.param(("simulated", VIGIE), id="simulated by pysnmp, v3"),
]


@pytest.fixture(params=[*SIMULATED, *REAL])
async def session(request: pytest.FixtureRequest) -> AsyncIterator[Session]:
    kind, auth = request.param
    values = parse(RECORDING)
    if kind == "recording":
        yield RecordedSession(values)
        return
    async with AsyncExitStack() as ended:
        if kind == "snmpd":
            port = request.getfixturevalue("snmpd")
        else:
            port = free_port()
            at, view = (
                Endpoint("127.0.0.1", port),
                View({key: (int(one.tag), one.content) for key, one in values.items()}),
            )
            agent = (
                await serve_v3(at, lambda: view, Login(auth.user, *WORDS))
                if auth.version == "3"
                else await serve_v2c(at, lambda: view, auth.community)
            )
            ended.callback(agent.close)
        lines = Lines()
        ended.callback(lines.close)
        yield await lines.line(auth).open(("127.0.0.1", port), PATIENCE)


async def test_values_are_given_with_their_types(session: Session) -> None:
    found = await get_all(session, [SYS_NAME, SYS_UP_TIME, NOTHING], Habits())
    assert found[SYS_NAME] == (Tag.OCTETS, b"depot")
    assert found[SYS_UP_TIME].tag is Tag.TICKS
    assert NOTHING not in found


async def test_columns_are_walked_side_by_side_to_their_end(session: Session) -> None:
    habits = Habits(repetitions=3)
    found = await Walk(session, habits).run([OR_ID, OR_DESCR])
    rows = [key[len(OR_ID) :] for key in found if key[: len(OR_ID)] == OR_ID]
    assert len(rows) >= 7
    assert rows == [key[len(OR_DESCR) :] for key in found if key[: len(OR_DESCR)] == OR_DESCR]
    assert {value.tag for key, value in found.items() if key[: len(OR_ID)] == OR_ID} == {Tag.OID}


async def test_every_question_is_counted_and_a_good_agent_needs_no_remark(session: Session) -> None:
    before = session.requests
    await get_all(session, [SYS_NAME], Habits())
    introduced = session.requests - before
    await get_all(session, [SYS_NAME], Habits())
    assert 1 <= introduced <= 3
    assert session.requests == before + introduced + 1
    assert session.remarks == []


@pytest.mark.parametrize("auth", [*COMMUNITIES.values(), VIGIE, USERS["nobody"]], ids=["v1", "v2c", "v3", "v3 bare"])
async def test_a_silent_agent_is_a_timeout(auth: SnmpAuth) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        lines = Lines()
        session = await lines.line(auth).open(silent.getsockname(), Patience(0.1, 1))
        with pytest.raises(AskError, match="no answer in time") as caught:
            await session.get([SYS_NAME])
        lines.close()
    assert caught.value.kind is FailureKind.TIMEOUT
