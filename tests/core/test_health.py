"""The box's own health: what is said, how bad it is, what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.health import Box, Certificate, Finding, State, examine, failing
from gateway.core.reading import Reading

NOW = 1_780_000_000.0
DAY = 86_400.0


def reading(metric: str, value: float | str, instance: str = "") -> Reading:
    """A reading of the box."""
    return Reading("gateway", metric, value, NOW, instance)


GOOD = Box(
    NOW,
    (
        reading("system.clock.synchronized", 1),
        reading("system.filesystem.utilization", 0.5, "/"),
        reading("system.filesystem.inodes.utilization", 0.1, "/"),
        reading("gateway.storage.read_only", 0, "/"),
        reading("gateway.storage.wear", 0.2, "mmcblk0"),
        reading("gateway.storage.end_of_life", "normal", "mmcblk0"),
        reading("gateway.under_voltage", 0),
        reading("gateway.under_voltage.since_boot", 0),
        reading("gateway.throttled", 0),
        reading("hw.temperature", 48.0, "cpu-thermal"),
        reading("system.memory.utilization", 0.4),
        reading("hw.network.up", 1, "eth0"),
    ),
    configured=True,
    uplink=True,
    status={"at": NOW - 5, "refused": {}, "link": {"connected": True, "waiting": {"1": 3, "2": 1}, "reason": ""}},
    certificates=(Certificate("box.pem", 90 * DAY),),
)


def with_reading(metric: str, value: float | str) -> Box:
    """The good box with one reading changed."""
    readings = [one._replace(value=value) if one.metric == metric else one for one in GOOD.readings]
    assert readings != list(GOOD.readings)
    return replace(GOOD, readings=readings)


def with_status(**other: object) -> Box:
    """The good box with its status changed."""
    return replace(GOOD, status={**(GOOD.status or {}), **other})


def test_rebuilt_file_missing_reserve_and_room_are_told() -> None:
    box = with_status(
        storage={
            "readings": {"used": 90e6, "most": 1e9, "days_left": 41.6},
            "reserve": False,
            "rebuilt": [{"name": "vigie.db", "kept": {"transition": 7, "change": 2}, "kept_as": "vigie.db.damaged-1"}],
        }
    )
    assert [one.text for one in bad(box)] == [
        "vigie.db: was damaged and made anew with 9 rows that could be read",
        "no room is kept for state changes",
    ]
    assert "readings take 90 of 1000 MB, room for 42 days more" in [one.text for one in examine(box)]


def bad(box: Box) -> list[Finding]:
    """Findings that are not ok."""
    return [finding for finding in examine(box) if finding.state is not State.OK]


def test_a_box_in_good_health_has_a_line_for_everything_and_nothing_to_do() -> None:
    findings = examine(GOOD)
    assert {finding.check for finding in findings} == {
        *("clock", "storage", "wear", "power", "temperature", "memory", "link", "agent", "outbox", "broker"),
        "certificates",
    }
    assert {finding.state for finding in findings} == {State.OK}
    assert {finding.remedy for finding in findings} == {""}
    assert not failing(findings)


CASES = [
    (with_reading("system.clock.synchronized", 0), "clock", State.WARNING, "runs freely"),
    (with_reading("system.filesystem.utilization", 0.85), "storage", State.WARNING, "/: 85% full"),
    (with_reading("system.filesystem.utilization", 0.95), "storage", State.FAILING, "/: 95% full"),
    (with_reading("system.filesystem.inodes.utilization", 0.96), "storage", State.FAILING, "of the files"),
    (with_reading("gateway.storage.read_only", 1), "storage", State.FAILING, "no longer be written"),
    (with_reading("gateway.storage.wear", 0.7), "wear", State.WARNING, "70%"),
    (with_reading("gateway.storage.wear", 1.1), "wear", State.FAILING, "110%"),
    (with_reading("gateway.storage.end_of_life", "urgent"), "wear", State.FAILING, "urgent"),
    (with_reading("gateway.storage.end_of_life", "warning"), "wear", State.WARNING, "warning"),
    (with_reading("gateway.under_voltage", 1), "power", State.FAILING, "below 4.63 V now"),
    (with_reading("gateway.under_voltage.since_boot", 1), "power", State.WARNING, "since the start"),
    (with_reading("gateway.throttled", 1), "power", State.WARNING, "slowed down"),
    (with_reading("hw.temperature", 71.0), "temperature", State.WARNING, "71 °C"),
    (with_reading("hw.temperature", 80.0), "temperature", State.FAILING, "80 °C"),
    (with_reading("system.memory.utilization", 0.98), "memory", State.FAILING, "98%"),
    (with_reading("hw.network.up", 0), "link", State.FAILING, "eth0: no link"),
    (replace(GOOD, status=None), "agent", State.FAILING, "not running"),
    (with_status(at=NOW - 600), "agent", State.FAILING, "10 min ago"),
    (with_status(refused={"samples": "no space left"}), "agent", State.FAILING, "no space left"),
    (with_status(link={"connected": True, "waiting": {"1": 6000}}), "outbox", State.WARNING, "6000 messages"),
    (with_status(link={"connected": False, "reason": "no route"}), "broker", State.FAILING, "no route"),
    (replace(GOOD, certificates=(Certificate("c", -DAY),)), "certificates", State.FAILING, "expired 1 d ago"),
    (replace(GOOD, certificates=(Certificate("c", 9 * DAY),)), "certificates", State.WARNING, "9 d left"),
    (replace(GOOD, certificates=(Certificate("c", None, "no"),)), "certificates", State.FAILING, "c: no"),
]


@pytest.mark.parametrize(("box", "check", "state", "text"), CASES, ids=[f"{case[1]} {case[3]}" for case in CASES])
def test_what_is_wrong_is_said_with_a_remedy(box: Box, check: str, state: State, text: str) -> None:
    found = [finding for finding in bad(box) if finding.check == check]
    assert [finding.state for finding in found] == [state]
    assert text in found[0].text.replace("\N{NO-BREAK SPACE}", " ")
    assert found[0].remedy
    assert failing(examine(box)) == (state is State.FAILING)


def test_what_a_machine_cannot_tell_is_unknown_and_no_fault() -> None:
    bare = Box(NOW, (reading("hw.network.up", 1, "eth0"),))
    assert {(finding.check, finding.state) for finding in bad(bare)} == {
        ("wear", State.UNKNOWN),
        ("power", State.UNKNOWN),
        ("temperature", State.UNKNOWN),
    }
    assert not failing(examine(bare))


def test_a_box_without_headquarters_says_so_and_has_no_outbox_to_watch() -> None:
    alone = replace(GOOD, uplink=False)
    assert [(finding.check, finding.state) for finding in bad(alone)] == [("broker", State.UNKNOWN)]
    assert "outbox" not in {finding.check for finding in examine(alone)}


def test_without_a_network_port_nothing_can_be_watched() -> None:
    assert [finding.state for finding in examine(Box(NOW)) if finding.check == "link"] == [State.FAILING]
