"""A box whose disk fills up: writes facts and readings as fast as it can, waits with what is refused, and says what
became of each. Started by `test_full_disk.py` as a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.agent.keeping import Keeping
from gateway.clock import FakeClock, stamp
from gateway.core.device import Site
from gateway.core.errors import UnavailableError
from gateway.core.incident import Transition, Verdict
from gateway.core.reading import Reading
from gateway.main.storage import Storage
from gateway.ports import Batch, Message
from gateway.settings import Settings
from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.samples import SqliteSamples

START = 494_444 * 3600.0
WAITING_MAX = 50


def main(folder: Path) -> None:
    """One line for each thing: f (fact written, with its number), F (refused), r and R (readings)."""
    clock = FakeClock(START)
    record = open_database(folder / "vigie.db")
    keeping = Keeping(SqliteLedger(record))
    samples = SqliteSamples(folder / "samples.db", clock)
    settings = Settings(Site("depot", "Depot"), folder, folder / "inventory.json")
    storage = Storage(settings, samples, record, clock)
    n = 0
    while True:
        clock.advance(60)
        if len(keeping.unwritten) < WAITING_MAX:
            n += 1
            fact = Transition(f"srv-{n}", "reach.up", "", Verdict.OK, Verdict.CRITICAL, clock.wall(), clock.wall())
            batch = Batch(stamp(clock), [fact], [], [Message("evt", 1, {"n": n, "text": "x" * 4000})])
            keeping.write(batch)
        else:
            keeping.write()
        say(f"f{n}" if not keeping.unwritten else "F")
        samples.append(Reading("ups-1", "ups.load", float(n), clock.wall(), str(i)) for i in range(50))
        if n % 5 == 0:
            try:
                storage.care()
                say(f"r{n}")
            except UnavailableError:
                say("R")


def say(line: str) -> None:
    """Told only once it is so."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
