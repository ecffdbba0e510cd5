"""Writing down: batches in their order, and what every store refuses, so that nothing is lost and nothing crashes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from gateway.core.errors import VigieError
from gateway.core.incident import Change, Transition
from gateway.ports import Batch, Ledger

_STORES = ("samples", "readings", "record", "outbox", "commands", "status", "check")

log = structlog.get_logger()


class Keeping:
    """What waits to be written, and why. ``unwritten`` is what the agent before could not write down."""

    def __init__(self, ledger: Ledger, unwritten: Sequence[Batch] = ()) -> None:
        self._ledger = ledger
        self.unwritten: list[Batch] = list(unwritten)
        self.refused: dict[str, str] = dict.fromkeys(_STORES, "")
        """Why each store refused its last work; "" where it did not."""

    def write(self, *batches: Batch) -> None:
        """Writes batches in their order; while the disk refuses, they wait in memory and the page says so."""
        self.unwritten.extend(batches)
        while self.unwritten:
            batch = self.unwritten[0]
            if not self.kept("record", lambda batch=batch: self._ledger.record(batch)):  # type: ignore[misc]
                return
            self.unwritten.pop(0)

    def transitions(self) -> list[Transition]:
        """Of what is not written yet, in order."""
        return [one for batch in self.unwritten for one in batch.transitions]

    def changes(self) -> list[Change]:
        """Of what is not written yet, in order."""
        return [one for batch in self.unwritten for one in batch.changes]

    def kept(self, what: str, action: Callable[[], object]) -> bool:
        """True if the store did it; a full or read-only disk becomes an incident of the gateway, not a crash."""
        try:
            action()
        except VigieError as error:
            if self.refused[what] != str(error):
                log.error("store refuses", what=what, error=str(error))
            self.refused[what] = str(error)
            return False
        self.refused[what] = ""
        return True
