"""When a device was made: from the date it tells, or from a serial number whose form its maker has published. Pure."""

from __future__ import annotations

import re
from datetime import date

_FORMS = (
    (re.compile(r"(?P<y>\d{4})-(?P<m>\d\d?)-(?P<d>\d\d?)"), 0),  # ISO 8601
    (
        re.compile(r"(?P<m>\d\d?)/(?P<d>\d\d?)/(?P<y>\d{4})"),
        0,
    ),  # PowerNet-MIB: month first
    (re.compile(r"(?P<m>\d\d?)/(?P<d>\d\d?)/(?P<y>\d\d)"), 2000),
)
_DATE_AND_TIME = re.compile(r"([0-9a-f]{2}):([0-9a-f]{2}):([0-9a-f]{2}):([0-9a-f]{2})(?::[0-9a-f]{2}){4,7}")

_SERIALS = {
    # two letters of the factory, year, week (Schneider Electric, "How to read APC serial numbers")
    "APC": (re.compile(r"[A-Z][A-Z0-9](\d\d)(\d\d)\d{6}"), 2000),
    # three letters of the factory, years since 1996, week (Cisco, "Serial number format")
    "Cisco": (re.compile(r"[A-Z]{3}(\d\d)(\d\d)[0-9A-Z]{4}"), 1996),
}
_EARLIEST = 1990


def made_on(told: str, vendor: str, serial: str) -> str:
    """ISO date of manufacture: as ``told`` (RFC 2579 DateAndTime in hexadecimal, ISO, US), else the Monday of the week
    in the serial number; "" if neither is known."""
    return _told(told.strip()) or _from_serial(vendor, serial.strip().upper())


def _told(text: str) -> str:
    if found := _DATE_AND_TIME.fullmatch(text):
        high, low, month, day = (int(part, 16) for part in found.groups())
        return _date(256 * high + low, month, day)
    for form, century in _FORMS:
        if found := form.fullmatch(text):
            return _date(int(found["y"]) + century, int(found["m"]), int(found["d"]))
    return ""


def _from_serial(vendor: str, serial: str) -> str:
    form, first = _SERIALS.get(vendor, (None, 0))
    found = form.fullmatch(serial) if form else None
    if found is None:
        return ""
    try:
        monday = date.fromisocalendar(first + int(found[1]), int(found[2]), 1)
    except ValueError:
        return ""
    return monday.isoformat()


def _date(year: int, month: int, day: int) -> str:
    try:
        return date(year, month, day).isoformat() if year >= _EARLIEST else ""
    except ValueError:
        return ""
