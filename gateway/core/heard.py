"""What devices say unasked: lines of log and traps as facts, and their counts as readings. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.core.device import GATEWAY, Device
from gateway.core.incident import Change, ChangeKind
from gateway.core.inventory import Entry, EntryKind
from gateway.core.reading import Reading

OTHER = "other"
LONGEST = 400
"""Characters of a line that is kept with an incident."""

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


WITNESS_S = 300.0
"""What a device said this long before a fault was found speaks of that fault."""

WITNESSES = 10
"""Lines kept with one incident."""


def witnesses(change: Change, heard: Iterable[Heard]) -> list[Entry]:
    """The lines that witnessed what happened to an incident, to be kept with it: those about the events that were
    counted, and those of its devices that made them be asked. Nothing for a change that explains nothing."""
    counted = {(one.device, one.instance) for one in change.symptoms if one.metric in Tally.METRICS.values()}
    if change.root_metric in Tally.METRICS.values():
        counted.add((change.root_device or "", change.root_instance))
    devices = {one.device for one in change.symptoms} | ({change.root_device} if change.root_device else set())
    if change.kind not in (ChangeKind.OPENED, ChangeKind.SYMPTOM):
        return []
    since = change.detected_at - WITNESS_S
    found = [
        line
        for line in heard
        if ((line.device, line.event) in counted and line.at >= change.detected_at - WINDOW_S)
        or (line.hasten and line.device in devices and since <= line.at <= change.detected_at)
    ]
    return [
        Entry(
            EntryKind.HEARD,
            change.incident,
            line.at,
            body={
                "device": line.device,
                "channel": line.channel,
                "source": line.source,
                "event": line.event,
                "text": line.text[:LONGEST],
                "count": line.count,
            },
        )
        for line in found[-WITNESSES:]
    ]


def _minute(at: float) -> int:
    return int(at // 60)
