"""How an SNMP agent is asked: the credential, without any library."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.core.errors import VigieError

AUTH_PROTOCOLS = ("MD5", "SHA", "SHA1", "SHA224", "SHA256", "SHA384", "SHA512")
PRIV_PROTOCOLS = ("DES", "AES", "AES128", "AES192", "AES256", "AES192C", "AES256C")


@dataclass(frozen=True, slots=True)
class SnmpAuth:
    """How an agent is asked, secrets resolved. Raises VigieError for what SNMP does not have."""

    version: str = "2c"
    community: str = field(default="public", repr=False)
    user: str = ""
    auth: str = field(default="", repr=False)
    priv: str = field(default="", repr=False)
    auth_protocol: str = "SHA256"
    priv_protocol: str = "AES"

    def __post_init__(self) -> None:
        if self.version not in ("1", "2c", "3"):
            raise VigieError(f"SNMP version {self.version!r} does not exist", remedy="use 1, 2c or 3")
        if self.version != "3":
            return
        if not self.user:
            raise VigieError("SNMP v3 needs a user name", remedy="set `user`")
        for protocol, known in ((self.auth_protocol, AUTH_PROTOCOLS), (self.priv_protocol, PRIV_PROTOCOLS)):
            if protocol.upper() not in known:
                raise VigieError(f"SNMP v3 protocol {protocol!r} is not known", remedy=f"use {', '.join(known)}")
        for name, secret in (("auth", self.auth), ("priv", self.priv)):
            if 0 < len(secret) < 8:
                raise VigieError(f"the {name} password of {self.user!r} is too short", remedy="SNMP v3 needs 8 letters")
        if self.priv and not self.auth:
            raise VigieError("SNMP v3 privacy needs an auth password too", remedy="set `auth`")
