"""UPSs over the NUT protocol (RFC 9271) by aionut: every number the vocabulary knows, the words of ``ups.status``.

``device.nut_name`` is the UPS's name at upsd, ``device.ports["nut"]`` its port (3493). What upsd has not got any more
from the UPS itself (DATA-STALE) is a failure: it is never taken for "on battery".
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator, Mapping

from gateway.clock import Clock
from gateway.collect.asking import NoAnswerError
from gateway.core.device import Device
from gateway.core.reading import Failure, FailureKind, Identity, Poll, Reading, Severity
from gateway.core.units import METRICS
from gateway.core.ups import severity, words

PORT = 3493

# ERR codes of RFC 9271 4.3 -> how the poll failed and what that means for people
_ERRORS = {
    "UNKNOWN-UPS": (FailureKind.REFUSED, 'upsd knows no UPS named "{ups}": correct nut_name in the inventory'),
    "DATA-STALE": (FailureKind.TIMEOUT, "the driver has lost the UPS: check its USB or serial cable"),
    "DRIVER-NOT-CONNECTED": (FailureKind.TIMEOUT, "upsd has lost its driver: restart it on the machine the UPS is on"),
    "ACCESS-DENIED": (FailureKind.UNAUTHORISED, "upsd refuses this address: allow it in upsd.conf"),
    "USERNAME-REQUIRED": (FailureKind.UNAUTHORISED, "upsd asks for a user"),
    "PASSWORD-REQUIRED": (FailureKind.UNAUTHORISED, "upsd asks for a password"),
    "TLS-MANDATORY": (FailureKind.UNAUTHORISED, "upsd asks for TLS"),
}
_IDENTITY = {
    "vendor": ("device.mfr", "ups.mfr"),
    "model": ("device.model", "ups.model"),
    "serial": ("device.serial", "ups.serial"),
    "firmware": ("ups.firmware", "ups.firmware.aux"),
    "description": ("device.description", "ups.id"),
}


class Nut:
    """Collector ``nut``."""

    name = "nut"

    def __init__(self, clock: Clock, *, timeout_s: float = 5.0) -> None:
        self._clock = clock
        self._timeout_s = timeout_s

    async def poll(self, device: Device) -> Poll:
        """One connection, one LIST VAR."""
        from aionut import AIONUTClient
        from aionut.exceptions import NUTError

        at, began = self._clock.wall(), self._clock.monotonic()
        host, port = device.address or "127.0.0.1", device.ports.get("nut", PORT)
        what = f"nut {device.nut_name}@{host}:{port}"
        # not persistent: a connection that died with the cable is never waited for
        client = AIONUTClient(host, port, timeout=self._timeout_s, persistent=False)
        readings: tuple[Reading, ...] = ()
        identity, failure = Identity(), None
        try:
            variables = await client.list_vars(device.nut_name)
        except NUTError as error:
            failure = failure_of(error, what, device.nut_name)
        except (EOFError, asyncio.LimitOverrunError, IndexError):  # aionut lets these of a broken answer through
            failure = Failure(FailureKind.GARBLED, what, "the answer is not NUT, or was cut off")
        else:
            readings = tuple(understand(variables, device.id, at))
            identity = identify(variables)
        return Poll(
            device.id,
            self.name,
            at,
            readings,
            failure,
            identity=identity,
            requests=1,
            elapsed_s=self._clock.monotonic() - began,
        )


async def known(host: str, port: int = PORT, *, timeout_s: float = 2.0) -> dict[str, str]:
    """The UPSs of an upsd by name, each with "" or why it has not got it. Raises NoAnswerError where none answers."""
    from aionut import AIONUTClient
    from aionut.exceptions import NUTError

    what = f"nut {host}:{port}"
    client = AIONUTClient(host, port, timeout=timeout_s, persistent=False)
    try:
        names = list(await client.list_ups())
    except NUTError as error:
        raise NoAnswerError(failure_of(error, what, "")) from error
    except (EOFError, asyncio.LimitOverrunError, IndexError) as error:
        raise NoAnswerError(Failure(FailureKind.GARBLED, what, "the answer is not NUT, or was cut off")) from error
    found = {}
    for name in names:
        try:
            await client.list_vars(name)
        except NUTError as error:
            found[name] = failure_of(error, what, name).detail
        except (EOFError, asyncio.LimitOverrunError, IndexError):
            found[name] = "the answer was cut off"
        else:
            found[name] = ""
    return found


def understand(variables: Mapping[str, str], device: str, at: float) -> Iterator[Reading]:
    """Readings of what ``LIST VAR`` gave: numbers and states the vocabulary knows. A sentinel gives no reading."""
    for name, text in variables.items():
        metric = METRICS.get(name)
        if metric is None:
            continue
        if name == "ups.status":
            if status := " ".join(words(text)):
                yield Reading(device, name, status, at, severity=severity(status), source=name)
        elif metric.kind == "state":
            if text.strip():
                yield Reading(device, name, text.strip(), at, severity=_opinion(name), source=name)
        elif (number := _number(name, text)) is not None:
            yield Reading(device, name, number, at, source=name)


def identify(variables: Mapping[str, str]) -> Identity:
    """What the UPS says of itself."""
    found = {
        part: next((variables[name].strip() for name in names if variables.get(name, "").strip()), "")
        for part, names in _IDENTITY.items()
    }
    return Identity(profile="nut", kind="ups", name=variables.get("ups.id", "").strip(), **found)


def failure_of(error: Exception, what: str, ups: str) -> Failure:
    """An error of the protocol as a named failure."""
    from aionut.exceptions import NUTConnectionClosedError, NUTOSError, NUTProtocolError, NUTTimeoutError, NUTValueError

    text = str(error)
    code = text.rpartition("ERR ")[2].partition(" ")[0]
    if code in _ERRORS:
        kind, detail = _ERRORS[code]
        return Failure(kind, what, detail.format(ups=ups))
    if isinstance(error, NUTTimeoutError):
        return Failure(FailureKind.TIMEOUT, what, "upsd does not answer")
    if isinstance(error, NUTOSError):
        refused = isinstance(error.__cause__, ConnectionRefusedError)
        cause = error.__cause__
        said = (cause.strerror if isinstance(cause, OSError) else None) or text
        kind = FailureKind.REFUSED if refused else FailureKind.TIMEOUT
        return Failure(kind, what, "no upsd listens there" if refused else said.lower())
    if isinstance(error, NUTProtocolError | NUTConnectionClosedError | NUTValueError):
        return Failure(FailureKind.GARBLED, what, text)
    return Failure(FailureKind.REFUSED, what, text)


def _number(name: str, text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    # drivers give -1 for "none" in timers and unknown figures; only these can be below zero
    below_zero = name.endswith((".temperature", ".current"))
    return number if math.isfinite(number) and (number >= 0 or below_zero) else None


def _opinion(name: str) -> Severity:
    """The other states are words of the device's own: shown, not judged, except an alarm."""
    return Severity.WARNING if name == "ups.alarm" else Severity.UNKNOWN
