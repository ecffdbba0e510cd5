"""What is remembered between polls of how a device is read changes nothing in what is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.collect.snmp_read import Plan, choose, understand
from gateway.collect.snmp_values import Answers
from gateway.profiles.load import shipped
from gateway.profiles.model import Profile
from gateway.profiles.recording import Oid, Tag, Value, oid, parse

RECORDINGS = Path(__file__).parents[1] / "recordings"
PROFILES = shipped()
NAME, OPER = oid("1.3.6.1.2.1.31.1.1.1.1.1"), oid("1.3.6.1.2.1.2.2.1.8.1")


def recorded(name: str) -> tuple[dict[Oid, Value], list[Profile]]:
    values = parse((RECORDINGS / f"{name}.rec").read_text(encoding="utf-8"))
    return values, choose(PROFILES, Answers(values))


KINDS = {name: recorded(name) for name in ("switch", "printer", "ups-apc", "ups-mge", "server-linux", "nas-synology")}
CONTENTS = st.one_of(
    st.builds(Value, st.just(Tag.INTEGER), st.integers(-1, 9)),
    st.builds(Value, st.just(Tag.COUNTER32), st.integers(0, 2**32 - 1)),
    st.builds(Value, st.just(Tag.OCTETS), st.sampled_from([b"", b"Gi0/1", b"24", b"\xff\x00"])),
    st.just(Value(Tag.NULL, None)),
    st.none(),  # the device no longer has it
)


@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_what_is_remembered_changes_no_reading(data: st.DataObject, kind: str) -> None:
    values, profiles = KINDS[kind]
    plans: dict[str, Plan] = {}
    now = dict(values)
    for _poll in range(3):
        for key in data.draw(st.lists(st.sampled_from(sorted(values)), max_size=6)):
            value = data.draw(CONTENTS)
            if value is None:
                now.pop(key, None)
            else:
                now[key] = value
        for profile in profiles:
            assert understand(profile, Answers(now), plans) == understand(profile, Answers(now))


@pytest.mark.parametrize(
    ("key", "content", "kept"),
    [(OPER, Value(Tag.INTEGER, 2), True), (NAME, Value(Tag.OCTETS, b"renamed"), False), (NAME, None, False)],
    ids=["a number", "a name", "a name that is gone"],
)
def test_names_are_found_out_again_only_when_they_changed(key: Oid, content: Value | None, kept: bool) -> None:
    values, profiles = KINDS["switch"]
    ports = next(profile for profile in profiles if profile.id == "interfaces")
    plans: dict[str, Plan] = {}
    understand(ports, Answers(values), plans)
    first = plans["interfaces"]
    changed = {one: content if one == key else value for one, value in values.items()}
    answers = Answers({one: value for one, value in changed.items() if value is not None})
    items = understand(ports, answers, plans)
    assert (plans["interfaces"] is first) is kept
    assert items == understand(ports, answers)
    assert any(item.instance == "renamed" for item in items) is (content == Value(Tag.OCTETS, b"renamed"))
