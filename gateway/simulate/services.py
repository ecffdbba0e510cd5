"""The services of the simulated depot: small HTTP servers that hang while what they run on is dark.

A service behind a dead machine must not refuse the connection: the request is read and never answered, so the client's
time-out is a true one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from html import escape

from gateway.core.errors import UnavailableError
from gateway.simulate.agents import Endpoint

_LONGEST_HEAD = 65_536


class WebService:
    """One running service."""

    def __init__(self, name: str, answers: Callable[[], bool]) -> None:
        self._page = f"<!doctype html><title>{escape(name)}</title><h1>{escape(name)}</h1>".encode()
        self._head = (
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
            f"Content-Length: {len(self._page)}\r\nConnection: close\r\n\r\n"
        ).encode()
        self._answers = answers
        self._server: asyncio.Server | None = None
        self._hanging: set[asyncio.StreamWriter] = set()

    async def start(self, at: Endpoint) -> None:
        """Listens; raises UnavailableError if the port is taken."""
        try:
            self._server = await asyncio.start_server(self._serve, at.host, at.port, limit=_LONGEST_HEAD)
        except OSError as error:
            raise UnavailableError(f"{at.host}:{at.port}: {error.strerror}", remedy="choose a free port") from error

    def close(self) -> None:
        """Stops listening and drops the clients that hang."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._hanging):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._hanging.add(writer)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await reader.readuntil(b"\r\n\r\n")
                if self._answers():
                    writer.write(self._head + self._page)
                    await writer.drain()
                else:
                    await reader.read()
        finally:
            self._hanging.discard(writer)
            writer.close()
