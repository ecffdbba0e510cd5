"""What every message is made of: instants, JSON, and dataclasses as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from gateway.core.errors import VigieError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_INSTANTS = frozenset(("at", "detected_at", "until"))
T = TypeVar("T")


class GarbledError(VigieError):
    """Bytes that are no message of Vigie, or one that this version cannot read."""


def iso(at: float) -> str:
    """Seconds since the epoch as `2026-06-01T08:00:00.000Z`."""
    moment = _EPOCH + round(at * 1000) * _MS
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def instant(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 text with an offset or ``Z``; GarbledError for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        return round((moment - _EPOCH) / _MS) / 1000
    except (ValueError, TypeError) as error:  # TypeError: no offset
        raise GarbledError(f"{text[:40]!r} is no instant", remedy="write it like 2026-06-01T08:00:00.000Z") from error


def decode_json(decoder: msgspec.json.Decoder[T], text: bytes) -> T:
    """JSON as the decoder's type; GarbledError for anything else."""
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise GarbledError(f"message of {len(text)} bytes cannot be read: {error}") from error


def plain(value: Any, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A dataclass as JSON types: defaults are left out, instants become ISO texts."""
    found: dict[str, Any] = {}
    for entry in fields(value):
        name, item = entry.name, getattr(value, entry.name)
        default = entry.default if entry.default_factory is MISSING else entry.default_factory()
        if name in without or item == default:
            continue
        if name in _INSTANTS:
            found[name] = iso(item)
        elif hasattr(item, "__dataclass_fields__"):
            found[name] = plain(item)
        elif isinstance(item, tuple) and item and hasattr(item[0], "__dataclass_fields__"):
            found[name] = [plain(part) for part in item]
        else:
            found[name] = msgspec.to_builtins(item)
    return found


def typed(entry: Any, kind: type[T]) -> T:
    """The reverse of ``plain``; GarbledError names what does not fit."""
    if isinstance(entry, dict):
        entry = {key: instant(str(item)) if key in _INSTANTS else item for key, item in entry.items()}
    try:
        return msgspec.convert(entry, kind)
    except msgspec.ValidationError as error:
        raise GarbledError(f"{kind.__name__.lower()} in a message: {error}") from error


def entries(body: Mapping[str, Any], key: str) -> Sequence[Any]:
    """A list in a body, empty if it is not there; GarbledError if it is something else."""
    found = body.get(key, ())
    if not isinstance(found, list | tuple):
        raise GarbledError(f"{key!r} of a message is no list")
    return found
