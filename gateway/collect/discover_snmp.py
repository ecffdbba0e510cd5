"""Asks one agent what it is and whom it sees: identity, hardware addresses, LLDP and CDP neighbours, bridge tables."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.collect import discover_cdp
from gateway.collect.snmp_ask import AskError, Habits, Limits, Patience, Session, Walk
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.snmp_lines import Lines
from gateway.collect.snmp_poll import fetch, identify
from gateway.collect.snmp_read import identify as identity_of
from gateway.collect.snmp_values import text_of
from gateway.core.reading import Identity
from gateway.core.topology import Neighbour, Node
from gateway.profiles.model import Profile
from gateway.profiles.recording import Oid, Value, oid
from gateway.profiles.vendors import vendor_of

_PATIENCE = Patience(1.0, 1, 20.0)
_LIMITS = Limits(rows=8192, requests=400)

_IF_PHYS_ADDRESS = oid("1.3.6.1.2.1.2.2.1.6")
_IF_NAME = oid("1.3.6.1.2.1.31.1.1.1.1")
_BASE_PORT_IF = oid("1.3.6.1.2.1.17.1.4.1.2")
_FDB_PORT = oid("1.3.6.1.2.1.17.4.3.1.2")
_FDB_PORT_BY_VLAN = oid("1.3.6.1.2.1.17.7.1.2.2.1.2")
_LLDP_SUBTYPE = oid("1.0.8802.1.1.2.1.4.1.1.4")
_LLDP_CHASSIS = oid("1.0.8802.1.1.2.1.4.1.1.5")
_LLDP_NAME = oid("1.0.8802.1.1.2.1.4.1.1.9")
_LLDP_LOCAL_PORT = oid("1.0.8802.1.1.2.1.3.7.1.3")
_LLDP_ADDRESS = oid("1.0.8802.1.1.2.1.4.2.1.3")
_CHASSIS_IS_MAC = 4
_IPV4, _IPV4_OCTETS = 1, 4


@dataclass(frozen=True, slots=True)
class Told:
    """What an agent told of itself. ``node`` has no address yet."""

    identity: Identity
    node: Node


@dataclass(slots=True)
class SnmpAsker:
    """Asks agents one after the other or side by side, with the credentials in their order."""

    credentials: Mapping[str, SnmpAuth]
    profiles: Sequence[Profile]
    port: int = 161
    _lines: Lines = field(default_factory=Lines)

    async def ask(self, address: str) -> tuple[str, Told] | None:
        """(name of the credential, what was told); ``None`` if no credential is answered."""
        for name, one in self.credentials.items():
            line = self._lines.line(one)
            try:
                async with asyncio.timeout(_PATIENCE.deadline_s):
                    session = await line.open((address, self.port), _PATIENCE)
                    return name, await tell(session, self.profiles)
            except (AskError, TimeoutError):
                continue
        return None

    def close(self) -> None:
        """Ends the sockets."""
        self._lines.close()


async def tell(session: Session, profiles: Sequence[Profile]) -> Told:
    """What an agent is and whom it sees. Raises AskError if it does not answer."""
    known = await identify(session, profiles)
    fetched = await fetch(session, known)
    identity = identity_of(known.profiles, fetched.answers, vendor_of(known.system.object_id))
    return Told(identity, await _node(session, known.habits, identity.name))


async def _node(session: Session, habits: Habits, name: str) -> Node:
    own = await _walk(session, habits, _IF_PHYS_ADDRESS)
    macs = frozenset(mac for value in own.values() if (mac := mac_of(value)))
    learnt = await _learnt(session, habits)
    return Node("", name, macs, learnt, (*await _neighbours(session, habits), *await _cdp_neighbours(session, habits)))


async def _walk(session: Session, habits: Habits, *columns: Oid) -> dict[Oid, Value]:
    """The values below the columns; what came before an error, which many agents make in these tables."""
    walk = Walk(session, habits, _LIMITS)
    with contextlib.suppress(AskError):
        await walk.run(columns)
    return walk.found


def _rows(values: Mapping[Oid, Value], column: Oid) -> dict[Oid, Value]:
    return {key[len(column) :]: value for key, value in values.items() if key[: len(column)] == column}


async def _learnt(session: Session, habits: Habits) -> dict[str, frozenset[str]]:
    """Hardware addresses by the name of the port at which a bridge has learnt them."""
    values = await _walk(session, habits, _FDB_PORT) or await _walk(session, habits, _FDB_PORT_BY_VLAN)
    if not values:
        return {}
    values |= await _walk(session, habits, _BASE_PORT_IF)
    values |= await _walk(session, habits, _IF_NAME)
    return learnt_of(values)


def learnt_of(values: Mapping[Oid, Value]) -> dict[str, frozenset[str]]:
    """The raw tables of BRIDGE-MIB and Q-BRIDGE-MIB as addresses by port. Pure."""
    names = {index: text_of(value) for index, value in _rows(values, _IF_NAME).items()}
    ports = {index[-1]: value.content for index, value in _rows(values, _BASE_PORT_IF).items() if index}
    found: dict[str, set[str]] = {}
    for index, value in {**_rows(values, _FDB_PORT_BY_VLAN), **_rows(values, _FDB_PORT)}.items():
        port = value.content
        if not isinstance(port, int) or port <= 0 or len(index) < 6:  # 0: the switch itself
            continue
        interface = ports.get(port)
        name = names.get((interface,)) if isinstance(interface, int) else None
        found.setdefault(name or str(port), set()).add(_mac(index[-6:]))
    return {port: frozenset(macs) for port, macs in found.items()}


async def _neighbours(session: Session, habits: Habits) -> list[Neighbour]:
    values = await _walk(session, habits, _LLDP_SUBTYPE, _LLDP_CHASSIS, _LLDP_NAME)
    if not values:
        return []
    values |= await _walk(session, habits, _LLDP_LOCAL_PORT)
    values |= await _walk(session, habits, _LLDP_ADDRESS)
    return neighbours_of(values)


async def _cdp_neighbours(session: Session, habits: Habits) -> list[Neighbour]:
    values = await _walk(session, habits, *discover_cdp.COLUMNS)
    return discover_cdp.neighbours_of(values | await _walk(session, habits, _IF_NAME)) if values else []


def neighbours_of(values: Mapping[Oid, Value]) -> list[Neighbour]:
    """The raw tables of LLDP-MIB as neighbours. Pure. Rows are (time, local port, number)."""
    local = {index: text_of(value) for index, value in _rows(values, _LLDP_LOCAL_PORT).items()}
    subtypes, names = _rows(values, _LLDP_SUBTYPE), _rows(values, _LLDP_NAME)
    addresses = {
        index[:3]: ".".join(map(str, index[5:9]))
        for index in _rows(values, _LLDP_ADDRESS)
        if index[3:5] == (_IPV4, _IPV4_OCTETS) and len(index) >= 9
    }
    found = []
    for row, chassis in sorted(_rows(values, _LLDP_CHASSIS).items()):
        if len(row) < 3:
            continue
        is_mac = subtypes[row].content == _CHASSIS_IS_MAC if row in subtypes else True
        name = text_of(names[row]) if row in names else ""
        port = local.get(row[1:2]) or str(row[1])
        found.append(Neighbour(port, mac_of(chassis) if is_mac else "", name, addresses.get(row[:3], "")))
    return found


def mac_of(value: Value) -> str:
    """A hardware address as text; "" for what is none."""
    content = value.content
    return _mac(tuple(content)) if isinstance(content, bytes) and len(content) == 6 and any(content) else ""


def _mac(octets: Sequence[int]) -> str:
    return ":".join(f"{octet & 0xFF:02x}" for octet in octets)
