"""The box's own health in lines that people can act on: what was found, how bad it is, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.core.reading import Reading
from gateway.core.units import human

_DAY_S = 86_400.0
STALE_S = 180.0
"""An agent that has not written its status for so long is not running, or hangs."""


class State(StrEnum):
    """unknown: this machine cannot tell, which is no fault of it."""

    OK = "ok"
    WARNING = "warning"
    FAILING = "failing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: ``check`` is clock, storage, wear, power, temperature, memory, link, agent, outbox, broker,
    certificates, files or ups; ``remedy`` is empty where there is nothing to do."""

    check: str
    state: State
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate file of the box; ``remaining_s`` is ``None`` where it cannot be read, ``why`` then says why."""

    name: str
    remaining_s: float | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of Vigie's own data: its size in bytes and what is damaged in it."""

    name: str
    size: int
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Box:
    """What is known of the box. ``status`` is the agent's status document (``None``: there is none); ``configured``
    is False where no site.toml was given, so that nothing can be said of agent, outbox and broker."""

    now: float
    readings: Sequence[Reading] = ()
    configured: bool = False
    uplink: bool = False
    status: Mapping[str, Any] | None = None
    certificates: Sequence[Certificate] = ()
    files: Sequence[StoredFile] = ()


def examine(box: Box) -> list[Finding]:
    """All findings, in the order in which people look."""
    found = [
        *_clock(box),
        *_storage(box),
        *_wear(box),
        *_power(box),
        *_temperature(box),
        *_memory(box),
        *_link(box),
    ]
    if box.configured:
        found += [*_agent(box), *_outbox(box), *_broker(box), *_certificates(box), *_files(box)]
    return found


def failing(findings: Sequence[Finding]) -> bool:
    """True if anything is failing; warnings and unknowns are not."""
    return any(finding.state is State.FAILING for finding in findings)


def _of(box: Box, metric: str) -> list[Reading]:
    return [reading for reading in box.readings if reading.metric == metric]


def _level(value: float, warning: float, bad: float) -> State:
    return State.FAILING if value >= bad else State.WARNING if value >= warning else State.OK


def _levels(
    box: Box, check: str, metric: str, limits: tuple[float, float], say: Callable[[Reading], tuple[str, str]]
) -> Iterator[Finding]:
    """A finding for each number of a metric; ``say`` gives its text and the remedy for when it is not good."""
    for reading in _of(box, metric):
        if isinstance(reading.value, str):
            continue
        state = _level(reading.value, *limits)
        text, remedy = say(reading)
        yield Finding(check, state, text, "" if state is State.OK else remedy)


def _shown(reading: Reading) -> str:
    return human(reading.metric, reading.value, "en")


def _clock(box: Box) -> Iterator[Finding]:
    for reading in _of(box, "system.clock.synchronized"):
        if reading.value:
            yield Finding("clock", State.OK, "kept by a time service")
        else:
            yield Finding(
                "clock",
                State.WARNING,
                "runs freely: instants are marked as estimated",
                "allow NTP (UDP 123) to a time server, and fit a clock module with a battery",
            )


def _files(box: Box) -> Iterator[Finding]:
    for file in box.files:
        for fault in file.faults:
            yield Finding(
                "files",
                State.FAILING,
                f"{file.name}: {fault}",
                "what is damaged is not used; the storage may be dying: save the state with `vigie export --all`",
            )
    kept = (box.status or {}).get("storage") or {}
    for one in kept.get("rebuilt") or ():
        rows = sum(one.get("kept", {}).values())
        yield Finding(
            "files",
            State.WARNING,
            f"{one.get('name')}: was damaged and made anew with {rows} rows that could be read",
            f"send {one.get('kept_as')} for analysis, then delete it and its note",
        )
    if kept.get("reserve") is False:
        yield Finding("files", State.WARNING, "no room is kept for state changes", "free space, or use a larger card")
    room = kept.get("readings") or {}
    if room.get("most"):
        left = room.get("days_left")
        text = f"readings take {room['used'] / 1e6:.0f} of {room['most'] / 1e6:.0f} MB"
        yield Finding("files", State.OK, text if left is None else f"{text}, room for {left:.0f} days more")
    sound = [file for file in box.files if not file.faults]
    if sound:
        size = sum(file.size for file in sound) / 1e6
        yield Finding(
            "files", State.OK, f"{', '.join(file.name for file in sound)}: every checksum right, {size:.1f} MB"
        )


def _storage(box: Box) -> Iterator[Finding]:
    for metric, what in (
        ("system.filesystem.utilization", "full"),
        ("system.filesystem.inodes.utilization", "of the files it can hold"),
    ):
        yield from _levels(
            box,
            "storage",
            metric,
            (0.85, 0.95),
            lambda reading, what=what: (  # type: ignore[misc]
                f"{reading.instance}: {_shown(reading)} {what}",
                "free space: vigie keeps what counts and drops raw readings first",
            ),
        )
    for reading in _of(box, "gateway.storage.read_only"):
        if reading.value:
            yield Finding(
                "storage",
                State.FAILING,
                f"{reading.instance}: can no longer be written",
                "the card is probably dying: replace it, then restore the box from headquarters",
            )


def _wear(box: Box) -> Iterator[Finding]:
    found = list(
        _levels(
            box,
            "wear",
            "gateway.storage.wear",
            (0.7, 0.9),
            lambda reading: (
                f"{reading.instance}: up to {_shown(reading)} of its life used",
                "plan a new card or module; the box can be restored from headquarters",
            ),
        )
    )
    for reading in _of(box, "gateway.storage.end_of_life"):
        if reading.value != "normal":
            state = State.FAILING if reading.value == "urgent" else State.WARNING
            text = f"{reading.instance}: says its reserve is at {reading.value}"
            found.append(Finding("wear", state, text, "replace the storage"))
    yield from found or [Finding("wear", State.UNKNOWN, "this storage does not tell its wear (SD cards do not)")]


def _power(box: Box) -> Iterator[Finding]:
    remedy = "use the supply made for this board and a short cable"
    value = {reading.metric: reading.value for reading in box.readings if reading.metric.startswith("gateway.")}
    if "gateway.under_voltage" not in value:
        yield Finding("power", State.UNKNOWN, "this machine does not measure its supply")
    elif value["gateway.under_voltage"]:
        yield Finding("power", State.FAILING, "the supply is below 4.63 V now", remedy)
    elif value.get("gateway.under_voltage.since_boot"):
        yield Finding("power", State.WARNING, "the supply has been below 4.63 V since the start", remedy)
    else:
        yield Finding("power", State.OK, "the supply has held since the start")
    if value.get("gateway.throttled"):
        yield Finding("power", State.WARNING, "the processor is slowed down", "cool the box, check its supply")


def _temperature(box: Box) -> Iterator[Finding]:
    found = list(
        _levels(
            box,
            "temperature",
            "hw.temperature",
            (70.0, 80.0),
            lambda reading: (f"{reading.instance}: {_shown(reading)}", "give the box air, away from other machines"),
        )
    )
    yield from found or [Finding("temperature", State.UNKNOWN, "this machine has no sensor")]


def _memory(box: Box) -> Iterator[Finding]:
    yield from _levels(
        box,
        "memory",
        "system.memory.utilization",
        (0.9, 0.97),
        lambda reading: (f"{_shown(reading)} used", "restart the box; if it comes back, report it"),
    )


def _link(box: Box) -> Iterator[Finding]:
    found = _of(box, "hw.network.up")
    for reading in found:
        if reading.value:
            yield Finding("link", State.OK, f"{reading.instance}: link up")
        else:
            remedy = "check the network cable and the switch port: nothing is known of other devices meanwhile"
            yield Finding("link", State.FAILING, f"{reading.instance}: no link", remedy)
    if not found:
        yield Finding("link", State.FAILING, "no network port was found", "connect the box to the depot's network")


def _agent(box: Box) -> Iterator[Finding]:
    start = "start it: systemctl restart vigie-run, then journalctl -u vigie-run"
    at = box.status.get("at") if box.status else None
    if not isinstance(at, int | float):
        yield Finding("agent", State.FAILING, "has written no status: it is not running", start)
        return
    age = max(0.0, box.now - at)
    text = f"last status {human('system.uptime', age, 'en')} ago"
    yield Finding("agent", State.OK, text) if age < STALE_S else Finding("agent", State.FAILING, text, start)
    refused = (box.status or {}).get("refused") or {}
    for what, why in refused.items():
        yield Finding("agent", State.FAILING, f"{what} cannot be written: {why}", "free space, or replace the storage")


def _outbox(box: Box) -> Iterator[Finding]:
    link = (box.status or {}).get("link") or {}
    if not box.uplink or "waiting" not in link:
        return
    waiting = sum(int(number) for number in link["waiting"].values())
    text = f"{waiting} messages wait for headquarters"
    state = _level(waiting, 5_000, 1_000_000)
    yield Finding("outbox", state, text, "" if state is State.OK else "they are kept; bring the link back")


def _broker(box: Box) -> Iterator[Finding]:
    if not box.uplink:
        yield Finding("broker", State.UNKNOWN, "no headquarters is set up", "add [uplink] to site.toml if there is one")
        return
    link = (box.status or {}).get("link") or {}
    if link.get("connected"):
        yield Finding("broker", State.OK, "connected")
    else:
        text = f"not connected: {link.get('reason') or 'the agent tells nothing of it'}"
        yield Finding("broker", State.FAILING, text, "check the line, then [uplink] in site.toml")


def _certificates(box: Box) -> Iterator[Finding]:
    renew = "have headquarters issue a new one"
    for one in box.certificates:
        if one.remaining_s is None:
            yield Finding("certificates", State.FAILING, f"{one.name}: {one.why or 'cannot be read'}", renew)
            continue
        left = human("reach.certificate.remaining", abs(one.remaining_s), "en")
        if one.remaining_s <= 0:
            yield Finding("certificates", State.FAILING, f"{one.name}: expired {left} ago", renew)
        else:
            state = State.OK if one.remaining_s > 30 * _DAY_S else State.WARNING
            yield Finding("certificates", state, f"{one.name}: {left} left", "" if state is State.OK else renew)
