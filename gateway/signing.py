"""Ed25519: headquarters signs what it asks of a site, and the site believes nothing else.

The key is a PEM file (PKCS 8) that `openssl` reads too; the public half is written as 43 characters of base64url.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from gateway.core.errors import UnavailableError, VigieError


class SigningKey:
    """The private half; stays at headquarters."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = _text(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, data: bytes) -> str:
        """Signature of bytes, in base64url."""
        return _text(self._key.sign(data))


def read_signing_key(path: Path) -> SigningKey:
    """The key in ``path``, made there (mode 0600) if there is none yet. VigieError names the file otherwise."""
    try:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read(path)
        made = Ed25519PrivateKey.generate()
        with os.fdopen(handle, "wb") as file:
            file.write(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
            file.flush()
            os.fsync(file.fileno())
        return SigningKey(made)
    except OSError as error:
        raise UnavailableError(
            f"{path}: {error.strerror}", remedy="make the directory writable for this user"
        ) from error


def _read(path: Path) -> SigningKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise VigieError(
            f"{path}: no private key: {error}", remedy="restore it; a new one means new site files"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise VigieError(f"{path}: not an Ed25519 key", remedy="restore it from the backup")
    return SigningKey(key)


def verified(public: str, data: bytes, signature: str) -> bool:
    """True if ``signature`` was made over exactly these bytes with the private half of ``public``."""
    try:
        Ed25519PublicKey.from_public_bytes(_bytes(public)).verify(_bytes(signature), data)
    except (InvalidSignature, ValueError):  # ValueError: no base64, or not 32 bytes
        return False
    return True


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
