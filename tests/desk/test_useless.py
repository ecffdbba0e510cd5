"""Rules whose messages nobody acts on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.core.incident import Change, ChangeKind, Incident
from web.desk.notify import NoticeKind, NoticeState, Notification, SiteIncident
from web.desk.useless import WEEK_S, useless

NOW = 1_795_339_208.0


def over(name: str, *acts: Change, metric: str = "reach.up", **more: object) -> SiteIncident:
    opened = NOW - 7200
    fault = Incident(name, "device_unreachable", "ap-1", metric, "", "P3", opened, opened, story=acts)
    return SiteIncident("rouiba", replace(fault, **{"restored_at": NOW - 3600, **more}))  # type: ignore[arg-type]


def sent(name: str, nth: int, **more: object) -> Notification:
    kind = NoticeKind.RESTORED if nth else NoticeKind.OPENED
    first = Notification(f"{name}{nth}", kind, "rouiba", name, "P3", "Nadia", "mail", "n@x", "fr", NOW - 3600)
    return replace(first, **{"state": NoticeState.DELIVERED, **more})  # type: ignore[arg-type]


PAIRS = [sent(name, nth) for name in ("a", "b") for nth in (0, 1)]


def test_more_than_two_messages_that_nobody_acted_on_name_their_rule():
    [rule] = useless([over("a"), over("b")], PAIRS, NOW)
    assert (rule.cause, rule.metric, rule.messages) == ("device_unreachable", "reach.up", 4)
    assert [one.incident.id for one in rule.incidents] == ["a", "b"]


def test_two_are_tolerated_and_other_metrics_are_other_rules():
    assert useless([over("a")], PAIRS, NOW) == []
    assert useless([over("a"), over("b", metric="reach.loss")], PAIRS, NOW) == []


@pytest.mark.parametrize("kind", [ChangeKind.ACKNOWLEDGED, ChangeKind.NOTE, ChangeKind.TICKED, ChangeKind.SILENCED])
def test_an_incident_somebody_acted_on_was_worth_its_messages(kind: ChangeKind):
    act = Change("b", kind, NOW - 5000, NOW - 5000, "Karim")
    assert useless([over("a"), over("b", act)], PAIRS, NOW) == []
    by_itself = replace(act, who="gateway")
    assert len(useless([over("a"), over("b", by_itself)], PAIRS, NOW)) == 1


def test_what_lasts_was_not_delivered_or_is_old_does_not_count():
    assert useless([over("a"), over("b", restored_at=None)], PAIRS, NOW) == []
    waiting = [*PAIRS[:2], *(replace(one, state=NoticeState.PENDING) for one in PAIRS[2:])]
    assert useless([over("a"), over("b")], waiting, NOW) == []
    assert useless([over("a"), over("b")], PAIRS, NOW + WEEK_S) == []
