"""A mail server that delivers nothing: every letter becomes a file, so that the desk's messages can be looked at."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

from gateway.core.errors import UnavailableError

_LONGEST_LINE = 65_536


class MailSink:
    """Speaks enough SMTP (RFC 5321) to take a letter. ``told`` is called with recipient and subject of each one."""

    def __init__(self, folder: Path, told: Callable[[str, str], None]) -> None:
        self._folder = folder
        self._told = told
        self._count = 0
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> None:
        """Listens; raises UnavailableError if the port is taken."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._server = await asyncio.start_server(self._serve, host, port, limit=_LONGEST_LINE)
        except OSError as error:
            raise UnavailableError(f"{host}:{port}: {error.strerror}", remedy="choose a free port") from error

    def close(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipients: list[str] = []
        writer.write(b"220 vigie demo\r\n")
        while line := await reader.readline():
            command = line.strip().decode("utf-8", "replace")
            verb = command[:4].upper()
            if verb == "QUIT":
                writer.write(b"221 bye\r\n")
                await writer.drain()
                return
            if verb == "RCPT":
                recipients.append(command.partition(":")[2].strip(" <>"))
            if verb == "DATA":
                writer.write(b"354 go on\r\n")
                self._keep(recipients, await _letter(reader))
                recipients = []
                writer.write(f"250 kept as {self._count}\r\n".encode())
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()

    def _keep(self, recipients: list[str], letter: bytes) -> None:
        self._count += 1
        (self._folder / f"{self._count:04}.eml").write_bytes(letter)
        subject = message_from_bytes(letter, policy=policy.default)["Subject"]
        self._told(", ".join(recipients), str(subject or ""))


async def _letter(reader: asyncio.StreamReader) -> bytes:
    """The letter up to the lone dot, doubled dots at the start of lines made single again."""
    lines = []
    while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
        lines.append(line[1:] if line.startswith(b"..") else line)
    return b"".join(lines)
