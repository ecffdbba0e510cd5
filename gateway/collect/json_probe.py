"""Anything that tells its state as JSON over HTTP: inverters, controllers, applications. What is read is inventory."""

from __future__ import annotations

import json

from gateway.clock import Clock
from gateway.collect.asking import NoAnswerError
from gateway.collect.web_access import Opener, WebAccess
from gateway.core.device import Device, Https
from gateway.core.json_probe import Rule, understand
from gateway.core.reading import Failure, FailureKind, Poll, Reading, Severity


class JsonProbe:
    """Collector ``json``: ``device.json`` is a URL path, then one mapping for each value."""

    name = "json"

    def __init__(self, clock: Clock, access: WebAccess) -> None:
        self._clock = clock
        self._access = access

    async def poll(self, device: Device) -> Poll:
        """One GET. A value that is not there is a failure beside those that are."""
        at, began = self._clock.wall(), self._clock.monotonic()
        readings: list[Reading] = []
        failures: list[Failure] = []
        path, *mappings = device.json or ("/",)
        port = device.ports.get("json", 80 if device.https in (Https.NONE, Https.OFF) else 443)
        url = f"json {device.address}{path}"
        try:
            opener = self._access.opener(device, port, at, pin=f"{device.id}/json")
            url = f"{opener.base}{path}"
            document = await _document(opener, path)
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


async def _document(opener: Opener, path: str) -> object:
    page = await opener.get(path)
    try:
        return json.loads(page.text)
    except (ValueError, RecursionError):
        raise NoAnswerError(Failure(FailureKind.GARBLED, opener.base + path, "the answer is no JSON")) from None
