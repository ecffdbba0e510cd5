"""A session with one SNMP v3 agent on the project's own codec (RFC 3414): discovery, clocks, reports.

Beside what the RFC asks, an authenticated answer is taken whatever it says of the agent's clock: the number of each
question is drawn anew, not to be guessed, and part of what is authenticated, so that no old answer fits. Without this
an agent that lost its count of starts would be silent for ever.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.collect.snmp_ask import AskError, Binding, Patience, refusal
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.snmp_codec import GET, GET_BULK, GET_NEXT, REPORT, GarbledError, Pdu, encode_pdu
from gateway.collect.snmp_post import Post, Question, SilenceError, Where, Wire, resolved
from gateway.collect.snmp_usm import SALT, Keys, localised_key, master_key, privacy_key
from gateway.collect.snmp_v3 import AUTH, LATEST, PRIV, REPORTABLE, Head, Secured, decode, encode
from gateway.core.reading import FailureKind
from gateway.profiles.recording import Oid, dotted

_USM_STATS: Oid = (1, 3, 6, 1, 6, 3, 15, 1, 1)
_LEVEL, _NOT_IN_TIME, _USER, _ENGINE, _DIGEST, _DECRYPTION = ((*_USM_STATS, number, 0) for number in range(1, 7))
"""What a report counts: its first OID says why a question was not answered (RFC 3414 section 5)."""

_LEVELS = {0: "noAuthNoPriv", AUTH: "authNoPriv", AUTH | PRIV: "authPriv"}
_EMPTY = Keys()


def read(data: bytes) -> tuple[int, Secured]:
    """(number, message) of a v3 message. Raises GarbledError."""
    message = decode(data)
    return message.head.message_id, message


class Keyring:
    """Makes keys from passwords, aside from the event loop, and remembers what is dear: a megabyte is hashed for each
    password, once for all engines."""

    def __init__(self) -> None:
        self._masters: dict[tuple[str, str], bytes] = {}
        self._lock = asyncio.Lock()

    async def keys(self, snmp_auth: SnmpAuth, engine_id: bytes) -> Keys:
        """The keys of a user at an engine."""
        if not snmp_auth.auth:
            return _EMPTY
        async with self._lock:  # fifty devices with one password make its key once
            return await asyncio.to_thread(self._made, snmp_auth, engine_id)

    def _made(self, snmp_auth: SnmpAuth, engine_id: bytes) -> Keys:
        protocols = snmp_auth.auth_protocol.upper(), snmp_auth.priv_protocol.upper()
        auth_key = localised_key(protocols[0], self._master(protocols[0], snmp_auth.auth), engine_id)
        priv_key = b""
        if snmp_auth.priv:
            priv_key = privacy_key(protocols, self._master(protocols[0], snmp_auth.priv), engine_id)
        return Keys(protocols[0], auth_key, protocols[1], priv_key)

    def _master(self, protocol: str, password: str) -> bytes:
        if (protocol, password) not in self._masters:
            self._masters[protocol, password] = master_key(protocol, password.encode())
        return self._masters[protocol, password]


@dataclass(slots=True)
class Engine:
    """What is known of one agent between polls. ``boots`` and ``time`` are its clock at ``at``, in seconds of the event
    loop. ``answers`` is true once the user's questions were answered; ``proved_id`` is the last engine ID of which that
    was so."""

    engine_id: bytes = b""
    boots: int = 0
    time: int = 0
    at: float = 0.0
    keys: Keys = _EMPTY
    keys_of: bytes = b""
    answers: bool = False
    proved_id: bytes = b""
    _salt: int = field(default_factory=lambda: random.SystemRandom().getrandbits(64))

    async def introduce(self, head: Head, keyring: Keyring, snmp_auth: SnmpAuth) -> None:
        """The agent told its engine ID. Keys are made if it is another one."""
        if head.engine_id != self.keys_of:
            self.keys, self.keys_of = await keyring.keys(snmp_auth, head.engine_id), head.engine_id
        self.engine_id = head.engine_id
        self.set_clock(head, _now())

    def set_clock(self, head: Head, now: float) -> None:
        """The agent told its clock."""
        self.boots, self.time, self.at = head.boots, head.time, now

    def clock(self, now: float) -> tuple[int, int]:
        """(boots, time) at an instant."""
        return self.boots, min(LATEST, self.time + int(now - self.at))

    def salt(self) -> bytes:
        """Eight bytes that no message to this engine had before."""
        self._salt = (self._salt + 1) % 2 ** (8 * SALT)
        return self._salt.to_bytes(SALT, "big")

    def forget(self) -> None:
        """The agent may be another one."""
        self.engine_id, self.answers = b"", False


class SecureSession:
    """One agent by v3. ``remarks`` tells what people should know of an agent that answered."""

    version = "3"

    def __init__(self, wire: Wire[Secured], keyring: Keyring, snmp_auth: SnmpAuth, engine: Engine) -> None:
        self.requests = 0
        self.remarks: list[str] = []
        self._wire = wire
        self._keyring = keyring
        self._auth = snmp_auth
        self._level = (AUTH if snmp_auth.auth else 0) | (PRIV if snmp_auth.priv else 0)
        self._engine = engine

    async def get(self, oids: Sequence[Oid]) -> list[Binding]:
        """The values at exactly these OIDs."""
        return await self._ask(GET, oids)

    async def next(self, oids: Sequence[Oid], repetitions: int) -> list[Binding]:
        """What follows: GETNEXT, or GETBULK for more than one repetition."""
        if repetitions <= 1:
            return await self._ask(GET_NEXT, oids)
        return await self._ask(GET_BULK, oids, repetitions)

    async def _ask(self, tag: int, oids: Sequence[Oid], repetitions: int = 0) -> list[Binding]:
        """An answer; asks again once if the agent's clock, and once if its engine ID was another one."""
        mended = {_NOT_IN_TIME: False, _ENGINE: False}
        while True:
            if not self._engine.engine_id:
                await self._discover()
            pdu = await self._exchange(tag, oids, repetitions)
            if pdu.tag != REPORT:
                self._note_engine()
                if pdu.status:
                    raise refusal(pdu.status, pdu.index)
                return pdu.bindings
            why = pdu.bindings[0][0] if pdu.bindings else ()
            if mended.get(why, True):
                raise self._refused(why)
            mended[why] = True
            if why == _ENGINE:
                self._engine.forget()

    async def _discover(self) -> None:
        """Asks for the agent's engine ID and clock. Raises AskError."""
        self.requests += 1
        number = self._wire.post.number()
        message = encode(Head(number, REPORTABLE), encode_pdu(GET, number, ()), _EMPTY, b"")
        head = await self._wire.ask(Question(number, message, _introduced))
        await self._engine.introduce(head, self._keyring, self._auth)

    async def _exchange(self, tag: int, oids: Sequence[Oid], repetitions: int) -> Pdu:
        """The answer or the report. Raises AskError."""
        self.requests += 1
        number, engine = self._wire.post.number(), self._engine
        pdu = encode_pdu(tag, number, oids, repetitions)
        head = Head(number, REPORTABLE | self._level, engine.engine_id, *engine.clock(_now()), self._auth.user.encode())
        message = encode(head, pdu, engine.keys, engine.salt())
        try:
            return await self._wire.ask(Question(number, message, lambda secured: self._accepted(number, secured)))
        except SilenceError:
            if engine.answers:
                raise
        await self._discover()  # an agent that is gone is told as such here
        raise AskError(FailureKind.UNAUTHORISED, self._ignored())

    def _accepted(self, number: int, secured: Secured) -> Pdu | None:
        """The PDU of a message that may be believed; None if it answers another question. Raises GarbledError."""
        head, engine = secured.head, self._engine
        is_proved = bool(head.flags & AUTH & self._level)
        if is_proved and not secured.proved_by(engine.keys):
            raise GarbledError("its digest is wrong")
        pdu = secured.pdu(engine.keys)
        if is_proved or (pdu.tag == REPORT and pdu.bindings and pdu.bindings[0][0] == _NOT_IN_TIME):
            engine.set_clock(head, _now())
        if pdu.tag == REPORT:
            return pdu
        if head.flags & (AUTH | PRIV) != self._level or head.engine_id != engine.engine_id:
            raise GarbledError("less protected than what was asked, or from another engine")
        return pdu if pdu.request_id == number else None

    def _note_engine(self) -> None:
        """It answered this user."""
        engine = self._engine
        if engine.proved_id not in (b"", engine.engine_id):
            self.remarks.append(
                f"its engine ID changed from {engine.proved_id.hex()} to {engine.engine_id.hex()}: "
                "another card or device, or one that was reset"
            )
        engine.answers, engine.proved_id = True, engine.engine_id

    def _ignored(self) -> str:
        if self._level & PRIV:
            return f"it answers, but not what user {self._auth.user} asks encrypted: perhaps a wrong privacy password"
        return f"it answers, but not what user {self._auth.user} asks: perhaps a wrong user or password"

    def _refused(self, why: Oid) -> AskError:
        """What a report means that cannot be mended."""
        user = f"user {self._auth.user}"
        if why == _NOT_IN_TIME:
            clock = f"{self._engine.boots} starts, {self._engine.time} s"
            return AskError(FailureKind.GARBLED, f"it does not accept the clock that it told itself ({clock})")
        if why == _ENGINE:
            return AskError(FailureKind.GARBLED, "it does not accept the engine ID that it told itself")
        told = {
            _LEVEL: f"the agent does not let {user} ask with {_LEVELS[self._level]}",
            _USER: f"the agent knows no {user}",
            _DIGEST: f"wrong auth password or protocol of {user}",
            _DECRYPTION: f"the agent could not decrypt: perhaps a wrong privacy password or protocol of {user}",
        }
        if why in told:
            return AskError(FailureKind.UNAUTHORISED, told[why])
        return AskError(FailureKind.GARBLED, f"the agent reports {dotted(why) or 'nothing'}")


def _introduced(secured: Secured) -> Head:
    """The head of an answer to a question without an engine ID. Raises GarbledError."""
    if not secured.head.engine_id:
        raise GarbledError("no engine ID")
    return secured.head


def _now() -> float:
    return asyncio.get_running_loop().time()


class SecureLine:
    """The way to one device by v3, with what is known of its engine."""

    def __init__(self, way: tuple[Post[Secured], Keyring], snmp_auth: SnmpAuth) -> None:
        self._post, self._keyring = way
        self._auth = snmp_auth
        self._engine = Engine()

    async def open(self, where: Where, patience: Patience) -> SecureSession:
        """A session with the agent at (host, port). Raises AskError if the name of the host is not known."""
        wire = Wire(self._post, await resolved(where), patience)
        return SecureSession(wire, self._keyring, self._auth, self._engine)

    def renew(self) -> None:
        """Forgets the engine: it may be another one."""
        self._engine.forget()


class SecureLines:
    """Makes the lines to all devices that are asked by v3: one socket, and keys made once."""

    def __init__(self) -> None:
        self._post = Post(read)
        self._keyring = Keyring()

    def line(self, snmp_auth: SnmpAuth) -> SecureLine:
        """The line to one more device."""
        return SecureLine((self._post, self._keyring), snmp_auth)

    def close(self) -> None:
        """Ends the socket."""
        self._post.close()
