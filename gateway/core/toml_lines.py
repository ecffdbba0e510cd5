"""On which line a key of a TOML text stands: `tomllib` reads values only."""

from __future__ import annotations

import re

KeyPath = tuple[str | int, ...]
"""A key from the root: table names, keys, and positions (from 0) in arrays."""

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\]|\\.)*"'),
    re.compile(r"'[^']*'"),
)


def locate(text: str) -> dict[KeyPath, int]:
    """Line (from 1) of every table and key of a text that `tomllib` has accepted. Other texts give some answer too."""
    return _Scanner(text).run()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.lengths: dict[KeyPath, int] = {}
        self._counted_to = 0
        self._line = 1

    def run(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self._skip(_SPACE) and self.at < len(self.text):
            start = self.at
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)
            if self.at <= start:  # not TOML: give up rather than turn for ever
                break
        return self.lines

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return True

    def _note(self, path: KeyPath) -> None:
        self._line += self.text.count("\n", self._counted_to, self.at)
        self._counted_to = self.at
        self.lines.setdefault(path, self._line)

    def _key(self) -> tuple[str, ...]:
        """A key, dotted or not, quoted or not."""
        parts: list[str] = []
        while True:
            self._skip(_BLANK)
            match = next((m for p in (_BARE_KEY, *_STRINGS[2:]) if (m := p.match(self.text, self.at))), None)
            if match is None:
                return tuple(parts)
            parts.append(match[0].strip("\"'") if match[0][0] in "\"'" else match[0])
            self.at = match.end()
            self._skip(_BLANK)
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def _resolve(self, names: tuple[str, ...]) -> KeyPath:
        """A header's names with the position of the newest member of every array of tables on the way."""
        path: KeyPath = ()
        for name in names:
            path = (*path, name)
            if path in self.lengths:
                path = (*path, self.lengths[path] - 1)
        return path

    def _header(self) -> KeyPath:
        array = self.text.startswith("[[", self.at)
        start = self.at
        self.at += 2 if array else 1
        names = self._key()
        end, self.at = self.at, start
        if array:
            base = (*self._resolve(names[:-1]), *names[-1:])
            self.lengths[base] = self.lengths.get(base, 0) + 1
            self._note(base)
        path = self._resolve(names)
        self._note(path)
        self.at = end + (2 if array else 1)
        return path

    def _pair(self, table: KeyPath) -> None:
        start = self.at
        names = self._key()
        end, self.at = self.at, start
        for depth in range(1, len(names) + 1):
            self._note((*table, *names[:depth]))
        self.at = end
        self._skip(_BLANK)
        if self.text.startswith("=", self.at):
            self.at += 1
            self._skip(_BLANK)
            self._value((*table, *names))

    def _value(self, path: KeyPath) -> None:
        for pattern in _STRINGS:
            match = pattern.match(self.text, self.at)
            if match:
                self.at = match.end()
                return
        opening = self.text[self.at : self.at + 1]
        if opening not in ("[", "{"):
            self._skip(_SCALAR)
            return
        self.at += 1
        index = 0
        while self._skip(_SPACE) and self.at < len(self.text) and self.text[self.at] not in "]}":
            start = self.at
            if opening == "{":
                self._pair(path)
            else:
                self._note((*path, index))
                self._value((*path, index))
                index += 1
            self._skip(_SPACE)
            if self.text.startswith(",", self.at):
                self.at += 1
            if self.at <= start:
                return
        self.at += 1
