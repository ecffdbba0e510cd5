"""On which line a key of a JSON text stands."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.json_lines import locate

TEXT = """{"a": 1,
 "b": ["x: [y]", {"c\\"d": null},
   [2,
    3]],
 "e": {}, "f": [],
 "g": true}"""


def test_keys_and_elements_are_found_on_their_lines() -> None:
    assert locate(TEXT) == {
        ("a",): 1,
        ("b",): 2,
        ("b", 0): 2,
        ("b", 1): 2,
        ("b", 1, 'c"d'): 2,
        ("b", 2): 2 + 1,
        ("b", 2, 0): 3,
        ("b", 2, 1): 4,
        ("e",): 5,
        ("f",): 5,
        ("g",): 6,
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_every_path_of_any_document_has_a_line(value: object) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    found = locate(text)

    def paths(one: object, path: tuple[str | int, ...]) -> None:
        pairs = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        for key, inner in pairs:
            assert 1 <= found[*path, key] <= text.count("\n") + 1
            paths(inner, (*path, key))

    paths(value, ())
