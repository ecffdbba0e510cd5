"""SNMP v3 against an agent with all that can go wrong in it: clocks, engine IDs, reports, forged and late answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.collect import snmp_secure
from gateway.collect.snmp import SnmpAuth, SnmpCollector
from gateway.collect.snmp_ask import Patience
from gateway.core.device import Device
from gateway.core.reading import FailureKind, Poll
from gateway.profiles.load import shipped
from gateway.simulate import ber

PROFILES = shipped()
Ask = Callable[..., Awaitable[Poll]]


@pytest.fixture
async def ask(agents: ModuleType) -> AsyncIterator[Ask]:
    """``await ask(agent)`` polls it; the collector is kept from poll to poll while the credential is the same."""
    collectors: dict[SnmpAuth, SnmpCollector] = {}

    async def asked(agent: Any, auth: SnmpAuth = agents.V3) -> Poll:
        if auth not in collectors:
            collectors[auth] = SnmpCollector({"it": auth}, PROFILES, FakeClock(), patience=Patience(0.3, 0))
        device = Device("thing", "Thing", address="127.0.0.1", credential="it", ports={"snmp": agent.port})
        return await asyncio.wait_for(collectors[auth].poll(device), 20)

    yield asked
    for collector in collectors.values():
        collector.close()


def in_order(poll: Poll) -> bool:
    return poll.failure is None and poll.partial == () and bool(poll.readings)


@pytest.mark.parametrize(
    ("boots", "time"),
    [(4, 5), (3, 110_000), (3, 90_000), (2, 50), (0, 0)],
    ids=["restarted", "clock ahead", "clock set back", "count of starts lost", "everything lost"],
)
async def test_an_agent_whose_clock_changed_is_synchronised_without_losing_a_poll(
    agents: ModuleType, ask: Ask, boots: int, time: int
) -> None:
    secure = agents.Secure()
    async with agents.agent(secure=secure) as running:
        assert in_order(await ask(running))
        secure.boots, secure.time = boots, time
        assert in_order(await ask(running))
        asked = len(secure.reports)
        assert in_order(await ask(running))
    assert secure.reports == [agents.ENGINE, agents.NOT_IN_TIME]  # once to introduce itself, once for the clock
    assert len(secure.reports) == asked


async def test_an_agent_that_shows_no_clock_before_it_is_proved_is_synchronised_by_its_report(
    agents: ModuleType, ask: Ask
) -> None:
    secure = agents.Secure(shown_clock=(0, 0))

    def shows(message: bytes) -> list[bytes]:
        secure.shown_clock = None
        return [message]

    secure.spoil = shows
    report = secure._report

    def proved(head: Any, trouble: int, keys: Any) -> bytes:
        secure.shown_clock = None if trouble == agents.NOT_IN_TIME else (0, 0)
        made: bytes = report(head, trouble, keys)
        return made

    secure._report = proved
    async with agents.agent(secure=secure) as running:
        assert in_order(await ask(running))
    assert secure.reports == [agents.ENGINE, agents.NOT_IN_TIME]


async def test_a_clock_that_the_agent_itself_does_not_accept_is_told_after_one_more_try(
    agents: ModuleType, ask: Ask
) -> None:
    secure = agents.Secure(always=agents.NOT_IN_TIME)
    async with agents.agent(secure=secure) as running:
        poll = await ask(running)
    assert poll.failure is not None
    assert poll.failure.kind is FailureKind.GARBLED
    assert "the clock that it told itself (3 starts, 100000 s)" in poll.failure.detail
    assert secure.reports == [agents.ENGINE, agents.NOT_IN_TIME, agents.NOT_IN_TIME]


async def test_a_new_engine_id_is_asked_anew_in_the_same_poll_and_told_once(agents: ModuleType, ask: Ask) -> None:
    secure = agents.Secure()
    async with agents.agent(secure=secure) as running:
        assert in_order(await ask(running))
        secure.engine_id = agents.SECOND
        changed, after = await ask(running), await ask(running)
    assert changed.failure is None
    assert changed.readings
    (told,) = changed.partial
    assert f"changed from {agents.FIRST.hex()} to {agents.SECOND.hex()}" in told.detail
    assert in_order(after)


async def test_behind_a_new_engine_id_everything_is_asked_anew(agents: ModuleType, ask: Ask) -> None:
    secure = agents.Secure()
    async with agents.agent(secure=secure) as running:
        first, usual = await ask(running), await ask(running)
        secure.engine_id = agents.SECOND
        await ask(running)
        after = await ask(running)
    assert usual.requests < after.requests <= first.requests


async def test_an_agent_with_another_engine_id_at_every_question_is_told(agents: ModuleType, ask: Ask) -> None:
    secure = agents.Secure(always=agents.ENGINE)
    async with agents.agent(secure=secure) as running:
        poll = await ask(running)
    assert poll.failure is not None
    assert (poll.failure.kind, poll.requests) == (FailureKind.GARBLED, 4)
    assert "engine ID" in poll.failure.detail


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"user": "stranger"}, "knows no user stranger"),
        ({"auth": "another password"}, "wrong auth password"),
        ({"auth_protocol": "SHA"}, "wrong auth password or protocol"),
        ({"priv": "another password"}, "perhaps a wrong privacy password"),
        ({"priv_protocol": "DES"}, "perhaps a wrong privacy password or protocol"),
        ({"priv": ""}, "does not let user vigie ask with authNoPriv"),
        ({"auth": "", "priv": ""}, "does not let user vigie ask with noAuthNoPriv"),
    ],
)
async def test_what_the_agent_reports_of_a_credential_is_told(
    agents: ModuleType, ask: Ask, given: dict[str, str], says: str
) -> None:
    async with agents.agent(secure=agents.Secure()) as running:
        poll = await ask(running, replace(agents.V3, **given))
    assert poll.failure is not None
    assert poll.failure.kind is FailureKind.UNAUTHORISED
    assert says in poll.failure.detail


@pytest.mark.parametrize(
    "level",
    [{"auth": "", "priv": ""}, {"priv": ""}, {"auth_protocol": "MD5", "priv_protocol": "DES"}],
    ids=["noAuthNoPriv", "authNoPriv", "authPriv"],
)
async def test_every_level_of_security_is_spoken(agents: ModuleType, ask: Ask, level: dict[str, str]) -> None:
    auth = replace(agents.V3, **level)
    async with agents.agent(secure=agents.Secure(auth)) as running:
        assert in_order(await ask(running, auth))


async def test_silence_on_a_wrong_privacy_password_is_told_as_that_possibility(agents: ModuleType, ask: Ask) -> None:
    secure = agents.Secure(silent_on=(agents.DECRYPTION,))
    async with agents.agent(secure=secure) as running:
        poll = await ask(running, replace(agents.V3, priv="another password"))
    assert poll.failure is not None
    assert poll.failure.kind is FailureKind.UNAUTHORISED
    assert "perhaps a wrong privacy password" in poll.failure.detail


async def test_silence_of_an_agent_that_is_gone_is_only_silence(agents: ModuleType, ask: Ask) -> None:
    async with agents.agent(secure=agents.Secure(silent_on=(agents.ENGINE,))) as running:
        poll = await ask(running)
    assert poll.failure is not None
    assert (poll.failure.kind, poll.failure.detail) == (FailureKind.TIMEOUT, "no answer in time")


async def test_a_privacy_password_changed_at_the_agent_is_told_as_that_possibility_at_last(
    agents: ModuleType, ask: Ask
) -> None:
    secure = agents.Secure(silent_on=(agents.DECRYPTION,))
    async with agents.agent(secure=secure) as running:
        assert in_order(await ask(running))
        secure.auth = replace(secure.auth, priv="changed today")
        polls = [await ask(running) for _ in range(3)]
    failures = [poll.failure for poll in polls if poll.failure]
    assert [failure.kind for failure in failures] == [
        *(FailureKind.TIMEOUT, FailureKind.TIMEOUT),
        FailureKind.UNAUTHORISED,
    ]
    assert "perhaps a wrong privacy password" in failures[-1].detail


def _with_a_wrong_digest(agents: ModuleType, message: bytes) -> bytes:
    at = agents.decode(message).digest_at
    return message[:at] + bytes(24) + message[at + 24 :]


async def test_answers_with_a_wrong_digest_are_damaged(agents: ModuleType, ask: Ask) -> None:
    secure = agents.Secure(spoil=lambda message: [_with_a_wrong_digest(agents, message)])
    async with agents.agent(secure=secure) as running:
        poll = await ask(running)
    assert poll.failure is not None
    assert (poll.failure.kind, poll.failure.detail) == (FailureKind.GARBLED, "1 damaged answers")


async def test_a_forged_answer_before_the_right_one_does_no_harm(agents: ModuleType, ask: Ask) -> None:
    secure = agents.Secure(spoil=lambda message: [_with_a_wrong_digest(agents, message), message])
    async with agents.agent(secure=secure) as running:
        assert in_order(await ask(running))


@pytest.mark.parametrize("flags", [0, 1], ids=["noAuthNoPriv", "authNoPriv"])
async def test_an_answer_less_protected_than_the_question_is_not_believed(
    agents: ModuleType, ask: Ask, flags: int
) -> None:
    async with agents.agent(secure=agents.Secure(answer_flags=flags)) as running:
        poll = await ask(running)
    assert poll.failure is not None
    assert poll.failure.kind is FailureKind.GARBLED


async def test_replayed_and_late_answers_are_not_taken_for_others(agents: ModuleType, ask: Ask) -> None:
    sent: list[bytes] = []

    def replays(message: bytes) -> list[bytes]:
        sent.append(message)
        return [*sent[-4:-1], message, message]  # the older ones, proved and all, before the right one

    async with agents.agent(secure=agents.Secure(spoil=replays)) as running:
        assert in_order(await ask(running))
        assert in_order(await ask(running))


async def test_an_agent_that_only_repeats_an_old_answer_is_told_as_late(agents: ModuleType, ask: Ask) -> None:
    sent: list[bytes] = []

    def first(message: bytes) -> list[bytes]:
        sent.append(message)
        return sent[:1]

    async with agents.agent(secure=agents.Secure(spoil=first)) as running:
        poll = await ask(running)
    assert poll.failure is not None
    assert (poll.failure.kind, poll.failure.detail) == (
        FailureKind.TIMEOUT,
        "1 answers came too late or to other questions",
    )


async def test_too_big_is_halved_and_the_clock_keeps_running(agents: ModuleType, ask: Ask) -> None:
    def picky(request: ber.Request, right: bytes) -> bytes:
        refused: bytes = agents.with_error(request, 1)
        return refused if len(request.oids) * max(1, request.repetitions) > 8 else right

    async with agents.agent(fault=picky, secure=agents.Secure()) as running:
        assert in_order(await ask(running))


async def test_keys_are_made_once_for_a_password_and_aside_from_the_loop(
    agents: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(protocol: str, password: bytes) -> bytes:
        made.append(threading.get_ident())
        return master_key(protocol, password)

    master_key = snmp_secure.master_key
    monkeypatch.setattr(snmp_secure, "master_key", counted)
    collector = SnmpCollector({"it": agents.V3}, PROFILES, FakeClock(), patience=Patience(2.0, 0))
    async with agents.agent(secure=agents.Secure()) as one, agents.agent(secure=agents.Secure()) as other:
        park = [
            Device(name, name, address="127.0.0.1", credential="it", ports={"snmp": running.port})
            for name, running in (("one", one), ("other", other))
        ]
        for _ in range(3):
            assert all(map(in_order, await asyncio.gather(*map(collector.poll, park))))
    collector.close()
    assert len(made) == 2  # one for each password
    assert threading.get_ident() not in made
