"""Servers by their management board over Redfish (HTTPS): iDRAC, iLO, XCC, iRMC. Its certificate, nearly always a
self-signed one, is pinned at first use: the password goes to that board and to no other."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.clock import Clock
from gateway.collect import http, redfish_values
from gateway.collect.asking import NoAnswerError, asking
from gateway.collect.redfish_values import Value, links
from gateway.collect.tls import Trust
from gateway.core.device import Device
from gateway.core.reading import Failure, FailureKind, Identity, Poll, Reading

EVERY_S = 300.0
"""Boards are slow and some leak sessions: asked every five minutes at most, in between the last answer holds."""
_MOST = 60
"""Questions of one poll: a server with twenty disks takes forty."""


@dataclass(frozen=True, slots=True)
class HttpLogin:
    """User and password of a board."""

    user: str
    password: str = field(repr=False)


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


class Redfish:
    """Collector ``redfish``. ``logins`` are by name of the credential (``access = ["http=NAME"]``)."""

    name = "redfish"

    def __init__(
        self, clock: Clock, logins: Mapping[str, Callable[[], HttpLogin]], pins: Pins, *, timeout_s: float = 10.0
    ) -> None:
        self._clock = clock
        self._logins = logins
        self._pins = pins
        self._timeout_s = timeout_s
        self._last: dict[str, tuple[float, list[Value], Identity]] = {}

    async def poll(self, device: Device) -> Poll:
        """System, memory, processors, temperatures, fans, power supplies, disks, volumes: as far as they are told."""
        at, began = self._clock.wall(), self._clock.monotonic()
        asked_at, values, identity = self._last.get(device.id, (-math.inf, [], Identity()))
        failure, partial, requests = None, [], 0
        if began - asked_at >= EVERY_S:
            self._last.pop(device.id, None)
            board = _Board(self._opener(device))
            try:
                values, identity = await board.all()
                self._last[device.id] = began, values, identity
            except NoAnswerError as error:
                failure, values = error.failure, []
            partial, requests = board.failures, board.requests
        return Poll(
            device.id,
            self.name,
            at,
            tuple(_distinct(device.id, values, at)),
            failure,
            tuple(partial if failure is None else ()),
            identity,
            requests,
            self._clock.monotonic() - began,
            remembered=began - asked_at < EVERY_S,
        )

    def _opener(self, device: Device) -> Opener:
        host = f"[{device.address}]" if ":" in device.address else device.address
        port = device.ports.get("redfish", 443)
        base = f"https://{host}" + ("" if port == 443 else f":{port}")
        login = self._logins.get(device.access.get("http", ""))
        given = login() if login else None
        trust = Trust(self._clock.wall(), verify=False, pinned=lambda der: self._pins.check(device.id, der))
        return Opener(base, given, trust, self._timeout_s)


@dataclass(frozen=True, slots=True)
class Opener:
    """GETs documents of one board."""

    base: str
    login: HttpLogin | None
    trust: Trust
    timeout_s: float

    async def get(self, path: str) -> dict[str, Any]:
        """One document. Raises NoAnswerError."""
        url = self.base + path
        if self.login is None:
            detail = 'the device names no credential of type http: access = ["http=NAME"]'
            raise NoAnswerError(Failure(FailureKind.UNAUTHORISED, url, detail))
        token = base64.b64encode(f"{self.login.user}:{self.login.password}".encode()).decode()
        async with asking(url, self.timeout_s):
            headers = {"Authorization": f"Basic {token}"}
            page, _ = await http.get(urlsplit(url), self.trust, headers)
            if (to := http.onward(url, page)).startswith(self.base + "/"):  # iLO wants a slash at the end
                page, _ = await http.get(urlsplit(to), self.trust, headers)
        if failure := http.judge(url, page, ""):
            raise NoAnswerError(failure)
        try:
            document = json.loads(page.text)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise NoAnswerError(Failure(FailureKind.GARBLED, url, "the answer is no JSON object"))
        return document


class _Board:
    """One walk through a service. What fails on the way is kept; only systems that cannot be listed end it."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self.failures: list[Failure] = []
        self.requests = 0

    async def all(self) -> tuple[list[Value], Identity]:
        values: list[Value] = []
        identity = Identity()
        self.requests += 1
        systems = await self._opener.get("/redfish/v1/Systems")
        for path in links(systems, "Members"):
            document = await self._get(path)
            values += redfish_values.system(document, path)
            identity = redfish_values.identity(document) if identity == Identity() else identity
            for storage in links(document, "Storage"):
                values += await self._storage(storage)
        for path in links(await self._get("/redfish/v1/Chassis"), "Members"):
            chassis = await self._get(path)
            for part, understand in (("Thermal", redfish_values.thermal), ("Power", redfish_values.power)):
                for below in links(chassis, part):
                    values += understand(await self._get(below), below)
        if not values and self.failures:
            raise NoAnswerError(self.failures[0])
        return values, identity

    async def _storage(self, path: str) -> list[Value]:
        found: list[Value] = []
        for controller in links(await self._get(path), "Members"):
            document = await self._get(controller)
            for one in links(document, "Drives"):
                found += redfish_values.drive(await self._get(one), one)
            for volumes in links(document, "Volumes"):
                for one in links(await self._get(volumes), "Members"):
                    found += redfish_values.volume(await self._get(one), one)
        return found

    async def _get(self, path: str) -> dict[str, Any]:
        if self.requests >= _MOST:
            return {}
        self.requests += 1
        try:
            return await self._opener.get(path)
        except NoAnswerError as error:
            self.failures.append(error.failure)
            return {}


def _distinct(device: str, values: list[Value], at: float) -> Iterator[Reading]:
    """One reading a series: parts with the same name are told apart by a number."""
    seen: dict[tuple[str, str], int] = {}
    for one in values:
        count = seen[one.metric, one.instance] = seen.get((one.metric, one.instance), 0) + 1
        instance = one.instance if count == 1 else f"{one.instance}#{count}"
        yield Reading(device, one.metric, one.value, at, instance, "", one.severity, one.source)
