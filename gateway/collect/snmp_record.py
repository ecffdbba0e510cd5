"""Records an agent: walks the standard tables, the maker's own subtree and whatever the profiles ask for."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.collect.snmp_ask import AskError, Habits, Limits, Patience, Session, Walk, get_all
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.snmp_lines import Lines
from gateway.collect.snmp_poll import SYSTEM
from gateway.collect.snmp_values import SYS_OBJECT_ID
from gateway.core.reading import FailureKind
from gateway.profiles.model import Profile
from gateway.profiles.recording import Oid, Value, dotted, oid

STANDARD: tuple[Oid, ...] = tuple(
    oid(text)
    for text in (
        "1.3.6.1.2.1.1",  # system
        "1.3.6.1.2.1.2.2",  # interfaces
        "1.3.6.1.2.1.17.1",  # bridge, not its address table: that is the people's devices
        "1.3.6.1.2.1.25.1",  # host: system, storage, devices; not the processes with their arguments
        "1.3.6.1.2.1.25.2",
        "1.3.6.1.2.1.25.3",
        "1.3.6.1.2.1.31.1.1",
        "1.3.6.1.2.1.33",  # UPS
        "1.3.6.1.2.1.43",  # printer
        "1.3.6.1.2.1.47.1.1.1",  # parts
        "1.3.6.1.2.1.99.1.1",  # sensors
        "1.3.6.1.2.1.105.1",  # power over Ethernet
        "1.3.6.1.6.3.10.2.1.3",  # snmpEngineTime
        "1.3.6.1.4.1.2021.4",  # net-snmp: memory, load, processor, sensors
        "1.3.6.1.4.1.2021.10",
        "1.3.6.1.4.1.2021.11",
        "1.3.6.1.4.1.2021.13.16",
    )
)
_ENTERPRISES = oid("1.3.6.1.4.1")
_NET_SNMP = oid("1.3.6.1.4.1.8072")

_USUAL = Patience()
_LIMITS = Limits(rows=20_000, requests=2_000)


def subtrees(profiles: Sequence[Profile], object_id: Oid) -> list[Oid]:
    """What is walked: outermost subtrees only, in order. The maker's own is that of its enterprise number."""
    wanted = set(STANDARD)
    for profile in profiles:
        wanted.update(number for oids in profile.scalars.values() for number in oids)
        wanted.update(number for table in profile.table for oids in table.columns.values() for number in oids)
    own = object_id[: len(_ENTERPRISES) + 1]
    if own[: len(_ENTERPRISES)] == _ENTERPRISES and len(own) > len(_ENTERPRISES) and own != _NET_SNMP:
        wanted.add(own)
    return [one for one in sorted(wanted) if not any(one != two and one[: len(two)] == two for two in wanted)]


async def record(session: Session, profiles: Sequence[Profile]) -> tuple[dict[Oid, Value], list[str]]:
    """(values, what failed). Raises AskError if the agent does not answer at all."""
    habits = Habits()
    values = await get_all(session, SYSTEM, habits)
    object_id = values[SYS_OBJECT_ID].content if SYS_OBJECT_ID in values else ()
    failures: list[str] = []
    for subtree in subtrees(profiles, object_id if isinstance(object_id, tuple) else ()):
        walk = Walk(session, habits, _LIMITS)
        try:
            if subtree[-1] == 0:
                values.update(await get_all(session, [subtree], habits))
            else:
                await walk.run([subtree])
        except AskError as error:
            failures.append(f"{dotted(subtree)}: {error.kind}: {error.detail}")
            if error.kind is FailureKind.TIMEOUT:
                await get_all(session, SYSTEM, habits)  # raises if it is gone
        values.update(walk.found)
    return dict(sorted(values.items())), failures


async def record_agent(
    where: tuple[str, int], snmp_auth: SnmpAuth, profiles: Sequence[Profile], patience: Patience = _USUAL
) -> tuple[dict[Oid, Value], list[str]]:
    """Records the agent at (host, port). No values if it does not answer."""
    lines = Lines()
    line = lines.line(snmp_auth)
    try:
        return await record(await line.open(where, patience), profiles)
    except AskError as error:
        return {}, [f"{where[0]}: {error.kind}: {error.detail}"]
    finally:
        lines.close()
