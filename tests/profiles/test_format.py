"""The format of profiles, sentence by sentence: each thing a file may say changes what is asked or read."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.collect.snmp_ask import RecordedSession
from gateway.collect.snmp_poll import fetch, identify
from gateway.collect.snmp_read import Item, combine, understand
from gateway.core.errors import InputError
from gateway.core.reading import Severity
from gateway.profiles.checks import profile_checks
from gateway.profiles.load import load, shipped
from gateway.profiles.model import Profile
from gateway.profiles.recording import parse
from gateway.runbooks import shipped_runbooks

SYSTEM = """1.3.6.1.2.1.1.1.0|4|Thing 3000, firmware 2.1
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.3
1.3.6.1.2.1.1.3.0|67|100
"""
HEAD = 'title = "t"\nsource = "s"\n[[match]]\nhas = ["1.3.9"]\n'


async def poll(recording: str, *profiles: Profile) -> tuple[list[Item], RecordedSession]:
    """What is read of an agent, and how it was asked."""
    session = RecordedSession(parse(SYSTEM + recording))
    known = await identify(session, list(profiles))
    fetched = await fetch(session, known)
    return combine(understand(profile, fetched.answers) for profile in known.profiles), session


async def told(recording: str, *bodies: str) -> list[tuple[str, str, Any]]:
    """(metric, instance, value) of what is read with some files."""
    profiles = [load(HEAD + body, f"p{number}.toml") for number, body in enumerate(bodies)]
    items, _session = await poll(recording, *profiles)
    return [(item.metric, item.instance, item.value) for item in items]


async def test_a_file_applies_where_the_agent_has_a_value_and_nowhere_else() -> None:
    body = '[scalars]\nx = "1.3.9.1.0"\n[[reading]]\nmetric = "ups.load"\nvalue = "x"\n'
    assert await told("1.3.9.1.0|2|7", body) == [("ups.load", "", 7.0)]
    assert await told("1.3.8.1.0|2|7", body) == []


async def test_of_two_files_that_apply_the_more_specific_has_the_word() -> None:
    general = '[scalars]\nx = "1.3.9.1.0"\n[[reading]]\nmetric = "ups.load"\nvalue = "x"\n'
    special = (
        'title = "t"\nsource = "s"\nrank = 50\n[[match]]\nsys_object_id = ["1.3.6.1.4.1.99999"]\n'
        + general.replace("1.3.9.1.0", "1.3.9.2.0")
    )
    items, _session = await poll(
        "1.3.9.1.0|2|7\n1.3.9.2.0|2|8", load(HEAD + general, "a.toml"), load(special, "b.toml")
    )
    assert [(item.metric, item.value) for item in items] == [("ups.load", 8.0)]


async def test_rows_are_named_by_a_column_of_another_table_with_the_same_index() -> None:
    body = """
[[table]]
name = "errors"
[table.columns]
errors = "1.3.9.7.1"
name = "1.3.9.8.4"
[[table.reading]]
metric = "hw.errors"
value = "errors"
instance = ["{name}", "{index}"]
"""
    recording = "1.3.9.7.1.1|65|4\n1.3.9.7.1.2|65|5\n1.3.9.8.4.1|4|eth0\n1.3.9.8.4.7|4|no row of errors"
    assert await told(recording, body) == [("hw.errors", "eth0", 4.0), ("hw.errors", "2", 5.0)]


async def test_sentinels_of_the_file_and_of_one_reading_are_no_values() -> None:
    body = """
[scalars]
x = "1.3.9.1.0"
y = "1.3.9.2.0"
[[reading]]
metric = "ups.load"
value = "x"
[[reading]]
metric = "ups.temperature"
value = "y"
sentinels = [999]
"""
    file = body.replace("[scalars]", "", 1)
    text = "sentinels = [-1, 65535]\n" + HEAD + "[scalars]" + file
    for x, y, expected in (
        (-1, 20, ["ups.temperature"]),
        (65535, 999, []),
        (5, 999, ["ups.load"]),
        (5, -1, ["ups.load", "ups.temperature"]),
    ):
        items, _session = await poll(f"1.3.9.1.0|2|{x}\n1.3.9.2.0|2|{y}", load(text, "s.toml"))
        assert sorted(item.metric for item in items) == expected


async def test_a_state_has_a_word_and_a_severity_and_the_default_is_for_what_is_not_listed() -> None:
    body = """
[scalars]
x = "1.3.9.1.0"
[[reading]]
metric = "hw.status"
value = "x"
states = "x"
instance = "fan"
[states.x]
1 = ["turns", "ok"]
2 = ["slow", "warning"]
default = ["odd", "critical"]
"""
    profile = load(HEAD + body, "p.toml")
    seen = []
    for raw in (1, 2, 9):
        (item,), _session = await poll(f"1.3.9.1.0|2|{raw}", profile)
        seen.append((item.value, item.severity))
    assert seen == [("turns", Severity.OK), ("slow", Severity.WARNING), ("odd", Severity.CRITICAL)]


TABLE = """
[[table]]
name = "fans"
[table.columns]
speed = "1.3.9.4.1"
[[table.reading]]
metric = "hw.fan.speed"
value = "speed"
instance = "{index}"
"""
MANY = "\n".join(f"1.3.9.4.1.{row}|2|{row}" for row in range(1, 60))


@pytest.mark.parametrize(
    ("quirk", "most"),
    [
        ("", 25),
        ("[[quirk]]\nmax_repetitions = 7\n", 7),
        ("[[quirk]]\nno_bulk = true\n", 1),
        ('[[quirk]]\nno_bulk = true\n[quirk.match]\nsys_descr = "Thing 3000"\n', 1),
        ('[[quirk]]\nno_bulk = true\n[quirk.match]\nsys_descr = "Other"\n', 25),
    ],
)
async def test_quirks_bound_how_an_agent_is_asked_and_no_value_is_lost(quirk: str, most: int) -> None:
    items, session = await poll(MANY, load(HEAD + TABLE + quirk, "p.toml"))
    assert len(items) == 59
    asked = [
        repetitions
        for kind, oids, repetitions in session.questions
        if kind == "next" and oids[0][:5] == (1, 3, 9, 4, 1)
    ]
    assert max(asked) <= most
    assert (max(asked) == 1) == (most == 1)


async def test_a_dialect_is_mended_by_a_factor_for_those_that_match() -> None:
    body = '[scalars]\nx = "1.3.9.1.0"\n[[reading]]\nmetric = "input.voltage"\nvalue = "x"\n'
    quirk = '[[quirk]]\nscale = { x = 0.1 }\n[quirk.match]\nsys_descr = "firmware 2"\n'
    assert await told("1.3.9.1.0|2|2301", body + quirk) == [("input.voltage", "", pytest.approx(230.1))]
    assert await told("1.3.9.1.0|2|2301", body + quirk.replace("2", "3")) == [("input.voltage", "", 2301.0)]


def test_a_check_has_limits_and_a_cause_whose_runbook_is_shown() -> None:
    text = (
        HEAD
        + '[[check]]\nid = "heat"\nmetric = "ups.temperature"\ncause = "overheating"\n'
        + "warning = 50.0\ncritical = 65.0\nclear = 3.0\n"
    )
    (check,) = profile_checks([load(text, "p.toml")])
    assert (check.warning, check.critical, check.clear) == (50.0, 65.0, 3.0)
    assert shipped_runbooks()[check.cause].steps
    with pytest.raises(InputError, match="burning") as raised:
        load(text.replace("overheating", "burning"), "p.toml")
    assert raised.value.faults[0].line == 8


def test_every_shipped_state_has_a_word() -> None:
    for profile in shipped():
        for name, states in profile.states.items():
            for raw, state in states.entries.items():
                assert state.word.strip(), f"{profile.id} {name} {raw}"
