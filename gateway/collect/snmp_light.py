"""A session with one SNMP v1 or v2c agent on the project's own codec: what regular polling uses."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.collect.snmp_ask import Binding, refusal
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
from gateway.collect.snmp_post import Question, Wire
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
    """One agent by v1 or v2c."""

    def __init__(self, wire: Wire[Pdu], snmp_auth: SnmpAuth) -> None:
        self.version = snmp_auth.version
        self.requests = 0
        self.remarks: list[str] = []
        self._wire = wire
        self._community = snmp_auth.community.encode()

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
        number = self._wire.post.number()
        pdu = encode_pdu(tag, number, oids, repetitions)
        message = encode_message(0 if self.version == "1" else 1, self._community, pdu)
        answer = await self._wire.ask(Question(number, message, _as_it_is), " (or wrong community)")
        if answer.status:
            raise refusal(answer.status, answer.index)
        return answer.bindings


def _as_it_is(answer: Pdu) -> Pdu:
    return answer
