"""Formulas and templates: arithmetic on named numbers only, and nothing where a name has no value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.profiles.formula import Formula, Template


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", 6.0),
        ("a / b", 3.0),
        ("1 - b / a", 1 - 2 / 6),
        ("-a + b * 2.5", -1.0),
        ("(a - b) ** b", 16.0),
        ("-1 % 4294967296 + a * 0", 4294967295.0),
    ],
)
def test_a_formula_is_arithmetic_on_names(text: str, value: float) -> None:
    assert Formula(text)({"a": 6.0, "b": 2.0}.__getitem__) == pytest.approx(value)


@pytest.mark.parametrize("text", ["a / zero", "a + missing", "a ** 99999"])
def test_a_formula_without_an_answer_gives_nothing(text: str) -> None:
    assert Formula(text)({"a": 6.0, "zero": 0.0}.__getitem__) is None


def test_the_root_of_a_negative_number_gives_nothing() -> None:
    assert Formula("a ** 0.5")({"a": -4.0}.__getitem__) is None


@pytest.mark.parametrize(
    "text",
    ["", "1 + 2", "a b", "__import__('os')", "a.b", "a[0]", "a if b else c", "lambda: a", "'a'", "a // b", "True"],
)
def test_anything_but_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"formula|names no value"):
        Formula(text)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_formulas_agree_with_the_language_they_are_written_in(a: float, b: float) -> None:
    assert Formula("a * 2 - b")({"a": a, "b": b}.__getitem__) == a * 2 - b


def test_only_a_bare_name_is_a_raw_value() -> None:
    assert Formula("a").name == "a"
    assert Formula("a * 1").name is None
    assert Formula("b + a + b").names == ("b", "a")


def test_a_template_with_an_empty_name_is_empty() -> None:
    texts = {"vendor": "Example", "model": "", "descr": "Example 9, SN 17"}.__getitem__
    assert Template("{vendor} UPS")(texts) == "Example UPS"
    assert Template("{vendor} {model}")(texts) == ""
    assert Template("always")(texts) == "always"
    assert Template("{descr}", r"^(\w+) (\d+).*SN (\d+)")(texts) == "Example 9 17"
    assert Template("{descr}", r"rev (\d+)")(texts) == ""


def test_a_pattern_without_a_group_is_refused() -> None:
    with pytest.raises(ValueError, match="no group"):
        Template("{a}", "x+")


def test_a_logarithm_turns_milliwatts_into_dbm_and_nothing_into_no_reading() -> None:
    formula = Formula("10 * log10(milliwatts)")
    assert formula.names == ("milliwatts",)
    assert formula({"milliwatts": 0.5}.__getitem__) == pytest.approx(-3.0103, abs=1e-4)
    assert formula({"milliwatts": 0.0}.__getitem__) is None
    assert formula({"milliwatts": -1.0}.__getitem__) is None


@pytest.mark.parametrize("text", ["log(x)", "log10(x, 2)", "log10(value=x)", "x.log10()", "__import__('os')"])
def test_no_other_function_is_known(text: str) -> None:
    with pytest.raises(ValueError, match="formula"):
        Formula(text)
