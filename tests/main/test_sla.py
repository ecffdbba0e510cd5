"""`vigie sla`: the answer on plain facts, and every fault of a bad file with its line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.core.errors import InputError
from gateway.main.sla import sla
from gateway.main.sla_facts import read_question

FACTS: dict[str, Any] = {
    "calendar": {
        "timezone": "Africa/Algiers",
        "week": {"mon": [["08:00", "12:00"], ["13:00", "16:30"]], "thu": ["08:00", "16:30"]},
        "holidays": "DZ",
        "special": [{"from": "2026-06-08", "to": "2026-06-08", "week": {}}],
    },
    "period": ["2026-05-31T23:00:00Z", "2026-06-30T23:00:00Z"],
    "outages": [["2026-06-01T11:30:00+01:00", "2026-06-01T12:30:00Z"], ["2026-06-29T15:00:00Z", None]],
    "maintenance": [],
    "unknown": [["2026-06-22T07:00:00Z", "2026-06-22T08:00:00Z"]],
    "due": [
        {"at": "2026-06-01T10:00:00Z", "business_s": 14400},
        {"at": "2026-06-01T10:00:00.500Z", "business_s": 60, "pending": [["2026-06-01T10:30:00Z", None]]},
        {"at": "2026-06-01T10:00:00Z", "business_s": 14400, "pending": [["2026-06-01T10:30:00Z", None]]},
    ],
}


def ask(facts: object, *options: str) -> tuple[int, str]:
    """Exit status and standard output of `vigie sla -`."""
    text = facts if isinstance(facts, str) else json.dumps(facts)
    done = CliRunner().invoke(sla, ["-", *options], input=text, standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.exit_code, done.stdout


def test_the_answer_has_every_promised_key() -> None:
    answer = json.loads(ask(FACTS)[1])
    assert list(answer) == [
        *("availability", "coverage", "bounds", "contract_s", "down_s", "unknown_s", "maintenance_s"),
        *("mttr_business_s", "mttr_wall_s", "mtbf_s", "outages", "due_at"),
    ]
    # 4 open mondays (the 8th is closed by special hours) of 7.5 h, 3 thursdays (the 25th is a feast) of 8.5 h, less 1 h
    assert answer["contract_s"] == (4 * 7.5 + 3 * 8.5 - 1) * 3600
    # 11:30 to 12:00 and 13:00 to 13:30 local; 16:00 to 16:30 local on the 29th
    assert answer["down_s"] == 5400
    assert (answer["mttr_business_s"], answer["mttr_wall_s"], answer["outages"]) == (3600, 7200, 2)


def test_due_dates_stop_for_lunch_and_have_none_while_a_pause_lasts() -> None:
    answer = json.loads(ask(FACTS)[1])
    assert answer["due_at"] == ["2026-06-01T15:00:00Z", "2026-06-01T10:01:00.500Z", None]


def test_nothing_measured_is_null_never_zero_or_one() -> None:
    facts = {**FACTS, "unknown": [["2026-01-01T00:00:00Z", None]], "due": []}
    answer = json.loads(ask(facts)[1])
    assert (answer["availability"], answer["coverage"], answer["bounds"][0]) == (None, 0.0, 0.0)


def test_always_on_needs_no_calendar() -> None:
    facts = {"always_on": True, "period": ["2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z"]}
    assert json.loads(ask(facts)[1])["contract_s"] == 86_400


def test_text_output_has_a_line_for_each_figure() -> None:
    assert "down_s: 5400" in ask(FACTS, "--text")[1].splitlines()


BAD = """{"calendar": {"timezone": "Mars/Base", "week": {"sun": ["08:00", "25:30"],
  "mo": []}, "holidays": "ZZ"},
 "period": ["2026-06-02T00:00:00Z", "2026-06-01T00:00:00Z"],
 "outages": [["2026-06-01T00:00:00Z"],
   ["yesterday", null], ["2026-06-01T00:00:00", null]],
 "outage": [],
 "always_on": "yes",
 "due": [{"at": "2026-06-01T00:00:00Z"}, {"business_s": 5}]}
"""


def test_all_faults_are_told_at_once_with_line_and_remedy() -> None:
    with pytest.raises(InputError) as caught:
        read_question(BAD, "facts.json")
    told = [(fault.line, fault.what) for fault in caught.value.faults]
    assert told == [
        (1, 'time zone "Mars/Base" does not exist'),
        (1, "calendar.week.sun = ['08:00', '25:30'] are no opening hours"),
        (2, 'unknown key "calendar.week.mo"'),
        (2, 'holidays of country "ZZ" are not known'),
        (3, "period ends before it starts"),
        (4, "outages.1 is no pair of instants"),
        (5, "outages.2: 'yesterday' is no instant"),
        (5, "outages.3: '2026-06-01T00:00:00' has no time zone"),
        (6, 'unknown key "outage"'),
        (7, "always_on is text ('yes')"),
        (8, "due.1.business_s is missing"),
        (8, "due.2.at: None is no instant"),
    ]
    assert all(fault.remedy for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("{\n", 2, "not valid JSON"),
        ("[]", 1, "the facts are not a JSON object"),
        ("{}", 0, "period is missing"),
        ('{"always_on": true, "period": 5}', 1, "period is a whole number"),
        ('{"always_on": true, "period": ["2026-06-01T00:00:00Z", "2026-06-01T00:00:00Z"]}', 1, "has no length"),
    ],
)
def test_a_file_that_is_no_facts_is_refused(text: str, line: int, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        ask(text)
    assert caught.value.faults[0].line == line


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        CliRunner().invoke(sla, [str(tmp_path / "none.json")], standalone_mode=False, catch_exceptions=False)


def test_the_example_of_the_reference_is_what_is_answered() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "service-levels.md").read_text()
    facts, expected = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    assert json.loads(ask(facts)[1]) == json.loads(expected)
