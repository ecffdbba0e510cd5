"""Puts safe shutdown around the collectors that ask UPSs."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.agent.safe_shutdown import Hands, SafeShutdown
from gateway.clock import Clock
from gateway.collect.asking import NoAnswerError
from gateway.collect.reach import Reach
from gateway.collect.ssh import Shell
from gateway.core.device import Device, Kind, Park
from gateway.core.errors import Fault
from gateway.core.reading import Failure
from gateway.ports import Collector
from gateway.settings import Settings

_TIMEOUT_S = 20.0


def shutdown_faults(settings: Settings, park: Park) -> list[Fault]:
    """Servers of `[shutdown]` that could not be shut down: unknown, on no UPS, or without SSH."""
    found: list[Fault] = []
    for name in settings.shutdown.devices:
        device = park.devices.get(name)
        ups = park.devices.get(device.power or "") if device else None
        if device is None:
            found.append(_fault(settings, f'shutdown: no device "{name}"', "name devices of the inventory"))
        elif ups is None or ups.kind is not Kind.UPS:
            found.append(_fault(settings, f"shutdown: {name} is fed by no UPS", 'set its power = "ID OF THE UPS"'))
        elif "ssh" not in device.access and device.credential is None:
            found.append(_fault(settings, f"shutdown: {name} has no SSH", 'set its access = ["ssh=NAME"]'))
    return found


def _fault(settings: Settings, what: str, remedy: str) -> Fault:
    return Fault(str(settings.inventory), 0, what, remedy)


def with_safe_shutdown(
    settings: Settings, park: Park, clock: Clock, collectors: Mapping[str, Collector], shell: Shell
) -> Mapping[str, Collector]:
    """The same collectors; those that ask UPSs also shut servers down, if the site wants that."""
    if not settings.shutdown.devices:
        return collectors
    given, wanted = hands(settings, clock, shell), settings.shutdown.devices
    return {
        name: SafeShutdown(one, park, wanted, clock, given) if name in ("snmp", "nut") else one
        for name, one in collectors.items()
    }


def hands(settings: Settings, clock: Clock, shell: Shell) -> Hands:
    """What is done to servers: the word ``shutdown`` over SSH, and echo requests for whether they are still there."""
    reach = Reach(clock)

    async def stop(device: Device) -> Failure | None:
        try:
            await shell.run(device, "shutdown", _TIMEOUT_S)
        except NoAnswerError as error:
            return error.failure
        return None

    async def answers(device: Device) -> bool:
        poll = await reach.poll(device)
        return not any(one.metric == "reach.up" and one.value == 0 for one in poll.readings)

    return Hands(stop, answers, settings.shutdown.dry_run)
