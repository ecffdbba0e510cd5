"""What the demo prints while it runs: what really happens in the simulated depot, and what Vigie makes of it."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.simulate.depot import Depot
from gateway.simulate.scenario import Fault

_EVERY_S = 1.0
_TIMEOUT_S = 3.0

Say = Callable[[str, str], None]
"""Prints one line: who speaks, and what."""


@dataclass(slots=True)
class Truth:
    """Tells the faults of the scenario as they begin and end."""

    depot: Depot
    say: Say
    _on: dict[tuple[int, float], Fault] = field(default_factory=dict)

    def step(self) -> None:
        """Says what has changed since the last step."""
        faults = self.depot.scenario.faults
        now = {(faults.index(fault), began): fault for fault, began in self.depot.world.happening(self.depot.now())}
        for key, fault in now.items():
            if key not in self._on:
                self.say("depot", f"{fault.note or fault.kind} (for {fault.duration_s / self.depot.speed:.0f} s)")
        for key, fault in self._on.items():
            if key not in now:
                self.say("depot", f"over: {fault.note or fault.kind}")
        self._on = now


@dataclass(slots=True)
class Findings:
    """Tells incidents as the depot's page knows them."""

    say: Say
    _known: dict[str, tuple[str, str, bool]] = field(default_factory=dict)

    def step(self, incidents: list[Mapping[str, Any]]) -> None:
        """Says which incidents are new, explained anew or over."""
        for incident in reversed(incidents):
            identity = str(incident["id"])
            now = (str(incident["cause"]), str(incident.get("root_device") or ""), _open(incident))
            before = self._known.get(identity)
            if before != now:
                self._known[identity] = now
                self.say("vigie", f"{_event(before, incident)}: {_named(incident)}")


def _event(before: tuple[str, str, bool] | None, incident: Mapping[str, Any]) -> str:
    if incident.get("merged_into"):
        return "explained by another"
    if not _open(incident):
        return "over"
    return "incident" if before is None or not before[2] else "explained anew"


def _named(incident: Mapping[str, Any]) -> str:
    """Priority, title, cause, and how much else it explains."""
    root = incident.get("root_device") or ""
    title = incident.get("title", {}).get("en") or root
    others = {symptom["device"] for symptom in incident.get("symptoms", ())} - {root}
    explains = f" and explains {len(others)} more" if others else ""
    return f"{incident.get('severity', '')} {title} ({incident['cause']}{' ' if root else ''}{root}{explains})"


def _open(incident: Mapping[str, Any]) -> bool:
    return incident.get("restored_at") is None and not incident.get("merged_into")


async def follow(truth: Truth, findings: Findings, host: str, port: int) -> None:
    """Steps both once a second until cancelled. A page that does not answer is asked again."""
    while True:
        truth.step()
        answer = await asyncio.to_thread(get, host, port, "/api/v1/incidents")
        if answer is not None:
            document = json.loads(answer)
            findings.step(document["incidents"] if isinstance(document, dict) else document)
        await asyncio.sleep(_EVERY_S)


def get(host: str, port: int, path: str) -> bytes | None:
    """Body of a page that answers 200; None if it does not."""
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.read() if answer.status == http.client.OK else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
