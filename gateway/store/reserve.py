"""Room that is kept free for what counts: a file of zeros that is given up when the disk is full."""

from __future__ import annotations

import os
from pathlib import Path

FILE_NAME = "reserve"
SIZE = 16_000_000
"""Enough for tens of thousands of state changes with their messages, and for emptying the logs of both databases."""


class Reserve:
    """``fill`` when there is room, ``give_up`` when a fact could not be written."""

    def __init__(self, path: Path, size: int = SIZE) -> None:
        self._path = path
        self._size = size

    @property
    def held(self) -> bool:
        """True while the room is kept."""
        try:
            return self._path.stat().st_size >= self._size
        except OSError:
            return False

    def fill(self) -> bool:
        """Takes the room if three times as much is free; False if there is none. Readings must not be written then:
        they would take what state changes need."""
        if self.held:
            return True
        try:
            disk = os.statvfs(self._path.parent)
            if disk.f_bavail * disk.f_frsize < 3 * self._size:
                return False
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(handle, 0, self._size)
            finally:
                os.close(handle)
        except OSError:
            return False
        return True

    def give_up(self) -> bool:
        """Frees the room; True if there was some."""
        held = self.held
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return False
        return held
