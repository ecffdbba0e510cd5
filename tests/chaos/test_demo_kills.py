"""The same on the real thing: during a demo run, agent, broker and headquarters are killed twenty times."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gateway import wire
from gateway.clock import SystemClock
from gateway.core.incident import Change, Transition
from gateway.main.rig import broker, certificates
from gateway.main.rig.plan import free_port
from gateway.simulate import scenario
from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
from web.desk.ledger import Ledger

pytestmark = [
    pytest.mark.chaos,
    pytest.mark.integration,
    pytest.mark.xdist_group("chaos"),
    pytest.mark.skipif(
        broker.installed() is None or not certificates.available(), reason="mosquitto or openssl is not installed"
    ),
]
KILLS = 20
SEED = 20260502
VICTIMS = {"agent": ("gateway.main", "run"), "desk": ("gateway.main", "desk"), "broker": ("mosquitto", "-c")}
FAULTS = """
[[fault]]
kind = "dead"
target = "sw-2"
cause = "device_unreachable"
start_s = 10
duration_s = 25
note = "the switch of the workshop dies"

[[fault]]
kind = "mains"
cause = "power_lost"
start_s = 60
duration_s = 30
note = "the mains fail"
"""
LOOP_S = 110


class Demo:
    """A demo in a process of its own, and its children."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "demo"
        self.log = folder / "demo.log"
        played = folder / "scenario.toml"
        depot = scenario.shipped().read_text(encoding="utf-8").partition("[[fault]]")[0]
        played.write_text(depot.replace("loop_s = 600", f"loop_s = {LOOP_S}") + FAULTS, encoding="utf-8")
        command = [sys.executable, "-m", "gateway.main", "demo", "--keep", str(self.folder)]
        command += ["--scenario", str(played), "--port", str(free_port())]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"PYTHONUNBUFFERED": "1"})

    def child(self, name: str) -> int | None:
        """Process id of a child that runs now."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                words = (entry / "cmdline").read_text().split("\0")
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == self.process.pid and all(any(part in word for word in words) for part in VICTIMS[name]):
                return int(entry.name)
        return None

    def kill(self, name: str) -> bool:
        """kill -9; False if it does not run at the moment."""
        pid = self.child(name)
        if pid is None:
            return False
        os.kill(pid, signal.SIGKILL)
        return True

    def waiting(self) -> int:
        """Rows in the box's outbox."""
        with closing(sqlite3.connect(f"file:{self.folder}/site-data/vigie.db?mode=ro", uri=True, timeout=5)) as box:
            return int(box.execute("SELECT count(*) FROM outbox").fetchone()[0])

    def facts(self) -> tuple[list[Transition], list[Change]]:
        """What the box has recorded."""
        record = SqliteLedger(open_database(self.folder / "site-data" / "vigie.db", read_only=True))
        return record.transitions(0, 1e12), record.changes(0, 1e12)

    def kept(self) -> tuple[list[Transition], list[Change]]:
        """What headquarters has of it."""
        ledger = Ledger(f"sqlite:///{self.folder}/desk-data/desk.db", SystemClock())
        found = [one.incident for one in ledger.incidents("rouiba")]
        changes = [change for incident in found for change in incident.story if change.who != "desk"]
        transitions = ledger.transitions("rouiba", 0, 1e12)
        ledger.close()
        return transitions, changes


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    demo = Demo(tmp_path)
    yield demo
    demo.process.send_signal(signal.SIGINT)
    try:
        demo.process.wait(40)
    except subprocess.TimeoutExpired:
        demo.process.kill()
        demo.process.wait()
    shutil.rmtree(demo.folder, ignore_errors=True)


def test_twenty_kills_during_a_demo_lose_and_double_nothing(
    demo: Demo, eventually: Callable[..., None], record_property: Callable[[str, object], None]
) -> None:
    chance, pause = random.Random(SEED), threading.Event()
    kills: Counter[str] = Counter()
    eventually(lambda: b"Ready after" in demo.log.read_bytes(), "a running demo", within_s=150)
    while kills.total() < KILLS:
        pause.wait(chance.uniform(0.5, 6.0))
        name = chance.choice(sorted(VICTIMS))
        kills[name] += demo.kill(name)
        assert demo.process.poll() is None
    eventually(lambda: all(map(demo.child, VICTIMS)), "every part back again", within_s=60)

    def agreed() -> bool:
        """Box and headquarters tell the same, and nothing is on its way. Facts go on happening meanwhile."""
        told = demo.kept()
        return demo.waiting() == 0 and [len(part) for part in told] == [len(part) for part in demo.facts()]

    eventually(agreed, "box and headquarters agree", within_s=90)
    told = demo.kept()
    transitions, changes = demo.facts()
    record_property("kills", dict(kills))
    record_property("transitions", len(transitions))
    assert set(kills) == set(VICTIMS), "every part was killed"
    assert len(transitions) >= 10
    assert_same(on_the_wire(told[0], ()), on_the_wire(transitions, ()))
    assert_same(on_the_wire((), told[1]), on_the_wire((), changes))
    assert_unbroken(told[0])


def on_the_wire(transitions: Iterable[Transition], changes: Iterable[Change]) -> Counter[str]:
    """Facts as texts, to the millisecond."""
    body = wire.facts_body(transitions, changes)
    return Counter(repr(one) for part in body.values() for one in part)


def assert_same(told: Counter[str], recorded: Counter[str]) -> None:
    """Each fact once on both sides. What was recorded after headquarters was read is not missing."""
    assert told <= recorded
    assert max(told.values()) == 1
    assert (recorded - told).total() <= 3, "only what happened within the last second"


def assert_unbroken(transitions: list[Transition]) -> None:
    """Every verdict follows from the one before it: nothing was forgotten in between, at the box either."""
    last: dict[tuple[str, str, str], Transition] = {}
    for one in sorted(transitions, key=lambda one: one.detected_at):
        before = last.get(one.key)
        assert before is None or before.after == one.before, f"{before} is followed by {one}"
        last[one.key] = one
