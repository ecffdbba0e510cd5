"""`vigie doctor` and UPSs by USB: a machine's folders made by the test, and a real upsd."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.collect.asking import NoAnswerError
from gateway.collect.nut import known
from gateway.collect.usb import configured, plugged
from gateway.core.health import State
from gateway.core.usb_ups import UpsLook, ups_findings
from gateway.main.doctor import look_at_ups
from gateway.settings import Settings, parse
from gateway.simulate.nut import installed
from tests.collect.test_nut_real import Ups, until
from tests.conftest import free_port

CONF = """# comment
maxretry = 3
[ups]
    driver = usbhid-ups
    port = auto
[old]
    driver = "blazer_usb"
[serial]
    driver = apcsmart
"""


def device(root: Path, name: str, **files: str) -> None:
    folder = root / "sys/bus/usb/devices" / name
    folder.mkdir(parents=True)
    for key, text in files.items():
        (folder / key).write_text(f"{text}\n")


def site(folder: Path, port: int, inventory: str) -> Settings:
    (folder / "inventory.toml").write_text(inventory.replace("PORT", str(port)))
    text = '[site]\nid = "d"\n[inventory]\npath = "inventory.toml"\n'
    return parse(text, folder / "site.toml")


ASKED = '[[device]]\nid = "u"\nkind = "ups"\naddress = "127.0.0.1"\ncollect = ["nut"]\nports = { nut = PORT }\n'


def test_ups_are_found_among_what_is_plugged_in(tmp_path: Path) -> None:
    assert plugged(tmp_path) == []
    device(tmp_path, "usb1", idVendor="1d6b", idProduct="0002", product="root hub")
    device(tmp_path, "1-1.2", idVendor="051d", idProduct="0002", product="Back-UPS ES 700 FW:871")
    device(tmp_path, "1-1.2:1.0", bInterfaceClass="03")
    device(tmp_path, "1-1.3", idVendor="0463", idProduct="ffff")
    assert plugged(tmp_path) == ["APC Back-UPS ES 700 FW:871 (051d:0002)", "Eaton/MGE (0463:ffff)"]


def test_sections_with_a_driver_for_usb_are_found_in_ups_conf(tmp_path: Path) -> None:
    assert configured(tmp_path) == []
    (tmp_path / "etc/nut").mkdir(parents=True)
    (tmp_path / "etc/nut/ups.conf").write_text(CONF)
    assert configured(tmp_path) == ["ups", "old"]
    (tmp_path / "etc/nut/ups.conf").unlink()
    (tmp_path / "etc/nut/ups.conf").mkdir()
    assert configured(tmp_path) is None, "there, but not to be read"


def test_nobody_is_asked_where_there_is_nothing(tmp_path: Path) -> None:
    assert look_at_ups(None, tmp_path) == UpsLook()
    assert look_at_ups(site(tmp_path, 1, ""), tmp_path) == UpsLook()


def test_a_ups_that_nobody_watches_is_told(tmp_path: Path) -> None:
    device(tmp_path, "1-1", idVendor="0764", idProduct="0501", product="CP1500")
    elsewhere = ASKED.replace('"127.0.0.1"', '"10.0.0.9"')
    nothing = look_at_ups(site(tmp_path, free_port(), ASKED), tmp_path)
    assert (nothing.wanted, nothing.silent) == (["ups"], "no upsd listens there")
    assert look_at_ups(site(tmp_path, free_port(), elsewhere), tmp_path).wanted == []
    (finding,) = ups_findings(nothing)
    assert finding.state is State.WARNING
    assert "CyberPower CP1500 (0764:0501) is plugged in by USB" in finding.text


def test_an_inventory_that_cannot_be_read_is_somebody_elses_business(tmp_path: Path) -> None:
    assert look_at_ups(site(tmp_path, 1, "[[device"), tmp_path) == UpsLook()


@pytest.fixture
async def ups(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ups]:
    found = Ups(tmp_path_factory.mktemp("d"))
    await found.start()
    yield found
    await found.close()


@pytest.mark.integration
@pytest.mark.skipif(installed() is None, reason="nut-server is not installed")
async def test_what_a_real_upsd_has_and_has_lost(ups: Ups) -> None:
    await until(ups, lambda poll: poll.failure is None)
    assert await known("127.0.0.1", ups.port) == {"ups": ""}
    await ups.end("dummy-ups")
    await until(ups, lambda poll: poll.failure is not None)
    (lost,) = (await known("127.0.0.1", ups.port)).values()
    assert "driver" in lost


async def test_no_upsd_is_a_named_failure() -> None:
    with pytest.raises(NoAnswerError) as error:
        await known("127.0.0.1", free_port())
    assert error.value.failure.detail == "no upsd listens there"
