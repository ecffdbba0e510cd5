"""The age of a device is told by a date or by a serial number of a published form, and never guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.profiles.age import made_on


@pytest.mark.parametrize(
    ("told", "vendor", "serial", "made"),
    [
        ("07:e2:05:15:00:00:00:00:00:00:00", "", "", "2018-05-21"),  # RFC 2579 DateAndTime
        ("2019-02-14", "", "", "2019-02-14"),
        ("2/14/2019", "", "", "2019-02-14"),
        ("02/14/19", "APC", "AS2007242163", "2019-02-14"),  # what the device tells has the word
        ("", "APC", "AS1907242163", "2019-02-11"),
        ("", "Cisco", "FDO2249A154", "2018-12-03"),
        ("", "Cisco", "CAT0912N0CU", "2005-03-21"),
        ("00:00:00:00:00:00:00:00", "", "", ""),
        ("13/45/19", "", "", ""),
        ("", "Cisco", "FDO2299A154", ""),  # there is no week 99
        ("", "Dell", "AS1907242163", ""),  # another maker's numbers mean something else
        ("unknown", "APC", "5A1907", ""),
    ],
)
def test_the_day_a_device_was_made(told: str, vendor: str, serial: str, made: str) -> None:
    assert made_on(told, vendor, serial) == made


@given(told=st.text(max_size=40), serial=st.text(max_size=20), vendor=st.sampled_from(["APC", "Cisco", ""]))
def test_any_text_gives_a_day_or_nothing(told: str, serial: str, vendor: str) -> None:
    made = made_on(told, vendor, serial)
    assert made == "" or (len(made) == 10 and made >= "1990")
