"""Walking and asking, against sessions that misbehave: each ends in less data or a named failure, and soon."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.collect.snmp_ask import (
    AskError,
    Binding,
    Habits,
    Limits,
    RecordedSession,
    RejectedError,
    TooBigError,
    Walk,
    first_below,
    get_all,
)
from gateway.core.reading import FailureKind
from gateway.profiles.recording import Oid, Tag, Value


def table(columns: int, rows: int) -> dict[Oid, Value]:
    return {(1, 3, 9, column, row): Value(Tag.INTEGER, row) for column in range(columns) for row in range(1, rows + 1)}


def columns(count: int) -> list[Oid]:
    return [(1, 3, 9, column) for column in range(count)]


class Twisted(RecordedSession):
    """A recorded agent whose answers are twisted by a function of (oids, repetitions, answer)."""

    def __init__(
        self, values: dict[Oid, Value], twist: Callable[[Sequence[Oid], int, list[Binding]], list[Binding]]
    ) -> None:
        super().__init__(values)
        self._twist = twist

    async def next(self, oids: Sequence[Oid], repetitions: int) -> list[Binding]:
        return self._twist(oids, repetitions, await super().next(oids, repetitions))


@given(st.integers(1, 6), st.integers(0, 60), st.integers(1, 70), st.sampled_from(["1", "2c"]))
async def test_a_walk_finds_every_value_whatever_the_shape(
    wide: int, rows: int, repetitions: int, version: str
) -> None:
    values = {**table(wide, rows), (1, 3, 10, 1): Value(Tag.INTEGER, 0)}
    session = RecordedSession(values, version)
    found = await Walk(session, Habits(repetitions=repetitions)).run(columns(wide))
    assert found == table(wide, rows)
    if version == "1":
        assert {repetitions for _kind, _oids, repetitions in session.questions} <= {1}


async def test_columns_of_different_length_are_walked_to_their_own_end() -> None:
    values = {**table(1, 30), (1, 3, 9, 1, 7): Value(Tag.INTEGER, 1)}
    assert await Walk(RecordedSession(values), Habits()).run(columns(3)) == values


async def test_knowing_the_rows_a_walk_asks_once_and_hardly_beyond_the_end() -> None:
    session = RecordedSession({**table(3, 4), **{(1, 3, 10, n): Value(Tag.INTEGER, n) for n in range(200)}})
    await Walk(session, Habits()).run(columns(3), expected_rows=4)
    assert [(kind, repetitions) for kind, _oids, repetitions in session.questions] == [("next", 5)]


async def test_an_answer_cut_in_the_middle_of_a_row_is_taken_up_where_it_ended() -> None:
    session = Twisted(table(3, 20), lambda _oids, _repetitions, answer: answer[:7])
    assert await Walk(session, Habits()).run(columns(3)) == table(3, 20)


async def test_too_big_halves_the_repetitions_and_keeps_bulk() -> None:
    def twist(_oids: Sequence[Oid], _repetitions: int, answer: list[Binding]) -> list[Binding]:
        if len(answer) > 9:
            raise TooBigError
        return answer

    habits = Habits()
    session = Twisted(table(3, 20), twist)
    assert await Walk(session, habits).run(columns(3)) == table(3, 20)
    assert habits.bulk
    assert 1 < habits.repetitions <= 3
    assert len(session.questions) < 15


async def test_too_big_for_one_repetition_asks_fewer_columns() -> None:
    def twist(oids: Sequence[Oid], _repetitions: int, answer: list[Binding]) -> list[Binding]:
        if len(oids) > 2:
            raise TooBigError
        return answer

    assert await Walk(Twisted(table(5, 4), twist), Habits()).run(columns(5)) == table(5, 4)


async def test_too_big_for_one_value_is_a_failure() -> None:
    def twist(_oids: Sequence[Oid], _repetitions: int, _answer: list[Binding]) -> list[Binding]:
        raise TooBigError

    with pytest.raises(AskError, match="tooBig"):
        await Walk(Twisted(table(2, 4), twist), Habits()).run(columns(2))


async def test_silence_on_large_answers_is_cured_by_asking_for_less_and_remembered() -> None:
    def twist(_oids: Sequence[Oid], repetitions: int, answer: list[Binding]) -> list[Binding]:
        if repetitions > 10:
            raise AskError(FailureKind.TIMEOUT)
        return answer

    habits = Habits()
    assert await Walk(Twisted(table(1, 40), twist), habits).run(columns(1)) == table(1, 40)
    assert (habits.bulk, habits.repetitions) == (True, 10)


async def test_an_agent_without_bulk_is_walked_step_by_step() -> None:
    def twist(_oids: Sequence[Oid], repetitions: int, answer: list[Binding]) -> list[Binding]:
        if repetitions > 1:
            raise AskError(FailureKind.TIMEOUT)
        return answer

    habits = Habits()
    assert await Walk(Twisted(table(2, 5), twist), habits).run(columns(2)) == table(2, 5)
    assert not habits.bulk


async def test_silence_after_bulk_has_worked_is_silence() -> None:
    def twist(oids: Sequence[Oid], _repetitions: int, answer: list[Binding]) -> list[Binding]:
        if oids[0][-1] > 20:
            raise AskError(FailureKind.TIMEOUT, "no answer")
        return answer

    walk = Walk(Twisted(table(1, 90), twist), Habits())
    with pytest.raises(AskError) as caught:
        await walk.run(columns(1))
    assert caught.value.kind is FailureKind.TIMEOUT
    assert len(walk.found) >= 20  # what came before is kept


@pytest.mark.parametrize("back_to", [1, 10, 24])
async def test_an_agent_that_goes_in_circles_is_garbled(back_to: int) -> None:
    start: Oid = (1, 3, 9, 0, back_to)

    def twist(_oids: Sequence[Oid], _repetitions: int, answer: list[Binding]) -> list[Binding]:
        return [(start, Value(Tag.INTEGER, 0)) if oid[-1] == 25 else (oid, value) for oid, value in answer]

    session = Twisted(table(1, 90), twist)
    with pytest.raises(AskError, match="circles") as caught:
        await Walk(session, Habits()).run(columns(1))
    assert caught.value.kind is FailureKind.GARBLED
    assert session.requests < 10


async def test_an_agent_that_jumps_back_before_the_table_is_garbled() -> None:
    def twist(_oids: Sequence[Oid], _repetitions: int, _answer: list[Binding]) -> list[Binding]:
        return [((1, 3, 1), Value(Tag.INTEGER, 0))]

    with pytest.raises(AskError, match="goes back"):
        await Walk(Twisted(table(1, 9), twist), Habits()).run(columns(1))


async def test_an_endless_table_is_cut() -> None:
    count = iter(range(1, 10**9))

    def twist(_oids: Sequence[Oid], repetitions: int, _answer: list[Binding]) -> list[Binding]:
        return [((1, 3, 9, 0, next(count)), Value(Tag.INTEGER, 0)) for _ in range(repetitions)]

    walk = Walk(Twisted({}, twist), Habits(), Limits(rows=500))
    with pytest.raises(AskError, match="no end after"):
        await walk.run(columns(1))
    assert len(walk.found) < 600


async def test_a_slow_drip_is_cut_by_the_number_of_requests() -> None:
    session = Twisted(table(1, 500), lambda _oids, _repetitions, answer: answer[:1])
    with pytest.raises(AskError, match="after 50 requests"):
        await Walk(session, Habits(), Limits(requests=50)).run(columns(1))
    assert session.requests == 50


async def test_an_empty_answer_is_garbled() -> None:
    with pytest.raises(AskError, match="empty"):
        await Walk(Twisted(table(1, 5), lambda _oids, _repetitions, _answer: []), Habits()).run(columns(1))


class Picky(RecordedSession):
    """Rejects the whole question for one value it does not have, as v1 does; ``limit`` values at most, else tooBig."""

    def __init__(self, values: dict[Oid, Value], limit: int = 99) -> None:
        super().__init__(values, "1")
        self._limit = limit

    async def get(self, oids: Sequence[Oid]) -> list[Binding]:
        answer = await super().get(oids)
        self._look_at(answer)
        return answer

    async def next(self, oids: Sequence[Oid], repetitions: int) -> list[Binding]:
        answer = await super().next(oids, repetitions)
        self._look_at(answer)
        return answer

    def _look_at(self, answer: list[Binding]) -> None:
        if len(answer) > self._limit:
            raise TooBigError
        for position, (_oid, value) in enumerate(answer):
            if value is None:
                raise RejectedError(position, "noSuchName")


async def test_v1_values_that_are_missing_do_not_hide_the_others() -> None:
    wanted = [(1, 3, 9, 0, row) for row in range(1, 12)]
    assert await get_all(Picky(table(1, 8)), wanted, Habits()) == table(1, 8)


async def test_v1_tables_at_the_end_of_the_tree_are_walked() -> None:
    assert await Walk(Picky(table(2, 5)), Habits()).run(columns(2)) == table(2, 5)


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_too_many_values_at_once_are_asked_in_parts_and_that_is_remembered(limit: int) -> None:
    habits = Habits()
    session = Picky(table(1, 20), limit)
    assert await get_all(session, [(1, 3, 9, 0, row) for row in range(1, 21)], habits) == table(1, 20)
    assert habits.varbinds <= limit


async def test_an_agent_that_answers_something_else_is_garbled() -> None:
    class Other(RecordedSession):
        async def get(self, oids: Sequence[Oid]) -> list[Binding]:
            return [((1, 3, 8), Value(Tag.INTEGER, 1)) for _ in oids]

    with pytest.raises(AskError, match="got another value"):
        await get_all(Other({}), [(1, 3, 9, 1)], Habits())


@pytest.mark.parametrize("session", [RecordedSession(table(2, 3)), Picky(table(2, 3))], ids=["v2c", "v1"])
async def test_the_first_value_below_a_prefix_tells_that_it_is_there(session: RecordedSession) -> None:
    prefixes: list[Oid] = [(1, 3, 9, 0), (1, 3, 9, 1), (1, 3, 9, 2), (1, 3, 8)]
    found = await first_below(session, prefixes, Habits())
    assert list(found) == [(1, 3, 9, 0, 1), (1, 3, 9, 1, 1)]
