"""The world is a pure function of time, and it obeys the laws of a real depot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.simulate import scenario
from gateway.simulate.scenario import Behaviour, Fault, Scenario, SimulatedDevice, SimulatedService
from gateway.simulate.world import DeviceState, World

LOOP = 600.0


def device(name: str, kind: str = "server", parent: str | None = None, power: str | None = None) -> SimulatedDevice:
    sim = Behaviour(ports=2, used_ports=2, battery_s=120.0, recharge_s=400.0)
    return SimulatedDevice(name, name, kind, parent, power, sim, {})


DEPOT = (
    device("ups", "ups", "core"),
    device("core", "switch", power="ups"),
    device("edge", "switch", "core"),
    device("server", "server", "edge", "ups"),
    device("printer", "printer", "edge"),
)


def world(*faults: Fault, loop_s: float | None = LOOP) -> World:
    service = SimulatedService("erp", "ERP", ("server",), {})
    return World(Scenario("test", 3, loop_s, DEPOT, (service,), faults))


def fault(kind: str, start: float, duration: float, target: str = "", **more: object) -> Fault:
    return Fault(kind, "cause", start, duration, target, **more)  # type: ignore[arg-type]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    kinds = st.sampled_from(["mains", "dead", "link", "errors", "disk"])
    faults = []
    for kind in draw(st.lists(kinds, max_size=6)):
        start = draw(st.floats(0, LOOP - 1))
        duration = draw(st.floats(0.5, max(0.5, LOOP - start)))
        target = "" if kind == "mains" else draw(st.sampled_from([d.id for d in DEPOT]))
        faults.append(fault(kind, start, min(duration, LOOP - start), target, to=5.0))
    return world(*faults, loop_s=draw(st.sampled_from([None, LOOP])))


instants = st.floats(0, 6 * LOOP)


@given(worlds(), instants)
def test_nothing_answers_behind_a_device_that_does_not(depot: World, t: float) -> None:
    for one in DEPOT:
        if one.parent is not None and not depot.answers(one.parent, t):
            assert not depot.answers(one.id, t)


@given(worlds(), instants)
def test_battery_is_never_below_empty_nor_above_full(depot: World, t: float) -> None:
    battery = depot.state("ups", t).battery
    assert battery is not None
    assert 0.0 <= battery.charge <= 100.0
    assert battery.runtime_s >= 0.0


@given(worlds(), instants, st.floats(0, 300))
def test_counters_never_fall_unless_the_device_has_booted(depot: World, t: float, later: float) -> None:
    for one in DEPOT:
        before, after = depot.state(one.id, t), depot.state(one.id, t + later)
        if after.uptime_s >= before.uptime_s:
            assert all(a <= b for a, b in zip(counters(before), counters(after), strict=True))


def counters(state: DeviceState) -> list[int]:
    return [number for port in state.ports for number in (port.received, port.sent, port.errors)]


@given(worlds(), st.lists(instants, min_size=2, max_size=4))
def test_an_instant_is_the_same_whatever_was_asked_before(depot: World, times: list[float]) -> None:
    first = [depot.state("server", t) for t in times]
    fresh = World(depot.scenario)
    assert [fresh.state("server", t) for t in reversed(times)] == list(reversed(first))


@given(worlds(), instants)
def test_fractions_stay_fractions(depot: World, t: float) -> None:
    for one in DEPOT:
        state = depot.state(one.id, t)
        assert all(0.0 <= value <= 1.0 for value in (state.cpu, state.memory, *state.volumes))


def test_mains_lost_darkens_what_has_no_ups_and_what_is_behind_it() -> None:
    depot = world(fault("mains", 60, 75))
    assert [one.id for one in DEPOT if not depot.answers(one.id, 61)] == ["edge", "server", "printer"]
    assert depot.state("server", 61).uptime_s > depot.state("server", 0).uptime_s  # it is up, only out of sight
    assert all(depot.answers(one.id, 59) for one in DEPOT)
    assert all(depot.answers(one.id, 60 + 75 + 8) for one in DEPOT)


def test_battery_falls_on_battery_and_rises_on_mains() -> None:
    depot = world(fault("mains", 60, 60))
    states = [depot.state("ups", t).battery for t in (59, 61, 90, 121, 200, 599)]
    assert [state.status for state in states if state] == [
        "OL",
        "OB DISCHRG",
        "OB DISCHRG",
        "OL CHRG",
        "OL CHRG",
        "OL",
    ]
    charges = [state.charge for state in states if state]
    assert charges[0] > charges[1] > charges[2] > charges[3] < charges[4] < charges[5] == 100.0


def test_empty_battery_takes_everything_down() -> None:
    depot = world(fault("mains", 10, 200))
    assert depot.answers("core", 129)
    assert not any(depot.answers(one.id, 131) for one in DEPOT)
    battery = depot.state("ups", 131).battery
    assert battery is not None
    assert battery.charge == 0.0


def test_reboot_resets_uptime_and_counters() -> None:
    depot = world(fault("dead", 100, 50, "edge"))
    assert depot.state("edge", 99).uptime_s > 86_400
    assert depot.state("edge", 170).uptime_s == 20.0
    assert depot.state("edge", 170).ports[0].received < depot.state("edge", 99).ports[0].received
    assert depot.state("edge", LOOP + 170).uptime_s == 20.0


def test_a_device_that_boots_does_not_answer_yet() -> None:
    depot = world(fault("dead", 100, 50, "edge"))
    assert [depot.answers("edge", t) for t in (99, 101, 149, 151, 159)] == [True, False, False, False, True]


def test_cut_cable_is_no_reboot() -> None:
    depot = world(fault("link", 100, 50, "edge"))
    assert not depot.answers("printer", 120)
    assert depot.answers("printer", 151)
    assert depot.state("edge", 151).uptime_s > 86_400


def test_service_fails_with_what_it_runs_on_and_by_itself() -> None:
    depot = world(fault("dead", 100, 50, "edge"), fault("hang", 300, 10, "erp"))
    assert [depot.service_answers("erp", t) for t in (99, 120, 200, 305, 311)] == [True, False, True, False, True]
    assert depot.answers("server", 305)


def test_scenario_is_told_once_or_in_a_loop() -> None:
    once, again = world(fault("mains", 60, 75), loop_s=None), world(fault("mains", 60, 75))
    assert once.happening(61)
    assert not once.happening(LOOP + 61)
    assert again.happening(LOOP + 61) == [(again.scenario.faults[0], LOOP + 60)]


def test_shipped_scenario_has_the_three_faults_and_repairs_them_within_ten_minutes() -> None:
    shipped = scenario.load(scenario.shipped())
    assert [one.cause for one in shipped.faults] == ["power_lost", "device_unreachable", "disk_full"]
    assert shipped.loop_s == 600
    depot = World(shipped)
    assert all(depot.answers(one.id, 599) for one in shipped.devices)
    assert [one.id for one in shipped.devices if not depot.answers(one.id, 70)] == ["sw-2", "srv-app", "prn-1"]
    assert [one.id for one in shipped.devices if not depot.answers(one.id, 250)] == ["sw-2", "srv-app", "prn-1"]
    fill = [depot.state("nas-1", t).volumes[1] for t in (389, 420, 455, 530)]
    assert fill == pytest.approx([0.80, 0.885, 0.97, 0.80])
