"""A real `upsd` with NUT's `dummy-ups` driver, whose variables follow the simulated UPS.

This module writes the configuration and the driver's data file and says which programs to run; running them is the
caller's business. Found out with NUT 2.8.0 of Debian 12: in mode `dummy-once` the driver reads its file again when the
modification time of the file has changed, and that time is compared in whole seconds; so each write steps it by one.
Debian's `/usr/sbin/upsd` is a script that refuses to start without /etc/nut/nut.conf; the program is in /lib/nut.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.simulate.agents import Endpoint
from gateway.simulate.scenario import SimulatedDevice
from gateway.simulate.world import BatteryState

UPS_NAME = "ups"
"""The name of the UPS within upsd."""

_FOLDERS = (Path("/lib/nut"), Path("/usr/lib/nut"), Path("/usr/libexec/nut"), Path("/usr/local/ups/bin"))


@dataclass(frozen=True, slots=True)
class Program:
    """A program to run as a child: a name for people, its command line and what is added to the environment."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def installed() -> Path | None:
    """Folder that holds both `upsd` and `dummy-ups`; None where NUT is not installed."""
    for folder in _FOLDERS:
        if os.access(folder / "upsd", os.X_OK) and os.access(folder / "dummy-ups", os.X_OK):
            return folder
    return None


class NutServer:
    """The files of one upsd in a private folder (keep its path short: a Unix socket lies in it)."""

    def __init__(self, folder: Path, at: Endpoint, programs: Path) -> None:
        self._folder = folder
        self._at = at
        self._programs = programs
        self._stepped = 1_000_000_000

    def prepare(self) -> None:
        """Writes the configuration. The folder is made for this user alone, as upsd demands."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write(
            "ups.conf",
            f"[{UPS_NAME}]\n  driver = dummy-ups\n  mode = dummy-once\n  port = {self._folder / 'ups.dev'}\n"
            "  pollinterval = 1\n  desc = simulated\n",
        )
        self._write("upsd.conf", f"LISTEN {self._at.host} {self._at.port}\nMAXAGE 15\n")
        self._write("upsd.users", "")

    def programs(self) -> tuple[Program, Program]:
        """The driver, which must be started first, and upsd; both stay in the foreground."""
        user = pwd.getpwuid(os.getuid()).pw_name
        folder = str(self._folder)
        where = dict.fromkeys(("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH", "NUT_PIDPATH"), folder)
        return (
            Program("dummy-ups", (str(self._programs / "dummy-ups"), "-F", "-u", user, "-a", UPS_NAME), where),
            Program("upsd", (str(self._programs / "upsd"), "-F", "-u", user), where),
        )

    def show(self, device: SimulatedDevice, battery: BatteryState) -> None:
        """Puts the UPS's present state into the driver's file, at once or not at all."""
        lines = [f"{name}: {value}" for name, value in variables(device, battery).items()]
        path = self._write("ups.new", "\n".join(lines) + "\n")
        self._stepped += 1
        os.utime(path, (self._stepped, self._stepped))
        path.replace(self._folder / "ups.dev")

    def _write(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path


def variables(device: SimulatedDevice, battery: BatteryState) -> dict[str, str]:
    """The state as NUT variables (RFC 9271)."""
    vendor, model = str(device.inventory.get("vendor", "")), str(device.inventory.get("model", ""))
    return {
        "device.type": "ups",
        "device.mfr": vendor,
        "device.model": model,
        "device.serial": str(device.inventory.get("serial", "")),
        "ups.mfr": vendor,
        "ups.model": model,
        "ups.firmware": str(device.inventory.get("firmware", "")),
        "ups.serial": str(device.inventory.get("serial", "")),
        "ups.status": battery.status,
        "ups.load": f"{100 * battery.load:.0f}",
        "ups.temperature": f"{device.sim.temperature:.1f}",
        "battery.charge": f"{battery.charge:.0f}",
        "battery.charge.low": "20",
        "battery.runtime": f"{battery.runtime_s:.0f}",
        "battery.voltage": f"{48 + battery.charge * 0.06:.1f}",
        "battery.type": "PbAc",
        "input.voltage": f"{battery.input_voltage:.1f}",
        "input.voltage.nominal": "230",
        "output.voltage": f"{battery.output_voltage:.1f}",
    }
