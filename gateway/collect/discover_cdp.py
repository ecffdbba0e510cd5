"""Neighbours that tell of themselves by the Cisco Discovery Protocol: CISCO-CDP-MIB, cdpCacheTable. Pure.

Rows are (ifIndex, number). The device ID is a name (with the domain, or with the serial number in brackets) or, from
telephones and small switches, a hardware address as 12 digits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.collect.snmp_values import text_of
from gateway.core.topology import Neighbour
from gateway.profiles.recording import Oid, Value, oid

_ENTRY = oid("1.3.6.1.4.1.9.9.23.1.2.1.1")
ADDRESS_TYPE, ADDRESS, DEVICE_ID = ((*_ENTRY, column) for column in (3, 4, 6))
COLUMNS: tuple[Oid, ...] = (ADDRESS_TYPE, ADDRESS, DEVICE_ID)
IF_NAME = oid("1.3.6.1.2.1.31.1.1.1.1")
_IP = 1
_HARDWARE = re.compile(r"(?:SEP|ATA|SIP)?([0-9a-f]{12})", re.IGNORECASE)
_SERIAL = re.compile(r"\([^()]*\)$")


def neighbours_of(values: Mapping[Oid, Value]) -> list[Neighbour]:
    """The raw columns, and the names of the own ports, as neighbours."""
    names = {key[len(IF_NAME) :]: text_of(one) for key, one in values.items() if key[: len(IF_NAME)] == IF_NAME}
    found = []
    for key, value in sorted(values.items()):
        row = key[len(DEVICE_ID) :]
        if key[: len(DEVICE_ID)] != DEVICE_ID or len(row) != 2:
            continue
        told = _SERIAL.sub("", text_of(value)).strip()
        hardware = _HARDWARE.fullmatch(told.replace(".", "").replace(":", "").replace("-", ""))
        found.append(
            Neighbour(
                names.get(row[:1]) or str(row[0]),
                ":".join(re.findall("..", hardware[1].lower())) if hardware else "",
                "" if hardware else told,
                _address(values, row),
            )
        )
    return found


def _address(values: Mapping[Oid, Value], row: Oid) -> str:
    kind, address = values.get((*ADDRESS_TYPE, *row)), values.get((*ADDRESS, *row))
    content = address.content if address else None
    if kind is None or kind.content != _IP or not isinstance(content, bytes) or len(content) != 4 or not any(content):
        return ""
    return ".".join(map(str, content))
