"""Names of hosts: from the site's own name server and from the machine itself, and from nobody else."""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.collect import host_names, mdns

SITE = [ipaddress.IPv4Network("192.168.1.0/24"), ipaddress.IPv4Network("10.0.0.0/16")]
PTR_NAME = mdns.encoded("9.0.0.127.in-addr.arpa")


def ptr_answer(asked: bytes) -> bytes:
    target = mdns.encoded("srv-erp.depot.lan")
    record = b"\xc0\x0c" + struct.pack("!HHIH", 12, 1, 60, len(target)) + target
    return asked[:2] + struct.pack("!5H", 0x8580, 1, 1, 0, 0) + asked[12:] + record


def node_status(asked: bytes, *names: tuple[bytes, int, int]) -> bytes:
    rows = b"".join(struct.pack("!15sBH", name.ljust(15), suffix, bits) for name, suffix, bits in names)
    head = asked[:2] + struct.pack("!5H", 0x8400, 0, 1, 0, 0) + asked[12:46]
    return head + struct.pack("!HHIH", 0x21, 1, 0, len(rows) + 47) + bytes([len(names)]) + rows + bytes(46)


@asynccontextmanager
async def server(answer: Callable[[bytes], bytes]) -> AsyncIterator[int]:
    class Responder(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            self.transport.sendto(b"\xff" + answer(data)[1:], addr)  # type: ignore[attr-defined]
            self.transport.sendto(answer(data), addr)  # type: ignore[attr-defined]

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Responder, local_addr=("127.0.0.1", 0))
    yield transport.get_extra_info("sockname")[1]
    transport.close()


async def test_name_server_is_asked_for_the_name_of_an_address() -> None:
    async with server(ptr_answer) as port:
        assert await host_names.reverse("127.0.0.9", ("127.0.0.1", port)) == "srv-erp.depot.lan"
    assert await host_names.reverse("127.0.0.9", ("127.0.0.1", port)) == ""


async def test_windows_machine_tells_its_own_name_and_not_that_of_its_domain() -> None:
    def answer(asked: bytes) -> bytes:
        return node_status(asked, (b"DEPOT", 0x00, 0x8400), (b"CAISSE-2", 0x00, 0x0400), (b"CAISSE-2", 0x20, 0x0400))

    async with server(answer) as port:
        assert await host_names.netbios("127.0.0.1", port) == "CAISSE-2"


def test_the_questions_are_what_the_rfcs_say() -> None:
    assert host_names.ptr_question(7, "127.0.0.9")[12:] == PTR_NAME + b"\0\x0c\0\x01"
    asked = host_names.netbios_question(7)
    assert (len(asked), asked[12:14], asked[-4:]) == (50, b"\x20C", b"\0\x21\0\x01")


@settings(derandomize=True, max_examples=300)
@given(st.binary(max_size=120).map(lambda tail: struct.pack("!6H", 7, 0x8400, 0, 1, 0, 0) + tail) | st.binary())
def test_any_packet_ends_in_a_name_or_none(packet: bytes) -> None:
    assert host_names.netbios_name(packet).isprintable()


def test_only_servers_within_the_sites_networks_are_asked(tmp_path: Path) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("search lan\nnameserver 8.8.8.8\nnameserver 192.168.1.2\nnameserver ::1\nnameserver\n")
    assert host_names.name_servers(SITE, "192.168.1.1", conf) == ["192.168.1.2", "192.168.1.1"]
    assert host_names.name_servers(SITE, "41.96.0.1", tmp_path / "absent") == []


@pytest.mark.parametrize(
    ("found", "asked"), [("", ["turn", "10.0.0.2", "turn", "itself"]), ("x", ["turn", "10.0.0.2"])]
)
async def test_the_machine_itself_is_asked_only_where_no_server_knows_it(
    monkeypatch: pytest.MonkeyPatch, found: str, asked: list[str]
) -> None:
    order = list[str]()

    async def reverse(_address: str, where: tuple[str, int]) -> str:
        order.append(where[0])
        return found

    async def netbios(_address: str) -> str:
        order.append("itself")
        return "PC"

    async def turn() -> None:
        order.append("turn")

    monkeypatch.setattr(host_names, "reverse", reverse)
    monkeypatch.setattr(host_names, "netbios", netbios)
    assert await host_names.asker(["10.0.0.2"])("10.0.0.9", turn) == (found or "PC")
    assert order == asked
