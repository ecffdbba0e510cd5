"""ICMP echo by icmplib, without blocking the loop."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Protocol

from gateway.collect.asking import Answer, NoAnswerError, asking, resolve
from gateway.core.errors import VigieError
from gateway.core.reading import Failure, FailureKind

_INTERVAL_S = 0.05


class ForbiddenError(VigieError):
    """This process may not send ICMP at all."""

    def __init__(self) -> None:
        super().__init__(
            "this process may not send ICMP echo requests",
            remedy="give it CAP_NET_RAW, or put its group into the sysctl net.ipv4.ping_group_range",
        )


class Pinger(Protocol):
    """Sends ICMP echo requests to a host."""

    async def ask(self, host: str) -> Answer:
        """Raises NoAnswerError if nothing came back, ForbiddenError if this process may not send them."""
        ...


class FakeEcho:
    """ICMP without a network: always the same outcome; ``asked`` are the hosts so far."""

    def __init__(self, outcome: Answer | Exception) -> None:
        self.outcome = outcome
        self.asked: list[str] = []

    async def ask(self, host: str) -> Answer:
        """The outcome, returned or raised."""
        self.asked.append(host)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


@dataclass(frozen=True, slots=True)
class Echo:
    """Sends ``count`` echo requests one after the other, each waiting at most ``timeout_s`` for its reply."""

    count: int = 3
    timeout_s: float = 1.0

    async def ask(self, host: str) -> Answer:
        """Mean round trip and share lost. Raises NoAnswerError if nothing came back, ForbiddenError if ICMP is not
        allowed here: unprivileged sockets are tried first, raw ones after them."""
        what = f"ping {host}"
        async with asking(what, self.timeout_s * self.count + 5):
            family, address = await resolve(host, socket.SOCK_DGRAM)
            return await self._exchange(what, family, address)

    async def _exchange(self, what: str, family: socket.AddressFamily, address: str) -> Answer:
        from icmplib import AsyncSocket
        from icmplib.exceptions import ICMPLibError
        from icmplib.models import ICMPRequest
        from icmplib.utils import unique_identifier

        loop = asyncio.get_running_loop()
        identifier = unique_identifier()
        times: list[float] = []
        why = f"no answer within {self.timeout_s:g} s"
        with AsyncSocket(_socket(family)) as wire:
            for sequence in range(self.count):
                if sequence:
                    await asyncio.sleep(_INTERVAL_S)
                began = loop.time()  # icmplib's own times are of the wall clock, which may step
                try:
                    request = ICMPRequest(destination=address, id=identifier, sequence=sequence)
                    wire.send(request)
                    reply = await wire.receive(request, self.timeout_s)
                    reply.raise_for_status()
                except ICMPLibError as error:
                    why = _reason(error) or why
                else:
                    times.append(loop.time() - began)
        if not times:
            raise NoAnswerError(Failure(FailureKind.TIMEOUT, what, why), requests=self.count)
        return Answer(sum(times) / len(times), loss=1 - len(times) / self.count, requests=self.count)


def _socket(family: socket.AddressFamily) -> object:
    from icmplib.exceptions import SocketPermissionError
    from icmplib.sockets import ICMPv4Socket, ICMPv6Socket

    kind = ICMPv6Socket if family == socket.AF_INET6 else ICMPv4Socket
    for privileged in (False, True):
        try:
            return kind(None, privileged)
        except SocketPermissionError:
            continue
    raise ForbiddenError


def _reason(error: Exception) -> str:
    """What a router or the kernel said; "" for a plain silence."""
    from icmplib.exceptions import TimeoutExceeded

    return "" if isinstance(error, TimeoutExceeded) else str(error).partition("] ")[2].lower() or str(error).lower()
