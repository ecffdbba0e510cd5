"""Machines that already run a Prometheus exporter: node_exporter (port 9100), windows_exporter (9182)."""

from __future__ import annotations

from gateway.clock import Clock
from gateway.collect.asking import NoAnswerError
from gateway.collect.exposition import parse
from gateway.collect.scrape_values import Before, understand
from gateway.collect.web_access import WebAccess
from gateway.core.device import Device
from gateway.core.reading import Failure, FailureKind, Poll, Reading

PORTS = (9100, 9182)
"""Of node_exporter and windows_exporter, tried in this order where the inventory names no port."""


class Scrape:
    """Collector ``scrape``: one GET of ``/metrics``, what the map knows of it."""

    name = "scrape"

    def __init__(self, clock: Clock, access: WebAccess) -> None:
        self._clock = clock
        self._access = access
        self._before: dict[str, Before] = {}
        self._port: dict[str, int] = {}

    async def poll(self, device: Device) -> Poll:
        """Rates and processor use come from the second poll on."""
        at, began = self._clock.wall(), self._clock.monotonic()
        readings: tuple[Reading, ...] = ()
        failure: Failure | None = None
        known = device.ports.get("scrape") or self._port.get(device.id)
        ports = (known,) if known else PORTS
        for port in ports:
            try:
                readings = await self._ask(device, port, at)
                failure = None
                self._port[device.id] = port
                break
            except NoAnswerError as error:
                self._port.pop(device.id, None)
                failure = failure or error.failure
        return Poll(
            device.id,
            self.name,
            at,
            readings,
            failure,
            requests=len(ports),
            elapsed_s=self._clock.monotonic() - began,
        )

    async def _ask(self, device: Device, port: int, at: float) -> tuple[Reading, ...]:
        opener = self._access.opener(device, port, at, pin=f"{device.id}/scrape")
        url = f"{opener.base}/metrics"
        page = await opener.get("/metrics")
        before = self._before.setdefault(device.id, Before())
        try:
            values = understand(parse(page.text), before, self._clock.monotonic())
        except ValueError as error:
            raise NoAnswerError(Failure(FailureKind.GARBLED, url, f"not Prometheus text: {error}")) from None
        if not values and not before.counters:
            detail = "nothing on this page is known: neither node_exporter nor windows_exporter"
            raise NoAnswerError(Failure(FailureKind.GARBLED, url, detail))
        return tuple(Reading(device.id, v.metric, v.value, at, v.instance, source=v.source) for v in values)
