"""Whose engine and which user an SNMP v3 message names, in clear, before anything is decoded or proved. Pure."""

from __future__ import annotations

_SEQUENCE, _INTEGER, _OCTETS = 0x30, 0x02, 0x04
_VERSION_3 = b"\x03"


class _ForeignError(Exception):
    pass


def engine_and_user(message: bytes) -> tuple[bytes, str]:
    """(engine ID, user); (b"", "?") for what is no v3 message."""
    try:
        body, _ = _element(message, 0, _SEQUENCE)
        version, at = _element(body, 0, _INTEGER)
        if version != _VERSION_3:
            return b"", "?"
        _, at = _element(body, at, _SEQUENCE)
        parameters, _ = _element(body, at, _OCTETS)
        usm, _ = _element(parameters, 0, _SEQUENCE)
        engine, at = _element(usm, 0, _OCTETS)
        _, at = _element(usm, at, _INTEGER)
        _, at = _element(usm, at, _INTEGER)
        user, _ = _element(usm, at, _OCTETS)
    except _ForeignError:
        return b"", "?"
    return engine, user.decode("utf-8", "replace")


def _element(data: bytes, at: int, tag: int) -> tuple[bytes, int]:
    """Content of the BER element at a position, and where the next one begins."""
    if at + 2 > len(data) or data[at] != tag:
        raise _ForeignError
    length, at = data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, at = int.from_bytes(data[at : at + count], "big"), at + count
    if at + length > len(data):
        raise _ForeignError
    return data[at : at + length], at + length
