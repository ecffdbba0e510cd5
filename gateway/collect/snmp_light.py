"""A session with one SNMP v1 or v2c agent on the project's own codec: what regular polling uses."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.collect.snmp_ask import AskError, Binding, Patience, refusal
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.snmp_codec import (
    GET,
    GET_BULK,
    GET_NEXT,
    OCTETS,
    GarbledError,
    Pdu,
    decode_message,
    decode_pdu,
    encode_message,
    encode_pdu,
    expect,
)
from gateway.collect.snmp_post import Post, Resolved, Where, resolved
from gateway.core.reading import FailureKind
from gateway.profiles.recording import Oid


def read(data: bytes) -> tuple[int, Pdu]:
    """(request id, answer) of a v1 or v2c message. Raises GarbledError."""
    version, at = decode_message(data)
    if version not in (0, 1):
        raise GarbledError(f"version {version}")
    _start, at = expect(data, at, OCTETS)
    pdu = decode_pdu(data, at)
    return pdu.request_id, pdu


class LightSession:
    """One agent; every question goes out at most ``retries`` + 1 times."""

    def __init__(self, post: Post[Pdu], snmp_auth: SnmpAuth, where: Resolved, patience: Patience) -> None:
        self.version = snmp_auth.version
        self.requests = 0
        self._post = post
        self._community = snmp_auth.community.encode()
        self._where = where
        self._patience = patience

    @classmethod
    async def open(cls, post: Post[Pdu], snmp_auth: SnmpAuth, where: Where, patience: Patience) -> LightSession:
        """A session with the agent at (host, port). Raises AskError if the name of
        the host is not known."""
        return cls(post, snmp_auth, await resolved(where), patience)

    async def get(self, oids: Sequence[Oid]) -> list[Binding]:
        """The values at exactly these OIDs."""
        return await self._ask(GET, oids)

    async def next(self, oids: Sequence[Oid], repetitions: int) -> list[Binding]:
        """What follows: GETNEXT, or GETBULK for more than one repetition."""
        if repetitions <= 1:
            return await self._ask(GET_NEXT, oids)
        return await self._ask(GET_BULK, oids, repetitions)

    async def _ask(self, tag: int, oids: Sequence[Oid], repetitions: int = 0) -> list[Binding]:
        self.requests += 1
        host, heard = self._where[1][0], self._post.heard
        before = heard.all[host], heard.damaged[host]
        wait_s, retries, _deadline_s = self._patience
        number = self._post.number()
        pdu = encode_pdu(tag, number, oids, repetitions)
        message = encode_message(0 if self.version == "1" else 1, self._community, pdu)
        for _attempt in range(retries + 1):
            try:
                answer = await self._post.ask(self._where, number, message, wait_s)
            except TimeoutError:
                continue
            if answer.status:
                raise refusal(answer.status, answer.index)
            return answer.bindings
        raise _silence(heard.all[host] - before[0], heard.damaged[host] - before[1])


def _silence(heard: int, damaged: int) -> AskError:
    if damaged:
        return AskError(FailureKind.GARBLED, f"{damaged} damaged answers")
    if heard:
        return AskError(FailureKind.TIMEOUT, f"{heard} answers came too late or to other questions")
    return AskError(FailureKind.TIMEOUT, "no answer in time (or wrong community)")
