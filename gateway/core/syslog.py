"""Lines of syslog (RFC 5424, and RFC 3164 as devices really write it) and the frames of a TCP stream (RFC 6587). Pure.

Nothing raises: whatever comes is a line, with as much understood as there is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 8192
"""Bytes of one message; what is longer is cut (RFC 5424 asks for 2048)."""

LONGEST_TEXT = 1024

_PRI = re.compile(r"<(\d{1,3})>")
_HEAD_5424 = re.compile(
    r"1 (?P<stamp>\S{1,64}) (?P<host>\S{1,255}) (?P<app>\S{1,48}) (?P<pid>\S{1,128}) (?P<id>\S{1,32}) "
)
_STAMP_3164 = re.compile(
    r"(?P<stamp>[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]{8,15}(?:Z|[+-]\d\d:?\d\d)?) "
)
_HOST_3164 = re.compile(r"(?P<host>[\w.:-]{1,255}) (?=[^\s:\[]{1,48}(?:\[[^\]]{0,64}\])?: )")
_TAG = re.compile(r"(?P<app>[^\s:\[]{1,48})(?:\[(?P<pid>[^\]]{0,64})\])?: ")
# Cisco numbers its lines and marks a clock that nobody set with an asterisk, before the % of the message
_NUMBERED = re.compile(r"(?:\d{1,10}: )?[*.]?(?:[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?[\d:.]{8,12}(?: [A-Z]{3,4})?: )(?=%)")
_SD_ELEMENT = re.compile(r'\[(?:[^\]"\\]|"(?:[^"\\]|\\.)*"|\\.)*\]')
_OCTETS = re.compile(rb"([1-9]\d{0,5}) (?=<)")
_PERHAPS_OCTETS = re.compile(rb"[1-9]\d{0,5} ?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One message. ``severity`` is 0 (emergency) to 7 (debug), ``None`` where none is told; ``stamp`` as the sender
    wrote it: clocks of devices are seldom right, so it is not used."""

    text: str
    facility: int | None = None
    severity: int | None = None
    host: str = ""
    app: str = ""
    pid: str = ""
    stamp: str = ""


def parse(message: bytes) -> LogLine:
    """What a message says."""
    text = _decoded(message[:LONGEST])
    facility = severity = None
    found = _PRI.match(text)
    if found and int(found[1]) < 192:
        facility, severity = divmod(int(found[1]), 8)
        text = text[found.end() :]
    head = _HEAD_5424.match(text) if found else None
    if head:
        rest = _after_structured_data(text[head.end() :])
        told = {name: "" if head[name] == "-" else head[name] for name in ("host", "app", "pid", "stamp")}
        return LogLine(_clean(rest), facility, severity, **told)
    return _parse_3164(text, facility, severity)


def _decoded(message: bytes) -> str:
    try:
        return message.decode()
    except UnicodeDecodeError as error:
        # cut in the middle of a letter, or an old device that speaks Latin-1
        return message[: error.start].decode() if error.start >= len(message) - 3 else message.decode("latin-1")


def _after_structured_data(text: str) -> str:
    text = text.removeprefix("-")
    while found := _SD_ELEMENT.match(text):
        text = text[found.end() :]
    return text.lstrip(" \ufeff")


def _parse_3164(text: str, facility: int | None, severity: int | None) -> LogLine:
    told = {"stamp": "", "host": "", "app": "", "pid": ""}
    text = text.lstrip()
    if numbered := _NUMBERED.match(text):
        text = text[numbered.end() :]
    elif stamp := _STAMP_3164.match(text):
        told["stamp"] = stamp["stamp"]
        text = text[stamp.end() :]
        if host := _HOST_3164.match(text):
            told["host"] = host["host"]
            text = text[host.end() :]
    if not text.startswith("%") and (tag := _TAG.match(text)):
        told["app"], told["pid"] = tag["app"], tag["pid"] or ""
        text = text[tag.end() :]
    return LogLine(_clean(text), facility, severity, **told)


def _clean(text: str) -> str:
    """One line that cannot damage a terminal or a page."""
    return _CONTROL.sub(" ", text).strip()[:LONGEST_TEXT]


class Frames:
    """The messages of one TCP connection: counted octets ("83 <34>1 ...") or lines, as each sender likes it.

    A message longer than ``LONGEST`` is cut; the rest of it is thrown away. Memory is bounded by ``LONGEST``.
    """

    def __init__(self) -> None:
        self._waiting = b""
        self._skip = 0
        self._skip_line = False

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete with these bytes."""
        self._waiting += data
        found: list[bytes] = []
        while self._waiting:
            before = len(self._waiting)
            message = self._next()
            if message:
                found.append(message)
            elif message is None or len(self._waiting) == before:
                break
        return found

    def rest(self) -> bytes:
        """What came after the last complete message, when the connection ends: senders often omit the last newline."""
        rest, self._waiting = self._waiting, b""
        return b"" if self._skip or self._skip_line else rest

    def _next(self) -> bytes | None:
        """One message, ``b""`` if only something was skipped, ``None`` if more bytes are needed."""
        if self._skip:
            skipped = min(self._skip, len(self._waiting))
            self._skip -= skipped
            self._waiting = self._waiting[skipped:]
            return b""
        counted = None if self._skip_line else _OCTETS.match(self._waiting)
        if counted:
            return self._counted(int(counted[1]), counted.end())
        if not self._skip_line and _PERHAPS_OCTETS.fullmatch(self._waiting):
            return None  # the count is still coming
        return self._line()

    def _counted(self, length: int, start: int) -> bytes | None:
        kept = min(length, LONGEST)
        if len(self._waiting) < start + kept:
            return None
        message = self._waiting[start : start + kept]
        self._waiting = self._waiting[start + kept :]
        self._skip = length - kept
        return message

    def _line(self) -> bytes | None:
        end = min((at for at in (self._waiting.find(b"\n"), self._waiting.find(b"\0")) if at >= 0), default=-1)
        if end < 0 and len(self._waiting) <= LONGEST:
            if self._skip_line:
                self._waiting = b""
            return None
        skipping, self._skip_line = self._skip_line, end < 0
        cut = LONGEST if end < 0 else end
        line, self._waiting = self._waiting[:cut], self._waiting[cut if end < 0 else end + 1 :]
        return b"" if skipping else line.rstrip(b"\r")[:LONGEST]
