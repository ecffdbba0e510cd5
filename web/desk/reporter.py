"""The reports that headquarters sends by itself: made once when they are due, kept as they were made, sent to each
person exactly once, and made again with the next version when their facts are changed afterwards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from gateway.core.amendment import Amendment, Standing, standing
from gateway.core.grammar import isolated
from gateway.core.people import Language
from gateway.core.reports.document import Report
from gateway.core.reports.period import Period, by_id, last_due
from gateway.core.reports.weekly import Issue, build
from web.desk.counting import Office
from web.desk.decisions import AMENDMENT, FEAST, REPORT, RULING, Entry, amendments_of
from web.desk.notify import Mailbox, NoticeKind, Notification, Recipient
from web.desk.paper import letter

LANGUAGES: tuple[Language, ...] = ("fr", "ar", "en")
KINDS = ("weekly", "monthly")
AMENDED_S = 400 * 86_400.0
"""Reports older than this are not made again."""


@dataclass(frozen=True, slots=True)
class Because:
    """Which issue is to be made, and why it is made again, in each language."""

    version: int = 1
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """One issue as it was made: its period, whom it is for (ids of sites; empty: all), and its text by language."""

    period: str
    scope: tuple[str, ...]
    version: int
    at: float
    because: Mapping[str, tuple[str, ...]]
    reports: Mapping[str, Report]

    @property
    def key(self) -> str:
        """What makes it unique."""
        return f"report {self.period} {','.join(self.scope)} v{self.version}"


def issues(entries: Iterable[Entry]) -> list[Sent]:
    """Every issue ever made, oldest first."""
    return [msgspec.convert(entry.body, Sent) for entry in entries if entry.kind == REPORT]


class Reporter:
    """Makes what is due and hands it to the mailbox. ``step`` is called every few seconds by one thread only; whatever
    is interrupted is completed by the next step."""

    def __init__(self, office: Office, mailbox: Mailbox, people: Sequence[Recipient], url: str) -> None:
        self._office = office
        self._mailbox = mailbox
        self._people = [one for one in people if one.reports]
        self._url = url
        self._looked = ""

    def step(self, now: float) -> int:
        """Makes what is due and what has to be made again; returns how many messages were put into the mailbox."""
        entries = self._office.book.entries(REPORT, FEAST, AMENDMENT, RULING)
        made = issues(entries)
        new = [*self._due(made, now), *self._amended(made, entries, now)]
        for one in new:
            body: dict[str, Any] = msgspec.to_builtins(one)
            self._office.book.write(Entry(one.key, REPORT, one.at, "desk", body))
        return self._post([*made, *new], now)

    def _due(self, made: Sequence[Sent], now: float) -> list[Sent]:
        have = {(one.period, one.scope) for one in made}
        found = []
        for kind in KINDS:
            period = last_due(now, kind, self._office.rhythm)
            for scope in dict.fromkeys(one.sites for one in self._people if kind in one.reports):
                if (period.id, scope) not in have:
                    sent = self._made(period, scope, now, Because())
                    if sent is not None:
                        found.append(sent)
        return found

    def _amended(self, made: Sequence[Sent], entries: Sequence[Entry], now: float) -> list[Sent]:
        """The next version of each issue whose facts have been changed since."""
        found = []
        newest = {(one.period, one.scope): one for one in made}
        for one in newest.values():
            period = by_id(one.period, self._office.rhythm)
            if period is None or now - one.at > AMENDED_S:
                continue
            because = changes(entries, period, one, now)
            if because.texts["fr"]:
                sent = self._made(period, one.scope, now, because)
                if sent is not None:
                    found.append(sent)
        return found

    def _made(self, period: Period, scope: tuple[str, ...], now: float, because: Because) -> Sent | None:
        """An issue; ``None`` where nothing at all was recorded in its period (headquarters is younger)."""
        counted = self._office.counted(period, now, scope)
        if not any(one.at < period.end for site in counted.sites for one in site.transitions):
            return None
        names = ", ".join(site.name for site in counted.sites) if scope else ""
        reports: dict[str, Report] = {
            language: build(counted, language, Issue(because.version, because.texts.get(language, ()), names))
            for language in LANGUAGES
        }
        return Sent(period.id, scope, because.version, now, because.texts, reports)

    def _post(self, made: Sequence[Sent], now: float) -> int:
        """Puts each issue into the mailbox for everybody it is for; what is there already is left alone."""
        mark = " ".join(one.key for one in made)
        if mark == self._looked:
            return 0
        have = {message.key for message in self._mailbox.notifications()}
        found = []
        for one in made:
            period = by_id(one.period, self._office.rhythm)
            for person in self._people:
                wanted = period is not None and period.kind in person.reports and person.sites == one.scope
                if wanted and (message := _message(one, person, self._url, now)).key not in have:
                    found.append(message)
        if found:
            self._mailbox.keep(found)
        self._looked = mark
        return len(found)


def _message(one: Sent, person: Recipient, url: str, now: float) -> Notification:
    report = one.reports[person.language]
    key = hashlib.sha256(f"{one.key}\x1f{person.name}".encode()).hexdigest()[:24]
    subject = f"{report.title} – {report.period}" + (f" (v{one.version})" if one.version > 1 else "")
    return Notification(
        key=key,
        kind=NoticeKind.REPORT,
        site="",
        incident=one.key,
        priority="",
        to=person.name,
        channel=person.channel,
        address=person.address,
        language=person.language,
        created_at=now,
        subject=subject,
        text=letter(report, url),
    )


def changes(entries: Sequence[Entry], period: Period, sent: Sent, now: float) -> Because:
    """What was decided after an issue was made that changes its period: work approved or refused, feasts shifted."""
    lines: list[tuple[str, str, str]] = []
    entered, words = amendments_of(entries)
    for one in entered:
        if sent.scope and one.site not in sent.scope:
            continue
        before = standing(one, [word for word in words if word.at <= sent.at]) if one.entered_at <= sent.at else None
        after = standing(one, words)
        counted = (before is Standing.IN_FORCE, after is Standing.IN_FORCE)
        if counted[0] != counted[1] and period.holds(one.start, one.end if one.end is not None else now):
            by = max((word for word in words if word.amendment == one.id), key=lambda w: w.at, default=None)
            lines.append(_amendment_text(one, counted[1], by.by if by else one.entered_by, now))
    moved = (one for one in entries if one.kind == FEAST and one.at > sent.at)
    lines += [_feast_text(one) for one in moved if _shifts(one, period)]
    texts: dict[str, tuple[str, ...]] = {
        language: tuple(line[index] for line in lines) for index, language in enumerate(LANGUAGES)
    }
    return Because(sent.version + 1, texts)


def _shifts(entry: Entry, period: Period) -> bool:
    """True if a decision moves a feast out of the period or into it; confirming one changes nothing."""
    days = {date.fromisoformat(entry.body["on"]), date.fromisoformat(entry.body["to"])}
    return len(days) == 2 and any(period.holds(*_day(day, period.zone)) for day in days)


def _day(day: date, zone: str) -> tuple[float, float]:
    first = datetime.combine(day, time(), ZoneInfo(zone)).timestamp()
    return first, datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).timestamp()


def _amendment_text(one: Amendment, counts: bool, by: str, now: float) -> tuple[str, str, str]:
    minutes, who = one.minutes(now), one.entered_by
    if counts:
        return (
            f"Temps retiré du compte : {minutes} min, saisi par {who}, approuvé par {by}.",
            f"وقت أُسقط من الحساب: {minutes} د، أدخله {_ar(who)} وصادق عليه {_ar(by)}.",
            f"Time no longer counted: {minutes} min, entered by {who}, approved by {by}.",
        )
    return (
        f"Temps remis au compte : {minutes} min, saisi par {who}, refusé par {by}.",
        f"وقت أُعيد إلى الحساب: {minutes} د، أدخله {_ar(who)} ورفضه {_ar(by)}.",
        f"Time counted again: {minutes} min, entered by {who}, refused by {by}.",
    )


def _feast_text(entry: Entry) -> tuple[str, str, str]:
    on, to = (date.fromisoformat(entry.body[key]) for key in ("on", "to"))
    return (
        f"Jour férié déplacé du {on:%d/%m/%Y} au {to:%d/%m/%Y} par {entry.who}.",
        f"عيد نُقل من {on:%d/%m/%Y} إلى {to:%d/%m/%Y} من طرف {_ar(entry.who)}.",
        f"Holiday moved from {on:%d/%m/%Y} to {to:%d/%m/%Y} by {entry.who}.",
    )


def _ar(name: str) -> str:
    return isolated(name, "ar")
