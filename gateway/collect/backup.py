"""Age of the last backup: the newest file on the machine that keeps them, listed over SSH by a forced command.

A backup that was cut off leaves a small new file, so the size is compared with the last whole one: less than half of it
is told as a failure beside the age.
"""

from __future__ import annotations

import asyncio

from gateway.clock import Clock
from gateway.collect.asking import NoAnswerError
from gateway.collect.ssh import Shell
from gateway.core.device import Device
from gateway.core.reading import Failure, FailureKind, Poll, Reading

EVERY_S = 600.0
TIMEOUT_S = 20.0
_SHRUNK = 0.5


class Backup:
    """Collector ``backup``: each name in ``device.backups``. Asked every ten minutes at most; in between the age grows
    by the clock."""

    name = "backup"

    def __init__(self, clock: Clock, shell: Shell) -> None:
        self._clock = clock
        self._shell = shell
        self._seen: dict[tuple[str, str], tuple[float, float, float]] = {}
        self._whole: dict[tuple[str, str], float] = {}

    async def poll(self, device: Device) -> Poll:
        """Asks for each backup by its name."""
        at, began = self._clock.wall(), self._clock.monotonic()
        answers = await asyncio.gather(*(self._age(device, name) for name in device.backups))
        readings = tuple(
            Reading(device.id, "backup.age", age, at, name, source=f"newest file of {name}")
            for name, (age, _failure) in zip(device.backups, answers, strict=True)
            if age is not None
        )
        failures = [failure for _age, failure in answers if failure]
        if not device.backups:
            remedy = 'name the backups of vigie-remote.conf: backups = ["NAME"]'
            failures = [Failure(FailureKind.REFUSED, f"backup {device.id}", remedy)]
        failure = failures[0] if failures and not readings else None
        return Poll(
            device.id,
            self.name,
            at,
            readings,
            failure,
            tuple(failures[1:] if failure else failures),
            requests=len(device.backups),
            elapsed_s=self._clock.monotonic() - began,
        )

    async def _age(self, device: Device, name: str) -> tuple[float | None, Failure | None]:
        key, now = (device.id, name), self._clock.monotonic()
        told_at, age, size = self._seen.get(key, (0.0, 0.0, 0.0))
        if key not in self._seen or now - told_at >= EVERY_S:
            self._seen.pop(key, None)
            what = f"backup {name}"
            try:
                answer = await self._shell.run(device, f"backup {name}", TIMEOUT_S)
                age, size = understand(answer)
            except NoAnswerError as error:
                return None, error.failure
            except ValueError:
                return None, Failure(FailureKind.GARBLED, what, "vigie-remote did not answer with an age and a size")
            told_at = now
            self._seen[key] = now, age, size
        whole = self._whole.get(key, size)
        if size < _SHRUNK * whole:
            detail = f"the newest file has {size:.0f} bytes, the one before {whole:.0f}: it was probably cut off"
            return age + now - told_at, Failure(FailureKind.GARBLED, f"backup {name}", detail)
        self._whole[key] = size
        return age + now - told_at, None


def understand(answer: str) -> tuple[float, float]:
    """(seconds, bytes) of "AGE SIZE". A file of the future is new. Raises ValueError."""
    age, size = answer.split()
    return max(0.0, float(int(age))), float(int(size))
