"""What lies on a Windows share (SMB 2 and 3): asks Debian's ``smbclient`` for one listing, reads nothing else.

The password goes to it through a file in memory that only this user may read: it is never on a command line, in the
environment or on the card. The system's own smb.conf is left aside.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from gateway.collect.asking import NoAnswerError
from gateway.collect.running import LARGEST, ran
from gateway.core.backups import File, Share, listed, place
from gateway.core.device import Device
from gateway.core.errors import VigieError
from gateway.core.reading import Failure, FailureKind

PORT = 445
_NO_ENTRY = "NT_STATUS_NO_SUCH_FILE"
_SAID: tuple[tuple[tuple[str, ...], FailureKind, str], ...] = (
    (
        ("LOGON_FAILURE", "WRONG_PASSWORD", "NO_SUCH_USER"),
        FailureKind.UNAUTHORISED,
        "the share's machine does not take this user and password",
    ),
    (
        ("ACCOUNT_DISABLED", "ACCOUNT_LOCKED_OUT", "PASSWORD_EXPIRED", "PASSWORD_MUST_CHANGE", "ACCOUNT_RESTRICTION"),
        FailureKind.UNAUTHORISED,
        "the account is locked, switched off, or its password has expired",
    ),
    (("ACCESS_DENIED",), FailureKind.UNAUTHORISED, "this user may not read there: give it the right to read"),
    (("BAD_NETWORK_NAME",), FailureKind.REFUSED, "the machine has no share of this name"),
    (
        ("OBJECT_NAME_NOT_FOUND", "OBJECT_PATH_NOT_FOUND", "NOT_A_DIRECTORY", "OBJECT_NAME_INVALID"),
        FailureKind.REFUSED,
        "the folder is not there: is the disk of the backups connected?",
    ),
    (("CONNECTION_REFUSED",), FailureKind.REFUSED, "nothing shares files there"),
    (("NOT_FOUND", "UNSUCCESSFUL"), FailureKind.REFUSED, "the name cannot be resolved, or nothing shares files there"),
    (
        ("IO_TIMEOUT", "HOST_UNREACHABLE", "NETWORK_UNREACHABLE", "HOST_DOWN"),
        FailureKind.TIMEOUT,
        "no answer",
    ),
    (
        ("CONNECTION_DISCONNECTED", "CONNECTION_RESET", "INVALID_NETWORK_RESPONSE", "NOT_SUPPORTED"),
        FailureKind.GARBLED,
        "the machine speaks no SMB 2 or 3",
    ),
)


@dataclass(frozen=True, slots=True)
class SmbLogin:
    """Who asks: ``user``, or ``DOMAIN\\user``."""

    user: str
    password: str = field(repr=False)


class Shares(Protocol):
    """Lists what lies on shares."""

    async def files(self, device: Device, share: Share, timeout_s: float) -> list[File]:
        """The files of a folder that fit its pattern; none is an empty list. Raises NoAnswerError."""
        ...


class Smb:
    """The real one. ``logins`` are by name of the credential (``access = ["smb=NAME"]``)."""

    def __init__(self, logins: Mapping[str, Callable[[], SmbLogin]], *, program: str = "smbclient") -> None:
        self._logins = logins
        self._program = program

    async def files(self, device: Device, share: Share, timeout_s: float) -> list[File]:
        """One question: a session, one listing, the end."""
        what = f"smb {device.address} {place(share)}"
        login = self._login(device, what)
        try:
            async with asyncio.timeout(timeout_s):
                with _authentication(login) as handle:
                    command = self._command(device, share, handle, timeout_s)
                    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/"}
                    _status, written, said = await ran(command, environment, (handle,))
        except TimeoutError as error:
            raise NoAnswerError(Failure(FailureKind.TIMEOUT, what, f"no answer within {timeout_s:g} s")) from error
        except FileNotFoundError as error:
            detail = "smbclient is not installed: install the package smbclient"
            raise NoAnswerError(Failure(FailureKind.REFUSED, what, detail)) from error
        if len(written) > LARGEST:
            detail = f"the listing has more than {LARGEST} bytes: name a narrower pattern"
            raise NoAnswerError(Failure(FailureKind.GARBLED, what, detail))
        told = f"{written[-2000:].decode('utf-8', 'replace')}\n{said}"
        if "NT_STATUS_" in told and _NO_ENTRY not in told:
            raise NoAnswerError(_failure(what, told))
        if b"blocks of size" not in written and _NO_ENTRY not in told:  # the last line of every listing
            raise NoAnswerError(Failure(FailureKind.GARBLED, what, _last(told) or "smbclient told no listing"))
        return list(listed(written))

    def _login(self, device: Device, what: str) -> SmbLogin:
        login = self._logins.get(device.access.get("smb", ""))
        if login is None:
            detail = 'the device names no credential of type smb: access = ["smb=NAME"]'
            raise NoAnswerError(Failure(FailureKind.UNAUTHORISED, what, detail))
        try:
            return login()
        except VigieError as error:
            raise NoAnswerError(Failure(FailureKind.UNAUTHORISED, what, str(error))) from error

    def _command(self, device: Device, share: Share, handle: int, timeout_s: float) -> list[str]:
        host = device.address
        where = ["-I", host] if ":" in host else []  # an IPv6 address cannot stand in the name of a service
        service = f"//{device.id if where else host}/{share.name}"
        folder = ["-D", share.folder] if share.folder else []
        return [
            *(self._program, "-s", "/dev/null", "-d", "1", "--use-kerberos=off", "-A", f"/proc/self/fd/{handle}"),
            *("-p", str(device.ports.get("smb", PORT)), "-t", str(max(1, int(timeout_s))), *where, service),
            *(*folder, "-c", f'ls "{share.pattern}"'),
        ]


@contextmanager
def _authentication(login: SmbLogin) -> Iterator[int]:
    """A file in memory as ``smbclient -A`` reads it, of mode 0600; its descriptor."""
    domain, _, user = login.user.rpartition("\\")
    lines = [f"username = {user}", f"password = {login.password}", *([f"domain = {domain}"] if domain else [])]
    handle = os.memfd_create("smb-authentication", os.MFD_CLOEXEC)
    try:
        os.fchmod(handle, 0o600)
        os.write(handle, "".join(f"{line}\n" for line in lines).encode())
        os.lseek(handle, 0, os.SEEK_SET)
        yield handle
    finally:
        os.close(handle)


def _failure(what: str, told: str) -> Failure:
    for names, kind, detail in _SAID:
        if any(f"NT_STATUS_{name}" in told for name in names):
            return Failure(kind, what, detail)
    return Failure(FailureKind.REFUSED, what, _last(told))


def _last(told: str) -> str:
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    return next((line[:200] for line in reversed(lines) if "NT_STATUS_" in line), lines[-1][:200] if lines else "")


class FakeShares:
    """Shares of a test: files by (device, share), or a failure."""

    def __init__(self, answers: Mapping[tuple[str, str], list[File] | Failure]) -> None:
        self._answers = answers

    async def files(self, device: Device, share: Share, timeout_s: float) -> list[File]:
        """The scripted answer; without one the machine is silent."""
        silence = Failure(FailureKind.TIMEOUT, f"smb {device.id}", f"no answer within {timeout_s:g} s")
        answer = self._answers.get((device.id, share.name), silence)
        if isinstance(answer, Failure):
            raise NoAnswerError(answer)
        return answer
