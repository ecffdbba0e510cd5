"""What helped before: from like cases only, with evidence, silent below three."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.device import Device, Kind, Park
from gateway.core.incident import Cause, Change, ChangeKind, Incident, Symptom, fold
from gateway.core.proposals import by_itself, evidence, like_cases, proposals, recurrence_of

DAY = 86_400.0
NOW = 1_795_000_000.0
PARK = Park(
    [
        Device("sw-1", "Switch quai", Kind.SWITCH, vendor="Acme", model="S24"),
        Device("sw-2", "Switch bureau", Kind.SWITCH, vendor="Acme", model="S24"),
        Device("printer", "Imprimante", Kind.PRINTER),
    ]
)


def incident(
    days_ago: float,
    *doings: tuple[ChangeKind, str],
    root: str = "sw-1",
    cause: str = Cause.LINK_DOWN,
    lasted: float = 1800,
) -> Incident:
    at = NOW - days_ago * DAY
    name = f"{cause}-{root}-{days_ago}"
    opened = Change(
        name,
        ChangeKind.OPENED,
        at,
        at + 60,
        cause=cause,
        root_device=root,
        root_metric="hw.network.up",
        root_instance="7",
        priority="P3",
        symptoms=(Symptom(root, "hw.network.up", "7"),),
    )
    story = [opened, *(Change(name, kind, at + 600, at + 600, "Karim", text) for kind, text in doings)]
    if days_ago:
        story.append(Change(name, ChangeKind.RESTORED, at + lasted, at + lasted))
    return fold(story)[name]


def note(text: str) -> tuple[ChangeKind, str]:
    return (ChangeKind.NOTE, text)


PAST = [
    incident(10, note("câble remplacé"), lasted=1800),
    incident(20, note("Cable remplacé."), lasted=3600),
    incident(30, note("redémarré le switch"), lasted=7200),
]


def test_two_like_cases_propose_nothing() -> None:
    assert proposals(incident(0), PAST[:2], PARK) == []


def test_what_was_done_most_is_proposed_with_its_evidence() -> None:
    (best,) = proposals(incident(0), PAST, PARK)
    assert best.action == "câble remplacé"
    assert [one.incident.id for one in best.cases] == [PAST[0].id, PAST[1].id]
    assert (best.of, best.median_s) == (3, 2700.0)
    texts = [evidence(best, "Africa/Algiers", language) for language in ("fr", "ar", "en")]
    assert texts == [
        "2 fois sur 3 cas ; durée habituelle : 45 minutes ; la dernière fois le 8 novembre 2026 ; même appareil : 2",
        "2 من أصل 3 حالات؛ المدة المعتادة: 45 دقيقة؛ آخر مرة يوم 8 نوفمبر 2026؛ الجهاز نفسه: 2",
        "2 of 3 cases; usual duration: 45 minutes; last on 8 November 2026; same device: 2",
    ]


def test_another_cause_another_kind_and_what_still_lasts_are_no_like_cases() -> None:
    others = [
        incident(5, cause=Cause.PORT_ERRORS),
        incident(6, root="printer"),
        fold([*incident(7).story[:1]])["link_down-sw-1-7"],
    ]
    assert like_cases(incident(0), others, PARK) == []


def test_the_same_device_is_more_like_than_one_of_its_family() -> None:
    family = incident(3, root="sw-2")
    likes = like_cases(incident(0), [family, PAST[2]], PARK)
    assert [one.incident.id for one in likes] == [PAST[2].id, family.id]
    assert [one.same_device for one in likes] == [True, False]


def test_ticked_steps_are_proposed_by_their_id() -> None:
    past = [incident(days, (ChangeKind.TICKED, "look"), (ChangeKind.TICKED, "cable")) for days in (4, 5, 6)]
    (best,) = proposals(incident(0), past, PARK)
    assert (best.step, best.action, len(best.cases)) == ("cable", "", 3)


def test_what_went_by_itself_is_said_so() -> None:
    (best,) = proposals(incident(0), [incident(days) for days in (4, 5, 6)], PARK)
    assert (best.action, best.step, len(best.cases)) == ("", "", 3)
    assert by_itself("fr").startswith("Attendre")


def test_notes_of_machines_and_late_ones_are_no_action() -> None:
    def cases(who: str, after: float) -> list[Incident]:
        found = []
        for one in (incident(days) for days in (4, 5, 6)):
            at = (one.restored_at or 0.0) + after
            found.append(fold([*one.story, Change(one.id, ChangeKind.NOTE, at, at, who, "câble")])[one.id])
        return found

    assert proposals(incident(0), cases("Karim", 3600), PARK)[0].action == "câble"
    assert proposals(incident(0), cases("gateway", 3600), PARK)[0].action == ""
    assert proposals(incident(0), cases("Karim", 13 * 3600), PARK)[0].action == ""


@pytest.mark.parametrize(("days", "found"), [(179, 1), (181, 0)])
def test_the_same_failure_counts_for_180_days(days: float, found: int) -> None:
    assert len(recurrence_of(incident(0), [incident(days)])) == found


def test_recurrences_come_newest_first_and_only_of_the_same_failure() -> None:
    past = [incident(30), incident(10), incident(5, root="sw-2"), incident(4, cause=Cause.PORT_ERRORS)]
    assert [one.id for one in recurrence_of(incident(0), past)] == ["link_down-sw-1-10", "link_down-sw-1-30"]


@given(st.permutations(PAST))
def test_the_order_of_the_past_does_not_matter(past: list[Incident]) -> None:
    assert proposals(incident(0), past, PARK) == proposals(incident(0), PAST, PARK)


def test_the_same_cause_in_another_part_of_the_device_is_another_failure() -> None:
    here, there = incident(0, cause=Cause.PORT_ERRORS), incident(5, cause=Cause.PORT_ERRORS)
    assert recurrence_of(here, [there]) == [there]
    assert recurrence_of(here, [replace(there, root_instance="8")]) == []
    hot, elsewhere = incident(0, cause=Cause.OVERHEATING), incident(5, cause=Cause.OVERHEATING)
    assert recurrence_of(hot, [replace(elsewhere, root_instance="CPU 2")]) != []  # where a sensor sits is no part


def test_a_step_that_was_unticked_helped_nobody() -> None:
    step = (ChangeKind.TICKED, "link_down/cable")
    past = [incident(days, step, (ChangeKind.UNTICKED, "link_down/cable")) for days in (3, 6, 9)]
    assert [one.step for one in proposals(incident(0), past, PARK)] == [""]
