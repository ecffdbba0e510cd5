"""The panel's policy: which light for which incidents, and what a press means."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.alert.policy import ALARM_S, SILENCE_S, pressed, signal
from gateway.core.incident import Cause, ChangeKind, Incident, Priority, apply
from gateway.ports import Signal

NOW = 1_780_000_000.0


def an_incident(priority: str = "P1", cause: str = "service_down", **facts: object) -> Incident:
    known = {"opened_at": NOW - 60, "detected_at": NOW - 30} | facts
    return Incident(
        id=str(known.pop("id", "one")),
        cause=cause,
        root_device=str(known.pop("root_device", "srv-1")),
        root_metric="reach.up",
        root_instance="",
        priority=priority,
        **known,  # type: ignore[arg-type]
    )


def shown(*incidents: Incident, linked: bool = True, now: float = NOW, **more: object) -> Signal:
    return signal(incidents, linked=linked, now=now, **more)  # type: ignore[arg-type]


def test_nothing_open_is_green_and_silent() -> None:
    assert shown() == Signal("green", "steady", "off")


def test_no_link_to_headquarters_is_blue_only_while_nothing_is_worse() -> None:
    assert shown(linked=False) == Signal("blue", "slow", "off")
    assert shown(an_incident("P3"), linked=False).light == "amber"
    assert shown(linked=False, unknown=True).light == "amber"


@pytest.mark.parametrize("priority", ["P1", "P2"])
def test_an_urgent_incident_nobody_has_taken_is_red_fast_with_alarm(priority: str) -> None:
    assert shown(an_incident(priority)) == Signal("red", "fast", "alarm")


def test_the_alarm_becomes_a_reminder_after_a_quarter_of_an_hour() -> None:
    incident = an_incident(detected_at=NOW)
    assert shown(incident, now=NOW + ALARM_S - 1).buzzer == "alarm"
    assert shown(incident, now=NOW + ALARM_S) == Signal("red", "fast", "warning")


@pytest.mark.parametrize("fact", ["acknowledged_at", "intervention_at"])
def test_red_is_steady_and_silent_once_somebody_is_on_it(fact: str) -> None:
    assert shown(an_incident(**{fact: NOW - 5})) == Signal("red", "steady", "off")


def test_one_incident_nobody_has_taken_outweighs_one_that_is_handled() -> None:
    assert shown(an_incident(acknowledged_at=NOW), an_incident("P2", id="two")) == Signal("red", "fast", "alarm")


def test_a_fault_for_this_week_is_amber_and_silent() -> None:
    assert shown(an_incident("P3", "disk_full")) == Signal("amber", "slow", "off")


def test_paperwork_and_advice_light_nothing() -> None:
    assert shown(an_incident("P3", "certificate_expiring"), an_incident("P4", "anomaly")) == Signal("green")


def test_what_cannot_be_judged_is_never_green() -> None:
    assert shown(unknown=True) == Signal("amber", "double", "off")


def test_restored_and_explained_incidents_light_nothing() -> None:
    assert shown(an_incident(restored_at=NOW), an_incident(merged_into="other")) == Signal("green")


def test_a_short_press_silences_for_half_an_hour_and_a_new_incident_sounds_again() -> None:
    first = an_incident(detected_at=NOW)
    (change,) = pressed("short", [first], NOW)
    assert (change.kind, change.who, change.until) == (ChangeKind.SILENCED, "panel", NOW + SILENCE_S)
    first = apply(first, change)
    assert shown(first, now=NOW + 60) == Signal("red", "fast", "off")
    assert shown(first, an_incident(id="two"), now=NOW + 60).buzzer == "alarm"
    assert shown(first, now=NOW + SILENCE_S).buzzer == "warning"


def test_a_press_does_not_silence_what_could_not_be_heard_then() -> None:
    quiet = an_incident("P3")
    assert pressed("short", [quiet, an_incident(acknowledged_at=NOW), an_incident(restored_at=NOW)], NOW) == []
    assert shown(dataclasses.replace(quiet, priority="P1")).buzzer == "alarm"


def test_a_long_press_acknowledges_what_lights_the_panel_in_its_name() -> None:
    incidents = [an_incident(), an_incident("P3", id="two"), an_incident("P4", id="advice")]
    changes = pressed("long", incidents, NOW)
    assert [(change.incident, change.kind, change.who, change.at) for change in changes] == [
        ("one", ChangeKind.ACKNOWLEDGED, "panel", NOW),
        ("two", ChangeKind.ACKNOWLEDGED, "panel", NOW),
    ]
    assert shown(apply(incidents[0], changes[0])) == Signal("red", "steady", "off")


moments = st.none() | st.floats(NOW - 5000, NOW + 5000)
incidents = st.builds(
    an_incident,
    priority=st.sampled_from([str(priority) for priority in Priority]),
    cause=st.sampled_from([str(cause) for cause in Cause]),
    id=st.uuids().map(str),
    detected_at=st.floats(NOW - 5000, NOW),
    acknowledged_at=moments,
    intervention_at=moments,
    silenced_until=moments,
    restored_at=moments,
)


@given(st.lists(incidents, max_size=8), st.booleans(), st.booleans())
def test_urgent_and_open_is_always_red_and_only_then_is_the_buzzer_on(
    some: list[Incident], linked: bool, unknown: bool
) -> None:
    result = shown(*some, linked=linked, unknown=unknown)
    urgent = [incident for incident in some if incident.open and incident.priority in ("P1", "P2")]
    assert (result.light == "red") == bool(urgent)
    if result.buzzer != "off":
        assert result.light == "red"
        assert result.blink == "fast"


@given(st.lists(incidents, max_size=8, unique_by=lambda incident: incident.id), st.floats(0, SILENCE_S - 1))
def test_after_a_short_press_the_buzzer_is_silent_for_the_whole_half_hour(some: list[Incident], later: float) -> None:
    changes = {change.incident: change for change in pressed("short", some, NOW)}
    after = [apply(incident, changes[incident.id]) if incident.id in changes else incident for incident in some]
    assert shown(*after, now=NOW + later).buzzer == "off"


@given(st.lists(incidents, max_size=8, unique_by=lambda incident: incident.id))
def test_after_a_long_press_nothing_blinks_fast(some: list[Incident]) -> None:
    changes = {change.incident: change for change in pressed("long", some, NOW)}
    after = [apply(incident, changes[incident.id]) if incident.id in changes else incident for incident in some]
    result = shown(*after)
    assert result.blink != "fast"
    assert result.light == shown(*some).light


@given(st.lists(incidents, max_size=6), st.randoms())
def test_the_order_of_incidents_does_not_matter(some: list[Incident], random: object) -> None:
    mixed = list(some)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert shown(*mixed) == shown(*some)
