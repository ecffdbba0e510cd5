"""What is watched on every device without anybody configuring it."""

from __future__ import annotations

from gateway.core.check import Check, Hold
from gateway.core.device import Kind
from gateway.core.incident import Cause, Verdict

_DAY_S = 86_400.0

# RFC 9271 status words. OB is a fact of the mains, believed at once; the others may chatter around a limit.
_UPS_WORDS = {
    "OB": Verdict.CRITICAL,
    "LB": Verdict.CRITICAL,
    "FSD": Verdict.CRITICAL,
    "OFF": Verdict.CRITICAL,
    "OVER": Verdict.WARNING,
    "RB": Verdict.WARNING,
    "BYPASS": Verdict.WARNING,
    "ALARM": Verdict.WARNING,
    "OL": Verdict.OK,
    "CHRG": Verdict.OK,
    "DISCHRG": Verdict.OK,
    "TRIM": Verdict.OK,
    "BOOST": Verdict.OK,
    "HE": Verdict.OK,
}
_UPS_CAUSES = {
    "OB": Cause.POWER_LOST,
    "OVER": Cause.UPS_OVERLOADED,
    "RB": Cause.BATTERY_WORN,
}

DEFAULT_CHECKS: tuple[Check, ...] = (
    Check(
        "reach",
        "reach.up",
        Cause.DEVICE_UNREACHABLE,
        critical=0.5,
        below=True,
        worse=Hold(2, 3),
        better=Hold(2, 2),
    ),
    Check("collect", "collect.up", Cause.DEVICE_UNREACHABLE, warning=0.5, below=True, worse=Hold(5, 5)),
    Check("ups-status", "ups.status", Cause.POWER_LOST, words=_UPS_WORDS, word_causes=_UPS_CAUSES, better=Hold(2, 2)),
    Check(
        "ups-load",
        "ups.load",
        Cause.UPS_OVERLOADED,
        warning=90.0,
        critical=100.0,
        clear=5.0,
        worse=Hold(3, 5),
        better=Hold(3, 3),
    ),
    Check(
        "filesystem",
        "system.filesystem.utilization",
        Cause.DISK_FULL,
        warning=0.90,
        critical=0.95,
        clear=0.02,
        worse=Hold(2, 3),
        better=Hold(2, 2),
    ),
    Check(
        "memory",
        "system.memory.utilization",
        Cause.MEMORY_EXHAUSTED,
        warning=0.95,
        critical=0.98,
        clear=0.03,
        worse=Hold(5, 6),
        better=Hold(3, 3),
        kinds=frozenset({Kind.SERVER, Kind.NAS, Kind.HYPERVISOR, Kind.WORKSTATION, Kind.GATEWAY}),
    ),
    Check(
        "cpu",
        "system.cpu.utilization",
        Cause.CPU_SATURATED,
        warning=0.95,
        clear=0.10,
        worse=Hold(15, 15),
        better=Hold(3, 3),
    ),
    Check(
        "port-errors",
        "system.network.error_rate.receive",
        Cause.PORT_ERRORS,
        warning=1.0,
        clear=0.5,
        worse=Hold(3, 5),
        better=Hold(5, 5),
    ),
    Check(
        "certificate",
        "reach.certificate.remaining",
        Cause.CERTIFICATE_EXPIRING,
        warning=21 * _DAY_S,
        critical=3 * _DAY_S,
        below=True,
    ),
    Check("supply", "printer.supply.level", Cause.SUPPLY_EMPTY, warning=0.10, below=True, clear=0.02, worse=Hold(2, 3)),
    Check(
        "pending-sectors",
        "hw.physical_disk.smart.pending_sectors",
        Cause.DISK_FAILING,
        warning=1.0,
        critical=50.0,
        worse=Hold(2, 2),
        better=Hold(3, 3),
    ),
    Check("disk-verdict", "hw.physical_disk.status", Cause.DISK_FAILING, worse=Hold(2, 2), better=Hold(2, 2)),
    Check("backup", "backup.age", Cause.BACKUP_MISSED, warning=30 * 3600.0, critical=54 * 3600.0),
    Check(
        "clock",
        "system.clock.synchronized",
        Cause.CLOCK_WRONG,
        warning=0.5,
        below=True,
        worse=Hold(30, 30),
        better=Hold(2, 2),
        kinds=frozenset({Kind.GATEWAY}),
    ),
    Check(
        "lan",
        "hw.network.up",
        Cause.LINK_DOWN,
        critical=0.5,
        below=True,
        worse=Hold(2, 2),
        better=Hold(2, 2),
        kinds=frozenset({Kind.GATEWAY}),
    ),
    Check(
        "uplink",
        "gateway.uplink.up",
        Cause.UPLINK_LOST,
        warning=0.5,
        below=True,
        worse=Hold(5, 5),
        better=Hold(2, 2),
        kinds=frozenset({Kind.GATEWAY}),
    ),
    Check("gateway-fault", "gateway.fault", Cause.GATEWAY_FAULT, warning=0.5, better=Hold(3, 3)),
    Check("anomaly", "anomaly.score", Cause.ANOMALY, warning=0.9999, clear=0.01, worse=Hold(3, 5), better=Hold(5, 5)),
)
