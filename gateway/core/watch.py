"""The heart: polls in, transitions and incident changes out. One state machine for the live agent and for replay.

It has no clock, no I/O and no randomness: the same polls in the same order give the same record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from gateway.core.cause import Root, witnesses
from gateway.core.check import Check
from gateway.core.correlator import PATIENCE, Correlator, Outcome, Patience
from gateway.core.default_checks import DEFAULT_CHECKS
from gateway.core.device import GATEWAY, Device, Kind, Park
from gateway.core.incident import Cause, Change, ChangeKind, Incident, Transition, Verdict, incident_id
from gateway.core.reading import Reading
from gateway.core.trend import Trends
from gateway.core.verdicts import Verdicts
from gateway.core.works import Work, announced, overdue


class Watch:
    """Judges readings and keeps the incidents of one site."""

    def __init__(
        self,
        site: str,
        park: Park,
        *,
        patience: Patience = PATIENCE,
        checks: Sequence[Check] = DEFAULT_CHECKS,
    ) -> None:
        self.site = site
        self.park = park
        self.blind = False
        self._verdicts = Verdicts()
        self._correlator = Correlator(site, park, self._verdicts, patience)
        self._trends = Trends()
        self._checks: dict[tuple[Kind | None, str], tuple[Check, ...]] = {}
        self._all_checks = checks
        self._works: dict[str, Work] = {}

    @property
    def incidents(self) -> dict[str, Incident]:
        """The open incidents by id."""
        return self._correlator.incidents

    def resume(self, verdicts: Iterable[Transition], incidents: Iterable[Incident]) -> None:
        """Takes up what the ledger holds: the last transition of every metric, the incidents still open, and those that
        were over within ``Patience.reopen_s``."""
        for last in verdicts:
            self._verdicts.resume(last)
            if last.after is Verdict.MAINTENANCE:
                self._works[last.subject] = announced(last)
        self._correlator.resume(incidents)

    def recall(self, series: tuple[str, str, str], past: Sequence[tuple[float, float]]) -> None:
        """Takes up what was kept of a series whose trend is judged (``Trends.take_up``)."""
        self._trends.take_up(series, past)

    def verdict(self, subject: str) -> Verdict:
        """The verdict to show for a device or service: the worst of its metrics."""
        return self._verdicts.of(subject)

    def since(self, subject: str) -> float:
        """The instant since when that verdict holds."""
        return self._verdicts.since(subject)

    def still_bad(self, incident: Incident) -> bool:
        """True while anything the incident explains is measured to be bad."""
        return self._correlator.still_bad(incident)

    def see(self, subject: str, readings: Iterable[Reading], at: float) -> Outcome:
        """The readings of one round of polls of one device or service (see ``round_readings``)."""
        outcome = Outcome()
        own = subject == GATEWAY
        if self.blind and not own:
            return outcome
        for reading in readings:
            self._judge(reading, outcome)
            for trend in self._trends.of(reading):
                self._judge(trend, outcome)
            at = max(at, reading.at)  # a collector stamps its readings later than the round began
        self._verdicts.polled[subject] = at
        if self._verdicts.verdict((subject, "reach.up", "")) is Verdict.OK:
            self._force(self._verdicts.absent(subject, at), Verdict.UNKNOWN, (at, at), outcome)
        if own:
            self._notice_own_port(at, outcome)
            self._tell_overdue(at, outcome)
        self._correlator.look(at, outcome)
        return outcome

    def gateway_off(self, since: float, at: float) -> Outcome:
        """The box did not watch from ``since`` to ``at``: nothing is known of that time."""
        outcome = Outcome()
        self._forget(since, at, outcome, spare=frozenset())
        return outcome

    def maintenance(self, subjects: str | Iterable[str], at: float, work: Work | None) -> Outcome:
        """Planned work on devices or services begins, is announced anew, or (``None``) ends."""
        outcome = Outcome()
        after = Verdict.MAINTENANCE if work else Verdict.UNKNOWN
        for subject in [subjects] if isinstance(subjects, str) else subjects:
            before = self._works.pop(subject, None)
            if work:
                self._works[subject] = work
            anew = work is not None and before != work
            for key in self._verdicts.series(subject):
                if anew or self._verdicts.verdict(key) is not after:
                    outcome.transitions.append(self._verdicts.force(key, after, (at, at), work))
        self._tell_overdue(at, outcome)
        self._correlator.look(at, outcome)
        return outcome

    @property
    def works(self) -> Mapping[str, Work]:
        """Planned work under way, by device or service."""
        return self._works

    def _tell_overdue(self, at: float, outcome: Outcome) -> None:
        for change in list(overdue(self.site, self._works, self.incidents.values(), at)):
            self._correlator.apply(change, outcome)

    def person(self, change: Change) -> Outcome:
        """A person (or the panel) did something about an incident that is open; unknown ids change nothing."""
        outcome = Outcome()
        if change.incident in self.incidents:
            self._correlator.apply(change, outcome)
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
        self._correlator.apply(change, outcome)
        return outcome

    def _judge(self, reading: Reading, outcome: Outcome) -> None:
        check = None if reading.device in self._works else self._check_for(reading)
        if check is None:
            return
        state, transition = self._verdicts.judge(check, reading)
        if transition:
            outcome.transitions.append(transition)
        if state.suspect and reading.metric == "reach.up":
            outcome.suspects.update(witnesses(Root(Cause.DEVICE_UNREACHABLE, reading.device), self.park))
            outcome.suspects.add(reading.device)

    def _check_for(self, reading: Reading) -> Check | None:
        """The first check that applies judges a series."""
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
        for check in known:
            if not check.picky or check.applies(kind, reading):
                return _with_own_limits(check, reading, device) if device and device.limits else check
        return None

    def _notice_own_port(self, at: float, outcome: Outcome) -> None:
        own = [b for b in self._verdicts.bads.values() if b.subject == GATEWAY and b.cause is Cause.LINK_DOWN]
        if own and not self.blind:
            self.blind = True
            self._forget(min(bad.at for bad in own), at, outcome, spare=frozenset({GATEWAY}))
        elif not own:
            self.blind = False

    def _forget(self, since: float, at: float, outcome: Outcome, *, spare: frozenset[str]) -> None:
        known = [
            key
            for key in self._verdicts.series()
            if key[0] not in spare and self._verdicts.verdict(key) not in (Verdict.UNKNOWN, Verdict.MAINTENANCE)
        ]
        self._force(known, Verdict.UNKNOWN, (since, at), outcome)

    def _force(
        self, keys: Iterable[tuple[str, str, str]], after: Verdict, when: tuple[float, float], outcome: Outcome
    ) -> None:
        for key in list(keys):
            outcome.transitions.append(self._verdicts.force(key, after, when))


def _with_own_limits(check: Check, reading: Reading, device: Device) -> Check | None:
    """The check with this device's own limits; ``None`` if they switch it off."""
    for limit in device.limits:
        if limit.metric == reading.metric and fnmatchcase(reading.instance, limit.instance):
            return None if limit.off else replace(check, warning=limit.warning, critical=limit.critical)
    return check
