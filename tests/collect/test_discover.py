"""The sweep on fakes and on loopback sockets, and what it reads of agents, routes, ARP and mDNS."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.collect import discover_cdp
from gateway.collect.asking import Answer, NoAnswerError
from gateway.collect.discover import Means, Pace, Sweep
from gateway.collect.discover_snmp import Told, learnt_of, neighbours_of, tell
from gateway.collect.echo import FakeEcho, ForbiddenError
from gateway.collect.snmp_ask import RecordedSession
from gateway.collect.surroundings import (
    addresses,
    attached,
    hardware_addresses,
    own_addresses,
    permitted,
    surroundings,
)
from gateway.core.errors import VigieError
from gateway.core.reading import Failure, FailureKind, Identity
from gateway.core.topology import Neighbour, Node
from gateway.profiles.load import shipped
from gateway.profiles.recording import Oid, Tag, Value, oid, parse

SILENCE = NoAnswerError(Failure(FailureKind.TIMEOUT, "ping", "no answer"))


class FakeAsker:
    """SNMP without a network: the addresses that answer."""

    def __init__(self, *answering: str) -> None:
        self.answering = answering
        self.asked: list[str] = []

    async def ask(self, address: str) -> tuple[str, Told] | None:
        self.asked.append(address)
        told = Told(Identity(kind="switch", name="sw"), Node("", "sw", frozenset({"02:00:00:00:00:01"})))
        return ("lecture", told) if address in self.answering else None


async def no_hints(_address: str) -> tuple[tuple[str, ...], str]:
    return (), ""


async def no_name(_address: str, _turn: Callable[[], Awaitable[None]]) -> str:
    return ""


def means(asker: FakeAsker, **changed: object) -> Means:
    usual: dict[str, object] = {
        "pinger": FakeEcho(SILENCE),
        "pace": Pace(10_000.0),
        "ports": (1,),
        "neighbours": dict,
        "hints": no_hints,
        "names": no_name,
    }
    return Means(asker=asker, **{**usual, **changed})  # type: ignore[arg-type]


CDP: dict[Oid, Value] = {
    oid("1.3.6.1.2.1.31.1.1.1.1.10101"): Value(Tag.OCTETS, b"Gi1/0/1"),
    oid("1.3.6.1.4.1.9.9.23.1.2.1.1.3.10101.4"): Value(Tag.INTEGER, 1),
    oid("1.3.6.1.4.1.9.9.23.1.2.1.1.4.10101.4"): Value(Tag.OCTETS, bytes((10, 0, 0, 7))),
    oid("1.3.6.1.4.1.9.9.23.1.2.1.1.6.10101.4"): Value(Tag.OCTETS, b"SW-QUAI.depot.local(FOC1234X0AB)"),
    oid("1.3.6.1.4.1.9.9.23.1.2.1.1.3.10102.9"): Value(Tag.INTEGER, 65535),
    oid("1.3.6.1.4.1.9.9.23.1.2.1.1.4.10102.9"): Value(Tag.OCTETS, bytes(4)),
    oid("1.3.6.1.4.1.9.9.23.1.2.1.1.6.10102.9"): Value(Tag.OCTETS, b"SEP02000000000B"),
}


@pytest.fixture
async def server() -> AsyncIterator[tuple[str, int]]:
    made = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.9", 0)
    yield made.sockets[0].getsockname()
    made.close()


async def test_open_port_is_found_and_silent_addresses_are_not(server: tuple[str, int]) -> None:
    host, port = server
    sweep = Sweep(means(FakeAsker(), ports=(port, 1)))
    await sweep.run(["127.0.0.8", host])
    assert [(one.address, one.ports, one.credential) for one in sweep.findings] == [(host, (port,), None)]
    assert (sweep.asked, sweep.complete) == (2, True)


async def test_agent_is_found_with_its_credential_and_all_its_hardware_addresses() -> None:
    arp = {"127.0.0.9": "02:00:00:00:00:02"}
    sweep = Sweep(means(FakeAsker("127.0.0.9"), snmp_port=1161, neighbours=lambda: arp))
    await sweep.run(["127.0.0.9"])
    (one,) = sweep.findings
    assert (one.credential, one.snmp_port, one.mac) == ("lecture", 1161, "02:00:00:00:00:02")
    assert one.node.macs == {"02:00:00:00:00:01", "02:00:00:00:00:02"}


async def closed(_address: str, _port: int) -> bool:
    return False


async def test_address_that_answers_nothing_is_asked_no_further() -> None:
    asker = FakeAsker()
    sweep = Sweep(means(asker, tcp_open=closed))
    await sweep.run(["192.0.2.77"])
    assert (asker.asked, sweep.findings, sweep.asked) == ([], [], 1)


async def test_ping_alone_makes_a_finding() -> None:
    sweep = Sweep(means(FakeAsker(), pinger=FakeEcho(Answer(0.001)), tcp_open=closed))
    await sweep.run(["192.0.2.77"])
    assert [one.address for one in sweep.findings] == ["192.0.2.77"]


async def test_without_the_right_to_ping_it_is_told_once_and_open_ports_are_signs_of_life() -> None:
    async def web(address: str, port: int) -> bool:
        return address == "192.0.2.78" and port == 443

    sweep = Sweep(means(FakeAsker(), pinger=FakeEcho(ForbiddenError()), tcp_open=web))
    await sweep.run(["192.0.2.77", "192.0.2.78", "192.0.2.79"])
    assert [(one.address, one.ports) for one in sweep.findings] == [("192.0.2.78", (443,))]
    assert len(sweep.notes) == 1


async def test_sweep_that_is_ended_keeps_what_it_found() -> None:
    sweep = Sweep(means(FakeAsker("127.0.0.1"), pace=Pace(50.0)))
    begun = asyncio.Event()
    task = asyncio.create_task(sweep.run([f"127.0.0.{n}" for n in range(1, 255)], lambda _s: begun.set()))
    await asyncio.wait_for(begun.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not sweep.complete
    assert sweep.asked < 254


async def test_pace_is_kept_by_everybody_together() -> None:
    pace, loop = Pace(100.0), asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(pace.wait() for _ in range(21)))
    assert loop.time() - began >= 0.19


async def test_nothing_but_the_addresses_that_were_named_is_asked_and_each_question_waits_for_its_turn() -> None:
    asked, turns = list[str](), list[str]()

    class Watched(Pace):
        async def wait(self) -> None:
            turns.append("")

    class Ping(FakeEcho):
        async def ask(self, address: str) -> Answer:
            asked.append(address)
            return Answer(0.001)

    async def connect(address: str, _port: int) -> bool:
        asked.append(address)
        return False

    async def hints(address: str) -> tuple[tuple[str, ...], str]:
        asked.append(address)
        return (), ""

    async def name(address: str, turn: Callable[[], Awaitable[None]]) -> str:
        await turn()
        asked.append(address)
        return "srv"

    snmp = FakeAsker()
    chosen = {"pinger": Ping(Answer(0.001)), "pace": Watched(), "tcp_open": connect, "hints": hints, "names": name}
    sweep = Sweep(means(snmp, ports=(22, 80), **chosen))
    network = permitted("192.168.1.8/30", ["192.168.1.0/24"], [])
    await sweep.run(addresses(network, frozenset({"192.168.1.9"})))
    assert {*asked, *snmp.asked} == {"192.168.1.10"}
    assert len(turns) == len(asked) + len(snmp.asked) == 6
    assert sweep.findings[0].host_name == "srv"


async def test_maker_of_the_port_comes_from_the_hardware_address_and_no_name_is_asked_for_that_is_known() -> None:
    arp = {"127.0.0.9": "00:1b:a9:00:00:01"}
    sweep = Sweep(means(FakeAsker("127.0.0.9"), neighbours=lambda: arp, names=None))
    await sweep.run(["127.0.0.9"])
    assert [(one.mac_vendor, one.name) for one in sweep.findings] == [("Brother", "sw")]


# what agents tell


def octets(*numbers: int) -> Value:
    return Value(Tag.OCTETS, bytes(numbers))


def text(value: str) -> Value:
    return Value(Tag.OCTETS, value.encode())


def number(value: int) -> Value:
    return Value(Tag.INTEGER, value)


BRIDGE: dict[Oid, Value] = {
    oid("1.3.6.1.2.1.17.1.4.1.2.7"): number(10107),
    oid("1.3.6.1.2.1.31.1.1.1.1.10107"): text("Gi0/7"),
    oid("1.3.6.1.2.1.17.4.3.1.2.2.0.0.0.0.5"): number(7),
    oid("1.3.6.1.2.1.17.4.3.1.2.2.0.0.0.0.6"): number(9),
    oid("1.3.6.1.2.1.17.4.3.1.2.2.0.0.0.0.1"): number(0),
}
LLDP: dict[Oid, Value] = {
    oid("1.0.8802.1.1.2.1.3.7.1.3.7"): text("Gi0/7"),
    oid("1.0.8802.1.1.2.1.4.1.1.4.0.7.1"): number(4),
    oid("1.0.8802.1.1.2.1.4.1.1.5.0.7.1"): octets(2, 0, 0, 0, 0, 5),
    oid("1.0.8802.1.1.2.1.4.1.1.9.0.7.1"): text("sw-2"),
    oid("1.0.8802.1.1.2.1.4.2.1.3.0.7.1.1.4.10.0.0.5"): number(2),
    oid("1.0.8802.1.1.2.1.4.1.1.4.0.8.2"): number(7),
    oid("1.0.8802.1.1.2.1.4.1.1.5.0.8.2"): text("abcdef"),
}
NEIGHBOURS = [Neighbour("Gi0/7", "02:00:00:00:00:05", "sw-2", "10.0.0.5"), Neighbour("8")]


def test_bridge_table_names_the_ports_and_leaves_the_switch_itself_out() -> None:
    assert learnt_of(BRIDGE) == {
        "Gi0/7": frozenset({"02:00:00:00:00:05"}),
        "9": frozenset({"02:00:00:00:00:06"}),
    }


def test_bridge_table_by_vlan_is_read_too() -> None:
    by_vlan = {oid("1.3.6.1.2.1.17.7.1.2.2.1.2.30.2.0.0.0.0.5"): number(7)}
    assert learnt_of(by_vlan) == {"7": frozenset({"02:00:00:00:00:05"})}


def test_neighbours_are_read_and_a_chassis_that_is_no_hardware_address_is_none() -> None:
    assert neighbours_of(LLDP) == NEIGHBOURS


def test_neighbours_by_cdp_are_read_with_and_without_a_hardware_address() -> None:
    assert discover_cdp.neighbours_of(CDP) == [
        Neighbour("Gi1/0/1", "", "SW-QUAI.depot.local", "10.0.0.7"),
        Neighbour("10102", "02:00:00:00:00:0b"),
    ]


async def test_the_recording_of_a_switch_that_speaks_cdp_gives_its_neighbours() -> None:
    recording = Path(__file__).with_name("recordings") / "switch-cdp.rec"
    told = await tell(RecordedSession(parse(recording.read_text())), shipped())
    assert [(one.port, one.name, one.address, one.mac) for one in told.node.neighbours] == [
        ("Gi0/1", "sw-quai.depot.local", "192.0.2.7", ""),
        ("Gi0/2", "ap-bureau", "192.0.2.8", ""),
        ("Gi0/3", "", "", "02:00:00:00:00:0b"),
    ]
    assert told.identity.vendor == "Cisco"


async def test_an_agent_tells_identity_addresses_ports_and_neighbours_in_one_go() -> None:
    system = {
        oid("1.3.6.1.2.1.1.1.0"): text("A switch"),
        oid("1.3.6.1.2.1.1.2.0"): Value(Tag.OID, oid("1.3.6.1.4.1.9.1.1208")),
        oid("1.3.6.1.2.1.1.5.0"): text("sw-1"),
        oid("1.3.6.1.2.1.2.2.1.6.1"): octets(2, 0, 0, 0, 0, 1),
        oid("1.3.6.1.2.1.2.2.1.6.2"): octets(),
    }
    told = await tell(RecordedSession({**system, **BRIDGE, **LLDP}), shipped())
    assert (told.identity.name, told.identity.vendor) == ("sw-1", "Cisco")
    assert told.node.macs == {"02:00:00:00:00:01"}
    assert told.node.learnt == learnt_of(BRIDGE)
    assert list(told.node.neighbours) == NEIGHBOURS


_values = st.dictionaries(
    st.sampled_from(
        [*BRIDGE, *LLDP, *CDP, *(key[:-1] for key in CDP), *(key[:-1] for key in LLDP), *((*key, 7) for key in BRIDGE)]
    ),
    st.builds(Value, st.sampled_from(Tag), st.none() | st.integers() | st.binary(max_size=9)),
)


@settings(derandomize=True, max_examples=200)
@given(_values)
def test_any_tables_end_in_neighbours_or_none(values: dict[Oid, Value]) -> None:
    learnt_of(values)
    assert all(isinstance(one.port, str) for one in discover_cdp.neighbours_of(values))
    assert all(isinstance(one.port, str) for one in neighbours_of(values))


# where the box stands

ROUTES = """Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
wan0\t08080808\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""
ARP = """IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         02:FC:00:00:00:05     *        eth0
192.168.1.9      0x1         0x0         00:00:00:00:00:00     *        eth0
"""


FIB = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 192.168.1.0/24 2 0 2
        |-- 192.168.1.0
           /24 link UNICAST
        |-- 192.168.1.5
           /32 host LOCAL
        |-- 192.168.1.255
           /32 link BROADCAST
     |-- 127.0.0.1
        /32 host LOCAL
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "route").write_text(ROUTES)
    (tmp_path / "net" / "arp").write_text(ARP)
    (tmp_path / "net" / "fib_trie").write_text(FIB)
    for name, mac in (("eth0", "02:AA:00:00:00:01"), ("lo", "00:00:00:00:00:00")):
        (tmp_path / "class" / "net" / name).mkdir(parents=True)
        (tmp_path / "class" / "net" / name / "address").write_text(f"{mac}\n")
    return tmp_path


def test_own_networks_router_and_neighbours_are_read_from_the_kernel(machine: Path) -> None:
    assert list(map(str, attached(machine))) == ["192.168.1.0/24"]
    around = surroundings(machine, machine)
    assert (around.macs, around.router) == ({"02:aa:00:00:00:01"}, "192.168.1.1")
    assert hardware_addresses(machine) == {"192.168.1.1": "02:fc:00:00:00:05"}
    assert attached(machine / "absent") == []


def test_the_box_does_not_find_itself(machine: Path) -> None:
    assert own_addresses(machine) == {"192.168.1.5"}
    assert addresses(ipaddress.IPv4Network("192.168.1.4/30"), own_addresses(machine)) == ["192.168.1.6"]


@pytest.mark.parametrize(("pinger", "found"), [(FakeEcho(SILENCE), 0), (FakeEcho(ForbiddenError()), 1)])
async def test_on_its_own_wire_who_does_not_answer_arp_is_not_there(pinger: FakeEcho, found: int) -> None:
    async def web(_address: str, port: int) -> bool:
        return port == 443

    sweep = Sweep(means(FakeAsker(), pinger=pinger, tcp_open=web, on_link=[ipaddress.IPv4Network("192.0.2.0/24")]))
    await sweep.run(["192.0.2.78"])
    assert len(sweep.findings) == found


OWN = [ipaddress.IPv4Network("192.168.1.0/24")]


@pytest.mark.parametrize(
    ("wanted", "site", "said"),
    [
        ("10.0.0.0/24", (), "not at a port of this machine"),
        ("192.168.1.0/24", ("10.0.0.0/16",), "not of this site"),
        ("192.168.0.0/23", (), "not at a port"),
        ("10.0.0.0/8", ("10.0.0.0/8",), "sweep /20 at most"),
        ("0.0.0.0/0", (), "sweep /20"),
        ("depot", (), "no network"),
        ("fe80::/64", (), "no network"),
    ],
)
def test_foreign_network_is_refused_with_the_reason(wanted: str, site: tuple[str, ...], said: str) -> None:
    with pytest.raises(VigieError, match=said):
        permitted(wanted, site, OWN)


@pytest.mark.parametrize(
    ("wanted", "site"),
    [
        ("192.168.1.64/26", ()),
        ("10.0.3.0/24", ("10.0.0.0/16",)),
        ("127.0.0.0/24", ("10.0.0.0/16",)),
        ("192.168.1.7", ()),
    ],
)
def test_the_sites_own_networks_are_permitted(wanted: str, site: tuple[str, ...]) -> None:
    assert str(permitted(wanted, site, OWN)).startswith(wanted.partition("/")[0])
