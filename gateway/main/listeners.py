"""Chooses the listeners of the agent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gateway.clock import Clock
from gateway.collect.syslog import SyslogListener, read_patterns
from gateway.core.device import Park
from gateway.core.heard import senders
from gateway.ports import Listener
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.collect.snmp import SnmpAuth


def build_listeners(
    settings: Settings, park: Park, clock: Clock, credentials: Callable[[], Sequence[SnmpAuth]]
) -> list[Listener]:
    """What the settings switch on, not opened yet. Raises InputError for faulty patterns of the site."""
    known = senders(park.devices.values())
    listeners: list[Listener] = []
    if settings.traps:
        from gateway.collect.trap import TrapListener

        bind = (settings.traps.host, settings.traps.port)
        listeners.append(TrapListener(known, credentials(), clock, bind=bind, site=settings.site.id))
    if settings.syslog:
        chosen = settings.syslog
        patterns, ports = read_patterns(chosen.patterns), (chosen.udp or None, chosen.tcp or None)
        listeners.append(SyslogListener(known, patterns, clock, host=chosen.host, ports=ports))
    return listeners
