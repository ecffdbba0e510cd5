"""Certificates: what is wrong with them and how long they hold, on loopback TLS servers with certificates made here."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.clock import FakeClock, SystemClock
from gateway.collect.reach import Reach
from gateway.collect.tls import not_after
from gateway.core.device import Service, ServiceCheck
from gateway.core.reading import Poll

DAY = timedelta(days=1)
HOST = "127.0.0.1"
NOW = datetime.fromtimestamp(SystemClock().wall(), UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the test."""

    key: ec.EllipticCurvePrivateKey
    name: x509.Name
    file: Path


def name(text: str) -> x509.Name:
    """A subject."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issue(
    subject: str, key: ec.EllipticCurvePrivateKey, by: tuple[x509.Name, ec.EllipticCurvePrivateKey], until: datetime
) -> x509.CertificateBuilder:
    """A certificate that ends at ``until``."""
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(by[0])
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 1000 * DAY)
        .not_valid_after(until)
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = name("Test CA")
    made = issue("Test CA", key, (subject, key), NOW + 100 * DAY)
    signed = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(
        key, hashes.SHA256()
    )
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return Authority(key, subject, file)


def server_context(folder: Path, authority: Authority, until: datetime, host: str = HOST) -> ssl.SSLContext:
    """What a server shows: a certificate for an address, signed by the authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
    signed = (
        issue("server", key, (authority.name, authority.key), until)
        .add_extension(names, critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@asynccontextmanager
async def serving(context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """A web server that says hello."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(4096):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, HOST, 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def ask(port: int, authority: Authority | None = None, *, kind: str = "http", verify: bool = True) -> Poll:
    """Asks the server once, at the present time."""
    target = f"https://{HOST}:{port}/" if kind == "http" else HOST
    service = Service("erp", "ERP", check=ServiceCheck(kind, target, port, verify=verify))
    clock = FakeClock(NOW.timestamp())
    return await Reach(clock, ca=str(authority.file) if authority else None).check(service)


def values(poll: Poll) -> dict[str, float | str]:
    """Metric -> value."""
    return {reading.metric: reading.value for reading in poll.readings}


@pytest.mark.parametrize("kind", ["http", "tls"])
async def test_a_good_certificate_is_up_and_tells_its_time_left(
    tmp_path: Path, authority: Authority, kind: str
) -> None:
    async with serving(server_context(tmp_path, authority, NOW + 20 * DAY)) as port:
        poll = await ask(port, authority, kind=kind)
    assert values(poll)["reach.up"] == 1
    assert values(poll)["reach.certificate.remaining"] == 20 * 86_400


@pytest.mark.parametrize("kind", ["http", "tls"])
async def test_an_expired_certificate_is_named_and_its_time_left_is_negative(
    tmp_path: Path, authority: Authority, kind: str
) -> None:
    async with serving(server_context(tmp_path, authority, NOW - 2 * DAY)) as port:
        poll = await ask(port, authority, kind=kind)
    assert values(poll)["reach.up"] == 0
    assert values(poll)["reach.certificate.remaining"] == -2 * 86_400
    assert (poll.partial[0].kind, poll.partial[0].detail) == (
        "unauthorised",
        "certificate: certificate has expired",
    )


async def test_a_certificate_of_an_unknown_authority_is_named(tmp_path: Path, authority: Authority) -> None:
    async with serving(server_context(tmp_path, authority, NOW + 20 * DAY)) as port:
        poll = await ask(port)
    assert poll.partial[0].kind == "unauthorised"
    assert "unable to get local issuer certificate" in poll.partial[0].detail


async def test_a_certificate_of_another_host_is_named(tmp_path: Path, authority: Authority) -> None:
    async with serving(server_context(tmp_path, authority, NOW + 20 * DAY, host="192.0.2.9")) as port:
        poll = await ask(port, authority)
    assert "ip address mismatch" in poll.partial[0].detail
    assert values(poll)["reach.up"] == 0


async def test_a_self_signed_certificate_can_be_accepted_and_still_tells_its_time_left(
    tmp_path: Path, authority: Authority
) -> None:
    async with serving(server_context(tmp_path, authority, NOW + 5 * DAY)) as port:
        poll = await ask(port, verify=False)
    assert values(poll)["reach.up"] == 1
    assert values(poll)["reach.certificate.remaining"] == 5 * 86_400


async def test_a_server_that_speaks_no_tls_is_garbled() -> None:
    async with serving(None) as port:
        poll = await ask(port)
    assert poll.partial[0].kind == "garbled"
    assert poll.partial[0].detail.startswith("TLS: ")


@pytest.mark.parametrize("until", [NOW + DAY, datetime(2051, 1, 2, 3, 4, 5, tzinfo=UTC)], ids=["UTCTime", "2050 on"])
def test_both_forms_of_time_are_read(until: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    der = issue("x", key, (name("x"), key), until).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    assert not_after(der) == until.timestamp()
    assert all(not_after(der[:length]) is None for length in range(60))


def test_what_is_no_certificate_has_no_end() -> None:
    assert not_after(b"") is None
    assert not_after(b"0\x03abc") is None
