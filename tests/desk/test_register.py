"""The register of headquarters: read whole, every fault told at once, the last good one kept."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.core.cost import Item, Sharing
from gateway.core.device import SupportModel
from gateway.core.errors import InputError
from gateway.core.upkeep import DutyKind
from gateway.main.check import check
from web.desk.register import Register, RegisterFile, parse

EXAMPLE = """
[budget]
monthly = 520000
[[contract]]
id = "AT-1"
name = "Serveurs"
model = "shared"
provider = "Atlas"
phone = "021 00 00 00"
hours = "dim-jeu 8 h-17 h"
firmware = "portail du constructeur"
escalation = "M. Benali, puis le directeur"
starts_on = 2026-01-01
ends_on = 2026-12-31
monthly = 142000.5
per_call = 8000
sharing = "criticality"
covers = ["rouiba/srv-1"]
[[expense]]
on = 2026-11-18
item = "part"
amount = 21500
device = "rouiba/srv-1"
incident = "c0ffee"
what = "bloc d'alimentation"
[[duty]]
kind = "spare_check"
what = "Disque 4 To"
every_days = 180
site = "rouiba"
device = "nas-1"
who = "Karim"
how = "brancher, lire SMART"
place = "armoire 2"
last_on = 2026-08-01
[[firmware]]
family = "cisco *"
approved = ["3.1", "3.2"]
who = "Karim"
when = "vendredi"
how = "après sauvegarde"
source = "cisco.com"
"""


def test_every_part_of_a_register_is_read():
    register = parse(EXAMPLE, "register.toml")
    (contract,), (expense,), (duty,), (rule,) = (
        register.contracts,
        register.expenses,
        register.duties,
        register.rules,
    )
    assert register.budget == 520_000_00
    assert (contract.monthly, contract.per_call, contract.sharing) == (142_000_50, 8000_00, Sharing.CRITICALITY)
    assert (contract.model, contract.ends_on) == (SupportModel.SHARED, date(2026, 12, 31))
    assert (expense.item, expense.amount, expense.incident) == (Item.PART, 21_500_00, "c0ffee")
    assert (duty.kind, duty.place, duty.due_on) == (DutyKind.SPARE_CHECK, "armoire 2", date(2027, 1, 28))
    assert (rule.approved, rule.who) == (("3.1", "3.2"), "Karim")


def test_all_faults_are_told_at_once_with_line_and_remedy():
    text = '[[contract]]\nmodel = "gratis"\n[[expense]]\n[[duty]]\nwhat = "x"\n[[firmware]]\nfamily = "a"\nfoo = 1\n'
    with pytest.raises(InputError) as caught:
        parse(text, "register.toml")
    told = str(caught.value)
    for line in ("1: contract.1.id", "2: contract.1.model", "3: expense.1.on", "4: duty.1.every_days"):
        assert f"register.toml:{line}" in told
    assert "approved" in told
    assert "foo" in told


def test_an_expense_without_an_amount_is_unknown_not_nothing():
    (expense,) = parse("[[expense]]\non = 2026-11-18\n", "r").expenses
    assert expense.amount is None


def test_a_changed_file_is_read_again_and_a_broken_one_leaves_the_last_good(tmp_path: Path):
    path = tmp_path / "register.toml"
    path.write_text("[budget]\nmonthly = 1\n")
    file = RegisterFile(path)
    assert (file.read().budget, file.faults()) == (100, ())
    path.write_text("[budget]\nmonthly = \n")
    os.utime(path, ns=(1, 1))
    assert file.read().budget == 100
    assert "register.toml:2" in file.faults()[0]
    path.write_text("[budget]\nmonthly = 2.5\n")
    os.utime(path, ns=(2, 2))
    assert (file.read().budget, file.faults()) == (250, ())


def test_without_a_file_the_register_is_empty_and_a_missing_file_is_told(tmp_path: Path):
    assert RegisterFile(None).read() == Register()
    assert "gone.toml" in RegisterFile(tmp_path / "gone.toml").faults()[0]


def test_vigie_check_reads_the_register_that_desk_toml_names(tmp_path: Path):
    (tmp_path / "register.toml").write_text("[budget]\nmonthly = 1\n[[duty]]\nwhat = 3\n")
    desk = tmp_path / "desk.toml"
    desk.write_text(
        '[desk]\norganisation = "sahel"\nregister = "register.toml"\n[broker]\nurl = "mqtt://localhost:1"\n'
    )
    answer = CliRunner().invoke(check, ["--config", str(desk)], standalone_mode=False)
    assert answer.return_value == 2
    assert "register.toml:4: duty.1.what is a whole number (3)" in answer.stderr
