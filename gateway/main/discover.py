"""`vigie discover`: what is in a network, proposed for the inventory; nothing is added."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gateway.collect import host_names
from gateway.collect.discover import Means, Pace, Sweep
from gateway.collect.discover_snmp import SnmpAsker
from gateway.collect.echo import Echo
from gateway.collect.snmp_auth import SnmpAuth
from gateway.collect.surroundings import Network, addresses, attached, own_addresses, permitted, surroundings
from gateway.core.discovery import NO_CREDENTIAL, Proposal, Standing, propose
from gateway.main.build import load_park, snmp_auth
from gateway.main.inventory import known_devices
from gateway.main.probe import v3_option
from gateway.main.survey import GIVEN, proposal_row, without_given
from gateway.profiles.load import shipped
from gateway.settings import Settings, load
from gateway.store.inventory_toml import write_toml

_USUAL_CONFIG = Path("/etc/vigie/site.toml")


@click.command()
@click.argument("network", metavar="CIDR")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The site's settings: its networks, credentials and inventory. Default: /etc/vigie/site.toml if it is there.",
)
@click.option("--community", "-c", multiple=True, envvar="VIGIE_COMMUNITY", help="Try this community too (v2c).")
@click.option(
    "--v3",
    metavar="USER:AUTH:PRIV[:AUTHPROTO:PRIVPROTO]",
    envvar="VIGIE_V3",
    help="Try this user of SNMP v3 too; as for vigie probe.",
)
@click.option("--port", default=161, show_default=True, type=click.IntRange(1, 65535), help="UDP port of SNMP agents.")
@click.option(
    "--rate", default=100.0, show_default=True, type=click.FloatRange(1, 1000), help="Questions a second, at most."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.option("--toml", "as_toml", is_flag=True, help="The new devices as text for inventory.toml on stdout.")
def discover(*, network: str, config: Path | None, port: int, rate: float, as_json: bool, **given: Any) -> int:
    """Find devices in a network of the site and propose them for the inventory. Nothing is added. Ctrl-C ends it;
    what was found so far is told."""
    as_toml = given.pop("as_toml")
    settings = _settings(config)
    wanted = permitted(network, settings.networks if settings else (), attached())
    inventory = known_devices(settings, load_park(settings)) if settings and settings.inventory.exists() else []
    asker = SnmpAsker(_credentials(settings, given["community"], given["v3"]), shipped(), port)
    around = surroundings()
    names = host_names.asker(host_names.name_servers([wanted], around.router))
    sweep = Sweep(Means(Echo(count=1), asker, Pace(rate), port, on_link=attached(), names=names))
    asyncio.run(_sweep(sweep, asker, wanted))
    for note in sweep.notes:
        click.echo(f"vigie: {note}", err=True)
    proposals = propose(sweep.findings, inventory, around)
    if as_json:
        click.echo(json.dumps(document(wanted, sweep, proposals), ensure_ascii=False, indent=1))
    elif as_toml:
        click.echo(toml_text(proposals))
    else:
        click.echo("\n".join(_told(sweep, proposals)))
    return 0 if sweep.complete else 130


def _settings(config: Path | None) -> Settings | None:
    if config is None and not _USUAL_CONFIG.is_file():
        return None
    return load(config or _USUAL_CONFIG)


def _credentials(settings: Settings | None, communities: Sequence[str], v3: str | None) -> dict[str, SnmpAuth]:
    """What is tried, in order: the site's, those given, and the community "public", which needs no credential."""
    named = settings.credentials.values() if settings else ()
    found = {one.name: snmp_auth(one) for one in named if one.type == "snmp"}
    for number, community in enumerate(communities, start=1):
        found[f"{GIVEN}-{number}"] = SnmpAuth("2c", community)
    if v3:
        found[f"{GIVEN}-v3"] = SnmpAuth("3", **v3_option(v3))
    return {**found, NO_CREDENTIAL: SnmpAuth()}


async def _sweep(sweep: Sweep, asker: SnmpAsker, network: Network) -> None:
    wanted = addresses(network, own_addresses())

    def progress(now: Sweep) -> None:
        if now.asked % 16 == 0 or now.asked == len(wanted):
            end = "\n" if now.asked == len(wanted) else ""
            print(
                f"\r{now.asked}/{len(wanted)} asked, {len(now.findings)} found ", end=end, file=sys.stderr, flush=True
            )

    task = asyncio.create_task(sweep.run(wanted, progress))
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
    progress(sweep)
    try:
        await task
    except asyncio.CancelledError:
        click.echo(f"\nvigie: ended after {sweep.asked} of {len(wanted)} addresses", err=True)
    finally:
        asker.close()


def document(network: Network, sweep: Sweep, proposals: Sequence[Proposal]) -> dict[str, Any]:
    """The answer of `vigie discover --json` (docs/reference/discovery.md)."""
    return {
        "network": str(network),
        "complete": sweep.complete,
        "asked": sweep.asked,
        "notes": sweep.notes,
        "found": [proposal_row(one) for one in proposals],
    }


def toml_text(proposals: Sequence[Proposal]) -> str:
    """New devices as tables of inventory.toml, each with what it rests on; changes of known devices as comments."""
    parts = []
    for one in proposals:
        if one.standing is Standing.NEW:
            lines = [f"# {reason}" for reason in one.because]
            lines += [f"# guessed, look at it: {', '.join(one.guessed)}"] if one.guessed else []
            if one.device.credential and one.device.credential.startswith(GIVEN):
                lines.append("# answers the credential of the command line: name it in [credentials.NAME] and here")
            parts.append("\n".join([*map(_comment, lines), write_toml([without_given(one.device)], [])]))
        elif one.standing is not Standing.KNOWN:
            parts.append(_comment(f"# {one.replaces}: {one.standing}: {', '.join(one.because)}") + "\n")
    return "\n".join(parts) or "# nothing new"


def _comment(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _told(sweep: Sweep, proposals: Sequence[Proposal]) -> list[str]:
    lines = []
    for one in proposals:
        make = f"{one.device.vendor} {one.device.model}".strip()
        lines.append(
            f"{one.finding.address:15} {one.standing:8} {one.device.kind:12} {one.device.name}  {make}".rstrip()
        )
        lines += [f"{'':15} {reason}" for reason in one.because if one.standing is not Standing.KNOWN]
        if one.guessed:
            lines.append(f"{'':15} guessed: {', '.join(one.guessed)}")
    counts = ", ".join(
        f"{number} {standing}"
        for standing in Standing
        if (number := sum(one.standing is standing for one in proposals))
    )
    told = counts or "nothing found"
    return [*lines, f"{sweep.asked} addresses asked: {told}. Nothing was added: `--toml` writes what to add."]
