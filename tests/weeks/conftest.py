"""Bad weeks: scenarios in virtual time, played through the same watch as live polls."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gateway.collect.replay import Event, Round
from gateway.core.incident import Incident
from gateway.core.reading import Failure, FailureKind, Reading
from gateway.core.watch import Watch
from gateway.main.replay import Replay
from gateway.profiles.checks import all_checks
from gateway.profiles.load import shipped
from gateway.simulate import scenario as scenarios
from gateway.simulate.readings import Simulation, Span, park_of
from gateway.simulate.world import World
from gateway.wire import instant

HERE = Path(__file__).parent
START = 1_780_000_000.0
SLACK_S = 900.0


class Week:
    """One scenario, its steps and what came of them."""

    def __init__(self, name: str, *, every_s: float = 60.0, seconds: float = 86_400.0) -> None:
        self.scenario = scenarios.load(HERE / f"{name}.toml")
        self.park = park_of(self.scenario)
        self.simulation = Simulation(World(self.scenario), Span(START, seconds, every_s))
        self.steps = steps(self.simulation)
        self.faults = self.simulation.truth()["faults"]

    def play(self, given: list[Round | Event] | None = None) -> Replay:
        """All steps, or those given, through a new watch."""
        replay = Replay("site", self.park, Watch("site", self.park))
        replay.run(self.steps if given is None else given)
        return replay


def steps(simulation: Simulation) -> list[Round | Event]:
    """The lines of a simulation as the rounds and events that a recording of them would give."""
    found: list[Round | Event] = []
    for line in simulation.lines():
        at = instant(line["t"])
        if "event" in line:
            found.append(Event(at, line["event"], "", "", ""))
            continue
        last = found[-1] if found else None
        if not (isinstance(last, Round) and last.subject == line["device"] and last.at == at):
            last = Round(at, line["device"])
            found.append(last)
        if "failure" in line:
            last.failures.append(Failure(FailureKind(line["failure"]), "poll"))
        else:
            last.readings.append(Reading(line["device"], line["metric"], line["value"], at, line["instance"]))
    return found


def told(replay: Replay) -> list[Incident]:
    """Incidents above advice that no other explains, the earliest first."""
    shown = (one for one in replay.incidents.values() if not one.merged_into and one.priority < "P4")
    return sorted(shown, key=lambda one: one.opened_at)


def misses(week: Week, replay: Replay) -> list[str]:
    """What is wrong with the diagnosis: faults not found, incidents that are none, faults told in pieces."""
    wrong = []
    left = told(replay)
    for fault in week.faults:
        begin, end = instant(fault["at"]) - SLACK_S, instant(fault["until"]) + SLACK_S
        mine = [
            one
            for one in left
            if (one.cause, one.root_device) == (fault["cause"], fault["root_device"]) and begin <= one.opened_at <= end
        ]
        if not mine:
            wrong.append(f"not found: {fault}")
            continue
        left.remove(mine[0])
        if mine[0].restored_at is None or abs(mine[0].restored_at - instant(fault["until"])) > 2 * SLACK_S:
            wrong.append(f"not closed in time: {fault}")
    return wrong + [f"too much: {one.cause} {one.root_device} at +{one.opened_at - START:.0f} s" for one in left]


@pytest.fixture
def week() -> Any:
    """``week(name, every_s=, seconds=)``."""
    return Week


@pytest.fixture
def diagnose() -> Any:
    """``diagnose(week, replay)`` -> what is wrong with the diagnosis."""
    return misses


def _load(name: str) -> ModuleType:
    """A module that lies beside this one."""
    spec = importlib.util.spec_from_file_location(f"weeks_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def depots() -> ModuleType:
    """The module depots.py."""
    return _load("depots")


@pytest.fixture(scope="session")
def judge_depot() -> Callable[[Any], Any]:
    """``judge_depot(depot)`` -> its score after a replay with all checks."""
    scores = _load("scores")
    checks = all_checks(shipped())

    def judged(depot: Any) -> Any:
        replay = Replay("site", depot.park, Watch("site", depot.park, checks=checks))
        replay.run(depot.steps())
        return scores.score(replay, [one for one in depot.troubles if one.cause])

    return judged


@pytest.fixture(scope="session")
def weeks(depots: ModuleType, judge_depot: Callable[[Any], Any]) -> tuple[ModuleType, Callable[[Any], Any]]:
    """Both, for property tests."""
    return depots, judge_depot


@pytest.fixture(scope="session")
def play() -> Callable[..., Replay]:
    """``play(park, steps, before=None)``: through a new watch, which takes up the record of ``before``."""
    checks = all_checks(shipped())

    def played(park: Any, steps: list[Round | Event], before: Replay | None = None) -> Replay:
        replay = Replay("site", park, Watch("site", park, checks=checks))
        if before is not None:
            replay.incidents = dict(before.incidents)
            last = {transition.key: transition for transition in before.transitions}
            replay.watch.resume(last.values(), before.incidents.values())
        replay.run(steps)
        return replay

    return played
