"""The stock of the invented depot: what its devices say, a sweep, a replaced machine, and lines of logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.core.inventory import Entry, EntryKind

_DAY = 86_400.0
_SERVER = {
    "vendor": "Dell",
    "model": "PowerEdge T150",
    "serial": "7XK2P3J",
    "firmware": "2.14.1",
    "mac": "b0:7b:25:00:00:20",
    "mac_vendor": "Dell",
    "made_on": "2020-08-10",
}
_UPS = {"vendor": "APC", "model": "Smart-UPS 750", "serial": "AS1842231547", "firmware": "UPS 09.3"}


def entries(now: float, incident: str) -> tuple[Entry, ...]:
    """What happened to the inventory; ``incident`` is the one that lines of a log have witnessed."""
    line = {
        "device": "srv-1",
        "channel": "syslog",
        "source": "192.168.10.20",
        "event": "power",
        "text": "ipmiserver: Power Supply 2: Failure detected <b>PS2 Status</b>",
        "count": 1,
    }
    return (
        Entry(EntryKind.ADDED, "srv-1", now - 90 * _DAY, "Karim Benali", {"name": "Serveur de caisse"}),
        Entry(EntryKind.SAID, "srv-1", now - 90 * _DAY, body={**_SERVER, "firmware": "2.13.0"}),
        Entry(EntryKind.SAID, "ups-1", now - 90 * _DAY, body=_UPS),
        Entry(EntryKind.SAID, "srv-1", now - 12 * _DAY, body=_SERVER),
        Entry(EntryKind.CHANGED, "srv-1", now - 3 * _DAY, "Amel", {"location": "Local technique, baie A"}),
        Entry(EntryKind.HEARD, incident, now - 2290, body=line),
    )


def told(now: float) -> Mapping[str, Any]:
    """The part of the status document that is about the stock and about what was heard."""
    return {
        "discovery": _sweep(now),
        "replaced": [
            {
                "device": "ups-1",
                "serial": "AS2231190876",
                "instead_of": _UPS["serial"],
                "at": now - 0.2 * _DAY,
                "before_at": now - 90 * _DAY,
                "told": {**_UPS, "serial": "AS2231190876", "model": "Smart-UPS 1000", "firmware": "UPS 15.0"},
            }
        ],
        "sweep": {"possible": True, "running": False},
        "stock": {"refusal": ""},
        "heard": [
            _heard(now - 40, "storm", "4312 more were not kept", count=4312),
            _heard(now - 41, "login", "sshd: Failed password for root from 192.168.10.77 port 4022 ssh2"),
            _heard(now - 2290, "power", "ipmiserver: Power Supply 2: Failure detected <b>PS2 Status</b>"),
        ],
    }


def _heard(at: float, event: str, text: str, count: int = 1) -> Mapping[str, Any]:
    return {
        "at": at,
        "channel": "syslog",
        "source": "192.168.10.20",
        "devices": ["srv-1"],
        "event": event,
        "part": "",
        "text": text,
        "hasten": False,
        "count": count,
    }


def _sweep(now: float) -> Mapping[str, Any]:
    return {
        "at": now - 0.3 * _DAY,
        "networks": ["192.168.10.0/24"],
        "asked": 253,
        "notes": [],
        "found": [
            _row(
                "00:1b:a9:00:00:44",
                "192.168.10.44",
                {"id": "brn001ba9000044", "name": "BRN001BA9000044", "kind": "printer", "criticality": "standard",
                 "parent": "sw-1"},
                {"vendor": "Brother", "model": "HL-L5100DN", "serial": "E73642F9N123456", "firmware": "1.48",
                 "mac": "00:1b:a9:00:00:44", "mac_vendor": "Brother"},
                (["criticality"], [["kind_snmp", "printer-brother"], ["ports", "80, 515, 9100"],
                                   ["seen_at_port", "sw-1", "Gi0/14"]]),
            ),
            _row(
                "28:57:be:00:00:61",
                "192.168.10.61",
                {"id": "cam-10-61", "name": "camera Hikvision 192.168.10.61", "kind": "camera",
                 "criticality": "standard"},
                {"mac": "28:57:be:00:00:61", "mac_vendor": "Hikvision"},
                (["criticality", "kind", "name"], [["kind_maker", "Hikvision"], ["ports", "80, 554"],
                                                   ["maker", "Hikvision"]]),
            ),
            {
                **_row(
                    "serial:9kq2",
                    "192.168.10.99",
                    {"id": "prn-1", "name": "Imprimante étiquettes", "kind": "printer", "criticality": "standard"},
                    {"serial": "9KQ2"},
                    ([], [["moved", "9KQ2", "192.168.10.40"]]),
                ),
                "standing": "moved",
                "replaces": "prn-1",
            },
        ],
        "more": 0,
        "ignored": [
            {"key": "02:00:00:00:00:99", "who": "Amel", "at": now - 8 * _DAY, "name": "tv-salle",
             "address": "192.168.10.150"},
        ],
    }  # fmt: skip


def _row(
    key: str, address: str, device: Mapping[str, Any], said: Mapping[str, str], why: tuple[list[str], list[list[str]]]
) -> dict[str, Any]:
    guessed, reasons = why
    return {
        "key": key,
        "address": address,
        "mac": said.get("mac"),
        "standing": "new",
        "replaces": None,
        "device": {**device, "address": address},
        "said": said,
        "guessed": guessed,
        "reasons": reasons,
        "because": [],
        "ports": [],
        "services": [],
        "description": None,
    }
