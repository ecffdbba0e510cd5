"""On which line a key of a JSON text stands: ``json`` reads values only."""

from __future__ import annotations

import json
import re

from gateway.core.toml_lines import KeyPath

_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+|\n')


def locate(text: str) -> dict[KeyPath, int]:
    """Line (from 1) of every key and array element of a text that ``json`` has accepted."""
    lines: dict[KeyPath, int] = {}
    path: list[str | int] = []
    line, expects_key = 1, False
    for mark in _MARK.findall(text):
        if mark == "\n":
            line += 1
        elif mark == ",":
            last = path[-1]
            expects_key = isinstance(last, str)
            if isinstance(last, int):
                path[-1] = last + 1
        elif mark in "}]":
            path.pop()
            expects_key = False
        elif expects_key:
            path[-1] = json.loads(mark)
            lines[tuple(path)] = line
            expects_key = False
        elif mark != ":":  # a value begins
            if path and isinstance(path[-1], int):
                lines[tuple(path)] = line
            if mark in "{[":
                path.append("" if mark == "{" else 0)
                expects_key = mark == "{"
    return lines
