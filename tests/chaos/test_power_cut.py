"""The power fails while the box writes: the block device as it is at that moment holds everything that was promised.

The writer is stopped dead, the image of its card is copied (what had reached the device, nothing of the kernel's
cache), and the copy is mounted and read. VIGIE_CUTS sets how often; three times in the suite.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.store.db import open_database
from gateway.store.heartbeat import HeartbeatFile
from gateway.store.ledger import SqliteLedger
from gateway.store.outbox import SqliteOutbox
from gateway.store.rebuild import faults
from gateway.store.samples import SqliteSamples

CUTS = int(os.environ.get("VIGIE_CUTS", "3"))
pytestmark = [
    pytest.mark.chaos,
    pytest.mark.skipif(
        os.geteuid() != 0 or not Path("/dev/loop-control").exists() or shutil.which("mkfs.ext4") is None,
        reason="needs root, loop devices and mkfs.ext4, to make a card",
    ),
]


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    place.mkdir(exist_ok=True)
    device = subprocess.run(
        ["losetup", "-f", "--show", str(image)], check=True, capture_output=True, text=True
    ).stdout.strip()
    try:
        subprocess.run(["mount", "-o", "noatime", device, str(place)], check=True)
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=False)
        subprocess.run(["losetup", "-d", device], check=False)


def write_until_it_fails(folder: Path, seconds: float, eventually: Callable[..., None]) -> tuple[Path, list[str]]:
    """The image as it was at that moment, and what had been promised before it."""
    image, copy, told = folder / "card.img", folder / "cut.img", folder / "promised"
    subprocess.run(["truncate", "-s", "64M", str(image)], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image)], check=True)
    with mounted(image, folder / "card") as place:
        with told.open("w") as out:
            writer = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("diary.py")), str(place)], stdout=out
            )
        try:
            eventually(lambda: "r" in told.read_text(), "a first promise", within_s=60)
            threading.Event().wait(seconds)
            os.kill(writer.pid, signal.SIGSTOP)
            promised = told.read_text().split()
            subprocess.run(["cp", "--sparse=always", str(image), str(copy)], check=True)
        finally:
            writer.kill()
            writer.wait()
    return copy, promised


@pytest.mark.parametrize("cut", range(CUTS))
def test_power_cut_loses_nothing_that_was_promised(cut: int, tmp_path: Path, eventually: Callable[..., None]) -> None:
    image, promised = write_until_it_fails(tmp_path, random.Random(cut).uniform(0.05, 1.0), eventually)
    last = {kind: max((int(one[1:]) for one in promised if one[0] == kind), default=0) for kind in "frh"}
    with mounted(image, tmp_path / "after") as place:
        assert faults(place / "vigie.db", "record") == []
        assert faults(place / "samples.db", "samples") == []
        database = open_database(place / "vigie.db")
        facts = [fact.subject for fact in SqliteLedger(database).transitions(0, 1e12)]
        waiting = sum(SqliteOutbox(database).waiting().values())
        database.close()
        samples = SqliteSamples(place / "samples.db", FakeClock())
        readings = [value for _, value in samples.series("ups-1", "ups.load", "7", 0, 1e12)]
        damage = samples.damage()
        samples.close()
        beat = HeartbeatFile(place / "heartbeat").read()
    assert facts == [f"srv-{n}" for n in range(1, len(facts) + 1)]
    assert len(facts) == waiting >= last["f"] > 0
    assert readings == [float(n) for n in range(1, len(readings) + 1)]
    assert len(readings) >= last["r"] > 0
    assert damage == {}
    assert last["h"] == 0 or (beat is not None and beat["monotonic"] >= last["h"])
