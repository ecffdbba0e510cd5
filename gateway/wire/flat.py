"""Flat payloads (status, state of a device) and headquarters' acknowledgements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from gateway.core.device import Device
from gateway.core.incident import Verdict
from gateway.wire.text import decode_json


def status_payload(state: str, boot_id: str, version: str, at: float) -> bytes:
    """Birth (``online``), goodbye (``offline``) and will (``lost``; ``ts`` is then the instant of connecting)."""
    return msgspec.json.encode({"state": state, "boot_id": boot_id, "version": version, "ts": round(at * 1000)})


class Status(msgspec.Struct):
    """What a site's ``status`` says."""

    state: str
    boot_id: str = ""
    version: str = ""
    ts: int = 0


_STATUS = msgspec.json.Decoder(Status)


def status_of(payload: bytes) -> Status:
    """The reverse of ``status_payload``."""
    return decode_json(_STATUS, payload)


@dataclass(frozen=True, slots=True)
class StateNow:
    """The verdict on a device now, with its reason; ``since`` and ``at`` are s since the epoch."""

    verdict: Verdict
    since: float
    at: float
    cause: str = ""


def state_payload(device: Device, now: StateNow) -> dict[str, str | int]:
    """Flat payload of ``state/<device>``: always the same keys and types, ``ts`` in ms. ``level`` orders the verdicts
    for a gauge: 0 ok, 1 maintenance, 2 unknown, 3 warning, 4 critical."""
    return {
        "device": device.id,
        "name": device.name,
        "kind": device.kind.value,
        "criticality": device.criticality.value,
        "verdict": now.verdict.value,
        "level": now.verdict.rank,
        "cause": now.cause,
        "since": round(now.since * 1000),
        "ts": round(now.at * 1000),
    }


class Acknowledgement(msgspec.Struct):
    """What headquarters has: inclusive ranges of sequence numbers of a stream, and the newest it ever kept of it."""

    stream: str
    ranges: list[tuple[int, int]]
    newest: int = 0


_ACKNOWLEDGEMENT = msgspec.json.Decoder(Acknowledgement)


def acknowledgement(stream: str, seqs: Iterable[int], newest: int = 0) -> bytes:
    """Payload of ``ack/<stream>``."""
    ranges: list[list[int]] = []
    for seq in sorted(set(seqs)):
        if ranges and ranges[-1][1] == seq - 1:
            ranges[-1][1] = seq
        else:
            ranges.append([seq, seq])
    return msgspec.json.encode({"stream": stream, "ranges": ranges, "newest": newest})


def acknowledgement_of(payload: bytes) -> Acknowledgement:
    """The reverse of ``acknowledgement``."""
    return decode_json(_ACKNOWLEDGEMENT, payload)
