"""The user-based security model of SNMP v3 (RFC 3414, RFC 3826, RFC 7860): keys, digests, encryption. Pure.

AES with keys longer than the digest of the auth protocol is no standard, and makers extend the key in two ways: as
draft-blumenthal-aes-usm-04 says, or as Cisco and others do (draft-reeder-snmpv3-usm-3desede-00). Names as in net-snmp:
AES192 and AES256 are the former, AES192C and AES256C the latter.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from gateway.collect.snmp_codec import GarbledError

_MEGABYTE = 1_048_576
"""Bytes of the repeated password that are hashed (RFC 3414 A.2): dear on purpose."""

_HASHES: Mapping[str, tuple[str, int]] = {
    "MD5": ("md5", 12),
    "SHA": ("sha1", 12),
    "SHA1": ("sha1", 12),
    "SHA224": ("sha224", 16),
    "SHA256": ("sha256", 24),
    "SHA384": ("sha384", 32),
    "SHA512": ("sha512", 48),
}
"""Hash and bytes of its HMAC that a message carries."""

_KEY_SIZES: Mapping[str, int] = {
    "DES": 16,  # 8 of key and 8 that make the initialisation vector
    "AES": 16,
    "AES128": 16,
    "AES192": 24,
    "AES256": 32,
    "AES192C": 24,
    "AES256C": 32,
}
SALT = 8
"""Bytes of the salt that an encrypted message carries."""


def master_key(auth_protocol: str, password: bytes) -> bytes:
    """The key that a password makes for all engines: a megabyte is hashed, one to ten milliseconds. Releases the
    interpreter's lock. ``password`` must not be empty."""
    repeated = password * (_MEGABYTE // len(password) + 1)
    return hashlib.new(_HASHES[auth_protocol][0], memoryview(repeated)[:_MEGABYTE], usedforsecurity=False).digest()


def localised_key(auth_protocol: str, master: bytes, engine_id: bytes) -> bytes:
    """The key of one engine (RFC 3414 A.2)."""
    return hashlib.new(_HASHES[auth_protocol][0], master + engine_id + master, usedforsecurity=False).digest()


def privacy_key(protocols: tuple[str, str], master: bytes, engine_id: bytes) -> bytes:
    """The localised privacy key for (auth, privacy) protocols, extended where the digest is too short."""
    auth_protocol, priv_protocol = protocols
    size = _KEY_SIZES[priv_protocol]
    key = part = localised_key(auth_protocol, master, engine_id)
    while len(key) < size:
        if priv_protocol.endswith("C"):
            part = localised_key(auth_protocol, master_key(auth_protocol, part), engine_id)
            key += part
        else:
            key += hashlib.new(_HASHES[auth_protocol][0], key, usedforsecurity=False).digest()
    return key[:size]


@dataclass(frozen=True)
class Keys:
    """The localised keys of one user at one engine; an empty key is a protection that is not used."""

    auth_protocol: str = "SHA256"
    auth_key: bytes = field(default=b"", repr=False)
    priv_protocol: str = "AES"
    priv_key: bytes = field(default=b"", repr=False)

    @cached_property
    def digest_size(self) -> int:
        """Bytes of the digest in a message."""
        return _HASHES[self.auth_protocol][1] if self.auth_key else 0

    def digest(self, message: bytes) -> bytes:
        """The digest of a message in whose place of the digest are zeros."""
        return hmac.digest(self.auth_key, message, _HASHES[self.auth_protocol][0])[: self.digest_size]

    def encrypt(self, plain: bytes, clock: tuple[int, int], salt: bytes) -> bytes:
        """A scoped PDU, encrypted. ``clock`` is (boots, time) of the engine; ``salt`` has 8 bytes and never repeats."""
        if self.priv_protocol == "DES":
            plain += bytes(-len(plain) % 8)
        encryptor = self._cipher(clock, salt).encryptor()
        return encryptor.update(plain) + encryptor.finalize()

    def decrypt(self, secret: bytes, clock: tuple[int, int], salt: bytes) -> bytes:
        """The scoped PDU, by DES with up to 7 bytes behind it; with a wrong key, any bytes. Raises GarbledError."""
        if len(salt) != SALT or (self.priv_protocol == "DES" and len(secret) % 8):
            raise GarbledError("not encrypted as agreed")
        decryptor = self._cipher(clock, salt).decryptor()
        return decryptor.update(secret) + decryptor.finalize()

    def _cipher(self, clock: tuple[int, int], salt: bytes) -> Cipher[CBC] | Cipher[CFB]:
        key = self.priv_key
        if self.priv_protocol == "DES":  # three times the same key is the DES that agents speak
            vector = bytes(one ^ other for one, other in zip(key[8:16], salt, strict=True))
            return Cipher(TripleDES(key[:8] * 3), CBC(vector))
        return Cipher(AES(key), CFB(b"".join(part.to_bytes(4, "big") for part in clock) + salt))
