"""A recording can be shared: what identifies people, places and devices is replaced, everywhere by the same words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.profiles.load import shipped
from gateway.profiles.privacy import stripped
from gateway.profiles.recording import Oid, Tag, Value, oid, parse, render

SECRET = """\
1.3.6.1.2.1.1.1.0|4|Example Switch SN: ABC1234567 at 10.1.2.3, mac 00:1b:2c:3d:4e:5f
1.3.6.1.2.1.1.4.0|4|Karim <karim@entreprise.dz>
1.3.6.1.2.1.1.5.0|4|depot-oran-sw1
1.3.6.1.2.1.1.6.0|4|Oran, rue 12
1.3.6.1.2.1.2.2.1.6.1|4x|001b2c3d4e5f
1.3.6.1.2.1.31.1.1.1.18.1|4|Vers depot-oran-sw1
1.3.6.1.2.1.47.1.1.1.1.11.1|4|ABC1234567
1.3.6.1.4.1.318.1.1.1.1.2.3.0|4|AS99887766
1.3.6.1.4.1.99999.1.0|64|10.1.2.3
1.3.6.1.4.1.99999.2.0|4|unit AS99887766 of depot-oran-sw1
1.3.6.1.4.1.99999.3.0|2|42
"""
PRIVATE = ["karim", "entreprise", "oran", "abc1234567", "as99887766", "10.1.2.3", "001b2c3d4e5f", "00:1b:2c:3d:4e:5f"]


def _texts(values: dict[Oid, Value]) -> str:
    return render(values).lower()


def test_nothing_private_is_left() -> None:
    clean = _texts(stripped(parse(SECRET), shipped()))
    assert [secret for secret in PRIVATE if secret in clean] == []


def test_the_same_secret_has_the_same_stand_in_everywhere() -> None:
    clean = stripped(parse(SECRET), shipped())
    serial = clean[oid("1.3.6.1.4.1.318.1.1.1.1.2.3.0")].content
    name = clean[oid("1.3.6.1.2.1.1.5.0")].content
    assert clean[oid("1.3.6.1.4.1.99999.2.0")].content == b"unit " + serial + b" of " + name  # type: ignore[operator]
    assert serial != clean[oid("1.3.6.1.2.1.47.1.1.1.1.11.1")].content


def test_numbers_types_and_places_stay() -> None:
    before, after = parse(SECRET), stripped(parse(SECRET), shipped())
    assert list(before) == list(after)
    assert [value.tag for value in before.values()] == [value.tag for value in after.values()]
    assert after[oid("1.3.6.1.4.1.99999.3.0")] == Value(Tag.INTEGER, 42)


@given(st.dictionaries(st.integers(1, 50), st.binary(max_size=30), max_size=10))
def test_any_bytes_can_be_stripped_and_stripping_again_changes_nothing_of_the_shape(given_: dict[int, bytes]) -> None:
    values = {(1, 3, 6, 1, 4, 1, 99999, number): Value(Tag.OCTETS, content) for number, content in given_.items()}
    clean = stripped(values)
    assert clean.keys() == values.keys()
    assert parse(render(clean)) == dict(sorted(clean.items()))
