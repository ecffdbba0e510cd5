"""What devices say unasked: lines of log and traps as facts, and their counts as readings. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.core.device import GATEWAY, Device
from gateway.core.reading import Reading

OTHER = "other"
WINDOW_S = 900.0
"""Events are counted over this time: longer than the pause between two lines about one lasting fault."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that was said unasked.

    ``channel`` is syslog or trap, ``source`` the address it came from, ``devices`` those of the inventory that have
    this address (none: a stranger). ``event`` is the kind of event ("" for a line that tells of none), ``hasten``
    whether the devices should be asked at once. ``count`` above 1 stands for that many that were not kept.
    """

    at: float
    channel: str
    source: str
    text: str
    devices: tuple[str, ...] = ()
    event: str = ""
    hasten: bool = False
    count: int = 1
    part: str = ""
    """What of the device the event is about, such as a port; "" for all of it."""

    @property
    def device(self) -> str:
        """The device that said it; "" for a stranger, and where one address stands for several devices."""
        return self.devices[0] if len(self.devices) == 1 else ""


Senders = Mapping[str, tuple[str, ...]]
"""Ids of the devices by address."""


def senders(devices: Iterable[Device]) -> dict[str, tuple[str, ...]]:
    """Who speaks from which address. The box itself is not listened to: its log must not make it believe itself cut
    off."""
    found: dict[str, tuple[str, ...]] = {}
    for device in devices:
        if device.address and device.id != GATEWAY:
            found[device.address] = (*found.get(device.address, ()), device.id)
    return found


def storms(channel: str, dropped: Mapping[object, int], known: Senders, at: float) -> list[Heard]:
    """One line for each source of which something was not kept."""
    return [
        Heard(at, channel, str(source), f"{count} more were not kept", known.get(str(source), ()), "storm", count=count)
        for source, count in dropped.items()
    ]


class Tally:
    """Events of the last ``WINDOW_S`` by device and kind. A kind that a device has told once goes on being told, down
    to 0, so that a fault can end.

    Where lines name the part they speak of (a port), the loudest part counts: twenty machines switched on in the
    morning are no port that flaps. At most ``kinds`` kinds per device have a series of their own, and as many parts a
    count of their own; the rest is ``other``.
    """

    METRICS: Mapping[str, str] = {"syslog": "log.events", "trap": "trap.events"}

    def __init__(self, kinds: int = 32) -> None:
        self._kinds = kinds
        self._counts: dict[str, dict[tuple[str, str], dict[str, Counter[int]]]] = {}

    def add(self, heard: Heard) -> None:
        """Counts what one known device said, if it tells of an event."""
        if not (heard.device and heard.event and heard.channel in self.METRICS):
            return
        kinds = self._counts.setdefault(heard.device, {})
        key = (heard.channel, heard.event)
        parts = kinds.setdefault(key if key in kinds or len(kinds) < self._kinds else (heard.channel, OTHER), {})
        part = heard.part if heard.part in parts or len(parts) < self._kinds else OTHER
        minutes = parts.setdefault(part, Counter())
        minutes[_minute(heard.at)] += heard.count
        for old in [minute for minute in minutes if minute <= _minute(heard.at - WINDOW_S)]:
            del minutes[old]

    def readings(self, device: str, at: float) -> Iterator[Reading]:
        """The counts of one device at ``at``."""
        since = _minute(at - WINDOW_S)
        for (channel, event), parts in sorted(self._counts.get(device, {}).items()):
            counts = {
                part: sum(count for minute, count in minutes.items() if minute > since)
                for part, minutes in parts.items()
            }
            loudest = max(sorted(counts), key=lambda part: counts[part])
            yield Reading(device, self.METRICS[channel], float(counts[loudest]), at, event, loudest, source=channel)


def _minute(at: float) -> int:
    return int(at // 60)
