"""Rations, tallies and who speaks from which address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.device import GATEWAY, Device, Kind
from gateway.core.heard import OTHER, WINDOW_S, Heard, Tally, senders, storms, witnesses
from gateway.core.incident import Change, ChangeKind, Symptom
from gateway.core.inventory import EntryKind
from gateway.core.ration import Rate, Ration

_moments = st.lists(st.tuples(st.integers(0, 5), st.floats(0, 3)), max_size=200)


@settings(derandomize=True)
@given(_moments)
def test_no_source_gets_more_than_its_burst_and_its_rate(moments: list[tuple[int, float]]) -> None:
    ration = Ration(Rate(2.0, 5.0), Rate(1e9, 1e9))
    admitted, now = dict.fromkeys(range(6), 0), 0.0
    for source, pause in moments:
        now += pause
        admitted[source] += ration.admit(source, now)
    assert max(admitted.values()) <= 5.0 + 2.0 * now


@settings(derandomize=True)
@given(_moments)
def test_everything_is_admitted_or_counted(moments: list[tuple[int, float]]) -> None:
    ration = Ration(Rate(1.0, 2.0), Rate(3.0, 6.0), sources=3)
    now, admitted = 0.0, 0
    for source, pause in moments:
        now += pause
        admitted += ration.admit(source, now)
    assert admitted + sum(ration.dropped().values()) == len(moments)
    assert ration.dropped() == {}


def test_forged_sources_take_neither_memory_nor_more_than_the_rate_of_all() -> None:
    ration = Ration(Rate(10.0, 100.0), Rate(100.0, 1000.0), sources=64)
    assert sum(ration.admit(f"10.{n >> 8}.{n & 255}.1", 0.0) for n in range(20_000)) == 1000
    assert len(ration.dropped()) <= 65
    assert len(ration._buckets) <= 64


def test_quiet_source_is_not_starved_by_a_loud_one() -> None:
    ration = Ration(Rate(10.0, 100.0), Rate(100.0, 1000.0))
    for _ in range(5000):
        ration.admit("loud", 0.0)
    assert ration.admit("quiet", 0.0)


def test_the_box_is_no_sender_and_an_address_may_stand_for_several() -> None:
    known = senders([Device(GATEWAY, "Vigie", Kind.GATEWAY, "10.0.0.1"), Device("a", "A", address="10.0.0.2"),
                     Device("b", "B", address="10.0.0.2"), Device("c", "C")])  # fmt: skip
    assert known == {"10.0.0.2": ("a", "b")}
    assert Heard(0.0, "trap", "10.0.0.2", "", known["10.0.0.2"]).device == ""


def test_storm_is_one_line_with_its_count() -> None:
    (line,) = storms("syslog", {"10.0.0.2": 4312}, {"10.0.0.2": ("a",)}, 5.0)
    assert (line.event, line.count, line.devices, line.at) == ("storm", 4312, ("a",), 5.0)
    assert "4312" in line.text


def said(event: str, channel: str = "syslog", *, at: float = 60.0, part: str = "") -> Heard:
    return Heard(at, channel, "10.0.0.2", "text", ("a",), event, part=part)


def told(tally: Tally, at: float) -> dict[tuple[str, str], float | str]:
    return {(r.metric, r.instance): r.value for r in tally.readings("a", at)}


def test_events_are_counted_over_a_quarter_of_an_hour_and_told_as_zero_from_then_on() -> None:
    tally = Tally()
    for at in (60.0, 120.0, 600.0):
        tally.add(said("disk", at=at))
    tally.add(said("linkDown", "trap"))
    assert told(tally, 610.0) == {("log.events", "disk"): 3.0, ("trap.events", "linkDown"): 1.0}
    assert told(tally, 60.0 + WINDOW_S) == {("log.events", "disk"): 2.0, ("trap.events", "linkDown"): 0.0}
    assert told(tally, 9000.0) == {("log.events", "disk"): 0.0, ("trap.events", "linkDown"): 0.0}
    assert list(tally.readings("b", 610.0)) == []


def test_the_loudest_port_counts_and_not_all_ports_together() -> None:
    tally = Tally()
    for port in range(20):
        tally.add(said("link", part=f"Gi0/{port}"))
    tally.add(said("link", part="Gi0/7"))
    (reading,) = tally.readings("a", 61.0)
    assert (reading.value, reading.label) == (2.0, "Gi0/7")


def test_line_without_event_and_word_of_a_stranger_are_no_readings() -> None:
    tally = Tally()
    tally.add(said(""))
    tally.add(Heard(60.0, "syslog", "10.9.9.9", "text", (), "disk"))
    assert told(tally, 61.0) == {}


def test_number_of_series_and_of_minutes_is_bounded_whatever_a_device_sends() -> None:
    tally = Tally(kinds=4)
    for number in range(100):
        tally.add(said(f"1.3.6.1.4.1.{number}", "trap", part=str(number)))
    assert len(told(tally, 61.0)) == 5
    assert told(tally, 61.0)["trap.events", OTHER] == 92.0
    for minute in range(5000):
        tally.add(said("1.3.6.1.4.1.0", "trap", at=60.0 * minute))
    assert max(len(m) for k in tally._counts.values() for parts in k.values() for m in parts.values()) <= 16


def opened(**known: Any) -> Change:
    change = Change("i1", ChangeKind.OPENED, 980.0, 1000.0, root_device="nas-1", root_metric="reach.up")
    return replace(change, **known)


def spoken(at: float, text: str = "x", device: str = "nas-1", event: str = "disk", *, hasten: bool = True) -> Heard:
    return Heard(at, "syslog", "10.0.0.5", text, (device,), event, hasten)


def test_lines_that_made_a_device_be_asked_are_kept_with_the_incident_they_led_to() -> None:
    lines = [
        spoken(600.0, "long ago"),
        spoken(990.0, "kernel: I/O error"),
        spoken(991.0, "chatter", event="", hasten=False),
        spoken(992.0, "of another", device="sw-1"),
        spoken(1001.0, "afterwards"),
    ]
    (entry,) = witnesses(opened(), lines)
    assert (entry.kind, entry.subject, entry.at) == (EntryKind.HEARD, "i1", 990.0)
    assert dict(entry.body) == {
        "device": "nas-1", "channel": "syslog", "source": "10.0.0.5", "event": "disk", "text": "kernel: I/O error",
        "count": 1,
    }  # fmt: skip


def test_lines_that_were_counted_are_kept_as_long_as_they_are_counted() -> None:
    change = opened(
        root_metric="log.events", root_instance="login", symptoms=(Symptom("sw-1", "trap.events", "linkDown"),)
    )
    lines = [spoken(200.0, event="login", hasten=False), spoken(50.0, event="login", hasten=False),
             spoken(300.0, device="sw-1", event="linkDown")]  # fmt: skip
    assert [one.at for one in witnesses(change, lines)] == [200.0, 300.0]


def test_what_explains_nothing_keeps_nothing_and_what_is_kept_is_bounded() -> None:
    lines = [spoken(900.0 + number, "y" * 5000) for number in range(50)]
    assert witnesses(opened(kind=ChangeKind.ACKNOWLEDGED), lines) == []
    kept = witnesses(opened(), lines)
    assert (len(kept), kept[-1].at, len(kept[0].body["text"])) == (10, 949.0, 400)
