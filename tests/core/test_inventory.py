"""How the inventory fills itself: what a device says, a person's word above it, firmware, and machines that change."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.device import Device, Park
from gateway.core.inventory import (
    Card,
    Entry,
    EntryKind,
    cards,
    filled,
    ignored,
    news,
    proposal_key,
    same_serial,
    told,
)
from gateway.core.reading import Identity

SAID = EntryKind.SAID
A = {"vendor": "APC", "model": "SMT750", "serial": "AS 1-1", "firmware": "9.3", "mac": "00:c0:b7:00:00:01"}
B = {"vendor": "APC", "model": "SMT1500", "serial": "BS2", "firmware": "15.0"}


def said(at: float, **body: str) -> Entry:
    return Entry(SAID, "ups-1", at, body=body)


def card(*entries: Entry, serial: str = "") -> Card:
    return cards(Park([Device("ups-1", "Onduleur", serial=serial)]), entries)["ups-1"]


def kinds(entries: Sequence[Entry]) -> list[tuple[str, float]]:
    return [(one.kind, one.at) for one in entries]


def test_only_what_belongs_to_the_inventory_is_taken_from_an_identity() -> None:
    identity = Identity(
        "ups-apc", "ups", "APC", "SMT750", "AS1", "9.3", "ups", "1.3", "up 3 days", made_on="2019-05-06"
    )
    assert told(identity) == {
        "vendor": "APC", "model": "SMT750", "serial": "AS1", "firmware": "9.3", "made_on": "2019-05-06",
    }  # fmt: skip


def test_what_a_device_says_fills_the_gaps_and_a_persons_word_wins() -> None:
    device = Device("ups-1", "Onduleur", model="Smart-UPS 750 (salle 2)", firmware="8.0")
    known = filled(device, card(said(10, **A)))
    assert (known.vendor, known.model, known.serial, known.firmware) == ("APC", device.model, "AS 1-1", "8.0")
    assert dict(known.said) == A


def test_each_value_has_the_date_since_which_it_is_said() -> None:
    found = card(said(10, **A), said(20, **{**A, "firmware": "9.4"}))
    assert (found.since["serial"], found.since["firmware"]) == (10, 20)


def test_another_firmware_is_noted_with_both_versions() -> None:
    found = card(said(10, **A), said(20, **{**A, "firmware": "9.4"}), said(30, **{**A, "firmware": "9.4"}))
    assert [(one.at, dict(one.body)) for one in found.history] == [(20, {"firmware": "9.4", "instead_of": "9.3"})]


def test_another_serial_is_a_swap_to_be_confirmed_and_changes_nothing_by_itself() -> None:
    found = card(said(10, **A), said(20, **B), said(30, **{**B, "firmware": "15.1"}))
    assert found.swap is not None
    assert (found.swap.serial, found.swap.instead_of, found.swap.at, found.swap.before_at) == ("BS2", "AS 1-1", 20, 10)
    assert found.swap.told["firmware"] == "15.1"
    assert (dict(found.said), found.history) == (A, ())


def test_serial_that_a_person_wrote_down_is_what_is_compared() -> None:
    found = card(said(10, **B), serial="as11")
    assert found.swap is not None
    assert (found.swap.instead_of, found.swap.before_at, found.said) == ("as11", None, {})
    assert card(said(10, **A), serial="as11").swap is None


def test_machine_that_comes_back_ends_the_question() -> None:
    found = card(said(10, **A), said(20, **B), said(30, **A))
    assert (found.swap, dict(found.said)) == (None, A)


@pytest.mark.parametrize(("kind", "mac"), [(EntryKind.SWAPPED, None), (EntryKind.SAME, A["mac"])])
def test_a_person_says_whether_it_is_another_machine_or_the_same(kind: EntryKind, mac: str | None) -> None:
    settled = Entry(kind, "ups-1", 40, "Amel", {"serial": "BS2", "instead_of": "AS 1-1"})
    found = card(said(10, **A), said(20, **B), settled, said(50, **{**B, "firmware": "15.1"}))
    assert found.swap is None
    assert (found.said["serial"], found.said.get("mac")) == ("BS2", mac)
    assert kinds(found.history) == [(kind, 40), (SAID, 50)]


def test_the_old_machine_back_after_a_confirmed_swap_is_a_swap_again() -> None:
    settled = Entry(EntryKind.SWAPPED, "ups-1", 40, "Amel", {"serial": "BS2", "instead_of": "AS 1-1"})
    found = card(said(10, **A), said(20, **B), settled, said(60, **A))
    assert found.swap is not None
    assert (found.swap.serial, found.swap.instead_of) == ("AS 1-1", "BS2")


def test_who_wrote_which_value_down_is_known() -> None:
    added = Entry(EntryKind.ADDED, "ups-1", 5, "Amel", {"name": "Onduleur", "location": "Baie A"})
    changed = Entry(EntryKind.CHANGED, "ups-1", 9, "Karim", {"location": "Baie B"})
    found = card(added, changed)
    assert found.written == {"name": ("Amel", 5), "location": ("Karim", 9)}
    assert kinds(found.history) == [(EntryKind.ADDED, 5), (EntryKind.CHANGED, 9)]


def test_only_what_is_new_is_news() -> None:
    known = card(said(10, **A))
    assert news(known, A) == {}
    assert news(known, {"serial": "AS11"}) == {**A, "serial": "AS11"}
    assert news(known, {"firmware": "9.4"}) == {**A, "firmware": "9.4"}
    assert news(known, B) == B
    assert news(card(said(10, **A), said(20, **B)), A) == A


def test_an_uncertain_source_only_fills_gaps() -> None:
    known = card(said(10, **A))
    assert news(known, {"mac": "02:00:00:00:00:01", "made_on": "2020-01-06"}, sure=False) == {
        **A, "made_on": "2020-01-06",
    }  # fmt: skip
    assert news(known, B, sure=False) == {}


def test_a_proposal_that_nobody_wants_is_known_again_by_its_hardware_address() -> None:
    assert proposal_key("10.0.0.5", "02:00:00:00:00:05", "S1") == "02:00:00:00:00:05"
    assert proposal_key("10.0.0.5", "", "S-1") == "serial:s1"
    assert proposal_key("10.0.0.5", "", "") == "10.0.0.5"
    entries = [Entry(EntryKind.IGNORED, key, 1.0, "Amel") for key in ("a", "b")]
    assert list(ignored([*entries, Entry(EntryKind.WANTED, "a", 2.0, "Amel")])) == ["b"]


_told = st.dictionaries(st.sampled_from(["serial", "firmware", "model"]), st.sampled_from(["", "1", "2", "3"]))


@settings(derandomize=True, max_examples=300)
@given(st.lists(_told, max_size=12), st.sampled_from(["", "1"]))
def test_whatever_is_said_what_was_just_said_is_never_news_and_a_swap_has_two_serials(
    story: list[dict[str, str]], entered: str
) -> None:
    entries: list[Entry] = []
    for at, heard in enumerate(story):
        if new := news(card(*entries, serial=entered), {key: one for key, one in heard.items() if one}):
            entries.append(said(at, **new))
        found = card(*entries, serial=entered)
        assert news(found, {key: one for key, one in heard.items() if one}) == {}
        assert found.swap is None or not same_serial(found.swap.serial, found.swap.instead_of)
