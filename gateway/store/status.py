"""The volatile status file: what the agent sees right now, for the page. On a RAM disk, never synced to a card."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gateway.core.errors import UnavailableError

FILE_NAME = "status.json"


def write_status(path: Path, status: Mapping[str, Any]) -> None:
    """Replaces the file in one step: readers see the old or the new one, whole. No fsync: it dies with the boot."""
    pending = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pending.write_bytes(msgspec.json.encode(status))
        pending.replace(path)
    except OSError as error:
        raise UnavailableError(
            f"{path}: {error.strerror}", remedy="free space, or give its directory to Vigie's user"
        ) from error


def read_status(path: Path) -> Mapping[str, Any] | None:
    """What the agent wrote last; ``None`` if there is nothing, or nothing that can be read, yet."""
    try:
        status = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    return status if isinstance(status, dict) else None
