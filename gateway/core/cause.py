"""Why: power first, then the way through the network, then what a service stands on. One fault, many symptoms.

``explain`` is a pure function of everything that is bad at one instant. It is computed anew on every change, so a
later, better explanation replaces an earlier one; ``watch`` turns the differences into changes of incidents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.core.device import Criticality, Kind, Park
from gateway.core.incident import Cause, Priority, Verdict
from gateway.core.parts import HARDWARE, OF_PARTS, sums_up

SIMULTANEOUS_S = 90.0
"""A device that falls silent this close to the mains failing fell with it, whatever supply the inventory states."""

_ADVISORY = frozenset({Cause.ANOMALY, Cause.SUPPLY_EMPTY})
_STOPS_SOON = frozenset({Cause.DISK_FULL, Cause.MEMORY_EXHAUSTED})
_PRESENCE = frozenset({"reach.up", "collect.up"})
_ROOM_S = 2 * 3600.0
"""Machines that grow hot within this time of one another stand in one room that does."""
_BY_CABLE = frozenset({Kind.CAMERA, Kind.ACCESS_POINT, Kind.SENSOR})
"""Often fed by the switch: several of them at once say nothing of the mains."""
_OF_SERVICES = frozenset({Cause.SERVICE_DOWN, Cause.SERVICE_SLOW, Cause.DEVICE_UNREACHABLE})
_STOPS_SERVICES = frozenset(
    {
        Cause.POWER_LOST,
        Cause.DEVICE_UNREACHABLE,
        Cause.LINK_DOWN,
        Cause.UPLINK_LOST,
        Cause.DISK_FULL,
        Cause.DISK_FAILING,
        Cause.RAID_DEGRADED,
        Cause.MEMORY_EXHAUSTED,
        Cause.CPU_SATURATED,
        Cause.OVERHEATING,
        Cause.REBOOTED,
    }
)
_SLOWS_SERVICES = _STOPS_SERVICES | {Cause.PORT_ERRORS}
_OF_STORAGE = Cause.SERVICE_SLOW
"""What a slow machine that stores things has; it explains slow and failing services on it as a full one does."""
_BEFORE_S = 900.0
"""A service that failed longer than this before the machine below it did was not stopped by it."""
_POWER_METRICS = ("ups.", "battery.", "input.", "output.")


@dataclass(frozen=True, slots=True)
class Bad:
    """One metric that is bad now: verdict, first bad reading, deciding reading, and what its check suspects."""

    subject: str
    metric: str
    instance: str
    verdict: Verdict
    at: float
    detected_at: float
    cause: Cause
    value: float | str | None = None
    check: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """(subject, metric, instance)."""
        return (self.subject, self.metric, self.instance)

    @property
    def down(self) -> bool:
        """True if the device or service as a whole does not answer."""
        return self.metric == "reach.up" and self.verdict is Verdict.CRITICAL


@dataclass(frozen=True, slots=True)
class Root:
    """What an explanation blames: a cause and the device or service it lies in (None: no one device)."""

    cause: Cause
    subject: str | None


_MAINS = Root(Cause.POWER_LOST, None)
_ROOM = Root(Cause.OVERHEATING, None)


@dataclass(slots=True)
class Explanation:
    """One fault and everything bad that it explains. ``first`` is the member that shows the root itself."""

    root: Root
    members: list[Bad] = field(default_factory=list)

    @property
    def first(self) -> Bad:
        """The bad metric of the root, else the earliest symptom."""
        fails = self.root.cause is Cause.SERVICE_DOWN
        own = [
            bad
            for bad in self.members
            if bad.subject == self.root.subject and (bad.cause is self.root.cause or (fails and bad.down))
        ]
        return min(own or self.members, key=lambda bad: bad.at)

    @property
    def subjects(self) -> set[str]:
        """Devices and services that have a bad metric explained here."""
        return {bad.subject for bad in self.members}


def explain(
    bads: Sequence[Bad], park: Park, sticky: Mapping[tuple[str, str, str], Root] | None = None
) -> list[Explanation]:
    """Everything bad, grouped by fault.

    ``sticky`` names, for a symptom of an incident whose root may have recovered already, the root it was explained by:
    a machine that still boots after the mains came back belongs to the power cut.
    """
    return _Reasoning(bads, park, sticky or {}).explanations()


class _Reasoning:
    def __init__(self, bads: Sequence[Bad], park: Park, sticky: Mapping[tuple[str, str, str], Root]) -> None:
        self.bads = bads
        self.park = park
        self.sticky = sticky
        self.silent = {bad.subject: bad for bad in bads if bad.down and bad.subject in park.devices}
        self.in_hot_room = self._in_hot_room()
        self.on_battery = {bad.subject: bad for bad in bads if bad.cause is Cause.POWER_LOST}
        self.fell = {} if self.on_battery else self._fell_together()
        self.mains_lost_at = min((bad.at for bad in (self.on_battery or self.fell).values()), default=0.0)
        self.found: dict[Root, Explanation] = {}

    def explanations(self) -> list[Explanation]:
        services, marked, sums, slow = [], [], [], []
        for bad in self.bads:
            if bad.cause is Cause.ANOMALY:
                marked.append(bad)
            elif bad.cause in OF_PARTS and sums_up(bad.metric, bad.instance) and bad.subject not in self.silent:
                sums.append(bad)
            elif bad.subject in self.park.services:
                services.append(bad)
            elif bad.cause is Cause.SERVICE_SLOW and bad.subject not in self.silent:
                slow.append(bad)
            else:
                self._add(self._root_of(bad), bad)
        self._join_lost_disks()
        for bad in sums:  # once every part is explained
            self._add(self._root_of_sum(bad), bad)
        for bad in slow:  # once it is known what else is wrong with that machine
            self._add(self._root_of_slowness(bad), bad)
        for bad in services:  # once every device is explained
            self._add(self._root_of_service(bad), bad)
        explained = {subject for explanation in self.found.values() for subject in explanation.subjects}
        for bad in marked:  # the model speaks where no rule does
            if bad.subject not in explained:
                self._add(Root(bad.cause, bad.subject), bad)
        return list(self.found.values())

    def _add(self, root: Root, bad: Bad) -> None:
        self.found.setdefault(root, Explanation(root)).members.append(bad)

    def _root_of(self, bad: Bad) -> Root:
        before = self.sticky.get(bad.key)
        if before and bad.subject in self.silent and bad.metric not in _PRESENCE and before.subject == bad.subject:
            return before  # what was known before the silence does not end with it
        if self._is_power(bad):
            return self._mains()
        if bad.subject in self.silent:
            # what is behind a switch that still boots after the mains came back belongs to the power cut with it
            top = self._topmost_silent(bad.subject)
            explained = self.sticky.get(self.silent[top].key)
            if explained and explained.cause is Cause.POWER_LOST:
                return self._mains()
            return explained or Root(Cause.DEVICE_UNREACHABLE, top)
        if bad.cause is Cause.UPLINK_LOST:
            return self._lost_uplink()
        if bad.cause is Cause.OVERHEATING and (bad.subject in self.in_hot_room or _ROOM in self.sticky.values()):
            return _ROOM  # many machines at once, or the last of them
        return self.sticky.get(bad.key) or Root(bad.cause, bad.subject)

    def _join_lost_disks(self) -> None:
        """A disk that is lost and the array that misses it are one fault."""
        for array in [root for root in self.found if root.cause is Cause.RAID_DEGRADED]:
            disks = self.found.get(Root(Cause.DISK_FAILING, array.subject))
            if disks and any(bad.verdict is Verdict.CRITICAL and isinstance(bad.value, str) for bad in disks.members):
                self.found[array].members.extend(self.found.pop(disks.root).members)

    def _root_of_sum(self, bad: Bad) -> Root:
        """The failed part that a machine's overall state repeats; the machine itself where no part says anything."""
        parts = [
            explanation
            for explanation in self.found.values()
            if any(member.subject == bad.subject and member.cause in HARDWARE for member in explanation.members)
        ]
        if parts:
            return min(parts, key=lambda explanation: explanation.first.at).root
        return self.sticky.get(bad.key) or Root(bad.cause, bad.subject)

    def _root_of_slowness(self, bad: Bad) -> Root:
        """What makes a machine that stores things answer slowly: its own fault, else it is the fault."""
        behind = [
            explanation
            for explanation in self.found.values()
            if explanation.root.cause in _SLOWS_SERVICES and bad.subject in explanation.subjects
        ]
        if behind:
            return min(behind, key=lambda explanation: explanation.first.at).root
        return self.sticky.get(bad.key) or Root(bad.cause, bad.subject)

    def _lost_uplink(self) -> Root:
        """Headquarters is out of reach: the silent router explains it, else the line behind the router that answers."""
        routers = sorted(d.id for d in self.park.devices.values() if d.kind in (Kind.ROUTER, Kind.FIREWALL))
        for router in routers:
            if router in self.silent:
                return self._root_of(self.silent[router])
        return Root(Cause.UPLINK_LOST, routers[0] if len(routers) == 1 else None)

    def _mains(self) -> Root:
        """One mains failure is one incident: its root is the UPS on battery, or out of sight, that feeds most."""
        out_of_sight = [
            name for name in self.silent if self.park.devices[name].kind is Kind.UPS and self._dark(name, set())
        ]
        named = {root.subject for root in self.sticky.values() if root.cause is Cause.POWER_LOST} - {None}
        supplies = {*self.on_battery, *out_of_sight, *(str(name) for name in named)} & set(self.park.devices)
        return Root(Cause.POWER_LOST, mains_root(supplies, self.park) if supplies else None)

    def _in_hot_room(self) -> set[str]:
        """Machines that grew hot at about the same time as another."""
        began: dict[str, float] = {}
        for bad in self.bads:
            if bad.cause is Cause.OVERHEATING:
                began[bad.subject] = min(bad.at, began.get(bad.subject, bad.at))
        return {
            hot
            for hot, at in began.items()
            if any(abs(at - other_at) <= _ROOM_S for other, other_at in began.items() if other != hot)
        }

    def _fell_together(self) -> dict[str, Bad]:
        """Devices on the mains that fell silent at one moment, none behind another: no UPS says so, but their
        electricity is gone."""
        tops = {
            name: bad
            for name, bad in self.silent.items()
            if self.park.devices[name].power is None
            and self.park.devices[name].kind is not Kind.UPS
            and not any(parent in self.silent for parent in self.park.path(name))
            and self.sticky.get(bad.key, _MAINS).cause is Cause.POWER_LOST  # no other incident explains it
        }
        for first in sorted(tops.values(), key=lambda bad: bad.at):
            together = {name: bad for name, bad in tops.items() if 0 <= bad.at - first.at <= SIMULTANEOUS_S}
            if len(together) > 1 and any(self.park.devices[name].kind not in _BY_CABLE for name in together):
                return together
        return {}

    def _is_power(self, bad: Bad) -> bool:
        if not self.on_battery:
            return bool(self.fell) and bad.subject in self.silent and self._dark(bad.subject, set())
        if bad.subject in self.on_battery:
            return bad.metric.startswith(_POWER_METRICS) or bad.subject in self.silent
        if bad.cause is Cause.PSU_FAILED and bad.subject not in self.silent:  # one of two hangs on the bare mains
            return abs(bad.at - self.mains_lost_at) <= SIMULTANEOUS_S
        return bad.subject in self.silent and self._dark(bad.subject, set())

    def _dark(self, device: str, seen: set[str]) -> bool:
        """True if the mains failure explains that this device is silent."""
        silence = self.silent.get(device)
        if silence is None or device in seen or silence.at < self.mains_lost_at - SIMULTANEOUS_S:
            return False
        seen.add(device)
        supply = self.park.devices[device].power
        if supply is None or supply not in self.park.devices or silence.at <= self.mains_lost_at + SIMULTANEOUS_S:
            return True
        if supply in self.on_battery and (supply in self.silent or self._empty(supply)):
            return True
        if supply in self.silent and self._dark(supply, seen):
            return True
        return any(self._dark(parent, seen) for parent in self.park.path(device))

    def _empty(self, ups: str) -> bool:
        value = self.on_battery[ups].value
        return isinstance(value, str) and bool({"LB", "FSD", "OFF"} & set(value.split()))

    def _topmost_silent(self, device: str) -> str:
        top = device
        for parent in self.park.path(device):
            if parent in self.silent:
                top = parent
        return top

    def _root_of_service(self, bad: Bad) -> Root:
        if bad.cause is Cause.SERVICE_SLOW:  # what was slow before it fell silent is no fault of its own
            bad = next((one for one in self.bads if one.subject == bad.subject and one.down), bad)
        below = self._stands_on(bad.subject)
        candidates = [
            explanation
            for explanation in self.found.values()
            if self._may_explain(explanation, bad) and {*explanation.subjects, explanation.root.subject} & below
        ]
        if candidates:
            best = min(candidates, key=lambda one: (one.root.cause is not Cause.POWER_LOST, one.first.at))
            return best.root
        if bad.key in self.sticky:
            return self.sticky[bad.key]
        cause = Cause.SERVICE_DOWN if bad.metric == "reach.up" else bad.cause
        return Root(cause, bad.subject)

    def _may_explain(self, explanation: Explanation, bad: Bad) -> bool:
        """True for a fault that stops or slows what runs on the machine, and did not begin long after the symptom."""
        if all(one.metric.startswith("forecast.") for one in explanation.members):
            return False
        causes = _STOPS_SERVICES if bad.metric == "reach.up" else _SLOWS_SERVICES
        if bad.cause not in _OF_SERVICES:
            return False
        root = explanation.root
        slow_storage = root.cause is _OF_STORAGE and root.subject in self.park.devices
        return (root.cause in causes or slow_storage) and explanation.first.at <= bad.at + _BEFORE_S

    def _stands_on(self, service: str) -> set[str]:
        """Devices and services this service needs, directly or not."""
        found: set[str] = set()
        waiting = list(self.park.services[service].depends_on)
        while waiting:
            subject = waiting.pop()
            if subject not in found and subject != service:
                found.add(subject)
                if subject in self.park.services:
                    waiting.extend(self.park.services[subject].depends_on)
        return found


def mains_root(on_battery: Iterable[str], park: Park) -> str:
    """Of several UPSs on battery the one that most services, then most devices, hang on."""

    def impact(ups: str) -> tuple[int, int, str]:
        fed = [device.id for device in park.devices.values() if device.power == ups]
        return (len({service for device in fed for service in park.services_on(device)}), len(fed), ups)

    return max(sorted(on_battery), key=impact)


def services_hit(explanation: Explanation, park: Park) -> tuple[str, ...]:
    """Services that stand still: those seen bad, and those on a silent device."""
    hit = [bad.subject for bad in explanation.members if bad.subject in park.services]
    for bad in explanation.members:
        if bad.down and bad.subject in park.devices:
            hit.extend(park.services_on(bad.subject))
    return tuple(sorted(set(hit)))


def priority(explanation: Explanation, park: Park, services: Iterable[str]) -> Priority:
    """P1 to P4 from impact (the highest criticality touched) and urgency: what stands still already, and what will
    stand still within hours (a volume or memory nearly full) before what only got worse."""
    cause = explanation.root.cause
    if cause in _ADVISORY:
        return Priority.P4
    if all(bad.metric.startswith("forecast.") for bad in explanation.members):  # there is time to act in
        return Priority.P3 if _highest(park, explanation.subjects) is Criticality.CRITICAL else Priority.P4
    down = {bad.subject for bad in explanation.members if bad.down}
    the_room = cause is Cause.OVERHEATING and explanation.root.subject is None
    severe = the_room or any(bad.verdict is Verdict.CRITICAL for bad in explanation.members)
    if down or (severe and cause in _STOPS_SOON):
        threatened = [name for subject in explanation.subjects for name in park.services_on(subject)]
        highest = _highest(park, [*(down or explanation.subjects), *services, *([] if down else threatened)])
        return {Criticality.CRITICAL: Priority.P1, Criticality.IMPORTANT: Priority.P2}.get(highest, Priority.P3)
    highest = _highest(park, [*explanation.subjects, *services])
    return Priority.P2 if severe and highest is Criticality.CRITICAL else Priority.P3


def _highest(park: Park, subjects: Iterable[str]) -> Criticality:
    return min((park.criticality(subject) for subject in subjects), key=lambda level: level.rank)


def witnesses(root: Root, park: Park) -> set[str]:
    """Devices whose latest poll must be known before this root is believed: each could explain it better."""
    subject = root.subject
    if subject in park.services:
        asked = set(park.services[subject].depends_on) & set(park.devices)
        asked |= {parent for device in asked for parent in park.path(device)}
    elif subject in park.devices:
        asked = set(park.path(subject))
    else:
        return set()
    fed = {subject, *asked} & set(park.devices)
    supplies = {park.devices[device].power for device in fed}
    asked |= {supply for supply in supplies if supply in park.devices}
    if None in supplies:
        asked |= {device.id for device in park.devices.values() if device.kind is Kind.UPS}
    return asked - {subject}
