"""The inventory as a spreadsheet, as French Excel leaves it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.core.device import Cost, Device, Kind, Service, Support, SupportModel
from gateway.core.errors import InputError
from gateway.store.inventory import decode_csv, parse_csv, write_csv

EXCEL = (
    "type;id;name;kind;purchased_on;cost.purchase;support.model;depends_on;always_on\r\n"
    "device;srv-1;Serveur d'Alger;server;01/05/2023;1 250,50;oem;;\r\n"
    ";sw-1;;switch;;;;;\r\n"
    ";;;;;;;;\r\n"
    "service;erp;Gestion;;;;;srv-1 sw-1;oui\r\n"
)
SERVER = Device(
    "srv-1",
    "Serveur d'Alger",
    Kind.SERVER,
    purchased_on=date(2023, 5, 1),
    cost=Cost(1250.5),
    support=Support(SupportModel.OEM),
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_what_french_excel_writes_is_read(encoding: str) -> None:
    devices, services = parse_csv(decode_csv(EXCEL.encode(encoding), "parc.csv"), "parc.csv")
    assert devices == (SERVER, Device("sw-1", "sw-1", Kind.SWITCH))
    assert services == (Service("erp", "Gestion", depends_on=("srv-1", "sw-1"), always_on=True),)


@pytest.mark.parametrize("separator", [",", "\t"])
def test_commas_and_tabs_separate_too(separator: str) -> None:
    text = separator.join(("id", "name", "purchased_on")) + "\n" + separator.join(("a", '"A; B"', "2023-05-01"))
    assert parse_csv(text, "x") == ((Device("a", "A; B", purchased_on=date(2023, 5, 1)),), ())


def test_all_faults_of_a_spreadsheet_are_told_with_their_lines() -> None:
    text = (
        "id;kind;parent;couleur;ports.snmp;cost.purchase;type\n"
        "a;lamp;b;rouge;;;\n"
        "a;;;;abc;cher;\n"
        '"d\ne";;;;;;\n'
        "f;;;;;;chose\n"
    )
    with pytest.raises(InputError) as refused:
        parse_csv(text, "parc.csv")
    told = [str(fault) for fault in refused.value.faults]
    expected = [
        'parc.csv:1: unknown column "couleur"',
        "parc.csv:2: row.2.kind",
        'parc.csv:2: a: parent "b" is no device',
        "parc.csv:3: row.3.ports.snmp is text ('abc')",
        "parc.csv:3: row.3.cost.purchase is text ('cher')",
        'parc.csv:3: id "a" is used twice, first on line 2',
        'parc.csv:5: id "d\\ne" cannot be used',
        'parc.csv:6: type "chose" is unknown',
    ]
    assert len(told) == len(expected)
    for line, start in zip(told, expected, strict=True):
        assert line.startswith(start)


def test_spreadsheet_without_ids_is_refused_with_the_names_of_columns() -> None:
    with pytest.raises(InputError, match='no column "id": the first row names columns: type, id, name'):
        parse_csv("nom;adresse\nx;y\n", "parc.csv")
    with pytest.raises(InputError, match='no column "id"'):
        parse_csv("", "parc.csv")


def test_column_that_stands_twice_is_a_fault() -> None:
    with pytest.raises(InputError, match='column "name" stands twice'):
        parse_csv("id;name;name\na;b;c\n", "parc.csv")


def test_neither_unicode_nor_windows_text_is_told() -> None:
    with pytest.raises(InputError, match="neither UTF-8 nor Windows-1252"):
        decode_csv(b"id\n\x81\x8d", "parc.csv")


def test_export_is_what_it_was(tmp_path: Path) -> None:
    header, first, *_ = write_csv([SERVER], []).split("\r\n")
    assert header.startswith("\ufefftype;id;name;kind;")
    columns = dict(zip(header.removeprefix("\ufeff").split(";"), first.split(";"), strict=True))
    assert {name: text for name, text in columns.items() if text} == {
        "type": "device",
        "id": "srv-1",
        "name": "Serveur d'Alger",
        "kind": "server",
        "criticality": "standard",
        "purchased_on": "2023-05-01",
        "support.model": "oem",
        "cost.purchase": "1250,5",
    }


@pytest.mark.parametrize("name", ["=HYPERLINK(0)", "+213 21 00", "-1+1", "@SUM(A1)", "'=quoted"])
def test_no_cell_is_run_as_a_formula_and_all_come_back(name: str) -> None:
    text = write_csv([Device("srv-1", name)], [])
    cells = [cell for line in text.removeprefix("\ufeff").splitlines() for cell in line.split(";")]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert parse_csv(text, "parc.csv")[0] == (Device("srv-1", name),)
