"""What disks say of themselves (SMART): those of this machine by smartctl through pySMART, those of another over SSH.

Raw counters are told and not judged: a "failed" made of raw values is the field's top false alarm. Only the disk's own
verdict (``smart_status.passed``) is taken as a verdict, and that counters grow (core/disks.py).
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from gateway.clock import Clock
from gateway.collect.asking import NoAnswerError
from gateway.collect.smart_values import Disk, rows, table, understand
from gateway.collect.ssh import Shell
from gateway.core.device import Device
from gateway.core.reading import Failure, FailureKind, Identity, Poll, Reading

# bits of smartctl's exit status, smartctl(8)
_BAD_COMMAND_LINE, _NOT_OPENED = 0x01, 0x02
_TIMED_OUT = 124  # of timeout(1)
_NOT_THERE = 127

REMOTE_EVERY_S = 600.0
REMOTE_TIMEOUT_S = 25.0
"""smartctl on a machine of a dozen disks takes a few seconds; a poll may take 30."""


class Disks(Protocol):
    """Runs smartctl. Blocks: called in a thread."""

    def run(self, arguments: list[str]) -> tuple[str, int]:
        """(standard output, exit status) of ``smartctl --json ARGUMENTS``; FileNotFoundError without smartctl."""
        ...


class PySmartDisks:
    """smartctl through pySMART, which finds it also where the PATH of a service does not lead (/usr/sbin)."""

    def __init__(self, *, timeout_s: int = 30, sudo: bool = False) -> None:
        self._timeout_s = timeout_s
        self._sudo = sudo

    def run(self, arguments: list[str]) -> tuple[str, int]:
        """A dying disk can hold smartctl for minutes, so timeout(1) stands before it."""
        from pySMART.smartctl import Smartctl
        from pySMART.utils import SMARTCTL_PATH

        if not SMARTCTL_PATH:
            raise FileNotFoundError("smartctl")
        timed = Smartctl(smartctl_path="timeout", sudo=self._sudo)
        lines, status = timed.generic_call([str(self._timeout_s), str(SMARTCTL_PATH), "--json", *arguments])
        return "\n".join(lines), status


class FakeDisks:
    """Disks of a test: answers by arguments, and remembers what was asked."""

    def __init__(self, answers: Mapping[tuple[str, ...], tuple[str, int]]) -> None:
        self._answers = answers
        self.asked: list[list[str]] = []

    def run(self, arguments: list[str]) -> tuple[str, int]:
        """The scripted answer; without one, what smartctl says of a device that is not there."""
        self.asked.append(arguments)
        return self._answers.get(tuple(arguments), ('{"smartctl": {"exit_status": 2}}', _NOT_OPENED))


class ToldDisks:
    """Disks of another machine: everything was asked at once, each question is answered from what came back."""

    def __init__(self, document: str) -> None:
        """``document`` is a JSON list: the scan, then each disk. Raises ValueError for anything else."""
        told = json.loads(document)
        if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
            raise ValueError("not a list of objects")
        self._scan = told[0] if told else {}
        self._disks = {str(table(one, "device").get("name")): one for one in told[1:]}

    def run(self, arguments: list[str]) -> tuple[str, int]:
        """What smartctl said there, with the exit status that it tells itself."""
        answer = self._scan if arguments == ["--scan"] else self._disks.get(arguments[-1], {})
        status = table(answer, "smartctl").get("exit_status", 0 if answer else _NOT_OPENED)
        return json.dumps(answer), status if isinstance(status, int) else 0


class Smart:
    """Collector ``smart``: every disk that ``smartctl --scan`` finds, on the device if it has a credential of type ssh,
    else on this machine, whatever the device's address. A machine is asked over SSH every ten minutes at most: in
    between its last answer holds."""

    name = "smart"

    def __init__(self, clock: Clock, disks: Disks | None = None, shell: Shell | None = None) -> None:
        self._clock = clock
        self._disks = disks or PySmartDisks()
        self._shell = shell
        self._told: dict[str, tuple[float, ToldDisks]] = {}

    async def poll(self, device: Device) -> Poll:
        """Asks each disk once, without waking those that sleep."""
        at, began = self._clock.wall(), self._clock.monotonic()
        readings: list[Reading] = []
        failures: list[Failure] = []
        identity, requests = Identity(), 1
        remembered = self._remembered(device)
        try:
            source = await self._source(device)
            disks = await asyncio.to_thread(_scan, source)
            for disk in disks:
                requests += 1
                try:
                    found = await asyncio.to_thread(_ask, source, disk)
                except SmartError as error:
                    failures.append(error.failure)
                    continue
                if found:
                    readings += _readings(found, device.id, at)
                    identity = found.identity if identity == Identity() else identity
        except SmartError as error:
            failures.append(error.failure)
        nothing = failures and not readings
        return Poll(
            device.id,
            self.name,
            at,
            tuple(readings),
            failures[0] if nothing else None,
            tuple(failures[1:] if nothing else failures),
            identity,
            requests,
            self._clock.monotonic() - began,
            remembered,
        )

    def _remembered(self, device: Device) -> bool:
        """True if the last answer of another machine still holds."""
        told_at, _ = self._told.get(device.id, (-math.inf, None))
        return self._clock.monotonic() - told_at < REMOTE_EVERY_S

    async def _source(self, device: Device) -> Disks:
        if self._shell is None or "ssh" not in device.access:
            return self._disks
        now = self._clock.monotonic()
        _, told = self._told.get(device.id, (-math.inf, None))
        if told is None or not self._remembered(device):
            self._told.pop(device.id, None)
            what = f"smart {device.id}"
            try:
                told = ToldDisks(await self._shell.run(device, "smart", REMOTE_TIMEOUT_S))
            except NoAnswerError as error:
                raise SmartError(error.failure.kind, error.failure.what, error.failure.detail) from None
            except ValueError:
                raise SmartError(FailureKind.GARBLED, what, "vigie-remote did not answer with a list") from None
            self._told[device.id] = (now, told)
        return told


def _scan(source: Disks) -> list[tuple[str, str]]:
    """(device file, smartctl's type) of each disk."""
    answer = _run(source, "scan of the disks", ["--scan"])
    disks = [(str(one["name"]), str(one.get("type", "auto"))) for one in rows(answer.get("devices")) if "name" in one]
    if not disks:
        raise SmartError(FailureKind.REFUSED, "scan of the disks", "smartctl finds no disk that speaks SMART here")
    return disks


def _ask(source: Disks, disk: tuple[str, str]) -> Disk | None:
    """One disk; ``None`` while it sleeps."""
    name, kind = disk
    # a disk in standby answers only by being spun up: leave it alone
    answer = _run(source, f"smart {name}", ["--all", "--nocheck=standby", f"--device={kind}", name])
    if _asleep(answer):
        return None
    found = understand(name.rpartition("/")[2], answer)
    if found is None:
        raise SmartError(FailureKind.GARBLED, f"smart {name}", _said(answer) or "the disk tells nothing")
    return found


def _run(source: Disks, what: str, arguments: list[str]) -> dict[str, Any]:
    try:
        text, status = source.run(arguments)
    except FileNotFoundError:
        raise SmartError(
            FailureKind.REFUSED, what, "smartctl is not installed: install the package smartmontools"
        ) from None
    if status == _TIMED_OUT:
        raise SmartError(FailureKind.TIMEOUT, what, "the disk did not answer in time")
    if status == _NOT_THERE:
        raise SmartError(FailureKind.REFUSED, what, "the program timeout (coreutils) is not installed")
    try:
        answer = json.loads(text)
    except ValueError:
        raise SmartError(FailureKind.GARBLED, what, "smartctl did not answer in JSON: needs version 7") from None
    if not isinstance(answer, dict):
        raise SmartError(FailureKind.GARBLED, what, "smartctl did not answer with an object")
    if status & (_BAD_COMMAND_LINE | _NOT_OPENED) and not _asleep(answer):
        raise SmartError(*_unopened(what, _said(answer)))
    return answer


class SmartError(Exception):
    """One question to smartctl without a usable answer."""

    def __init__(self, kind: FailureKind, what: str, detail: str) -> None:
        super().__init__(f"{what}: {detail}")
        self.failure = Failure(kind, what, detail)


def _asleep(answer: Mapping[str, Any]) -> bool:
    """True if the disk was left alone because it is in standby (smartctl then ends with status 2)."""
    messages = rows(table(answer, "smartctl").get("messages"))
    return any(" mode, exit(" in str(one.get("string", "")) for one in messages)


def _said(answer: Mapping[str, Any]) -> str:
    """smartctl's own words on what went wrong."""
    messages = rows(table(answer, "smartctl").get("messages"))
    return "; ".join(str(one.get("string", "")) for one in messages if one.get("severity") == "error")


def _unopened(what: str, said: str) -> tuple[FailureKind, str, str]:
    if "Permission denied" in said or "Operation not permitted" in said:
        return (
            FailureKind.UNAUTHORISED,
            what,
            "may not open the disk: give the service CAP_SYS_RAWIO and the group disk",
        )
    return FailureKind.REFUSED, what, said or "the disk cannot be opened"


def _readings(disk: Disk, device: str, at: float) -> Iterator[Reading]:
    for value in disk.values:
        yield Reading(device, value.metric, value.value, at, disk.name, disk.label, value.severity, value.source)
