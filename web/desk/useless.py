"""Which rules send messages that nobody acts on: those are to be mended, or people stop reading any. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.core.incident import ChangeKind, Incident
from web.common.causes import title
from web.common.language import Language
from web.desk.facts import SiteFacts
from web.desk.notify import NoticeState, Notification, SiteIncident
from web.desk.views import listed

WEEK_S = 7 * 86_400.0
TOLERATED = 2
"""A rule may send this many useless messages a week."""

_ACTS = frozenset(
    {
        ChangeKind.ACKNOWLEDGED,
        ChangeKind.INTERVENTION_STARTED,
        ChangeKind.SILENCED,
        ChangeKind.NOTE,
        ChangeKind.TICKED,
    }
)
_MACHINES = ("gateway", "desk")


@dataclass(frozen=True, slots=True)
class Rule:
    """What was told under one cause and metric within a week, of incidents that ended without anybody doing anything:
    the number of messages, and the incidents, the newest first."""

    cause: str
    metric: str
    messages: int
    incidents: tuple[SiteIncident, ...]


def useless(incidents: Iterable[SiteIncident], messages: Iterable[Notification], now: float) -> list[Rule]:
    """The rules with more than ``TOLERATED`` such messages in the week before ``now``, the noisiest first."""
    sent: dict[tuple[str, str], int] = {}
    for message in messages:
        if message.state is NoticeState.DELIVERED and message.created_at >= now - WEEK_S and message.incident:
            sent[message.site, message.incident] = sent.get((message.site, message.incident), 0) + 1
    found: dict[tuple[str, str], list[SiteIncident]] = {}
    for one in sorted(incidents, key=lambda one: one.incident.opened_at, reverse=True):
        if (one.site, one.incident.id) in sent and one.incident.restored_at is not None and not acted(one.incident):
            found.setdefault((one.incident.cause, one.incident.root_metric), []).append(one)
    rules = [
        Rule(cause, metric, sum(sent[one.site, one.incident.id] for one in mine), tuple(mine))
        for (cause, metric), mine in found.items()
    ]
    return sorted((one for one in rules if one.messages > TOLERATED), key=lambda one: -one.messages)


def for_nothing(
    sites: Sequence[SiteFacts], messages: Iterable[Notification], say: Language, now: float
) -> list[tuple[str, Rule, str]]:
    """The same for a page: what each rule says is wrong, its figures, where it was."""
    by_id = {site.id: site for site in sites}
    told = [SiteIncident(site.id, one) for site in sites for one in site.incidents]
    found = []
    for rule in useless(told, messages, now):
        places = [(by_id[one.site], one.incident) for one in rule.incidents]
        names = dict.fromkeys(f"{site.name} ({site.subject(one)})" for site, one in places)
        found.append((title(rule.cause, "", say), rule, listed(map(say.isolate, names), say)))
    return found


def acted(incident: Incident) -> bool:
    """True if a person did anything about it."""
    return any(change.kind in _ACTS and change.who not in _MACHINES for change in incident.story)
