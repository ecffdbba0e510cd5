"""Writes facts, readings and heartbeats as fast as the disk takes them, and says what is durable, until the power goes.
Started by `test_power_cut.py` as a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from gateway.clock import FakeClock, stamp
from gateway.core.incident import Transition, Verdict
from gateway.core.reading import Reading
from gateway.ports import Batch, Message
from gateway.store.db import open_database
from gateway.store.heartbeat import HeartbeatFile
from gateway.store.ledger import SqliteLedger
from gateway.store.samples import SqliteSamples

START = 494_444 * 3600.0


def main(folder: Path) -> None:
    """One line for each thing that was promised: f (fact), r (readings up to here), h (heartbeat)."""
    clock = FakeClock(START)
    ledger = SqliteLedger(open_database(folder / "vigie.db"))
    samples, heartbeat = SqliteSamples(folder / "samples.db", clock), HeartbeatFile(folder / "heartbeat")
    n = 0
    while True:
        n += 1
        clock.advance(60)
        fact = Transition(f"srv-{n}", "reach.up", "", Verdict.OK, Verdict.CRITICAL, clock.wall(), clock.wall())
        ledger.record(Batch(stamp(clock), [fact], [], [Message("evt", 1, {"n": n})]))
        promise("f", n)
        samples.append(Reading("ups-1", "ups.load", float(n), clock.wall(), str(i)) for i in range(50))
        if n % 5 == 0:
            samples.flush()
            promise("r", n)
            heartbeat.write({"at": clock.wall(), "boot_id": "b", "monotonic": float(n)})
            promise("h", n)


def promise(kind: str, number: int) -> None:
    """Told only once it is durable."""
    sys.stdout.write(f"{kind}{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
