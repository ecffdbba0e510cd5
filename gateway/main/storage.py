"""What the agent has its files looked after by: readings committed, room kept, damage found and told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateway.clock import Clock
from gateway.core.errors import DamagedError, UnavailableError
from gateway.settings import Settings
from gateway.store.db import Database, on_read_only_disk
from gateway.store.rebuild import Salvage, faults, mend, salvaged
from gateway.store.reserve import FILE_NAME, Reserve
from gateway.store.samples import SqliteSamples
from gateway.store.survey import survey

_OWN = {"vigie.db": "record", "samples.db": "samples"}
"""What the agent rebuilds; commands.db is the page's (``mend_page``)."""


class Storage:
    """``care`` and ``check`` take their time and run in threads; ``status`` and ``broken`` do not wait for them.

    The order in which things give way when the disk is full: readings are no longer written once the reserve cannot be
    kept (they wait in RAM, then the oldest are given up); state changes and incidents then have the reserve.
    """

    def __init__(
        self, settings: Settings, samples: SqliteSamples, record: Database, clock: Clock, missing: int = 0
    ) -> None:
        """``missing``: by how many acts of writing the record is shorter than its last heartbeat says. A log with a
        damaged page ends there for SQLite, without a word."""
        self._settings = settings
        self._samples = samples
        self._record = record
        self._clock = clock
        self._reserve = Reserve(settings.data / FILE_NAME)
        self._room: dict[str, Any] = {}
        self._checked: dict[str, Any] = {}
        self._broken: tuple[str, ...] = ()
        self._missing = missing
        record.on_full = self._reserve.give_up

    def care(self) -> None:
        """Commits readings. Raises UnavailableError while there is no room for them or the disk takes nothing."""
        try:
            self._record.thaw()
            self._samples.thaw()
        except DamagedError:  # seen only now that the disk takes writes again
            self.check()
            raise
        if not self._reserve.fill():
            self._samples.hold_back()
            raise UnavailableError(
                f"{self._settings.data}: almost full, readings wait in memory",
                remedy="free space, or use a larger card",
            )
        self._samples.flush()
        room = self._samples.room(self._settings.keep.bytes_max)
        self._room = {**asdict(room), "lost": self._samples.lost, "early_h": self._samples.early_h}

    def check(self) -> None:
        """Reads every row of every file and compares."""
        data = self._settings.data
        self._broken = tuple(name for name, schema in _OWN.items() if faults(data / name, schema))
        found = {file.name: list(file.faults) for file in survey(data, self._settings.inventory) if file.faults}
        self._checked = {"at": self._clock.wall(), "faults": found}

    def broken(self) -> bool:
        """True if a file must be rebuilt, for which the agent has to let go of it."""
        return bool(self._broken)

    def faults(self) -> list[str]:
        """What people must know, one line each."""
        counted = {"vigie.db": self._record.damage, "samples.db": self._samples.damage()}
        told = [f"vigie.db: the last {self._missing} entries are missing"] if self._missing > 0 else []
        told += [f"{name}: {fault}" for name, found in self._checked.get("faults", {}).items() for fault in found]
        told += [
            f"{name}: {count} damaged row(s) in {table}" for name, by in counted.items() for table, count in by.items()
        ]
        return list(dict.fromkeys(told))

    def _places(self) -> tuple[Path, ...]:
        return (self._settings.data, self._settings.commands.parent)

    def status(self) -> Mapping[str, Any]:
        """For the page and `vigie doctor`."""
        return {
            "readings": self._room,
            "reserve": self._reserve.held,
            "checked_at": self._checked.get("at"),
            "faults": self.faults(),
            "rebuilt": [asdict(one) for place in self._places() for one in salvaged(place)],
        }


def mendable(data: Path) -> Mapping[Path, str]:
    """The files that are rebuilt when they are damaged, with their schemas."""
    return {data / name: schema for name, schema in _OWN.items()}


def mend_page(commands: Path, now: float) -> Salvage | None:
    """Makes the page's own file anew if it is damaged, before the page opens it. On a read-only disk that waits. Raises
    UnavailableError if there is no room."""
    return None if on_read_only_disk(commands) else mend(commands, "commands", now)
