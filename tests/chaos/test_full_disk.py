"""A card that really fills up under a running box: readings give way first, facts have the reserve, and nothing that
was said to be written is missing. In the long form (CHAOS_LONG) with many rounds of filling and freeing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
from gateway.store.outbox import SqliteOutbox
from gateway.store.rebuild import faults
from gateway.store.reserve import SIZE

ROUNDS, CARD = (5, "260m") if os.environ.get("CHAOS_LONG") else (1, "80m")
pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small card"),
]


@pytest.fixture
def card(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "card"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={CARD}", "none", str(place)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def free(place: Path) -> int:
    disk = os.statvfs(place)
    return disk.f_bavail * disk.f_frsize


def fill(place: Path, leave: int) -> Path:
    """Somebody else's file takes all but ``leave`` bytes."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):  # the box takes what it can meanwhile
        while (room := free(place) - leave) > 0:
            file.write(bytes(min(room, 1 << 20)))
    return ballast


def test_readings_give_way_first_and_facts_have_the_reserve(
    card: Path, tmp_path: Path, eventually: Callable[..., None]
) -> None:
    told, pause = tmp_path / "told", threading.Event()

    def lines(kind: str) -> list[str]:
        return [line for line in told.read_text().splitlines() if line.startswith(kind)]

    def next_of(kind: str, within_s: float = 60.0) -> None:
        before = len(lines(kind))
        eventually(lambda: len(lines(kind)) > before, f"one more {kind}", within_s=within_s)

    with told.open("w") as out:
        box = subprocess.Popen([sys.executable, str(Path(__file__).with_name("crowded.py")), str(card)], stdout=out)
    try:
        for _ in range(ROUNDS):
            eventually((card / "reserve").exists, "the reserve", within_s=60)
            next_of("r")
            ballast = fill(card, 400_000)  # the reserve is still held: 16 MB that only facts may have
            next_of("R")  # readings refused
            facts, readings = len(lines("f")), len(lines("r"))
            eventually(lambda facts=facts: len(lines("f")) > facts + 200, "facts while readings wait", within_s=90)  # type: ignore[misc]
            assert len(lines("r")) == readings, "no reading was written while facts needed the room"
            eventually(lambda: not (card / "reserve").exists(), "the reserve given up", within_s=300)
            next_of("F", within_s=300)  # that is used up too: facts wait in memory
            assert len(lines("r")) == readings
            ballast.unlink()
            next_of("f")
            next_of("r")
            pause.wait(0.2)
    finally:
        box.kill()
        box.wait()
    assert faults(card / "vigie.db", "record") == []
    assert faults(card / "samples.db", "samples") == []
    with closing(open_database(card / "vigie.db")) as database:
        facts_kept = [int(one.subject.partition("-")[2]) for one in SqliteLedger(database).transitions(0, 1e12)]
        assert sum(SqliteOutbox(database).waiting().values()) == len(facts_kept)
    assert facts_kept == list(range(1, len(facts_kept) + 1)), "in their order, none missing, none twice"
    assert len(facts_kept) >= max(int(line[1:]) for line in lines("f"))
    assert SIZE >= 16_000_000
