"""The three languages of the pages. French is the text in the code; `translations/ar.po` and `en.po` hold the others.

The catalogues are plain gettext `.po` files, read once at import of an application: there is nothing to build and
nothing that can be out of date. `scripts/translations` brings them up to date with the code; a test counts what is
missing.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.core.people import Language as Code

CODES: tuple[Code, ...] = ("fr", "ar", "en")
NAMES = {"fr": ("FR", "FR, français"), "ar": ("ع", "ع، العربية"), "en": ("EN", "EN, English")}
"""Short name shown in the header, and the whole name read aloud."""

_FSI, _PDI = "\u2068", "\u2069"


def _arabic(n: int) -> int:
    """Index of the plural form as in the header of `ar.po` (CLDR: zero, one, two, few, many, other)."""
    if n < 3:
        return n
    if 3 <= n % 100 <= 10:
        return 3
    return 4 if n % 100 >= 11 else 5


_PLURALS: Mapping[str, Callable[[int], int]] = {
    "fr": lambda n: int(n > 1),
    "ar": _arabic,
    "en": lambda n: int(n != 1),
}


@dataclass(frozen=True, slots=True)
class Language:
    """One language with its catalogue: msgid -> forms (one, or as many as the language has plurals)."""

    code: Code = "fr"
    catalogue: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def dir(self) -> str:
        """Direction of writing for the `dir` attribute."""
        return "rtl" if self.code == "ar" else "ltr"

    def gettext(self, message: str, **values: object) -> str:
        """The message in this language with its ``%(name)s`` filled in; the French text where it is not translated."""
        text = self.catalogue.get(message, (message,))[0] or message
        return text % values if values else text

    def ngettext(self, one: str, many: str, n: int, **values: object) -> str:
        """The form for ``n`` things; ``%(n)s`` is filled in with it."""
        return self.plural(one, many, n) % {"n": n, **values}

    def plural(self, one: str, many: str, n: int) -> str:
        """The form for ``n`` things, not filled in."""
        forms = self.catalogue.get(one) or (one, many)
        return forms[min(_PLURALS[self.code](n), len(forms) - 1)] or (one if n < 2 else many)

    def isolate(self, text: str) -> str:
        """Keeps a name of unknown direction from disturbing the sentence round it (Unicode FSI ... PDI)."""
        return f"{_FSI}{text}{_PDI}" if self.code == "ar" and text else text


def msgid(text: str) -> str:
    """Marks a text that is translated where it is shown, not where it is written."""
    return text


@dataclass(slots=True)
class Entry:
    """One message of a `.po` file: msgid, optional msgid_plural, its forms."""

    message: str
    plural: str = ""
    forms: tuple[str, ...] = ("",)


def read_po(text: str) -> list[Entry]:
    """The messages of a `.po` file in the order of the file, its header left out. Comments are skipped."""
    entries: list[Entry] = []
    fields: dict[str, str] = {}
    key = ""
    for line in (*text.splitlines(), 'msgid ""'):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if not line.startswith('"'):
            key, _, line = line.partition(" ")
            if key == "msgid" and fields:
                entries.append(_entry(fields))
                fields = {}
        fields[key] = fields.get(key, "") + str(ast.literal_eval(line))
    return [entry for entry in entries if entry.message]


def _entry(fields: Mapping[str, str]) -> Entry:
    forms = tuple(value for key, value in fields.items() if key.startswith("msgstr"))
    return Entry(fields["msgid"], fields.get("msgid_plural", ""), forms)


def languages(folders: Iterable[Path]) -> dict[str, Language]:
    """The three languages from the catalogues in ``folders`` (`ar.po`, `en.po`); a later folder wins."""
    found: dict[str, Language] = {"fr": Language("fr")}
    waiting = list(folders)
    for code in CODES[1:]:
        catalogue: dict[str, tuple[str, ...]] = {}
        for folder in waiting:
            path = folder / f"{code}.po"
            if path.is_file():
                catalogue.update((entry.message, entry.forms) for entry in read_po(path.read_text("utf-8")))
        found[code] = Language(code, catalogue)
    return found


COMMON_TRANSLATIONS = Path(__file__).parent / "translations"
"""Catalogues of the texts that both faces share."""
