"""What goes over the wire in one message: one row of the outbox, or several rows of history together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway import wire
from gateway.ports import OutboxRow
from gateway.uplink.line import Line
from gateway.uplink.pace import BULK_LANE, Pace
from gateway.wire import ClockState, Envelope, Names


@dataclass(slots=True)
class Parcel:
    """Rows of one lane on their way (``rows`` by number; those that are acknowledged leave it), how many bytes they
    make on the wire, and when and over which line they went."""

    rows: dict[int, OutboxRow]
    lane: int
    size: int
    sent_at: float = 0.0
    attempts: int = 0
    line: Line | None = None

    @property
    def bulk(self) -> bool:
        """True if it must leave room for others."""
        return self.lane >= BULK_LANE

    def message(self, names: Names, stream: str, now: float) -> tuple[str, bytes]:
        """Topic and payload as they are sent at an instant."""
        told = [_envelope(row, names, stream, now) for row in self.rows.values()]
        if len(told) > 1:
            return names.topic("hist"), wire.encode_batch(told)
        return names.topic(told[0].kind), wire.encode(told[0])


def _envelope(row: OutboxRow, names: Names, stream: str, now: float) -> Envelope:
    return Envelope(
        names.site,
        stream,
        row.seq,
        row.kind,
        wire.body_of(row.body),
        written_at=row.created_at,
        sent_at=now,
        boot_id=row.boot_id,
        clock=ClockState.TRUSTED if row.clock_trusted else ClockState.ESTIMATED,
    )


def parcels(rows: Iterable[OutboxRow], now: float, pace: Pace, shrunk: float) -> Iterator[Parcel]:
    """Rows in their order; those of a lane that follow one another and wait for more than an hour go together.
    ``shrunk`` is bytes on the wire per byte of body, as it was lately."""
    parcel: Parcel | None = None
    for row in rows:
        size, old = max(1, round(len(row.body) * shrunk)), now - row.created_at > pace.merge_after_s
        fits = parcel is not None and parcel.lane == row.lane and parcel.size + size <= pace.merge_bytes
        if parcel is not None and old and fits:
            parcel.rows[row.seq] = row
            parcel.size += size
            continue
        if parcel is not None:
            yield parcel
        parcel = Parcel({row.seq: row}, row.lane, size)
        if not old:  # live: goes by itself
            yield parcel
            parcel = None
    if parcel is not None:
        yield parcel
