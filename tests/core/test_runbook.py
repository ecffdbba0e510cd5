"""Runbooks: each cause has one in three languages, faults have lines, sites add their own, ticks keep their author."""

from __future__ import annotations

import pytest

from gateway.core.errors import InputError
from gateway.core.grammar import LANGUAGES
from gateway.core.incident import Cause, Change, ChangeKind, fold
from gateway.core.runbook import Audience, Runbook, merged, read_runbook, step_text, ticked
from gateway.runbooks import shipped_runbooks

STEP = '[[step]]\nid = "look"\nfor = "anyone"\nfr = "Regardez."\nar = "انظروا."\nen = "Look."\n'


def own(text: str, cause: str = "disk_full") -> Runbook:
    return read_runbook(text, f"site/{cause}.toml", shipped=False)


def faults(text: str, file: str = "disk_full.toml", *, shipped: bool = True) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_runbook(text, file, shipped=shipped)
    return [f"{fault.line}: {fault.what}" for fault in caught.value.faults]


def test_every_cause_has_steps_for_anybody_and_for_a_technician_in_three_languages() -> None:
    books = shipped_runbooks()
    assert set(books) == set(Cause)
    for book in books.values():
        assert book.of(Audience.ANYONE)
        assert book.of(Audience.TECHNICIAN)
        assert all(set(step.texts) == set(LANGUAGES) for step in book.steps)


def test_arabic_is_arabic_and_the_others_are_not() -> None:
    for book in shipped_runbooks().values():
        for step in book.steps:
            assert any("\u0600" <= char <= "\u06ff" for char in step.text("ar")), step.key
            assert not any("\u0600" <= char <= "\u06ff" for char in step.text("fr") + step.text("en")), step.key


def test_french_keeps_its_signs_on_the_line() -> None:
    texts = [step.text("fr") for book in shipped_runbooks().values() for step in book.steps]
    assert [text for text in texts if " :" in text or " ;" in text or " ?" in text or " %" in text] == []


def test_a_missing_language_an_unknown_key_and_a_double_id_are_told_with_their_lines() -> None:
    text = STEP.replace('ar = "انظروا."\n', "") + "colour = 3\n" + STEP
    assert faults(text) == [
        "1: step.1 has no text in ar",
        '6: unknown key "step.1.colour"',
        '8: step "look" is there twice',
    ]


def test_a_file_that_is_named_after_no_cause_is_refused() -> None:
    assert faults(STEP, "fire.toml") == ['0: "fire" is no cause']


def test_a_file_without_steps_is_refused() -> None:
    assert faults("") == ["0: there is no step"]


def test_a_site_needs_one_language_only() -> None:
    (step,) = own('[[step]]\nid = "call"\nfr = "Appelez Karim."\n').steps
    assert [step.text(language) for language in LANGUAGES] == ["Appelez Karim."] * 3
    assert faults('[[step]]\nid = "call"\n', "disk_full.toml", shipped=False) == ["1: step.1 has no text in fr, ar, en"]


def test_a_site_puts_its_own_step_in_the_place_of_a_shipped_one() -> None:
    book = merged(shipped_runbooks(), [own('[[step]]\nid = "no-copy"\nfr = "Rien."\n')])["disk_full"]
    before = shipped_runbooks()["disk_full"]
    assert [step.id for step in book.steps] == [step.id for step in before.steps]
    assert book.steps[0].text("fr") == "Rien."


def test_a_site_adds_a_step_where_it_says_or_at_the_end_of_its_audience() -> None:
    text = (
        '[[step]]\nid = "cold"\nafter = "no-copy"\nfr = "A"\n[[step]]\nid = "last"\nfor = "technician"\nfr = "B"\n'
        '[[step]]\nid = "more"\nfr = "C"\n'
    )
    names = [step.id for step in merged(shipped_runbooks(), [own(text)])["disk_full"].steps]
    assert names[:4] == ["no-copy", "cold", "own-files", "more"]
    assert names[-1] == "last"


def test_the_first_tick_of_a_step_is_the_one_that_counts() -> None:
    changes = [
        Change("a", ChangeKind.OPENED, 1.0, 1.0, cause="disk_full", priority="P3"),
        Change("a", ChangeKind.TICKED, 2.0, 2.0, "Karim", "disk_full/what"),
        Change("a", ChangeKind.TICKED, 3.0, 3.0, "Samira", "disk_full/what"),
    ]
    ticks = ticked(fold(changes)["a"])
    assert [(key, one.who, one.at) for key, one in ticks.items()] == [("disk_full/what", "Karim", 2.0)]


def test_a_ticked_step_that_is_not_known_any_more_keeps_its_id() -> None:
    assert step_text("disk_full/no-copy", shipped_runbooks(), "en").startswith("Copy no large files")
    assert step_text("disk_full/gone", shipped_runbooks(), "en") == "disk_full/gone"
