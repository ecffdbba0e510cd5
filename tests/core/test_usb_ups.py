"""UPSs by USB against what NUT has of them: one line, and what to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.health import State
from gateway.core.usb_ups import UpsLook, recognised, ups_findings

APC = "APC Back-UPS ES 700 (051d:0002)"


@pytest.mark.parametrize(
    ("vendor", "product", "name", "called"),
    [
        ("051d", "0002", "Back-UPS ES 700", APC),
        ("0463", "FFFF", "Ellipse PRO", "Eaton/MGE Ellipse PRO (0463:ffff)"),
        ("0764", "0501", "", "CyberPower (0764:0501)"),
        ("03f0", "1fe7", "T1500 G3", "HP T1500 G3 (03f0:1fe7)"),
        ("03f0", "0024", "Keyboard", ""),
        ("050d", "1102", "Network adapter", ""),
        ("1d6b", "0002", "Linux root hub", ""),
        ("", "", "", ""),
    ],
)
def test_a_ups_is_known_by_its_ids_and_a_keyboard_of_the_same_maker_is_none(
    vendor: str, product: str, name: str, called: str
) -> None:
    assert recognised(vendor, product, name) == called


@pytest.mark.parametrize(
    ("found", "state", "says", "remedy"),
    [
        (UpsLook([APC], silent="no upsd listens there"), State.WARNING, "no NUT answers", "docs/operate/ups.md"),
        (UpsLook([APC], None, silent="no upsd listens there"), State.WARNING, "nobody watches it", "set up NUT"),
        (UpsLook([APC], ["ups"], silent="refused"), State.WARNING, "no NUT answers", "systemctl restart"),
        (UpsLook([APC]), State.WARNING, "NUT knows no UPS", "set up NUT"),
        (UpsLook([APC], ["ups"], {"ups": "the driver has lost it"}), State.WARNING, "lost it", "check the cable"),
        (UpsLook([APC], ["ups"], {"ups": ""}), State.WARNING, "the inventory has not", 'nut_name = "ups"'),
        (UpsLook([APC], ["ups"], {"ups": ""}, wanted=["other"]), State.WARNING, "the inventory has not", "add it"),
        (UpsLook([APC], ["ups"], {"ups": ""}, wanted=["ups"]), State.OK, "NUT has it as ups", ""),
        (UpsLook((), ["ups"], silent="refused"), State.WARNING, "no UPS is plugged in by USB", "plug its cable"),
        (UpsLook((), None, silent="refused", wanted=["ups"]), State.WARNING, "set up for ups", "plug its cable"),
        (UpsLook((), ["a"], {"a": "lost", "b": "lost"}, wanted=["a"]), State.WARNING, "set up for a, b,", "plug"),
        (UpsLook((), [], {"rs232": ""}, wanted=["rs232"]), State.OK, "not by USB", ""),
    ],
)
def test_what_is_found_is_one_line_with_its_remedy(found: UpsLook, state: State, says: str, remedy: str) -> None:
    (finding,) = ups_findings(found)
    assert (finding.check, finding.state) == ("ups", state)
    assert says in finding.text
    assert remedy in finding.remedy
    assert bool(finding.remedy) == (state is State.WARNING)


def test_without_a_ups_and_without_nut_there_is_nothing_to_say() -> None:
    assert list(ups_findings(UpsLook())) == []
    assert list(ups_findings(UpsLook(configured=None))) == []


TEXTS = st.lists(st.text(max_size=5), max_size=2)


@given(TEXTS, st.none() | TEXTS, st.dictionaries(st.text(max_size=3), st.sampled_from(["", "lost"])), TEXTS)
def test_there_is_never_more_than_one_line(
    plugged: list[str], configured: list[str] | None, answers: dict[str, str], wanted: list[str]
) -> None:
    found = list(ups_findings(UpsLook(plugged, configured, answers, "", wanted)))
    assert len(found) <= 1
    assert all((one.state is State.OK) == (not one.remedy) for one in found)
