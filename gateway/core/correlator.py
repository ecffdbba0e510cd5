"""From explanations to incidents: one per fault, opened when its witnesses have spoken, closed when it stays good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.core.cause import Bad, Explanation, Root, explain, priority, services_hit, witnesses
from gateway.core.device import GATEWAY, Kind, Park
from gateway.core.incident import Cause, Change, ChangeKind, Incident, Priority, Symptom, Transition, apply, incident_id
from gateway.core.parts import sums_up
from gateway.core.verdicts import Key, Verdicts

GRACE_S = 900.0
"""How long a symptom may outlast its root before it is a fault of its own (a server boots, checks its disks)."""

STRAIN_S = 1200.0
"""How long a slow service waits for the verdict on the machine below it, once that seems to be overloaded: the longest
hold of these (core/default_checks.py) and a reading more."""

_LONGEST_STABLE_S = 3600.0

UNSTABLE_RETURNS = 5
"""An incident whose root fails again this often within ``UNSTABLE_S`` before it could be closed is unstable."""
UNSTABLE_S = 600.0
UNSTABLE = "unstable"
"""The note of the gateway on such an incident."""

_NOT_MEASURED = frozenset({Cause.REPORTED, Cause.MAINTENANCE_OVERDUE})
"""No reading began them, so none ends them."""
_END_IN_A_BOOT = frozenset({Cause.POWER_LOST, Cause.DEVICE_UNREACHABLE})
_WAITS = frozenset({Cause.DEVICE_UNREACHABLE, Cause.SERVICE_DOWN, Cause.SERVICE_SLOW})


@dataclass(slots=True)
class Outcome:
    """What a step led to, in the order in which it happened."""

    transitions: list[Transition] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    suspects: set[str] = field(default_factory=set)
    """Devices worth asking at once: their answer decides how a new fault is explained."""

    def __bool__(self) -> bool:
        return bool(self.transitions or self.changes)


@dataclass(frozen=True, slots=True)
class Patience:
    """``settle_s`` bounds the wait for witnesses (parent, UPS, the gateway's own port) before a silent device becomes
    an incident; ``stable_s`` is how long everything must be good before an incident is over; the same cause at the same
    root at most ``reopen_s`` after that is the same incident, opened again."""

    settle_s: float = 150.0
    stable_s: float = 300.0
    reopen_s: float = 1800.0


PATIENCE = Patience()
"""For a site that is asked every minute."""


class Correlator:
    """Keeps the open incidents of one site in step with what is bad."""

    def __init__(self, site: str, park: Park, verdicts: Verdicts, patience: Patience) -> None:
        self.incidents: dict[str, Incident] = {}
        self._site = site
        self._park = park
        self._verdicts = verdicts
        self._patience = patience
        self._waiting = False
        self._looked_at = 0.0
        self._returns: dict[str, list[float]] = {}
        self._closed: dict[tuple[str, str | None], Incident] = {}

    def resume(self, incidents: Iterable[Incident]) -> None:
        """Takes up open incidents, and those that were over so recently that they may open again."""
        for incident in sorted(incidents, key=lambda one: one.restored_at or one.opened_at):
            self._keep(incident)

    def look(self, at: float, outcome: Outcome) -> None:
        """Explains everything bad anew and turns the differences into changes."""
        # waits end and graces run out without any transition: look again from time to time while something is open
        due = bool(self._verdicts.bads) and at - self._looked_at >= self._patience.settle_s
        if not (outcome.transitions or self._waiting or due):
            return
        self._looked_at = at
        self._waiting = False
        self._count_returns(at, outcome)
        matched: dict[Key, str] = {}
        current: set[str] = set()
        bads = [bad for bad in self._verdicts.bads.values() if not self._ended_in_this_boot(bad)]
        for explanation in explain(bads, self._park, self._sticky(at)):
            incident = self._find(explanation.root)
            if incident is None and not self._settled(explanation, at):
                self._waiting = True
                outcome.suspects.update(witnesses(explanation.root, self._park))
                continue
            name = self._open(explanation, at, outcome) if incident is None else incident.id
            if incident is not None:
                self._extend(incident, explanation, at, outcome)
            current.add(name)
            matched.update((bad.key, name) for bad in explanation.members)
        for incident in list(self.incidents.values()):
            if incident.id not in current and incident.cause not in _NOT_MEASURED:
                self._end(incident, matched, at, outcome)

    def apply(self, change: Change, outcome: Outcome) -> None:
        """One change of one incident."""
        self._keep(apply(self.incidents.get(change.incident), change))
        outcome.changes.append(change)

    def _keep(self, incident: Incident) -> None:
        if incident.open:
            self.incidents[incident.id] = incident
            return
        self.incidents.pop(incident.id, None)
        self._returns.pop(incident.id, None)
        if incident.restored_at is not None and not incident.merged_into:
            self._closed[incident.cause, incident.root_device] = incident

    def still_bad(self, incident: Incident) -> bool:
        """True while anything the incident explains is measured to be bad."""
        return any(key in self._verdicts.bads for key in _members(incident))

    def _ended_in_this_boot(self, bad: Bad) -> bool:
        """True for a boot that belongs to the power cut or the silence before it: it is no fault of its own."""
        if bad.cause is not Cause.REBOOTED:
            return False
        return any(
            incident.cause in _END_IN_A_BOOT
            and (incident.restored_at is None or incident.restored_at >= bad.at - GRACE_S)
            and any(key[0] == bad.subject for key in _members(incident))
            for incident in (*self.incidents.values(), *self._closed.values())
        )

    def _sticky(self, at: float) -> dict[Key, Root]:
        """For each symptom of an open incident, the root that explained it, while that is still credible."""
        sticky: dict[Key, Root] = {}
        for incident in self.incidents.values():
            own = _own(incident)
            recovered = [self._verdicts.good_since[key] for key in own if key in self._verdicts.good_since]
            lasts = any(key in self._verdicts.bads for key in own)
            if recovered and not lasts and at - max(recovered) > GRACE_S:
                continue
            for symptom in incident.symptoms:
                key = (symptom.device, symptom.metric, symptom.instance)
                sticky[key] = Root(Cause(incident.cause), incident.root_device)
        return sticky

    def _settled(self, explanation: Explanation, at: float) -> bool:
        """True once everything that could explain this better has been asked since it began."""
        first, root = explanation.first, explanation.root
        if root.cause is Cause.SERVICE_SLOW and at - first.detected_at < STRAIN_S and self._strained(root):
            return False
        if at - first.detected_at >= self._patience.settle_s:
            return True
        if root.cause is Cause.OVERHEATING and root.subject is not None:
            asked = self._verdicts.subjects_with("hw.temperature.excess") - {root.subject}
        elif root.cause is Cause.POWER_LOST:
            upses = {device.id for device in self._park.devices.values() if device.kind is Kind.UPS}
            asked = upses - {root.subject}
        elif root.cause in _WAITS and first.down:
            asked = witnesses(root, self._park) | {GATEWAY}
        else:
            return True
        for device in asked:
            polled = self._verdicts.polled.get(device)
            if polled is not None and (polled < first.at or self._verdicts.suspect(device)):
                return False
        return True

    def _strained(self, root: Root) -> bool:
        """True while a hold runs on the load of a machine that a slow service stands on."""
        return any(self._verdicts.strained(device) for device in {str(root.subject), *witnesses(root, self._park)})

    def _stable_s(self, incident: Incident) -> float:
        """What has failed again is believed later each time to be over: nobody is told so every ten minutes."""
        again = sum(change.kind is ChangeKind.REOPENED for change in incident.story)
        return min(self._patience.stable_s * float(4**again), max(self._patience.stable_s, _LONGEST_STABLE_S))

    def _find(self, root: Root) -> Incident | None:
        for incident in self.incidents.values():
            same = incident.cause == root.cause
            if same and (root.cause is Cause.POWER_LOST or incident.root_device == root.subject):
                return incident  # the mains are one: a UPS that feeds more may become the root of the same incident
        return None

    def _count_returns(self, at: float, outcome: Outcome) -> None:
        """A root that fails again and again before it could be closed stays one incident, told as unstable once."""
        for transition in outcome.transitions:
            if not transition.after.bad or transition.before.bad:
                continue
            for incident in list(self.incidents.values()):
                if _root_key(incident) == transition.key:
                    returns = [past for past in self._returns.get(incident.id, []) if at - past < UNSTABLE_S]
                    self._returns[incident.id] = [*returns, at]
                    told = any(change.text == UNSTABLE for change in incident.story)
                    if len(returns) + 1 >= UNSTABLE_RETURNS and not told:
                        self.apply(Change(incident.id, ChangeKind.NOTE, at, at, text=UNSTABLE), outcome)

    def _open(self, explanation: Explanation, at: float, outcome: Outcome) -> str:
        first, root = explanation.first, explanation.root
        past = self._closed.pop((root.cause, root.subject), None)
        if past is not None and first.at - (past.restored_at or 0.0) <= self._patience.reopen_s:
            self.incidents[past.id] = past
            self.apply(Change(past.id, ChangeKind.REOPENED, first.at, at), outcome)
            self._extend(self.incidents[past.id], explanation, at, outcome)
            return past.id
        services = services_hit(explanation, self._park)
        name = incident_id(self._site, root.cause, root.subject, first.at)
        change = Change(
            name,
            ChangeKind.OPENED,
            first.at,
            at,
            cause=root.cause,
            root_device=root.subject,
            root_metric=first.metric,
            root_instance=first.instance,
            priority=priority(explanation, self._park, services),
            value=first.value,
            symptoms=tuple(_shown(bad) for bad in sorted(explanation.members, key=lambda bad: (bad.at, bad.key))),
            services=services,
        )
        self.apply(change, outcome)
        return name

    def _extend(self, incident: Incident, explanation: Explanation, at: float, outcome: Outcome) -> None:
        services = services_hit(explanation, self._park)
        level = priority(explanation, self._park, services)
        known = {(symptom.device, symptom.metric, symptom.instance) for symptom in incident.symptoms}
        fresh = tuple(_shown(bad) for bad in explanation.members if bad.key not in known)
        added = tuple(service for service in services if service not in incident.services)
        first, root = explanation.first, explanation.root
        moved = root.subject != incident.root_device
        # worse than told so far, or another root; a milder course is told by its end
        if level < incident.priority or moved:
            change = Change(
                incident.id,
                ChangeKind.REVISED,
                at,
                at,
                cause=incident.cause,
                root_device=root.subject,
                root_metric=first.metric if moved else incident.root_metric,
                root_instance=first.instance if moved else incident.root_instance,
                priority=min(level, Priority(incident.priority)),
                value=first.value if first.key == _root_key(incident) else incident.value,
                symptoms=(*incident.symptoms, *fresh),
                services=(*incident.services, *added),
            )
            self.apply(change, outcome)
        elif fresh or added:
            self.apply(Change(incident.id, ChangeKind.SYMPTOM, at, at, symptoms=fresh, services=added), outcome)

    def _end(self, incident: Incident, matched: Mapping[Key, str], at: float, outcome: Outcome) -> None:
        members = _members(incident)
        bad = [key for key in members if key in self._verdicts.bads]
        into = next((matched[key] for key in bad if key in matched), "")
        if into and _root_key(incident) in bad:
            self.apply(Change(incident.id, ChangeKind.MERGED, at, at, into=into), outcome)
            return
        if not self._verdicts.all_known(members) or (bad and not into):
            return  # nothing is known, or the better explanation is still waiting for its witnesses
        good = [self._verdicts.good_since[key] for key in members if key in self._verdicts.good_since]
        restored_at = max(good, default=at)
        if at - restored_at < self._stable_s(incident):
            self._waiting = True
            return
        self.apply(Change(incident.id, ChangeKind.RESTORED, restored_at, at), outcome)


def _shown(bad: Bad) -> Symptom:
    return Symptom(*bad.key, bad.check, bad.value)


def _root_key(incident: Incident) -> Key:
    return (incident.root_device or "", incident.root_metric, incident.root_instance)


def _own(incident: Incident) -> list[Key]:
    """The metrics that show the root itself: not a machine's overall state, which lasts until somebody clears it."""
    root = _root_key(incident)
    told = [key for key in _members(incident) if incident.root_device in (None, key[0])]
    return [key for key in told if key == root or not sums_up(key[1], key[2])]


def _members(incident: Incident) -> list[Key]:
    """Every metric an incident explains, its root first."""
    symptoms = ((symptom.device, symptom.metric, symptom.instance) for symptom in incident.symptoms)
    return list(dict.fromkeys((_root_key(incident), *symptoms)))
