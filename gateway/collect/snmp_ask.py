"""Asks an agent through a session: many values at once, own walks with strict order and caps. No SNMP library here.

Agents lie: they loop, answer too much, too little or nothing (docs/reference/profiles.md). Every way ends in an
AskError or in less data, never in a hang.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from gateway.core.reading import FailureKind
from gateway.profiles.recording import Oid, Value, dotted

Binding = tuple[Oid, Value | None]
"""One answer; None where the agent has no such object or no next one."""

SMALL_REPETITIONS = 10
"""Some agents lose large GETBULK answers without a word; ten repetitions cured all that are on record."""


class Patience(NamedTuple):
    """Seconds one attempt waits, further attempts, seconds for a whole poll."""

    wait_s: float = 2.0
    retries: int = 1
    deadline_s: float = 30.0


class AskError(Exception):
    """A question without a usable answer."""

    def __init__(self, kind: FailureKind, detail: str = "") -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


class TooBigError(AskError):
    """The agent says the answer would not fit into one message."""

    def __init__(self) -> None:
        super().__init__(FailureKind.GARBLED, "tooBig even for one value")


class RejectedError(AskError):
    """The agent refused the whole question because of the value at ``position`` (from 0): noSuchName, genErr."""

    def __init__(self, position: int, detail: str) -> None:
        super().__init__(FailureKind.GARBLED, detail)
        self.position = position


_STATUS_TOO_BIG = 1
_STATUS_REFUSING = (6, 16)
"""noAccess, authorizationError."""


def refusal(status: int, index: int) -> AskError:
    """What an error status of an answer means (RFC 3416 section 3); ``index`` counts from 1."""
    if status == _STATUS_TOO_BIG:
        return TooBigError()
    if status in _STATUS_REFUSING:
        return AskError(FailureKind.UNAUTHORISED, "the agent denies access")
    return RejectedError(index - 1, f"the agent answered error {status}")


class Session(Protocol):
    """One agent, one credential. Raises AskError; ``requests`` counts the questions sent, ``remarks`` tells what people
    should know of an agent that answers."""

    version: str
    requests: int
    remarks: list[str]

    async def get(self, oids: Sequence[Oid]) -> list[Binding]:
        """The values at exactly these OIDs, in this order."""
        ...

    async def next(self, oids: Sequence[Oid], repetitions: int) -> list[Binding]:
        """What follows each OID, ``repetitions`` times (GETNEXT for 1, else GETBULK); rows one after the other."""
        ...


@dataclass(slots=True)
class Habits:
    """What an agent can bear; learnt while asking and kept for the next time."""

    bulk: bool = True
    repetitions: int = 25
    varbinds: int = 24
    answer: int = 60
    """Most values one answer may have."""
    bulk_proven: bool = False


@dataclass(slots=True)
class Limits:
    """Caps of one walk. A table that reaches one is cut and told as garbled."""

    rows: int = 4096
    requests: int = 400


async def get_all(session: Session, oids: Sequence[Oid], habits: Habits) -> dict[Oid, Value]:
    """The values of those OIDs that the agent has. Questions the agent finds too big or rejects are asked in parts."""
    found: dict[Oid, Value] = {}
    waiting = deque(_chunks(oids, habits.varbinds))
    while waiting:
        chunk = waiting.popleft()
        try:
            answer = await session.get(chunk)
        except TooBigError:
            if len(chunk) == 1:
                continue
            habits.varbinds = max(1, len(chunk) // 2)
            waiting.extendleft(reversed(_chunks(chunk, habits.varbinds)))
        except RejectedError as error:
            if 0 <= error.position < len(chunk):
                rest = [oid for at, oid in enumerate(chunk) if at != error.position]
            else:
                rest = []
            if rest:
                waiting.appendleft(rest)
        else:
            wanted = set(chunk)
            if not any(oid in wanted for oid, _value in answer):
                raise AskError(FailureKind.GARBLED, f"asked for {dotted(chunk[0])}, got another value")
            found.update({oid: value for oid, value in answer if value is not None and oid in wanted})
    return found


def _chunks(oids: Sequence[Oid], size: int) -> list[list[Oid]]:
    return [list(oids[at : at + size]) for at in range(0, len(oids), size)]


async def first_below(session: Session, prefixes: Sequence[Oid], habits: Habits) -> dict[Oid, Value]:
    """The first value below each prefix, of those prefixes that have any."""
    found: dict[Oid, Value] = {}
    waiting = deque(_chunks(prefixes, min(habits.varbinds, 16)))
    while waiting:
        chunk = waiting.popleft()
        try:
            answer = await session.next(chunk, 1)
        except TooBigError:
            if len(chunk) > 1:
                waiting.extendleft(reversed(_chunks(chunk, len(chunk) // 2)))
        except RejectedError as error:
            rest = [oid for at, oid in enumerate(chunk) if at != error.position]
            if rest and len(rest) < len(chunk):
                waiting.appendleft(rest)
        else:
            pairs = zip(chunk, answer, strict=False)
            found.update({o: v for prefix, (o, v) in pairs if v is not None and o[: len(prefix)] == prefix})
    return found


@dataclass(slots=True)
class Walk:
    """One walk over columns that are asked side by side. ``found`` keeps what came before an error."""

    session: Session
    habits: Habits
    limits: Limits = field(default_factory=Limits)
    found: dict[Oid, Value] = field(default_factory=dict)
    _at: dict[Oid, Oid] = field(default_factory=dict)
    _left: int = 0

    async def run(self, columns: Sequence[Oid], expected_rows: int | None = None) -> dict[Oid, Value]:
        """Every value below the columns. ``expected_rows`` of the last time avoids asking far beyond the end."""
        self._at = {column: column for column in columns}
        self._left = self.limits.requests
        while self._at:
            batch = list(self._at)[: min(self.habits.varbinds, self.habits.answer)]
            self._take(batch, await self._ask(batch, expected_rows))
        return self.found

    async def _ask(self, batch: list[Oid], expected_rows: int | None) -> list[Binding]:
        """One answer; asks for less while the agent finds it too much."""
        while True:
            if self._left <= 0:
                raise AskError(FailureKind.GARBLED, f"no end after {self.limits.requests} requests")
            self._left -= 1
            repetitions = self._repetitions(len(batch), expected_rows)
            try:
                answer = await self.session.next([self._at[column] for column in batch], repetitions)
            except TooBigError:
                if repetitions > 1:
                    self.habits.repetitions = max(1, repetitions // 2)
                elif len(batch) > 1:
                    del batch[len(batch) // 2 :]
                    self.habits.varbinds = len(batch)
                else:
                    raise
            except RejectedError as error:
                # v1 has no "end of view": the column at the end of the agent's tree is rejected by name
                if not 0 <= error.position < len(batch):
                    raise
                self._at.pop(batch.pop(error.position))
                if not batch:
                    return []
            except AskError as error:
                if error.kind is not FailureKind.TIMEOUT or not self._give_way(repetitions):
                    raise
            else:
                self.habits.bulk_proven |= repetitions > 1
                return answer

    def _repetitions(self, columns: int, expected_rows: int | None) -> int:
        if not self.habits.bulk or self.session.version == "1":
            return 1
        wanted = self.habits.repetitions if expected_rows is None else min(self.habits.repetitions, expected_rows + 1)
        return max(1, min(wanted, self.habits.answer // columns))

    def _give_way(self, repetitions: int) -> bool:
        """After silence: fewer repetitions, then none if bulk was never answered. False if nothing is left to try."""
        if repetitions > SMALL_REPETITIONS:
            self.habits.repetitions = SMALL_REPETITIONS
            return True
        if repetitions > 1 and not self.habits.bulk_proven:
            self.habits.bulk = False
            return True
        return False

    def _take(self, batch: list[Oid], answer: list[Binding]) -> None:
        if batch and not answer:
            raise AskError(FailureKind.GARBLED, "an empty answer")
        for number, (oid, value) in enumerate(answer):
            column = batch[number % len(batch)]
            at = self._at.get(column)
            if at is None:
                continue  # the end of this column was seen earlier in this answer
            if value is None or oid[: len(column)] != column:
                if value is not None and oid <= at:
                    raise AskError(FailureKind.GARBLED, f"after {dotted(at)} came {dotted(oid)}: the agent goes back")
                del self._at[column]
                continue
            if oid <= at:
                raise AskError(FailureKind.GARBLED, f"after {dotted(at)} came {dotted(oid)}: the agent goes in circles")
            self.found[oid] = value
            self._at[column] = oid
        if len(self.found) > self.limits.rows * max(1, len(batch)):
            raise AskError(FailureKind.GARBLED, f"no end after {len(self.found)} values")


class RecordedSession:
    """A session that answers from a recording: for tests, and for looking at a recording without a network.

    ``questions`` keeps what was asked: ("get" or "next", OIDs, repetitions).
    """

    def __init__(self, values: dict[Oid, Value], version: str = "2c") -> None:
        self.version = version
        self.requests = 0
        self.remarks: list[str] = []
        self.questions: list[tuple[str, tuple[Oid, ...], int]] = []
        self._values = values
        self._order = sorted(values)

    async def get(self, oids: Sequence[Oid]) -> list[Binding]:
        """The recorded values."""
        self.requests += 1
        self.questions.append(("get", tuple(oids), 1))
        return [(oid, self._values.get(oid)) for oid in oids]

    async def next(self, oids: Sequence[Oid], repetitions: int) -> list[Binding]:
        """What follows in the recording."""
        self.requests += 1
        self.questions.append(("next", tuple(oids), repetitions))
        cursors = list(oids)
        answer: list[Binding] = []
        for _ in range(repetitions):
            for number, cursor in enumerate(cursors):
                following = self._after(cursor)
                answer.append((following, self._values[following]) if following else (cursor, None))
                cursors[number] = following or cursor
        return answer

    def _after(self, oid: Oid) -> Oid | None:
        at = bisect_right(self._order, oid)
        return self._order[at] if at < len(self._order) else None
