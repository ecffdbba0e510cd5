"""What is proposed from what was found: kinds, guesses marked as such, swaps, moves; and that nothing is invented."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from gateway.core.device import IDENTIFIER, Criticality, Device, Kind, Warranty
from gateway.core.discovery import Finding, Proposal, Standing, Surroundings, kind_of, propose, replaced, swapped
from gateway.core.reading import Identity
from gateway.core.topology import Node

NOWHERE = Surroundings()
UPS = Identity("ups-apc", "ups", "APC", "Smart-UPS X 750", "AS 1234-567", "UPS 09.3", "ups-salle")


def found(address: str = "10.0.0.5", **known: object) -> Finding:
    return replace(Finding(address), **known)  # type: ignore[arg-type]


def only(finding: Finding, *inventory: Device, around: Surroundings = NOWHERE) -> Proposal:
    (proposal,) = propose([finding], inventory, around)
    return proposal


def test_device_that_answers_snmp_is_proposed_as_it_describes_itself() -> None:
    proposal = only(found(identity=UPS, credential="lecture"))
    device = proposal.device
    assert (proposal.standing, device.id, device.kind, device.serial) == ("new", "ups-salle", "ups", "AS 1234-567")
    assert (device.collect, device.credential, device.criticality) == (("reach", "snmp"), "lecture", "critical")
    assert proposal.guessed == ("criticality",)
    assert "kind: SNMP, ups-apc" in proposal.because


def test_public_needs_no_credential_and_another_port_is_kept() -> None:
    device = only(found(identity=UPS, credential="", snmp_port=1161)).device
    assert (device.credential, device.ports) == (None, {"snmp": 1161})


def test_a_name_that_nobody_told_is_a_guess_with_the_maker_in_it() -> None:
    proposal = only(found(ports=(9100,), mac_vendor="Brother"))
    assert proposal.device.name == "printer Brother 10.0.0.5"
    assert "name" in proposal.guessed
    assert "hardware address: made by Brother" in proposal.because
    told = only(found(ports=(9100,), host_name="BRN001BA9"))
    assert (told.device.name, "name" in told.guessed) == ("BRN001BA9", False)


KINDS = [
    ({"ports": (80, 9100)}, Kind.PRINTER),
    ({"ports": (80, 554)}, Kind.CAMERA),
    ({"ports": (22, 443, 8006)}, Kind.HYPERVISOR),
    ({"ports": (22, 445, 5000)}, Kind.NAS),
    ({"ports": (135, 389, 445, 3389)}, Kind.SERVER),
    ({"ports": (135, 445, 3389)}, Kind.WORKSTATION),
    ({"ports": (22,)}, Kind.SERVER),
    ({"ports": (80, 443)}, Kind.OTHER),
    ({"services": ("_ipp._tcp",), "ports": (80,)}, Kind.PRINTER),
    ({"services": ("_http._tcp", "_axis-video._tcp")}, Kind.CAMERA),
    ({"mac_vendor": "Hikvision", "ports": (80,)}, Kind.CAMERA),
    ({"mac_vendor": "APC", "ports": (22, 80)}, Kind.UPS),
    ({"mac_vendor": "Dell", "ports": (22, 80)}, Kind.SERVER),
    ({"identity": Identity(kind="other"), "credential": "", "ports": (9100,)}, Kind.PRINTER),
]


@pytest.mark.parametrize(("told", "kind"), KINDS)
def test_kind_without_a_description_is_a_guess_and_says_so(told: dict[str, object], kind: Kind) -> None:
    proposal = only(found(**told))
    assert proposal.device.kind is kind
    assert "kind" in proposal.guessed


def test_the_way_out_is_a_router() -> None:
    assert kind_of(found("10.0.0.1", ports=(22,)), Surroundings(router="10.0.0.1"))[0] is Kind.ROUTER


def test_ids_are_free_valid_and_told_apart() -> None:
    names = ["SRV ERP.depot.local", "SRV ERP.depot.local", "Été", "", "10.0.0.9"]
    findings = [found(f"10.0.0.{n}", host_name=name) for n, name in enumerate(names, start=5)]
    ids = [one.device.id for one in propose(findings, [Device("srv-erp", "x", address="10.9.9.9")], NOWHERE)]
    assert ids == ["srv-erp-2", "srv-erp-3", "t", "dev-0-8", "10-0-0-9"]
    assert all(IDENTIFIER.fullmatch(one) for one in ids)


KNOWN = Device(
    "ups-1", "Onduleur", Kind.UPS, "10.0.0.5", Criticality.CRITICAL, "sw-1", serial="AS1234567", location="Salle",
    purchased_on=date(2020, 1, 1), warranty=Warranty(date(2027, 1, 1)),
)  # fmt: skip


def test_same_serial_written_otherwise_is_the_same_machine() -> None:
    proposal = only(found(identity=UPS), KNOWN)
    assert (proposal.standing, proposal.device, proposal.replaces) == (Standing.KNOWN, KNOWN, "ups-1")


def test_other_serial_at_the_same_address_is_a_swap_that_keeps_the_place() -> None:
    proposal = only(found(identity=replace(UPS, serial="QS999")), KNOWN)
    device = proposal.device
    assert (proposal.standing, proposal.replaces) == (Standing.SWAPPED, "ups-1")
    assert (device.id, device.name, device.parent, device.location) == ("ups-1", "Onduleur", "sw-1", "Salle")
    assert (device.serial, device.model) == ("QS999", "Smart-UPS X 750")
    assert (device.purchased_on, device.warranty) == (None, Warranty())
    assert proposal.because == ("serial QS999 instead of AS1234567 at 10.0.0.5",)


@pytest.mark.parametrize(("before", "now"), [("", "QS999"), ("AS1234567", ""), ("", "")])
def test_serial_that_one_side_does_not_tell_is_no_swap(before: str, now: str) -> None:
    assert not replaced(replace(KNOWN, serial=before), replace(UPS, serial=now))
    assert swapped(KNOWN, UPS).criticality is KNOWN.criticality


def test_known_serial_at_another_address_has_moved() -> None:
    proposal = only(found("10.0.0.77", identity=UPS), KNOWN)
    assert (proposal.standing, proposal.device.address, proposal.replaces) == (Standing.MOVED, "10.0.0.77", "ups-1")


MAC = "02:00:00:00:00:05"


def test_parent_from_the_bridge_table_is_no_guess() -> None:
    box = frozenset({"02:00:00:00:00:fe"})
    learnt = {"Gi1": frozenset({MAC}), "Gi24": box}
    switch = found(
        "10.0.0.2", identity=Identity(kind="switch", name="sw-1"), credential="", node=Node("", learnt=learnt)
    )
    server = found(ports=(22,), node=Node("", macs=frozenset({MAC})))
    _, proposal = propose([switch, server], [], Surroundings(box))
    assert proposal.device.parent == "sw-1"
    assert "parent" not in proposal.guessed
    assert "parent: sw-1 sees it at port Gi1" in proposal.because


def test_the_only_switch_and_the_only_ups_are_guesses() -> None:
    switch = Device("sw-1", "Switch", Kind.SWITCH, "10.0.0.2")
    proposal = only(found(ports=(22,)), switch, replace(KNOWN, address="10.0.0.3"))
    assert (proposal.device.parent, proposal.device.power) == ("sw-1", "ups-1")
    assert {"parent", "power", "kind", "criticality", "name"} == set(proposal.guessed)


def test_of_two_switches_and_two_ups_none_is_guessed() -> None:
    twice = [Device(f"sw-{n}", "S", Kind.SWITCH, f"10.0.1.{n}") for n in (1, 2)]
    twice += [Device(f"ups-{n}", "U", Kind.UPS, f"10.0.2.{n}") for n in (1, 2)]
    device = only(found(ports=(22,)), *twice).device
    assert (device.parent, device.power) == (None, None)


def test_printer_is_not_guessed_to_hang_on_the_ups() -> None:
    assert only(found(ports=(9100,)), replace(KNOWN, address="10.0.0.3")).device.power is None
