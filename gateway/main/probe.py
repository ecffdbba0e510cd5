"""`vigie probe`, `vigie record`, `vigie profiles`: one device asked from the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gateway.clock import SystemClock
from gateway.core.device import Device
from gateway.core.errors import UnavailableError, VigieError
from gateway.core.reading import FailureKind, Poll, Reading
from gateway.core.units import unit_of


def v3_option(given: str) -> dict[str, str]:
    """``USER:AUTH:PRIV[:AUTHPROTO:PRIVPROTO]`` as the arguments of SnmpAuth. Raises BadParameter."""
    names = ("user", "auth", "priv", "auth_protocol", "priv_protocol")
    parts = given.split(":")
    if len(parts) > len(names):
        raise click.BadParameter("write user:auth:priv or user:auth:priv:SHA256:AES", param_hint="--v3")
    return {name: part for name, part in zip(names, parts, strict=False) if part or name in ("auth", "priv")}


_ADDRESSED = [
    click.argument("host"),
    click.option(
        "--port", default=161, show_default=True, type=click.IntRange(1, 65535), help="UDP port of the agent."
    ),
    click.option("--community", "-c", default="public", show_default=True, envvar="VIGIE_COMMUNITY", help="v1, v2c."),
    click.option("--v1", is_flag=True, help="Ask by SNMP v1 instead of v2c."),
    click.option(
        "--v3",
        metavar="USER:AUTH:PRIV[:AUTHPROTO:PRIVPROTO]",
        envvar="VIGIE_V3",
        help="Ask by SNMP v3; SHA256 and AES unless said otherwise. Empty passwords are left out.",
    ),
]


def _addressed(command: Any) -> Any:
    for option in reversed(_ADDRESSED):
        command = option(command)
    return command


def _auth(community: str, v1: bool, v3: str | None) -> Any:
    from gateway.collect.snmp import SnmpAuth

    if v3:
        return SnmpAuth("3", **v3_option(v3))
    return SnmpAuth("1" if v1 else "2c", community)


@click.command()
@_addressed
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def probe(*, host: str, port: int, as_json: bool, **credential: Any) -> int:
    """Asks one device once and tells what it is and all that it reads."""
    poll = asyncio.run(_poll(host, port, _auth(**credential)))
    click.echo(json.dumps(document(host, poll), ensure_ascii=False, indent=1) if as_json else _told(host, poll))
    return 0 if poll.answered else 1


async def _poll(host: str, port: int, snmp_auth: Any) -> Poll:
    from gateway.collect.snmp import SnmpCollector
    from gateway.profiles.load import shipped

    collector = SnmpCollector({"probe": snmp_auth}, shipped(), SystemClock())
    try:
        return await collector.poll(Device("probe", host, address=host, credential="probe", ports={"snmp": port}))
    finally:
        collector.close()


def document(address: str, poll: Poll) -> dict[str, Any]:
    """The answer of `vigie probe --json` (docs/reference/probe.md)."""
    failures = [poll.failure] if poll.failure else list(poll.partial)
    known = poll.identity
    device = {
        "profile": known.profile,
        "kind": known.kind,
        "vendor": known.vendor,
        "model": known.model,
        "serial": known.serial,
        "firmware": known.firmware,
        "name": known.name,
        "sys_object_id": known.sys_object_id,
        "description": known.description,
        "mac": known.mac,
        "mac_vendor": known.mac_vendor,
        "made_on": known.made_on,
    }
    return {
        "address": address,
        "answered": poll.answered,
        "device": {key: value or None for key, value in device.items()} if poll.answered else None,
        "readings": [_reading(reading) for reading in poll.readings],
        "failures": [{"what": failure.what, "kind": failure.kind, "detail": failure.detail} for failure in failures],
        "requests": poll.requests,
        "elapsed_s": round(poll.elapsed_s, 3),
    }


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "metric": reading.metric,
        "instance": reading.instance,
        "label": reading.label,
        "value": reading.value,
        "unit": unit_of(reading.metric),
        "source": reading.source,
        "severity": reading.severity,
    }


_REMEDIES = {
    FailureKind.TIMEOUT: "check the address, that SNMP is switched on, and the community or user",
    FailureKind.REFUSED: "switch SNMP on at the device, or give the right --port",
    FailureKind.UNAUTHORISED: "check user, passwords and protocols of SNMP v3",
    FailureKind.GARBLED: "update the firmware of the device; send a recording made with `vigie record`",
}


def _told(host: str, poll: Poll) -> str:
    if poll.failure:
        return f"{host}: {poll.failure.kind}: {poll.failure.detail}\n  {_REMEDIES[poll.failure.kind]}"
    known = poll.identity
    named = known.model.lower().startswith(known.vendor.lower())
    make = known.model if named else f"{known.vendor} {known.model}"
    lines = [f"{host}: {known.kind}, {make.strip() or 'of unknown make'}"]
    mac = f"{known.mac} ({known.mac_vendor})" if known.mac_vendor else known.mac
    for name, text in (
        ("profile", known.profile),
        ("serial", known.serial),
        ("firmware", known.firmware),
        ("made", known.made_on),
        ("mac", mac),
    ):
        if text:
            lines.append(f"  {name:9} {text}")
    lines.append(f"  {'asked':9} {poll.requests} requests, {poll.elapsed_s:.1f} s")
    lines += ["", *_table([_row(reading) for reading in poll.readings])]
    lines += [f"  not read: {failure.what}: {failure.kind}: {failure.detail}" for failure in poll.partial]
    return "\n".join(lines)


def _row(reading: Reading) -> tuple[str, str, str, str]:
    value = reading.value if isinstance(reading.value, str) else f"{reading.value:.10g} {unit_of(reading.metric)}"
    return (reading.metric, reading.instance, value.strip(), reading.severity or "")


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    if not rows:
        return ["  nothing that a profile knows"]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def profiles(*, as_json: bool) -> None:
    """Lists the device profiles."""
    from gateway.profiles.load import shipped

    known = sorted(shipped(), key=lambda profile: (-profile.rank, profile.id))
    if as_json:
        rows = [{"profile": p.id, "kind": p.kind, "title": p.title, "source": p.source, "rank": p.rank} for p in known]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(_table([(p.id, p.kind or "", p.title, p.source) for p in known])))


@click.command()
@_addressed
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
def record(*, host: str, port: int, out: Path, **credential: Any) -> int:
    """Records a device for tests; private data (names, addresses, serial numbers) is replaced by stand-ins."""
    from gateway.collect.snmp_record import record_agent
    from gateway.profiles.load import shipped
    from gateway.profiles.privacy import stripped
    from gateway.profiles.recording import render

    if out.exists():
        raise VigieError(f"{out} exists", remedy="give another --out")
    families = shipped()
    values, failures = asyncio.run(record_agent((host, port), _auth(**credential), families))
    for failure in failures:
        click.echo(f"vigie: not complete: {failure}", err=True)
    if not values:
        raise UnavailableError(f"{host} does not answer", remedy="try `vigie probe` first")
    try:
        out.write_text(
            render(stripped(values, families), comments=["Recorded by vigie record; private data replaced."])
        )
    except OSError as error:
        raise VigieError(f"{out} cannot be written", remedy=error.strerror or "choose another place") from None
    click.echo(f"{out}: {len(values)} values. Read it before you pass it on.")
    return 1 if failures else 0
