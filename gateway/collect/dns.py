"""One DNS question over UDP (RFC 1035): does this server resolve this name?"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import struct
from pathlib import Path

from gateway.collect.asking import Answer, NoAnswerError, asking, resolve
from gateway.core.reading import Failure, FailureKind

PORT = 53
_HEADER = struct.Struct("!6H")
_TYPE_A, _TYPE_AAAA, _CLASS_IN = 1, 28, 1
_RCODES = {1: "format error", 2: "server failure", 3: "the name does not exist", 4: "not implemented", 5: "refused"}


async def ask(target: str, port: int, expect: str, timeout_s: float) -> Answer:
    """Resolves ``name@server`` (``name`` alone: the server of /etc/resolv.conf). ``expect`` is an address that must be
    among the answers. Raises NoAnswerError."""
    name, _, server = target.partition("@")
    what = f"dns {target}"
    server = server or system_server()
    loop = asyncio.get_running_loop()
    began = loop.time()
    identifier = secrets.randbelow(1 << 16)
    async with asking(what, timeout_s):
        packet = question(identifier, name)
        _, address = await resolve(server)
        addresses = await _exchange((address, port), packet, identifier, what)
    if not addresses:
        raise NoAnswerError(Failure(FailureKind.GARBLED, what, "the name has no address"))
    if expect and expect not in addresses:
        raise NoAnswerError(Failure(FailureKind.GARBLED, what, f"answers {', '.join(addresses)}, expected {expect}"))
    return Answer(loop.time() - began)


def system_server(resolv_conf: Path = Path("/etc/resolv.conf")) -> str:
    """The first name server of this machine; 127.0.0.1 if none is named, as the C library does."""
    try:
        lines = resolv_conf.read_text().splitlines()
    except OSError:
        lines = []
    return next((line.split()[1] for line in lines if line.startswith("nameserver ")), "127.0.0.1")


def question(identifier: int, name: str) -> bytes:
    """A recursive question for the A records of a name."""
    labels = name.rstrip(".").encode("idna").split(b".")
    encoded = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return _HEADER.pack(identifier, 0x0100, 1, 0, 0, 0) + encoded + struct.pack("!2H", _TYPE_A, _CLASS_IN)


def addresses_of(packet: bytes, what: str) -> tuple[str, ...]:
    """The addresses in an answer. Raises NoAnswerError for an error code or a packet that is no answer."""
    try:
        _, flags, questions, answers, _, _ = _HEADER.unpack_from(packet)
        if not flags & 0x8000:
            raise ValueError
        if code := flags & 0x0F:
            kind = FailureKind.GARBLED if code == 3 else FailureKind.REFUSED
            raise NoAnswerError(Failure(kind, what, _RCODES.get(code, f"error {code}")))
        at = _HEADER.size
        for _ in range(questions):
            at = _skip_name(packet, at) + 4
        found = []
        for _ in range(answers):
            at = _skip_name(packet, at)
            kind_, _, _, length = struct.unpack_from("!HHIH", packet, at)
            at += 10
            data = packet[at : at + length]
            if kind_ in (_TYPE_A, _TYPE_AAAA):
                found.append(str(ipaddress.ip_address(data)))
            at += length
    except (struct.error, IndexError, ValueError) as error:
        raise NoAnswerError(Failure(FailureKind.GARBLED, what, "the answer is not DNS")) from error
    return tuple(found)


def _skip_name(packet: bytes, at: int) -> int:
    while length := packet[at]:
        if length & 0xC0 == 0xC0:  # a pointer ends the name
            return at + 2
        at += length + 1
    return at + 1


class _Exchange(asyncio.DatagramProtocol):
    def __init__(self, identifier: int) -> None:
        self.identifier = identifier
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: object) -> None:
        # a late or forged answer to another question is passed over
        if data[:2] == struct.pack("!H", self.identifier) and not self.answer.done():
            self.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _exchange(server: tuple[str, int], packet: bytes, identifier: int, what: str) -> tuple[str, ...]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: _Exchange(identifier), remote_addr=server)
    try:
        transport.sendto(packet)
        return addresses_of(await protocol.answer, what)
    finally:
        transport.close()
