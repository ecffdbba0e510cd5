"""Bits flipped, pages overwritten and ends cut off anywhere in the data directory of a box: at the next start it is
noticed, told and worked around, nothing false is ever believed, and nothing disappears without a word.

VIGIE_DAMAGE sets how many examples are tried.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway.agent.loop import Agent
from gateway.clock import SystemClock, stamp
from gateway.core.device import Device, Kind, Service, Site
from gateway.core.errors import DamagedError, UnavailableError, VigieError
from gateway.core.incident import Change, ChangeKind, Transition, Verdict
from gateway.core.reading import Reading
from gateway.main.run import _built, _mend
from gateway.main.storage import mend_page
from gateway.ports import Batch, Message
from gateway.settings import Settings
from gateway.store.commands import Accounts, CommandQueue, CommandReader
from gateway.store.db import open_database
from gateway.store.heartbeat import HeartbeatFile
from gateway.store.inventory import InventoryStore
from gateway.store.ledger import SqliteLedger
from gateway.store.outbox import SqliteOutbox
from gateway.store.rebuild import salvaged
from gateway.store.samples import SqliteSamples
from gateway.store.survey import survey
from web.common.secret import read_secret_key

EXAMPLES = int(os.environ.get("VIGIE_DAMAGE", "12"))
CLOCK = SystemClock()
FACTS, DEVICES, MINUTES = 60, 4, 150
FILES = (
    "vigie.db",
    "vigie.db-wal",
    "samples.db",
    "samples.db-wal",
    "page/commands.db",
    "page/commands.db-wal",
    "page/session.key",
    "heartbeat",
    "inventory.json",
    "inventory.json.1",
)


def settings_of(folder: Path) -> Settings:
    return Settings(Site("depot", "Dépôt"), folder, folder / "inventory.json", runtime=folder / "run")


def fact(number: int, at: float) -> Transition:
    return Transition(f"d-{number % DEVICES}", "reach.up", f"{number}", Verdict.OK, Verdict.CRITICAL, at, at)


@dataclass
class Truth:
    """What was written, to compare with what is read back."""

    facts: set[tuple[str, str, float]] = field(default_factory=set)
    incidents: set[str] = field(default_factory=set)
    messages: set[bytes] = field(default_factory=set)
    readings: set[tuple[str, float, float | str]] = field(default_factory=set)
    accounts: set[tuple[str, str]] = field(default_factory=set)
    commands: set[tuple[int, str]] = field(default_factory=set)


def fill(folder: Path) -> Truth:
    """Every kind of file, some content still in the logs: the power is cut at the end."""
    settings, truth = settings_of(folder), Truth()
    devices = [Device(f"d-{n}", f"Appareil {n}", Kind.SERVER) for n in range(DEVICES)]
    for services in ((), (Service("till", "Caisse", depends_on=("d-1",)),)):
        InventoryStore(settings.inventory).replace(devices, services)
    parts = _built(settings)
    now = CLOCK.wall() // 3600 * 3600 - 3 * 3600
    for n in range(FACTS):
        at = now + n
        change = Change(f"i{n}", ChangeKind.OPENED, at, at, cause="service_down", root_device=f"d-{n % DEVICES}")
        parts.ledger.record(Batch(stamp(CLOCK), [fact(n, at)], [change], [Message("evt", 1, {"n": n, "x": "y" * 90})]))
        truth.facts.add((f"d-{n % DEVICES}", str(n), at))
        truth.incidents.add(f"i{n}")
    truth.messages = {row.body for row in parts.outbox.take(1000)}
    for minute in range(MINUTES):
        at = now + 60.0 * minute
        batch = [Reading(f"d-{n}", "hw.temperature", 20.0 + (minute * n) % 7, at) for n in range(DEVICES)]
        batch += [Reading("d-0", "ups.status", "OL" if minute % 9 else "OB", at)]
        parts.samples.append(batch)
        truth.readings |= {(one.device, one.at, one.value) for one in batch}
    parts.samples.flush()
    parts.board.write_heartbeat({"at": CLOCK.wall(), "boot_id": CLOCK.boot_id(), "monotonic": CLOCK.monotonic()})
    queue, accounts = CommandQueue(settings.commands, CLOCK), Accounts(settings.commands, CLOCK)
    for n in range(40):
        truth.commands.add((queue.put("note", "Amel", {"text": f"{n}" * 20}), f"{n}" * 20))
        accounts.add(f"person-{n}", "responder", f"$argon2id${n}")
        truth.accounts.add((f"person-{n}", f"$argon2id${n}"))
    accounts.save_code("$argon2id$code", 9e9)
    read_secret_key(settings.commands.parent / "session.key")
    _OPEN.extend((parts, queue, accounts))  # left open: a clean end would empty the logs
    return truth


_OPEN: list[object] = []


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Truth]:
    folder = tmp_path_factory.mktemp("filled")
    truth = fill(folder / "live")
    shutil.copytree(folder / "live", folder / "cut", ignore=shutil.ignore_patterns("reserve", "*-shm", "agent.lock"))
    parts, queue, accounts = _OPEN
    for one in (parts, queue, accounts):
        one.close()  # type: ignore[attr-defined]
    _OPEN.clear()
    return folder / "cut", truth


@dataclass(frozen=True)
class Damage:
    """One thing that happens to one file; ``place`` as a share of its length."""

    file: str
    kind: str
    place: float
    bit: int

    def befall(self, folder: Path) -> None:
        path = folder / self.file
        content = bytearray(path.read_bytes())
        if not content:
            return
        at = min(int(self.place * len(content)), len(content) - 1)
        match self.kind:
            case "flip":
                content[at] ^= 1 << self.bit
            case "page":
                start = at // 4096 * 4096
                content[start : start + 4096] = b"\xa5" * len(content[start : start + 4096])
            case "hole":
                start = at // 512 * 512
                content[start : start + 512] = bytes(len(content[start : start + 512]))
            case "cut":
                del content[at:]
        path.write_bytes(content)


damages = st.lists(
    st.builds(
        Damage,
        st.sampled_from(FILES),
        st.sampled_from(["flip", "flip", "page", "hole", "cut"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 7),
    ),
    min_size=1,
    max_size=3,
)


class Start:
    """A start of box and page on a directory, with a look through everything and a second start if the first asked for
    it; what was told about damage."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.told: list[str] = []
        self.run()
        self.page()

    def run(self) -> None:
        for _ in range(3):
            parts = _built(self.settings)
            storage = parts.storage
            assert storage is not None
            damaged = False
            try:
                agent = Agent(parts)
                agent.start()
                storage.check()
            except DamagedError as error:
                self.told.append(str(error))
                damaged = True
            self.told += storage.faults()
            with suppress(UnavailableError, DamagedError):
                parts.close()
            if not (damaged or storage.broken()):
                return
            assert _mend(self.settings) or not damaged
        pytest.fail("three starts did not lead to sound files")

    def page(self) -> None:
        mend_page(self.settings.commands, 5.0)
        with suppress(UnavailableError):
            read_secret_key(self.settings.commands.parent / "session.key")
        for place in (self.settings.data, self.settings.commands.parent):
            self.told += [f"rebuilt {one.name}: {one.why}" for one in salvaged(place)]
        for found in survey(self.settings.data, self.settings.inventory):
            self.told += found.faults


@hypothesis_settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)
@given(found=damages)
def test_random_damage_is_noticed_told_and_worked_around(filled: tuple[Path, Truth], found: list[Damage]) -> None:
    template, truth = filled
    with tempfile.TemporaryDirectory() as name:
        folder = Path(shutil.copytree(template, Path(name) / "data"))
        for damage in found:
            damage.befall(folder)
        settings = settings_of(folder)
        struck = {damage.file for damage in found}
        if {"inventory.json", "inventory.json.1"} <= struck:
            with suppress(DamagedError):  # told in one line: nobody knows any more what is to be watched
                Start(settings)
            return
        start = Start(settings)
        compare(settings, truth, start.told, struck)


def compare(settings: Settings, truth: Truth, told: list[str], struck: set[str]) -> None:
    """Nothing false, and nothing missing without a word."""
    record = open_database(settings.data / "vigie.db")
    ledger = SqliteLedger(record)
    facts = {(one.subject, one.instance, one.at) for one in ledger.transitions(0, 1e12) if one.after.bad}
    assert facts <= truth.facts
    incidents = {one.id for one in ledger.incidents() if one.cause == "service_down"}
    assert incidents <= truth.incidents
    bodies = {row.body for row in SqliteOutbox(record).take(10_000)}
    record.close()
    samples = SqliteSamples(settings.data / "samples.db", CLOCK)
    readings = {
        (device, at, value)
        for device in (f"d-{n}" for n in range(DEVICES))
        for metric in ("hw.temperature", "ups.status")
        for at, value in samples.series(device, metric, "", 0, 1e12)
    }
    samples.close()
    assert readings <= truth.readings
    accounts = Accounts(settings.commands, CLOCK)
    people = {(one.name, one.secret_hash) for one in accounts.accounts()}
    accounts.close()
    assert people <= truth.accounts
    reader = CommandReader(settings.commands)
    commands = {(one.id, str(one.body["text"])) for one in reader.after(0)}
    reader.close()
    assert commands <= truth.commands
    lost = {
        "vigie.db": (truth.facts - facts) or (truth.incidents - incidents) or (truth.messages - bodies),
        "samples.db": truth.readings - readings,
        "page/commands.db": (truth.accounts - people) or (truth.commands - commands),
    }
    for file, missing in lost.items():
        # a log ends for SQLite where it is damaged; of the record the heartbeat tells how long it was
        silent = f"{file}-wal" in struck and (file != "vigie.db" or "heartbeat" in struck)
        if missing and not silent:
            assert any(Path(file).name in line or file in line or "damaged row" in line for line in told), (file, told)
    beat = HeartbeatFile(settings.data / "heartbeat").read()
    assert beat is None or "at" in beat
    with suppress(VigieError):
        assert {one.id for one in InventoryStore(settings.inventory).read()[0]} == {f"d-{n}" for n in range(DEVICES)}
