"""What maintenance costs: contracts, interventions, parts, by perimeter and month and by incident.

Amounts are whole hundredths of the currency (centimes), so that every table adds up exactly. A contract's month is
shared among the devices it covers by its stated rule; what does not divide is given to the largest remainders, ties to
the first by name. A month that a contract, or the reckoning, covers only in part is charged by its days and labelled.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from gateway.core.device import Device, SupportModel


class Sharing(StrEnum):
    """How a contract's price is laid on its devices."""

    EQUAL = "equal"
    CRITICALITY = "criticality"
    PURCHASE = "purchase"


_WEIGHTS = (3, 2, 1)
"""Critical, important, standard."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A maintenance contract of the register. ``monthly`` and ``per_call`` are in hundredths; ``hours`` (when they
    answer), ``firmware`` (where firmware comes from) and ``escalation`` are told as they were written. ``covers`` names
    devices as "site/device"; empty: those whose inventory names the contract."""

    id: str
    name: str = ""
    model: SupportModel = SupportModel.TPM
    provider: str = ""
    phone: str = ""
    hours: str = ""
    firmware: str = ""
    escalation: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    monthly: int = 0
    per_call: int = 0
    sharing: Sharing = Sharing.EQUAL
    covers: tuple[str, ...] = ()


class Item(StrEnum):
    """Columns of the table."""

    CONTRACT = "contract"
    INTERVENTION = "intervention"
    PART = "part"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Expense:
    """Money spent once: ``amount`` is ``None`` where it is stated as unknown. ``device`` is "site/device" or empty."""

    on: date
    item: Item
    amount: int | None
    device: str = ""
    incident: str = ""
    what: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One perimeter in one month."""

    perimeter: str
    amounts: Mapping[Item, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The sum of its columns."""
        return sum(self.amounts.values())


@dataclass(frozen=True, slots=True)
class Month:
    """Costs of one month. ``partial`` says why it is no whole month ("" where it is one): ``running`` (it has not
    ended) or ``contract`` (a contract began or ended in it). ``unknown`` is how many expenses have no amount,
    ``uncosted`` the devices that nothing is known of."""

    first: date
    rows: tuple[Row, ...]
    partial: str = ""
    unknown: int = 0
    uncosted: int = 0

    @property
    def total(self) -> int:
        """The sum of its rows."""
        return sum(row.total for row in self.rows)

    def column(self, item: Item) -> int:
        """The sum of one column."""
        return sum(row.amounts.get(item, 0) for row in self.rows)


Devices = Mapping[str, Device]
"""Devices of all sites by "site/device"."""


def month_of(
    first: date, contracts: Sequence[Contract], expenses: Iterable[Expense], devices: Devices, today: date
) -> Month:
    """The costs of the month that begins on ``first``, up to ``today`` (included) where it is still running."""
    last = date(first.year, first.month, monthrange(first.year, first.month)[1])
    until = min(last, today)
    amounts: dict[str, dict[Item, int]] = {}
    covered: set[str] = set()
    cut = False

    def add(device: str, item: Item, amount: int) -> None:
        perimeter = devices[device].perimeter if device in devices else ""
        row = amounts.setdefault(perimeter, {})
        row[item] = row.get(item, 0) + amount

    for contract in contracts:
        price, whole = _price(contract, first, last, until)
        cut = cut or not whole
        members = members_of(contract, devices)
        covered.update(members)
        for member, amount in shares(price, contract, members, devices).items():
            add(member, Item.CONTRACT, amount)
    for name, device in devices.items():
        if device.cost.monthly is not None:
            covered.add(name)
            add(name, Item.OWN, _of_days(round(device.cost.monthly * 100), first, until, last))
    unknown = 0
    for expense in expenses:
        if first <= expense.on <= until:
            unknown += expense.amount is None
            add(expense.device, expense.item, expense.amount or 0)
    partial = "running" if until < last else "contract" if cut else ""
    rows = tuple(Row(name, amounts[name]) for name in sorted(amounts))
    return Month(first, rows, partial, unknown, sum(name not in covered for name in devices))


def members_of(contract: Contract, devices: Devices) -> list[str]:
    """The devices a contract covers, by name."""
    if contract.covers:
        return sorted(name for name in contract.covers if name in devices)
    return sorted(name for name, device in devices.items() if device.support.contract == contract.id)


def shares(price: int, contract: Contract, members: Sequence[str], devices: Devices) -> dict[str, int]:
    """Each device's part of a price; they add up to it exactly. A contract without a device is charged to none ("")."""
    if not members:
        return {"": price} if price else {}
    weights = [_weight(contract.sharing, devices[name]) for name in members]
    if not sum(weights):  # no purchase price is known
        weights = [1] * len(members)
    return dict(zip(members, split(price, weights), strict=True))


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """``amount`` >= 0 in parts like ``weights``, adding up to it exactly (largest remainders)."""
    whole = sum(weights)
    parts = [amount * weight // whole for weight in weights]
    by_rest = sorted(range(len(weights)), key=lambda one: (-(amount * weights[one] % whole), one))
    for index in by_rest[: amount - sum(parts)]:
        parts[index] += 1
    return parts


def _weight(sharing: Sharing, device: Device) -> int:
    if sharing is Sharing.CRITICALITY:
        return _WEIGHTS[device.criticality.rank]
    if sharing is Sharing.PURCHASE:
        return round((device.cost.purchase or 0.0) * 100)
    return 1


def _price(contract: Contract, first: date, last: date, until: date) -> tuple[int, bool]:
    """What a contract costs from the first of a month to ``until``, and whether it lasts the whole month."""
    start = max(first, contract.starts_on or first)
    end = min(last, contract.ends_on or last)
    if end < start:
        return 0, True
    return _of_days(contract.monthly, start, min(end, until), last), (start, end) == (first, last)


def _of_days(monthly: int, start: date, end: date, last: date) -> int:
    """The part of a month's price that falls on the days from ``start`` to ``end``, both included."""
    days = max(0, (end - start).days + 1)
    return monthly if days == last.day else round(monthly * days / last.day)


def months(newest: date, count: int) -> list[date]:
    """The firsts of ``count`` months, the newest last."""
    found = [newest.replace(day=1)]
    while len(found) < count:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[::-1]


@dataclass(frozen=True, slots=True)
class IncidentCost:
    """What one incident cost. ``known`` is False where somebody stated that it is not known, ``asked`` where nobody
    has said anything yet."""

    incident: str
    amount: int
    known: bool
    told: bool


def cost_of(incident: str, expenses: Iterable[Expense]) -> IncidentCost:
    """The sum of what was told of an incident. The last word counts where "unknown" was told and then an amount."""
    mine = [one for one in expenses if one.incident == incident]
    amounts = [one.amount for one in mine if one.amount is not None]
    return IncidentCost(incident, sum(amounts), bool(amounts), bool(mine))
