"""One writer per directory: two agents on the same record would each think they knew."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.core.errors import VigieError
from gateway.store.db import on_read_only_disk


@contextmanager
def sole_writer(directory: Path) -> Iterator[None]:
    """Holds the directory's lock; makes the directory if need be. The lock ends with the process, however it ends.

    Raises VigieError if another process holds it, or if the directory cannot be made or written. On a read-only disk a
    lock that is there is held all the same; without one there is nothing that two could write.
    """
    remedy = "give it to Vigie's user, or set [data] path in site.toml"
    place = directory / "agent.lock"
    frozen = on_read_only_disk(place)
    if frozen and not place.exists():
        yield
        return
    try:
        if not frozen:
            directory.mkdir(parents=True, exist_ok=True)
        lock = place.open("r" if frozen else "a")
    except OSError as error:
        raise VigieError(f"{directory}: cannot be written ({error.strerror})", remedy=remedy) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise VigieError(
                f"{directory} is being written by another `vigie run`",
                remedy="end it first, or use another [data] path",
            ) from None
        yield
