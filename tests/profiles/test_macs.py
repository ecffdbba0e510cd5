"""A hardware address names the maker of the network card, where it is known."""

from __future__ import annotations

import re

import pytest

from gateway.profiles import macs
from gateway.profiles.macs import mac_vendor


@pytest.mark.parametrize(
    ("mac", "maker"),
    [
        ("00:1b:a9:0b:a7:52", "Brother"),
        ("AC-CC-8E-00-00-01", "Axis"),
        ("02:00:00:00:00:01", ""),
        ("", ""),
    ],
)
def test_the_maker_behind_an_address(mac: str, maker: str) -> None:
    assert mac_vendor(mac) == maker


def test_every_block_is_three_bytes_belongs_to_one_maker_and_is_no_local_or_group_address() -> None:
    blocks = [block for listed in macs._BLOCKS.values() for block in listed.split()]
    assert len(blocks) == len(set(blocks))
    for block in blocks:
        assert re.fullmatch("[0-9A-F]{6}", block)
        assert not int(block[:2], 16) & 3
