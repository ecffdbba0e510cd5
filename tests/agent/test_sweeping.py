"""Sweeps: when one runs, that it never runs twice at once, and what becomes of its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from gateway.agent.sweeping import AGAIN_S, FIRST_S, NAME, Sweeping
from gateway.core.device import Park
from gateway.core.errors import UnavailableError

DAY = 86_400.0


class FakeSurvey:
    """Sweeps when it is told to."""

    def __init__(self, every_s: float | None = DAY) -> None:
        self.every_s = every_s
        self.looks = 0
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def look(self, known: Park) -> Mapping[str, Any]:
        self.looks += 1
        await self.go.wait()
        if self.error:
            raise self.error
        return {"asked": self.looks, "found": []}


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_first_sweep_comes_after_the_start_and_the_next_a_day_later() -> None:
    survey, told = FakeSurvey(), list[Mapping[str, Any]]()
    sweeping = Sweeping(survey, Park, told.append)
    survey.go.set()
    for now in (0.0, FIRST_S - 1, FIRST_S, FIRST_S + 1, DAY, FIRST_S + DAY):
        sweeping.step(now)
        await turn()
    assert [one["asked"] for one in told] == [1, 2]


async def test_sweep_that_takes_longer_than_its_interval_is_not_begun_twice() -> None:
    survey = FakeSurvey()
    sweeping = Sweeping(survey, Park, lambda _document: None)
    for now in (0.0, FIRST_S, 2 * DAY, 3 * DAY):
        sweeping.step(now)
        await turn()
    assert survey.looks == 1
    sweeping.close()
    await turn()
    assert sweeping.faults == {NAME: ""}


async def test_failed_sweep_is_a_fault_until_one_succeeds() -> None:
    survey = FakeSurvey()
    sweeping = Sweeping(survey, Park, lambda _document: None)
    survey.go.set()
    for error, fault in (
        (UnavailableError("no network"), "no network"),
        (ZeroDivisionError("a bug"), "a bug"),
        (None, ""),
    ):
        survey.error = error
        sweeping.step(0.0 if survey.looks == 0 else DAY * 10 * survey.looks)
        sweeping.step(FIRST_S + DAY * 10 * survey.looks)
        await turn()
        assert sweeping.faults == {NAME: fault}


async def test_site_that_wants_none_gets_none() -> None:
    sweeping = Sweeping(None, Park, lambda _document: None)
    sweeping.step(1e9)
    sweeping.close()
    assert sweeping.faults == {}


async def test_a_restart_is_no_reason_for_another_sweep() -> None:
    survey = FakeSurvey()
    survey.go.set()
    sweeping = Sweeping(survey, Park, lambda _document: None, age_s=DAY / 2)
    for now in (0.0, FIRST_S, DAY / 2 - 1):
        sweeping.step(now)
        await turn()
    assert survey.looks == 0
    sweeping.step(DAY / 2)
    await turn()
    assert survey.looks == 1


async def test_a_site_that_wants_none_by_itself_gets_one_when_a_person_asks_and_not_one_for_each_click() -> None:
    survey = FakeSurvey(every_s=None)
    survey.go.set()
    sweeping = Sweeping(survey, Park, lambda _document: None)
    sweeping.step(10 * DAY)
    assert (survey.looks, sweeping.possible, sweeping.running) == (0, True, False)
    for now in (0.0, 1.0, AGAIN_S - 1):
        sweeping.ask()
        assert sweeping.running
        sweeping.step(now)
        await turn()
    assert survey.looks == 1
    sweeping.step(AGAIN_S)
    await turn()
    assert (survey.looks, sweeping.running) == (2, False)
