"""The heart: polls in, transitions and incident changes out. One state machine for the live agent and for replay.

It has no clock, no I/O and no randomness: the same polls in the same order give the same record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.core.cause import Bad, Explanation, Root, explain, priority, services_hit, witnesses
from gateway.core.check import Check, CheckState, judge
from gateway.core.default_checks import DEFAULT_CHECKS
from gateway.core.device import GATEWAY, Kind, Park
from gateway.core.incident import (
    Cause,
    Change,
    ChangeKind,
    Incident,
    Symptom,
    Transition,
    Verdict,
    apply,
    incident_id,
)
from gateway.core.reading import Reading

Key = tuple[str, str, str]

GRACE_S = 900.0
"""How long a symptom may outlast its root before it is a fault of its own (a server boots, checks its disks)."""

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


class Watch:
    """Judges readings and keeps the incidents of one site.

    ``verdicts`` and ``incidents`` are what the ledger holds from before a restart. ``settle_s`` bounds the wait for
    witnesses (parent, UPS, the gateway's own port) before a silent device becomes an incident of its own.
    """

    def __init__(
        self, site: str, park: Park, *, settle_s: float = 150.0, checks: Sequence[Check] = DEFAULT_CHECKS
    ) -> None:
        self.site = site
        self.park = park
        self.settle_s = settle_s
        self.incidents: dict[str, Incident] = {}
        self.blind = False
        self._checks: dict[tuple[Kind | None, str], tuple[Check, ...]] = {}
        self._all_checks = checks
        self._states: dict[Key, CheckState] = {}
        self._bads: dict[Key, Bad] = {}
        self._good_since: dict[Key, float] = {}
        self._polled: dict[str, float] = {}
        self._maintenance: set[str] = set()
        self._waiting = False
        self._looked_at = 0.0

    def resume(self, verdicts: Iterable[Transition], incidents: Iterable[Incident]) -> None:
        """Takes up what the ledger holds: the last transition of every metric, and the incidents still open."""
        for last in verdicts:
            self._states[last.key] = CheckState(last.after, last.at)
            self._remember(last)
            if last.after is Verdict.MAINTENANCE:
                self._maintenance.add(last.subject)
        self.incidents = {incident.id: incident for incident in incidents if incident.open}

    def verdict(self, subject: str) -> Verdict:
        """The verdict to show for a device or service: the worst of its metrics."""
        verdicts = [state.verdict for key, state in self._states.items() if key[0] == subject]
        return max(verdicts, key=lambda verdict: verdict.rank, default=Verdict.UNKNOWN)

    def since(self, subject: str) -> float:
        """The instant since when that verdict holds."""
        shown = self.verdict(subject)
        return max(
            (s.since for key, s in self._states.items() if key[0] == subject and s.verdict is shown), default=0.0
        )

    def see(self, subject: str, readings: Iterable[Reading], at: float) -> Outcome:
        """The readings of one round of polls of one device or service (see ``round_readings``)."""
        outcome = Outcome()
        own = subject == GATEWAY
        if self.blind and not own:
            return outcome
        for reading in readings:
            self._judge(reading, outcome)
            at = max(at, reading.at)  # a collector stamps its readings later than the round began
        self._polled[subject] = at
        if own:
            self._notice_own_port(at, outcome)
        self._reconcile(at, outcome)
        return outcome

    def gateway_off(self, since: float, at: float) -> Outcome:
        """The box did not watch from ``since`` to ``at``: nothing is known of that time."""
        outcome = Outcome()
        self._forget(since, at, outcome, spare=frozenset())
        return outcome

    def maintenance(self, subject: str, at: float, *, begins: bool) -> Outcome:
        """Planned work on a device or service begins or ends."""
        outcome = Outcome()
        if begins:
            self._maintenance.add(subject)
        else:
            self._maintenance.discard(subject)
        after = Verdict.MAINTENANCE if begins else Verdict.UNKNOWN
        for key, state in list(self._states.items()):
            if key[0] == subject and state.verdict is not after:
                self._set(key, after, at, at, outcome)
        self._reconcile(at, outcome)
        return outcome

    def person(self, change: Change) -> Outcome:
        """A person (or the panel) did something about an incident that is open; unknown ids change nothing."""
        outcome = Outcome()
        incident = self.incidents.get(change.incident)
        if incident is not None:
            self._change(change, outcome)
        return outcome

    def report(self, subject: str | None, text: str, who: str, at: float) -> Outcome:
        """A person says in plain words that something is wrong: an incident like any other."""
        outcome = Outcome()
        change = Change(
            incident_id(self.site, Cause.REPORTED, subject, at),
            ChangeKind.OPENED,
            at,
            at,
            who,
            text,
            Cause.REPORTED,
            subject,
            priority="P2" if subject and self.park.criticality(subject).rank == 0 else "P3",
            services=(subject,) if subject in self.park.services else (),
        )
        self._change(change, outcome)
        return outcome

    # judging

    def _judge(self, reading: Reading, outcome: Outcome) -> None:
        if reading.device in self._maintenance:
            return
        for check in self._checks_for(reading):
            state = self._states.get(reading.series, CheckState())
            new, transition = judge(check, state, reading)
            self._states[reading.series] = new
            if transition:
                self._remember(transition)
                outcome.transitions.append(transition)
            if new.suspect and reading.metric == "reach.up":
                outcome.suspects.update(witnesses(Root(Cause.DEVICE_UNREACHABLE, reading.device), self.park))
                outcome.suspects.add(reading.device)
            return  # the first check that applies judges a series

    def _checks_for(self, reading: Reading) -> tuple[Check, ...]:
        device = self.park.devices.get(reading.device)
        kind = device.kind if device else None
        known = self._checks.get((kind, reading.metric))
        if known is None:
            known = tuple(
                check
                for check in self._all_checks
                if check.metric == reading.metric and (not check.kinds or kind in check.kinds)
            )
            self._checks[(kind, reading.metric)] = known
        return tuple(check for check in known if check.instance == "*" or check.applies(kind or Kind.OTHER, reading))

    def _remember(self, transition: Transition) -> None:
        key = transition.key
        if transition.after.bad:
            cause = Cause(transition.cause) if transition.cause else Cause.ANOMALY
            self._good_since.pop(key, None)
            self._bads[key] = Bad(
                *key, transition.after, transition.at, transition.detected_at, cause, transition.value
            )
        else:
            self._bads.pop(key, None)
            if transition.after is Verdict.OK:
                self._good_since[key] = transition.at
            else:
                self._good_since.pop(key, None)

    def _set(self, key: Key, after: Verdict, at: float, detected_at: float, outcome: Outcome) -> None:
        transition = Transition(*key, self._states[key].verdict, after, at, detected_at)
        self._states[key] = CheckState(after, at)
        self._remember(transition)
        outcome.transitions.append(transition)

    def _notice_own_port(self, at: float, outcome: Outcome) -> None:
        own = [bad for bad in self._bads.values() if bad.subject == GATEWAY and bad.cause is Cause.LINK_DOWN]
        if own and not self.blind:
            self.blind = True
            self._forget(min(bad.at for bad in own), at, outcome, spare=frozenset({GATEWAY}))
        elif not own:
            self.blind = False

    def _forget(self, since: float, at: float, outcome: Outcome, *, spare: frozenset[str]) -> None:
        for key, state in list(self._states.items()):
            if key[0] not in spare and state.verdict not in (Verdict.UNKNOWN, Verdict.MAINTENANCE):
                self._set(key, Verdict.UNKNOWN, since, at, outcome)

    # explaining

    def _reconcile(self, at: float, outcome: Outcome) -> None:
        # waits end and graces run out without any transition: look again from time to time while something is bad
        due = bool(self._bads) and at - self._looked_at >= self.settle_s
        if not (outcome.transitions or self._waiting or due):
            return
        self._looked_at = at
        explanations = explain(list(self._bads.values()), self.park, self._sticky(at))
        self._waiting = False
        matched: dict[Key, str] = {}
        current: set[str] = set()
        for explanation in explanations:
            incident = self._find(explanation.root)
            if incident is None and not self._settled(explanation, at):
                self._waiting = True
                outcome.suspects.update(witnesses(explanation.root, self.park))
                continue
            name = self._open(explanation, at, outcome) if incident is None else incident.id
            if incident is not None:
                self._extend(incident, explanation, at, outcome)
            current.add(name)
            matched.update((bad.key, name) for bad in explanation.members)
        for incident in list(self.incidents.values()):
            if incident.id not in current and incident.cause != Cause.REPORTED:
                self._end(incident, matched, at, outcome)

    def _sticky(self, at: float) -> dict[Key, Root]:
        """For each symptom of an open incident, the root that explained it, while that is still credible."""
        sticky: dict[Key, Root] = {}
        for incident in self.incidents.values():
            root_key = (incident.root_device or "", incident.root_metric, incident.root_instance)
            recovered_at = self._good_since.get(root_key)
            if recovered_at is not None and at - recovered_at > GRACE_S:
                continue
            for symptom in incident.symptoms:
                key = (symptom.device, symptom.metric, symptom.instance)
                sticky[key] = Root(Cause(incident.cause), incident.root_device)
        return sticky

    def _settled(self, explanation: Explanation, at: float) -> bool:
        """True once everything that could explain this better has been asked since it began."""
        first = explanation.first
        if explanation.root.cause not in _WAITS or not first.down or at - first.detected_at >= self.settle_s:
            return True
        began = first.at
        asked = witnesses(explanation.root, self.park) | {GATEWAY}
        for device in asked:
            polled = self._polled.get(device)
            if polled is not None and (polled < began or self._suspect(device)):
                return False
        return True

    def _suspect(self, device: str) -> bool:
        metrics = ("reach.up", "ups.status", "hw.network.up")
        return any(state.suspect for key, state in self._states.items() if key[0] == device and key[1] in metrics)

    def _find(self, root: Root) -> Incident | None:
        for incident in self.incidents.values():
            if incident.cause == root.cause and incident.root_device == root.subject:
                return incident
        return None

    # incidents

    def _open(self, explanation: Explanation, at: float, outcome: Outcome) -> str:
        first = explanation.first
        name = incident_id(self.site, explanation.root.cause, explanation.root.subject, first.at)
        self._change(self._explained(name, ChangeKind.OPENED, explanation, (first.at, at)), outcome)
        return name

    def _explained(self, name: str, kind: ChangeKind, explanation: Explanation, when: tuple[float, float]) -> Change:
        first = explanation.first
        services = services_hit(explanation, self.park)
        return Change(
            name,
            kind,
            *when,
            cause=explanation.root.cause,
            root_device=explanation.root.subject,
            root_metric=first.metric,
            root_instance=first.instance,
            priority=priority(explanation, self.park, services),
            value=first.value,
            symptoms=tuple(Symptom(*bad.key) for bad in sorted(explanation.members, key=lambda bad: (bad.at, bad.key))),
            services=services,
        )

    def _extend(self, incident: Incident, explanation: Explanation, at: float, outcome: Outcome) -> None:
        services = services_hit(explanation, self.park)
        level = priority(explanation, self.park, services)
        known = {(symptom.device, symptom.metric, symptom.instance) for symptom in incident.symptoms}
        fresh = tuple(Symptom(*bad.key) for bad in explanation.members if bad.key not in known)
        added = tuple(service for service in services if service not in incident.services)
        if level < incident.priority:  # worse than told so far; a milder course is told by its end
            symptoms = (*incident.symptoms, *fresh)
            first = explanation.first
            self._change(
                Change(
                    incident.id,
                    ChangeKind.REVISED,
                    at,
                    at,
                    cause=incident.cause,
                    root_device=incident.root_device,
                    root_metric=incident.root_metric,
                    root_instance=incident.root_instance,
                    priority=level,
                    value=first.value if first.key == self._root_key(incident) else incident.value,
                    symptoms=symptoms,
                    services=(*incident.services, *added),
                ),
                outcome,
            )
        elif fresh or added:
            self._change(Change(incident.id, ChangeKind.SYMPTOM, at, at, symptoms=fresh, services=added), outcome)

    @staticmethod
    def _root_key(incident: Incident) -> Key:
        return (incident.root_device or "", incident.root_metric, incident.root_instance)

    def _end(self, incident: Incident, matched: Mapping[Key, str], at: float, outcome: Outcome) -> None:
        members = {self._root_key(incident), *((s.device, s.metric, s.instance) for s in incident.symptoms)}
        bad = [key for key in members if key in self._bads]
        into = next((matched[key] for key in bad if key in matched), "")
        if into and self._root_key(incident) in bad:
            self._change(Change(incident.id, ChangeKind.MERGED, at, at, into=into), outcome)
            return
        states = [self._states[key].verdict for key in members if key in self._states]
        if any(verdict is Verdict.UNKNOWN for verdict in states) or (bad and not into):
            return  # nothing is known, or the better explanation is still waiting for its witnesses
        restored_at = max((self._good_since[key] for key in members if key in self._good_since), default=at)
        self._change(Change(incident.id, ChangeKind.RESTORED, restored_at, at), outcome)

    def _change(self, change: Change, outcome: Outcome) -> None:
        incident = apply(self.incidents.get(change.incident), change)
        if incident.open:
            self.incidents[incident.id] = incident
        else:
            self.incidents.pop(incident.id, None)
        outcome.changes.append(change)
