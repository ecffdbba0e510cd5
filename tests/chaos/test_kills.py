"""kill -9 of box, broker and headquarters at random moments, and SIGSTOP: no transition lost, none doubled."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import SystemClock
from gateway.store.db import open_database
from gateway.store.ledger import SqliteLedger
from web.desk.ledger import Ledger

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos")]
KILLS = int(os.environ.get("CHAOS_KILLS", "20"))
STOPPED_S = float(os.environ.get("VIGIE_STOPPED_S", "120" if os.environ.get("CHAOS_LONG") else "8"))
"""Minutes in the long form: longer than every keepalive, so that connections break in between too."""
SEED = 20260501


class Service:
    """A process that is started again after each kill."""

    def __init__(self, command: list[str], log: Path) -> None:
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, f"ended by itself: {self._log.read_text()[-500:]}"
        self._process.kill()
        self._process.wait()

    def hold(self, number: signal.Signals) -> None:
        """SIGSTOP, or SIGCONT after it."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


class Broker:
    """The shared mosquitto as one of the victims."""

    def __init__(self, mosquitto: Any) -> None:
        self._mosquitto = mosquitto
        self.start, self.kill, self.hold = mosquitto.start, mosquitto.kill, mosquitto.hold

    def stop(self) -> None:
        self._mosquitto.kill()


@pytest.fixture
def victims(tmp_path: Path, mosquitto: Any) -> Iterator[dict[str, Service | Broker]]:
    box, desk = mosquitto.settings("depot"), mosquitto.settings("desk")
    (tmp_path / "desk.toml").write_text(
        f'[desk]\norganisation = "org"\n[page]\nhost = "127.0.0.1"\nport = 0\n[data]\npath = "."\n'
        f'[broker]\nurl = "{desk.url}"\nca = "{desk.ca}"\ncert = "{desk.cert}"\nkey = "{desk.key}"\n'
    )
    box_command = [sys.executable, str(Path(__file__).with_name("box.py")), str(tmp_path), box.url]
    box_command += [str(box.ca), str(box.cert), str(box.key)]
    desk_command = [sys.executable, "-m", "gateway.main", "desk", "--config", str(tmp_path / "desk.toml")]
    services: dict[str, Service | Broker] = {
        "broker": Broker(mosquitto),
        "box": Service(box_command, tmp_path / "box.log"),
        "desk": Service(desk_command, tmp_path / "desk.log"),
    }
    services["box"].start()
    services["desk"].start()
    yield services
    for service in services.values():
        service.stop()


def count(file: Path, query: str) -> int:
    """One number out of a database that may not be there yet."""
    if not file.exists():
        return 0
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as database:
        try:
            return int(database.execute(query).fetchone()[0])
        except sqlite3.OperationalError:
            return 0


@pytest.mark.integration
def test_twenty_kills_lose_and_double_nothing(
    tmp_path: Path,
    victims: dict[str, Service | Broker],
    eventually: Callable[..., None],
    record_property: Callable[[str, object], None],
) -> None:
    chance, pause = random.Random(SEED), threading.Event()
    kills: Counter[str] = Counter()
    eventually(lambda: count(tmp_path / "desk.db", "SELECT count(*) FROM transition"), "a first fact", within_s=60)
    for _ in range(KILLS):
        pause.wait(chance.uniform(0.2, 2.5))
        name = chance.choice(sorted(victims))
        victims[name].kill()
        kills[name] += 1
        pause.wait(chance.uniform(0.0, 0.8))
        victims[name].start()
    facts = assert_each_once(tmp_path, eventually, 120 + KILLS)
    print(f"{dict(kills)}: {facts} facts")  # noqa: T201 - for the person who runs the long form
    record_property("kills", dict(kills))
    record_property("facts", facts)
    assert set(kills) == set(victims), "every part was killed"


@pytest.mark.integration
def test_parts_that_are_stopped_for_minutes_and_continued_lose_and_double_nothing(
    tmp_path: Path, victims: dict[str, Service | Broker], eventually: Callable[..., None]
) -> None:
    """SIGSTOP: connections stay open and nobody answers, which is what a hung kernel or a full pipe looks like."""
    pause = threading.Event()
    eventually(lambda: count(tmp_path / "desk.db", "SELECT count(*) FROM transition"), "a first fact", within_s=60)
    for name in ("desk", "broker", "box"):
        victims[name].hold(signal.SIGSTOP)
        pause.wait(STOPPED_S)
        victims[name].hold(signal.SIGCONT)
        pause.wait(2.0)
    victims["desk"].hold(signal.SIGSTOP)  # two at once, and one of them dies of it
    victims["broker"].hold(signal.SIGSTOP)
    pause.wait(STOPPED_S)
    victims["broker"].kill()
    victims["broker"].start()
    victims["desk"].hold(signal.SIGCONT)
    facts = assert_each_once(tmp_path, eventually, 120 + 10 * STOPPED_S)
    print(f"stopped for {STOPPED_S:g} s each: {facts} facts")  # noqa: T201 - for the person who runs the long form


def assert_each_once(folder: Path, eventually: Callable[..., None], within_s: float) -> int:
    """Once everything has arrived: headquarters has what the box recorded, in order, each fact once; how many."""
    (folder / "enough").touch()
    outbox = "SELECT count(*) FROM outbox"
    eventually(lambda: count(folder / "vigie.db", outbox) == 0, "an empty outbox", within_s=within_s)
    promised = [int(line) for line in (folder / "promised").read_text().split()]
    recorded = SqliteLedger(open_database(folder / "vigie.db", read_only=True)).transitions(0, 1e12)
    ledger = Ledger(f"sqlite:///{folder}/desk.db", SystemClock())
    kept = ledger.transitions("depot", 0, 1e12)
    ledger.close()
    repeated = count(folder / "desk.db", "SELECT count(*) - count(DISTINCT seq) FROM message")
    assert len(promised) > 100
    assert kept == recorded, "headquarters has what the box has, in order, each once"
    assert set(promised) <= {int(one.at) for one in kept}
    assert repeated == 0
    return len(kept)
