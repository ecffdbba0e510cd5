"""Names of notifications that people know, by OID. What is not here is told by its OID. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.profiles.recording import Oid, dotted

_TRAPS = "1.3.6.1.6.3.1.1.5"
_NAMES: Mapping[str, str] = {
    f"{_TRAPS}.1": "coldStart",
    f"{_TRAPS}.2": "warmStart",
    f"{_TRAPS}.3": "linkDown",
    f"{_TRAPS}.4": "linkUp",
    f"{_TRAPS}.5": "authenticationFailure",
    f"{_TRAPS}.6": "egpNeighborLoss",
    # UPS-MIB (RFC 1628); with a 0 before the number from agents that convert v1
    "1.3.6.1.2.1.33.2.1": "upsTrapOnBattery",
    "1.3.6.1.2.1.33.2.2": "upsTrapTestCompleted",
    "1.3.6.1.2.1.33.2.3": "upsTrapAlarmEntryAdded",
    "1.3.6.1.2.1.33.2.4": "upsTrapAlarmEntryRemoved",
    # PowerNet-MIB
    "1.3.6.1.4.1.318.0.1": "communicationLost",
    "1.3.6.1.4.1.318.0.2": "upsOverload",
    "1.3.6.1.4.1.318.0.5": "upsOnBattery",
    "1.3.6.1.4.1.318.0.7": "lowBattery",
    "1.3.6.1.4.1.318.0.8": "communicationEstablished",
    "1.3.6.1.4.1.318.0.9": "powerRestored",
    # BRIDGE-MIB (RFC 4188), ENTITY-MIB (RFC 4133), LLDP-MIB, POWER-ETHERNET-MIB (RFC 3621)
    "1.3.6.1.2.1.17.0.1": "newRoot",
    "1.3.6.1.2.1.17.0.2": "topologyChange",
    "1.3.6.1.2.1.47.2.0.1": "entConfigChange",
    "1.0.8802.1.1.2.0.0.1": "lldpRemTablesChange",
    "1.3.6.1.2.1.105.0.1": "pethPsePortOnOffNotification",
    "1.3.6.1.2.1.43.18.2.0.1": "printerV2Alert",
    # NET-SNMP-AGENT-MIB
    "1.3.6.1.4.1.8072.4.0.1": "nsNotifyStart",
    "1.3.6.1.4.1.8072.4.0.2": "nsNotifyShutdown",
    "1.3.6.1.4.1.8072.4.0.3": "nsNotifyRestart",
}


def trap_name(oid: Oid) -> str:
    """The name of a notification, else its OID."""
    bare = (*oid[:-2], oid[-1]) if len(oid) > 2 and oid[-2] == 0 else oid
    return _NAMES.get(dotted(oid)) or _NAMES.get(dotted(bare)) or dotted(oid)
