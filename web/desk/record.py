"""What a message means for the ledger, and how changes kept there become incidents again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gateway import wire
from gateway.core.incident import Change, Incident, Transition, fold
from gateway.wire.statistics import is_statistics, names_of, statistics_of
from web.desk.sites import check_inventory

DESK = "desk"
"""Stands for the stream of what headquarters itself adds to an incident."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact as the ledger keeps it: the JSON it came in, and its identity by content."""

    body: str
    digest: str


@dataclass(frozen=True, slots=True)
class Told:
    """What one message tells: facts with their JSON, and columns of its site that it sets."""

    transitions: tuple[tuple[Fact, Transition], ...] = ()
    changes: tuple[tuple[Fact, Change], ...] = ()
    results: tuple[wire.OrderResult, ...] = ()
    site: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptChange:
    """A change as it was read back, with its place in its site's own order."""

    stream: str
    seq: int
    body: str


def fact(entry: Mapping[str, Any]) -> Fact:
    """An entry of a body of facts; keys this version does not know are kept too."""
    body = msgspec.json.encode(entry, order="deterministic").decode()
    return Fact(body, digest(body))


def digest(text: str) -> str:
    """Identity of a content."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def told(envelope: wire.Envelope, received_at: float) -> Told:
    """What the ledger takes from a message. Raises GarbledError if its body cannot be read."""
    body = envelope.body
    site: dict[str, Any] = {"clock": envelope.clock.value}
    if envelope.sent_at:
        site["skew_s"] = envelope.sent_at - received_at
    names_of(body)
    if is_statistics(body):
        statistics_of(body)
    elif envelope.kind == "summary":
        wire.summary_of(body)
        site |= {"summary": wire.body_bytes(body).decode(), "summary_at": received_at}
    elif envelope.kind == "rpt" and wire.is_inventory(body):
        site["name"] = check_inventory(body, received_at).name
        site |= {"inventory": wire.body_bytes(body).decode(), "inventory_at": received_at}
    transitions, changes = wire.transitions_of(body), wire.changes_of(body)
    return Told(
        tuple(zip(map(fact, body.get("transitions", ())), transitions, strict=True)),
        tuple(zip(map(fact, body.get("changes", ())), changes, strict=True)),
        tuple(wire.results_of(body)),
        site,
    )


def told_here(change: Change) -> tuple[Fact, Change]:
    """A change that headquarters makes itself."""
    return fact(wire.facts_body(changes=[change])["changes"][0]), change


def folded(rows: Sequence[KeptChange]) -> dict[str, Incident]:
    """Incidents by id from the changes of one site in the order in which they arrived."""
    bodies = [wire.body_of(row.body.encode()) for row in _in_order(rows)]
    return fold(wire.changes_of({"changes": bodies}))


def _in_order(rows: Sequence[KeptChange]) -> Iterable[KeptChange]:
    """What a site told is put into the site's own order, since a message that was sent again arrives late; what
    headquarters added stays where it was."""
    streams = list(dict.fromkeys(row.stream for row in rows if row.stream != DESK))
    # `sorted` is stable: changes of one message stay in their order
    told = iter(sorted((row for row in rows if row.stream != DESK), key=lambda r: (streams.index(r.stream), r.seq)))
    return [row if row.stream == DESK else next(told) for row in rows]
