"""Backup jobs that call the box, those on shares, and several at once: what a poll tells of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateway.clock import FakeClock
from gateway.collect.backup import Backup, Places
from gateway.collect.smb import FakeShares
from gateway.collect.ssh import FakeShell
from gateway.core.backups import Call, File
from gateway.core.device import Device
from gateway.core.errors import DamagedError
from gateway.core.reading import Failure, FailureKind, Poll, Severity

HOUR_S = 3600.0
CLOCK = FakeClock()
NOW = CLOCK.wall()


def collector(calls: Mapping[str, Call] | None = None, clock: FakeClock = CLOCK) -> Backup:
    shares = FakeShares({("srv", "Bak"): [File("a", NOW - 60, 1.0), File("b", NOW - 30, 500.0)], ("srv", "Empty"): []})
    return Backup(clock, Places(FakeShell({("srv", "backup erp"): "120 900"}), shares, lambda _: calls or {}))


async def poll(calls: Mapping[str, Call] | None = None, *backups: str) -> Poll:
    return await collector(calls).poll(Device("srv", "Server", backups=backups))


def told(poll: Poll) -> dict[tuple[str, str], tuple[float | str, Severity | None]]:
    return {(one.metric, one.instance): (one.value, one.severity) for one in poll.readings}


async def test_jobs_of_all_three_sorts_are_told_together() -> None:
    call = Call("srv", "veeam", 0.0, NOW - HOUR_S, good_at=NOW - HOUR_S, size=7.0)
    found = await poll({"veeam": call}, "erp", "bak=smb:Bak/", "veeam=call@7d")
    assert found.failure is None
    assert told(found) == {
        ("backup.age", "erp"): (120.0, None),
        ("backup.size", "erp"): (900.0, None),
        ("backup.age", "bak"): (30.0, None),
        ("backup.size", "bak"): (500.0, None),
        ("backup.age", "veeam"): (HOUR_S, None),
        ("backup.size", "veeam"): (7.0, None),
        ("backup.status", "veeam"): ("good", Severity.OK),
    }
    assert (found.requests, found.remembered) == (2, False)


async def test_a_device_whose_jobs_only_call_is_not_said_to_answer() -> None:
    found = await poll({"job": Call("srv", "job", NOW)}, "job=call")
    assert found.remembered
    assert found.requests == 0


async def test_a_job_that_failed_is_told_with_what_it_said_and_the_age_of_the_good_one() -> None:
    call = Call("srv", "job", 0.0, NOW - 5, ok=False, detail="exit 3", good_at=NOW - 30 * HOUR_S)
    found = await poll({"job": call}, "job=call")
    assert told(found) == {
        ("backup.status", "job"): ("failed", Severity.WARNING),
        ("backup.age", "job"): (30 * HOUR_S, None),
    }
    assert found.readings[0].label == "exit 3"


@pytest.mark.parametrize(
    ("waited_h", "severity"),
    [(0, Severity.UNKNOWN), (29, Severity.UNKNOWN), (30, Severity.WARNING), (54, Severity.CRITICAL)],
)
async def test_a_job_that_never_called_is_late_like_one_that_calls_no_more(waited_h: int, severity: Severity) -> None:
    found = await poll({"job": Call("srv", "job", NOW - waited_h * HOUR_S)}, "job=call@24h")
    assert told(found) == {("backup.status", "job"): ("none yet", severity)}


async def test_a_job_without_an_address_and_an_empty_folder_are_failures_beside_the_rest() -> None:
    found = await poll({}, "erp", "bak=smb:Empty/", "job=call")
    assert set(told(found)) == {("backup.age", "erp"), ("backup.size", "erp")}
    assert [failure.kind for failure in found.partial] == [FailureKind.REFUSED, FailureKind.REFUSED]
    assert "no file fits Empty/*" in found.partial[0].detail
    assert "vigie web" in found.partial[1].detail


async def test_calls_that_cannot_be_read_are_a_failure() -> None:
    def damaged(_device: str) -> Mapping[str, Call]:
        raise DamagedError("commands.db: damaged", remedy="see vigie doctor")

    places = Places(FakeShell({}), FakeShares({}), damaged)
    found = await Backup(CLOCK, places).poll(Device("srv", "Server", backups=("job=call",)))
    assert found.failure == Failure(FailureKind.REFUSED, "backup job", "commands.db: damaged: see vigie doctor")


async def test_files_are_asked_for_every_ten_minutes_and_grow_older_in_between() -> None:
    clock = FakeClock()
    asking = collector(clock=clock)
    device = Device("srv", "Server", backups=("erp",))
    first = await asking.poll(device)
    clock.advance(60)
    second = await asking.poll(device)
    assert (told(first)["backup.age", "erp"], told(second)["backup.age", "erp"]) == ((120.0, None), (180.0, None))
    assert (first.remembered, second.remembered) == (False, True)
    clock.advance(600)
    assert not (await asking.poll(device)).remembered
