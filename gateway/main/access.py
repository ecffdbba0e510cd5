"""What `vigie check` finds wrong with how devices are asked: credentials of another type, backups that nobody can
reach, a sign-in that would never be sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gateway.core.backups import jobs
from gateway.core.device import Device, Https
from gateway.core.errors import Fault
from gateway.settings import Settings

_PLAIN = ("scrape", "json")


def access_faults(settings: Settings, devices: Iterable[Device]) -> list[Fault]:
    """Faults of the inventory in the light of `site.toml`; credentials that are not there at all are told elsewhere."""
    file = str(settings.inventory)
    return [Fault(file, 0, f"{one.id}: {what}", remedy) for one in devices for what, remedy in _faults(settings, one)]


def _faults(settings: Settings, device: Device) -> Iterator[tuple[str, str]]:
    types = {name: credential.type for name, credential in settings.credentials.items()}
    for kind, name in device.access.items():
        if types.get(name, kind) != kind:
            yield f'credential "{name}" is of type {types[name]}, not {kind}', f"name one of type {kind} in access"
    own = types.get(device.credential or "", "")
    for job in jobs(device):
        kind = "smb" if job.share else "ssh"
        if not job.calls and kind not in device.access and own != kind:
            where = "lies on a share" if job.share else "is asked for over SSH"
            yield f'backup "{job.name}" {where}, but there is no credential for it', f'add access = ["{kind}=NAME"]'
    plain = [name for name in device.collect if name in _PLAIN]
    if plain and "redfish" not in device.collect and "http" in device.access and device.https == Https.NONE:
        remedy = 'say how its certificate is known: https = "pinned"; or https = "off" to send it in clear'
        yield f"the sign-in for {plain[0]} is not sent over plain HTTP", remedy
