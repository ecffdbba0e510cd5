"""`vigie doctor`: the box's own health, each line with what to do about it."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path

import click

from gateway.clock import Clock, FollowingClock, SystemClock
from gateway.collect import nut, usb
from gateway.collect.asking import NoAnswerError
from gateway.collect.self import OwnHealth
from gateway.collect.tls import not_after
from gateway.core.device import Device, gateway_device
from gateway.core.errors import VigieError
from gateway.core.health import Box, Certificate, Finding, State, examine, failing
from gateway.core.usb_ups import UpsLook, ups_findings
from gateway.settings import Settings, load
from gateway.store.heartbeat import FILE_NAME as HEARTBEAT_FILE
from gateway.store.heartbeat import HeartbeatFile
from gateway.store.inventory import InventoryStore
from gateway.store.status import FILE_NAME, read_status
from gateway.store.survey import survey

_MARKS = {State.OK: "ok     ", State.WARNING: "warning", State.FAILING: "FAILING", State.UNKNOWN: "unknown"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.option(
    "--config", type=click.Path(path_type=Path), help="site.toml: also looks at agent, outbox, broker and certificates."
)
def doctor(config: Path | None, *, as_json: bool) -> int:
    """Clock, storage and its wear, power, temperature, link, buffer, broker, certificates and UPS of this box.

    Ends with 1 if anything is failing.
    """
    settings, clock = load(config) if config else None, SystemClock()
    box = look(settings, following(settings, clock) if settings else clock)
    findings = [*examine(box), *ups_findings(look_at_ups(settings))]
    if as_json:
        click.echo(json.dumps(report(findings)))
    else:
        for finding in findings:
            click.echo(line(finding))
    return 1 if failing(findings) else 0


def look(settings: Settings | None, clock: Clock, root: Path = Path("/")) -> Box:
    """Reads what can be read of the box now; nothing is sent anywhere."""
    collector = OwnHealth(clock, root=root, data=settings.data if settings else Path("/"))
    poll = asyncio.run(collector.poll(gateway_device()))
    if settings is None:
        return Box(clock.wall(), poll.readings)
    uplink = settings.uplink
    files = [path for path in (uplink.ca, uplink.cert) if path] if uplink else []
    return Box(
        clock.wall(),
        poll.readings,
        configured=True,
        uplink=uplink is not None,
        status=read_status(settings.runtime / FILE_NAME),
        certificates=[certificate(path, clock.wall()) for path in files],
        files=survey(settings.data, settings.inventory),
    )


def look_at_ups(settings: Settings | None, root: Path = Path("/")) -> UpsLook:
    """UPSs by USB, and upsd of this box, which is asked only where there may be something to know."""
    plugged, configured = usb.plugged(root), usb.configured(root)
    asked = _local_nut(settings) if settings else []
    wanted = [device.nut_name for device in asked]
    if not (plugged or configured or wanted):
        return UpsLook()
    port = next((device.ports["nut"] for device in asked if "nut" in device.ports), nut.PORT)
    try:
        answers, silent = asyncio.run(nut.known("127.0.0.1", port)), ""
    except NoAnswerError as error:
        answers, silent = {}, error.failure.detail
    return UpsLook(plugged, configured, answers, silent, wanted)


def _local_nut(settings: Settings) -> list[Device]:
    """Devices that the inventory asks by NUT on this very box; none if it cannot be read, which `vigie check` tells."""
    try:
        devices = InventoryStore(settings.inventory).park().devices.values()
    except VigieError:
        return []
    return [one for one in devices if "nut" in one.collect and one.address in ("", "127.0.0.1", "::1", "localhost")]


def following(settings: Settings, clock: Clock) -> Clock:
    """The time as the agent tells it: what it has written is as old as it says only by its own clock."""
    return FollowingClock(clock, HeartbeatFile(settings.data / HEARTBEAT_FILE).read)


def certificate(path: Path, now: float) -> Certificate:
    """Time left of the first certificate in a PEM file."""
    try:
        text = path.read_text(encoding="ascii", errors="replace")
        begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
        block = begin + text.split(begin, 1)[1].split(end, 1)[0] + end
        expires_at = not_after(ssl.PEM_cert_to_DER_cert(block))
    except OSError as error:
        return Certificate(str(path), None, f"cannot be read: {error.strerror}")
    except (IndexError, ValueError):
        return Certificate(str(path), None, "is no certificate in PEM form")
    if expires_at is None:
        return Certificate(str(path), None, "is no certificate")
    return Certificate(str(path), expires_at - now)


def report(findings: list[Finding]) -> dict[str, object]:
    """The JSON form: `ok` is false if anything is failing."""
    return {
        "ok": not failing(findings),
        "checks": [
            {"check": one.check, "state": one.state, "text": one.text, "remedy": one.remedy or None} for one in findings
        ],
    }


def line(finding: Finding) -> str:
    """One line for people."""
    text = f"{_MARKS[finding.state]}  {finding.check}: {finding.text}"
    return f"{text}\n         -> {finding.remedy}" if finding.remedy else text
