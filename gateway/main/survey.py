"""The scheduled sweep of the agent: the networks of the site, one after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gateway.clock import Clock
from gateway.collect import host_names
from gateway.collect.discover import Means, Pace, Sweep
from gateway.collect.discover_snmp import SnmpAsker
from gateway.collect.echo import Echo
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.surroundings import addresses, attached, own_addresses, permitted, surroundings
from gateway.core.device import Device, Park
from gateway.core.discovery import NO_CREDENTIAL, Finding, Proposal, Standing, propose
from gateway.core.inventory import proposal_key, told
from gateway.profiles.load import shipped
from gateway.settings import Settings
from gateway.store.inventory_form import device_values

GIVEN = "given"
"""Begins the name of a credential that was given on the command line: it has no name in site.toml yet."""

ROWS = 100
"""Proposals that the status document tells at most."""


class SiteSurvey:
    """Sweeps ``[networks] ranges``, or the private networks at the box's own ports where none are named."""

    def __init__(self, settings: Settings, clock: Clock, credentials: Callable[[], Mapping[str, SnmpAuth]]) -> None:
        self.every_s = settings.discovery.every_s if settings.discovery.enabled else None
        self._settings, self._clock, self._credentials = settings, clock, credentials

    async def look(self, known: Park) -> Mapping[str, Any]:
        """Proposals that differ from the inventory. Raises VigieError for a range that may not be swept."""
        own = attached()
        networks = self._settings.networks or tuple(map(str, own))
        wanted = [permitted(network, self._settings.networks, own) for network in networks]
        chosen = self._settings.discovery
        asker = SnmpAsker({**self._credentials(), NO_CREDENTIAL: SnmpAuth()}, shipped(), chosen.snmp_port)
        names = host_names.asker(host_names.name_servers(wanted, surroundings().router))
        sweep = Sweep(Means(Echo(count=1), asker, Pace(chosen.per_s), chosen.snmp_port, on_link=own, names=names))
        mine = own_addresses()
        try:
            await sweep.run([address for network in wanted for address in addresses(network, mine)])
        finally:
            asker.close()
        proposals = propose(sweep.findings, known.devices.values(), surroundings())
        rows = [proposal_row(one) for one in proposals if one.standing is not Standing.KNOWN]
        return {
            "at": self._clock.wall(),
            "networks": list(map(str, wanted)),
            "asked": sweep.asked,
            "notes": sweep.notes,
            "found": rows[:ROWS],
            "more": max(0, len(rows) - ROWS),
            "said": {one.replaces: said(one.finding) for one in proposals if one.replaces},
        }


def said(found: Finding) -> dict[str, str]:
    """What was learnt of a device for the inventory: what it tells, and the address of its port that answered ARP."""
    heard = told(found.identity)
    if found.mac and "mac" not in heard:
        heard.update({"mac": found.mac, "mac_vendor": found.mac_vendor})
    return {key: value for key, value in heard.items() if value}


def proposal_row(one: Proposal) -> dict[str, Any]:
    """One proposal as it is told to programs and kept in the status document."""
    found = one.finding
    return {
        "key": proposal_key(found.address, found.mac, found.identity.serial),
        "address": found.address,
        "mac": found.mac or None,
        "standing": one.standing,
        "replaces": one.replaces or None,
        "device": device_values(without_given(one.device)),
        "said": said(found),
        "guessed": list(one.guessed),
        "because": list(one.because),
        "reasons": [[reason.code, *reason.values] for reason in one.reasons],
        "ports": list(found.ports),
        "services": list(found.services),
        "description": found.identity.description or None,
    }


def without_given(device: Device) -> Device:
    """The device without the name of a credential that only the command line has."""
    given = device.credential is not None and device.credential.startswith(GIVEN)
    return replace(device, credential=None) if given else device
