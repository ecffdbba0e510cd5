"""What the agent is built from; ``main/build.py`` chooses the adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.agent.foresight import History
from gateway.agent.orders import Desk
from gateway.agent.sweeping import Survey
from gateway.clock import Clock
from gateway.core.check import Check
from gateway.core.default_checks import DEFAULT_CHECKS
from gateway.core.device import Park
from gateway.core.runbook import Step
from gateway.ports import (
    Collector,
    Commands,
    Detector,
    Ledger,
    Listener,
    Outbox,
    Panel,
    Samples,
    ServiceProbe,
    Stock,
)
from gateway.settings import Settings


class Link(Protocol):
    """The sender towards headquarters, as the agent sees it."""

    def start(self) -> None:
        """Begins to connect."""
        ...

    def step(self) -> None:
        """Sends what is due, takes acknowledgements in."""
        ...

    def close(self) -> None:
        """Says goodbye and ends."""
        ...

    def set_states(self, states: Mapping[str, Mapping[str, str | int]]) -> None:
        """The live state of devices; only differences go out."""
        ...

    def orders(self) -> list[tuple[str, bytes]]:
        """What headquarters sent on ``cmd/<id>`` since the last call, as (topic, payload)."""
        ...

    def status(self) -> Mapping[str, Any]:
        """What the page shows of the link: at least ``connected`` and ``reason``."""
        ...


class Timeline(Protocol):
    """The history of the clock."""

    def look(self) -> bool:
        """Compares; True if what is recorded was moved in time, so that the agent must take it up anew."""
        ...

    def moves(self) -> int:
        """How often what was recorded since the machine's start was moved."""
        ...

    def status(self) -> Mapping[str, Any]:
        """What the page shows of it: at least ``known`` and ``boot``."""
        ...


class Storage(Protocol):
    """The files of the box."""

    def care(self) -> None:
        """Commits readings and keeps room; takes its time. Raises VigieError while that cannot be done."""
        ...

    def check(self) -> None:
        """Reads everything and compares; takes its time."""
        ...

    def broken(self) -> bool:
        """True if a file must be rebuilt, for which the agent has to end."""
        ...

    def faults(self) -> list[str]:
        """Damage that people must know of."""
        ...

    def status(self) -> Mapping[str, Any]:
        """What the page shows of it."""
        ...


@dataclass(frozen=True, slots=True)
class Board:
    """The volatile status document for the page, and the durable heartbeat that tells how long the box was off."""

    write: Callable[[Mapping[str, Any]], None]
    read_heartbeat: Callable[[], Mapping[str, Any] | None]
    write_heartbeat: Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything an agent needs. ``link`` and ``detector`` are None where they are switched off."""

    settings: Settings
    park: Park
    clock: Clock
    collectors: Mapping[str, Collector]
    services: ServiceProbe
    samples: Samples
    ledger: Ledger
    outbox: Outbox
    commands: Commands
    panel: Panel
    board: Board
    link: Link | None = None
    detector: Detector | None = None
    timeline: Timeline | None = None
    storage: Storage | None = None
    close: Callable[[], None] = lambda: None
    """Lets go of all files, after the agent has ended."""
    listeners: Sequence[Listener] = ()
    survey: Survey | None = None
    stock: Stock | None = None
    """Writes the inventory; ``None`` where it cannot be changed."""
    desk: Desk | None = None
    history: History | None = None
    checks: Sequence[Check] = DEFAULT_CHECKS
    """What is judged, the first that applies; the profiles' own come before the general ones."""
    steps: Sequence[Step] = ()
    """The site's own steps of runbooks: headquarters is told them with the inventory."""
    version: str = ""
