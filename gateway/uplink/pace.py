"""How much may be on its way, and what history may take of a line that people need too. Pure but for the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.clock import Clock

BULK_LANE = 2
"""From this lane on a message is bulk: summaries, figures, what is told afterwards."""
_LEAST = 1 / 16
"""Never less than so much of a window, so that a very slow line is used at all."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How much may be on its way, and when it is sent again. Windows are bytes by lane: live facts have more room than
    history, which must leave the line free: 16 KiB are two seconds of 64 kbit/s (`tests/chaos/test_drain.py`)."""

    windows: Mapping[int, int] = field(default_factory=lambda: {0: 65_536, 1: 65_536, 2: 16_384, 3: 16_384})
    take: int = 64
    resend_min_s: float = 30.0
    resend_rtts: float = 4.0
    resend_max_s: float = 900.0
    """Ceiling of the doubling: while headquarters is down the same window must not eat the day's bytes."""
    silent_s: float = 60.0
    """A broker that gives no sign of life for so long while it owes a PUBACK is taken for a half-open link."""
    dead_s: float = 480.0
    """The same while it owes nothing; must be above the keepalive."""
    bulk_per_s: float = 4_000.0
    """Bytes of bulk a second in the long run: half of a line of 64 kbit/s. 0: as fast as the windows allow."""
    bulk_burst: int = 16_384
    """Bytes of bulk that may go at once after a rest."""
    bulk_delay_s: float = 2.0
    """Bulk that is acknowledged so much later than the quickest message makes the line slow: its window is halved."""
    merge_after_s: float = 3600.0
    """What waits for longer is history: messages of a lane go together."""
    merge_bytes: int = 4_096
    second_bytes: int = 32_768
    """So much waiting bulk is worth a connection of its own (a handshake is 5 kB)."""
    states_bytes: int = 4_096
    """Retained messages that may be on their way."""


class Bulk:
    """What bulk may take: a token bucket (bytes a second, so that the line stays usable for people), and a share of
    its windows that shrinks while acknowledgements come late and grows again while they come early."""

    def __init__(self, pace: Pace, clock: Clock) -> None:
        self._pace = pace
        self._clock = clock
        self._burst = float(pace.bulk_burst)
        self._tokens = self._burst
        self._filled_at = clock.monotonic()
        self._quickest: float | None = None
        self._shrunk_at = float("-inf")
        self.share = 1.0

    def anew(self) -> None:
        """A new connection may be another line."""
        self._quickest, self.share = None, 1.0

    def allows(self) -> bool:
        """True if another message may go now; the last one may overdraw the bucket, so that large ones get through."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._pace.bulk_per_s)
        self._filled_at = now
        return self._pace.bulk_per_s == 0 or self._tokens > 0

    def window(self, lane: int) -> float:
        """Bytes of a lane that may be on their way now."""
        return self._pace.windows.get(lane, 32_768) * (self.share if lane >= BULK_LANE else 1.0)

    def sent(self, size: int) -> None:
        """So many bytes of bulk went."""
        self._tokens -= size

    def answered(self, took_s: float, *, bulk: bool) -> None:
        """A message was acknowledged after so many seconds."""
        self._quickest = took_s if self._quickest is None else min(self._quickest, took_s)
        if not bulk:
            return
        now, late = self._clock.monotonic(), took_s - self._quickest
        if late <= self._pace.bulk_delay_s:
            self.share = min(1.0, self.share + 1 / 16)
        elif now - self._shrunk_at > took_s:  # once a round trip: what is on its way already cannot be called back
            self.share, self._shrunk_at = max(_LEAST, self.share / 2), now
