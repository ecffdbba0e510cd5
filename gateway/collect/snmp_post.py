"""Questions to SNMP agents over one UDP socket for all of them: sent, repeated, matched with their answers."""

from __future__ import annotations

import asyncio
import ipaddress
import random
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.collect.snmp_ask import AskError, Patience
from gateway.collect.snmp_codec import GarbledError
from gateway.core.reading import FailureKind

Where = tuple[str, int]
"""Host and port."""

Resolved = tuple[socket.AddressFamily, Where]

Message = TypeVar("Message")
Answer = TypeVar("Answer")


class SilenceError(AskError):
    """Nothing at all was heard."""

    def __init__(self, hint: str) -> None:
        super().__init__(FailureKind.TIMEOUT, f"no answer in time{hint}")


@dataclass(slots=True)
class Heard:
    """How many datagrams came from each address, and how many of them were damaged: what cannot be used is dropped,
    but silence is another failure."""

    all: Counter[str] = field(default_factory=Counter)
    damaged: Counter[str] = field(default_factory=Counter)


class _Socket(asyncio.DatagramProtocol):
    """Hands datagrams over with the address they came from."""

    def __init__(self, take: Callable[[bytes, str], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._take(data, addr[0])


@dataclass(frozen=True, slots=True)
class Question(Generic[Message, Answer]):
    """What is sent. ``accept`` makes the answer of a message with the same number; it gives None for what is no answer
    to this question, and raises GarbledError for what cannot be used: the question then waits on."""

    number: int
    octets: bytes
    accept: Callable[[Message], Answer | None]


class Post(Generic[Message]):
    """Sends datagrams and waits for the answer with the same number. One for each form of message, for all agents.

    An answer may come from another address than the one asked (agents with several): its number is what counts, and
    the numbers are not to be guessed. ``read`` gives (number, message) of a datagram or raises GarbledError.
    """

    def __init__(self, read: Callable[[bytes], tuple[int, Message]]) -> None:
        self.heard = Heard()
        self._read = read
        self._random = random.SystemRandom()
        self._waiting: dict[int, Callable[[Message], None]] = {}
        self._sockets: dict[socket.AddressFamily, asyncio.DatagramTransport] = {}

    def number(self) -> int:
        """A number for a question that no other waiting question has."""
        while True:
            chosen = self._random.randrange(1, 2**31 - 1)
            if chosen not in self._waiting:
                return chosen

    async def ask(self, where: Resolved, question: Question[Message, Answer], wait_s: float) -> Answer:
        """Sends once; the answer. Raises TimeoutError."""
        transport = await self._socket(where[0])
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def take(message: Message) -> None:
            if not answered.done() and (answer := question.accept(message)) is not None:
                answered.set_result(answer)

        self._waiting[question.number] = take
        try:
            transport.sendto(question.octets, where[1])
            async with asyncio.timeout(wait_s):
                return await answered
        finally:
            del self._waiting[question.number]

    def take(self, data: bytes, address: str) -> None:
        """One datagram off the wire."""
        self.heard.all[address] += 1
        try:
            number, message = self._read(data)
            waiting = self._waiting.get(number)
            if waiting is not None:
                waiting(message)
        except GarbledError:
            self.heard.damaged[address] += 1

    def close(self) -> None:
        """Ends the sockets."""
        for transport in self._sockets.values():
            transport.close()
        self._sockets.clear()

    async def _socket(self, family: socket.AddressFamily) -> asyncio.DatagramTransport:
        known = self._sockets.get(family)
        if known is None:
            local = ("::" if family == socket.AF_INET6 else "0.0.0.0", 0)  # noqa: S104 - answers come by any way
            known, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Socket(self.take), local_addr=local, family=family
            )
            if (raced := self._sockets.get(family)) is not None:
                known.close()
                return raced
            self._sockets[family] = known
        return known


async def resolved(where: Where) -> Resolved:
    """(family, address and port) of a host. Raises AskError if its name is not known."""
    host, port = where
    try:
        numeric = ipaddress.ip_address(host)
    except ValueError:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise AskError(FailureKind.TIMEOUT, f"the name {host} is not known ({error})") from None
        return found[0][0], (str(found[0][4][0]), port)
    return (socket.AF_INET6 if numeric.version == 6 else socket.AF_INET), where


@dataclass(frozen=True, slots=True)
class Wire(Generic[Message]):
    """The way to one agent: each question goes out at most ``retries`` + 1 times."""

    post: Post[Message]
    where: Resolved
    patience: Patience

    async def ask(self, question: Question[Message, Answer], hint: str = "") -> Answer:
        """The answer. Raises AskError: SilenceError with the ``hint`` if nothing at all was heard."""
        host, heard = self.where[1][0], self.post.heard
        all_before, damaged_before = heard.all[host], heard.damaged[host]
        for _attempt in range(self.patience.retries + 1):
            try:
                return await self.post.ask(self.where, question, self.patience.wait_s)
            except TimeoutError:
                continue
        if damaged := heard.damaged[host] - damaged_before:
            raise AskError(FailureKind.GARBLED, f"{damaged} damaged answers")
        if late := heard.all[host] - all_before:
            raise AskError(FailureKind.TIMEOUT, f"{late} answers came too late or to other questions")
        raise SilenceError(hint)


class _Refusal(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.refused = asyncio.Event()

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, ConnectionRefusedError):
            self.refused.set()


async def refuses(host: str, port: int, wait_s: float = 0.3) -> bool:
    """True if the host says by ICMP that nothing listens there: only a connected socket is told."""
    try:
        transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            _Refusal, remote_addr=(host, port)
        )
    except OSError:
        return False
    try:
        transport.sendto(b"\x30\x00")
        await asyncio.wait_for(protocol.refused.wait(), wait_s)
    except TimeoutError:
        return False
    finally:
        transport.close()
    return True
