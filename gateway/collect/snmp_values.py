"""Raw values of an SNMP agent as text and numbers, and the rows of its tables. Pure."""

from __future__ import annotations

import math
import re
import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.profiles.recording import Oid, Tag, Value, dotted

SYS_DESCR: Oid = (1, 3, 6, 1, 2, 1, 1, 1, 0)
SYS_OBJECT_ID: Oid = (1, 3, 6, 1, 2, 1, 1, 2, 0)
SYS_UP_TIME: Oid = (1, 3, 6, 1, 2, 1, 1, 3, 0)
SYS_NAME: Oid = (1, 3, 6, 1, 2, 1, 1, 5, 0)

_NUMBER = re.compile(r"\s*([-+]?\d+(?:\.\d+)?)\s*")
_FLOAT_IN_OPAQUE = b"\x9f\x78\x04"  # net-snmp's opaque float, as in UCD-SNMP-MIB::laLoadFloat

ABSENT = Value(Tag.NULL, None)


class Answers:
    """Raw values of one device, with the rows of a column at hand."""

    def __init__(self, values: Mapping[Oid, Value]) -> None:
        self._values = values
        self.keys = tuple(values)
        """The OIDs, in the order in which they came."""
        self._order: list[Oid] | None = None

    def get(self, key: Oid) -> Value:
        """The value; Null where there is none."""
        return self._values.get(key, ABSENT)

    def has(self, prefix: Oid) -> bool:
        """True if there is any value at or below the OID."""
        order = self._sorted()
        at = bisect_left(order, prefix)
        return at < len(order) and order[at][: len(prefix)] == prefix

    def below(self, prefix: Oid) -> Iterator[Oid]:
        """The rest of every OID below the prefix, in order."""
        order = self._sorted()
        for at in range(bisect_left(order, prefix), len(order)):
            if order[at][: len(prefix)] != prefix:
                return
            yield order[at][len(prefix) :]

    def first(self, places: Iterable[Oid]) -> tuple[Oid, Value]:
        """The first of the OIDs that has a value other than Null; the last one, with Null, if none has."""
        place: Oid = ()
        for place in places:
            value = self._values.get(place)
            if value is not None and value.content is not None:
                return place, value
        return place, ABSENT

    def _sorted(self) -> list[Oid]:
        if self._order is None:
            self._order = sorted(self._values)
        return self._order


def text_of(value: Value) -> str:
    """A value as text: strings without NULs and outer blanks, bytes that are no text in hexadecimal."""
    content = value.content
    if isinstance(content, tuple):
        return dotted(content)
    if isinstance(content, bytes):
        if value.tag is Tag.ADDRESS:
            return ".".join(map(str, content))
        return _decoded(content)
    return "" if content is None else str(content)


def _decoded(content: bytes) -> str:
    if b"\0" in content and (wide := _two_byte_text(content)) is not None:
        return wide
    bare = content.rstrip(b"\0")
    if bare.isascii() and (text := bare.decode()).isprintable():  # nearly always, and the rest is dear
        return text.strip()
    try:
        text = bare.decode()
    except UnicodeDecodeError:
        text = bare.decode("latin-1")
        if any(ord(char) < 32 or 127 <= ord(char) < 160 for char in text):
            return content.hex(":")
    if any(ord(char) < 32 and char not in "\t\r\n" for char in text):
        return content.hex(":")
    return text.strip()


def mac_of(value: Value) -> str:
    """A hardware address as text (``00:1b:a9:00:00:01``); "" for none, for zeros and for groups of receivers."""
    content = value.content
    if not isinstance(content, bytes) or len(content) != 6 or not any(content) or content[0] & 1:
        return ""
    return content.hex(":")


def _two_byte_text(content: bytes) -> str | None:
    """Latin text in two bytes a character, as agents on Windows CE and some UPS cards write it; None if it is none."""
    if len(content) < 4 or len(content) % 2:
        return None
    high, low = content[0::2], content[1::2]
    for zeros, text in ((high, low), (low, high)):
        bare = text.rstrip(b"\0")
        if not any(zeros) and bare and bare.decode("latin-1").isprintable():
            return bare.decode("latin-1").strip()
    return None


def number_of(value: Value, pattern: re.Pattern[str] | None = None) -> float | None:
    """A value as a number: integers, digits in a string, net-snmp's opaque float; ``pattern`` picks a part of a string.
    None where it is no number."""
    content = value.content
    if isinstance(content, int):
        return float(content)
    if not isinstance(content, bytes) or value.tag is Tag.ADDRESS:
        return None
    if value.tag is Tag.OPAQUE and content.startswith(_FLOAT_IN_OPAQUE) and len(content) == 7:
        return _finite(struct.unpack(">f", content[3:])[0])
    text = _decoded(content)
    if pattern is not None:
        found = pattern.search(text)
        text = found[found.lastindex or 0] if found else ""
    digits = _NUMBER.fullmatch(text)
    return _finite(float(digits[1])) if digits else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class System:
    """What every agent says of itself."""

    object_id: Oid = ()
    description: str = ""
    name: str = ""


def system_of(answers: Answers) -> System:
    """The system group."""
    object_id = answers.get(SYS_OBJECT_ID).content
    return System(
        object_id if isinstance(object_id, tuple) else (),
        text_of(answers.get(SYS_DESCR)),
        text_of(answers.get(SYS_NAME)),
    )
