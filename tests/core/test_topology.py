"""Parents from what switches tell: two switches in a row, a ring of stale tables, and any tree at all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.topology import Neighbour, Node, Place, places

BOX = frozenset({"02:00:00:00:00:fe"})


def mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def node(number: int, **learnt: set[int]) -> Node:
    ports = {
        port: frozenset(next(iter(BOX)) if one == 254 else mac(one) for one in macs) for port, macs in learnt.items()
    }
    return Node(f"10.0.0.{number}", f"n{number}", frozenset({mac(number)}), ports)


def test_device_hangs_behind_the_nearest_switch_and_that_behind_the_next() -> None:
    core = node(1, p1={254}, p2={2, 5, 6}, p3={7})
    edge = node(2, uplink={254, 1, 7}, a={5}, b={6})
    found = places([core, edge, node(5), node(6), node(7)], BOX)
    assert found == {
        "10.0.0.2": Place("10.0.0.1", "p2", True),
        "10.0.0.5": Place("10.0.0.2", "a", True),
        "10.0.0.6": Place("10.0.0.2", "b", True),
        "10.0.0.7": Place("10.0.0.1", "p3", True),
    }


def test_switch_that_has_not_seen_the_box_is_a_guess() -> None:
    found = places([node(1, a={5}), node(5)], BOX)
    assert found == {"10.0.0.5": Place("10.0.0.1", "a", False)}


def test_what_lies_towards_the_box_is_no_child() -> None:
    assert places([node(2, uplink={254, 7}), node(7)], BOX) == {}


def test_neighbour_by_lldp_is_known_by_mac_name_or_address() -> None:
    heard = (Neighbour("a", mac=mac(5)), Neighbour("b", name="n6"), Neighbour("c", address="10.0.0.7"),
             Neighbour("d", name="nobody"))  # fmt: skip
    switch = Node("10.0.0.1", "sw", frozenset({mac(1)}), {"up": BOX}, heard)
    found = places([switch, node(5), node(6), node(7)], BOX)
    assert {address: place.port for address, place in found.items()} == {
        "10.0.0.5": "a",
        "10.0.0.6": "b",
        "10.0.0.7": "c",
    }


def test_neighbour_by_cdp_is_known_by_its_name_with_the_domain_unless_two_have_it() -> None:
    heard = (Neighbour("a", name="N5.depot.local"), Neighbour("b", name="n6"))
    switch = Node("10.0.0.1", "sw", frozenset({mac(1)}), {"up": BOX}, heard)
    twins = [Node(f"10.0.0.{n}", f"N6.{n}.local", frozenset({mac(n)})) for n in (66, 67)]
    found = places([switch, node(5), *twins], BOX)
    assert {address: place.port for address, place in found.items()} == {"10.0.0.5": "a"}


def test_tables_that_contradict_each_other_claim_nothing() -> None:
    assert places([node(1, a={2}), node(2, a={1})], frozenset()) == {}


@settings(derandomize=True, max_examples=150)
@given(st.lists(st.integers(0, 100), min_size=1, max_size=12))
def test_any_tree_of_switches_is_found_again(shape: list[int]) -> None:
    """Switch 1 holds the box; each further one hangs at an earlier one, and every table is complete."""
    parents = {number + 2: 1 + seed % (number + 1) for number, seed in enumerate(shape)}
    count = len(shape) + 1

    def way(number: int) -> list[int]:
        return [number] if number == 1 else [number, *way(parents[number])]

    switches = []
    for me in range(1, count + 1):
        ports: dict[str, set[int]] = {"towards": {254}}
        for other in range(1, count + 1):
            if other != me:
                path = way(other)
                port = f"to{path[path.index(me) - 1]}" if me in path else "towards"
                ports.setdefault(port, set()).add(other)
        switches.append(node(me, **ports))
    found = places(switches, BOX)
    assert {int(a.rpartition(".")[2]): int(p.parent.rpartition(".")[2]) for a, p in found.items()} == parents
