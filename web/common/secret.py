"""The key that signs sessions: made once, kept in a file that only its owner reads."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from gateway.core.errors import UnavailableError

_BYTES = 32


def read_secret_key(path: Path) -> bytes:
    """The key in ``path``, made there (mode 0600) if there is none yet. Raises `UnavailableError` naming the file."""
    try:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read(path)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        return _read(path)
    except OSError as error:
        raise UnavailableError(
            f"{path}: {error.strerror}", remedy="make the directory writable for this user"
        ) from error


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != _BYTES:
        raise UnavailableError(f"{path}: not a session key ({len(key)} bytes)", remedy="delete the file")
    return key
