"""What is asked at which poll: everything now and then, in between only what changes and is there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.collect.snmp_ask import AskError, Binding, RecordedSession
from gateway.collect.snmp_poll import FULL_EVERY, Known, fetch, identify
from gateway.core.reading import FailureKind
from gateway.profiles.load import load
from gateway.profiles.recording import Oid, Tag, Value, oid, parse

PROFILE = load(
    """
title = "t"
source = "s"
[[match]]
has = ["1.3.9"]
[identity]
serial = "{serial}"
[scalars]
serial = "1.3.9.1.0"
load = "1.3.9.2.0"
missing = "1.3.9.3.0"
[[reading]]
metric = "ups.load"
value = ["load", "missing"]
[[table]]
name = "ports"
rarely = ["name"]
[table.columns]
name = "1.3.9.4.1"
speed = "1.3.9.4.2"
[[table.reading]]
metric = "hw.fan.speed"
value = "speed"
instance = "{name}"
[[table]]
name = "nothing"
[table.columns]
value = "1.3.9.5.1"
[[table.reading]]
metric = "hw.voltage"
value = "value"
[[quirk]]
max_repetitions = 7
""",
    "example.toml",
)
VALUES = parse(
    """
1.3.6.1.2.1.1.1.0|4|thing
1.3.6.1.2.1.1.3.0|67|100
1.3.9.1.0|4|S-1
1.3.9.2.0|2|40
1.3.9.4.1.1|4|one
1.3.9.4.1.2|4|two
1.3.9.4.2.1|2|1000
1.3.9.4.2.2|2|2000
"""
)


async def _known(session: RecordedSession) -> Known:
    known = await identify(session, [PROFILE])
    await fetch(session, known)
    session.questions.clear()
    return known


def _asked(session: RecordedSession) -> set[Oid]:
    return {oid for _kind, oids, _repetitions in session.questions for oid in oids}


async def test_the_first_poll_asks_for_everything() -> None:
    session = RecordedSession(dict(VALUES))
    known = await identify(session, [PROFILE])
    fetched = await fetch(session, known)
    assert {oid("1.3.9.3.0"), oid("1.3.9.4.1"), oid("1.3.9.5.1")} <= _asked(session)
    assert fetched.answers.get(oid("1.3.9.1.0")) == Value(Tag.OCTETS, b"S-1")


async def test_the_next_polls_leave_out_what_is_missing_empty_or_hardly_changes() -> None:
    session = RecordedSession(dict(VALUES))
    known = await _known(session)
    fetched = await fetch(session, known)
    left_out = {oid("1.3.9.1.0"), oid("1.3.9.3.0"), oid("1.3.9.4.1"), oid("1.3.9.5.1")}
    assert _asked(session) & left_out == set()
    assert len(session.questions) == 2
    assert fetched.answers.get(oid("1.3.9.4.1.2")) == Value(Tag.OCTETS, b"two")  # kept from the first poll


async def test_new_rows_are_asked_for_their_names_at_once() -> None:
    values = dict(VALUES)
    session = RecordedSession(values)
    known = await _known(session)
    grown = RecordedSession({**values, **parse("1.3.9.4.1.3|4|three\n1.3.9.4.2.3|2|3000")})
    fetched = await fetch(grown, known)
    assert fetched.answers.get(oid("1.3.9.4.1.3")) == Value(Tag.OCTETS, b"three")


async def test_everything_is_asked_again_now_and_then() -> None:
    session = RecordedSession(dict(VALUES))
    known = await _known(session)
    for _ in range(FULL_EVERY):
        await fetch(session, known)
    assert oid("1.3.9.3.0") in _asked(session)


async def test_a_restart_asks_for_all_names_again_since_numbers_may_have_changed_hands() -> None:
    known = await _known(RecordedSession(dict(VALUES)))
    swapped = {**VALUES, **parse("1.3.6.1.2.1.1.3.0|67|50\n1.3.9.4.1.1|4|two\n1.3.9.4.1.2|4|one")}
    fetched = await fetch(RecordedSession(swapped), known)
    assert fetched.answers.get(oid("1.3.9.4.1.1")) == Value(Tag.OCTETS, b"two")
    assert fetched.answers.get(oid("1.3.9.4.1.2")) == Value(Tag.OCTETS, b"one")


async def test_an_interface_that_came_or_went_asks_for_all_names_again_without_a_start() -> None:
    told = {**VALUES, **parse("1.3.6.1.2.1.31.1.5.0|67|10")}
    known = await _known(RecordedSession(told))
    swapped = {**told, **parse("1.3.6.1.2.1.31.1.5.0|67|90\n1.3.9.4.1.1|4|two\n1.3.9.4.1.2|4|one")}
    fetched = await fetch(RecordedSession(swapped), known)
    assert fetched.answers.get(oid("1.3.9.4.1.1")) == Value(Tag.OCTETS, b"two")


async def test_an_agent_that_says_so_at_every_poll_is_not_believed_for_long() -> None:
    known = await _known(RecordedSession({**VALUES, **parse("1.3.6.1.2.1.31.1.5.0|67|10")}))
    questions = []
    for at in range(100, 110):
        session = RecordedSession({**VALUES, **parse(f"1.3.6.1.2.1.31.1.5.0|67|{at}")})
        await fetch(session, known)
        questions.append(len(session.questions))
    assert len(set(questions[:3])) == 1
    assert questions[0] > 2
    assert questions[3:] == [2] * 7


async def test_a_quirk_bounds_the_repetitions() -> None:
    session = RecordedSession(dict(VALUES))
    known = await identify(session, [PROFILE])
    await fetch(session, known)
    assert max(repetitions for _kind, _oids, repetitions in session.questions) <= 7


class Broken(RecordedSession):
    """Fails as told below one subtree; ``dead`` then answers nothing at all any more."""

    def __init__(self, values: dict[Oid, Value], kind: FailureKind, *, dead: bool = False) -> None:
        super().__init__(values)
        self._kind = kind
        self._dead = dead
        self._died = False

    async def get(self, oids: Sequence[Oid]) -> list[Binding]:
        if self._died:
            raise AskError(FailureKind.TIMEOUT, "gone")
        return await super().get(oids)

    async def next(self, oids: Sequence[Oid], repetitions: int) -> list[Binding]:
        if any(one[:4] == (1, 3, 9, 4) for one in oids):
            self._died = self._dead
            raise AskError(self._kind, "broken")
        return await super().next(oids, repetitions)


@pytest.mark.parametrize("kind", [FailureKind.GARBLED, FailureKind.TIMEOUT])
async def test_a_table_that_fails_is_told_and_the_rest_is_read(kind: FailureKind) -> None:
    session = Broken(dict(VALUES), kind)
    known = await identify(session, [PROFILE])
    fetched = await fetch(session, known)
    assert [(failure.kind, failure.what) for failure in fetched.partial] == [(kind, "example ports")]
    assert fetched.answers.get(oid("1.3.9.2.0")).content == 40
    healed = await fetch(RecordedSession(dict(VALUES)), known)
    assert healed.partial == ()
    assert healed.answers.get(oid("1.3.9.4.1.1")).content == b"one"


async def test_an_agent_that_dies_during_the_poll_fails_the_poll() -> None:
    session = Broken(dict(VALUES), FailureKind.TIMEOUT, dead=True)
    known = await identify(session, [PROFILE])
    with pytest.raises(AskError, match="gone"):
        await fetch(session, known)
