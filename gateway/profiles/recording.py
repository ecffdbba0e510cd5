"""Recordings of SNMP devices: what an agent answers, as text, one ``OID|type|value`` line each.

Pure: the profile tests, the simulated depot and `vigie record` all read and write devices in this form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from gateway.core.errors import Fault, InputError

Oid = tuple[int, ...]

_OID = re.compile(r"\d+(\.\d+)+")
_PRINTABLE = re.compile(rb"[ -~]*")


class Tag(IntEnum):
    """BER tags of the values an agent can give (RFC 3416), the same numbers as in snmpsim's `.snmprec`."""

    INTEGER = 2
    OCTETS = 4
    NULL = 5
    OID = 6
    ADDRESS = 64
    COUNTER32 = 65
    GAUGE32 = 66
    TICKS = 67
    OPAQUE = 68
    COUNTER64 = 70


_NUMBERS = (Tag.INTEGER, Tag.COUNTER32, Tag.GAUGE32, Tag.TICKS, Tag.COUNTER64)
_BYTES = (Tag.OCTETS, Tag.OPAQUE)
_LIMITS = {Tag.COUNTER32: 2**32, Tag.GAUGE32: 2**32, Tag.TICKS: 2**32, Tag.COUNTER64: 2**64}


class Value(NamedTuple):
    """One value off the wire: an int, bytes (strings, opaque, the 4 bytes of an address), an OID, or None for Null."""

    tag: Tag
    content: int | bytes | Oid | None


def oid(text: str) -> Oid:
    """The OID written as ``1.3.6.1``; a leading dot is allowed. Raises ValueError for anything else."""
    bare = text.strip().lstrip(".")
    if not _OID.fullmatch(bare):
        raise ValueError(f"{text!r} is not an OID")
    return tuple(int(part) for part in bare.split("."))


def dotted(number: Oid) -> str:
    """The OID as text, without a leading dot."""
    return ".".join(map(str, number))


def parse(text: str, *, name: str = "recording") -> dict[Oid, Value]:
    """All values of a recording in the order of their OIDs; ``name`` is told in faults.

    Raises InputError with every line that is not ``OID|type|value``, that has an unknown type or repeats an OID.
    """
    found: dict[Oid, Value] = {}
    faults: list[Fault] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            key, value = _line(line.rstrip("\r"))
            if key in found:
                raise ValueError(f"{dotted(key)} is there twice")
            found[key] = value
        except ValueError as error:
            faults.append(Fault(name, number, str(error), "write OID|type|value, see docs/reference/recordings.md"))
    if faults:
        raise InputError(faults)
    return dict(sorted(found.items()))


def _line(line: str) -> tuple[Oid, Value]:
    parts = line.split("|", 2)
    if len(parts) != 3:
        raise ValueError("a line has three parts")
    where, kind, content = parts
    tag = Tag(int(kind.removesuffix("x")))
    if kind.endswith("x"):
        if tag not in _BYTES:
            raise ValueError(f"type {kind}: only strings are written in hexadecimal")
        return oid(where), Value(tag, bytes.fromhex(content))
    return oid(where), Value(tag, _content(tag, content))


def _content(tag: Tag, text: str) -> int | bytes | Oid | None:
    if tag in _NUMBERS:
        number = int(text)
        low, high = (0, _LIMITS[tag]) if tag in _LIMITS else (-(2**31), 2**31)
        if not low <= number < high:
            raise ValueError(f"{number} does not fit type {int(tag)}")
        return number
    if tag is Tag.OID:
        return oid(text)
    if tag is Tag.ADDRESS:
        return bytes(int(part) for part in text.split("."))
    return None if tag is Tag.NULL else text.encode()


def render(values: Mapping[Oid, Value], *, comments: Iterable[str] = ()) -> str:
    """The text of a recording, in the order of the OIDs. ``parse(render(values)) == values``."""
    head = "".join(f"# {comment}\n" for comment in comments)
    return head + "".join(f"{dotted(key)}|{_written(values[key])}\n" for key in sorted(values))


def _written(value: Value) -> str:
    tag, content = value
    if isinstance(content, bytes):
        if tag is Tag.ADDRESS:
            return f"{int(tag)}|{'.'.join(map(str, content))}"
        plain = tag is Tag.OCTETS and _PRINTABLE.fullmatch(content)
        return f"{int(tag)}|{content.decode()}" if plain else f"{int(tag)}x|{content.hex()}"
    if isinstance(content, tuple):
        return f"{int(tag)}|{dotted(content)}"
    return f"{int(tag)}|{'' if content is None else content}"
