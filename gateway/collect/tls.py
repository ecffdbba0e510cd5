"""TCP and TLS connections that say what is wrong with a certificate and when it expires."""

from __future__ import annotations

import asyncio
import re
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.collect.asking import NoAnswerError
from gateway.core.reading import Failure, FailureKind

_TIME_TAGS = {0x17: "%y%m%d%H%M%S%z", 0x18: "%Y%m%d%H%M%S%z"}  # UTCTime, GeneralizedTime (RFC 5280 4.1.2.5)


@dataclass(frozen=True, slots=True)
class Link:
    """An open connection; ``expires_at`` is the end of the certificate (s since the epoch), if TLS was spoken."""

    reader: StreamReader
    writer: StreamWriter
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """``verify=False`` accepts any certificate (a self-signed one on the LAN) but still tells when it expires.
    ``now`` is the wall clock in seconds since the epoch, ``ca`` a file with further authorities."""

    now: float
    verify: bool = True
    ca: str | None = None
    pinned: Callable[[bytes], bool] | None = None
    """Says of a certificate in DER whether it is the one that is expected; nothing is sent to any other."""
    stranger: str = "its certificate is not that of the first contact: if it was renewed, take its line out of the pins"
    """What is told of any other."""


async def connect(host: str, port: int) -> Link:
    """A plain TCP connection. Raises OSError."""
    return Link(*await asyncio.open_connection(host, port))


async def connect_tls(host: str, port: int, trust: Trust, what: str) -> Link:
    """A TLS connection. A certificate that does not hold raises NoAnswerError (unauthorised) with the reason and with
    the time it has left."""
    if not trust.verify:
        link = await _unverified(host, port)
        if trust.pinned and not trust.pinned(_certificate(link.writer) or b""):
            link.writer.close()
            raise NoAnswerError(Failure(FailureKind.UNAUTHORISED, what, trust.stranger))
        return link
    context = ssl.create_default_context(cafile=trust.ca)
    try:
        reader, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        seen = await _unverified(host, port)
        seen.writer.close()
        raise NoAnswerError(
            Failure(FailureKind.UNAUTHORISED, what, f"certificate: {_reason(error)}"),
            certificate_remaining_s=None if seen.expires_at is None else seen.expires_at - trust.now,
        ) from error
    return Link(reader, writer, _expiry(writer))


async def _unverified(host: str, port: int) -> Link:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    return Link(reader, writer, _expiry(writer))


def _certificate(writer: StreamWriter) -> bytes | None:
    peer = writer.get_extra_info("ssl_object")
    der: bytes | None = peer.getpeercert(binary_form=True) if peer else None
    return der


def _expiry(writer: StreamWriter) -> float | None:
    der = _certificate(writer)
    return not_after(der) if der else None


def _reason(error: ssl.SSLCertVerificationError) -> str:
    return re.sub(r"\.$", "", error.verify_message or str(error)).lower()


def not_after(der: bytes) -> float | None:
    """End of validity of an X.509 certificate in DER, s since the epoch; ``None`` if it is no certificate.

    The standard library reads certificates only if it trusts them; an expired one is exactly what must be read here.
    """
    try:
        certificate = _contents(der, 0)[0]
        body = _contents(certificate, 0)[0]
        at = 0
        if body[0] == 0xA0:  # explicit version
            at = _contents(body, at)[1]
        for _ in ("serial number", "signature", "issuer"):
            at = _contents(body, at)[1]
        validity = _contents(body, at)[0]
        tag_at = _contents(validity, 0)[1]
        text = _contents(validity, tag_at)[0].decode("ascii")
        return datetime.strptime(text.removesuffix("Z") + "+0000", _TIME_TAGS[validity[tag_at]]).timestamp()  # noqa: DTZ007
    except (IndexError, KeyError, ValueError):
        return None


def _contents(der: bytes, at: int) -> tuple[bytes, int]:
    """(contents, index after) of the DER element at an index."""
    length, start = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(der[start : start + size]), start + size
    if start + length > len(der):
        raise IndexError("truncated")
    return der[start : start + length], start + length
