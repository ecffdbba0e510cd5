"""Every key of a TOML text is found on its line."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.toml_lines import KeyPath, locate

TEXT = '''a.b = 1
"quoted key" = 'x = [' # not a list
[x]
# [no.table]
y = [1,
  2, { z = 1, w = "]}" },
]
text = """
[not.a.table]
k = 1 \\"""
"""
[[d]]
id = "1"
[[d]]
id = "2"
s = { m = "a", n = 2 }
[d.k]
q = 1
[[d.e]]
r = 1
[[d.e]]
r = 2
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a",), 1),
        (("a", "b"), 1),
        (("quoted key",), 2),
        (("x",), 3),
        (("x", "y", 1), 6),
        (("x", "y", 2, "w"), 6),
        (("x", "text"), 8),
        (("d", 0), 12),
        (("d", 0, "id"), 13),
        (("d", 1, "id"), 15),
        (("d", 1, "s", "n"), 16),
        (("d", 1, "k"), 17),
        (("d", 1, "k", "q"), 18),
        (("d", 1, "e", 0, "r"), 20),
        (("d", 1, "e", 1, "r"), 22),
    ],
)
def test_key_is_on_its_line(path: KeyPath, line: int) -> None:
    assert locate(TEXT)[path] == line


def paths(value: Any, path: KeyPath = ()) -> list[KeyPath]:
    """Every key of what tomllib has read."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deeper for key, member in members for deeper in paths(member, (*path, key)))]


def test_no_key_is_missed() -> None:
    assert set(paths(tomllib.loads(TEXT))) - {()} == set(locate(TEXT))


@given(st.text(alphabet="ab=[]{}\".\n#, 1'", max_size=60))
def test_any_text_ends_and_accepted_ones_lose_no_key(text: str) -> None:
    found = locate(text)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert set(paths(values)) - {()} <= set(found)
