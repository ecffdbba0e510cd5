"""The box's own heartbeat: a small file written in place once a minute, so that a start knows how long the box was off.

Two slots of one page each, written in turn and checksummed: a page torn by a power cut leaves the other one. In place,
since a new file a minute would write more to a card than all readings do.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gateway.core.errors import UnavailableError

FILE_NAME = "heartbeat"
_SLOT = 4096
_BEAT = msgspec.json.Decoder(dict[str, Any])


class HeartbeatFile:
    """``write`` is durable when it returns; ``read`` gives the newest beat that is whole, ``None`` if there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = max((count for count, _ in self._slots()), default=0)

    def write(self, beat: Mapping[str, Any]) -> None:
        """Raises UnavailableError while the disk takes nothing."""
        self._count += 1
        body = b"%d %s" % (self._count, msgspec.json.encode(beat))
        page = (b"%08x " % zlib.crc32(body) + body).ljust(_SLOT - 1) + b"\n"
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                if os.fstat(handle).st_size != 2 * _SLOT:
                    os.pwrite(handle, b" " * 2 * _SLOT, 0)
                os.pwrite(handle, page, self._count % 2 * _SLOT)
                os.fdatasync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise UnavailableError(
                f"{self._path}: {error.strerror}", remedy="free space, or give its directory to Vigie's user"
            ) from error

    def read(self) -> dict[str, Any] | None:
        """The newest whole beat."""
        return max(self._slots(), key=lambda slot: slot[0], default=(0, None))[1]

    def _slots(self) -> list[tuple[int, dict[str, Any]]]:
        try:
            content = self._path.read_bytes()
        except OSError:
            return []
        found = []
        for start in (0, _SLOT):
            checksum, _, body = content[start : start + _SLOT].rstrip().partition(b" ")
            number, _, beat = body.partition(b" ")
            if checksum == b"%08x" % zlib.crc32(body) and number.isdigit():
                found.append((int(number), _BEAT.decode(beat)))
        return found
