"""The register of headquarters (`register.toml`): contracts, what was spent, what is to be done again and again, which
firmware is approved. Read again when the file changes; while it has faults, the last good one holds."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gateway.core.cost import Contract, Expense, Item, Sharing
from gateway.core.device import SupportModel
from gateway.core.document import Table, read_toml
from gateway.core.errors import InputError, VigieError
from gateway.core.upkeep import Duty, DutyKind, FirmwareRule
from gateway.settings.common import read_text

_SPENT = (Item.INTERVENTION, Item.PART)


@dataclass(frozen=True, slots=True)
class Register:
    """A whole register. Amounts are hundredths of the currency; ``budget`` is what a month may cost."""

    contracts: tuple[Contract, ...] = ()
    expenses: tuple[Expense, ...] = ()
    duties: tuple[Duty, ...] = ()
    rules: tuple[FirmwareRule, ...] = ()
    budget: int | None = None


def parse(text: str, file: str) -> Register:
    """The register in a text. Raises InputError with every fault, each with its line and remedy."""
    root = read_toml(text, file)
    money = root.table("budget")
    monthly = money.number("monthly")
    register = Register(
        contracts=tuple(_contract(one) for one in root.tables("contract")),
        expenses=tuple(_expense(one) for one in root.tables("expense")),
        duties=tuple(_duty(one) for one in root.tables("duty")),
        rules=tuple(_rule(one) for one in root.tables("firmware")),
        budget=_hundredths(monthly),
    )
    money.done()
    root.done()
    root.source.finish()
    return register


def _hundredths(amount: float | None) -> int | None:
    return None if amount is None else round(amount * 100)


def _contract(table: Table) -> Contract:
    texts = {key: table.text(key) for key in ("name", "provider", "phone", "hours", "firmware", "escalation")}
    contract = Contract(
        id=table.required("id"),
        model=SupportModel(table.choice("model", tuple(SupportModel), SupportModel.TPM)),
        starts_on=table.day("starts_on"),
        ends_on=table.day("ends_on"),
        monthly=_hundredths(table.number("monthly")) or 0,
        per_call=_hundredths(table.number("per_call")) or 0,
        sharing=Sharing(table.choice("sharing", tuple(Sharing), Sharing.EQUAL)),
        covers=table.texts("covers"),
        **texts,
    )
    table.done()
    return contract


def _expense(table: Table) -> Expense:
    on = table.day("on")
    if on is None:
        table.fault("on", f"{table.name('on')} is missing", "add on = 2026-11-18")
    expense = Expense(
        on=on or date.min,
        item=Item(table.choice("item", tuple(_SPENT), Item.INTERVENTION)),
        amount=_hundredths(table.number("amount")),
        device=table.text("device"),
        incident=table.text("incident"),
        what=table.text("what"),
    )
    table.done()
    return expense


def _duty(table: Table) -> Duty:
    every = table.integer("every_days", 0, low=1, high=3660)
    if "every_days" not in table:
        table.fault("every_days", f"{table.name('every_days')} is missing", "add every_days = 90")
    texts = {key: table.text(key) for key in ("site", "device", "who", "how", "place", "family")}
    duty = Duty(
        kind=DutyKind(table.choice("kind", tuple(DutyKind), DutyKind.OTHER)),
        what=table.required("what"),
        every_days=every or 1,
        last_on=table.day("last_on"),
        count=table.integer("count", 1, low=0, high=100_000),
        **texts,
    )
    table.done()
    return duty


def _rule(table: Table) -> FirmwareRule:
    approved = table.texts("approved")
    if not approved:
        table.fault("approved", f"{table.name('approved')} is empty", 'add approved = ["2.1"], the newest last')
    texts = {key: table.text(key) for key in ("who", "when", "how", "source")}
    rule = FirmwareRule(family=table.required("family"), approved=approved or ("",), **texts)
    table.done()
    return rule


class RegisterFile:
    """The register as it stands in its file. Threads may use it together."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._mark: tuple[int, int] | None = None
        self._good = Register()
        self._faults: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def read(self) -> Register:
        """The last good register; an empty one without a file."""
        self._look()
        return self._good

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the file now, one line each; empty if nothing is."""
        self._look()
        return self._faults

    def _look(self) -> None:
        if self._path is None:
            return
        with self._lock:
            try:
                found = self._path.stat()
                mark = (found.st_mtime_ns, found.st_size)
                if mark == self._mark:
                    return
                self._mark = mark
                self._good = parse(read_text(self._path), str(self._path))
                self._faults = ()
            except InputError as error:
                self._faults = tuple(str(error).splitlines())
            except (OSError, VigieError) as error:
                self._mark, self._faults = None, (f"{self._path}: {error}",)
