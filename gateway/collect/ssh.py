"""Asks a machine over SSH by the system's own ``ssh``: one word to a forced command, the host key pinned at first use.

The key of the box opens nothing but ``vigie-remote`` on the other side (docs/operate/ssh.md): no shell, no terminal, no
forwarding. Keys are pinned by device, not by address, in a file of the site's own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gateway.collect.asking import NoAnswerError
from gateway.collect.running import LARGEST, ran
from gateway.core.device import Device
from gateway.core.reading import Failure, FailureKind

PORT = 22
_WORDS = re.compile(r"[a-z0-9][A-Za-z0-9 ._-]{0,100}")
_FAILED = 255  # ssh's own status; others are the remote command's
_SAID: tuple[tuple[str, FailureKind, str], ...] = (
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        FailureKind.UNAUTHORISED,
        "its host key is not that of the first contact: if it was installed anew, take its line out of known_hosts",
    ),
    ("Host key verification failed", FailureKind.UNAUTHORISED, "its host key does not hold"),
    ("Permission denied", FailureKind.UNAUTHORISED, "the machine does not know this key: see docs/operate/ssh.md"),
    ("Connection refused", FailureKind.REFUSED, "no SSH server listens there"),
    ("Could not resolve hostname", FailureKind.REFUSED, "the name cannot be resolved"),
    ("timed out", FailureKind.TIMEOUT, "no answer"),
    ("No route to host", FailureKind.TIMEOUT, "no route to host"),
    ("Network is unreachable", FailureKind.TIMEOUT, "network is unreachable"),
)


@dataclass(frozen=True, slots=True)
class SshLogin:
    """Who asks: the user on the other side and the file of the private key."""

    user: str
    key: Path


class Shell(Protocol):
    """Asks a device to run one word of its forced command."""

    async def run(self, device: Device, word: str, timeout_s: float) -> str:
        """What it wrote. Raises NoAnswerError."""
        ...


class Ssh:
    """The real one. ``logins`` are by name of the credential, ``known_hosts`` is the file of pinned keys."""

    def __init__(self, logins: Mapping[str, SshLogin], known_hosts: Path, *, program: str = "ssh") -> None:
        self._logins = logins
        self._known_hosts = known_hosts
        self._program = program

    async def run(self, device: Device, word: str, timeout_s: float) -> str:
        """What ``vigie-remote WORD`` wrote. Raises NoAnswerError."""
        what = f"ssh {device.address} {word}"
        login = self._logins.get(device.access.get("ssh", ""))
        if login is None:
            detail = 'the device names no credential of type ssh: access = ["ssh=NAME"]'
            raise NoAnswerError(Failure(FailureKind.UNAUTHORISED, what, detail))
        if not _WORDS.fullmatch(word):
            raise ValueError(f"{word!r} is no word for a forced command")
        try:
            async with asyncio.timeout(timeout_s):
                status, written, said = await ran(self._command(device, login, word, timeout_s))
        except TimeoutError as error:
            raise NoAnswerError(Failure(FailureKind.TIMEOUT, what, f"no answer within {timeout_s:g} s")) from error
        except FileNotFoundError as error:
            detail = "ssh is not installed: install the package openssh-client"
            raise NoAnswerError(Failure(FailureKind.REFUSED, what, detail)) from error
        if status:
            raise NoAnswerError(_failure(what, status, said))
        if len(written) > LARGEST:
            raise NoAnswerError(Failure(FailureKind.GARBLED, what, f"more than {LARGEST} bytes"))
        return written.decode("utf-8", "replace")

    def _command(self, device: Device, login: SshLogin, word: str, timeout_s: float) -> list[str]:
        options = {
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "accept-new",
            "UserKnownHostsFile": str(self._known_hosts),
            "GlobalKnownHostsFile": "/dev/null",
            "HostKeyAlias": device.id,
            "HashKnownHosts": "no",
            "UpdateHostKeys": "no",
            "ConnectTimeout": str(max(1, int(timeout_s))),
            "ClearAllForwardings": "yes",
            "LogLevel": "ERROR",
        }
        named = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        port = str(device.ports.get("ssh", PORT))
        return [
            *(self._program, "-F", "/dev/null", "-T", *named),
            *("-i", str(login.key), "-p", port, "-l", login.user, device.address, word),
        ]


def _failure(what: str, status: int, said: str) -> Failure:
    if status == _FAILED:
        for text, kind, detail in _SAID:
            if text in said:
                return Failure(kind, what, detail)
        return Failure(FailureKind.TIMEOUT, what, said.strip()[-200:] or "the connection failed")
    last = said.strip().splitlines()[-1:] or [f"the command ended with status {status}"]
    return Failure(FailureKind.REFUSED, what, last[0][:200])


class FakeShell:
    """Machines of a test: answers by (device, word), or a failure; remembers what was asked."""

    def __init__(self, answers: Mapping[tuple[str, str], str | Failure]) -> None:
        self._answers = answers
        self.asked: list[tuple[str, str]] = []

    async def run(self, device: Device, word: str, timeout_s: float) -> str:
        """The scripted answer; without one the machine is silent."""
        self.asked.append((device.id, word))
        silence = Failure(FailureKind.TIMEOUT, f"ssh {device.id}", f"no answer within {timeout_s:g} s")
        answer = self._answers.get((device.id, word), silence)
        if isinstance(answer, Failure):
            raise NoAnswerError(answer)
        return answer
