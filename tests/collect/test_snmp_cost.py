"""What a value costs on the way from the wire, as a ratio within one run: seconds differ, ratios hold."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from gateway.collect.snmp_ask import Habits, Patience, Walk
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.snmp_lines import LightLines, Lines, PysnmpLines
from gateway.profiles.recording import Oid, Value, oid, parse
from gateway.simulate import ber
from gateway.simulate.agents import answer
from gateway.simulate.mib import View

COLUMNS = [oid(f"1.3.6.1.2.1.2.2.1.{number}") for number in (7, 8, 10, 13, 14, 16, 19, 20)]


class Agent(asyncio.DatagramProtocol):
    """Keeps account of its own processor time: it must not count."""

    def __init__(self, values: dict[Oid, Value]) -> None:
        self.view = View({key: (int(value.tag), value.content) for key, value in values.items()})
        self.transport: asyncio.DatagramTransport | None = None
        self.spent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        begun = time.process_time()
        assert self.transport is not None
        self.transport.sendto(answer(ber.decode_request(data), self.view), addr)
        self.spent += time.process_time() - begun


async def cost(make: Callable[[], Lines], rounds: int) -> float:
    """Processor seconds of one walk, without the agent's."""
    values = parse((Path(__file__).parents[1] / "recordings/switch.rec").read_text(encoding="utf-8"))
    loop = asyncio.get_running_loop()
    transport, agent = await loop.create_datagram_endpoint(lambda: Agent(values), local_addr=("127.0.0.1", 0))
    lines = make()
    session = await lines.line(SnmpAuth()).open(transport.get_extra_info("sockname"), Patience(5.0, 1))
    habits = Habits()
    assert await Walk(session, habits).run(COLUMNS)  # what is made at the first question does not count either
    agent.spent, begun = 0.0, time.process_time()
    for _ in range(rounds):
        await Walk(session, habits).run(COLUMNS)
    spent = time.process_time() - begun - agent.spent
    lines.close()
    transport.close()
    return spent / rounds


async def test_a_value_costs_less_than_a_fifth_of_what_it_costs_by_pysnmp() -> None:
    own, pysnmp = await cost(LightLines, 60), await cost(PysnmpLines, 6)
    assert own < pysnmp / 5, f"{own * 1e3:.2f} ms against {pysnmp * 1e3:.2f} ms"
