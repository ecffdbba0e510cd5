"""UPSs that are plugged into the box by USB, against what NUT has of them: who is forgotten, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.core.health import Finding, State

_ALL: frozenset[str] = frozenset()
_KNOWN: Mapping[str, tuple[str, frozenset[str]]] = {
    "0463": ("Eaton/MGE", _ALL),
    "051d": ("APC", _ALL),
    "0592": ("Powerware", _ALL),
    "05b8": ("Agiler", _ALL),
    "05dd": ("Delta", _ALL),
    "06da": ("Phoenixtec", _ALL),
    "075d": ("iDowell", _ALL),
    "0764": ("CyberPower", _ALL),
    "09ae": ("Tripp Lite", _ALL),
    "0d9f": ("Powercom", _ALL),
    "10af": ("Liebert", _ALL),
    "1cb0": ("Legrand", _ALL),
    "2e51": ("EVER", _ALL),
    "2e66": ("Salicru", _ALL),
    "4234": ("Powervar", _ALL),
    "03f0": (
        "HP",
        frozenset(
            [
                "0001",
                "1f01",
                "1f02",
                "1f06",
                "1f08",
                "1f09",
                "1f0a",
                "1fe0",
                "1fe1",
                "1fe2",
                "1fe3",
                "1fe5",
                "1fe6",
                "1fe7",
                "1fe8",
            ]
        ),
    ),
    "047c": ("Dell", frozenset({"ffff"})),
    "0483": ("STMicroelectronics", frozenset({"0035", "a113"})),
    "04b4": ("Riello", frozenset({"5500"})),
    "04d8": ("openUPS", frozenset({"d004", "d005"})),
    "050d": ("Belkin", frozenset(["0375", "0551", "0750", "0751", "0900", "0910", "0912", "0980", "0f51", "1100"])),
    "0665": ("a UPS with a Cypress bridge", frozenset({"5161"})),
    "0001": ("a UPS of the Megatec kind", frozenset({"0000"})),
    "ffff": ("a UPS of the Megatec kind", frozenset({"0000"})),
}
"""Maker by USB vendor id, and the products that are UPSs where the maker sells other things too: facts of NUT's
usbhid-ups, nutdrv_qx, riello_usb and bcmxcp_usb."""
USB_DRIVERS = frozenset(
    [
        "usbhid-ups",
        "nutdrv_qx",
        "blazer_usb",
        "bcmxcp_usb",
        "richcomm_usb",
        "riello_usb",
        "tripplite_usb",
        "nutdrv_atcl_usb",
    ]
)
"""Drivers of NUT that look for a UPS on USB."""
_PLUG = "plug its cable into the box, or take it out of /etc/nut/ups.conf and of the inventory"
_SET_UP = "set up NUT for it: docs/operate/ups.md"
_RESTART = "check the cable, then: systemctl restart nut-driver-enumerator nut-server"


def recognised(vendor: str, product: str, name: str = "") -> str:
    """What people call the UPS with these ids (four hexadecimal digits); "" for a device that is none."""
    maker, products = _KNOWN.get(vendor.lower(), ("", _ALL))
    if not maker or (products and product.lower() not in products):
        return ""
    return " ".join(part for part in (maker, name.strip()) if part) + f" ({vendor.lower()}:{product.lower()})"


@dataclass(frozen=True, slots=True)
class UpsLook:
    """What was found: UPSs ``plugged`` in by USB; the drivers that ups.conf names for USB (None: it cannot be read);
    what upsd on this box says of each UPS it knows ("" if it has it, else why not), or why it does not answer at all
    (``silent``); the NUT names by which the inventory asks this box."""

    plugged: Sequence[str] = ()
    configured: Sequence[str] | None = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    silent: str = ""
    wanted: Sequence[str] = ()


def ups_findings(found: UpsLook) -> Iterator[Finding]:
    """At most one line for the UPSs of the box; none where there is neither a UPS nor NUT."""
    good = [name for name, why in found.answers.items() if not why]
    if found.plugged:
        yield _plugged(found, ", ".join(found.plugged), good)
    elif good:
        yield Finding("ups", State.OK, f"NUT has {', '.join(good)}, not by USB")
    elif found.configured or found.wanted or found.answers:
        names = ", ".join(dict.fromkeys((*(found.configured or ()), *found.wanted, *found.answers)))
        text = f"NUT is set up for {names}, but no UPS is plugged in by USB"
        yield Finding("ups", State.WARNING, text, _PLUG)


def _plugged(found: UpsLook, names: str, good: Sequence[str]) -> Finding:
    lost = [f"{name}: {why}" for name, why in found.answers.items() if why]
    if good and not set(good) & set(found.wanted):
        remedy = f'add it: kind = "ups", address = "127.0.0.1", collect = ["nut"], nut_name = "{good[0]}"'
        return Finding("ups", State.WARNING, f"{names}: NUT has it as {good[0]}, but the inventory has not", remedy)
    if good:
        return Finding("ups", State.OK, f"{names}: NUT has it as {', '.join(good)}")
    if lost:
        return Finding(
            "ups", State.WARNING, f"{names} is plugged in, but NUT has lost it ({'; '.join(lost)})", _RESTART
        )
    if found.silent:
        text = f"{names} is plugged in by USB, but no NUT answers on this box ({found.silent}): nobody watches it"
        return Finding("ups", State.WARNING, text, _RESTART if found.configured else _SET_UP)
    return Finding(
        "ups", State.WARNING, f"{names} is plugged in by USB, but NUT knows no UPS: nobody watches it", _SET_UP
    )
