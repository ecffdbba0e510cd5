"""The agent as `vigie run` builds it hears a real datagram: it ends in the status document and as an incident."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest

from gateway.agent.loop import Agent
from gateway.main.build import build_agent
from gateway.settings import load


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.integration
async def test_line_of_syslog_becomes_an_incident_of_the_device_that_sent_it(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "site.toml").write_text(
        '[site]\nid = "d"\n[data]\nruntime = "data"\n[poll]\nevery = "2s"\n[inventory]\npath = "inventory.toml"\n'
        f'[detect]\nenabled = false\n[traps]\nhost = "127.0.0.1"\nport = {free_port()}\n'
        f'[syslog]\nhost = "127.0.0.1"\nudp = {port}\ntcp = 0\n'
    )
    (tmp_path / "inventory.toml").write_text(
        '[[device]]\nid = "nas-1"\nname = "NAS"\nkind = "nas"\naddress = "127.0.0.1"\ncollect = ["reach"]\n'
    )
    agent = Agent(build_agent(load(tmp_path / "site.toml")))
    stop = asyncio.Event()
    watching = asyncio.create_task(agent.run(stop))
    try:
        async with asyncio.timeout(40):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                while not agent.latest.heard:
                    sender.sendto(b"<3>kernel: Out of memory: Killed process 7 (java)", ("127.0.0.1", port))
                    await asyncio.sleep(0.2)
            while not agent.watch.incidents:  # noqa: ASYNC110 - the agent tells nobody
                await asyncio.sleep(0.1)
            status = tmp_path / "data" / "status.json"
            while not (status.exists() and json.loads(status.read_text()).get("heard")):  # noqa: ASYNC110 - a file
                await asyncio.sleep(0.1)
    finally:
        stop.set()
        await watching
    assert {(one.cause, one.root_device) for one in agent.watch.incidents.values()} == {("memory_exhausted", "nas-1")}
    assert json.loads(status.read_text())["heard"][-1]["text"] == "kernel: Out of memory: Killed process 7 (java)"
