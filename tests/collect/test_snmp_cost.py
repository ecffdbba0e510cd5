"""What a value costs on the way from the wire, as a ratio within one run: seconds differ, ratios hold."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from pysnmp.hlapi.v3arch.asyncio import CommunityData, ContextData, SnmpEngine, UdpTransportTarget, bulk_cmd
from pysnmp.proto.rfc1902 import Null, ObjectName

from gateway.collect.snmp_ask import Habits, Patience, Walk
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.snmp_lines import Lines
from gateway.profiles.recording import Oid, oid

COLUMNS = [oid(f"1.3.6.1.2.1.2.2.1.{number}") for number in (7, 8, 10, 13, 14, 16, 19, 20)]


def timed(agent: Any) -> Any:
    """Makes an agent keep account of its own processor time: it must not count."""
    take = agent.datagram_received
    agent.spent = 0.0

    def received(data: bytes, addr: Any) -> None:
        begun = time.process_time()
        take(data, addr)
        agent.spent += time.process_time() - begun

    agent.datagram_received = received
    return agent


async def cost(agent: Any, walk: Callable[[], Awaitable[object]], rounds: int) -> float:
    """Processor seconds of one walk, without the agent's."""
    assert await walk()  # what is made at the first question does not count either
    agent.spent, begun = 0.0, time.process_time()
    for _ in range(rounds):
        await walk()
    return (time.process_time() - begun - agent.spent) / rounds


async def own(agents: ModuleType, auth: SnmpAuth, rounds: int) -> float:
    async with agents.agent(secure=agents.Secure() if auth.version == "3" else None) as running:
        lines = Lines()
        session = await lines.line(auth).open(("127.0.0.1", running.port), Patience(5.0, 1))
        habits = Habits()
        spent = await cost(timed(running), lambda: Walk(session, habits).run(COLUMNS), rounds)
        lines.close()
    return spent


async def by_pysnmp(agents: ModuleType, rounds: int) -> float:
    """The same columns by pysnmp itself, by v2c, without its look-ups of names."""
    engine = SnmpEngine()

    async def walk() -> list[Oid]:
        at, found = list(COLUMNS), []
        while at[0][: len(COLUMNS[0])] == COLUMNS[0]:
            asked = [(ObjectName(one), Null("")) for one in at]
            _, _, _, answer = await bulk_cmd(engine, *where, 0, 7, *asked, lookupMib=False)
            rows = [tuple(name) for name, _value in answer]
            found += rows
            at = rows[-len(COLUMNS) :]
        return found

    async with agents.agent() as running:
        target = await UdpTransportTarget.create(("127.0.0.1", running.port))
        where = CommunityData("public"), target, ContextData()
        spent = await cost(timed(running), walk, rounds)
        engine.close_dispatcher()
    return spent


async def test_a_value_costs_less_than_a_fifth_of_what_it_costs_by_pysnmp_v3_included(agents: ModuleType) -> None:
    pysnmp = await by_pysnmp(agents, 6)
    plain, secure = await own(agents, SnmpAuth(), 60), await own(agents, agents.V3, 60)
    shown = f"v2c {plain * 1e3:.2f} ms, v3 {secure * 1e3:.2f} ms, pysnmp {pysnmp * 1e3:.2f} ms"
    assert max(plain, secure) < pysnmp / 5, shown
    assert secure < 3 * plain, shown
