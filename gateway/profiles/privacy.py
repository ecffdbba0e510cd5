"""Takes private data out of a recording: names, people, serial numbers and addresses become stable stand-ins. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping

from gateway.profiles.model import Profile
from gateway.profiles.recording import Oid, Tag, Value, oid

_PERSONAL: dict[Oid, str] = {
    oid("1.3.6.1.2.1.1.4"): "contact",  # sysContact
    oid("1.3.6.1.2.1.1.5"): "device",  # sysName
    oid("1.3.6.1.2.1.1.6"): "place",  # sysLocation
    oid("1.3.6.1.2.1.31.1.1.1.18"): "port",  # ifAlias
    oid("1.3.6.1.2.1.33.1.1.5"): "ups",  # upsIdentName
    oid("1.3.6.1.2.1.33.1.1.6"): "load",  # upsIdentAttachedDevices
    oid("1.3.6.1.2.1.43.5.1.1.5"): "contact",  # prtGeneralServicePerson
    oid("1.3.6.1.2.1.43.5.1.1.4"): "contact",  # prtGeneralCurrentOperator
    oid("1.3.6.1.2.1.43.5.1.1.16"): "printer",  # prtGeneralPrinterName
    oid("1.3.6.1.2.1.43.5.1.1.17"): "serial",
    oid("1.3.6.1.2.1.47.1.1.1.1.11"): "serial",
    oid("1.3.6.1.2.1.47.1.1.1.1.14"): "alias",
    oid("1.3.6.1.2.1.47.1.1.1.1.15"): "asset",
    oid("1.3.6.1.4.1.318.1.1.1.1.1.2"): "ups",  # upsBasicIdentName
}
"""Columns and scalars that hold personal text, and the word of their stand-ins."""

_HARDWARE_ADDRESSES = (oid("1.3.6.1.2.1.2.2.1.6"), oid("1.3.6.1.2.1.17.1.1"))
_DATES = (oid("1.3.6.1.2.1.25.1.2"),)  # hrSystemDate is no address although it is short and binary

_ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_HARDWARE = re.compile(r"(?<![0-9A-Fa-f:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:-])")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_SERIAL = re.compile(r"(?i)\b(?:SN|S/N|serial(?: (?:no|number))?)\s*[:=.]?\s*([A-Z0-9-]{6,})")
_SHORTEST = 4
"""Shorter texts (a serial of "0", a name "sw") are too common to be looked for inside other texts."""


def _below(key: Oid, prefixes: Iterable[Oid]) -> Oid | None:
    return next((prefix for prefix in prefixes if key[: len(prefix)] == prefix), None)


def personal_oids(profiles: Iterable[Profile]) -> dict[Oid, str]:
    """Where personal text stands: the standard places and every serial number that a profile knows."""
    found = dict(_PERSONAL)
    for profile in profiles:
        sources = [(profile.identity.serial, profile.scalars)]
        sources += [(table.identity.serial, table.columns) for table in profile.table if table.identity]
        for templates, names in sources:
            for name in {name for template in templates for name in template.names if name in names}:
                found.update(dict.fromkeys(names[name], "serial"))
    return found


class _StandIns:
    """Gives every secret one stand-in: the same secret always the same, two secrets never one."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def of(self, kind: str, secret: str, make: Callable[[int], str]) -> str:
        key = (kind, secret.lower())
        if key not in self._given:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._given[key] = make(self._counts[kind])
        return self._given[key]

    def text(self, kind: str, secret: str) -> str:
        return self.of(kind, secret, lambda number: f"{kind}-{number}")

    def address(self, secret: str) -> str:
        """From 192.0.2.0/24 and 198.51.100.0/24, which are for documents (RFC 5737)."""
        return self.of("address", secret, lambda n: f"192.0.2.{n}" if n < 255 else f"198.51.{n // 256}.{n % 256}")

    def hardware(self, secret: str) -> str:
        """Locally administered, 12 hexadecimal digits."""
        return self.of("hardware", secret, lambda number: f"0200{number:08x}")


def stripped(values: Mapping[Oid, Value], profiles: Iterable[Profile] = ()) -> dict[Oid, Value]:
    """The recording without private data. What is replaced: the texts of ``personal_oids`` wherever they occur, IP and
    hardware addresses, mail addresses, and what follows "SN:". A maker's own tables may hold more: read before sharing.
    """
    stand_ins = _StandIns()
    personal = personal_oids(profiles)
    secrets: dict[str, str] = {}
    for key, value in values.items():
        place = _below(key, personal)
        if place is not None and isinstance(value.content, bytes) and value.tag is Tag.OCTETS:
            text = value.content.decode("utf-8", "replace").strip()
            if text:
                secrets[text] = stand_ins.text(personal[place], text)
    return {key: _replaced(key, value, (personal, secrets), stand_ins) for key, value in values.items()}


def _replaced(
    key: Oid, value: Value, known: tuple[Mapping[Oid, str], Mapping[str, str]], stand_ins: _StandIns
) -> Value:
    content = value.content
    if not isinstance(content, bytes) or not content:
        return value
    if value.tag is Tag.ADDRESS:
        return value._replace(content=ipaddress.IPv4Address(stand_ins.address(content.hex())).packed)
    if _below(key, _HARDWARE_ADDRESSES):
        return value._replace(content=bytes.fromhex(stand_ins.hardware(content.hex())))
    if value.tag is not Tag.OCTETS or _below(key, _DATES):
        return value
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return value._replace(content=bytes.fromhex(stand_ins.hardware(content.hex()))) if len(content) == 6 else value
    personal, secrets = known
    if _below(key, personal):
        return value._replace(content=secrets.get(text.strip(), "").encode())
    return value._replace(content=_cleaned(text, secrets, stand_ins).encode())


def _cleaned(text: str, secrets: Mapping[str, str], stand_ins: _StandIns) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, secrets[secret])
    text = _MAIL.sub(lambda found: f"{stand_ins.text('mail', found[0])}@depot.example", text)
    text = _SERIAL.sub(lambda found: found[0].replace(found[1], stand_ins.text("serial", found[1])), text)
    text = _HARDWARE.sub(lambda found: _like(found[0], stand_ins), text)
    return _ADDRESS.sub(lambda found: stand_ins.address(found[0]) if _is_address(found[0]) else found[0], text)


def _like(secret: str, stand_ins: _StandIns) -> str:
    digits = stand_ins.hardware(re.sub("[:-]", "", secret).lower())
    return secret[2].join(digits[at : at + 2] for at in range(0, 12, 2))


def _is_address(text: str) -> bool:
    """Versions such as 1.2.3.4 look like addresses; they are replaced too, except those with a 0 in front."""
    return all(int(part) < 256 for part in text.split(".")) and not text.startswith("0")
