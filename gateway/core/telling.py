"""The sentences about one incident in one language, from which the narrative is put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core import narrative_texts as texts
from gateway.core.grammar import (
    Text,
    count,
    date_text,
    duration,
    isolated,
    joined,
    local,
    moment,
    money,
    when,
)
from gateway.core.headline import headline
from gateway.core.incident import Cause, Change, ChangeKind, Incident
from gateway.core.narrative_context import Certainty, Context, Decision, Promise, decided
from gateway.core.people import Language, choose
from gateway.core.runbook import ticked
from gateway.core.units import METRICS, human

_NAMED = 4
_QUOTED = 2
_VALUE_SAYS_NOTHING = frozenset({Cause.ANOMALY, Cause.REBOOTED})
_MACHINES = ("gateway", "panel", "page", "desk")


def certainty(incident: Incident) -> Certainty:
    """Confirmed where the device that is blamed showed it itself; unknown where the cause only names what is seen."""
    if incident.cause in texts.UNKNOWN_CAUSE:
        return Certainty.UNKNOWN
    own = any(
        (symptom.device, symptom.metric) == (incident.root_device, incident.root_metric)
        and symptom.metric != "reach.up"
        for symptom in incident.symptoms
    )
    return Certainty.CONFIRMED if own else Certainty.PROBABLE


@dataclass(frozen=True, slots=True)
class Telling:
    """One incident told in one language: each method is one sentence or line, empty where there is nothing to say."""

    incident: Incident
    context: Context
    language: Language

    def say(self, text: Text, /, **values: str) -> str:
        """A text in this language, filled in."""
        return choose(text, self.language).format(**values)

    @property
    def ahead(self) -> bool:
        """True for a fault that is only forecast."""
        return self.incident.root_metric.startswith("forecast.")

    @property
    def decided(self) -> Decision | None:
        """What was decided: what the context says, else the newest decision on the incident's record."""
        return self.context.decision or decided(self.incident)

    def near(self, at: float) -> str:
        """An instant, with its day only where that is another than the first."""
        return when(at, self.context.zone, self.language, near=self.incident.opened_at)

    def plain_headline(self) -> str:
        """The headline without invisible marks."""
        name = self.context.name(self.incident.root_device) if self.incident.root_device else ""
        text = headline(self.incident.cause, name, self.language)
        return text.replace("\u2068", "").replace("\u2069", "")

    def headline_of(self, cause: str, root: str | None) -> str:
        """The headline of a cause at a root."""
        return headline(cause, self.context.name(root) if root else "", self.language)

    def who(self, who: str) -> str:
        """Who did something, for people."""
        known = texts.WHO.get(who)
        return choose(known, self.language) if known else who

    def few(self, subjects: Sequence[str], most: int) -> str:
        """Names of the first few things, and how many more there are."""
        names = [self.context.name(subject) for subject in subjects]
        if len(names) <= most:
            return joined(names, self.language)
        first = ("، " if self.language == "ar" else ", ").join(names[:most])
        return self.say(texts.MORE, first=first, n=str(len(names) - most))

    def head(self) -> str:
        """Site, what is wrong, priority."""
        incident = self.incident
        return self.say(
            texts.HEAD,
            site=isolated(self.context.site, self.language),
            headline=self.headline_of(incident.cause, incident.root_device),
            priority=incident.priority,
        )

    def length(self) -> str:
        """How long it lasted, or has lasted."""
        incident = self.incident
        end = self.context.now if incident.restored_at is None else incident.restored_at
        return duration(end - incident.opened_at, self.language)

    def lasting(self) -> str:
        """Since when or from when to when, how long, and how much of it in working hours."""
        incident, zone = self.incident, self.context.zone
        end = incident.restored_at
        values = {
            "start": moment(incident.opened_at, zone, self.language),
            "lasting": self.length(),
            "business": self._business(self.context.now if end is None else end),
        }
        if end is None:
            return self.say(texts.OPEN, **values)
        if local(end, zone).date() == local(incident.opened_at, zone).date():
            return self.say(texts.ENDED_SAME_DAY, end=self.near(end), **values)
        return self.say(texts.ENDED, end=moment(end, zone, self.language), **values)

    def _business(self, end: float) -> str:
        hours = self.context.hours
        if hours is None or hours.always_on:
            return ""
        seconds = hours.business_seconds(self.incident.opened_at, end)
        if seconds < 60:
            return self.say(texts.NO_BUSINESS)
        if end - self.incident.opened_at - seconds < 60:
            return self.say(texts.ALL_BUSINESS)
        return self.say(texts.BUSINESS, time=duration(seconds, self.language))

    def seen(self) -> str:
        """What was measured first, or what a person reported."""
        incident = self.incident
        if incident.cause == Cause.REPORTED:
            opened = next((one for one in incident.story if one.kind is ChangeKind.OPENED), None)
            return self._quoted(opened) if opened and opened.text else ""
        if self.ahead:
            return self.say(
                texts.AHEAD_LINE, at=self.near(incident.detected_at), seen=choose(texts.AHEAD, self.language)
            )
        text = choose(texts.SEEN.get(incident.cause, texts.SEEN_OTHER), self.language)
        if incident.cause == Cause.POWER_LOST and incident.root_metric == "reach.up":
            text = choose(texts.SEEN_FALL_TOGETHER, self.language)
        if incident.cause == Cause.SERVICE_SLOW and incident.root_device in self.context.park.devices:
            text = choose(texts.SEEN_SLOW_STORAGE, self.language)
        return self.say(texts.SEEN_LINE, at=self.near(incident.detected_at), seen=text, value=self._value())

    def _value(self) -> str:
        incident = self.incident
        metric = METRICS.get(incident.root_metric)
        if incident.value is None or metric is None or metric.reads == "flag" or incident.cause in _VALUE_SAYS_NOTHING:
            return ""
        shown = human(incident.root_metric, incident.value, self.language)
        part = isolated(incident.root_instance, self.language)
        comma = "، " if self.language == "ar" else ", "
        return f" ({part}{comma}{shown})" if part else f" ({shown})"

    def affected(self) -> str:
        """The devices it touches."""
        devices = list(
            dict.fromkeys(one.device for one in self.incident.symptoms if one.device in self.context.park.devices)
        )
        if not devices:
            return ""
        names = [isolated(self.context.name(device), self.language) for device in devices[:_NAMED]]
        if len(devices) > _NAMED:
            names.append("…")
        comma = "، " if self.language == "ar" else ", "
        return self.say(texts.DEVICES, count=count(len(devices), "device", self.language), names=comma.join(names))

    def services(self) -> list[str]:
        """Services that stand still: those the incident hits, and the one that it is about."""
        root = self.incident.root_device
        own = [root] if root and self.incident.cause == Cause.SERVICE_DOWN else []
        return list(dict.fromkeys((*own, *self.incident.services)))

    def stopped(self) -> str:
        """The work that stands still."""
        services = self.services()
        if self.incident.cause == Cause.SITE_SILENT:
            return self.say(texts.STOP_UNKNOWN)
        if not services:
            return self.say(texts.NOT_STOPPED)
        names = joined([isolated(self.context.name(service), self.language) for service in services], self.language)
        known = self.context.park.services.get(services[0])
        if known and known.business and self.language == self.context.language:
            return self.say(texts.STOPPED_BUSINESS, names=names, business=known.business.rstrip("."))
        return self.say(texts.STOPPED, names=names)

    def cause(self) -> str:
        """How sure the cause is, and what was thought before."""
        incident = self.incident
        sure = certainty(incident)
        known = {Certainty.CONFIRMED: texts.CONFIRMED, Certainty.PROBABLE: texts.PROBABLE}
        text = self.say(texts.AHEAD_CAUSE if self.ahead else known.get(sure, texts.UNKNOWN))
        if incident.cause == Cause.MAINTENANCE_OVERDUE:
            text = self.say(texts.WORK_CAUSE)
        opened = next((one for one in incident.story if one.kind is ChangeKind.OPENED), None)
        if opened and (opened.cause, opened.root_device) != (incident.cause, incident.root_device):
            text += self.say(texts.REVISED, headline=self.headline_of(opened.cause, opened.root_device))
        return text

    def again(self) -> str:
        """Whether it is the same failure as before."""
        before = self.context.again
        if not before:
            return ""
        day = date_text(local(before[0].opened_at, self.context.zone).date(), self.language)
        if len(before) == 1:
            return self.say(texts.AGAIN_ONCE, day=day)
        return self.say(texts.AGAIN, day=day, count=count(len(before) + 1, "time", self.language))

    def done(self) -> str:
        """Who took it, who worked on it, what was ticked off."""
        incident = self.incident
        if incident.acknowledged_at is None:
            text = self.say(texts.NOT_TAKEN)
        else:
            text = self.say(
                texts.TAKEN,
                who=self._name(incident.acknowledged_by),
                at=self.near(incident.acknowledged_at),
                delay=duration(incident.acknowledged_at - incident.detected_at, self.language),
            )
        started = next((one for one in incident.story if one.kind is ChangeKind.INTERVENTION_STARTED), None)
        if started:
            text += self.say(texts.STARTED, who=self._name(started.who), at=self.near(started.at))
        return text + self._ticked()

    def _ticked(self) -> str:
        ticks = list(ticked(self.incident).values())
        if not ticks:
            return ""
        steps = count(len(ticks), "step", self.language)
        names = joined(list(dict.fromkeys(self._name(one.who) for one in ticks)), self.language)
        return self.say(texts.TICKED, count=steps, who=names)

    def _name(self, who: str) -> str:
        return isolated(self.who(who), self.language) if who not in _MACHINES else self.who(who)

    def said(self) -> list[str]:
        """What people wrote, the last few notes word for word."""
        notes = [one for one in self.incident.story if one.kind is ChangeKind.NOTE and one.text]
        lines = [self._quoted(one) for one in notes[-_QUOTED:]]
        if len(notes) > _QUOTED:
            lines[-1] += self.say(texts.SAID_MORE, count=count(len(notes) - _QUOTED, "note", self.language))
        return lines

    def _quoted(self, change: Change) -> str:
        said = isolated(" ".join(change.text.split()), self.language)
        who = self._name(change.who)
        return self.say(texts.SAID, who=f"{who[:1].upper()}{who[1:]}", at=self.near(change.at), text=said)

    def commitments(self) -> str:
        """Which commitment was kept."""
        context = self.context
        parts = [
            self._commitment(what, promise)
            for what, promise in ((texts.RESPONSE, context.response), (texts.RESTORE, context.restore))
            if promise is not None
        ]
        if not parts:
            return self.say(texts.NO_COMMITMENT)
        text = " ; ".join(parts) if self.language == "fr" else ("؛ " if self.language == "ar" else "; ").join(parts)
        return self.say(texts.COMMITMENTS, parts=f"{text[:1].lower()}{text[1:]}")

    def _commitment(self, what: Text, promise: Promise) -> str:
        if promise.missed:
            state = self.say(texts.MISSED)
        elif promise.done_at is not None or promise.due_at is None:
            state = self.say(texts.KEPT)
        else:
            state = self.say(texts.RUNNING, at=self.near(promise.due_at))
        allowed = duration(promise.allowed_s, self.language)
        return self.say(texts.COMMITMENT, what=choose(what, self.language), allowed=allowed, state=state)

    def promise_kept(self) -> str:
        """The promise to be back, while that is open or once it is broken."""
        restore = self.context.restore
        if restore is None:
            return ""
        if restore.missed:
            return self.say(texts.OWNER_MISSED)
        if restore.done_at is None and restore.due_at is not None:
            at = when(restore.due_at, self.context.zone, self.language, near=self.context.now)
            return self.say(texts.OWNER_DUE, at=at)
        return ""

    def cost(self) -> str:
        """What it cost."""
        loss = self.context.loss
        if loss is None:
            return self.say(texts.NO_COST)
        basis = choose(loss.basis, self.language)
        amount = money(loss.amount, loss.currency, self.language)
        return self.say(texts.COST, amount=amount, basis=f" ({basis})" if basis else "")

    def decision(self) -> str:
        """What was decided."""
        decision = self.decided
        if decision is None:
            return self.say(texts.NO_DECISION)
        values = {"text": isolated(decision.text.rstrip("."), self.language), "who": self._name(decision.who)}
        if decision.until is None:
            return self.say(texts.DECISION_OPEN_END, **values)
        return self.say(texts.DECISION, day=date_text(decision.until, self.language), **values)
