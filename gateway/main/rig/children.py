"""Children of the demo: started, restarted when they die, ended together, and never left behind.

A child runs in a session of its own, so that Ctrl-C in the terminal reaches the demo alone, which then ends its
children in order. If the demo itself is killed, the kernel ends them (PR_SET_PDEATHSIG).
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.clock import Clock
from gateway.simulate.nut import Program

_PR_SET_PDEATHSIG = 1
_GRACE_S = 8.0
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 15.0
_STEADY_S = 30.0
"""A child that ran this long counts as steady: its next death is answered at once."""

Tell = Callable[[str], None]


class Child:
    """One program that is kept running. Its output goes to ``<folder>/<name>.log`` and, line by line, to ``heard``."""

    def __init__(self, program: Program, folder: Path, tell: Tell, clock: Clock) -> None:
        self.program = program
        self.heard: Callable[[str], None] = lambda _line: None
        self.restarts = 0
        self._log = folder / f"{program.name}.log"
        self._tell = tell
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None
        self._last: deque[str] = deque(maxlen=6)
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the running child."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Starts it and keeps it running until ``stop``."""
        self._process = await self._spawned()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Asks it to end, and ends it if it does not listen."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _GRACE_S)
            except TimeoutError:
                self._tell(f"{self.program.name} did not end within {_GRACE_S:g} s and was killed")
                process.kill()
                await process.wait()

    async def _spawned(self) -> asyncio.subprocess.Process:
        environment: Mapping[str, str] = {**os.environ, "PYTHONUNBUFFERED": "1", **self.program.environment}
        return await asyncio.create_subprocess_exec(
            *self.program.command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )

    async def _keep(self) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            began = self._clock.monotonic()
            assert self._process is not None  # noqa: S101 - set by start and below
            await self._listen(self._process)
            code = await self._process.wait()
            self._tell(f"{self.program.name} ended ({_how(code)}), starting it again")
            for line in self._last:
                self._tell(f"  {self.program.name}: {line}")
            self._last.clear()
            pause = _FIRST_PAUSE_S if self._clock.monotonic() - began > _STEADY_S else pause
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_S)
            self.restarts += 1
            self._process = await self._spawned()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        with self._log.open("ab", buffering=0) as log:
            while chunk := await _line(process.stdout):
                log.write(chunk)
                text = chunk.decode("utf-8", "replace").rstrip()
                if text:
                    self._last.append(text)
                    self.heard(text)


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line; a line longer than the reader's buffer comes in pieces."""
    try:
        return await stream.readline()
    except ValueError:
        return await stream.read(65_536)


def _how(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


def _die_with_parent() -> None:
    """Runs in the child before the program: the kernel will end it when the demo's main thread is gone."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
