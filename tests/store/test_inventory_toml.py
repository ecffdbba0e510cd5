"""`inventory.toml`: every fault at once, and what is written reads back the same."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.device import (
    Cost,
    Criticality,
    Device,
    Kind,
    Limit,
    Service,
    ServiceCheck,
    Support,
    SupportModel,
    Warranty,
)
from gateway.core.document import parse_duration
from gateway.core.errors import InputError
from gateway.store.inventory import parse_csv, parse_toml, write_csv, write_toml
from gateway.store.inventory_form import duration_text

SCENARIOS = Path(__file__).parents[3] / "shared" / "data" / "scenarios"


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as refused:
        parse_toml(text, "inventory.toml")
    return [str(fault) for fault in refused.value.faults]


def test_every_fault_of_a_file_is_told_at_once_with_its_line() -> None:
    text = """
[[device]]
id = "ups-1"
kind = "toaster"
adress = "10.0.0.1"

[[device]]
id = "Serveur 1"
criticality = "vital"
address = "http://10.0.0.2/"
power = "ups-9"
ports = { snmp = 70000 }
every = 60

[[service]]
depends_on = ["ups-1", "nas-1", 3]
check = { type = "tcp", target = "10.0.0.2" }
always_on = "oui"
"""
    assert faults(text) == [
        'inventory.toml:4: device.1.kind = "toaster" is unknown: one of ' + ", ".join(Kind),
        'inventory.toml:5: unknown key "device.1.adress": did you mean "address"?',
        'inventory.toml:8: id "Serveur 1" cannot be used: start with a-z or 0-9, then a-z, 0-9, - _ . (63 at most)',
        'inventory.toml:9: device.2.criticality = "vital" is unknown: one of critical, important, standard',
        'inventory.toml:10: address "http://10.0.0.2/" is no address: an IP address or a host name, without a port',
        'inventory.toml:11: Serveur 1: power "ups-9" is no device of this inventory: correct the id',
        "inventory.toml:12: device.2.ports.snmp is 70000: expected a whole number from 1 to 65535",
        (
            "inventory.toml:13: device.2.every is a whole number (60): "
            'expected a duration in quotes such as "90s", "5m", "4h" or "8h30m"'
        ),
        'inventory.toml:15: service.1.id is missing: add id = "..."',
        "inventory.toml:16: service.1.depends_on holds a whole number (3): expected texts only",
        'inventory.toml:16: service.1: depends_on "nas-1" is no device or service of this inventory: correct the id',
        "inventory.toml:17: service.1.check.port is missing: a tcp check needs a port",
        "inventory.toml:18: service.1.always_on is text ('oui'): expected true or false",
    ]


def test_id_that_is_used_twice_names_both_lines_also_over_devices_and_services() -> None:
    text = '[[device]]\nid = "a"\n[[device]]\nid = "a"\n[[service]]\nid = "a"\n'
    assert faults(text) == [
        'inventory.toml:4: id "a" is used twice, first on line 2: give every one its own id',
        'inventory.toml:6: id "a" is used twice, first on line 2: give every one its own id',
    ]


def test_circle_of_parents_is_written_out_once() -> None:
    rows = [("a", "b"), ("b", "c"), ("c", "b"), ("d", "a")]
    text = "".join(f'[[device]]\nid = "{name}"\nparent = "{parent}"\n' for name, parent in rows)
    assert faults(text) == ["inventory.toml:6: parent goes round in a circle: b -> c -> b: remove one parent"]


def test_device_that_feeds_itself_is_a_circle() -> None:
    assert faults('[[device]]\nid = "ups-1"\npower = "ups-1"\n') == [
        "inventory.toml:3: power goes round in a circle: ups-1 -> ups-1: remove one power"
    ]


def test_services_may_rest_on_services_but_not_in_a_circle() -> None:
    text = '[[service]]\nid = "erp"\ndepends_on = ["sql"]\n[[service]]\nid = "sql"\ndepends_on = ["erp"]\n'
    assert faults(text) == [
        "inventory.toml:3: depends_on goes round in a circle: erp -> sql -> erp: remove one depends_on"
    ]


def test_two_ways_to_one_device_are_no_circle() -> None:
    text = '[[device]]\nid = "a"\n' + "".join(
        f'[[service]]\nid = "{name}"\ndepends_on = {rests!r}\n'
        for name, rests in (("s", ["t", "u"]), ("t", ["a"]), ("u", ["a", "t"]))
    )
    assert len(parse_toml(text, "inventory.toml")[1]) == 3


def test_what_is_no_toml_is_told_with_its_line() -> None:
    (fault,) = faults('[[device]]\nid = "a\n')
    assert fault.startswith("inventory.toml:2: not valid TOML: ")


def test_tables_where_one_is_expected_are_faults_and_no_crash() -> None:
    assert faults("device = 3\n")[0].startswith("inventory.toml:1: device is a whole number (3)")
    assert faults('device = ["a"]\n')[0] == "inventory.toml:1: device holds text: write it as [[device]]"
    assert faults('[[device]]\nid = "a"\nsupport = "Dell"\n')[0].endswith("expected a table")


FULL = (
    Device(
        "srv-1", "Serveur de gestion", Kind.SERVER, "10.0.0.2", Criticality.CRITICAL, "sw-1", "ups-1",
        ("snmp", "reach"), "lecture", {"snmp": 1161}, 90.0, "depot", "alger", "baie 2", "Dell", "R740", "S/N 1", "2.1",
        date(2023, 5, 1), Support(SupportModel.SHARED, "Sarl Info", "C-12", "0550 00 00 00", date(2026, 12, 31)),
        Warranty(date(2026, 5, 1)), Cost(1250.5, 40.0), "onduleur",
        (Limit("system.filesystem.utilization", "/data", 0.97, 0.99), Limit("system.cpu.utilization", off=True)),
        {"ssh": "srv-ssh"}, ("erp", "paie"), ("/api", "battery.charge=soc"),
        "pinned",
    ),
    Device("sw-1", "sw-1"),
    Device("ups-1", "ups-1", Kind.UPS, parent="sw-1"),
)  # fmt: skip
SERVICES = (
    Service(
        "erp", "Gestion", Criticality.CRITICAL, ("srv-1", "sw-1"),
        ServiceCheck("http", "https://a/", 8443, "ok", 2.5, False), True, "Les commandes ne partent plus", True,
    ),
    Service("sql", "Base", depends_on=("srv-1", "erp"), check=ServiceCheck("tcp", "10.0.0.2", 1433, timeout_s=2.5)),
    Service("mail", "Courriel", depends_on=("srv-1",), check=ServiceCheck("tls")),
)  # fmt: skip


def test_the_examples_leave_no_field_at_its_default() -> None:
    """So that a field that is added and forgotten in the form fails the test below."""
    examples = ((FULL[0], Device("", "")), (SERVICES[0], Service("", "")), (SERVICES[0].check, ServiceCheck("")))
    for example, known in examples:
        same = [field.name for field in fields(known) if getattr(example, field.name) == getattr(known, field.name)]
        assert same == (["said"] if isinstance(example, Device) else [])  # only the device itself can say it


@pytest.mark.parametrize("form", ["toml", "csv"])
def test_every_field_reads_back_as_written(form: str) -> None:
    write, read = (write_toml, parse_toml) if form == "toml" else (write_csv, parse_csv)
    assert read(write(FULL, SERVICES), "x") == (FULL, SERVICES)


@pytest.mark.parametrize("folder", sorted(SCENARIOS.glob("*")) or [None])
def test_recorded_depots_are_read_and_read_back(folder: Path | None) -> None:
    if folder is None:
        pytest.skip("the scenarios are not beside this checkout")
    inventory = parse_toml((folder / "inventory.toml").read_text(), "inventory.toml")
    assert len(inventory[0]) > 3
    assert parse_toml(write_toml(*inventory), "x") == inventory
    assert parse_csv(write_csv(*inventory), "x") == inventory


_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20)


@given(_TEXT, st.floats(0, 1e9), _TEXT)
def test_any_text_and_any_price_survive_toml(name: str, price: float, place: str) -> None:
    device = Device("a", name or "a", location=place, cost=Cost(price))
    text = write_toml([device], [])
    assert tomllib.loads(text)
    assert parse_toml(text, "x") == ((device,), ())


@settings(max_examples=300)
@given(st.one_of(st.integers(1, 10**7).map(float), st.integers(1, 10**7).map(lambda n: n / 1000)))
def test_duration_is_written_as_it_is_read(seconds: float) -> None:
    assert parse_duration(duration_text(seconds)) == pytest.approx(seconds, abs=1e-9)
