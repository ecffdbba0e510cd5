"""How a device is asked over HTTP: plainly, or by TLS with a certificate that is known, and then signed in.

A password or token goes to nobody else: it is sent only where ``https`` says how the certificate is known, no redirect
is followed, and nothing is written before the certificate was looked at.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gateway.collect import http
from gateway.collect.asking import NoAnswerError, asking
from gateway.collect.tls import Trust
from gateway.core.device import Device, Https
from gateway.core.errors import VigieError
from gateway.core.reading import Failure, FailureKind

LARGEST = 8 * 1024 * 1024
"""Bytes of one answer: ten times what a large exporter tells."""


@dataclass(frozen=True, slots=True)
class HttpLogin:
    """User and password, or a bearer token; ``ca`` is the authority that signs the certificates of such devices."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    ca: Path | None = None

    def header(self) -> dict[str, str]:
        """``Authorization`` (RFC 7617, RFC 6750)."""
        if self.token:
            return {"Authorization": f"Bearer {self.token}"}
        pair = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"} if self.user else {}


Logins = Mapping[str, Callable[[], HttpLogin]]
"""By name of the credential; a secret is read when it is used."""


class Pins:
    """Certificates by device, as lines "ID SHA-256" of a file: the first that was seen is the only one taken."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self, device: str, certificate: bytes) -> bool:
        """True if this is the device's certificate, or the first one seen of it."""
        digest = hashlib.sha256(certificate).hexdigest()
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        known = dict(line.split(" ", 1) for line in lines if " " in line)
        if device not in known:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{device} {digest}\n")
        return known.get(device, digest) == digest


@dataclass(frozen=True, slots=True)
class Opener:
    """GETs pages of one device: ``base`` is its scheme, host and port."""

    base: str
    trust: Trust
    headers: Mapping[str, str]
    timeout_s: float

    async def get(self, path: str, *, slash: bool = False) -> http.Page:
        """One page. ``slash``: a redirect within the device itself is followed once. Raises NoAnswerError."""
        url = self.base + path
        async with asking(url, self.timeout_s):
            page, _ = await http.get(urlsplit(url), self.trust, self.headers, LARGEST)
            if slash and (to := http.onward(url, page)).startswith(self.base + "/"):
                page, _ = await http.get(urlsplit(to), self.trust, self.headers, LARGEST)
        if failure := http.judge(url, page, "") or _unusable(url, page):
            raise NoAnswerError(failure)
        return page


def _unusable(url: str, page: http.Page) -> Failure | None:
    if page.status >= 300:
        where = f" to {page.location[:200]}" if page.location else ""
        return Failure(FailureKind.REFUSED, url, f"HTTP {page.status}: redirects{where} are not followed")
    if page.cut:
        return Failure(FailureKind.GARBLED, url, f"the answer was cut off, or has more than {LARGEST >> 20} MB")
    return None


@dataclass(frozen=True, slots=True)
class WebAccess:
    """Signs in to devices by what the inventory says of them."""

    logins: Logins
    pins: Pins
    timeout_s: float = 10.0

    def opener(self, device: Device, port: int, now: float, *, pin: str) -> Opener:
        """To a port of a device; ``pin`` is the name under which its certificate is pinned, ``now`` the wall clock.
        Raises NoAnswerError where its secret cannot be read."""
        host = f"[{device.address}]" if ":" in device.address else device.address
        secure = device.https not in (Https.NONE, Https.OFF)
        usual = 443 if secure else 80
        base = f"{'https' if secure else 'http'}://{host}" + ("" if port == usual else f":{port}")
        login = HttpLogin() if device.https == Https.NONE else self.login(device, base)
        return Opener(base, self._trust(device, login, now, pin), login.header(), self.timeout_s)

    def login(self, device: Device, what: str) -> HttpLogin:
        """The device's sign-in; an empty one if it names no credential. Raises NoAnswerError."""
        read = self.logins.get(device.access.get("http", ""))
        try:
            return read() if read else HttpLogin()
        except VigieError as error:
            raise NoAnswerError(Failure(FailureKind.UNAUTHORISED, what, str(error))) from error

    def _trust(self, device: Device, login: HttpLogin, now: float, pin: str) -> Trust:
        how = device.https
        if how in (Https.NONE, Https.OFF):
            return Trust(now)
        if how == Https.VERIFIED:
            if login.ca and not login.ca.is_file():
                what = f"authority {login.ca}"
                raise NoAnswerError(
                    Failure(FailureKind.UNAUTHORISED, what, "this file is not there: see `vigie check`")
                )
            return Trust(now, ca=str(login.ca) if login.ca else None)
        if how == Https.PINNED:
            return Trust(now, verify=False, pinned=lambda der: self.pins.check(pin, der))
        wanted = how.replace(":", "").lower()
        stranger = "its certificate has another fingerprint (SHA-256) than https in the inventory"
        return Trust(now, verify=False, pinned=lambda der: hashlib.sha256(der).hexdigest() == wanted, stranger=stranger)
