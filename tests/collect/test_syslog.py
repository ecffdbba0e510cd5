"""The receiver of syslog against util-linux's logger, floods, and senders that break off."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.collect.listening import KEPT, SOURCES, Inbox
from gateway.collect.syslog import SyslogListener, read_patterns, shipped_patterns
from gateway.core.errors import InputError, UnavailableError, VigieError
from gateway.core.heard import Heard
from gateway.core.log_patterns import event_of
from gateway.core.syslog import parse

needs_logger = pytest.mark.skipif(not shutil.which("logger"), reason="logger (util-linux) is not installed")
DISK = "blk_update_request: I/O error, dev sda, sector 42"


@pytest.fixture
async def ear() -> AsyncIterator[SyslogListener]:
    listener = SyslogListener(
        {"127.0.0.1": ("nas-1",)}, shipped_patterns(), FakeClock(1.7e9), host="127.0.0.1", ports=(0, 0)
    )
    listener.open()
    yield listener
    listener.close()


async def heard(ear: SyslogListener, count: int = 1) -> list[Heard]:
    lines: list[Heard] = []

    def enough() -> bool:
        lines.extend(ear.heard())
        return sum(line.count for line in lines) >= count

    await until(enough)
    return lines


async def until(said: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not said():  # noqa: ASYNC110 - the listeners are asked, they do not call
            await asyncio.sleep(0.01)


async def log(ear: SyslogListener, *words: str) -> None:
    udp, tcp = ear.ports
    port = str(tcp if "--tcp" in words else udp)
    process = await asyncio.create_subprocess_exec("logger", "-n", "127.0.0.1", "-P", port, *words)
    assert await asyncio.wait_for(process.wait(), 20) == 0


@pytest.mark.integration
@needs_logger
@pytest.mark.parametrize(
    "way",
    [
        ["--udp", "--rfc3164"],
        ["--udp", "--rfc5424"],
        ["--tcp", "--rfc3164"],
        ["--tcp", "--rfc5424"],
        ["--tcp", "--rfc5424", "--octet-count"],
    ],
    ids=" ".join,
)
async def test_logger_is_understood(ear: SyslogListener, way: list[str]) -> None:
    await log(ear, *way, "-p", "kern.err", "-t", "kernel", DISK)
    (line,) = await heard(ear)
    assert (line.device, line.event, line.hasten) == ("nas-1", "disk", True)
    assert line.text == f"kernel: {DISK}"


@pytest.mark.integration
@needs_logger
async def test_chatter_is_not_kept_and_warnings_are(ear: SyslogListener) -> None:
    await log(ear, "--udp", "-p", "user.info", "all is well")
    await log(ear, "--udp", "-p", "user.warning", "something is odd")
    (line,) = await heard(ear)
    assert (line.event, line.hasten) == ("", False)
    assert "something is odd" in line.text


async def test_storm_is_kept_up_to_the_ration_and_told_in_one_line(ear: SyslogListener) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(400):
            sender.sendto(f"<3>kernel: {DISK}".encode(), ("127.0.0.1", ear.ports[0]))
            await asyncio.sleep(0)
    lines = await heard(ear, 400)
    assert [line.event for line in lines].count("disk") == 100
    assert sum(line.count for line in lines if line.event == "storm") == 300


def test_what_finds_no_room_is_counted_by_source_and_memory_is_bounded() -> None:
    clock = FakeClock(1.7e9)
    inbox = Inbox("syslog", {"10.0.0.1": ("nas-1",)}, clock)
    for number in range(KEPT + 500):
        inbox.put(f"10.0.0.{number % 2}", f"line {number}", None)
    lines = inbox.take()
    assert [line.text for line in lines[:KEPT]] == [f"line {number}" for number in range(KEPT)]
    assert {(line.source, line.device, line.event, line.count) for line in lines[KEPT:]} == {
        ("10.0.0.0", "", "storm", 250),
        ("10.0.0.1", "nas-1", "storm", 250),
    }
    assert inbox.take() == []
    for number in range(KEPT + 5000):
        inbox.put(f"10.{number >> 8}.{number & 255}.1", "forged", None)
    assert len(inbox.take()) <= KEPT + SOURCES + 1


async def test_message_without_its_end_counts_when_the_sender_breaks_off(ear: SyslogListener) -> None:
    _, tcp = ear.ports
    _, writer = await asyncio.open_connection("127.0.0.1", tcp)
    writer.write(f"<3>kernel: {DISK}".encode())
    await writer.drain()
    writer.close()
    (line,) = await heard(ear)
    assert line.event == "disk"


async def test_two_ways_of_framing_on_one_connection(ear: SyslogListener) -> None:
    _, tcp = ear.ports
    _, writer = await asyncio.open_connection("127.0.0.1", tcp)
    message = f"<3>kernel: {DISK}".encode()
    for part in (b"%d %s" % (len(message), message), message + b"\n", b"%d " % len(message), message):
        writer.write(part)
        await writer.drain()
    assert [line.event for line in await heard(ear, 3)] == ["disk"] * 3
    writer.close()


async def test_stranger_is_heard_but_asks_for_nothing() -> None:
    ear = SyslogListener({}, shipped_patterns(), FakeClock(), host="127.0.0.1", ports=(0, None))
    ear.open()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(f"<3>kernel: {DISK}".encode(), ("127.0.0.1", ear.ports[0]))
    (line,) = await heard(ear)
    assert (line.device, line.hasten, line.source) == ("", False, "127.0.0.1")
    ear.close()


async def test_port_that_is_taken_is_told_and_nothing_stays_open(ear: SyslogListener) -> None:
    udp, tcp = ear.ports
    for ports in ((udp, None), (0, tcp)):
        second = SyslogListener({}, (), FakeClock(), host="127.0.0.1", ports=ports)
        with pytest.raises(UnavailableError, match="another program listens there"):
            second.open()
        assert second.ports == (None, None)


EXAMPLES = [
    ("disk", "<3>kernel: ata1.00: failed command: READ FPDMA QUEUED"),
    ("disk", "<27>smartd[801]: Device: /dev/sda [SAT], 8 Currently unreadable (pending) sectors"),
    ("disk", "<3>kernel: sd 2:0:0:0: [sdb] tag#0 Sense Key : Medium Error [current]"),
    ("raid", "<2>kernel: md/raid1:md0: Disk failure on sdb1, disabling device."),
    ("raid", "<12>Virtual Disk 0 on Integrated RAID Controller is degraded"),
    ("filesystem", "<2>kernel: EXT4-fs error (device sda1): ext4_lookup:1602: inode #2"),
    ("memory", "<3>kernel: Out of memory: Killed process 4242 (java) total-vm:8123456kB"),
    ("ecc", "<3>kernel: EDAC MC0: 3 CE memory read error on CPU_SrcID#0_MC#0"),
    ("power", "<187>%PLATFORM_ENV-1-PSU: Platform Power Supply 2 failed"),
    ("power", "<12>Power supply 1 has no input power, input lost"),
    ("battery", "<25>upsmon[720]: UPS eaton@localhost on battery"),
    ("fan", "<188>Fan 3 failed"),
    ("heat", "<2>kernel: CPU0: Core temperature above threshold, cpu clock throttled (total events = 1)"),
    ("link", "<187>45: *Mar  1 18:48:50.483: %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to down"),
    ("link", "<189>%LINEPROTO-5-UPDOWN: Line protocol on Interface Vlan1, changed state to up"),
    ("link", "<30>interface,info ether2 link down"),
    ("link", "<6>kernel: e1000e: eth0 NIC Link is Down"),
    ("link", "<14>00077 ports: port 12 is now off-line"),
    ("login", "<86>sshd[1011]: Failed password for root from 192.0.2.9 port 4022 ssh2"),
    ("login", "<38>sshd[1011]: Invalid user oracle from 192.0.2.9 port 4022"),
    ("login", "<134>system,error,critical login failure for user admin from 192.0.2.9 via winbox"),
    ("login", "<189>%SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: admin] [Source: 192.0.2.9]"),
    ("restart", "<189>%SYS-5-RESTART: System restarted --"),
    ("", "<30>sshd[1011]: Accepted password for root from 192.0.2.9 port 4022 ssh2"),
    ("", "<30>systemd[1]: Started Daily apt download activities."),
    ("", "<6>kernel: blk_update_request: I/O error, dev sr0, sector 0"),
    ("", "<30>CRON[12]: pam_unix(cron:session): session opened for user root"),
    ("", "<28>kernel: md0: rebuild complete, array no longer degraded"),
    ("", "<30>dhcpd: DHCPACK on 192.0.2.7 to 00:11:22:33:44:55 via eth0"),
    ("", "<6>kernel: docker0: port 1(veth12) entered disabled state, link down"),
    ("", "<28>upsd[700]: Data for UPS [eaton] is stale - check driver"),
    ("", "<30>systemd-networkd: Interface admin went administratively down"),
]


@pytest.mark.parametrize(("event", "line"), EXAMPLES, ids=[line[:60] for _, line in EXAMPLES])
def test_shipped_patterns_on_lines_of_real_programs(event: str, line: str) -> None:
    found = event_of(parse(line.encode()), shipped_patterns())
    assert (found.name if found else "") == event


PORTS = [
    ("GigabitEthernet0/1", "<187>%LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to down"),
    ("ether2", "<30>interface,info ether2 link down"),
    ("eth0", "<6>kernel: e1000e: eth0 NIC Link is Down"),
    ("eth0", "<6>kernel: eth0: Link is Down"),
    ("12", "<14>00077 ports: port 12 is now off-line"),
    ("Gi1/0/7", "<14>link up on port Gi1/0/7"),
]


@pytest.mark.parametrize(("port", "line"), PORTS, ids=[line[:40] for _, line in PORTS])
def test_line_about_a_link_names_the_port(port: str, line: str) -> None:
    found = event_of(parse(line.encode()), shipped_patterns())
    assert found is not None
    assert (found.name, found.part) == ("link", port)


def test_shipped_patterns_are_bounded_so_that_no_line_costs_much() -> None:
    for pattern in shipped_patterns():
        for expression in (*pattern.match, *pattern.unless):
            assert not re.search(r"\.[*+]|\][*+]", expression.pattern), expression.pattern


def test_own_patterns_go_before_the_shipped_ones(tmp_path: Path) -> None:
    own = tmp_path / "patterns.toml"
    own.write_text("[[pattern]]\nevent = 'till'\nmatch = ['I/O error']\n")
    found = event_of(parse(f"<3>kernel: {DISK}".encode()), read_patterns(own))
    assert found is not None
    assert found.name == "till"


def test_faults_of_own_patterns_are_told_with_their_lines(tmp_path: Path) -> None:
    own = tmp_path / "patterns.toml"
    own.write_text("[[pattern]]\nevent = 'Bad Name'\nmatch = ['(']\nsevere = 3\n")
    with pytest.raises(InputError) as raised:
        read_patterns(own)
    assert [fault.line for fault in raised.value.faults] == [2, 3, 4]
    with pytest.raises(VigieError, match="cannot be read"):
        read_patterns(tmp_path / "absent.toml")
