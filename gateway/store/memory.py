"""Fakes of the store's ports: they keep everything in lists, for tests, replay and simulation."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

import msgspec

from gateway.core.incident import Change, Incident, Stamp, Transition, fold
from gateway.core.inventory import Entry
from gateway.core.reading import Reading
from gateway.ports import Batch, Command, CurrentVerdict, DeskOrder, Message, OutboxRow
from gateway.store.entries import KEPT
from gateway.store.worth import CAP_BYTES, NOW_LANE, Waiting, given_up


class MemoryOutbox:
    """An outbox that ends with the process."""

    def __init__(self, stream: str = "00000000000000aa", cap: int = CAP_BYTES) -> None:
        self.stream = stream
        self._cap = cap
        self._dropped: Counter[str] = Counter()
        self.rows: dict[int, OutboxRow] = {}
        self._numbers = itertools.count(1)
        self._newest = 0
        self._retained: tuple[str, ...] = ()

    def newest(self) -> int:
        """Highest sequence number ever given; 0 for none."""
        return self._newest

    def new_stream(self) -> str:
        """Counts the stream's id up."""
        self.stream = f"{int(self.stream, 16) + 1:016x}"
        return self.stream

    def put(self, message: Message, stamp: Stamp) -> int:
        """Keeps one message; returns its sequence number."""
        seq = self._newest = next(self._numbers)
        body = msgspec.json.encode(message.body)
        self.rows[seq] = OutboxRow(seq, message.lane, message.kind, stamp.wall, body, stamp.boot_id, stamp.trusted)
        return seq

    def take(self, limit: int, *, skip: Collection[int] = ()) -> list[OutboxRow]:
        """Up to ``limit`` rows by lane, oldest first (lane 2: newest first), without those in ``skip``."""
        rows = [row for row in self.rows.values() if row.seq not in skip]
        return sorted(rows, key=lambda row: (row.lane, -row.seq if row.lane == NOW_LANE else row.seq))[:limit]

    def retained(self) -> list[str]:
        """Topics that the broker was asked to keep."""
        return list(self._retained)

    def keep_retained(self, topics: Sequence[str]) -> None:
        """Remembers them until the process ends."""
        self._retained = tuple(topics)

    def acknowledge(self, seqs: Iterable[int]) -> int:
        """Deletes rows; returns how many were there."""
        return sum(self.rows.pop(seq, None) is not None for seq in set(seqs))

    def trim(self) -> int:
        """Gives up what is worth least and counts it."""
        rows = (Waiting(r.seq, r.kind, r.created_at, len(r.body), r.body[:16]) for r in self.rows.values())
        gone = list(given_up(rows, self._cap))
        self._dropped.update(row.worth for row in gone)
        return self.acknowledge(row.seq for row in gone)

    def dropped(self) -> dict[str, int]:
        """How many messages were given up, by what they were."""
        return dict(self._dropped)

    def waiting(self) -> dict[int, int]:
        """Number of rows by lane."""
        return dict(Counter(row.lane for row in self.rows.values()))


class MemoryLedger:
    """A ledger that ends with the process. ``batches`` is its history."""

    def __init__(self, outbox: MemoryOutbox | None = None) -> None:
        self.outbox = outbox or MemoryOutbox()
        self.batches: list[Batch] = []

    def record(self, batch: Batch) -> None:
        """Keeps the batch and puts its messages into the outbox."""
        self.batches.append(batch)
        for message in batch.messages:
            self.outbox.put(message, batch.stamp)

    def verdicts(self) -> list[CurrentVerdict]:
        """The newest transition of every series."""
        last = {transition.key: transition for transition in self._transitions()}
        return [CurrentVerdict(*key, t.after, t.at, t.value, t.cause, t.label, t.check) for key, t in last.items()]

    def incidents(self, *, since: float = 0.0) -> list[Incident]:
        """Incidents that are open or were opened or restored at or after ``since``, newest first."""
        incidents = fold(change for batch in self.batches for change in batch.changes).values()
        wanted = [i for i in incidents if i.open or i.opened_at >= since or (i.restored_at or since - 1) >= since]
        return sorted(wanted, key=lambda incident: incident.opened_at, reverse=True)

    def incident(self, number: str) -> Incident | None:
        """One incident by its id."""
        return fold(change for batch in self.batches for change in batch.changes).get(number)

    def transitions(self, start: float, end: float, *, subject: str | None = None) -> list[Transition]:
        """Transitions with ``start <= at < end`` in the order in which they were written."""
        found = (t for t in self._transitions() if start <= t.at < end)
        return [t for t in found if subject in (None, t.subject)]

    def changes(self, start: float, end: float) -> list[Change]:
        """Changes with ``start <= at < end`` in the order in which they were written."""
        return [change for batch in self.batches for change in batch.changes if start <= change.at < end]

    def last_command(self) -> int:
        """Id of the last command that was carried out; 0 if none was."""
        return max((batch.command for batch in self.batches if batch.command is not None), default=0)

    def entries(self, *kinds: str, subject: str | None = None) -> list[Entry]:
        """What happened to the inventory; of surveys only the newest, of what one device said the newest hundred."""
        found = [one for batch in self.batches for one in batch.entries]
        kept = []
        left = Counter[tuple[str, str]]()
        for one in reversed(found):
            left[one.kind, one.subject] += 1
            if left[one.kind, one.subject] <= KEPT.get(one.kind, len(found)):
                kept.append(one)
        wanted = (one for one in reversed(kept) if not kinds or one.kind in kinds)
        return [one for one in wanted if subject in (None, one.subject)]

    def _transitions(self) -> list[Transition]:
        return [transition for batch in self.batches for transition in batch.transitions]


class MemorySamples:
    """Samples that end with the process."""

    def __init__(self) -> None:
        self.flushes = 0
        self._series: dict[tuple[str, str, str], list[tuple[float, float | str]]] = defaultdict(list)

    def append(self, readings: Iterable[Reading]) -> None:
        """Takes readings."""
        for reading in readings:
            self._series[reading.series].append((reading.at, reading.value))

    def flush(self) -> None:
        """Counts how often it was asked."""
        self.flushes += 1

    def series(
        self, device: str, metric: str, instance: str, start: float, end: float
    ) -> list[tuple[float, float | str]]:
        """(at, value) of one series in [start, end), in order of time."""
        found = self._series.get((device, metric, instance), [])
        return sorted(((at, value) for at, value in found if start <= at < end), key=lambda pair: pair[0])


class MemoryCommands:
    """Commands given by a test."""

    def __init__(self) -> None:
        self.commands: list[Command] = []

    def after(self, last: int) -> list[Command]:
        """Commands with an id above ``last``, oldest first."""
        return [command for command in self.commands if command.id > last]


class MemoryOrders:
    """Orders of headquarters that a ledger recorded, and changed settings, until the process ends."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._adjustments: dict[str, float] = {}

    def knows(self, order: str) -> bool:
        """True if an order with this id was dealt with."""
        return any(one.id == order for one in self.orders())

    def newest_at(self) -> float:
        """When the newest one was issued; 0 for none."""
        return max((one.issued_at for one in self.orders()), default=0.0)

    def orders(self) -> list[DeskOrder]:
        """All of them in the order in which they were issued."""
        found = [batch.order for batch in self._ledger.batches if batch.order]
        return sorted(found, key=lambda one: (one.issued_at, one.id))

    def adjust(self, name: str, value: float) -> None:
        """Keeps a changed setting."""
        self._adjustments[name] = value

    def adjustments(self) -> dict[str, float]:
        """Changed settings by name."""
        return dict(self._adjustments)
