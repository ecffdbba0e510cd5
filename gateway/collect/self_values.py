"""Understanding of what the kernel and the firmware of the box say: pure, tested with literal texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from gateway.core.reading import Severity

_REAL = frozenset({"ext2", "ext3", "ext4", "vfat", "f2fs", "btrfs", "xfs", "exfat", "ntfs3", "overlay"})
"""Filesystems that hold data; the others are the kernel's own."""
_SECTOR = 512  # /sys/block/*/stat counts in these whatever the disk uses

# bits of the firmware's get_throttled
_UNDER_VOLTAGE, _CAPPED, _THROTTLED, _SOFT_LIMIT = 0x1, 0x2, 0x4, 0x8
_SINCE_BOOT = 16
_PRE_EOL = {1: ("normal", Severity.OK), 2: ("warning", Severity.WARNING), 3: ("urgent", Severity.CRITICAL)}
_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Value:
    """One metric of the box."""

    metric: str
    value: float | str
    instance: str = ""
    label: str = ""
    severity: Severity | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """One filesystem that holds data."""

    path: str
    device: str
    kind: str
    read_only: bool


class Usage(Protocol):
    """The part of ``os.statvfs_result`` that is used."""

    @property
    def f_blocks(self) -> int: ...
    @property
    def f_bfree(self) -> int: ...
    @property
    def f_bavail(self) -> int: ...
    @property
    def f_frsize(self) -> int: ...
    @property
    def f_files(self) -> int: ...
    @property
    def f_ffree(self) -> int: ...


def load(loadavg: str) -> Iterator[Value]:
    """/proc/loadavg"""
    for minutes, text in zip(("1m", "5m", "15m"), loadavg.split(), strict=False):
        yield Value(f"system.cpu.load_average.{minutes}", float(text), source="/proc/loadavg")


def uptime(text: str) -> Iterator[Value]:
    """/proc/uptime"""
    yield Value("system.uptime", float(text.split(maxsplit=1)[0]), source="/proc/uptime")


def memory(meminfo: str) -> Iterator[Value]:
    """/proc/meminfo; used is what is not available, so caches do not count."""
    size = {
        name: float(amount.split()[0]) * 1024
        for name, _, amount in (line.partition(":") for line in meminfo.splitlines())
        if amount.strip()
    }
    for metric, whole, free in (
        ("memory", size.get("MemTotal", 0.0), size.get("MemAvailable", 0.0)),
        ("paging", size.get("SwapTotal", 0.0), size.get("SwapFree", 0.0)),
    ):
        if whole > 0:
            yield Value(f"system.{metric}.utilization", (whole - free) / whole, source="/proc/meminfo")
            yield Value(f"system.{metric}.usage", whole - free, source="/proc/meminfo")
            yield Value(f"system.{metric}.limit", whole, source="/proc/meminfo")


def processor_times(stat: str) -> tuple[float, float] | None:
    """(busy, whole) ticks since boot of all processors together, from /proc/stat."""
    for line in stat.splitlines():
        if line.startswith("cpu "):
            ticks = [float(tick) for tick in line.split()[1:9]]  # guest time is already within user time
            idle = ticks[3] + (ticks[4] if len(ticks) > 4 else 0.0)
            return sum(ticks) - idle, sum(ticks)
    return None


def busy_share(before: tuple[float, float], after: tuple[float, float]) -> float | None:
    """Busy share between two looks; ``None`` if no time has passed or the counters started again."""
    busy, whole = after[0] - before[0], after[1] - before[1]
    return min(1.0, busy / whole) if whole > 0 and busy >= 0 else None


def mounts(text: str) -> list[Mount]:
    """/proc/mounts: filesystems that hold data, each device once (the shortest path)."""
    found: dict[str, Mount] = {}
    for line in text.splitlines():
        device, path, kind, options = line.split()[:4]
        if kind in _REAL:
            plain = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), path)
            mount = Mount(plain, device, kind, "ro" in options.split(","))
            if device not in found or len(plain) < len(found[device].path):
                found[device] = mount
    return sorted(found.values(), key=lambda mount: mount.path)


def mount_of(found: Sequence[Mount], path: str) -> Mount | None:
    """The filesystem a path lies on."""
    holding = [one for one in found if one.path == "/" or path == one.path or path.startswith(one.path + "/")]
    return max(holding, key=lambda one: len(one.path), default=None)


def filesystem(mount: Mount, usage: Usage) -> Iterator[Value]:
    """As ``df`` counts: the blocks kept for root are neither used nor free."""
    used = usage.f_blocks - usage.f_bfree
    whole = used + usage.f_bavail
    if whole <= 0:
        return
    source = f"statvfs {mount.path}"
    yield Value("system.filesystem.utilization", used / whole, mount.path, mount.device, source=source)
    yield Value("system.filesystem.usage", float(used * usage.f_frsize), mount.path, mount.device, source=source)
    yield Value(
        "system.filesystem.limit", float(usage.f_blocks * usage.f_frsize), mount.path, mount.device, source=source
    )
    if usage.f_files > 0:
        share = (usage.f_files - usage.f_ffree) / usage.f_files
        yield Value("system.filesystem.inodes.utilization", share, mount.path, mount.device, source=source)


def throttled(text: str) -> Iterator[Value]:
    """get_throttled of the Raspberry Pi's firmware: "50005", "0x50005" or "throttled=0x50005"."""
    bits = int(text.strip().rpartition("=")[2], 16)
    source = "get_throttled"
    slow = bool(bits & (_CAPPED | _THROTTLED | _SOFT_LIMIT))
    under = bool(bits & _UNDER_VOLTAGE)
    past = bits >> _SINCE_BOOT
    yield Value("gateway.under_voltage", int(under), source=source)
    yield Value("gateway.under_voltage.since_boot", int(bool(past & _UNDER_VOLTAGE)), source=source)
    yield Value("gateway.throttled", int(slow), source=source)
    yield Value("gateway.throttled.since_boot", int(bool(past & (_CAPPED | _THROTTLED | _SOFT_LIMIT))), source=source)
    word = "under_voltage" if under else "throttled" if slow else "ok"
    severity = Severity.OK if word == "ok" else Severity.WARNING
    yield Value("gateway.power.supply", word, severity=severity, source=source)


def wear(disk: str, life_time: str, pre_eol_info: str) -> Iterator[Value]:
    """eMMC (JEDEC 84-B51, EXT_CSD 267-269): life used in tenths, type A and B memory; 0 is not defined. SD cards say
    nothing."""
    used = [int(text, 16) for text in life_time.split()]
    if any(used):
        yield Value("gateway.storage.wear", max(used) / 10, disk, source="life_time")
    if pre_eol_info and (known := _PRE_EOL.get(int(pre_eol_info, 16))):
        yield Value("gateway.storage.end_of_life", known[0], disk, severity=known[1], source="pre_eol_info")


def written(disk: str, stat: str) -> Iterator[Value]:
    """/sys/block/*/stat (Documentation/block/stat.rst): what was read and written since boot."""
    fields = stat.split()
    if len(fields) > 6:
        yield Value("system.disk.io.read", int(fields[2]) * _SECTOR, disk, source="stat")
        yield Value("system.disk.io.write", int(fields[6]) * _SECTOR, disk, source="stat")


def default_interface(route: str) -> str:
    """The interface of the IPv4 default route with the lowest metric in /proc/net/route; "" if there is none."""
    rows = [line.split() for line in route.splitlines()[1:]]
    defaults = [(int(row[6]), row[0]) for row in rows if len(row) > 7 and row[1] == "00000000" and row[7] == "00000000"]
    return min(defaults)[1] if defaults else ""
