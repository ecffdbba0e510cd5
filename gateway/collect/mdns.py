"""Asks one host by mDNS (RFC 6762, unicast) what it is called and which services it offers."""

from __future__ import annotations

import asyncio
import ipaddress
import struct

PORT = 5353
_HEADER = struct.Struct("!6H")
PTR, _IN = 12, 1
_SERVICES = "_services._dns-sd._udp.local"
_WAIT_S = 0.6
_LONGEST_NAME = 255


def question(address: str) -> bytes:
    """What are your services, and what is the name of your address?"""
    names = (_SERVICES, ipaddress.ip_address(address).reverse_pointer)
    asked = b"".join(encoded(name) + struct.pack("!2H", PTR, _IN) for name in names)
    return _HEADER.pack(0, 0, len(names), 0, 0, 0) + asked


def answers(packet: bytes) -> tuple[tuple[str, ...], str]:
    """(services, host name) in an answer; nothing of a packet that is no DNS."""
    services: dict[str, None] = {}
    host = ""
    try:
        _, flags, questions, records, *_ = _HEADER.unpack_from(packet)
        if not flags & 0x8000:
            return (), ""
        at = _HEADER.size
        for _ in range(questions):
            _, at = _name(packet, at)
            at += 4
        for _ in range(records):
            owner, at = _name(packet, at)
            kind, _, _, length = struct.unpack_from("!HHIH", packet, at)
            at += 10
            if kind == PTR:
                target, _ = _name(packet, at)
                if owner.lower() == _SERVICES:
                    services[target.lower().removesuffix(".local")] = None
                elif owner.lower().endswith(".arpa"):
                    host = target.removesuffix(".local")
            at += length
    except (struct.error, IndexError):
        pass  # what came before the damage stands
    return tuple(services), host


def encoded(name: str) -> bytes:
    """A name as it stands in a packet."""
    return b"".join(bytes([len(label)]) + label for label in name.encode().split(b".")) + b"\0"


def _name(packet: bytes, at: int) -> tuple[str, int]:
    """The name at a position and where the next field begins. Raises IndexError for a loop or an end too early."""
    labels: list[str] = []
    end = -1
    while length := packet[at]:
        if length & 0xC0 == 0xC0:
            end = at + 2 if end < 0 else end
            target = (length & 0x3F) << 8 | packet[at + 1]
            if target >= at:  # names may only point back
                raise IndexError
            at = target
            continue
        label = packet[at + 1 : at + 1 + length]
        labels.append("".join(char for char in label.decode("utf-8", "replace") if char.isprintable()))
        at += length + 1
        if sum(map(len, labels)) > _LONGEST_NAME:
            raise IndexError
    return ".".join(labels), at + 1 if end < 0 else end


class _Exchange(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: object) -> None:
        if not self.answer.done():
            self.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def ask(address: str, port: int = PORT) -> tuple[tuple[str, ...], str]:
    """(services, host name) of a host; nothing if it does not answer."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_WAIT_S):
            transport, exchange = await loop.create_datagram_endpoint(_Exchange, remote_addr=(address, port))
            try:
                transport.sendto(question(address))
                return answers(await exchange.answer)
            finally:
                transport.close()
    except (OSError, TimeoutError):
        return (), ""
