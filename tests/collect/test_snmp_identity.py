"""When the collector asks anew what a device is: another machine of the same model at the same address is noticed."""

from __future__ import annotations

from typing import Any

from gateway.profiles.recording import Tag, Value, oid

SERIAL = oid("1.3.6.1.2.1.47.1.1.1.1.11.1")
UP_TIME = oid("1.3.6.1.2.1.1.3.0")


async def test_a_machine_of_the_same_model_is_noticed_by_its_start(bench: Any) -> None:
    async with bench.agent("switch") as running, bench.collector() as asking:
        first = await asking.poll(bench.device(running.port))
        assert SERIAL in running.values
        changed = {SERIAL: Value(Tag.OCTETS, b"OTHER-9"), UP_TIME: Value(Tag.TICKS, 4200)}
        running.values = {**running.values, **changed}
        found = await asking.poll(bench.device(running.port))
    assert (first.identity.serial, found.identity.serial) == ("SN00012345", "OTHER-9")
