"""Credentials for shares and for HTTP, and what the inventory says of backups and certificates: read, refused, kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.core.device import Device, Limit, Park
from gateway.core.errors import InputError
from gateway.main.build import build_collectors, load_park
from gateway.settings import Settings, parse
from gateway.settings.model import Secret
from gateway.store.inventory import parse_toml, write_toml

SITE = '[site]\nid = "depot"\nname = "Depot"\n'
FINGERPRINT = "ab" * 32


def settings(extra: str, base: Path = Path("/etc/vigie")) -> Settings:
    return parse(SITE + extra, base / "site.toml")


def test_a_share_needs_user_and_password() -> None:
    text = '[credentials.nas]\ntype = "smb"\nuser = "vigie"\n'
    with pytest.raises(InputError, match="password or user is missing"):
        settings(text)
    credential = settings(text + 'password = { file = "secret" }\n').credentials["nas"]
    assert (credential.user, credential.password) == ("vigie", Secret(Path("/etc/vigie/secret")))


def test_a_token_and_an_authority_are_read_for_http() -> None:
    text = '[credentials.api]\ntype = "http"\ntoken = { env = "TOKEN" }\nca = "ca.pem"\n'
    credential = settings(text).credentials["api"]
    assert (credential.token, credential.ca) == (Secret(variable="TOKEN"), Path("/etc/vigie/ca.pem"))


@pytest.mark.parametrize(
    "text",
    [
        '[credentials.api]\ntype = "http"\nuser = "u"\ntoken = { env = "TOKEN" }\n',
        '[credentials.api]\ncommunity = { env = "C" }\ntoken = { env = "TOKEN" }\n',
        '[credentials.api]\ntype = "http"\ntoken = "the-token"\n',
    ],
)
def test_a_token_that_does_not_fit_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(InputError) as refused:
        settings(text)
    assert all(fault.line > 3 and fault.remedy for fault in refused.value.faults)
    assert "the-token" not in str(refused.value)


DEVICE = '[[device]]\nid = "srv"\nname = "Server"\naddress = "10.0.0.2"\n'


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('backups = ["a", "b=ftp:x"]', '"b=ftp:x" is no backup'),
        ('backups = ["a", "a=call"]', 'two are named "a"'),
        ('backups = ["a@soon"]', "no period"),
        ('https = "yes"', "no way to know a certificate"),
        ('https = "abcd"', "no way to know a certificate"),
        ('access = ["ftp=nas"]', "no credential by type"),
    ],
)
def test_what_the_inventory_cannot_mean_is_refused_with_its_line(line: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_toml(DEVICE + line, "inventory.toml")
    (fault,) = refused.value.faults
    assert says in fault.what
    assert fault.line == 5


@pytest.mark.parametrize("https", ["pinned", "verified", "off", FINGERPRINT, ":".join(["AB"] * 32)])
def test_backups_and_certificates_come_back_as_they_were_written(https: str) -> None:
    text = DEVICE + f'https = "{https}"\naccess = ["smb=nas"]\nbackups = ["erp=smb:Bak%20up/*.bak@7d", "db=call"]\n'
    ((device,), _) = parse_toml(text, "inventory.toml")
    assert (device.https, device.backups) == (https, ("erp=smb:Bak%20up/*.bak@7d", "db=call"))
    ((again,), _) = parse_toml(write_toml([device], []), "inventory.toml")
    assert again == device


def park(folder: Path, *lines: str) -> Park:
    (folder / "inventory.toml").write_text(DEVICE + "\n".join(lines))
    return load_park(settings('[inventory]\npath = "inventory.toml"\n', folder))


def srv(found: Park) -> Device:
    return found.devices["srv"]


def test_a_device_that_names_its_backups_is_asked_for_them(tmp_path: Path) -> None:
    assert srv(park(tmp_path, 'backups = ["erp"]')).collect == ("reach", "backup")
    assert srv(park(tmp_path, 'backups = ["erp"]', 'collect = ["backup", "snmp"]')).collect == ("backup", "snmp")
    assert srv(park(tmp_path)).collect == ("reach",)


def test_how_often_a_job_runs_becomes_a_limit_after_those_that_people_wrote(tmp_path: Path) -> None:
    own = 'limits = ["backup.age[db]=1/2"]'
    found = srv(park(tmp_path, own, 'backups = ["db=call@7d", "erp"]'))
    assert found.limits == (Limit("backup.age", "db", 1, 2), Limit("backup.age", "db", 756_000, 1_360_800))


def test_the_collectors_of_a_site_are_built_with_all_of_it(tmp_path: Path) -> None:
    found = park(tmp_path, 'backups = ["erp=smb:Bak/"]', 'collect = ["scrape", "json", "redfish"]', 'https = "pinned"')
    secret = '[credentials.nas]\ntype = "smb"\nuser = "u"\npassword = { file = "s" }\n'
    built = build_collectors(settings(secret, tmp_path), FakeClock(), found.devices.values())
    assert {"backup", "scrape", "json", "redfish"} <= built.keys()
