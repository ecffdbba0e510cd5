"""What follows from the facts: which state is shown, which incident comes first, what the last day looked like."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from site_example import NOW, Example

from gateway.core.incident import Transition, Verdict
from gateway.ports import CurrentVerdict
from web.common import Formats, Language
from web.common.states import State, state_of, worst_state
from web.site.facts import Facts, gather, hourly
from web.site.views import status_view

HOUR = 3600.0
FORMATS = Formats(Language(), ZoneInfo("Africa/Algiers"))


def facts(scene: str, now: float = NOW) -> Facts:
    return gather(Example(scene).sources(), now)


def test_six_states_are_told_apart_by_verdict_and_by_who_is_on_it() -> None:
    now = facts("down")
    shown = {name: now.state(name) for name in ("caisse", "secours", "etiquettes", "entrepot", "internet")}
    assert shown == {
        "caisse": State.HANDLED,
        "secours": State.WATCH,
        "etiquettes": State.UNKNOWN,
        "entrepot": State.MAINTENANCE,
        "internet": State.OK,
    }


def test_services_come_worst_first_then_most_critical() -> None:
    assert facts("down").services == ["caisse", "secours", "etiquettes", "entrepot", "stock", "internet"]


def test_nothing_is_shown_as_true_that_is_older_than_a_minute() -> None:
    assert not facts("ok", NOW + 60).stale
    old = facts("ok", NOW + 61)
    assert old.stale
    assert {old.state(name) for name in old.services} == {State.UNKNOWN}


def test_no_status_at_all_is_stale_not_well() -> None:
    assert Facts(facts("ok").card, facts("ok").park, NOW, {}).stale


def test_incident_nobody_owns_comes_before_one_that_is_handled() -> None:
    handled, warm = facts("down").open
    assert handled.root_device == "srv-1"
    alone = replace(warm, priority="P1", acknowledged_by="")
    mixed = replace(facts("down"), incidents=(handled, alone))
    assert mixed.open[0] == alone


def test_model_signal_alone_is_never_red() -> None:
    now = facts("down")
    advisory = replace(now.open[0], priority="P4", acknowledged_by="")
    assert now.incident_state(advisory) is State.WATCH


def test_only_services_that_stand_still_count_as_stopped() -> None:
    now = facts("power")
    assert now.open[0].services == ("caisse", "etiquettes")
    assert now.stopped(now.open[0]) == []
    assert facts("down").stopped(facts("down").open[0]) == ["caisse"]


def test_clocks_run_in_opening_hours_against_the_criticality_that_is_hit() -> None:
    both = facts("down").clocks(facts("down").open[0])
    assert both.response is not None
    assert both.restore is not None
    assert (both.response.used_s, both.response.tone) == (600.0, "ok")
    assert both.restore.due_at == NOW - 37 * 60 + 4 * HOUR
    assert not both.restore.missed


@pytest.mark.parametrize("word", ["ok", "warning", "critical", "unknown", "maintenance", "nonsense"])
def test_every_verdict_has_a_state_and_nonsense_is_unknown(word: str) -> None:
    assert (state_of(word) is State.UNKNOWN) == (word in ("unknown", "nonsense"))
    assert state_of(word, handled=True) is (State.HANDLED if word == "critical" else state_of(word))


def test_worst_of_nothing_is_unknown() -> None:
    assert worst_state([]) is State.UNKNOWN
    assert worst_state([State.OK, State.UNKNOWN, State.MAINTENANCE]) is State.UNKNOWN


def change(before: Verdict, after: Verdict, at: float, metric: str = "reach.up") -> Transition:
    return Transition("x", metric, "", before, after, at, at)


def test_strip_shows_the_worst_of_each_clock_hour() -> None:
    now = (NOW // HOUR) * HOUR + 1200
    seen = [
        change(Verdict.OK, Verdict.CRITICAL, now - 3 * HOUR),
        change(Verdict.CRITICAL, Verdict.OK, now - 3 * HOUR + 300),
    ]
    strip = hourly(seen, [CurrentVerdict("x", "reach.up", "", Verdict.OK, now - 3 * HOUR + 300)], now)
    assert [index for index, state in enumerate(strip) if state is State.DOWN] == [20]
    assert set(strip) == {State.OK, State.DOWN}


def test_strip_of_what_was_never_judged_is_unknown() -> None:
    assert hourly([], [], NOW) == [State.UNKNOWN] * 24


def test_strip_does_not_move_within_an_hour() -> None:
    start = (NOW // HOUR) * HOUR
    bad = [change(Verdict.OK, Verdict.WARNING, start - 5 * HOUR)]
    verdicts = [CurrentVerdict("x", "reach.up", "", Verdict.WARNING, start - 5 * HOUR)]
    assert hourly(bad, verdicts, start + 10) == hourly(bad, verdicts, start + 3590)


@given(st.lists(st.tuples(st.floats(min_value=0, max_value=23.9), st.sampled_from(list(Verdict))), max_size=8))
def test_strip_always_has_a_day_and_ends_with_the_verdict_in_force(steps: list[tuple[float, Verdict]]) -> None:
    now = (NOW // HOUR) * HOUR + 1800
    seen, before = [], Verdict.OK
    for ago, after in sorted(steps, key=lambda step: -step[0]):
        seen.append(change(before, after, now - ago * HOUR))
        before = after
    strip = hourly(seen, [CurrentVerdict("x", "reach.up", "", before, now)], now)
    assert len(strip) == 24
    assert strip[-1].rank >= state_of(before).rank


def test_bad_verdict_without_an_incident_yet_is_not_called_well() -> None:
    now = replace(facts("down"), incidents=())
    assert status_view(now, Example("down").sources(), FORMATS)["state"] is State.WATCH
    assert status_view(facts("ok"), Example("ok").sources(), FORMATS)["state"] is State.OK
