"""Time as an argument: what the wall says, what has passed, which boot this is, and whether the wall can be trusted."""

from __future__ import annotations

import ctypes
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gateway.core.incident import Stamp

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
STEP_S = 0.5
"""The wall clock has stepped when it is further than this from the line."""
SLEW_MAX_S = 60.0
"""A line that a time service has vouched for is led back over at most this much; beyond, it was wrong and moves."""
_SLEW = 0.01
"""Seconds of correction a second: durations are wrong by one percent at most meanwhile."""


class Clock(Protocol):
    """What everything that needs time is given."""

    def wall(self) -> float:
        """Seconds since the epoch, UTC; may step."""
        ...

    def monotonic(self) -> float:
        """Seconds since boot, sleep included; never steps back within a boot."""
        ...

    def boot_id(self) -> str:
        """Identifies this boot of the machine."""
        ...

    def trusted(self) -> bool:
        """True if somebody has vouched for what ``wall`` tells."""
        ...

    def synchronized(self) -> bool:
        """True while a time service is at work."""
        ...


def stamp(clock: Clock) -> Stamp:
    """The instant of writing a fact down."""
    return Stamp(clock.wall(), clock.boot_id(), clock.monotonic(), clock.trusted())


class _Timex(ctypes.Structure):
    # struct timex of <sys/timex.h>; only `modes` (0: read only) and `status` are used
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("padding", ctypes.c_byte * 512),
    )


class SystemClock:
    """The machine's clocks. ``trusted`` asks the kernel (adjtimex) whether a time service has synchronised it."""

    def __init__(self, boot_id_file: Path = Path("/proc/sys/kernel/random/boot_id")) -> None:
        try:
            self._boot_id = boot_id_file.read_text().strip().replace("-", "")[:16]
        except OSError:  # no procfs: a process start is the best bound on a boot there is
            self._boot_id = uuid.uuid4().hex[:16]
        self._libc = ctypes.CDLL(None, use_errno=True)

    def wall(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()  # noqa: TID251 - the one place

    def monotonic(self) -> float:
        """CLOCK_BOOTTIME, which goes on while the machine sleeps."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def boot_id(self) -> str:
        """First 16 hexadecimal digits of the kernel's boot id."""
        return self._boot_id

    def trusted(self) -> bool:
        """True while a time service is at work: nobody else vouches for this clock."""
        return self.synchronized()

    def synchronized(self) -> bool:
        """True if STA_UNSYNC is clear."""
        timex = _Timex()
        state = self._libc.adjtimex(ctypes.byref(timex))
        return state not in (-1, _TIME_ERROR) and not timex.status & _STA_UNSYNC


@dataclass(frozen=True, slots=True)
class Line:
    """How the monotonic seconds of one boot become wall time: ``wall = offset + monotonic``.

    ``start`` is the boot's first instant on the line, ``machine`` the offset of the machine's own wall clock when it
    was last compared, ``known`` is True once a time service has vouched for the line, ``moves`` counts how often it was
    moved.
    """

    boot_id: str
    offset: float
    start: float
    machine: float
    known: bool = False
    moves: int = 0


@dataclass(frozen=True, slots=True)
class Anchor:
    """A moment at which a line was compared with a wall clock that knows better, and the line that follows from it.

    ``ahead`` is by how many seconds the wall was ahead of the line; ``shift`` how far what is recorded moves: 0 where
    the line was right, or is led to the wall slowly.
    """

    monotonic: float
    wall: float
    ahead: float
    shift: float
    line: Line


def begin(clock: Clock, not_before: float = 0.0) -> Line:
    """The line of a boot that has none yet. ``not_before`` is the last instant that was recorded: a clock that lost
    the time while the box was off cannot be right about being earlier."""
    wall, now = clock.wall(), clock.monotonic()
    start = max(wall, not_before)
    return Line(clock.boot_id(), start - now, start, wall - now)


class LineClock:
    """The clock of the agent: within a boot its wall never steps, it is the monotonic clock with an offset.

    ``compare`` tells when the machine's wall clock has come to know better; ``adopt`` follows, after everything that
    was recorded has been moved. Safe to read from several threads.
    """

    def __init__(self, base: Clock, line: Line, not_before: float = 0.0) -> None:
        self.base = base
        self.line = line
        self._not_before = not_before
        self._lock = threading.Lock()
        self._offset = self._target = line.offset
        self._led_at = base.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch on the line of this boot."""
        with self._lock:
            now = self.base.monotonic()
            most = max(0.0, now - self._led_at) * _SLEW
            self._offset += min(most, max(-most, self._target - self._offset))
            self._led_at = now
            return self._offset + now

    def monotonic(self) -> float:
        """Seconds since boot."""
        return self.base.monotonic()

    def boot_id(self) -> str:
        """This boot."""
        return self.base.boot_id()

    def trusted(self) -> bool:
        """True once a time service has vouched for this boot: the line goes on being right without it."""
        return self.line.known

    def synchronized(self) -> bool:
        """True while a time service is at work."""
        return self.base.synchronized()

    def compare(self) -> Anchor | None:
        """What the wall clock knows better now; ``None`` if nothing. A clock that nobody vouches for (set by hand, or
        read from a battery) moves only a line that nobody vouched for either, and never before the last boot."""
        before, wall, now = self.base.monotonic(), self.base.wall(), self.base.monotonic()
        if now - before > STEP_S / 5:  # stopped in between: the two do not belong together
            return None
        line, trusted = self.line, self.base.synchronized()
        machine = wall - now
        ahead = machine - self._target
        if trusted:
            if line.known and abs(ahead) <= STEP_S:
                return None
            shift = ahead if abs(ahead) > (SLEW_MAX_S if line.known else STEP_S) else 0.0
        else:
            if line.known or abs(machine - line.machine) <= STEP_S:
                return None
            ahead = shift = max(ahead, self._not_before - line.start)
        moved = Line(
            line.boot_id,
            self._target + ahead,
            line.start + shift,
            machine,
            line.known or trusted,
            line.moves + bool(shift),
        )
        return Anchor(now, wall, ahead, shift, moved)

    def adopt(self, anchor: Anchor) -> None:
        """Follows: at once where what is recorded has moved along, else slowly."""
        with self._lock:
            self.line = anchor.line
            self._target = anchor.line.offset
            if anchor.shift:
                self._offset = self._target


class FollowingClock:
    """The agent's line as other processes of the box see it: by the offset that the agent tells (``offset`` and
    ``boot_id`` of its heartbeat); the machine's own wall where it tells none of this boot."""

    def __init__(self, base: Clock, told: Callable[[], Mapping[str, Any] | None]) -> None:
        self._base = base
        self._told = told
        self._asked_at = -1.0
        self._offset: float | None = None
        self.boot_id, self.monotonic = base.boot_id, base.monotonic
        self.trusted, self.synchronized = base.trusted, base.synchronized

    def wall(self) -> float:
        """Seconds since the epoch on the agent's line."""
        now = self._base.monotonic()
        if not 0 <= now - self._asked_at < 1.0:
            self._asked_at, told = now, self._told() or {}
            same = told.get("boot_id") == self._base.boot_id()
            self._offset = float(told["at"]) - float(told["monotonic"]) if same else None
        return self._base.wall() if self._offset is None else self._offset + now


class FakeClock:
    """A clock that moves when told: for tests, replay and simulation."""

    def __init__(self, wall: float = 1_780_000_000.0, *, monotonic: float = 100.0, boot_id: str = "boot-1") -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._boot_id = boot_id
        self.is_trusted = True

    def wall(self) -> float:
        """Seconds since the epoch, UTC."""
        return self._wall

    def monotonic(self) -> float:
        """Seconds since the fake boot."""
        return self._monotonic

    def boot_id(self) -> str:
        """The fake boot's id."""
        return self._boot_id

    def trusted(self) -> bool:
        """What ``is_trusted`` was set to."""
        return self.is_trusted

    def synchronized(self) -> bool:
        """The same."""
        return self.is_trusted

    def advance(self, seconds: float) -> None:
        """Both clocks move on."""
        self._wall += seconds
        self._monotonic += seconds

    def step(self, seconds: float) -> None:
        """Only the wall jumps, as when a time service corrects it."""
        self._wall += seconds

    def reboot(self, *, off_s: float = 0.0) -> None:
        """A new boot: the monotonic clock starts again."""
        self._wall += off_s
        self._monotonic = 1.0
        self._boot_id = f"boot-{int(self._boot_id.rpartition('-')[2]) + 1}"
