"""Time as an argument: what the wall says, what has passed, which boot this is, and whether the wall can be trusted."""

from __future__ import annotations

import ctypes
import time
import uuid
from pathlib import Path
from typing import Protocol

from gateway.core.incident import Stamp

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5


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
        """True if the wall clock is synchronised."""
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
        """True if STA_UNSYNC is clear."""
        timex = _Timex()
        state = self._libc.adjtimex(ctypes.byref(timex))
        return state not in (-1, _TIME_ERROR) and not timex.status & _STA_UNSYNC


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
