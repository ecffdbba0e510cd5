"""Does it answer? ICMP for devices; ping, TCP, HTTP(S), DNS and TLS for services, asked as their users would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from gateway.clock import Clock
from gateway.collect import dns, http
from gateway.collect.asking import Answer, NoAnswerError, UnresolvedError, asking
from gateway.collect.echo import Echo, ForbiddenError, Pinger
from gateway.collect.tls import Trust, connect, connect_tls
from gateway.core.device import Device, Service, ServiceCheck
from gateway.core.reading import Failure, FailureKind, Poll, Reading

_UDP = ("snmp", "trap", "syslog", "dns")
"""Ports of a device that say nothing about TCP."""
_KNOCK_TIMEOUT_S = 2.0


def _no_address(_device: str) -> str:
    return ""


class Reach:
    """Collector ``reach`` and ServiceProbe. A device or service that is dead is a reading (``reach.up`` 0) with the
    reason in ``partial``; only what could not be asked at all is a ``failure``.

    ``address_of`` gives the address of a device id: a check without a host asks the first device its service is on.
    ``ca`` is a file with further certificate authorities.
    """

    name = "reach"

    def __init__(
        self,
        clock: Clock,
        *,
        echo: Pinger | None = None,
        address_of: Callable[[str], str] = _no_address,
        ca: str | None = None,
    ) -> None:
        self._clock = clock
        self._echo = echo or Echo()
        self._address_of = address_of
        self._ca = ca

    async def poll(self, device: Device) -> Poll:
        """ICMP echo; where this process may not send it, a TCP connection to the ports the inventory names."""
        asked = _Asked(self._clock, device.id)
        if not device.address:
            return asked.impossible(Failure(FailureKind.REFUSED, "ping", "the inventory gives no address"))
        try:
            return asked.answered(await self._echo.ask(device.address), "icmp")
        except UnresolvedError as error:
            return asked.impossible(error.failure)
        except NoAnswerError as error:
            return asked.silent(error, "icmp")
        except ForbiddenError as forbidden:
            failure = Failure(FailureKind.UNAUTHORISED, f"ping {device.address}", str(forbidden))
        ports = [port for name, port in device.ports.items() if name not in _UDP]
        if not ports:
            return asked.impossible(failure)
        try:
            return asked.answered(await self._knock(device.address, ports), "tcp", failure)
        except NoAnswerError as error:
            return asked.silent(error, "tcp", failure)

    async def check(self, service: Service) -> Poll:
        """Asks a service by its own check."""
        asked = _Asked(self._clock, service.id)
        check = service.check
        if check is None:
            return asked.impossible(Failure(FailureKind.REFUSED, "check", "the inventory gives no check"))
        fault = fault_of(check, self._host(service, check))
        if fault:
            return asked.impossible(Failure(FailureKind.REFUSED, check.target or check.type, fault))
        try:
            return asked.answered(await self._ask(service, check), check.type)
        except NoAnswerError as error:
            return asked.silent(error, check.type)
        except ForbiddenError as forbidden:
            return asked.impossible(Failure(FailureKind.UNAUTHORISED, f"ping {check.target}", str(forbidden)))

    async def _ask(self, service: Service, check: ServiceCheck) -> Answer:
        host = self._host(service, check)
        trust = Trust(self._clock.wall(), check.verify, self._ca)
        match check.type:
            case "http":
                return await http.ask(check.target, check.expect, check.timeout_s, trust)
            case "dns":
                target = check.target if "@" in check.target or not service.depends_on else f"{check.target}@{host}"
                return await dns.ask(target.rstrip("@"), check.port or dns.PORT, check.expect, check.timeout_s)
            case "tls":
                return await _tls(host, check.port or 443, check.timeout_s, trust)
            case "tcp":
                return await _tcp(host, check.port or 0, check.timeout_s)
        return await self._echo.ask(host)

    def _host(self, service: Service, check: ServiceCheck) -> str:
        """Whom to ask: the host of the check, else the first device the service is on."""
        if check.type == "http":
            return check.target
        on = next((address for one in service.depends_on if (address := self._address_of(one))), "")
        if check.type == "dns":
            return check.target.partition("@")[2] or on
        return check.target or on

    async def _knock(self, host: str, ports: list[int]) -> Answer:
        """The first port that is open or refuses: either way the host is there."""
        problem: NoAnswerError | None = None
        for port in ports:
            began = asyncio.get_running_loop().time()
            try:
                return await _tcp(host, port, _KNOCK_TIMEOUT_S)
            except NoAnswerError as error:
                if error.failure.detail == "connection refused":
                    return Answer(asyncio.get_running_loop().time() - began)
                problem = error
        raise problem or NoAnswerError(Failure(FailureKind.REFUSED, f"tcp {host}", "no port to ask"))


def fault_of(check: ServiceCheck, host: str) -> str:
    """Why a check cannot be asked at all; "" if it can."""
    if check.type not in ("http", "tcp", "dns", "tls", "ping"):
        return f'check type "{check.type}" is unknown: http, tcp, dns, tls or ping'
    if check.type == "http" and not _is_url(check.target):
        return "the check needs a URL such as http://host:8080/path or https://host/"
    if check.type == "dns" and not check.target.partition("@")[0]:
        return "the check needs a name to resolve"
    if check.type in ("tcp", "tls", "ping") and not host:
        return "the check names no host, and no device of the service has an address"
    if check.type == "tcp" and not check.port:
        return "the check needs a port"
    return ""


def _is_url(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


async def _tcp(host: str, port: int, timeout_s: float) -> Answer:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asking(f"tcp {host}:{port}", timeout_s):
        link = await connect(host, port)
        took = loop.time() - began
        link.writer.close()
    return Answer(took)


async def _tls(host: str, port: int, timeout_s: float, trust: Trust) -> Answer:
    loop = asyncio.get_running_loop()
    began = loop.time()
    what = f"tls {host}:{port}"
    async with asking(what, timeout_s):
        link = await connect_tls(host, port, trust, what)
        took = loop.time() - began
        link.writer.close()
    return Answer(took, certificate_remaining_s=None if link.expires_at is None else link.expires_at - trust.now)


class _Asked:
    """One question to one subject: makes the Poll of what came of it."""

    def __init__(self, clock: Clock, subject: str) -> None:
        self._clock = clock
        self._subject = subject
        self._at = clock.wall()
        self._began = clock.monotonic()

    def answered(self, answer: Answer, source: str, *failures: Failure) -> Poll:
        """It is there."""
        readings = [self._reading("reach.up", 1, source), self._reading("reach.duration", answer.duration_s, source)]
        if answer.loss is not None:
            readings.append(self._reading("reach.loss", answer.loss, source))
        readings += self._certificate(answer.certificate_remaining_s)
        return self._poll(readings, failures, answer.requests)

    def silent(self, error: NoAnswerError, source: str, *failures: Failure) -> Poll:
        """It is not there, and this is why."""
        readings = [self._reading("reach.up", 0, source)]
        if source in ("icmp", "ping"):
            readings.append(self._reading("reach.loss", 1.0, source))
        readings += self._certificate(error.certificate_remaining_s)
        return self._poll(readings, (error.failure, *failures), error.requests)

    def impossible(self, failure: Failure) -> Poll:
        """It could not be asked: nothing is known of it."""
        return Poll(self._subject, Reach.name, self._at, failure=failure, elapsed_s=self._elapsed())

    def _certificate(self, remaining_s: float | None) -> list[Reading]:
        if remaining_s is None:
            return []
        return [self._reading("reach.certificate.remaining", remaining_s, "certificate notAfter")]

    def _reading(self, metric: str, value: float, source: str) -> Reading:
        return Reading(self._subject, metric, value, self._at, source=source)

    def _poll(self, readings: list[Reading], failures: tuple[Failure, ...], requests: int) -> Poll:
        return Poll(
            self._subject,
            Reach.name,
            self._at,
            tuple(readings),
            partial=failures,
            requests=requests,
            elapsed_s=self._elapsed(),
        )

    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._began
