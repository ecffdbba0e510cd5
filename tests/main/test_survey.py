"""The agent's own sweep on the loopback: what it leaves out, and where it may not go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.core.device import Device, Park
from gateway.core.errors import InputError, VigieError
from gateway.main.survey import SiteSurvey
from gateway.settings import DiscoverySettings, Settings, parse

HOST = "127.0.0.93"
pytestmark = pytest.mark.xdist_group("survey")  # one printer's port on one address
SITE = '[site]\nid = "d"\n[networks]\nranges = ["127.0.0.93/32"]\n[discovery]\nenabled = true\nrate = 200\n'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return parse(SITE, tmp_path / "site.toml")


@pytest.fixture
async def printer() -> AsyncIterator[None]:
    try:
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), HOST, 9100)
    except OSError:
        pytest.skip("port 9100 of the loopback is taken")
    yield
    server.close()


async def look(settings: Settings, *known: Device) -> Mapping[str, Any]:
    return await SiteSurvey(settings, FakeClock(1e9), dict).look(Park(known))


async def test_what_is_new_is_told_with_its_reasons(settings: Settings, printer: None) -> None:
    document = await look(settings)
    (row,) = document["found"]
    assert (row["address"], row["standing"], row["device"]["kind"]) == (HOST, "new", "printer")
    assert "kind: open port 9100" in row["because"]
    assert (document["at"], document["networks"], document["asked"], document["more"]) == (1e9, [f"{HOST}/32"], 1, 0)


async def test_what_is_known_is_left_out(settings: Settings, printer: None) -> None:
    document = await look(settings, Device("prn-1", "Imprimante", address=HOST))
    assert document["found"] == []


async def test_range_that_is_too_large_is_refused(settings: Settings) -> None:
    with pytest.raises(VigieError, match="sweep /20 at most"):
        await look(replace(settings, networks=("10.0.0.0/8",)))


async def test_a_site_that_wants_no_sweep_by_itself_can_still_be_swept_when_asked(settings: Settings) -> None:
    quiet = SiteSurvey(replace(settings, discovery=DiscoverySettings()), FakeClock(), dict)
    assert quiet.every_s is None
    assert (await quiet.look(Park()))["asked"] == 1


def test_nothing_is_swept_unless_asked_and_never_more_than_once_an_hour(tmp_path: Path) -> None:
    assert parse('[site]\nid = "d"\n', tmp_path / "s.toml").discovery == DiscoverySettings(enabled=False)
    with pytest.raises(InputError, match="more than once an hour"):
        parse('[site]\nid = "d"\n[discovery]\nevery = "5m"\n', tmp_path / "s.toml")
