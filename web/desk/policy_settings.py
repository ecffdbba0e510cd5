"""The parts of `desk.toml` that say when people are told: `[notify]`, each recipient's place on the ladder, `[sms]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway.core.device import Criticality
from gateway.core.document import Table
from gateway.core.incident import Priority
from gateway.settings import reveal
from gateway.settings.common import read_secret
from web.desk.digest import Routine
from web.desk.notify import PACE, Pace
from web.desk.quiet import WAKES, Quiet
from web.desk.sms import FIELDS, NUMBER, SmsGateway

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_LAST_STEP = 9
_LAST_TEST_DAY = 28
_PRIORITIES = ("P1", "P2", "P3", "none")


@dataclass(frozen=True, slots=True)
class NotifyRules:
    """`[notify]`. ``quiet`` are the quiet hours of all who did not say that they are always to be told."""

    pace: Pace = PACE
    routine: Routine = field(default_factory=Routine)
    quiet: Quiet | None = None


def read_notify(table: Table, zone: str) -> NotifyRules:
    """The table; what is absent has its default."""
    known, usual = Routine(), PACE
    share = table.number("warn_share", low=0.1, high=0.99)
    routine = Routine(
        _minute(table, "digest_at", known.minute),
        zone,
        table.integer("test_day", known.test_day, low=0, high=_LAST_TEST_DAY),
    )
    quiet = _quiet(table.table("quiet"), zone) if "quiet" in table else None
    table.done()
    return NotifyRules(Pace(usual.settle_s, usual.late_s, share or usual.warn_share), routine, quiet)


def read_place(table: Table, channel: str, rules: NotifyRules) -> dict[str, Any]:
    """A recipient's ``step``, ``quiet`` and ``digest``."""
    return {
        "step": table.integer("step", 1, low=1, high=_LAST_STEP),
        "quiet": None if table.boolean("always", default=False) else rules.quiet,
        "digest": table.boolean("digest", default=channel == "mail"),
    }


def read_sms(table: Table, base: Path) -> SmsGateway:
    """`[sms]`: the company's gateway."""
    fields = table.table("fields")
    known = {name: fields.text(name) for name in fields.values}
    secret = read_secret(table, "authorization", base)
    gateway = SmsGateway(
        url=table.required("url"),
        fields=known or FIELDS,
        form=table.choice("form", ("form", "json"), "form"),
        authorization=partial(reveal, secret) if secret else None,
    )
    if known and not {"{to}", "{text}"} <= set(re.findall(r"\{\w+\}", " ".join(known.values()))):
        table.fault("fields", f"{table.name('fields')} lack {{to}} or {{text}}", 'write to = "{to}", text = "{text}"')
    if gateway.url and urlsplit(gateway.url).scheme not in ("http", "https"):
        table.fault("url", f'{table.name("url")} = "{gateway.url}" is no URL', 'write "https://..."')
    fields.done()
    table.done()
    return gateway


def check_number(table: Table, number: str) -> None:
    """A fault if a recipient's address is no telephone number."""
    if number and not NUMBER.fullmatch(number):
        table.fault("address", f'{table.name("address")} = "{number}" is no number', 'write it as "+213 550 00 00 00"')


def _quiet(table: Table, zone: str) -> Quiet:
    quiet = Quiet(_minute(table, "from", 0), _minute(table, "to", 0), zone, _wakes(table.table("wakes")))
    for key in ("from", "to"):
        if key not in table:
            table.fault(key, f"{table.name(key)} is missing", 'add from = "21:00" and to = "06:30"')
    table.done()
    return quiet


def _wakes(table: Table) -> Mapping[Criticality, Priority]:
    wakes = {}
    for level in Criticality:
        usual = WAKES.get(level)
        word = table.choice(level, _PRIORITIES, usual or "none")
        if level is Criticality.CRITICAL and word == "none":
            table.fault(level, f'{table.name(level)} = "none"', "a P1 of something critical always wakes: P1 or more")
        elif word != "none":
            wakes[level] = Priority(word)
    table.done()
    return wakes


def _minute(table: Table, key: str, default: int) -> int:
    """Minutes after midnight."""
    text = table.text(key)
    match = _CLOCK.fullmatch(text)
    if match:
        return int(match[1]) * 60 + int(match[2])
    if key in table:
        table.fault(key, f'{table.name(key)} = "{text}" is no time of day', 'write it as "07:30"')
    return default
