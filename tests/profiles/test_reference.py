"""The page on profiles is current and names every key there is."""

from __future__ import annotations

import os
from pathlib import Path

from gateway.profiles.load import shipped
from gateway.profiles.model import Match, Profile, Quantity, Quirk, Table
from gateway.profiles.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "profiles.md"


MARK = "writes it anew -->\n"


def test_the_list_of_profiles_on_the_page_is_current() -> None:
    before, mark, listed = PAGE.read_text(encoding="utf-8").partition(MARK)
    wanted = "\n" + reference(shipped())
    if os.environ.get("VIGIE_WRITE_DOCS"):
        PAGE.write_text(before + mark + wanted, encoding="utf-8")
        listed = wanted
    assert mark
    assert listed == wanted, "run pytest with VIGIE_WRITE_DOCS=1"


def test_the_page_tells_every_key() -> None:
    text = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    keys = {name for kind in (Profile, Match, Quirk, Quantity, Table) for name in kind.__struct_fields__} - {"id"}
    told = {key for key in keys if f"`{key}`" in text or f"[{key}]" in text or f"[{key}." in text}
    assert keys - told == set()
