"""Manufacturer, third party, or a new device? Advice with its reasons, each a fact from the inventory or the record.

Every reason that speaks for an option is listed with its facts; the option with the most weight is advised. Nothing is
weighed that is not shown, and with too few facts no advice is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.core.device import Criticality, Device, Kind, SupportModel
from gateway.core.upkeep import Spares

RENEW_YEARS = 7
YOUNG_YEARS = 3
MANY_INCIDENTS = 4
_FIRMWARE_KINDS = (Kind.FIREWALL, Kind.NAS, Kind.HYPERVISOR)
"""Their security and their disks depend on firmware that only the manufacturer gives out."""


class Option(StrEnum):
    """What may be advised."""

    OEM = "oem"
    TPM = "tpm"
    SHARED = "shared"
    RENEW = "renew"


class Reason(StrEnum):
    """Why. The words are ``gateway.core.reports.words``; ``{n}`` is the reason's value, ``{place}`` and ``{on}`` where
    a spare part lies and when it was last seen there."""

    UNDER_WARRANTY = "under_warranty"
    CRITICAL_YOUNG = "critical_young"
    NEEDS_FIRMWARE = "needs_firmware"
    WARRANTY_OVER = "warranty_over"
    AGED = "aged"
    STANDARD = "standard"
    MANY_INCIDENTS = "many_incidents"
    NO_SPARE = "no_spare"
    SPARE_ON_HAND = "spare_on_hand"
    SPARE_UNCHECKED = "spare_unchecked"
    COSTS_MORE = "costs_more"


@dataclass(frozen=True, slots=True)
class Argument:
    """One reason: for which option it speaks, how much (1 to 3; 0: it is only told), the number in it, and where and
    when."""

    reason: Reason
    option: Option
    weight: int
    value: float = 0.0
    place: str = ""
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a device besides its inventory: incidents within a year, the spare parts recorded for it
    (``None``: nobody recorded any), what it cost within a year (hundredths)."""

    incidents: int = 0
    spares: Spares | None = None
    spent: int = 0


@dataclass(frozen=True, slots=True)
class Advice:
    """``option`` is ``None`` where the facts do not suffice; ``changes`` says whether it differs from what is."""

    option: Option | None
    arguments: tuple[Argument, ...]
    changes: bool = False


def advise(device: Device, seen: Seen, today: date) -> Advice:
    """Advice for one device."""
    arguments = tuple(_arguments(device, seen, today))
    weights: dict[Option, int] = {}
    for one in arguments:
        weights[one.option] = weights.get(one.option, 0) + one.weight
    # third-party maintenance of what needs the manufacturer's firmware is shared maintenance
    needs = any(one.reason is Reason.NEEDS_FIRMWARE for one in arguments)
    best = max(weights, key=lambda option: (weights[option], -list(Option).index(option)), default=None)
    if best is None or weights[best] < 2:
        return Advice(None, arguments)
    option = Option.SHARED if best is Option.TPM and needs else best
    return Advice(option, arguments, option is Option.RENEW or option.value != device.support.model.value)


def _arguments(device: Device, seen: Seen, today: date) -> list[Argument]:
    age = (today - device.purchased_on).days / 365.25 if device.purchased_on else None
    ends = device.warranty.ends_on
    found = []
    if ends is not None and today <= ends:
        found.append(Argument(Reason.UNDER_WARRANTY, Option.OEM, 3))
    elif ends is not None:
        found.append(Argument(Reason.WARRANTY_OVER, Option.TPM, 2))
    if device.criticality is Criticality.CRITICAL and age is not None and age < YOUNG_YEARS:
        found.append(Argument(Reason.CRITICAL_YOUNG, Option.OEM, 1, age))
    if device.kind in _FIRMWARE_KINDS:
        found.append(Argument(Reason.NEEDS_FIRMWARE, Option.OEM, 1))
    if device.criticality is Criticality.STANDARD:
        found.append(Argument(Reason.STANDARD, Option.TPM, 1))
    if age is not None and age >= RENEW_YEARS:
        found.append(Argument(Reason.AGED, Option.RENEW, 2, int(age)))
    if seen.incidents >= MANY_INCIDENTS:
        found.append(Argument(Reason.MANY_INCIDENTS, Option.RENEW, 2, seen.incidents))
    found += _spares(seen.spares, covered=ends is not None and today <= ends)
    price = device.cost.purchase
    if price and seen.spent > price * 50:  # half of the price, in hundredths
        found.append(Argument(Reason.COSTS_MORE, Option.RENEW, 3, seen.spent / 100))
    return found


def _spares(known: Spares | None, *, covered: bool) -> list[Argument]:
    """Whoever has the part at hand needs nobody's store. Without it a device under warranty leans on its maker, and one
    that is not can only be replaced the day it breaks."""
    if known is None:
        return []
    place = ", ".join(known.places)
    if not known.count:
        return [Argument(Reason.NO_SPARE, Option.OEM if covered else Option.RENEW, 1, 0, place, known.checked_on)]
    if known.fresh:
        return [Argument(Reason.SPARE_ON_HAND, Option.TPM, 1, known.count, place, known.checked_on)]
    return [Argument(Reason.SPARE_UNCHECKED, Option.TPM, 0, known.count, place, known.checked_on)]


def current(device: Device) -> Option | None:
    """What is, in the terms of advice."""
    model = device.support.model
    return None if model is SupportModel.NONE else Option(model.value)
