"""Days without a link: what is kept grows on the card, not in memory. VIGIE_DAYS=30 is the long form."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from gateway.clock import FakeClock, stamp
from gateway.core.incident import Transition, Verdict
from gateway.core.reading import Reading
from gateway.ports import Batch, Message
from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.outbox import SqliteOutbox
from gateway.store.samples import SqliteSamples

DAYS = int(os.environ.get("VIGIE_DAYS", "4"))
START = 494_444 * 3600.0


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_memory_is_flat_over_days_without_a_link(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    clock = FakeClock(START)
    database = open_database(tmp_path / "vigie.db")
    ledger, outbox = SqliteLedger(database), SqliteOutbox(database)
    samples = SqliteSamples(tmp_path / "samples.db", clock)
    after: list[float] = []
    for day in range(DAYS):
        for hour in range(24):
            at = clock.wall()
            samples.append(
                Reading(f"d-{n}", "hw.temperature", 20.0 + (minute * n) % 7, at + 60 * minute, str(n))
                for minute in range(60)
                for n in range(40)
            )
            clock.advance(3600)
            fact = Transition(f"d-{hour}", "reach.up", "", Verdict.OK, Verdict.CRITICAL, clock.wall(), clock.wall())
            ledger.record(Batch(stamp(clock), [fact], [], [Message("evt", 1, {"day": day, "hour": hour})]))
            clock.advance(61)
            samples.flush()
            clock.advance(-61)
        after.append(resident_mb())
    assert sum(outbox.waiting().values()) == DAYS * 24
    grown = after[-1] - after[0]
    record_property("days", DAYS)
    record_property("grown_mb", round(grown, 2))
    print(f"{DAYS} days: {grown:.2f} MB more than after the first")  # noqa: T201 - for the long form
    assert grown < 8
