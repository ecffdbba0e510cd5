"""What raw values mean: literal tables in, readings out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.collect.snmp_read import Item, choose, combine, identify, understand
from gateway.collect.snmp_values import Answers, mac_of, number_of, text_of
from gateway.core.reading import Severity
from gateway.profiles.load import load
from gateway.profiles.model import Profile
from gateway.profiles.recording import Tag, Value, parse

HEAD = """
title = "t"
source = "s"
[[match]]
has = ["1.3.9"]
"""


def profile(body: str, name: str = "example") -> Profile:
    return load(HEAD + body, f"{name}.toml")


def items(body: str, recording: str) -> list[Item]:
    return understand(profile(body), Answers(parse(recording)))


def told(body: str, recording: str) -> list[tuple[str, str, Any]]:
    return [(item.metric, item.instance, item.value) for item in items(body, recording)]


CHARGE = """
title = "t"
source = "s"
sentinels = [-1, 65535]
[[match]]
has = ["1.3.9"]
[scalars]
fine = "1.3.9.1.0"
coarse = ["1.3.9.2.0", "1.3.9.3.0"]
[[reading]]
metric = "battery.charge"
value = ["fine / 10", "coarse"]
valid = [0, 100]
"""


@pytest.mark.parametrize(
    ("recording", "value"),
    [
        ("1.3.9.1.0|2|974\n1.3.9.2.0|2|97", 97.4),  # the finer value wins
        ("1.3.9.2.0|2|97", 97.0),
        ("1.3.9.3.0|4|96.5", 96.5),  # the first OID that answers; digits in a string
        ("1.3.9.1.0|2|-1\n1.3.9.2.0|2|95", 95.0),  # a sentinel is no value: the next one is used
        ("1.3.9.1.0|5|\n1.3.9.2.0|2|95", 95.0),  # nor is Null
    ],
)
def test_the_first_value_that_answers_and_is_no_sentinel_is_read(recording: str, value: float) -> None:
    read = understand(load(CHARGE, "charge.toml"), Answers(parse(recording)))
    assert [(item.metric, item.value) for item in read] == [("battery.charge", value)]


@pytest.mark.parametrize("recording", ["1.3.9.2.0|2|101", "1.3.9.2.0|4|full", "1.3.9.2.0|4|", "1.3.9.2.0|2|-1", ""])
def test_what_is_no_plausible_number_gives_no_reading(recording: str) -> None:
    assert understand(load(CHARGE, "charge.toml"), Answers(parse(recording))) == []


def test_the_source_is_the_oid_that_answered() -> None:
    body = '[scalars]\na = ["1.3.9.1.0", "1.3.9.2.0"]\n[[reading]]\nmetric = "ups.load"\nvalue = "a * 2"\n'
    assert [item.source for item in items(body, "1.3.9.2.0|2|7")] == ["1.3.9.2.0"]


TABLE = """
[[table]]
name = "disks"
[table.columns]
name = "1.3.9.4.1.1"
type = "1.3.9.4.1.2"
used = "1.3.9.4.1.3"
size = "1.3.9.4.1.4"
[[table.reading]]
metric = "system.filesystem.utilization"
value = "used / size"
instance = ["{name}", "{index}"]
"""
ROWS = """
1.3.9.4.1.1.1|4|/
1.3.9.4.1.1.2|4|/data
1.3.9.4.1.1.3|4|/data
1.3.9.4.1.1.4|4|
1.3.9.4.1.2.1|6|1.3.9.77
1.3.9.4.1.2.2|6|1.3.9.78
1.3.9.4.1.2.3|6|1.3.9.77
1.3.9.4.1.2.4|6|1.3.9.77
1.3.9.4.1.3.1|2|50
1.3.9.4.1.3.2|2|10
1.3.9.4.1.3.3|2|1
1.3.9.4.1.3.4|2|2
1.3.9.4.1.4.1|2|100
1.3.9.4.1.4.2|2|100
1.3.9.4.1.4.3|2|4
1.3.9.4.1.4.4|2|8
"""


def test_rows_with_one_name_do_not_hide_each_other_and_nameless_ones_have_their_index() -> None:
    assert told(TABLE, ROWS) == [
        ("system.filesystem.utilization", "/", 0.5),
        ("system.filesystem.utilization", "/data", 0.1),
        ("system.filesystem.utilization", "/data#3", 0.25),
        ("system.filesystem.utilization", "4", 0.25),
    ]


@pytest.mark.parametrize(
    ("condition", "instances"),
    [
        ('where = { type = ["1.3.9.78"] }', ["/data"]),
        ('skip = { name = "^/data" }', ["/", "4"]),
        ('like = { name = "^/d" }', ["/data", "/data#3"]),
        ('where = { type = ["1.3.9.77"] }\nskip = { name = "^/$" }', ["/data", "4"]),
        ("valid = [0.2, 0.3]", ["/data", "4"]),
    ],
)
def test_rows_are_chosen_by_their_columns(condition: str, instances: list[str]) -> None:
    assert [item.instance for item in items(TABLE + condition, ROWS)] == instances


@pytest.mark.parametrize(("how", "value"), [("mean", 0.275), ("max", 0.5), ("min", 0.1), ("sum", 1.1)])
def test_rows_can_be_one_reading(how: str, value: float) -> None:
    body = TABLE.replace('instance = ["{name}", "{index}"]', f'aggregate = "{how}"')
    assert told(body, ROWS) == [("system.filesystem.utilization", "", pytest.approx(value))]


def test_a_sum_without_one_of_its_parts_is_no_reading() -> None:
    body = TABLE.replace('instance = ["{name}", "{index}"]', 'aggregate = "sum"')
    assert told(body, ROWS.replace("1.3.9.4.1.3.2|2|10", "1.3.9.4.1.3.2|5|")) == []


PHASES = """
[[table]]
name = "input"
[table.columns]
voltage = "1.3.9.5.1.3"
[[table.reading]]
metric = "input.voltage"
several = "input.L{phase}-N.voltage"
value = "voltage"
"""


def test_one_row_is_the_input_and_several_are_its_phases_whatever_their_indexes() -> None:
    assert told(PHASES, "1.3.9.5.1.3.1|2|230") == [("input.voltage", "", 230.0)]
    three = "1.3.9.5.1.3.0|2|230\n1.3.9.5.1.3.1|2|231\n1.3.9.5.1.3.2|2|232\n1.3.9.5.1.3.9|2|9"
    assert [metric for metric, _, _ in told(PHASES, three)] == [f"input.L{n}-N.voltage" for n in (1, 2, 3)]


UPS = """
[scalars]
source = "1.3.9.1.0"
battery = "1.3.9.2.0"
bits = "1.3.9.3.0"
[[reading]]
metric = "ups.status"
value = "source"
states = "source"
[[reading]]
metric = "hw.status"
value = "battery"
states = "battery"
instance = "battery"
[[reading]]
metric = "ups.alarm"
value = "bits"
states = "bits"
[states.source]
3 = ["OL", "ok"]
5 = ["OB DISCHRG", "warning"]
[states.battery]
2 = ["normal", "ok"]
3 = ["low", "critical", "LB"]
[states.bits]
form = "bits"
none = ["none", "ok"]
0 = ["replace", "warning", "RB"]
9 = ["hot", "critical", "ALARM"]
"""


@pytest.mark.parametrize(
    ("source", "battery", "bits", "status", "severity"),
    [
        (3, 2, "0000", "OL", Severity.OK),
        (5, 2, "0000", "OB DISCHRG", Severity.WARNING),
        (5, 3, "0000", "OB DISCHRG LB", Severity.CRITICAL),
        (3, 2, "8000", "OL RB", Severity.WARNING),
        (3, 2, "8040", "OL RB ALARM", Severity.WARNING),
    ],
)
def test_the_status_of_a_ups_has_the_words_of_all_its_states(
    source: int, battery: int, bits: str, status: str, severity: Severity
) -> None:
    read = items(UPS, f"1.3.9.1.0|2|{source}\n1.3.9.2.0|2|{battery}\n1.3.9.3.0|4x|{bits}")
    ups, state, alarm = read
    assert (ups.value, ups.severity, ups.source) == (status, severity, "1.3.9.1.0")
    assert (state.metric, state.instance, state.source) == ("hw.status", "battery", "1.3.9.2.0")
    assert (alarm.value == "none") == (bits == "0000")


def test_a_state_that_no_map_knows_is_told_as_it_is_with_severity_unknown() -> None:
    read = items(UPS, "1.3.9.1.0|2|99\n1.3.9.2.0|2|2")
    assert (read[0].value, read[0].severity) == ("99", Severity.UNKNOWN)


ALARMS = """
[[table]]
name = "alarms"
[table.columns]
alarm = "1.3.9.6.1.2"
[[table.reading]]
metric = "ups.alarm"
value = "alarm"
states = "alarm"
aggregate = "words"
[states.alarm]
none = ["none", "ok"]
1 = ["hot", "warning"]
2 = ["flat", "critical"]
"""


def test_an_alarm_that_went_away_is_told_as_none() -> None:
    there = items(ALARMS, "1.3.9.6.1.2.7|2|1\n1.3.9.6.1.2.8|2|2\n1.3.9.6.1.2.9|2|1")
    assert [(item.value, item.severity, item.source) for item in there] == [
        ("hot, flat", Severity.CRITICAL, "1.3.9.6.1.2.7")
    ]
    gone = items(ALARMS, "")
    assert [(item.value, item.severity, item.source) for item in gone] == [("none", Severity.OK, "1.3.9.6.1.2")]


def test_a_dialect_of_a_mib_is_mended_by_a_factor_for_one_value() -> None:
    body = """
[scalars]
hertz = "1.3.9.1.0"
volts = "1.3.9.2.0"
[[reading]]
metric = "output.frequency"
value = "hertz / 10"
[[reading]]
metric = "output.voltage"
value = "volts"
[[quirk]]
match = { sys_object_id = ["1.3.6.1.4.1.2011"] }
scale = { hertz = 0.1 }
"""
    system = "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.{}.1\n1.3.9.1.0|2|{}\n1.3.9.2.0|2|230\n"
    assert [value for _, _, value in told(body, system.format(2011, 5000))] == [50.0, 230.0]
    assert [value for _, _, value in told(body, system.format(9999, 500))] == [50.0, 230.0]


def test_the_most_specific_profile_has_the_word_and_the_general_ones_fill_the_gaps() -> None:
    text = '[scalars]\na = "1.3.9.1.0"\nb = "1.3.9.2.0"\n[[reading]]\nmetric = "ups.load"\nvalue = "a"\n'
    more = '[[reading]]\nmetric = "ups.temperature"\nvalue = "b"\n'
    special = load('rank = 50\nkind = "ups"\n' + HEAD + text, "special.toml")
    general = load(HEAD + text.replace('value = "a"', 'value = "b"') + more, "general.toml")
    answers = Answers(parse("1.3.9.1.0|2|1\n1.3.9.2.0|2|2"))
    chosen = choose([general, special], answers)
    assert [profile.id for profile in chosen] == ["special", "general"]
    read = combine(understand(profile, answers) for profile in chosen)
    assert [(item.metric, item.value) for item in read] == [("ups.load", 1.0), ("ups.temperature", 2.0)]
    assert identify(chosen, answers).profile == "special"


def test_a_profile_that_replaces_another_keeps_it_from_being_asked() -> None:
    special = load('rank = 50\nreplaces = ["general"]\n' + HEAD, "special.toml")
    answers = Answers(parse("1.3.9.1.0|2|1"))
    assert [one.id for one in choose([load(HEAD, "general.toml"), special], answers)] == ["special"]


@pytest.mark.parametrize(
    ("match", "applies"),
    [
        ('sys_object_id = ["1.3.6.1.4.1.318"]', True),
        ('sys_object_id = ["1.3.6.1.4.1.31"]', False),
        ('sys_descr = "(?i)smart"', True),
        ('has = ["1.3.9"]', True),
        ('has = ["1.3.9.1.0"]', True),
        ('has = ["1.3.8", "1.3.9"]', True),
        ('has = ["1.3.8"]', False),
        ('sys_object_id = ["1.3.6.1.4.1.318"]\nhas = ["1.3.8"]', False),
    ],
)
def test_a_match_needs_all_that_it_names(match: str, applies: bool) -> None:
    one = load(f'title = "t"\nsource = "s"\n[[match]]\n{match}\n', "one.toml")
    recording = "1.3.6.1.2.1.1.1.0|4|A Smart thing\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.318.1\n1.3.9.1.0|2|1"
    assert bool(choose([one], Answers(parse(recording)))) is applies


def test_identity_comes_from_the_first_text_that_is_there() -> None:
    body = """
[identity]
vendor = "Example"
model = ["{missing}", "{model}"]
firmware = [{ text = "{sys_descr}", pattern = 'fw (\\S+)' }]
[scalars]
model = "1.3.9.1.0"
missing = "1.3.9.9.0"
[[table]]
name = "parts"
[table.columns]
class = "1.3.9.4.1"
serial = "1.3.9.4.2"
[table.identity]
where = { class = [3] }
serial = "{serial}"
"""
    recording = """1.3.6.1.2.1.1.1.0|4|thing fw 1.2
1.3.9.1.0|4|M-1
1.3.9.4.1.1|2|9
1.3.9.4.1.2|2|3
1.3.9.4.2.1|4|MODULE
1.3.9.4.2.2|4|CHASSIS"""
    known = identify([profile(body)], Answers(parse(recording)), vendor="by number")
    assert (known.vendor, known.model, known.firmware, known.serial) == ("Example", "M-1", "1.2", "CHASSIS")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Value(Tag.OCTETS, b"plain \0\0"), "plain"),
        (Value(Tag.OCTETS, "été".encode()), "été"),
        (Value(Tag.OCTETS, b"\xe9t\xe9"), "été"),  # Latin-1, as old cards write
        (Value(Tag.OCTETS, b"\x00\x1b\x2c\x3d\x4e\x5f"), "00:1b:2c:3d:4e:5f"),
        (Value(Tag.OCTETS, "salle 2".encode("utf-16-be")), "salle 2"),  # UCS-2, either way round
        (Value(Tag.OCTETS, "salle 2".encode("utf-16-le")), "salle 2"),
        (Value(Tag.ADDRESS, b"\x0a\x00\x00\x01"), "10.0.0.1"),
        (Value(Tag.OID, (1, 3, 6)), "1.3.6"),
        (Value(Tag.INTEGER, -5), "-5"),
        (Value(Tag.NULL, None), ""),
    ],
)
def test_any_value_has_a_text(value: Value, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (Value(Tag.OPAQUE, b"\x9f\x78\x04\x3f\x00\x00\x00"), 0.5),  # net-snmp's opaque float
        (Value(Tag.OPAQUE, b"\x9f\x78\x04\x7f\xc0\x00\x00"), None),  # its not-a-number
        (Value(Tag.OCTETS, b" +12.50 "), 12.5),
        (Value(Tag.OCTETS, b"12 V"), None),
        (Value(Tag.OCTETS, b"1e5"), None),
        (Value(Tag.OCTETS, b"9" * 400), None),
        (Value(Tag.ADDRESS, b"\x0a\x00\x00\x01"), None),
    ],
)
def test_only_what_is_a_number_is_read_as_one(value: Value, number: float | None) -> None:
    assert number_of(value) == number


def test_a_number_that_grows_beyond_all_numbers_is_no_reading() -> None:
    body = '[[reading]]\nmetric = "ups.load"\nvalue = "a * a"\nscale = 10.0\n[scalars]\na = "1.3.9.1.0"'
    digits = "9" * 200
    assert understand(profile(body), Answers(parse(f"1.3.9.1.0|4|{digits}"))) == []


@given(st.binary(max_size=60))
def test_any_bytes_have_a_text_and_perhaps_a_number(content: bytes) -> None:
    for tag in (Tag.OCTETS, Tag.OPAQUE):
        assert "\0" not in text_of(Value(tag, content))
        number = number_of(Value(tag, content))
        assert number is None or abs(number) < float("inf")


@pytest.mark.parametrize(
    ("content", "mac"),
    [
        (b"\x00\x1b\xa9\x00\x00\x01", "00:1b:a9:00:00:01"),
        (b"ABCDEF", ""),  # 0x41 is odd: a group of receivers, so no card's own
        (b"@BCDEF", "40:42:43:44:45:46"),  # bytes that happen to be letters
        (b"\0\0\0\0\0\0", ""),
        (b"", ""),
    ],
)
def test_a_hardware_address_is_six_bytes_of_one_card(content: bytes, mac: str) -> None:
    assert mac_of(Value(Tag.OCTETS, content)) == mac
