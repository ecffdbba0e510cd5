"""Quiet hours, the ladder, the mail of the day, the test of the month: on literal incidents and on histories."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.clock import FakeClock
from gateway.core.agenda import Appointment, agenda
from gateway.core.cost import Contract
from gateway.core.device import Criticality
from gateway.core.errors import UnavailableError
from gateway.core.incident import Incident
from gateway.core.stopwatch import Clocks, Deadline
from gateway.core.upkeep import Duty, DutyKind
from web.desk.digest import News, Routine, due_digests, due_tests, failed_to, reminder
from web.desk.ladder import due_reminders
from web.desk.notifier import Notifier, Post
from web.desk.notify import (
    MemoryMailbox,
    NoticeKind,
    NoticeState,
    Notification,
    Pace,
    Recipient,
    SiteIncident,
    due_messages,
)
from web.desk.quiet import Quiet

CRITICAL, IMPORTANT, STANDARD = Criticality
HOUR = 3600.0
QUIET = Quiet(21 * 60, 6 * 60 + 30)
ROUTINE = Routine(7 * 60 + 30)
NADIA = Recipient("Nadia", "mail", "nadia@example.org", quiet=QUIET, digest=True)
OWNER = Recipient("Owner", "mail", "owner@example.org", step=2)
PACE = Pace(settle_s=20.0)


def local(day: int, hour: int, minute: int = 0) -> float:
    """An instant of November 2026 in Algiers, which is one hour ahead of UTC all year."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC).timestamp() - HOUR


def fault(at: float, priority: str = "P2", **more: object) -> Incident:
    first = Incident("inc1", "device_unreachable", "sw-1", "reach.up", "", priority, at, at)
    return replace(first, **more)  # type: ignore[arg-type]


def case(incident: Incident, criticality: Criticality = STANDARD, **more: object) -> SiteIncident:
    return replace(SiteIncident("rouiba", incident, criticality), **more)  # type: ignore[arg-type]


def made(one: SiteIncident, now: float, already: Sequence[Notification] = (), person: Recipient = NADIA) -> list[str]:
    return [str(message.kind) for message in due_messages([one], already, now, [person], PACE)]


def message(kind: NoticeKind, to: str = "Nadia", priority: str = "P2", **more: object) -> Notification:
    first = Notification(f"{kind}{to}", kind, "rouiba", "inc1", priority, to, "mail", "x@y", "fr", local(22, 9))
    return replace(first, **{"state": NoticeState.DELIVERED, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("instant", "ends"),
    [
        (local(22, 20, 59), None),
        (local(22, 21), local(23, 6, 30)),
        (local(22, 23, 59), local(23, 6, 30)),
        (local(23, 0), local(23, 6, 30)),
        (local(23, 6, 29), local(23, 6, 30)),
        (local(23, 6, 30), None),
    ],
)
def test_quiet_hours_cross_midnight(instant: float, ends: float | None):
    assert QUIET.ends_at(instant) == ends


def test_quiet_hours_within_a_day_and_quiet_hours_of_no_length():
    assert Quiet(13 * 60, 14 * 60).ends_at(local(22, 13, 30)) == local(22, 14)
    assert not Quiet(13 * 60, 14 * 60).at(local(22, 14))
    assert not any(Quiet(480, 480).at(local(22, hour)) for hour in range(24))


@pytest.mark.parametrize(
    ("criticality", "woken"),
    [(CRITICAL, ["P1", "P2"]), (IMPORTANT, ["P1"]), (STANDARD, [])],
)
def test_what_wakes_depends_on_criticality(criticality: Criticality, woken: list[str]):
    night = local(22, 23)
    heard = [level for level in ("P1", "P2", "P3") if made(case(fault(night - 60, level), criticality), night)]
    assert heard == woken


@given(st.floats(local(20, 0), local(24, 0)), st.integers(0, 1439), st.integers(0, 1439))
def test_a_p1_of_something_critical_is_never_held_back(now: float, start: int, end: int):
    stern = replace(NADIA, quiet=Quiet(start, end, wakes={}))
    assert made(case(fault(now - 60, "P1"), CRITICAL), now, person=stern) == ["opened"]


def test_what_lasts_through_the_quiet_hours_is_told_when_they_end():
    one = case(fault(local(22, 23)))
    assert made(one, local(23, 6, 29)) == []
    assert made(one, local(23, 6, 30)) == ["opened"]


def test_what_came_and_went_at_night_is_no_message_of_its_own():
    over = case(fault(local(22, 23), restored_at=local(23, 2)))
    assert made(over, local(23, 7)) == []
    assert made(over, local(23, 7), person=replace(NADIA, digest=False)) == ["restored"], "nowhere else to say it"


def test_who_was_told_by_day_is_told_of_the_end_in_the_morning():
    over = case(fault(local(22, 20), restored_at=local(22, 22)))
    told = [message(NoticeKind.OPENED)]
    assert made(over, local(22, 23), told) == []
    assert made(over, local(23, 6, 30), told) == ["restored"]


def test_planned_work_is_told_only_if_it_runs_over():
    one = case(fault(local(22, 10)), planned=True)
    assert made(one, local(22, 11)) == []
    assert made(replace(one, planned=False), local(22, 12)) == ["opened"], "still broken after the end"
    assert made(case(fault(local(22, 10), restored_at=local(22, 11)), planned=True), local(22, 12)) == []


def clocked(used_h: float, allowed_h: float = 1.0, *, about: str = "response", **more: object) -> SiteIncident:
    running = Deadline(used_h * HOUR, allowed_h * HOUR, local(22, 11))
    clocks = Clocks(running, None) if about == "response" else Clocks(None, running)
    return case(fault(local(22, 10), **more), clocks=clocks)  # type: ignore[arg-type]


def climbed(one: SiteIncident, already: Sequence[Notification], now: float = local(22, 11)) -> list[tuple[str, str]]:
    people = [replace(NADIA, quiet=None), OWNER, replace(OWNER, name="Board", step=3)]
    return [(str(one.kind), one.to) for one in due_reminders([one], already, now, people, PACE)]


TOLD = (message(NoticeKind.OPENED),)


@pytest.mark.parametrize(
    ("used", "whom"),
    [
        (0.74, []),
        (0.75, [("warned", "Nadia")]),
        (1.0, [("warned", "Nadia")]),
        (1.01, [("escalated", "Owner")]),
        (2.01, [("escalated", "Owner"), ("escalated", "Board")]),
    ],
)
@pytest.mark.parametrize("about", ["response", "restore"])
def test_those_who_know_are_reminded_then_the_next_person_is_told(about: str, used: float, whom: list[object]):
    assert climbed(clocked(used, about=about), TOLD) == whom


def test_each_step_is_told_once_for_each_promise():
    escalated = message(NoticeKind.ESCALATED, "Owner", about="response")
    past = [*TOLD, message(NoticeKind.WARNED, about="response"), escalated]
    assert climbed(clocked(0.8), past[:2]) == []
    assert climbed(clocked(1.5), past) == []
    assert climbed(clocked(0.8, about="restore"), past) == [("warned", "Nadia"), ("warned", "Owner")]


def test_a_promise_that_was_kept_climbs_no_further():
    kept = Clocks(Deadline(HOUR, HOUR, None, done_at=local(22, 10, 30)), None)
    assert climbed(case(fault(local(22, 10)), clocks=kept), TOLD) == []


def test_nothing_climbs_where_nothing_was_promised():
    assert climbed(case(fault(local(22, 10))), TOLD) == []


def test_silence_holds_back_reminders_but_not_the_next_person():
    assert climbed(clocked(0.9, silenced_until=local(22, 11, 30)), TOLD) == []
    assert climbed(clocked(1.1, silenced_until=local(22, 11, 30)), TOLD) == [("escalated", "Owner")]


def test_the_next_person_hears_of_the_opening_only_when_it_climbs_but_then_of_the_end():
    one = case(fault(local(22, 10)))
    assert [message.to for message in due_messages([one], [], local(22, 11), [NADIA, OWNER], PACE)] == ["Nadia"]
    over = case(fault(local(22, 10), restored_at=local(22, 12)))
    past = [message(NoticeKind.ESCALATED, "Owner", about="response")]
    assert [message.to for message in due_messages([over], past, local(22, 12), [OWNER], PACE)] == ["Owner"]


def test_the_lowest_step_that_is_concerned_comes_first():
    elsewhere = replace(NADIA, sites=("blida",))
    one = case(fault(local(22, 10)))
    assert [message.to for message in due_messages([one], [], local(22, 11), [elsewhere, OWNER], PACE)] == ["Owner"]


def digests(
    cases: Sequence[SiteIncident],
    now: float,
    already: Sequence[Notification] = (),
    *dates: Appointment,
    people: Sequence[Recipient] = (NADIA,),
) -> list[Notification]:
    return due_digests(News(cases, dates), already, now, people, ROUTINE)


def test_advice_and_the_night_are_one_mail_a_day():
    advice = case(fault(local(21, 12), "P4"))
    night = case(fault(local(22, 23), id="inc2", restored_at=local(23, 1)))
    [mail] = digests([advice, night], local(23, 7, 30))
    assert set(mail.mentions) == {"rouiba/inc1", "rouiba/inc2"}
    assert digests([advice, night], local(23, 7, 31), [mail]) == []
    assert digests([advice, night], local(24, 7, 30), [mail]) == [], "nothing new"


def test_no_mail_of_the_day_without_anything_to_tell():
    assert digests([case(fault(local(22, 10)))], local(23, 7, 30)) == []
    assert digests([case(fault(local(22, 10), "P4", merged_into="x"))], local(23, 7, 30)) == []


def test_advice_found_after_the_hour_waits_for_the_next_day():
    advice = case(fault(local(22, 8), "P4"))
    assert digests([advice], local(22, 9)) == []
    assert len(digests([advice], local(23, 7, 30))) == 1


def test_what_arrived_late_stands_in_the_next_mail():
    late = case(fault(local(20, 23), id="inc2", restored_at=local(21, 1)))
    known = case(fault(local(20, 12), "P4"))
    first = digests([known], local(21, 7, 30))
    [second] = digests([known, late], local(22, 7, 30), first)
    assert second.mentions == ("rouiba/inc2",)


def test_who_was_told_of_it_does_not_read_it_again():
    night = case(fault(local(22, 23), restored_at=local(23, 1)))
    assert digests([night], local(23, 7, 30), [message(NoticeKind.RESTORED)]) == []
    gone = message(NoticeKind.RESTORED, state=NoticeState.WITHDRAWN)
    assert len(digests([night], local(23, 7, 30), [gone])) == 1


def test_what_falls_due_is_told_once_before_its_day_and_again_for_the_next():
    drill = Appointment(DutyKind.RESTORE_DRILL, "ERP", on=date(2026, 12, 2))
    [first] = digests([], local(22, 7, 30), [], drill)
    assert first.mentions == (reminder(drill),)
    assert digests([], local(23, 7, 30), [first], drill) == []
    [second] = digests([], local(24, 7, 30), [first], drill, replace(drill, on=date(2027, 3, 2)))
    assert second.mentions == (reminder(replace(drill, on=date(2027, 3, 2))),)


def test_what_falls_due_at_a_site_is_told_to_those_who_care_for_it():
    here = Appointment(DutyKind.BATTERY_TEST, "Onduleur", "rouiba", on=date(2026, 12, 2))
    general = replace(here, site="", what="ERP")
    of_rouiba = replace(NADIA, name="Samir", sites=("rouiba",))
    of_oran = replace(NADIA, name="Lina", sites=("oran",))
    mails = digests([], local(22, 7, 30), [], here, general, people=[NADIA, of_rouiba, of_oran])
    assert [(mail.to, len(mail.mentions)) for mail in mails] == [("Nadia", 2), ("Samir", 1)]


def test_the_test_of_the_month_goes_to_everybody_once():
    people = [NADIA, OWNER]
    first = due_tests([], local(22, 10), people, ROUTINE)
    assert [(one.to, str(one.kind)) for one in first] == [("Nadia", "test"), ("Owner", "test")]
    assert due_tests(first, local(30, 10), people, ROUTINE) == []
    december = local(30, 10) + 86_400.0
    assert due_tests(first, december - 3 * HOUR, people, ROUTINE) == [], "not before its hour"
    assert len(due_tests(first, december, people, ROUTINE)) == 2
    assert due_tests([], local(22, 10), people, replace(ROUTINE, test_day=0)) == []


def test_those_whom_no_message_reaches_are_named():
    stuck = message(NoticeKind.TEST, state=NoticeState.PENDING, attempts=3)
    assert failed_to([stuck, stuck, message(NoticeKind.OPENED, "Owner")], local(20, 0)) == ["Nadia"]


class Writer:
    """Says no more than what kind of message it is."""

    def write(self, draft: Notification, incident: Incident) -> tuple[str, str]:
        return f"{draft.kind} {incident.id}", ""

    def gather(
        self, draft: Notification, incidents: Sequence[SiteIncident], appointments: Sequence[Appointment]
    ) -> tuple[str, str]:
        return f"{draft.kind} {len(incidents)}", ""


@dataclass
class Server:
    """A mail server that can be down."""

    down: bool = False
    got: list[Notification] = field(default_factory=list)

    def deliver(self, message: Notification) -> str:
        if self.down:
            raise UnavailableError("refused")
        self.got.append(message)
        return "250"


STEP = st.tuples(
    st.sampled_from(["wait", "worse", "better", "over", "back", "crash", "down", "up"]), st.integers(1, 20)
)


@settings(max_examples=60)
@given(st.integers(0, 23), st.sampled_from(list(Criticality)), st.lists(STEP, max_size=14))
def test_no_change_is_told_twice_and_none_is_lost_whatever_happens(
    hour: int, criticality: Criticality, steps: list[tuple[str, int]]
):
    clock, server, mailbox = FakeClock(local(20, hour)), Server(), MemoryMailbox()
    people = [NADIA, OWNER]
    now = clock.wall()
    state = {"one": fault(now, "P3")}

    def notifier() -> Notifier:
        post = Post(mailbox, {"mail": server}, people, Writer(), PACE, ROUTINE)
        return Notifier(post, lambda: [case(state["one"], criticality)], clock)

    running = notifier()
    for what, halves in [*steps, ("up", 1), *[("wait", 2)] * 26]:
        one = state["one"]
        if what in ("worse", "better"):
            state["one"] = replace(one, priority="P1" if what == "worse" else "P3")
        elif what in ("over", "back"):
            state["one"] = replace(one, restored_at=clock.wall() if what == "over" else None)
        elif what == "crash":
            running = notifier()
        server.down = what == "down" or (server.down and what != "up")
        running.step()
        running.step()
        clock.advance(halves * 1800.0)
        running.step()
    keys = [one.key for one in server.got]
    assert len(keys) == len(set(keys)), "one message was sent twice"
    about = [one for one in server.got if one.incident and one.to == "Nadia"]
    told = [(one.kind is NoticeKind.RESTORED, one.priority) for one in about]
    assert all(before != after for before, after in pairwise(told)), "the same was told again"
    assert not [one for one in mailbox.notifications() if one.state is NoticeState.PENDING]
    last = state["one"]
    if last.restored_at is None:
        assert about[-1].kind is not NoticeKind.RESTORED
        assert about[-1].priority == last.priority, "everybody knows how it stands"
    elif about:
        assert about[-1].kind is NoticeKind.RESTORED


def test_forty_days_around_a_drill_and_the_end_of_a_contract_are_one_mail_each():
    drill = Duty(DutyKind.RESTORE_DRILL, "ERP", 90, last_on=date(2026, 9, 12))
    contract = Contract("AT-1", ends_on=date(2026, 12, 20))
    clock, server = FakeClock(local(15, 10)), Server()
    post = Post(
        MemoryMailbox(),
        {"mail": server},
        [NADIA],
        Writer(),
        PACE,
        replace(ROUTINE, test_day=0),
        lambda day: agenda([drill], [contract], day),
    )
    notifier = Notifier(post, list, clock)
    got = []
    for _ in range(40 * 4):
        clock.advance(6 * HOUR)
        notifier.step()
        got += [(datetime.fromtimestamp(clock.wall(), UTC).date(), mail.mentions) for mail in server.got]
        server.got.clear()
    days = [day for day, _ in got]
    assert days == [date(2026, 11, 20), date(2026, 11, 27)], "thirty days before the 20th; fourteen before the 11th"
