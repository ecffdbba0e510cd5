"""What the checks of ``reach`` have in common: an answer, or a named reason why there is none."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.core.reading import Failure, FailureKind

_UNREACHABLE = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: how long it took, and what came to light on the way. ``failures`` are questions beside the main one
    that went wrong."""

    duration_s: float
    loss: float | None = None
    certificate_remaining_s: float | None = None
    requests: int = 1
    failures: tuple[Failure, ...] = ()


class NoAnswerError(Exception):
    """No usable answer, and why. ``certificate_remaining_s`` is kept if a certificate was seen before it failed."""

    def __init__(self, failure: Failure, *, certificate_remaining_s: float | None = None, requests: int = 1) -> None:
        super().__init__(f"{failure.what}: {failure.kind}: {failure.detail}")
        self.failure = failure
        self.certificate_remaining_s = certificate_remaining_s
        self.requests = requests


class UnresolvedError(NoAnswerError):
    """The host's name has no address: nothing is known of the host itself."""


@asynccontextmanager
async def asking(what: str, timeout_s: float) -> AsyncIterator[None]:
    """Gives up after ``timeout_s`` and names what the operating system says. Certificates: see ``tls``."""
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except TimeoutError as error:
        raise NoAnswerError(Failure(FailureKind.TIMEOUT, what, f"no answer within {timeout_s:g} s")) from error
    except (socket.gaierror, UnicodeError) as error:  # UnicodeError: not even the form of a name
        raise UnresolvedError(Failure(FailureKind.REFUSED, what, "the name cannot be resolved")) from error
    except ConnectionRefusedError as error:
        raise NoAnswerError(Failure(FailureKind.REFUSED, what, "connection refused")) from error
    except ssl.SSLCertVerificationError:
        raise
    except ssl.SSLError as error:
        said = str(error.reason or error).replace("_", " ").lower()
        raise NoAnswerError(Failure(FailureKind.GARBLED, what, f"TLS: {said}")) from error
    except (ConnectionResetError, BrokenPipeError, EOFError) as error:
        raise NoAnswerError(Failure(FailureKind.GARBLED, what, "the connection was cut off")) from error
    except OSError as error:
        kind = FailureKind.TIMEOUT if error.errno in _UNREACHABLE else FailureKind.REFUSED
        raise NoAnswerError(Failure(kind, what, (error.strerror or str(error)).lower())) from error


async def resolve(host: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> tuple[socket.AddressFamily, str]:
    """The first address of a host, without blocking the loop. Raises ``socket.gaierror``."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=kind)
    family, _, _, _, address = found[0]
    return family, str(address[0])
