"""What the agent does with what is said unasked: it asks for itself, counts, keeps lines, tells what it cannot hear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.agent.loop import Agent
from gateway.agent.parts import Board, Parts
from gateway.agent.status import HEARD, Latest
from gateway.agent.unasked import PAUSE_S, Unasked
from gateway.alert.panel import NoPanel
from gateway.clock import FakeClock
from gateway.collect.listening import FakeListener
from gateway.core.device import GATEWAY, Device, Kind, Park, Service, Site
from gateway.core.heard import Heard
from gateway.core.incident import Cause
from gateway.core.inventory import EntryKind
from gateway.core.reading import Identity, Poll, Reading
from gateway.core.schedule import Schedule
from gateway.ports import Listener
from gateway.settings import PollSettings, Settings
from gateway.store.memory import MemoryCommands, MemoryLedger, MemoryOutbox, MemorySamples

NEW = Identity(serial="B-2", vendor="Synology")


class Silent:
    """A collector and service probe that always has an answer."""

    name = "snmp"

    def __init__(self) -> None:
        self.polls: list[str] = []

    async def poll(self, device: Device) -> Poll:
        self.polls.append(device.id)
        return Poll(device.id, self.name, 0.0, (Reading(device.id, "system.uptime", 1e6),), identity=NEW)

    async def check(self, service: Service) -> Poll:
        return Poll(service.id, "reach", 0.0)


def parts(
    listeners: Sequence[Listener],
    *,
    clock: FakeClock | None = None,
    folder: Path = Path("nowhere"),
    status: dict[str, Any] | None = None,
) -> Parts:
    outbox = MemoryOutbox()
    watched = [
        Device("nas-1", "NAS", Kind.NAS, collect=("snmp",), serial="A-1"),
        Device(GATEWAY, "Vigie", Kind.GATEWAY, collect=("snmp",)),
    ]
    return Parts(
        settings=Settings(Site("depot", "Dépôt"), folder, folder / "i.json", poll=PollSettings(every_s=60.0)),
        park=Park(watched),
        clock=clock or FakeClock(),
        collectors={"snmp": Silent()},
        services=Silent(),
        samples=MemorySamples(),
        ledger=MemoryLedger(outbox),
        outbox=outbox,
        commands=MemoryCommands(),
        panel=NoPanel(),
        board=Board((status if status is not None else {}).update, lambda: None, lambda _beat: None),
        listeners=listeners,
    )


def line(event: str = "disk", **changed: Any) -> Heard:
    return replace(Heard(0.0, "syslog", "10.0.0.5", "I/O error", ("nas-1",), event, True), **changed)


def schedule() -> Schedule:
    timetable = Schedule({"nas-1": 300.0}, 0.0)
    timetable.due(100.0)
    return timetable


def test_device_that_spoke_is_asked_at_once() -> None:
    timetable, ear = schedule(), FakeListener(waiting=[line()])
    Unasked(parts([ear]), timetable, {"nas-1": 20.0}, Latest()).step(101.0)
    assert timetable.due(101.0) == ["nas-1"]


def test_device_that_talks_all_the_time_is_asked_every_ten_seconds() -> None:
    timetable, asked = schedule(), {"nas-1": 100.0}
    ear = FakeListener()
    unasked = Unasked(parts([ear]), timetable, asked, Latest())
    times = []
    for second in range(101, 161):
        ear.waiting.append(line())
        unasked.step(float(second))
        if timetable.due(float(second)):
            asked["nas-1"] = float(second)
            times.append(second)
    assert times == list(range(110, 161, int(PAUSE_S)))


def test_failed_login_and_stranger_hasten_nobody() -> None:
    timetable, ear = schedule(), FakeListener(waiting=[line(hasten=False), line(devices=(), hasten=False)])
    latest = Latest()
    Unasked(parts([ear]), timetable, {}, latest).step(101.0)
    assert timetable.due(101.0) == []
    assert [one.devices for one in latest.heard] == [("nas-1",), ()]


def test_listener_that_cannot_be_opened_is_a_fault_until_it_can() -> None:
    ear = FakeListener(refusal="port 162 is taken")
    unasked = Unasked(parts([ear]), schedule(), {}, Latest())
    unasked.step(1.0)
    assert unasked.faults == {"syslog": "port 162 is taken"}
    ear.refusal = ""
    unasked.step(30.0)
    assert ear.history == []
    unasked.step(62.0)
    assert unasked.faults == {"syslog": ""}
    unasked.close()
    assert ear.history == ["open", "close"]


async def test_lines_are_bounded_and_the_newest_comes_first(tmp_path: Path) -> None:
    clock, status = FakeClock(), dict[str, Any]()
    ear = FakeListener(waiting=[line(text=str(number)) for number in range(HEARD + 50)])
    await live(agent(tmp_path, clock, [ear], status), clock, 80)
    texts = [one["text"] for one in status["heard"]]
    assert (len(texts), texts[0]) == (HEARD, str(HEARD + 49))


def agent(tmp_path: Path, clock: FakeClock, listeners: Sequence[Listener], status: dict[str, Any]) -> Agent:
    made = Agent(parts(listeners, clock=clock, folder=tmp_path, status=status))
    made.start()
    return made


async def live(made: Agent, clock: FakeClock, seconds: int) -> None:
    import asyncio

    for _ in range(seconds):
        made.step()
        for _ in range(6):
            await asyncio.sleep(0)
        clock.advance(1.0)


async def test_disk_error_in_the_log_is_an_incident_of_the_device_and_ends_by_itself(tmp_path: Path) -> None:
    clock, status = FakeClock(), dict[str, Any]()
    ear = FakeListener()
    made = agent(tmp_path, clock, [ear], status)
    await live(made, clock, 70)
    ear.waiting.append(line(at=clock.wall()))
    await live(made, clock, 15)
    (incident,) = made.watch.incidents.values()
    assert (incident.cause, incident.root_device) == (Cause.DISK_FAILING, "nas-1")
    await live(made, clock, 1500)
    assert made.watch.incidents == {}
    assert status["heard"][0]["text"] == "I/O error"
    made.finish()
    assert ear.history == ["open", "close"]


@pytest.mark.parametrize(("count", "incidents"), [(5, 0), (25, 1)])
async def test_failed_logins_are_told_when_they_are_many(tmp_path: Path, count: int, incidents: int) -> None:
    clock = FakeClock()
    ear = FakeListener()
    made = agent(tmp_path, clock, [ear], {})
    await live(made, clock, 70)
    ear.waiting += [line("login", at=clock.wall(), hasten=False)] * count
    await live(made, clock, 70)
    assert len(made.watch.incidents) == incidents
    assert all(one.priority == "P4" for one in made.watch.incidents.values())


async def test_port_that_cannot_be_had_is_an_incident_of_the_box(tmp_path: Path) -> None:
    clock = FakeClock()
    made = agent(tmp_path, clock, [FakeListener("traps", refusal="cannot listen at 0.0.0.0 port 162")], {})
    await live(made, clock, 200)
    (incident,) = made.watch.incidents.values()
    assert (incident.cause, incident.root_device) == (Cause.GATEWAY_FAULT, GATEWAY)


async def test_other_serial_at_the_address_of_a_device_is_told_when_two_polls_say_so(tmp_path: Path) -> None:
    clock, status = FakeClock(), dict[str, Any]()
    made = agent(tmp_path, clock, [], status)
    await live(made, clock, 50)
    assert status["replaced"] == []
    await live(made, clock, 90)
    (swap,) = status["replaced"]
    assert (swap["device"], swap["serial"], swap["instead_of"]) == ("nas-1", "B-2", "A-1")
    assert status["discovery"] is None


async def test_a_trap_makes_its_device_be_asked_at_once_and_is_not_believed(tmp_path: Path) -> None:
    clock, status = FakeClock(), dict[str, Any]()
    ear = FakeListener("traps")
    made = agent(tmp_path, clock, [ear], status)
    await live(made, clock, 75)  # the polls of the first minute are over
    polls = made.parts.collectors["snmp"].polls  # type: ignore[attr-defined]
    before = polls.count("nas-1")
    ear.waiting.append(line("upsOnBattery", channel="trap", text="upsOnBattery", at=clock.wall()))
    await live(made, clock, 12)
    assert polls.count("nas-1") == before + 1
    assert made.watch.incidents == {}  # the device says that all is well
    assert status["heard"][0]["text"] == "upsOnBattery"


@pytest.mark.parametrize(
    ("event", "count", "cause"),
    [
        ("raid", 1, Cause.RAID_DEGRADED),
        ("filesystem", 1, Cause.DISK_FAILING),
        ("power", 1, Cause.PSU_FAILED),
        ("fan", 1, Cause.FAN_FAILED),
        ("heat", 2, Cause.OVERHEATING),
        ("link", 8, Cause.PORT_ERRORS),
        ("memory", 1, Cause.MEMORY_EXHAUSTED),
    ],
)
async def test_lines_of_each_kind_become_the_incident_they_speak_of_with_the_lines_kept(
    tmp_path: Path, event: str, count: int, cause: Cause
) -> None:
    clock = FakeClock()
    ear = FakeListener()
    made = agent(tmp_path, clock, [ear], {})
    await live(made, clock, 70)
    ear.waiting += [line(event, at=clock.wall(), part="Gi0/1", text=f"{event} {number}") for number in range(count)]
    await live(made, clock, 130)
    (incident,) = made.watch.incidents.values()
    assert (incident.cause, incident.root_device, incident.priority in ("P3", "P2")) == (cause, "nas-1", True)
    kept = made.parts.ledger.entries(EntryKind.HEARD, subject=incident.id)
    assert [one.body["text"] for one in kept] == [f"{event} {number}" for number in range(count)]
