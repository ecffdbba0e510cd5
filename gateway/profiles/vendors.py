"""Who made a device, by the enterprise number in its sysObjectID (IANA, Private Enterprise Numbers)."""

from __future__ import annotations

from gateway.profiles.recording import Oid

_ENTERPRISES: Oid = (1, 3, 6, 1, 4, 1)

VENDORS: dict[int, str] = {
    9: "Cisco",
    11: "HP",
    43: "3Com",
    171: "D-Link",
    207: "Allied Telesis",
    231: "Fujitsu",
    232: "HPE",
    253: "Xerox",
    311: "Microsoft",
    318: "APC",
    367: "Ricoh",
    368: "Axis",
    476: "Vertiv",
    534: "Eaton",
    641: "Lexmark",
    674: "Dell",
    705: "Eaton",
    789: "NetApp",
    850: "Tripp Lite",
    890: "Zyxel",
    935: "Voltronic",
    1347: "Kyocera",
    1602: "Canon",
    1916: "Extreme Networks",
    2011: "Huawei",
    2254: "Delta",
    2435: "Brother",
    2636: "Juniper",
    2925: "Vertiv",
    3375: "F5",
    3417: "Blue Coat",
    3808: "CyberPower",
    3854: "AKCP",
    4413: "Broadcom",
    4526: "Netgear",
    4555: "Socomec",
    5491: "Riello",
    6574: "Synology",
    6876: "VMware",
    8744: "HPE",
    10876: "Supermicro",
    11863: "TP-Link",
    12148: "Eltek",
    12356: "Fortinet",
    13742: "Raritan",
    14823: "Aruba",
    14988: "MikroTik",
    17163: "Riverbed",
    17713: "Cambium",
    18334: "Konica Minolta",
    19046: "Lenovo",
    20916: "AVTECH",
    21239: "Vertiv",
    21317: "Supermicro",
    21796: "HW group",
    24681: "QNAP",
    25461: "Palo Alto Networks",
    25506: "HPE",
    30065: "Arista",
    39165: "Hikvision",
    41112: "Ubiquiti",
    47196: "Aruba",
    48690: "Teltonika",
    50536: "iXsystems",
}


def vendor_of(object_id: Oid) -> str:
    """The maker's name; "" where the number is unknown, or is that of net-snmp and other agents' software."""
    if object_id[: len(_ENTERPRISES)] != _ENTERPRISES or len(object_id) <= len(_ENTERPRISES):
        return ""
    return VENDORS.get(object_id[len(_ENTERPRISES)], "")
