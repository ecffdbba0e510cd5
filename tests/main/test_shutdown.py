"""Safe shutdown as `site.toml` asks for it: faults that `vigie check` tells, and which collectors are wrapped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.agent.safe_shutdown import SafeShutdown
from gateway.clock import FakeClock
from gateway.collect.nut import Nut
from gateway.collect.reach import Reach
from gateway.collect.ssh import FakeShell
from gateway.core.device import Device, Kind, Park
from gateway.core.errors import InputError
from gateway.main.shutdown import shutdown_faults, with_safe_shutdown
from gateway.settings import Settings, parse

SITE = '[site]\nid = "depot"\nname = "Depot"\n'
UPS = Device("ups-1", "UPS", Kind.UPS)
SERVER = Device("srv-1", "Server", Kind.SERVER, power="ups-1", access={"ssh": "it"})


def settings(extra: str = "") -> Settings:
    return parse(SITE + extra, Path("site.toml"))


def test_it_is_off_and_a_dry_run_unless_said_otherwise() -> None:
    assert settings().shutdown.devices == ()
    assert settings('[shutdown]\ndevices = ["srv-1"]\n').shutdown.dry_run
    assert not settings('[shutdown]\ndevices = ["srv-1"]\ndry_run = false\n').shutdown.dry_run


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(InputError, match="dryrun"):
        settings("[shutdown]\ndryrun = false\n")


@pytest.mark.parametrize(
    ("server", "says"),
    [
        (replace(SERVER, id="srv-2"), 'no device "srv-1"'),
        (replace(SERVER, power=None), "fed by no UPS"),
        (replace(SERVER, power="srv-1"), "fed by no UPS"),
        (replace(SERVER, access={}), "has no SSH"),
    ],
)
def test_a_server_that_could_not_be_shut_down_is_a_fault(server: Device, says: str) -> None:
    (fault,) = shutdown_faults(settings('[shutdown]\ndevices = ["srv-1"]\n'), Park([UPS, server]))
    assert says in fault.what
    assert fault.remedy


def test_only_what_asks_ups_is_wrapped_and_only_if_wanted() -> None:
    clock, park = FakeClock(), Park([UPS, SERVER])
    collectors = {"nut": Nut(clock), "reach": Reach(clock)}
    shell = FakeShell({})
    assert with_safe_shutdown(settings(), park, clock, collectors, shell) is collectors
    wanted = settings('[shutdown]\ndevices = ["srv-1"]\n')
    assert shutdown_faults(wanted, park) == []
    wrapped = with_safe_shutdown(wanted, park, clock, collectors, shell)
    assert isinstance(wrapped["nut"], SafeShutdown)
    assert wrapped["reach"] is collectors["reach"]
