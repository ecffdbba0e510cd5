"""The agent on fakes of all its ports, in virtual time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.agent.loop import Agent
from gateway.agent.parts import Board, Parts
from gateway.alert.panel import NoPanel
from gateway.clock import FakeClock
from gateway.core.correlator import Outcome
from gateway.core.device import GATEWAY, Device, Kind, Park, Service, ServiceCheck, Site
from gateway.core.errors import DamagedError, UnavailableError
from gateway.core.incident import Verdict
from gateway.core.reading import Failure, FailureKind, Poll, Reading
from gateway.detect.stub import StubDetector
from gateway.ports import Batch, Command, Detector
from gateway.settings import PollSettings, Settings
from gateway.store.memory import MemoryCommands, MemoryLedger, MemoryOutbox, MemorySamples

EVERY_S = 10.0


class Wire:
    """Stands for every collector: what each device answers is set by the test."""

    name = "snmp"

    def __init__(self) -> None:
        self.answers: dict[str, tuple[Reading, ...] | Failure | Exception] = {}
        self.hanging: set[str] = set()
        self.asked: list[str] = []

    async def poll(self, device: Device) -> Poll:
        self.asked.append(device.id)
        if device.id in self.hanging:
            await asyncio.Event().wait()
        answer = self.answers.get(device.id, ())
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Failure):
            return Poll(device.id, self.name, 0.0, failure=answer)
        return Poll(device.id, self.name, 0.0, answer)

    async def check(self, service: Service) -> Poll:
        return Poll(service.id, "reach", 0.0, (Reading(service.id, "reach.up", 1.0),))


class Box:
    """An agent with everything fake, and the means to let time pass."""

    def __init__(self, tmp_path: Path, *, detector: Detector | None = None) -> None:
        self.clock = FakeClock()
        self.wire = Wire()
        self.panel = NoPanel()
        self.outbox = MemoryOutbox()
        self.ledger = MemoryLedger(self.outbox)
        self.samples = MemorySamples()
        self.commands = MemoryCommands()
        self.status: Mapping[str, Any] = {}
        self.heartbeat: Mapping[str, Any] | None = None
        self.detector = detector
        self.settings = Settings(
            Site("depot", "Dépôt"), tmp_path, tmp_path / "inventory.json", poll=PollSettings(every_s=EVERY_S)
        )
        self.park = Park(
            [
                Device("srv-1", "Serveur", Kind.SERVER, collect=("snmp",)),
                Device("srv-2", "Serveur 2", Kind.SERVER, collect=("snmp",)),
                Device(GATEWAY, "Vigie", Kind.GATEWAY, collect=("self",)),
            ],
            [Service("erp", "ERP", depends_on=("srv-1",), check=ServiceCheck("http", "http://localhost/"))],
        )
        self.agent = self.start()

    def start(self) -> Agent:
        agent = Agent(
            Parts(
                settings=self.settings,
                park=self.park,
                clock=self.clock,
                collectors={"snmp": self.wire, "self": self.wire},
                services=self.wire,
                samples=self.samples,
                ledger=self.ledger,
                outbox=self.outbox,
                commands=self.commands,
                panel=self.panel,
                board=Board(self._write_status, lambda: self.heartbeat, self._write_heartbeat),
                detector=self.detector,
            )
        )
        agent.start()
        return agent

    def _write_status(self, status: Mapping[str, Any]) -> None:
        self.status = status

    def _write_heartbeat(self, beat: Mapping[str, Any]) -> None:
        self.heartbeat = beat

    async def live(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.agent.step()
            for _ in range(6):  # let the polls that are not hanging end
                await asyncio.sleep(0)
            self.clock.advance(1.0)


SILENCE = Failure(FailureKind.TIMEOUT, "snmp")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


async def test_device_that_hangs_does_not_delay_another(box: Box) -> None:
    box.wire.hanging.add("srv-1")
    await box.live(60)
    assert box.wire.asked.count("srv-2") >= 5
    assert box.wire.asked.count("srv-1") == 1


async def test_silent_device_becomes_one_incident_in_record_outbox_and_panel(box: Box) -> None:
    await box.live(25)
    box.wire.answers["srv-1"] = SILENCE
    await box.live(45)
    (incident,) = box.ledger.incidents()
    assert incident.root_device == "srv-1"
    assert any(row.kind == "evt" for row in box.outbox.rows.values())
    assert box.panel.history[-1].light in ("amber", "red")
    assert box.status["devices"]["srv-1"]["failure"]["kind"] == "timeout"


async def test_fault_of_a_collector_ends_as_an_incident_of_the_gateway_and_the_watch_goes_on(box: Box) -> None:
    box.wire.answers["srv-1"] = ZeroDivisionError("a bug")
    await box.live(60)
    assert {(i.cause, i.root_device) for i in box.ledger.incidents()} >= {("gateway_fault", GATEWAY)}
    assert box.agent.watch.verdict("srv-2") is Verdict.OK


async def test_suspect_is_asked_again_before_its_turn(box: Box) -> None:
    await box.live(20)
    box.wire.answers["srv-1"] = SILENCE
    before = len(box.wire.asked)
    await box.live(14)
    assert box.wire.asked[before:].count("srv-1") == 2


async def test_acknowledgement_of_a_person_is_recorded_with_the_name_and_its_result(box: Box) -> None:
    await box.live(25)
    box.wire.answers["srv-1"] = SILENCE
    await box.live(40)
    (incident,) = box.ledger.incidents()
    box.commands.commands.append(Command(1, "acknowledge", box.clock.wall(), "Karim", {"incident": incident.id}))
    await box.live(3)
    (incident,) = box.ledger.incidents()
    assert incident.acknowledged_by == "Karim"
    assert box.ledger.last_command() == 1


async def test_unknown_command_is_answered_with_a_reason_and_carried_out_once(box: Box) -> None:
    box.commands.commands.append(Command(1, "dance", box.clock.wall(), "Karim", {}))
    await box.live(5)
    results = [batch.command_result for batch in box.ledger.batches if batch.command == 1]
    assert results == ["refused: this version does not know the command 'dance'"]


async def test_long_press_acknowledges_as_panel(box: Box) -> None:
    await box.live(25)
    box.wire.answers["srv-1"] = SILENCE
    await box.live(40)
    box.panel.press("long")
    await box.live(3)
    (incident,) = box.ledger.incidents()
    assert incident.acknowledged_by == "panel"


async def test_record_that_cannot_be_written_waits_and_is_written_later_in_its_order(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    await box.live(25)
    record = box.ledger.record

    def full(_batch: Batch) -> None:
        raise UnavailableError("vigie.db: disk full", remedy="free space")

    monkeypatch.setattr(box.ledger, "record", full)
    box.wire.answers["srv-1"] = SILENCE
    await box.live(45)
    assert box.status["refused"]["record"].startswith("vigie.db: disk full")
    assert box.ledger.incidents() == []
    monkeypatch.setattr(box.ledger, "record", record)
    await box.live(20)
    stamps = [batch.stamp.wall for batch in box.ledger.batches]
    assert stamps == sorted(stamps)
    assert {i.root_device for i in box.ledger.incidents()} >= {"srv-1", GATEWAY}


async def test_new_agent_takes_up_what_no_disk_has_taken_yet(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inventory may change while the disk is full: what is known must not be found a second time."""
    await box.live(25)

    def full(_batch: Batch) -> None:
        raise UnavailableError("vigie.db: disk full", remedy="free space")

    monkeypatch.setattr(box.ledger, "record", full)
    box.wire.answers["srv-1"] = SILENCE
    await box.live(45)
    told = [change.incident for change in box.status["unwritten_changes"]]
    before = box.agent
    assert before.unwritten
    box.agent = Agent(before.parts, before.unwritten)
    box.agent.start()
    assert set(box.agent.watch.incidents) == set(told)
    assert box.agent.watch.verdict("srv-1") is Verdict.CRITICAL
    monkeypatch.undo()
    await box.live(20)
    assert sorted(one.id for one in box.ledger.incidents()) == sorted(set(told))


async def test_time_the_box_was_off_is_unknown_after_a_start(box: Box) -> None:
    await box.live(310)
    off_since = box.heartbeat["at"] if box.heartbeat else 0.0
    box.clock.reboot(off_s=7200.0)
    box.agent = box.start()
    unknown = [t for t in box.ledger.transitions(0, 2e12, subject="srv-1") if t.after is Verdict.UNKNOWN]
    assert [t.at for t in unknown][-1] == off_since
    await box.live(30)
    assert box.agent.watch.verdict("srv-1") is Verdict.OK


async def test_time_in_which_the_agent_was_stopped_and_continued_is_unknown(box: Box) -> None:
    box.wire.answers["srv-1"] = (Reading("srv-1", "system.cpu.utilization", 0.1),)
    await box.live(40)
    assert box.agent.watch.verdict("srv-1") is Verdict.OK
    stopped_at = box.clock.wall()
    box.clock.advance(900)
    await box.live(40)
    told = [one for one in box.ledger.transitions(0, 1e12, subject="srv-1") if one.metric == "reach.up"]
    assert [one.after for one in told][-2:] == [Verdict.UNKNOWN, Verdict.OK]
    assert told[-2].at == pytest.approx(stopped_at, abs=2)
    assert told[-1].at >= stopped_at + 900
    assert all(not one.symptoms for one in box.ledger.incidents() if one.root_device == "srv-1")


async def test_restart_within_the_same_boot_leaves_the_record_as_it_was(box: Box) -> None:
    await box.live(65)
    count = len(box.ledger.transitions(0, 2e12))
    box.agent = box.start()
    await box.live(30)
    assert len(box.ledger.transitions(0, 2e12)) == count


async def test_score_of_the_model_is_one_more_reading(tmp_path: Path) -> None:
    box = Box(tmp_path, detector=StubDetector([0.5] * 1000))
    box.wire.answers["srv-1"] = (Reading("srv-1", "system.cpu.utilization", 0.3),)
    await box.live(64 * EVERY_S + 30)
    scores = box.samples.series("srv-1", "anomaly.score", "system.cpu.utilization", 0, 2e12)
    assert scores
    assert {value for _, value in scores} == {0.5}


async def test_summary_goes_out_every_five_minutes(box: Box) -> None:
    await box.live(620)
    assert sum(row.kind == "summary" for row in box.outbox.rows.values()) in (2, 3)


async def test_doubt_does_not_become_a_storm_of_questions(box: Box) -> None:
    await box.live(30)
    box.wire.answers["srv-1"] = SILENCE
    box.wire.hanging.add("srv-2")
    before = len(box.wire.asked)
    await box.live(30)
    asked = box.wire.asked[before:]
    assert asked.count(GATEWAY) <= 30 / (EVERY_S / 3) + 1
    assert asked.count("srv-1") <= 30 / (EVERY_S / 3) + 1


async def test_damaged_command_file_is_an_incident_and_the_watch_goes_on(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_last: int) -> list[Command]:
        raise DamagedError("commands.db is damaged", remedy="delete it")

    monkeypatch.setattr(box.commands, "after", damaged)
    await box.live(40)
    assert {(i.cause, i.root_instance) for i in box.ledger.incidents()} == {("gateway_fault", "commands")}
    assert box.agent.watch.verdict("srv-2") is Verdict.OK


async def test_fault_in_judging_a_round_is_told_and_the_other_devices_are_still_watched(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    see = box.agent.watch.see

    def broken(subject: str, readings: Iterable[Reading], at: float) -> Outcome:
        if subject == "srv-1":
            raise ZeroDivisionError("a bug")
        return see(subject, readings, at)

    monkeypatch.setattr(box.agent.watch, "see", broken)
    await box.live(60)
    assert ("gateway_fault", "agent") in {(i.cause, i.root_instance) for i in box.ledger.incidents()}
    assert box.agent.watch.verdict("srv-2") is Verdict.OK


async def test_inventory_is_told_to_headquarters_at_every_start(box: Box) -> None:
    await box.live(15)
    told = [row for row in box.outbox.rows.values() if row.kind == "rpt"]
    assert len(told) == 1
    assert b"srv-1" in told[0].body


class History:
    """A timeline that moves the record once, when told to."""

    def __init__(self) -> None:
        self.wrong = False

    def look(self) -> bool:
        return self.wrong

    def moves(self) -> int:
        return 2

    def status(self) -> Mapping[str, Any]:
        return {"known": not self.wrong, "boot": 7}


async def test_agent_ends_itself_when_its_record_was_moved_in_time_and_asks_nobody_with_old_instants(box: Box) -> None:
    history = History()
    box.agent = Agent(replace(box.agent.parts, timeline=history))
    await box.live(5)
    asked = len(box.wire.asked)
    history.wrong = True
    await asyncio.wait_for(box.agent.run(asyncio.Event()), 5)
    assert (box.agent.outdated, len(box.wire.asked)) == (True, asked)


async def test_facts_say_how_often_their_boot_was_moved_before(box: Box) -> None:
    box.agent = Agent(replace(box.agent.parts, timeline=History()))
    box.wire.answers["srv-1"] = SILENCE
    await box.live(45)
    told = [json.loads(row.body) for row in box.outbox.rows.values() if row.kind == "evt"]
    assert {body["line"] for body in told} == {2}
    assert box.status["clock"] == {"known": True, "boot": 7}


async def test_clock_set_back_between_two_starts_in_one_boot_is_no_time_off(box: Box) -> None:
    await box.live(70)
    box.agent.finish()
    box.clock.step(-7200.0)
    before = len(box.ledger.batches)
    box.agent = box.start()
    assert len(box.ledger.batches) == before
