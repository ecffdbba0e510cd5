"""What hosts tell by mDNS, and packets that are none."""

from __future__ import annotations

import asyncio
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.collect import mdns


def name(text: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".")) + b"\0"


def record(owner: bytes, data: bytes) -> bytes:
    return owner + struct.pack("!HHIH", 12, 0x8001, 10, len(data)) + data


def test_services_and_name_of_a_host_with_compressed_names() -> None:
    services = name("_services._dns-sd._udp.local")
    packet = struct.pack("!6H", 0, 0x8400, 0, 3, 0, 0)
    packet += record(services, name("_ipp._tcp.local"))
    packet += record(b"\xc0\x0c", name("_http._tcp.local"))
    packet += record(name("9.0.0.127.in-addr.arpa"), name("imprimante.local"))
    assert mdns.answers(packet) == (("_ipp._tcp", "_http._tcp"), "imprimante")


def test_the_question_asks_for_services_and_for_the_name() -> None:
    asked = mdns.question("10.0.0.5")
    assert name("_services._dns-sd._udp.local") in asked
    assert name("5.0.0.10.in-addr.arpa") in asked


@settings(derandomize=True, max_examples=300)
@given(
    st.binary(max_size=80).map(lambda tail: struct.pack("!6H", 0, 0x8400, 1, 3, 0, 0) + tail) | st.binary(max_size=40)
)
def test_any_packet_ends_in_names_or_none(packet: bytes) -> None:
    services, host = mdns.answers(packet)
    assert all(char.isprintable() for char in "".join(services) + host)


async def test_host_that_answers_mdns_is_heard_and_a_silent_one_is_not() -> None:
    class Responder(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            answer = struct.pack("!6H", 0, 0x8400, 0, 1, 0, 0)
            answer += record(name("_services._dns-sd._udp.local"), name("_ipp._tcp.local"))
            self.transport.sendto(answer, addr)  # type: ignore[attr-defined]

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Responder, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    assert await mdns.ask("127.0.0.1", port) == (("_ipp._tcp",), "")
    transport.close()
    assert await mdns.ask("127.0.0.1", port) == ((), "")
