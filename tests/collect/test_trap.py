"""The receiver of notifications against net-snmp's own senders, and against what no sender should send."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.collect.snmp import SnmpAuth
from gateway.collect.trap import TrapListener
from gateway.core.errors import UnavailableError
from gateway.core.heard import Heard

AUTH, PRIV = "secret of the user", "another long secret"
V3 = SnmpAuth("3", user="vigie", auth=AUTH, priv=PRIV, auth_protocol="SHA256", priv_protocol="AES")
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"
ENGINE = "0x80001f8880aabbccdd11223344"

needs_snmptrap = pytest.mark.skipif(not shutil.which("snmptrap"), reason="net-snmp's snmptrap is not installed")


@pytest.fixture
async def ear() -> AsyncIterator[TrapListener]:
    credentials = [SnmpAuth("2c", "lecture"), V3]
    listener = TrapListener({"127.0.0.1": ("sw-1",)}, credentials, FakeClock(1.7e9), bind=("127.0.0.1", 0))
    listener.open()
    yield listener
    listener.close()


async def until(said: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not said():  # noqa: ASYNC110 - the listeners are asked, they do not call
            await asyncio.sleep(0.01)


async def send(ear: TrapListener, tmp_path: Path, *words: str) -> int:
    """Runs snmptrap (or snmpinform by ``-Ci``); its exit code tells whether an inform was confirmed."""
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(tmp_path), "MIBS": ""}
    at = words.index("@")
    command = ["snmptrap", *words[:at], f"127.0.0.1:{ear.port}", *words[at + 1 :]]
    process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.DEVNULL)
    return await asyncio.wait_for(process.wait(), 20)


async def heard(ear: TrapListener) -> Heard:
    lines: list[Heard] = []
    await until(lambda: bool(lines.extend(ear.heard()) or lines))
    (line,) = lines
    return line


def v3_options(auth: str = AUTH, engine: str = ENGINE) -> list[str]:
    user = ["-v3", "-e", engine, "-l", "authPriv", "-u", "vigie"]
    return [*user, "-a", "SHA-256", "-A", auth, "-x", "AES", "-X", PRIV]


@pytest.mark.integration
@needs_snmptrap
class TestRealSenders:
    async def test_v1_trap_is_heard_as_the_event_it_stands_for(self, ear: TrapListener, tmp_path: Path) -> None:
        ifindex = ["1.3.6.1.2.1.2.2.1.1.3", "i", "3"]
        await send(ear, tmp_path, "-v1", "-c", "lecture", "@", "1.3.6.1.4.1.9", "127.0.0.1", "2", "0", "", *ifindex)
        line = await heard(ear)
        assert (line.device, line.event, line.channel, line.hasten) == ("sw-1", "linkDown", "trap", True)
        assert "1.3.6.1.2.1.2.2.1.1.3=3" in line.text
        assert "lecture" not in line.text

    async def test_v1_trap_of_a_vendor_is_named_by_its_oid(self, ear: TrapListener, tmp_path: Path) -> None:
        await send(ear, tmp_path, "-v1", "-c", "lecture", "@", "1.3.6.1.4.1.318", "127.0.0.1", "6", "5", "")
        assert (await heard(ear)).event == "upsOnBattery"

    async def test_v2c_trap_is_heard(self, ear: TrapListener, tmp_path: Path) -> None:
        await send(ear, tmp_path, "-v2c", "-c", "lecture", "@", "", LINK_DOWN)
        assert (await heard(ear)).event == "linkDown"

    async def test_v2c_inform_is_confirmed(self, ear: TrapListener, tmp_path: Path) -> None:
        assert await send(ear, tmp_path, "-v2c", "-Ci", "-r1", "-c", "lecture", "@", "", LINK_DOWN) == 0
        assert (await heard(ear)).event == "linkDown"

    async def test_engine_of_a_known_device_is_learnt_from_its_first_v3_trap(
        self, ear: TrapListener, tmp_path: Path
    ) -> None:
        await send(ear, tmp_path, *v3_options(), "@", "", LINK_DOWN)
        assert (await heard(ear)).event == "linkDown"

    async def test_card_that_was_replaced_is_heard_with_its_new_engine(self, ear: TrapListener, tmp_path: Path) -> None:
        for engine in (ENGINE, "0x80001f8880ffeeddcc55667788"):
            await send(ear, tmp_path, *v3_options(engine=engine), "@", "", LINK_DOWN)
            assert (await heard(ear)).event == "linkDown"

    @pytest.mark.parametrize(
        ("auth", "priv"),
        [
            *[("SHA", "AES"), ("SHA-512", "AES"), ("MD5", "DES"), ("SHA-224", "")],
            *[("SHA", "AES-256"), ("SHA", "AES-256-C"), ("MD5", "AES-192"), ("MD5", "AES-192-C")],
        ],
    )
    async def test_users_of_other_protocols_and_levels_are_heard(self, tmp_path: Path, auth: str, priv: str) -> None:
        user = SnmpAuth(
            "3",
            user="vigie",
            auth=AUTH,
            priv=PRIV if priv else "",
            auth_protocol=auth.replace("-", ""),
            priv_protocol=priv.replace("-", "") or "AES",
        )
        ear = TrapListener({"127.0.0.1": ("sw-1",)}, [user], FakeClock(1.7e9), bind=("127.0.0.1", 0))
        ear.open()
        words = ["-v3", "-e", ENGINE, "-u", "vigie", "-a", auth, "-A", AUTH, "-l", "authPriv" if priv else "authNoPriv"]
        await send(ear, tmp_path, *words, *(["-x", priv, "-X", PRIV] if priv else []), "@", "", LINK_DOWN)
        assert (await heard(ear)).event == "linkDown"
        ear.close()

    async def test_engine_of_a_stranger_is_not_learnt(self, tmp_path: Path) -> None:
        ear = TrapListener({}, [V3], FakeClock(1.7e9), bind=("127.0.0.1", 0))
        ear.open()
        await send(ear, tmp_path, *v3_options(), "@", "", LINK_DOWN)
        line = await heard(ear)
        assert (line.event, line.device, line.hasten) == ("refused", "", False)
        ear.close()

    async def test_v3_inform_is_confirmed(self, ear: TrapListener, tmp_path: Path) -> None:
        options = [one for one in v3_options() if one not in ("-e", ENGINE)]
        assert await send(ear, tmp_path, "-Ci", "-r1", *options, "@", "", LINK_DOWN) == 0
        assert (await heard(ear)).event == "linkDown"
        assert ear.heard() == []

    @pytest.mark.parametrize(
        "options",
        [
            ["-v2c", "-c", "wrong"],
            v3_options(auth="not the password"),
            ["-v3", "-e", ENGINE, "-l", "noAuthNoPriv", "-u", "vigie"],
            ["-v3", "-e", ENGINE, "-l", "authNoPriv", "-u", "vigie", "-a", "SHA-256", "-A", AUTH],
            ["-v3", "-e", ENGINE, "-l", "noAuthNoPriv", "-u", "stranger"],
        ],
        ids=["community", "password", "unauthenticated", "in clear", "user"],
    )
    async def test_what_does_not_prove_itself_is_told_as_refused_and_hastens_nobody(
        self, ear: TrapListener, tmp_path: Path, options: list[str]
    ) -> None:
        await send(ear, tmp_path, *options, "@", "", LINK_DOWN)
        line = await heard(ear)
        assert (line.event, line.count, line.hasten) == ("refused", 1, False)


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    assert len(content) < 128
    return bytes([tag, len(content)]) + content


UP_TIME, TRAP_OID = bytes.fromhex("2b06010201010300"), bytes.fromhex("2b060106030101040100")
COLD_START = bytes.fromhex("2b0601060301010501")
TRAP = tlv(
    0x30,
    tlv(0x02, b"\1"),
    tlv(0x04, b"lecture"),
    tlv(
        0xA7,
        *[tlv(0x02, b"\0")] * 3,
        tlv(
            0x30,
            tlv(0x30, tlv(0x06, UP_TIME), tlv(0x43, b"\1")),
            tlv(0x30, tlv(0x06, TRAP_OID), tlv(0x06, COLD_START)),
        ),
    ),
)


async def test_storm_is_heard_up_to_the_ration_and_told_in_one_line(ear: TrapListener) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(300):
            sender.sendto(TRAP, ("127.0.0.1", ear.port))
            await asyncio.sleep(0)
    lines: list[Heard] = []
    await until(lambda: bool(lines.extend(ear.heard()) or sum(line.count for line in lines) >= 300))
    assert [line.event for line in lines].count("coldStart") == 100
    assert sum(line.count for line in lines if line.event == "storm") == 200


@pytest.mark.parametrize(
    "datagram",
    [b"", b"\0" * 40, b"\x30\x82\xff\xff", b"\x30\x03\x02\x01\x03", b"\x30\x05\x02\x01\x01\x04\x84", os.urandom(900)],
    ids=["empty", "zeros", "cut", "v3 without more", "length that lies", "noise"],
)
async def test_garbage_is_told_as_refused(ear: TrapListener, datagram: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(datagram, ("127.0.0.1", ear.port))
    line = await heard(ear)
    assert (line.event, line.count, line.device) == ("refused", 1, "sw-1")
    assert "wrong community, user or password" in line.text


async def test_port_that_is_taken_is_told_with_a_remedy(ear: TrapListener) -> None:
    second = TrapListener({}, [], FakeClock(), bind=("127.0.0.1", ear.port))
    with pytest.raises(UnavailableError, match=r"another program listens there.*\[traps\] port"):
        second.open()
