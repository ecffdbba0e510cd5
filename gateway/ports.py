"""The ports: what the agent needs from the world. Adapters implement them, ``main/build.py`` chooses which.

Every port has a fake that ships beside the real adapter, and one contract suite in ``tests/contracts`` for both.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.core.device import Device, Service
from gateway.core.heard import Heard
from gateway.core.incident import Change, Incident, Stamp, Transition, Verdict
from gateway.core.inventory import Entry
from gateway.core.reading import Poll, Reading


class Collector(Protocol):
    """Asks a device over one protocol. Returns a Poll (a device that does not answer is a failure in it); raises only
    for a fault of the gateway itself. Never logs, retries or schedules."""

    name: str

    async def poll(self, device: Device) -> Poll:
        """Asks the device once."""
        ...


class ServiceProbe(Protocol):
    """Asks a service as its users would."""

    async def check(self, service: Service) -> Poll:
        """Asks once; readings carry the service's id as device."""
        ...


class Listener(Protocol):
    """Hears what devices say unasked. Rations every source in bounded memory; never judges."""

    name: str

    def open(self) -> None:
        """Begins to listen, in a running event loop. Raises UnavailableError with a remedy if it may not."""
        ...

    def heard(self) -> list[Heard]:
        """What came since the last call; for what was not kept, one line per source."""
        ...

    def close(self) -> None:
        """Ends."""
        ...


class Samples(Protocol):
    """Readings kept for charts, forecasts and models. May lose the last minutes in a power cut; never silently more."""

    def append(self, readings: Iterable[Reading]) -> None:
        """Takes readings; they are durable after the next ``flush``."""
        ...

    def flush(self) -> None:
        """Commits what was appended and closes finished hours."""
        ...

    def series(
        self, device: str, metric: str, instance: str, start: float, end: float
    ) -> list[tuple[float, float | str]]:
        """(at, value) of one series in [start, end), in order of time."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """Something headquarters must be told. ``kind`` is evt, summary, hist or rpt; ``lane`` 0 (first) to 3 (last)."""

    kind: str
    lane: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeskOrder:
    """An order of headquarters that was dealt with: ``at`` here, issued and overdue by its clock (s since the epoch);
    ``refusal`` is empty if it was carried out."""

    id: str
    kind: str
    who: str
    issued_at: float
    expires_at: float
    at: float
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one reading (or one person's act) led to: written in one transaction or not at all."""

    stamp: Stamp
    transitions: Sequence[Transition] = ()
    changes: Sequence[Change] = ()
    messages: Sequence[Message] = ()
    command: int | None = None
    """Id of the command of commands.db that was carried out by this batch."""
    command_result: str = ""
    order: DeskOrder | None = None
    """The order of headquarters that was dealt with by this batch."""
    entries: Sequence[Entry] = ()
    """What happened to the inventory."""


@dataclass(frozen=True, slots=True)
class CurrentVerdict:
    """The verdict in force on one metric of one subject, since when, and what decided it."""

    subject: str
    metric: str
    instance: str
    verdict: Verdict
    since: float
    value: float | str | None = None
    cause: str = ""
    label: str = ""
    check: str = ""

    @property
    def series(self) -> tuple[str, str, str]:
        """(subject, metric, instance)."""
        return (self.subject, self.metric, self.instance)


class Ledger(Protocol):
    """The append-only record of transitions and incident changes."""

    def record(self, batch: Batch) -> None:
        """Writes the batch in ONE durable transaction."""
        ...

    def verdicts(self) -> list[CurrentVerdict]:
        """Every verdict in force (the fold of the transitions), for a start after a stop."""
        ...

    def incidents(self, *, since: float = 0.0) -> list[Incident]:
        """Incidents that are open or were opened or restored after ``since``, newest first."""
        ...

    def incident(self, number: str) -> Incident | None:
        """One incident by its id."""
        ...

    def transitions(self, start: float, end: float, *, subject: str | None = None) -> list[Transition]:
        """Transitions with ``start <= at < end`` in the order in which they were written."""
        ...

    def changes(self, start: float, end: float) -> list[Change]:
        """Changes of incidents with ``start <= at < end`` in the order in which they were written."""
        ...

    def last_command(self) -> int:
        """Id of the newest command of commands.db that was carried out; 0 for none."""
        ...

    def entries(self, *kinds: str, subject: str | None = None) -> list[Entry]:
        """What happened to the inventory, of some kinds (none named: all), in the order in which it was written. Of
        surveys only the newest is kept, of what one device said the newest hundred."""
        ...


class Stock(Protocol):
    """The inventory as the agent may change it. Values are in the form of `inventory.toml`."""

    def add(self, values: Mapping[str, Any]) -> None:
        """Takes one more device in. Raises ``VigieError`` if its id is taken, a value does not fit, or nothing can be
        written."""
        ...

    def change(self, name: str, values: Mapping[str, Any]) -> None:
        """Writes some values of a device down anew; ``None`` takes one away. Raises ``VigieError`` as ``add``."""
        ...


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message on its way. (site, stream, seq) is its idempotency key at headquarters."""

    seq: int
    lane: int
    kind: str
    created_at: float
    body: bytes
    boot_id: str = ""
    clock_trusted: bool = True


class Outbox(Protocol):
    """Messages that headquarters has not acknowledged yet."""

    @property
    def stream(self) -> str:
        """Random id made with the outbox file."""
        ...

    def put(self, message: Message, stamp: Stamp) -> int:
        """Keeps one message durably; returns its sequence number. (Facts use ``Ledger.record`` instead.)"""
        ...

    def take(self, limit: int, *, skip: Collection[int] = ()) -> list[OutboxRow]:
        """Up to ``limit`` rows by lane, oldest first (lane 2, what is so now: newest first), without those in ``skip``,
        which are in flight."""
        ...

    def acknowledge(self, seqs: Iterable[int]) -> int:
        """Deletes rows that headquarters has; returns how many were there."""
        ...

    def waiting(self) -> dict[int, int]:
        """Number of rows by lane."""
        ...

    def trim(self) -> int:
        """Gives up what is worth least: old summaries down to one per hour, then, where the room is used up, those
        and hourly figures, oldest first; never a fact. Returns how many messages went."""
        ...

    def dropped(self) -> dict[str, int]:
        """How many messages were ever given up, by what they were: ``summary``, ``figures``."""
        ...

    def retained(self) -> list[str]:
        """Topics of messages that the broker was asked to keep and that were not cleared since."""
        ...

    def keep_retained(self, topics: Sequence[str]) -> None:
        """Remembers them durably."""
        ...

    def newest(self) -> int:
        """Highest sequence number ever given, also to rows that are gone; 0 for none."""
        ...

    def new_stream(self) -> str:
        """Starts a new stream (the data was restored from an older copy); rows stay and keep their numbers."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """Something a person asks of the agent, from commands.db. ``kind`` is acknowledge, intervention_start, resolve,
    note, tick, report, silence, maintenance_start, maintenance_end, poll_now, or one of the inventory: device_add,
    device_change, device_swap, device_move, proposal_ignore, proposal_want, sweep_now."""

    id: int
    kind: str
    created_at: float
    who: str
    body: Mapping[str, Any] = field(default_factory=dict)


class Commands(Protocol):
    """The agent's view of commands.db: read only."""

    def after(self, last: int) -> list[Command]:
        """Commands with an id above ``last``, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class UplinkEvent:
    """What the wire to headquarters did: connected (``payload``: the will that the broker was given), disconnected,
    published (``token``) or message (``topic``)."""

    kind: str
    token: int = 0
    topic: str = ""
    payload: bytes = b""
    reason: str = ""


class Uplink(Protocol):
    """One connection to the broker. Its callbacks only append to a queue; ``events`` empties it."""

    def start(self) -> None:
        """Begins to connect; comes back at once."""
        ...

    def stop(self) -> None:
        """Says goodbye and ends."""
        ...

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int | None:
        """Hands one message over with QoS 1; returns its token, or ``None`` if there is no link."""
        ...

    def events(self) -> list[UplinkEvent]:
        """What happened since the last call."""
        ...

    def idle_s(self) -> float:
        """Seconds since the broker last gave a sign of life (PUBACK, PINGRESP, message)."""
        ...


class Detector(Protocol):
    """Scores how unusual the newest values of a series are."""

    version: str

    def score(self, window: Sequence[float], *, interval_s: float) -> float | None:
        """Score in [0, 1] of the last value given those before it; ``None`` while the history is too short."""
        ...


@dataclass(frozen=True, slots=True)
class Signal:
    """What the panel shows: ``light`` is green, amber, red or blue (no link); ``blink`` steady, slow, fast, double."""

    light: str
    blink: str = "steady"
    buzzer: str = "off"
    """off, or a pattern: warning (two short beeps a minute), alarm (beeps every other second)."""


class Panel(Protocol):
    """Lights, buzzer and one button."""

    def show(self, signal: Signal) -> None:
        """Changes what is shown; the same signal again changes nothing."""
        ...

    def presses(self) -> list[str]:
        """Button presses since the last call: "short" or "long" (3 s)."""
        ...

    def close(self) -> None:
        """Everything off, pins given back."""
        ...
