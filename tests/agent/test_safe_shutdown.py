"""Safe shutdown around a UPS that tells what the test wants: what is done, when, in which order, and what is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from gateway.agent.safe_shutdown import Hands, Pace, SafeShutdown
from gateway.clock import FakeClock
from gateway.core.device import Criticality, Device, Kind, Park
from gateway.core.reading import Failure, FailureKind, Poll, Reading, Severity

UPS = Device("ups-1", "UPS", Kind.UPS, "10.0.0.9")
PARK = Park(
    [
        UPS,
        Device("erp", "ERP", Kind.SERVER, criticality=Criticality.CRITICAL, power="ups-1"),
        Device("test", "Test", Kind.SERVER, power="ups-1"),
    ]
)
STALE = Failure(FailureKind.TIMEOUT, "nut", "the driver has lost the UPS")


class Depot:
    """A UPS with a script of answers, two servers, and the shutdown between them."""

    def __init__(self, *, dry_run: bool = False, refuses: Sequence[str] = ()) -> None:
        self.name = "nut"
        self.clock = FakeClock()
        self.script: list[str | Failure] = []
        self.stopped: list[str] = []
        self.up = {"erp", "test"}
        self.refuses = refuses
        self.unreached: set[str] = set()
        hands = Hands(self.stop, self.answers, dry_run, Pace(0.0, 0.0, 300.0))
        self.guard = SafeShutdown(self, PARK, ("erp", "test"), self.clock, hands)

    async def poll(self, device: Device) -> Poll:
        self.clock.advance(4.0)
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        at = self.clock.wall()
        if isinstance(answer, Failure):
            return Poll(device.id, self.name, at, failure=answer)
        return Poll(device.id, self.name, at, (Reading(device.id, "ups.status", answer, at),))

    async def stop(self, device: Device) -> Failure | None:
        self.stopped.append(device.id)
        if device.id in self.refuses:
            return Failure(FailureKind.REFUSED, "ssh", "shutdown is not allowed by /etc/vigie-remote.conf")
        if device.id in self.unreached or device.id not in self.up:
            return Failure(FailureKind.TIMEOUT, "ssh", "no answer within 20 s")
        self.up.discard(device.id)
        return None

    async def answers(self, device: Device) -> bool:
        return device.id in self.up

    async def round(self, *script: str | Failure) -> dict[str, tuple[str, Severity | None]]:
        self.script = list(script)
        poll = await self.guard.poll(UPS)
        for _ in range(5):
            await asyncio.sleep(0)  # lets the stages run
        return {one.instance: (str(one.value), one.severity) for one in poll.readings if one.metric == "ups.shutdown"}


async def test_a_low_battery_that_repeats_shuts_servers_down_the_critical_last() -> None:
    depot = Depot()
    assert await depot.round("OL") == dict.fromkeys(("erp", "test"), ("ready", Severity.OK))
    await depot.round("OB LB")
    assert depot.stopped == ["test", "erp"]
    assert await depot.round("OB LB") == dict.fromkeys(("erp", "test"), ("down", Severity.WARNING))
    assert depot.stopped == ["test", "erp"], "once is enough"


async def test_by_default_it_only_says_what_it_would_do() -> None:
    assert Hands(Depot().stop, Depot().answers).dry_run
    depot = Depot(dry_run=True)
    await depot.round("OB LB")
    assert await depot.round("OB LB") == dict.fromkeys(("erp", "test"), ("would shut down", Severity.WARNING))
    assert depot.stopped == []
    assert await depot.round("OL CHRG") == dict.fromkeys(("erp", "test"), ("ready", Severity.OK))


@pytest.mark.parametrize(
    "script",
    [
        (STALE,),
        ("OB LB", STALE),
        ("OB LB", "OB LB", STALE),
        ("OB LB", "OB"),
        ("OB LB", "OB LB", "OL"),
        ("OB",),
        ("OB LB CAL",),
    ],
    ids=str,
)
async def test_nothing_less_shuts_anything_down(script: tuple[str | Failure, ...]) -> None:
    depot = Depot()
    await depot.round(*script)
    assert depot.stopped == []


async def test_a_ups_that_goes_stale_on_battery_never_shuts_down() -> None:
    depot = Depot()
    await depot.round("OB LB", STALE)
    for _ in range(20):
        await depot.round(STALE)
    assert depot.stopped == []


async def test_a_refusal_is_told_and_the_others_go_on() -> None:
    depot = Depot(refuses=("test",))
    await depot.round("OB LB")
    assert depot.stopped == ["test", "erp"]
    told = await depot.round("OB LB")
    assert told == {"test": ("refused", Severity.CRITICAL), "erp": ("down", Severity.WARNING)}


async def test_a_server_that_could_not_be_reached_is_asked_again_while_the_battery_is_low() -> None:
    depot = Depot()
    depot.unreached = {"erp"}
    await depot.round("OB LB")
    assert (await depot.round("OB LB"))["erp"] == ("refused", Severity.CRITICAL)
    depot.unreached = set()
    await depot.round("OB LB")
    assert (await depot.round("OB LB"))["erp"] == ("down", Severity.WARNING)
    assert depot.stopped.count("test") == 1, "who is down is left alone"


@pytest.mark.parametrize("then", ["OB", STALE, "OL"], ids=str)
async def test_nobody_is_asked_again_once_the_battery_is_not_said_to_be_low(then: str | Failure) -> None:
    depot = Depot()
    depot.unreached = {"erp"}
    await depot.round("OB LB")
    asked = len(depot.stopped)
    await depot.round(then)
    await depot.round(then)
    assert len(depot.stopped) == asked


async def test_who_refused_is_not_asked_again() -> None:
    depot = Depot(refuses=("test",))
    for _ in range(4):
        await depot.round("OB LB")
    assert depot.stopped == ["test", "erp"]


async def test_after_a_restart_in_the_middle_a_server_that_is_gone_is_down_and_did_not_refuse() -> None:
    depot = Depot()
    depot.up = {"test"}  # the agent before had shut erp down
    await depot.round("OB LB")
    assert (await depot.round("OB LB"))["erp"] == ("down", Severity.WARNING)


async def test_a_server_that_only_seemed_to_be_gone_is_asked_when_it_answers_again() -> None:
    depot = Depot()
    depot.up = {"test"}  # the switch between is starting again
    await depot.round("OB LB")
    assert (await depot.round("OB LB"))["erp"] == ("down", Severity.WARNING)
    depot.up = {"erp"}
    await depot.round("OB LB")
    assert (await depot.round("OB LB"))["erp"] == ("down", Severity.WARNING)
    assert depot.stopped == ["test", "erp", "erp"]
    assert depot.up == set()


async def test_a_server_that_hangs_is_told_after_five_minutes() -> None:
    depot = Depot()
    await depot.round("OB LB")
    depot.up = {"erp"}
    assert (await depot.round("OB LB"))["erp"] == ("asked", Severity.CRITICAL)
    depot.clock.advance(400.0)
    assert (await depot.round("OB LB"))["erp"] == ("still up", Severity.CRITICAL)


async def test_when_the_mains_are_back_and_the_server_too_it_is_ready_again() -> None:
    depot = Depot()
    await depot.round("OB LB")
    assert (await depot.round("OL"))["erp"] == ("down", Severity.WARNING)
    depot.up = {"erp", "test"}
    assert (await depot.round("OL"))["erp"] == ("ready", Severity.OK)
    await depot.round("OB LB")
    assert depot.stopped == ["test", "erp", "test", "erp"]


async def test_other_devices_pass_through_untouched() -> None:
    depot = Depot()
    depot.script = ["OB LB"]
    poll = await depot.guard.poll(Device("srv-9", "Server", Kind.SERVER))
    assert [one.metric for one in poll.readings] == ["ups.status"]
    assert depot.guard.name == "nut"
