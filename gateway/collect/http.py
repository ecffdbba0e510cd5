"""HTTP(S) as a user's browser would ask: status, expected text, duration, certificate. No redirect leaves the host."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPResponse
from typing import cast
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from gateway.collect.asking import Answer, NoAnswerError, asking
from gateway.collect.tls import Trust, connect, connect_tls
from gateway.core.reading import Failure, FailureKind

_LARGEST = 512 * 1024
_REDIRECTS = 3
_SECURE = 443
_IN_URLS = "!#$%&'()*+,/:;=?@[]~"  # what may stand in a URL; anything else (é, blank) is escaped


@dataclass(frozen=True, slots=True)
class Page:
    """One response; ``text`` is the beginning of the body, ``cut`` says that it is not all of it."""

    status: int
    location: str
    text: str
    cut: bool = False


async def ask(url: str, expect: str, timeout_s: float, trust: Trust) -> Answer:
    """Asks for a page. ``expect`` is a text that the page must hold, or a status such as "401"; without it any status
    below 400 is an answer. Raises NoAnswerError."""
    began = asyncio.get_running_loop().time()
    remaining: float | None = None
    requests = 0
    async with asking(url, timeout_s):
        while True:
            requests += 1
            page, expires_at = await get(urlsplit(url), trust)
            if expires_at is not None:
                remaining = expires_at - trust.now
            to = onward(url, page)
            if not to or requests > _REDIRECTS:
                break
            url = to
        failure = judge(url, page, expect)
    if failure:
        raise NoAnswerError(failure, certificate_remaining_s=remaining, requests=requests)
    return Answer(asyncio.get_running_loop().time() - began, certificate_remaining_s=remaining, requests=requests)


def onward(url: str, page: Page) -> str:
    """Where a redirect on the same host leads; "" for any other page, and for a redirect to elsewhere."""
    if page.status not in (301, 302, 303, 307, 308) or not page.location:
        return ""
    try:
        to = urljoin(url, page.location)
        there = urlsplit(to)
        usable = there.scheme in ("http", "https") and there.port != 0
    except ValueError:  # the server's text is no URL
        return ""
    return to if usable and there.hostname == urlsplit(url).hostname else ""


def judge(url: str, page: Page, expect: str) -> Failure | None:
    """Why a response is not the one that was hoped for."""
    if len(expect) == 3 and expect.isdecimal():
        return None if page.status == int(expect) else _wrong(url, page.status, f"expected {expect}")
    if page.status >= 400:
        return _wrong(url, page.status, "")
    if expect and expect not in page.text:
        return Failure(FailureKind.GARBLED, url, f'HTTP {page.status}, but the page does not hold "{expect}"')
    return None


def _wrong(url: str, status: int, detail: str) -> Failure:
    kind = FailureKind.UNAUTHORISED if status in (401, 403, 407) else FailureKind.REFUSED
    return Failure(kind, url, f"HTTP {status}" + (f", {detail}" if detail else ""))


async def get(
    url: SplitResult, trust: Trust, headers: Mapping[str, str] | None = None, largest: int = _LARGEST
) -> tuple[Page, float | None]:
    """(page, end of the certificate) of one GET of which ``largest`` bytes are read; call it within ``asking``. Raises
    NoAnswerError and OSError."""
    host = url.hostname or ""
    secure = url.scheme == "https"
    port = url.port or (_SECURE if secure else 80)
    link = await (connect_tls(host, port, trust, url.geturl()) if secure else connect(host, port))
    try:
        link.writer.write(_request(url, headers or {}))
        await link.writer.drain()
        raw, whole = await _read(link.reader, largest)
    finally:
        link.writer.close()
    page = parse(raw, url.geturl())
    return (page if whole else replace(page, cut=True)), link.expires_at


def _request(url: SplitResult, headers: Mapping[str, str]) -> bytes:
    path = quote((url.path or "/") + (f"?{url.query}" if url.query else ""), safe=_IN_URLS)
    host = url.netloc.rpartition("@")[2]
    lines = (f"GET {path} HTTP/1.1", f"Host: {host}", "User-Agent: vigie", "Accept: */*", "Connection: close")
    further = (f"{name}: {value}" for name, value in headers.items())
    return "\r\n".join((*lines, *further, "", "")).encode("utf-8")


async def _read(reader: asyncio.StreamReader, largest: int) -> tuple[bytes, bool]:
    """(what came, True unless there was more than ``largest``)."""
    raw = bytearray()
    while len(raw) < largest and (chunk := await reader.read(65536)):
        raw += chunk
        if _complete(raw):
            break
    return bytes(raw[:largest]), len(raw) <= largest


def _complete(raw: bytearray) -> bool:
    """True once the announced length is there: some servers keep the connection open although asked to close it."""
    end = raw.find(b"\r\n\r\n")
    if end < 0:
        return False
    for line in raw[:end].lower().split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name == b"content-length" and value.strip().isdigit():
            return len(raw) - end - 4 >= int(value)
        if name == b"transfer-encoding" and b"chunked" in value:
            return raw.endswith(b"0\r\n\r\n")
    return False


class _Bytes:
    """The part of a socket that HTTPResponse needs."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self.raw)


def parse(raw: bytes, what: str) -> Page:
    """A raw response; NoAnswerError (garbled) if it is no HTTP. A body cut short is read as far as it goes."""
    if not raw:
        raise NoAnswerError(Failure(FailureKind.GARBLED, what, "the connection was cut off"))
    response = HTTPResponse(cast("io.BytesIO", _Bytes(raw)))  # type: ignore[arg-type]
    try:
        response.begin()
    except (HTTPException, ValueError) as error:
        raise NoAnswerError(Failure(FailureKind.GARBLED, what, "the answer is not HTTP")) from error
    cut = False
    try:
        body = response.read()
    except HTTPException as error:  # IncompleteRead holds what there was
        body, cut = getattr(error, "partial", b""), True
    charset = response.headers.get_content_charset("utf-8")
    try:
        text = body.decode(charset, "replace")
    except (LookupError, ValueError):  # no such charset
        text = body.decode("utf-8", "replace")
    return Page(response.status, response.headers.get("Location", ""), text, cut)
