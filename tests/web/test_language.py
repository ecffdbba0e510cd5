"""Catalogues: reading them, choosing plural forms, and that nothing is left in French by accident."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from web.common.language import Language, languages, read_po

ROOT = Path(__file__).parents[2]
PACKAGES = ("common", "site")
FORMS = ("zero", "one", "two", "few", "many", "other")
PLACEHOLDER = re.compile(r"%\((\w+)\)")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """scripts/translations as a module."""
    loader = importlib.machinery.SourceFileLoader("translations", str(ROOT / "scripts/translations"))
    spec = importlib.util.spec_from_loader("translations", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_po_file_is_read_with_plurals_and_continuation_lines() -> None:
    text = """
msgid ""
msgstr ""
"Language: en\\n"

#: page.html
msgid "Un \\"mot\\""
msgstr "A "
"word"

msgid "%(n)s jour"
msgid_plural "%(n)s jours"
msgstr[0] "%(n)s day"
msgstr[1] "%(n)s days"
"""
    word, days = read_po(text)
    assert (word.message, word.forms) == ('Un "mot"', ("A word",))
    assert (days.plural, days.forms) == ("%(n)s jours", ("%(n)s day", "%(n)s days"))


@pytest.mark.parametrize(
    ("n", "index"), [(0, 0), (1, 1), (2, 2), (3, 3), (10, 3), (11, 4), (99, 4), (100, 5), (102, 5), (103, 3), (111, 4)]
)
def test_arabic_chooses_among_six_forms(n: int, index: int) -> None:
    arabic = Language("ar", {"x": FORMS})
    assert arabic.plural("x", "xs", n) == FORMS[index]


@pytest.mark.parametrize(("code", "n", "text"), [("fr", 0, "0 jour"), ("fr", 1, "1 jour"), ("fr", 2, "2 jours")])
def test_french_needs_no_catalogue_and_counts_zero_as_singular(code: str, n: int, text: str) -> None:
    assert Language(code).ngettext("%(n)s jour", "%(n)s jours", n) == text


def test_untranslated_message_is_shown_in_french_rather_than_not_at_all() -> None:
    assert Language("en", {"Panne": ("",)}).gettext("Panne") == "Panne"
    assert Language("en").gettext("Depuis %(when)s", when="09:42") == "Depuis 09:42"


def test_names_are_isolated_in_arabic_only() -> None:
    assert Language("ar").isolate("sw-1") == "\u2068sw-1\u2069"
    assert Language("en").isolate("sw-1") == "sw-1"


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("code", ["ar", "en"])
def test_no_message_of_the_pages_is_untranslated_or_unused(script: ModuleType, package: str, code: str) -> None:
    used = script.messages(ROOT / "web" / package)
    if package != "common":
        shared = script.messages(ROOT / "web/common")
        used = {message: plural for message, plural in used.items() if message not in shared}
    entries = {e.message: e for e in read_po((ROOT / f"web/{package}/translations/{code}.po").read_text("utf-8"))}
    assert sorted(entries) == sorted(used), "run scripts/translations"
    assert [e.message for e in entries.values() if not all(e.forms)] == []
    wrong = [e.message for e in entries.values() if e.plural and len(e.forms) != script.FORMS[code]]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("code", ["ar", "en"])
def test_translations_use_the_values_their_message_has(package: str, code: str) -> None:
    more = {"%(hours)s h %(minutes)02d": {"hours_text", "minutes_text"}}
    for entry in read_po((ROOT / f"web/{package}/translations/{code}.po").read_text("utf-8")):
        given = set(PLACEHOLDER.findall(entry.message + entry.plural)) | more.get(entry.message, set())
        for form in entry.forms:
            used = set(PLACEHOLDER.findall(form))
            assert used <= given, entry.message
            # one and two may be said without their digit, everything else must appear
            assert entry.plural or entry.message in more or used == given, entry.message


def test_arabic_texts_are_in_arabic_script_and_keep_western_digits() -> None:
    arabic = languages([ROOT / "web/common/translations", ROOT / "web/site/translations"])["ar"]
    texts = [form for forms in arabic.catalogue.values() for form in forms]
    assert not [text for text in texts if re.search("[\u0660-\u0669\u06f0-\u06f9]", text)]
    bare = [PLACEHOLDER.sub("", text).strip(" s:،%02d«»") for text in texts]
    assert not [text for text in bare if text and not re.search("[\u0600-\u06ff]", text)]
