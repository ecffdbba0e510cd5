"""UPSs on the USB ports of this machine, and what NUT on this machine has of them."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.core.usb_ups import USB_DRIVERS, recognised

_SECTION = re.compile(r"\s*\[(?P<name>[^\]]+)\]|\s*driver\s*=\s*\"?(?P<driver>[\w-]+)\"?")


def plugged(root: Path = Path("/")) -> list[str]:
    """The UPSs below ``root``/sys/bus/usb/devices, as people call them."""
    found = []
    for device in sorted((root / "sys/bus/usb/devices").glob("*")):
        vendor, product = _read(device / "idVendor"), _read(device / "idProduct")
        if ups := recognised(vendor, product, _read(device / "product")):
            found.append(ups)
    return found


def configured(root: Path = Path("/")) -> list[str] | None:
    """Names of the sections of ups.conf whose driver looks on USB; None for a file that is there and cannot be read (it
    belongs to root and nut)."""
    try:
        text = (root / "etc/nut/ups.conf").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    except OSError:
        return None
    found, name = [], ""
    for line in text.splitlines():
        part = _SECTION.match(line)
        if part and part["name"]:
            name = part["name"]
        elif part and name and part["driver"] in USB_DRIVERS:
            found.append(name)
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
