"""Runs a program of the system for one question: bounded output, and no program outlives the question."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

LARGEST = 4 * 1024 * 1024
"""Bytes that are kept of what a program writes; the rest is read and forgotten."""


async def ran(
    command: Sequence[str], environment: Mapping[str, str] | None = None, handles: Sequence[int] = ()
) -> tuple[int, bytes, str]:
    """(status, what it wrote, what it complained of). ``handles`` are open files that it inherits. Raises
    FileNotFoundError; ended together with the task that waits for it."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=environment, pass_fds=handles
    )
    try:
        assert process.stdout is not None  # noqa: S101 - both are pipes
        assert process.stderr is not None  # noqa: S101
        written, said = await asyncio.gather(_up_to(process.stdout), _up_to(process.stderr))
        return await process.wait(), written, said.decode("utf-8", "replace")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _up_to(stream: asyncio.StreamReader) -> bytes:
    """The beginning of a stream, read to its end all the same."""
    kept = bytearray()
    while chunk := await stream.read(65536):
        if len(kept) <= LARGEST:
            kept += chunk
    return bytes(kept)
