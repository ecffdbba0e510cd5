"""Who is told what and when: the policy on literal incidents, and the notifier with channels that fail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import FakeClock
from gateway.core.agenda import Appointment
from gateway.core.errors import UnavailableError, VigieError
from gateway.core.incident import Incident
from web.desk.digest import Routine
from web.desk.notifier import FORGOTTEN_S, LONGEST_RETRY_S, Notifier, Post
from web.desk.notify import (
    MemoryMailbox,
    NoticeKind,
    NoticeState,
    Notification,
    Pace,
    Recipient,
    SiteIncident,
    due_messages,
    superseded,
)

NOW = 1_795_342_808.0  # 2026-11-22 10:20:08 in Algiers
NADIA = Recipient("Nadia", "mail", "nadia@example.org")
OWNER = Recipient("Owner", "webhook", "http://127.0.0.1:9/hook", sites=("rouiba",))
PACE = Pace(settle_s=20.0)


def incident(priority: str = "P1", *, age_s: float = 600.0, **more: object) -> Incident:
    fault = Incident("inc1", "device_unreachable", "sw-1", "reach.up", "", priority, NOW - age_s, NOW - age_s)
    return replace(fault, **more)  # type: ignore[arg-type]


def at(fault: Incident, site: str = "rouiba") -> list[SiteIncident]:
    return [SiteIncident(site, fault)]


def told(kind: NoticeKind = NoticeKind.OPENED, priority: str = "P1", **more: object) -> Notification:
    first = Notification("k1", kind, "rouiba", "inc1", priority, "Nadia", "mail", NADIA.address, "fr", NOW - 500)
    return replace(first, **{"state": NoticeState.DELIVERED, **more})  # type: ignore[arg-type]


def kinds(fault: Incident, already: Sequence[Notification] = (), people: Sequence[Recipient] = (NADIA,)) -> list[str]:
    return [str(message.kind) for message in due_messages(at(fault), already, NOW, people, PACE)]


def test_an_open_incident_is_told_once():
    assert kinds(incident()) == ["opened"]
    assert kinds(incident(), [told()]) == []


def test_a_fresh_incident_settles_before_anybody_is_told():
    assert kinds(incident(age_s=19.0)) == []
    assert kinds(incident(age_s=20.0)) == ["opened"]


def test_more_symptoms_are_no_message():
    assert kinds(incident(services=("till", "stock"), symptoms=()), [told()]) == []


def test_a_change_of_priority_is_told_both_ways():
    assert kinds(incident("P1"), [told(priority="P2")]) == ["changed"]
    assert kinds(incident("P3"), [told(priority="P2")]) == ["changed"]


def test_advice_is_never_sent_nor_is_a_fall_to_it():
    assert kinds(incident("P4")) == []
    assert kinds(incident("P4"), [told(priority="P3")]) == []


def test_the_end_is_told_to_those_who_know_the_beginning():
    over = incident("P3", restored_at=NOW - 10)
    assert kinds(over, [told(priority="P3")]) == ["restored"]
    assert kinds(over, [told(priority="P3"), told(NoticeKind.RESTORED, "P3", key="k2")]) == []
    assert kinds(over) == []


def test_an_urgent_incident_that_was_over_when_it_arrived_is_one_message():
    assert kinds(incident("P2", restored_at=NOW - 3600)) == ["restored"]
    assert kinds(incident("P2", age_s=200_000, restored_at=NOW - 90_000)) == []


def test_an_incident_explained_by_another_is_not_told():
    assert kinds(incident(merged_into="inc0")) == []
    assert kinds(incident(merged_into="inc0", restored_at=NOW), [told()]) == []


def test_a_fault_that_comes_back_is_told_again():
    again = [told(), told(NoticeKind.RESTORED, key="k2")]
    assert kinds(incident(), again) == ["opened"]


def test_people_are_told_of_their_sites_and_priorities_only():
    assert due_messages(at(incident(), "blida"), [], NOW, [OWNER], PACE) == []
    urgent = replace(NADIA, lowest="P1")
    assert kinds(incident("P2"), people=[urgent]) == []
    assert kinds(incident("P1"), people=[urgent]) == ["opened"]


def test_the_most_urgent_comes_first():
    faults = [SiteIncident("b", incident("P3")), SiteIncident("a", incident("P1", id="inc2"))]
    assert [message.priority for message in due_messages(faults, [], NOW, [NADIA], PACE)] == ["P1", "P3"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (incident(merged_into="inc0"), "explained by incident inc0"),
        (incident(restored_at=NOW), "over before it could be delivered"),
        (incident("P3"), "priority changed"),
    ],
)
def test_an_undelivered_message_that_is_no_longer_true_is_withdrawn(fault: Incident, reason: str):
    [gone] = superseded(at(fault), [told(state=NoticeState.PENDING)])
    assert (gone.state, gone.error) == (NoticeState.WITHDRAWN, reason)
    assert superseded(at(fault), [told()]) == []


def test_what_was_never_delivered_is_told_as_it_stands_now():
    gone = told(state=NoticeState.WITHDRAWN, priority="P2")
    assert kinds(incident("P1"), [gone]) == ["opened"]
    assert kinds(incident("P1", restored_at=NOW), [gone]) == ["restored"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["P1", "P2", "P3", "P4"]), st.booleans(), st.sampled_from(["", "inc0"]), st.booleans()
        ),
        max_size=12,
    )
)
def test_whatever_happens_a_second_look_makes_nothing_more(steps: list[tuple[str, bool, str, bool]]):
    history: list[Notification] = []
    for priority, over, into, delivered in steps:
        fault = incident(priority, restored_at=NOW - 1 if over else None, merged_into=into)
        gone = {message.key: message for message in superseded(at(fault), history)}
        history = [gone.get(message.key, message) for message in history]
        made = due_messages(at(fault), history, NOW, [NADIA], PACE)
        history += made
        assert len(made) <= 1
        assert due_messages(at(fault), history, NOW, [NADIA], PACE) == []
        assert superseded(at(fault), history) == []
        if delivered:
            history = [
                replace(one, state=NoticeState.DELIVERED) if one.state is NoticeState.PENDING else one
                for one in history
            ]
    assert len({message.key for message in history}) == len(history)


@dataclass
class ScriptedChannel:
    """Fails as often as it is told, then delivers; keeps what it was given."""

    failures: list[VigieError] = field(default_factory=list)
    got: list[Notification] = field(default_factory=list)

    def deliver(self, message: Notification) -> str:
        self.got.append(message)
        if self.failures:
            raise self.failures.pop(0)
        return "250 queued"


class PlainWriter:
    """Says no more than what kind of message it is."""

    def write(self, draft: Notification, incident: Incident) -> tuple[str, str]:
        return f"{draft.kind} {incident.cause}", "text"

    def gather(
        self, draft: Notification, incidents: Sequence[SiteIncident], appointments: Sequence[Appointment]
    ) -> tuple[str, str]:
        return f"{draft.kind} {len(incidents)}", "text"


@dataclass
class Desk:
    """A notifier with everything round it."""

    faults: list[SiteIncident]
    people: Sequence[Recipient] = (NADIA,)
    mail: ScriptedChannel = field(default_factory=ScriptedChannel)
    hook: ScriptedChannel = field(default_factory=ScriptedChannel)
    mailbox: MemoryMailbox = field(default_factory=MemoryMailbox)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    routine: Routine | None = None

    def notifier(self) -> Notifier:
        post = Post(
            self.mailbox,
            {"mail": self.mail, "webhook": self.hook},
            self.people,
            PlainWriter(),
            PACE,
            self.routine,
        )
        return Notifier(post, lambda: self.faults, self.clock)


def test_a_delivered_message_keeps_its_proof():
    desk = Desk(at(incident()))
    assert desk.notifier().step() == 1
    [kept] = desk.mailbox.notifications()
    assert (kept.state, kept.proof, kept.attempts, kept.delivered_at) == (NoticeState.DELIVERED, "250 queued", 1, NOW)
    assert kept.subject == "opened device_unreachable"


def test_a_restart_sends_nothing_twice():
    desk = Desk(at(incident()))
    desk.notifier().step()
    desk.notifier().step()
    assert len(desk.mail.got) == 1


def test_a_refused_mail_server_is_tried_again_later_and_loses_nothing():
    desk = Desk(at(incident()), mail=ScriptedChannel([UnavailableError("refused"), UnavailableError("refused")]))
    notifier = desk.notifier()
    for wait, attempts in ((29.0, 1), (1.0, 2), (59.0, 2)):
        notifier.step()
        desk.clock.advance(wait)
        assert len(desk.mail.got) == attempts - (wait == 1.0)
    [waiting] = desk.mailbox.notifications()
    assert (waiting.state, waiting.error) == (NoticeState.PENDING, "refused")
    desk.clock.advance(1.0)
    assert notifier.step() == 1
    assert desk.mailbox.notifications()[0].attempts == 3


def test_a_refused_mail_server_holds_up_no_webhook_and_is_asked_once_a_round():
    faults = [SiteIncident("rouiba", incident()), SiteIncident("rouiba", incident("P2", id="inc2"))]
    desk = Desk(faults, (NADIA, OWNER), ScriptedChannel([UnavailableError("no route")] * 9))
    assert desk.notifier().step() == 2
    assert len(desk.mail.got) == 1
    assert [message.incident for message in desk.hook.got] == ["inc1", "inc2"]


def test_a_refused_address_holds_up_no_other_on_the_same_server():
    other = replace(NADIA, name="Karim", address="karim@example.org")
    desk = Desk(at(incident()), (NADIA, other), ScriptedChannel([VigieError("550 no such user")]))
    assert desk.notifier().step() == 1
    refused, delivered = desk.mailbox.notifications()
    assert (refused.error, refused.next_at - NOW) == ("550 no such user", LONGEST_RETRY_S)
    assert delivered.state is NoticeState.DELIVERED


def test_the_wait_between_attempts_is_never_longer_than_an_hour():
    desk = Desk(at(incident()), mail=ScriptedChannel([UnavailableError("down")] * 40))
    notifier = desk.notifier()
    for _ in range(40):
        notifier.step()
        [waiting] = desk.mailbox.notifications()
        assert 0 < waiting.next_at - desk.clock.wall() <= LONGEST_RETRY_S
        desk.clock.advance(waiting.next_at - desk.clock.wall())
    assert notifier.step() == 1


def test_after_a_long_failure_people_get_one_message_not_the_whole_story():
    desk = Desk(at(incident("P2")), mail=ScriptedChannel([UnavailableError("down")] * 2))
    notifier = desk.notifier()
    notifier.step()
    desk.faults = at(incident("P1"))
    notifier.step()
    desk.faults = at(incident("P1", restored_at=NOW))
    desk.clock.advance(4000.0)
    notifier.step()
    assert [str(one.state) for one in desk.mailbox.notifications()] == ["withdrawn", "withdrawn", "delivered"]
    assert desk.mail.got[-1].kind is NoticeKind.RESTORED


def test_a_message_that_somebody_else_put_into_the_mailbox_is_delivered():
    desk = Desk([])
    notifier = desk.notifier()
    notifier.step()
    desk.mailbox.keep([told(NoticeKind.REPORT, state=NoticeState.PENDING, site="", incident="report 2026-W47")])
    assert notifier.step() == 1
    assert notifier.step() == 0


def test_a_fault_that_outlasts_what_is_held_in_memory_is_told_once_and_so_is_its_end():
    desk = Desk(at(incident()))
    notifier = desk.notifier()
    notifier.step()
    desk.clock.advance(FORGOTTEN_S + 60.0)
    assert notifier.step() == 0
    assert len(desk.mailbox.notifications()) == 1
    desk.faults = at(incident(restored_at=desk.clock.wall() - 1))
    assert notifier.step() == 1
    assert desk.mail.got[-1].kind is NoticeKind.RESTORED


def test_a_channel_that_is_not_set_up_is_said():
    desk = Desk(at(incident()), (replace(NADIA, channel="pigeon"),))
    assert desk.notifier().step() == 0
    assert "pigeon" in desk.mailbox.notifications()[0].error
