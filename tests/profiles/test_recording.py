"""The recording format: what is written is read again, and every fault of a file is told with its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.errors import Fault, InputError
from gateway.profiles.recording import Oid, Tag, Value, dotted, oid, parse, render

_OIDS = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=12).map(lambda rest: (1, *rest))
_VALUES = st.one_of(
    st.integers(-(2**31), 2**31 - 1).map(lambda number: Value(Tag.INTEGER, number)),
    st.integers(0, 2**32 - 1).map(lambda number: Value(Tag.COUNTER32, number)),
    st.integers(0, 2**64 - 1).map(lambda number: Value(Tag.COUNTER64, number)),
    st.binary(max_size=40).map(lambda content: Value(Tag.OCTETS, content)),
    st.binary(max_size=10).map(lambda content: Value(Tag.OPAQUE, content)),
    st.binary(min_size=4, max_size=4).map(lambda content: Value(Tag.ADDRESS, content)),
    _OIDS.map(lambda number: Value(Tag.OID, number)),
    st.just(Value(Tag.NULL, None)),
)


@given(st.dictionaries(_OIDS, _VALUES, max_size=20))
def test_what_is_written_is_read_again(values: dict[Oid, Value]) -> None:
    assert parse(render(values, comments=["one", "two"])) == values


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_with_lines(text: str) -> None:
    faults: tuple[Fault, ...] = ()
    try:
        parse(text)
    except InputError as error:
        faults = error.faults
    assert all(1 <= fault.line <= text.count("\n") + 1 for fault in faults)


def test_values_are_in_the_order_of_their_oids_whatever_the_order_of_the_lines() -> None:
    assert list(parse("1.3.10|2|1\n1.3.9|2|2\n1.3.9.1|2|3\n")) == [(1, 3, 9), (1, 3, 9, 1), (1, 3, 10)]


def test_a_value_may_hold_the_separator_and_no_text_at_all() -> None:
    assert parse("1.3.1|4|a|b\n1.3.2|4|\n") == {(1, 3, 1): (Tag.OCTETS, b"a|b"), (1, 3, 2): (Tag.OCTETS, b"")}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("1.3.6|4", "three parts"),
        ("a.b|2|1", "not an OID"),
        ("1.3|99|1", "99"),
        ("1.3|2|99999999999", "does not fit"),
        ("1.3|65|-1", "does not fit"),
        ("1.3|2x|00", "hexadecimal"),
        ("1.3|4x|zz", "hexadecimal"),
        ("1.3|64|1.2.3.999", ""),
    ],
)
def test_every_faulty_line_is_told_with_its_number(line: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(f"# comment\n{line}\n1.3.1|2|1\n1.3.1|2|1\n", name="x.rec")
    first, second = caught.value.faults
    assert (first.file, first.line, second.line) == ("x.rec", 2, 4)
    assert says in first.what
    assert "twice" in second.what


def test_oids_are_written_without_a_leading_dot() -> None:
    assert dotted(oid(".1.3.6.1")) == "1.3.6.1"
    with pytest.raises(ValueError, match="not an OID"):
        oid("1.3.x")
