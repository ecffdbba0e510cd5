"""Devices and services asked whether they answer: every way of answering and of failing, on loopback sockets."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway.clock import FakeClock
from gateway.collect.asking import Answer, NoAnswerError
from gateway.collect.echo import Echo, FakeEcho, ForbiddenError
from gateway.collect.reach import Reach
from gateway.core.device import Device, Service, ServiceCheck
from gateway.core.reading import Failure, FailureKind, Poll

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HOST = "127.0.0.1"


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    """A TCP server on a free port."""
    server = await asyncio.start_server(handler, HOST, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def saying(raw: bytes, *, seen: list[bytes] | None = None) -> Handler:
    """A server that reads one request and says always the same."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if seen is not None:
            seen.append(request)
        writer.write(raw)
        await writer.drain()
        writer.close()

    return handle


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that never answers."""
    await reader.read()
    writer.close()


def page(status: str, body: bytes = b"", *headers: str) -> bytes:
    """An HTTP response."""
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""])
    return head.encode() + body


async def check(kind: str, target: str, **other: object) -> Poll:
    """Asks a service once."""
    service = Service("erp", "ERP", check=ServiceCheck(kind, target, **other))  # type: ignore[arg-type]
    return await Reach(FakeClock(), echo=FakeEcho(Answer(0.0021, loss=0.0))).check(service)


def value(poll: Poll, metric: str) -> float | str | None:
    """The value of a metric in a poll."""
    return next((reading.value for reading in poll.readings if reading.metric == metric), None)


def reason(poll: Poll) -> tuple[str, str]:
    """Kind and detail of the first failure beside the readings."""
    assert poll.failure is None
    assert value(poll, "reach.up") == 0
    return poll.partial[0].kind, poll.partial[0].detail


async def test_a_page_that_answers_is_up_and_timed() -> None:
    seen: list[bytes] = []
    async with listening(saying(page("200 OK", "Bienvenue à l'entrepôt".encode()), seen=seen)) as port:
        poll = await check("http", f"http://{HOST}:{port}/erp?x=1", expect="à l'entrepôt")
    assert value(poll, "reach.up") == 1
    assert isinstance(value(poll, "reach.duration"), float)
    assert poll.partial == ()
    assert {reading.device for reading in poll.readings} == {"erp"}
    assert seen[0].startswith(f"GET /erp?x=1 HTTP/1.1\r\nHost: {HOST}:{port}\r\n".encode())


@pytest.mark.parametrize(
    ("raw", "expect", "kind", "detail"),
    [
        (page("503 Service Unavailable"), "", "refused", "HTTP 503"),
        (page("404 Not Found"), "", "refused", "HTTP 404"),
        (page("401 Unauthorized"), "", "unauthorised", "HTTP 401"),
        (page("200 OK", b"Fatal error"), "Connexion", "garbled", 'HTTP 200, but the page does not hold "Connexion"'),
        (page("200 OK"), "401", "refused", "HTTP 200, expected 401"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "", "garbled", "the answer is not HTTP"),
        (b"", "", "garbled", "the connection was cut off"),
    ],
)
async def test_a_page_that_is_not_as_hoped_says_why(raw: bytes, expect: str, kind: str, detail: str) -> None:
    async with listening(saying(raw)) as port:
        poll = await check("http", f"http://{HOST}:{port}/", expect=expect)
    assert reason(poll) == (kind, detail)


@pytest.mark.parametrize(
    ("raw", "expect"),
    [
        (page("401 Unauthorized"), "401"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nConne\r\n4\r\nxion\r\n0\r\n\r\n", "Connexion"),
        (b"HTTP/1.0 200 OK\r\n\r\nConnexion", "Connexion"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nConnexion, cut short", "Connexion"),
        (page("200 OK", "Été".encode("latin-1"), "Content-Type: text/html; charset=latin-1"), "Été"),
        (page("200 OK", b"x", "Content-Type: text/html; charset=no-such"), "x"),
    ],
)
async def test_what_is_expected_is_found_however_the_page_is_sent(raw: bytes, expect: str) -> None:
    async with listening(saying(raw)) as port:
        poll = await check("http", f"http://{HOST}:{port}/", expect=expect)
    assert value(poll, "reach.up") == 1


async def test_a_server_that_keeps_the_connection_open_is_not_waited_for() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(page("200 OK", b"ready"))
        await reader.read()
        writer.close()

    async with listening(handle) as port:
        poll = await check("http", f"http://{HOST}:{port}/", expect="ready", timeout_s=5)
    assert value(poll, "reach.up") == 1


async def test_a_redirect_is_followed_on_the_same_host_only() -> None:
    async with listening(saying(page("200 OK", b"Connexion"))) as inner:
        here = page("302 Found", b"", f"Location: http://{HOST}:{inner}/login")
        away = page("302 Found", b"", f"Location: http://localhost:{inner}/login")
        async with listening(saying(here)) as near, listening(saying(away)) as far:
            followed = await check("http", f"http://{HOST}:{near}/", expect="Connexion")
            left = await check("http", f"http://{HOST}:{far}/", expect="Connexion")
    assert value(followed, "reach.up") == 1
    assert followed.requests == 2
    assert reason(left)[1] == 'HTTP 302, but the page does not hold "Connexion"'


async def test_a_redirect_in_a_circle_ends() -> None:
    async with listening(saying(page("302 Found", b"", "Location: /"))) as port:
        poll = await check("http", f"http://{HOST}:{port}/", expect="200")
    assert reason(poll)[1] == "HTTP 302, expected 200"


async def test_a_silent_server_is_a_timeout() -> None:
    async with listening(silence) as port:
        poll = await check("http", f"http://{HOST}:{port}/", timeout_s=0.05)
    assert reason(poll) == ("timeout", "no answer within 0.05 s")


async def test_an_open_port_is_up_and_a_closed_one_refuses() -> None:
    async with listening(silence) as port:
        up = await check("tcp", HOST, port=port)
    down = await check("tcp", HOST, port=port)
    assert value(up, "reach.up") == 1
    assert reason(down) == ("refused", "connection refused")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "no..name", "x" * 70])
async def test_a_host_whose_name_does_not_exist_is_down_for_its_users(host: str) -> None:
    assert reason(await check("tcp", host, port=80)) == ("refused", "the name cannot be resolved")


async def test_a_path_with_blanks_and_accents_is_escaped_once() -> None:
    seen: list[bytes] = []
    async with listening(saying(page("200 OK"), seen=seen)) as port:
        await check("http", f"http://{HOST}:{port}/état du%20stock?q=é")
    assert seen[0].startswith(b"GET /%C3%A9tat%20du%20stock?q=%C3%A9 HTTP/1.1")


# DNS


class Server(asyncio.DatagramProtocol):
    """A name server that answers always the same."""

    def __init__(self, code: int, *addresses: bytes, raw: bytes | None = None) -> None:
        self.code, self.addresses, self.raw = code, addresses, raw

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.raw is not None:
            self.transport.sendto(data[:2] + self.raw, addr)
            return
        self.transport.sendto(b"\xff\xff forged: another question's answer", addr)
        head = struct.pack("!2s5H", data[:2], 0x8180 | self.code, 1, len(self.addresses), 0, 0)
        rows = [struct.pack("!HHHIH", 0xC00C, 1 if len(a) == 4 else 28, 1, 60, len(a)) + a for a in self.addresses]
        self.transport.sendto(head + data[12:] + b"".join(rows), addr)


async def resolve(server: Server, expect: str = "") -> Poll:
    """Asks a name server for a name."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, local_addr=(HOST, 0))
    try:
        port = transport.get_extra_info("sockname")[1]
        return await check("dns", f"erp.example@{HOST}", port=port, expect=expect, timeout_s=2)
    finally:
        transport.close()


async def test_a_name_server_that_resolves_is_up() -> None:
    poll = await resolve(Server(0, bytes([192, 0, 2, 7]), bytes(15) + b"\x01"), expect="192.0.2.7")
    assert value(poll, "reach.up") == 1


@pytest.mark.parametrize(
    ("server", "expect", "kind", "detail"),
    [
        (Server(3), "", "garbled", "the name does not exist"),
        (Server(5), "", "refused", "refused"),
        (Server(2), "", "refused", "server failure"),
        (Server(0), "", "garbled", "the name has no address"),
        (Server(0, bytes([192, 0, 2, 8])), "192.0.2.7", "garbled", "answers 192.0.2.8, expected 192.0.2.7"),
        (Server(0, raw=b"\x81\x80\x00"), "", "garbled", "the answer is not DNS"),
        (Server(0, raw=b"\x01\x00" + bytes(20)), "", "garbled", "the answer is not DNS"),
    ],
)
async def test_a_name_that_is_not_resolved_says_why(server: Server, expect: str, kind: str, detail: str) -> None:
    assert reason(await resolve(server, expect)) == (kind, detail)


# devices


async def ask(outcome: Answer | Exception, **known: object) -> Poll:
    """Polls a device whose ICMP has the given outcome."""
    device = Device("srv", "srv", **{"address": HOST, **known})  # type: ignore[arg-type]
    return await Reach(FakeClock(), echo=FakeEcho(outcome)).poll(device)


async def test_a_device_that_answers_is_up_with_its_loss() -> None:
    poll = await ask(Answer(0.002, loss=0.25, requests=4))
    assert {reading.metric: reading.value for reading in poll.readings} == {
        "reach.up": 1,
        "reach.duration": 0.002,
        "reach.loss": 0.25,
    }
    assert poll.requests == 4


async def test_a_device_that_is_dead_is_a_reading_and_says_why() -> None:
    poll = await ask(NoAnswerError(Failure(FailureKind.TIMEOUT, "ping", "destination host unreachable"), requests=3))
    assert reason(poll) == ("timeout", "destination host unreachable")
    assert value(poll, "reach.loss") == 1.0


async def test_without_the_right_to_icmp_nothing_is_known_of_a_device() -> None:
    poll = await ask(ForbiddenError(), ports={"snmp": 161})
    assert poll.readings == ()
    assert poll.failure is not None
    assert poll.failure.kind == "unauthorised"
    assert "CAP_NET_RAW" in poll.failure.detail


async def test_without_the_right_to_icmp_a_known_tcp_port_is_asked_and_the_lack_is_told() -> None:
    async with listening(silence) as port:
        poll = await ask(ForbiddenError(), ports={"snmp": 161, "nut": port})
    assert value(poll, "reach.up") == 1
    assert [failure.kind for failure in poll.partial] == ["unauthorised"]
    # a closed port is an answer of the host too
    closed = await ask(ForbiddenError(), ports={"nut": port})
    assert value(closed, "reach.up") == 1


async def test_a_device_without_an_address_cannot_be_asked() -> None:
    poll = await ask(Answer(0.1), address="")
    assert poll.failure is not None
    assert poll.failure.detail == "the inventory gives no address"


async def test_a_device_whose_name_does_not_resolve_is_not_known_to_be_down() -> None:
    poll = await Reach(FakeClock()).poll(Device("srv", "srv", address="no-such-host.invalid"))
    assert poll.readings == ()
    assert poll.failure is not None
    assert poll.failure.detail == "the name cannot be resolved"


async def test_icmp_reaches_this_machine() -> None:
    try:
        answer = await Echo(count=2).ask(HOST)
    except ForbiddenError as forbidden:
        pytest.skip(str(forbidden))
    assert answer.loss == 0.0
    assert 0 < answer.duration_s < 1


# checks that cannot be asked


@pytest.mark.parametrize(
    ("one", "fault"),
    [
        (ServiceCheck("smoke", "x"), 'check type "smoke" is unknown'),
        (ServiceCheck("http", "erp.example"), "needs a URL"),
        (ServiceCheck("http", "http://erp.example:99999/"), "needs a URL"),
        (ServiceCheck("http", "http://[erp/"), "needs a URL"),
        (ServiceCheck("dns", "@192.0.2.1"), "needs a name"),
        (ServiceCheck("tcp", "192.0.2.1"), "needs a port"),
        (ServiceCheck("ping"), "names no host"),
    ],
)
async def test_a_check_that_cannot_be_asked_is_a_failure_that_names_what_is_missing(
    one: ServiceCheck, fault: str
) -> None:
    poll = await Reach(FakeClock()).check(Service("erp", "ERP", check=one))
    assert poll.readings == ()
    assert poll.failure is not None
    assert fault in poll.failure.detail


async def test_a_service_without_a_check_cannot_be_asked() -> None:
    poll = await Reach(FakeClock()).check(Service("erp", "ERP"))
    assert poll.failure is not None


async def test_a_check_without_a_host_asks_the_device_its_service_is_on() -> None:
    async with listening(silence) as port:
        service = Service("erp", "ERP", depends_on=("db", "srv"), check=ServiceCheck("tcp", port=port))
        reach = Reach(FakeClock(), address_of=lambda device: HOST if device == "srv" else "")
        poll = await reach.check(service)
    assert value(poll, "reach.up") == 1
