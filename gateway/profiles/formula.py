"""The two small languages of profiles: formulas over named numbers, and text with names in braces. Pure."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable

Numbers = Callable[[str], float]
"""Gives the number of a name; raises LookupError where the device did not answer."""

Texts = Callable[[str], str]
"""Gives the text of a name, "" where the device did not answer."""

_Node = Callable[[Numbers], float]

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}


class Formula:
    """An arithmetic expression such as ``used * units`` or ``10 * log10(milliwatts)``. ``names`` in order of
    appearance."""

    def __init__(self, text: str) -> None:
        try:
            tree = ast.parse(text, mode="eval").body
        except SyntaxError:
            raise ValueError(f"{text!r} is not a formula") from None
        self.text = text
        found: list[str] = []
        self._evaluate = _build(tree, found)
        self.names = tuple(dict.fromkeys(found))
        if not self.names:
            raise ValueError(f"{text!r} names no value of the device")

    @property
    def name(self) -> str | None:
        """The name, where the formula is a name and nothing else: only such a value can be a state."""
        return self.text if self.names == (self.text,) else None

    def __call__(self, numbers: Numbers) -> float | None:
        """The value; None where a name has no number or the arithmetic has no answer (a division by zero)."""
        try:
            value = self._evaluate(numbers)
        except (LookupError, ArithmeticError, ValueError):  # ValueError: the logarithm of nothing
            return None
        return None if isinstance(value, complex) else value


def _build(node: ast.expr, names: list[str]) -> _Node:
    match node:
        case ast.Name(id=name):
            names.append(name)
            return lambda numbers: numbers(name)
        case ast.Constant(value=int() | float() as value):
            return lambda _numbers: float(value)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            negated = _build(inner, names)
            return lambda numbers: -negated(numbers)
        case ast.Call(func=ast.Name(id="log10"), args=[inner], keywords=[]):
            given = _build(inner, names)
            return lambda numbers: math.log10(given(numbers))
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
            apply, one, other = _BINARY[type(sign)], _build(left, names), _build(right, names)
            return lambda numbers: apply(one(numbers), other(numbers))
    raise ValueError(f"{ast.unparse(node)!r}: a formula has names, numbers, + - * / % ** log10() and parentheses only")


class Template:
    """Text with names in braces, such as ``{vendor} {model}``; ``pattern`` keeps its groups of the filled text."""

    _NAME = re.compile(r"\{(\w+)\}")

    def __init__(self, text: str, pattern: str = "") -> None:
        self.text = text
        self.names = tuple(self._NAME.findall(text))
        self._pattern = re.compile(pattern) if pattern else None
        if self._pattern and not self._pattern.groups:
            raise ValueError(f"{pattern!r} has no group: nothing would be kept")

    def __call__(self, texts: Texts) -> str:
        """The filled text; "" where a name has no text or the pattern is not found."""
        values = {name: texts(name) for name in self.names}
        if not all(values.values()):
            return ""
        filled = self._NAME.sub(lambda match: values[match[1]], self.text)
        if self._pattern is None:
            return filled
        found = self._pattern.search(filled)
        return " ".join(group.strip() for group in found.groups() if group) if found else ""
