"""Servers by their management board over Redfish (HTTPS): iDRAC, iLO, XCC, iRMC. Its certificate, nearly always a
self-signed one, is pinned at first use: the password goes to that board and to no other."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gateway.clock import Clock
from gateway.collect import redfish_values
from gateway.collect.asking import NoAnswerError
from gateway.collect.redfish_values import Value, links
from gateway.collect.web_access import Opener, WebAccess
from gateway.core.device import Device, Https
from gateway.core.reading import Failure, FailureKind, Identity, Poll, Reading

EVERY_S = 300.0
"""Boards are slow and some leak sessions: asked every five minutes at most, in between the last answer holds."""
_MOST = 60
"""Questions of one poll: a server with twenty disks takes forty."""


Understand = Callable[[Mapping[str, Any], str], Iterable[Value]]


class Redfish:
    """Collector ``redfish``, signed in by a credential of type http (``access = ["http=NAME"]``)."""

    name = "redfish"

    def __init__(self, clock: Clock, access: WebAccess) -> None:
        self._clock = clock
        self._access = access
        self._last: dict[str, tuple[float, list[Value], Identity]] = {}

    async def poll(self, device: Device) -> Poll:
        """System, memory, processors, temperatures, fans, power supplies, disks, volumes: as far as they are told."""
        at, began = self._clock.wall(), self._clock.monotonic()
        asked_at, values, identity = self._last.get(device.id, (-math.inf, [], Identity()))
        failure, partial, requests = None, [], 0
        if began - asked_at >= EVERY_S:
            self._last.pop(device.id, None)
            try:
                board = self._board(device, at)
                values, identity = await board.all()
                self._last[device.id] = began, values, identity
                partial, requests = board.failures, board.requests
            except NoAnswerError as error:
                failure, values, requests = error.failure, [], 1
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

    def _board(self, device: Device, at: float) -> _Board:
        """A board is always asked over HTTPS, its certificate is pinned if nothing else is said."""
        secured = device if device.https not in (Https.NONE, Https.OFF) else replace(device, https=Https.PINNED)
        opener = self._access.opener(secured, device.ports.get("redfish", 443), at, pin=device.id)
        if not opener.headers:
            detail = 'the device names no credential of type http: access = ["http=NAME"]'
            raise NoAnswerError(Failure(FailureKind.UNAUTHORISED, opener.base, detail))
        return _Board(opener)


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
        systems = await self._document("/redfish/v1/Systems")
        for path in links(systems, "Members"):
            document = await self._get(path)
            values += redfish_values.system(document, path)
            identity = redfish_values.identity(document) if identity == Identity() else identity
            for storage in links(document, "Storage"):
                values += await self._storage(storage)
        for path in links(await self._get("/redfish/v1/Chassis"), "Members"):
            chassis = await self._get(path)
            values += await self._thermal(chassis)
            values += await self._power(chassis)
        if not values and self.failures:
            raise NoAnswerError(self.failures[0])
        return values, identity

    async def _thermal(self, chassis: dict[str, Any]) -> list[Value]:
        """Of the two forms (Thermal until 2020, ThermalSubsystem since) the old one where it says something: many
        boards have both, and it takes one question instead of one a fan."""
        found: list[Value] = []
        for path in links(chassis, "Thermal"):
            found += redfish_values.thermal(await self._get(path), path)
        for path in links(chassis, "ThermalSubsystem") if not found else ():
            document = await self._get(path)
            found += redfish_values.thermal_subsystem(document, path)
            for one in links(document, "ThermalMetrics"):
                found += redfish_values.thermal_metrics(await self._get(one), one)
            found += await self._members(document, "Fans", redfish_values.fan)
        return found

    async def _power(self, chassis: dict[str, Any]) -> list[Value]:
        """Power, or PowerSubsystem and EnvironmentMetrics, as with temperatures."""
        found: list[Value] = []
        for path in links(chassis, "Power"):
            found += redfish_values.power(await self._get(path), path)
        for path in links(chassis, "PowerSubsystem") if not found else ():
            document = await self._get(path)
            found += redfish_values.power_subsystem(document, path)
            found += await self._members(document, "PowerSupplies", redfish_values.power_supply)
            for one in links(chassis, "EnvironmentMetrics"):
                found += redfish_values.environment(await self._get(one), one)
        return found

    async def _members(self, document: dict[str, Any], key: str, understand: Understand) -> list[Value]:
        found: list[Value] = []
        for collection in links(document, key):
            for one in links(await self._get(collection), "Members"):
                found += understand(await self._get(one), one)
        return found

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

    async def _document(self, path: str) -> dict[str, Any]:
        page = await self._opener.get(path, slash=True)  # iLO wants a slash at the end
        try:
            document = json.loads(page.text)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise NoAnswerError(Failure(FailureKind.GARBLED, self._opener.base + path, "the answer is no JSON object"))
        return document

    async def _get(self, path: str) -> dict[str, Any]:
        if self.requests >= _MOST:
            return {}
        self.requests += 1
        try:
            return await self._document(path)
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
