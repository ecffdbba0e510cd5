"""Recorded readings as rounds of polls, in their own time: the file stands for every wire at once."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec

from gateway.core.errors import Fault, InputError
from gateway.core.reading import Failure, FailureKind, Poll, Reading, round_readings
from gateway.core.units import METRICS

GATEWAY_EVENTS = frozenset({"gateway_off", "gateway_on", "link_down", "link_up"})


class Line(msgspec.Struct):
    """One line of a recording: a reading, a failed poll, or something that happened."""

    t: str
    device: str = ""
    metric: str = ""
    instance: str = ""
    value: float | str | None = None
    failure: str = ""
    event: str = ""
    who: str = ""
    text: str = ""


@dataclass(slots=True)
class Round:
    """All readings of one device or service at one instant (s since the epoch)."""

    at: float
    subject: str
    readings: list[Reading] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def judged(self) -> list[Reading]:
        """What the watch is given: the readings, and what failures say of the subject."""
        polls = [Poll(self.subject, "", self.at, tuple(self.readings))] if self.readings else []
        polls += [Poll(self.subject, "", self.at, failure=failure) for failure in self.failures]
        return list(round_readings(self.subject, polls, self.at))


@dataclass(frozen=True, slots=True)
class Event:
    """A person's act, or what became of the gateway itself."""

    at: float
    name: str
    subject: str
    who: str
    text: str


class Recording:
    """A file of JSON lines, plain or gzipped. ``unknown`` counts readings of metrics outside the vocabulary: they are
    left out. Raises InputError for a line that cannot be read, with its number."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.readings = 0
        self.unknown: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Round | Event]:
        opened = gzip.open if self.path.suffix == ".gz" else open
        try:
            with opened(self.path, "rb") as lines:
                yield from self._steps(lines)
        except (OSError, EOFError) as error:
            raise InputError([Fault(str(self.path), 0, f"cannot be read ({error})", "name a readable file")]) from error

    def _steps(self, lines: Iterable[bytes]) -> Iterator[Round | Event]:
        decoder = msgspec.json.Decoder(Line)
        text, at = "", 0.0
        rounds: dict[str, Round] = {}
        for number, raw in enumerate(lines, 1):
            try:
                line = decoder.decode(raw)
                if line.t != text:
                    yield from rounds.values()
                    rounds = {}
                    text, at = line.t, datetime.fromisoformat(line.t).timestamp()
                if line.event:
                    yield from rounds.values()
                    rounds = {}
                    yield Event(at, line.event, line.device, line.who, line.text)
                    continue
                self._add(rounds, line, at)
            except (msgspec.MsgspecError, ValueError) as error:
                remedy = 'write one JSON object a line, like {"t": "2026-06-07T00:00:00Z", "device": ...}'
                raise InputError([Fault(str(self.path), number, str(error), remedy)]) from error
        yield from rounds.values()

    def _add(self, rounds: dict[str, Round], line: Line, at: float) -> None:
        known = rounds.get(line.device)
        if known is None:
            known = rounds[line.device] = Round(at, line.device)
        if line.failure:
            known.failures.append(Failure(FailureKind(line.failure), "poll"))
            return
        self.readings += 1
        if line.metric not in METRICS:
            self.unknown[line.metric] += 1
        elif line.value is not None:
            known.readings.append(Reading(line.device, line.metric, line.value, at, line.instance))
