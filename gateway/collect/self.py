"""The box itself, through the same pipeline as every other device: temperature, power, storage and its wear, memory,
load, clock and its own link.

Everything is read under ``root`` (``/`` in life, a made-up tree in tests). What a machine has not gives no reading.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.clock import Clock
from gateway.collect import self_values as values
from gateway.collect.self_values import Value
from gateway.core.device import Device
from gateway.core.reading import Failure, FailureKind, Identity, Poll, Reading

_FIRMWARE = Path("sys/devices/platform/soc/soc:firmware/get_throttled")
_BLOCKS = ("mmcblk", "sd", "nvme", "vd")


def _vcgencmd() -> str:
    """What the firmware of a Raspberry Pi says of its supply; "" elsewhere."""
    program = shutil.which("vcgencmd")
    if not program:
        return ""
    try:
        done = subprocess.run([program, "get_throttled"], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


class OwnHealth:
    """Collector ``self``. ``data`` is the folder that must stay writable; ``interface`` names the port of the depot's
    LAN (else: where the default route leads, else the last one it led to, else the first port with hardware)."""

    name = "self"

    def __init__(
        self,
        clock: Clock,
        *,
        root: Path = Path("/"),
        data: Path = Path("/"),
        interface: str = "",
        throttled: Callable[[], str] = _vcgencmd,
    ) -> None:
        self._clock = clock
        self._root = root
        self._data = data
        self._interface = interface
        self._last_interface = ""
        self._throttled = throttled
        self._busy: tuple[float, float] | None = None

    async def poll(self, device: Device) -> Poll:
        """Reads everything once, in a thread: a sick card can hold up a read for seconds."""
        at, began = self._clock.wall(), self._clock.monotonic()
        failures: list[Failure] = []
        found = await asyncio.to_thread(lambda: list(self._all(failures)))
        readings = [
            Reading(device.id, one.metric, one.value, at, one.instance, one.label, one.severity, one.source)
            for one in found
        ]
        synchronized = 1 if self._clock.synchronized() else 0
        readings.append(Reading(device.id, "system.clock.synchronized", synchronized, at, source="adjtimex"))
        return Poll(
            device.id,
            self.name,
            at,
            tuple(readings),
            partial=tuple(failures),
            identity=self._identity(),
            elapsed_s=self._clock.monotonic() - began,
        )

    def _all(self, failures: list[Failure]) -> Iterator[Value]:
        for part in (self._proc, self._temperatures, self._power, self._filesystems, self._disks, self._link):
            try:
                yield from part()
            except (OSError, ValueError, IndexError, KeyError) as error:
                failures.append(Failure(FailureKind.GARBLED, part.__name__.strip("_"), str(error)))

    def _proc(self) -> Iterator[Value]:
        yield from values.load(self._text("proc/loadavg"))
        yield from values.memory(self._text("proc/meminfo"))
        yield from values.uptime(self._text("proc/uptime"))
        busy = values.processor_times(self._text("proc/stat"))
        if self._busy and busy and (share := values.busy_share(self._busy, busy)) is not None:
            yield Value("system.cpu.utilization", share, source="/proc/stat")
        self._busy = busy

    def _temperatures(self) -> Iterator[Value]:
        for zone in sorted((self._root / "sys/class/thermal").glob("thermal_zone*")):
            raw, kind = _read(zone / "temp"), _read(zone / "type") or zone.name
            if raw:
                yield Value("hw.temperature", int(raw) / 1000, kind, source=f"/sys/class/thermal/{zone.name}")

    def _power(self) -> Iterator[Value]:
        text = _read(self._root / _FIRMWARE) or self._throttled()
        if text:
            yield from values.throttled(text)
            return
        for monitor in sorted((self._root / "sys/class/hwmon").glob("hwmon*")):
            alarm = _read(monitor / "in0_lcrit_alarm")
            if _read(monitor / "name") == "rpi_volt" and alarm:
                yield Value("gateway.under_voltage", int(alarm), source="rpi_volt")

    def _filesystems(self) -> Iterator[Value]:
        mounts = values.mounts(self._text("proc/mounts"))
        for mount in mounts:
            usage = os.statvfs(self._root / mount.path.lstrip("/"))
            yield from values.filesystem(mount, usage)
        home = values.mount_of(mounts, str(self._data.resolve()))
        if home:
            read_only = 1 if home.read_only else 0
            yield Value("gateway.storage.read_only", read_only, home.path, source="/proc/mounts")

    def _disks(self) -> Iterator[Value]:
        folder = self._root / "sys/block"
        for disk in sorted(folder.iterdir()) if folder.is_dir() else ():
            if not disk.name.startswith(_BLOCKS):
                continue
            yield from values.written(disk.name, _read(disk / "stat"))
            yield from values.wear(disk.name, _read(disk / "device/life_time"), _read(disk / "device/pre_eol_info"))

    def _link(self) -> Iterator[Value]:
        route = values.default_interface(_read(self._root / "proc/net/route"))
        # when the cable is out the DHCP client takes the route away: the port is then the one that had it
        name = self._interface or route or self._last_interface or self._first_port()
        if not name:
            return
        self._last_interface = name
        folder = self._root / "sys/class/net" / name
        try:
            up = int((folder / "carrier").read_text())
        except OSError:  # a port that is switched off, or gone, has no carrier to tell of
            up = 0
        yield Value("hw.network.up", up, name, source=f"/sys/class/net/{name}/carrier")
        megabits = _read(folder / "speed")
        if up and megabits and int(megabits) > 0:
            yield Value("hw.network.bandwidth.limit", int(megabits) * 125_000.0, name, source="speed")
        for way, short in (("receive", "rx"), ("transmit", "tx")):
            for what, file in (("io", "bytes"), ("errors", "errors")):
                if counter := _read(folder / "statistics" / f"{short}_{file}"):
                    yield Value(f"system.network.{what}.{way}", int(counter), name, source=f"{short}_{file}")

    def _first_port(self) -> str:
        ports = (self._root / "sys/class/net").glob("*/device")
        return min((port.parent.name for port in ports), default="")

    def _identity(self) -> Identity:
        tree = self._root / "proc/device-tree"
        return Identity(
            profile="self",
            kind="gateway",
            model=_read(tree / "model"),
            serial=_read(tree / "serial-number"),
            name=_read(self._root / "proc/sys/kernel/hostname"),
            firmware=_read(self._root / "proc/sys/kernel/osrelease"),
        )

    def _text(self, path: str) -> str:
        return (self._root / path).read_text()


def _read(path: Path) -> str:
    """A small file of the kernel without its padding; "" if this machine does not have it."""
    try:
        return path.read_text(errors="replace").strip("\0\n ")
    except OSError:
        return ""
