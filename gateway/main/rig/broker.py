"""The demo's MQTT broker: a real mosquitto, with TLS, client certificates and an access list where openssl is there."""

from __future__ import annotations

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

from gateway.main.rig.certificates import Pair
from gateway.simulate.nut import Program

DESK = "desk"
"""Common name of headquarters' certificate."""

_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin")
_SITE_WRITES = ("status", "evt", "state/#", "summary", "hist", "rpt")
_SITE_READS = ("cmd/#", "ack/#", "status")


@dataclass(frozen=True, slots=True)
class Tls:
    """What the broker proves itself with, and whose clients it believes."""

    authority: Path
    server: Pair


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """A broker for one organisation. Without ``tls`` it speaks in clear to everybody on the loopback."""

    folder: Path
    host: str
    port: int
    organisation: str
    tls: Tls | None

    @property
    def url(self) -> str:
        """As written into site.toml and desk.toml."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


def installed() -> str | None:
    """Path of the mosquitto program; None where it is not installed. (Debian keeps it where users do not look.)"""
    return shutil.which("mosquitto", path=os.pathsep.join((os.environ.get("PATH", ""), *_FOLDERS)))


def prepare(plan: BrokerPlan, program: str) -> Program:
    """Writes the broker's configuration; the program to run."""
    plan.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    access = plan.folder / "access"
    access.write_text(_access(plan), encoding="utf-8")
    access.chmod(0o600)
    config = plan.folder / "mosquitto.conf"
    config.write_text(_configuration(plan, access), encoding="utf-8")
    return Program("mosquitto", (program, "-c", str(config)))


def _configuration(plan: BrokerPlan, access: Path) -> str:
    lines = [
        # as root mosquitto would become the user mosquitto, who cannot read the private folder
        f"user {pwd.getpwuid(os.getuid()).pw_name}",
        f"listener {plan.port} {plan.host}",
        "persistence false",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        # headquarters acknowledges in the application; the session of a desk that restarts must hold what it missed
        "max_queued_messages 10000",
    ]
    if plan.tls is None:
        return "\n".join([*lines, "allow_anonymous true", ""])
    lines += [
        f"cafile {plan.tls.authority}",
        f"certfile {plan.tls.server.cert}",
        f"keyfile {plan.tls.server.key}",
        "require_certificate true",
        "use_identity_as_username true",
        "allow_anonymous false",
        f"acl_file {access}",
    ]
    return "\n".join([*lines, ""])


def _access(plan: BrokerPlan) -> str:
    """A site (%u is the common name of its certificate) writes under its own root only and reads what is for it."""
    root = f"vigie/v1/{plan.organisation}"
    lines = [f"pattern write {root}/%u/{topic}" for topic in _SITE_WRITES]
    lines += [f"pattern read {root}/%u/{topic}" for topic in _SITE_READS]
    return "\n".join([*lines, f"user {DESK}", f"topic readwrite {root}/#", ""])
