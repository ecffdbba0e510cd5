"""What devices say of themselves is told to headquarters: firmware as seen on the wire, not as once written down."""

from __future__ import annotations

from gateway.agent.status import Latest
from gateway.core.device import Device, Park, Service
from gateway.core.reading import Identity, Poll

PARK = Park([Device("sw-1", "Switch", vendor="Cisco", firmware="3.0"), Device("srv-1", "S")], [Service("erp", "ERP")])


def seen(latest: Latest, device: str, **said: str) -> None:
    poll = Poll(device, "snmp", 0.0, identity=Identity(kind="switch", **said))
    latest.take(device, [poll], (), 0.0)


def test_firmware_is_that_of_the_wire_and_gaps_are_filled() -> None:
    latest = Latest()
    seen(latest, "sw-1", vendor="Cisco Systems", model="CBS250", firmware="3.2")
    park = latest.identified(PARK)
    switch = park.devices["sw-1"]
    assert (switch.vendor, switch.model, switch.firmware) == ("Cisco", "CBS250", "3.2")
    assert park.devices["srv-1"] == PARK.devices["srv-1"]
    assert list(park.services) == ["erp"]


def test_a_device_that_says_no_version_keeps_the_one_written_down() -> None:
    latest = Latest()
    seen(latest, "sw-1", vendor="Cisco")
    assert latest.identified(PARK).devices["sw-1"].firmware == "3.0"


def test_only_another_version_is_news() -> None:
    latest = Latest()
    assert not latest.news
    seen(latest, "sw-1", firmware="3.2", description="up 1 day")
    assert latest.news
    latest.identified(PARK)
    seen(latest, "sw-1", firmware="3.2", description="up 2 days")
    assert not latest.news
    seen(latest, "sw-1", firmware="3.3")
    assert latest.news
