"""What the agent takes in of devices and of people: nothing without a person, nothing that was not found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from gateway.agent.stocktaking import Stocktaking, Taken
from gateway.clock import FakeClock, stamp
from gateway.core.device import Device, Kind, Park, Service, Warranty
from gateway.core.errors import UnavailableError
from gateway.core.inventory import Entry, EntryKind
from gateway.core.reading import Identity, Poll
from gateway.ports import Batch, Command
from gateway.store.memory import MemoryLedger

PARK = Park(
    [Device("sw-1", "Switch", Kind.SWITCH, "10.0.0.2", vendor="Cisco", firmware="3.0"),
     Device("ups-1", "Onduleur", Kind.UPS, "10.0.0.3", parent="sw-1")],
    [Service("erp", "ERP")],
)  # fmt: skip
UPS = Identity("ups-apc", "ups", "APC", "SMT750", "AS1", "9.3")
ROW: dict[str, Any] = {
    "key": "02:00:00:00:00:09",
    "address": "10.0.0.9",
    "standing": "new",
    "replaces": None,
    "device": {"id": "prn-1", "name": "Imprimante", "kind": "printer", "address": "10.0.0.9", "collect": ["reach"],
               "criticality": "standard", "parent": "sw-1", "vendor": "Brother", "serial": "E1"},
    "said": {"vendor": "Brother", "serial": "E1", "mac": "02:00:00:00:00:09"},
}  # fmt: skip
SWEEP = {"at": 1e9, "networks": ["10.0.0.0/24"], "asked": 254, "notes": [], "found": [ROW], "more": 0, "said": {}}


class FakeStock:
    """An inventory that remembers what was asked of it, or refuses."""

    def __init__(self) -> None:
        self.done: list[tuple[str, Mapping[str, Any]]] = []
        self.refusal = ""

    def add(self, values: Mapping[str, Any]) -> None:
        self.change("", values)

    def change(self, name: str, values: Mapping[str, Any]) -> None:
        if self.refusal:
            raise UnavailableError(self.refusal, remedy="free space")
        self.done.append((name, values))


class Bench:
    """A stocktaking whose entries are recorded as the agent does it."""

    def __init__(self, park: Park = PARK) -> None:
        self.ledger = MemoryLedger()
        self.files = FakeStock()
        self.start(park)

    def start(self, park: Park = PARK) -> None:
        self.stock = Stocktaking(park, self.ledger, self.files)

    def keep(self, entries: list[Entry]) -> list[Entry]:
        self.ledger.record(Batch(stamp(FakeClock()), entries=entries))
        return entries

    def hears(self, identity: Identity, device: str = "ups-1", collector: str = "snmp", times: int = 1) -> list[Entry]:
        polls = [Poll(device, "reach", 0.0), Poll(device, collector, 0.0, identity=identity)]
        return [one for _ in range(times) for one in self.keep(self.stock.polled(device, polls, 100.0))]

    def asks(self, what: str, /, **body: str) -> Taken:
        taken = self.stock.carry_out(Command(1, what, 0.0, "Amel", body), 200.0)
        assert taken is not None
        self.keep(list(taken.entries))
        return taken


@pytest.fixture
def bench() -> Bench:
    return Bench()


# what devices say


def test_what_a_device_says_is_taken_in_once_and_survives_a_restart(bench: Bench) -> None:
    (entry,) = bench.hears(UPS, times=3)
    assert (entry.kind, entry.subject, entry.body["serial"]) == (EntryKind.SAID, "ups-1", "AS1")
    bench.start()
    assert bench.hears(UPS) == []
    device = bench.stock.identified().devices["ups-1"]
    assert (device.vendor, device.model, device.serial, device.firmware) == ("APC", "SMT750", "AS1", "9.3")
    assert list(bench.stock.identified().services) == ["erp"]


def test_what_a_person_wrote_wins_and_what_the_wire_says_stands_beside_it(bench: Bench) -> None:
    bench.hears(Identity(kind="switch", vendor="Cisco Systems", model="CBS250", firmware="3.2"), "sw-1")
    switch = bench.stock.identified().devices["sw-1"]
    assert (switch.vendor, switch.model, switch.firmware, switch.said["firmware"]) == ("Cisco", "CBS250", "3.0", "3.2")


def test_what_contradicts_the_card_counts_when_it_is_said_twice_running(bench: Bench) -> None:
    bench.hears(UPS)
    other = replace(UPS, serial="BS2")
    assert bench.hears(other) == []
    assert bench.hears(UPS) == []
    assert bench.hears(other) == []
    assert [one.body["serial"] for one in bench.hears(other)] == ["BS2"]


def test_who_made_a_disk_did_not_make_the_server(bench: Bench) -> None:
    assert bench.hears(Identity("smart", vendor="Seagate Exos", model="ST4000", serial="Z1"), collector="smart") == []


def test_headquarters_is_told_of_news_only(bench: Bench) -> None:
    assert not bench.stock.news
    bench.hears(UPS)
    assert bench.stock.news
    bench.stock.news = False
    bench.hears(replace(UPS, description="up 3 days"))
    assert not bench.stock.news


# what sweeps find


def test_a_sweep_is_kept_over_a_restart_and_tells_of_known_devices_too(bench: Bench) -> None:
    bench.keep(bench.stock.swept({**SWEEP, "said": {"ups-1": {"mac": "00:c0:b7:00:00:01", "mac_vendor": "APC"}}}))
    bench.start()
    assert bench.stock.swept_at == 1e9
    assert [row["address"] for row in bench.stock.told()["discovery"]["found"]] == ["10.0.0.9"]
    assert bench.stock.identified().devices["ups-1"].said == {"mac": "00:c0:b7:00:00:01", "mac_vendor": "APC"}


@pytest.mark.parametrize(("collect", "swaps"), [(("reach",), 1), (("reach", "snmp"), 0)])
def test_a_sweep_contradicts_only_what_no_poll_can_tell(collect: tuple[str, ...], swaps: int) -> None:
    bench = Bench(Park([Device("srv-1", "S", address="10.0.0.3", collect=collect)]))
    for serial in ("A1", "B2"):
        bench.keep(bench.stock.swept({**SWEEP, "said": {"srv-1": {"serial": serial, "mac": "02:00:00:00:00:03"}}}))
    assert len(bench.stock.told()["replaced"]) == swaps
    assert bench.stock.identified().devices["srv-1"].said == {"serial": "A1", "mac": "02:00:00:00:00:03"}


def test_a_proposal_that_is_in_the_inventory_now_is_told_no_more(bench: Bench) -> None:
    bench.keep(bench.stock.swept(SWEEP))
    bench.start(Park([*PARK.devices.values(), Device("p", "P", address="10.0.0.9")]))
    assert bench.stock.told()["discovery"]["found"] == []


def test_what_nobody_wants_is_not_proposed_again_until_somebody_does(bench: Bench) -> None:
    bench.keep(bench.stock.swept(SWEEP))
    bench.asks("proposal_ignore", key=ROW["key"])
    bench.keep(bench.stock.swept({**SWEEP, "at": 2e9}))
    bench.start()
    told = bench.stock.told()["discovery"]
    assert told["found"] == []
    assert [(one["key"], one["name"], one["who"]) for one in told["ignored"]] == [(ROW["key"], "Imprimante", "Amel")]
    bench.asks("proposal_want", key=ROW["key"])
    assert len(bench.stock.told()["discovery"]["found"]) == 1


# what people decide


def test_a_device_is_added_as_found_with_what_the_person_chose(bench: Bench) -> None:
    bench.keep(bench.stock.swept(SWEEP))
    taken = bench.asks("device_add", key=ROW["key"], name="Étiquettes", kind="printer", parent="", power="ups-1")
    ((_, values),) = bench.files.done
    assert values == {
        "id": "prn-1", "name": "Étiquettes", "kind": "printer", "address": "10.0.0.9", "collect": ["reach"],
        "criticality": "standard", "power": "ups-1",
    }  # fmt: skip
    assert (taken.changed, taken.refusal) == (True, "")
    assert [(one.kind, one.subject, one.who) for one in taken.entries] == [
        (EntryKind.ADDED, "prn-1", "Amel"),
        (EntryKind.SAID, "prn-1", ""),
    ]
    bench.start(Park([*PARK.devices.values(), Device("prn-1", "Étiquettes", address="10.0.0.9")]))
    assert bench.stock.identified().devices["prn-1"].serial == "E1"


def test_a_parent_that_is_only_proposed_itself_is_left_out(bench: Bench) -> None:
    row = {**ROW, "device": {**ROW["device"], "parent": "sw-9", "power": "ups-1"}}
    bench.keep(bench.stock.swept({**SWEEP, "found": [row]}))
    assert bench.asks("device_add", key=ROW["key"]).changed
    ((_, values),) = bench.files.done
    assert ("parent" in values, values["power"]) == (False, "ups-1")


def test_a_command_that_comes_again_after_a_power_cut_adds_nothing_twice(bench: Bench) -> None:
    bench.keep(bench.stock.swept(SWEEP))
    bench.start(Park([*PARK.devices.values(), Device("prn-1", "Étiquettes", address="10.0.0.9")]))
    assert bench.asks("device_add", key=ROW["key"], name="Étiquettes").refusal == ""
    assert bench.files.done == []


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("device_add", {"key": "10.9.9.9"}, "no proposal '10.9.9.9' here"),
        ("device_add", {"key": ROW["key"], "parent": "sw-9"}, "parent: no device 'sw-9' here"),
        ("device_swap", {"device": "ups-1", "serial": "x"}, "no other machine answers for ups-1"),
        ("device_change", {"device": "nobody", "name": "x"}, "no device 'nobody' here"),
        ("device_change", {"device": "sw-1", "parent": "ups-1"}, "in a circle: sw-1 -> ups-1 -> sw-1"),
        ("device_move", {"key": ROW["key"]}, "no proposal"),
    ],
)
def test_what_was_not_found_or_does_not_fit_is_refused_with_the_reason(
    bench: Bench, kind: str, body: dict[str, str], said: str
) -> None:
    bench.keep(bench.stock.swept(SWEEP))
    taken = bench.asks(kind, **body)
    assert said in taken.refusal
    assert (taken.entries, taken.changed, bench.files.done) == ((), False, [])
    assert bench.stock.told()["stock"]["refusal"] == taken.refusal


def test_an_inventory_that_cannot_be_written_is_told_until_it_can(bench: Bench) -> None:
    bench.keep(bench.stock.swept(SWEEP))
    bench.files.refusal = "inventory.json: disk full"
    assert "disk full" in bench.asks("device_add", key=ROW["key"]).refusal
    bench.files.refusal = ""
    assert bench.asks("device_add", key=ROW["key"]).changed
    assert bench.stock.told()["stock"]["refusal"] == ""


def test_without_a_writable_inventory_nothing_is_changed() -> None:
    stock = Stocktaking(PARK, MemoryLedger(), None)
    taken = stock.carry_out(Command(1, "device_change", 0.0, "Amel", {"device": "ups-1", "name": "x"}), 1.0)
    assert taken is not None
    assert "cannot be changed here" in taken.refusal


def test_a_swap_is_proposed_with_both_serials_and_dates_and_a_person_confirms_it(bench: Bench) -> None:
    bench.hears(UPS)
    bench.hears(replace(UPS, serial="BS2", firmware="15.0"), times=2)
    (swap,) = bench.stock.told()["replaced"]
    assert (swap["device"], swap["serial"], swap["instead_of"]) == ("ups-1", "BS2", "AS1")
    assert (swap["at"], swap["before_at"], swap["told"]["firmware"]) == (100.0, 100.0, "15.0")
    assert bench.stock.identified().devices["ups-1"].serial == "AS1"
    taken = bench.asks("device_swap", device="ups-1", serial="BS2")
    assert taken.changed
    bench.start()
    assert bench.stock.told()["replaced"] == []
    assert bench.stock.identified().devices["ups-1"].serial == "BS2"


@pytest.mark.parametrize(
    ("same", "gone"), [("", {"serial": None, "vendor": None, "warranty": None}), ("yes", {"serial": None})]
)
def test_what_belonged_to_the_old_machine_goes_with_it_and_only_with_it(same: str, gone: dict[str, None]) -> None:
    bench = Bench(Park([Device("ups-1", "O", serial="AS1", vendor="APC", warranty=Warranty(date(2027, 1, 1)))]))
    bench.hears(replace(UPS, serial="BS2"), times=2)
    bench.asks("device_swap", device="ups-1", serial="BS2", same=same)
    assert bench.files.done == [("ups-1", gone)]


def test_a_machine_that_moved_gets_its_new_address(bench: Bench) -> None:
    moved = {**ROW, "standing": "moved", "replaces": "ups-1"}
    bench.keep(bench.stock.swept({**SWEEP, "found": [moved]}))
    assert len(bench.stock.told()["discovery"]["found"]) == 1
    bench.asks("device_move", key=ROW["key"])
    assert bench.files.done == [("ups-1", {"address": "10.0.0.9"})]


def test_support_and_warranty_are_written_as_tables(bench: Bench) -> None:
    body = {"device": "ups-1", "support.phone": "021 00", "support.provider": "", "warranty.ends_on": "2027-01-01"}
    (entry,) = bench.asks("device_change", **body).entries
    assert bench.files.done == [
        ("ups-1", {"support": {"provider": None, "phone": "021 00"}, "warranty": {"ends_on": "2027-01-01"}})
    ]
    assert entry.body == {"support.phone": "021 00", "support.provider": None, "warranty.ends_on": "2027-01-01"}


def test_other_commands_are_none_of_its_business(bench: Bench) -> None:
    assert bench.stock.carry_out(Command(1, "silence", 0.0, "Amel"), 0.0) is None
    assert bench.asks("sweep_now").sweep
