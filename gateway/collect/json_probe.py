"""Anything that tells its state as JSON over HTTP: inverters, controllers, applications. What is read is inventory."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from gateway.clock import Clock
from gateway.collect import http
from gateway.collect.asking import NoAnswerError, asking
from gateway.collect.tls import Trust
from gateway.core.device import Device
from gateway.core.json_probe import Rule, understand
from gateway.core.reading import Failure, FailureKind, Poll, Reading, Severity


class JsonProbe:
    """Collector ``json``: ``device.json`` is a URL path, then one mapping for each value."""

    name = "json"

    def __init__(self, clock: Clock, *, timeout_s: float = 10.0) -> None:
        self._clock = clock
        self._timeout_s = timeout_s

    async def poll(self, device: Device) -> Poll:
        """One GET over plain HTTP. A value that is not there is a failure beside those that are."""
        at, began = self._clock.wall(), self._clock.monotonic()
        readings: list[Reading] = []
        failures: list[Failure] = []
        host = f"[{device.address}]" if ":" in device.address else device.address
        path, *mappings = device.json or ("/",)
        url = f"http://{host}:{device.ports.get('json', 80)}{path}"
        try:
            document = await self._document(url, at)
        except NoAnswerError as error:
            failures.append(error.failure)
        else:
            for found in understand(document, map(Rule.parse, mappings)):
                rule, source = found.rule, ".".join(found.rule.path)
                if found.value is None:
                    failures.append(Failure(FailureKind.GARBLED, f"{url} {source}", found.why))
                else:
                    severity = Severity.UNKNOWN if isinstance(found.value, str) else None
                    reading = Reading(device.id, rule.metric, found.value, at, rule.instance, "", severity, source)
                    readings.append(reading)
        nothing = failures[0] if failures and not readings else None
        partial = () if nothing else tuple(failures)
        elapsed = self._clock.monotonic() - began
        return Poll(device.id, self.name, at, tuple(readings), nothing, partial, requests=1, elapsed_s=elapsed)

    async def _document(self, url: str, at: float) -> object:
        async with asking(url, self._timeout_s):
            page, _ = await http.get(urlsplit(url), Trust(at))
        if failure := http.judge(url, page, ""):
            raise NoAnswerError(failure)
        try:
            return json.loads(page.text)
        except (ValueError, RecursionError):
            raise NoAnswerError(Failure(FailureKind.GARBLED, url, "the answer is no JSON")) from None
