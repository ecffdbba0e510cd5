"""`vigie check` on how devices are asked: what could never work is told before anybody waits for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.main.check import check

SITE = """
[site]
id = "d"
[data]
path = "data"
[inventory]
path = "inventory.toml"
[credentials.nas]
type = "smb"
user = "vigie"
password = { env = "NAS" }
[credentials.api]
type = "http"
token = { env = "API" }
[credentials.login]
type = "ssh"
user = "vigie"
key = { file = "key" }
"""


def told(folder: Path, *lines: str) -> str:
    (folder / "key").write_text("-")
    (folder / "site.toml").write_text(SITE)
    device = '[[device]]\nid = "srv"\nname = "Server"\naddress = "10.0.0.2"\n'
    (folder / "inventory.toml").write_text(device + "\n".join(lines))
    done = CliRunner().invoke(check, ["--config", str(folder / "site.toml")], standalone_mode=False)
    assert done.exception is None, done.exception
    assert bool(done.return_value) == ("srv: " in done.output + done.stderr)
    return done.output + done.stderr


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (('backups = ["erp=smb:Bak/"]',), 'backup "erp" lies on a share, but there is no credential'),
        (('backups = ["erp"]',), 'backup "erp" is asked for over SSH, but there is no credential'),
        (('backups = ["erp=smb:Bak/"]', 'access = ["smb=login"]'), 'credential "login" is of type ssh, not smb'),
        (('collect = ["json"]', 'access = ["http=api"]'), "the sign-in for json is not sent over plain HTTP"),
    ],
)
def test_what_could_never_work_is_told(tmp_path: Path, lines: tuple[str, ...], says: str) -> None:
    assert says in told(tmp_path, *lines)


@pytest.mark.parametrize(
    "lines",
    [
        ('backups = ["a=smb:Bak/", "b", "c=call@7d"]', 'access = ["smb=nas", "ssh=login"]'),
        ('backups = ["b"]', 'credential = "login"'),
        ('backups = ["c=call"]',),
        ('collect = ["json"]', 'access = ["http=api"]', 'https = "pinned"'),
        ('collect = ["scrape"]', 'access = ["http=api"]', 'https = "off"'),
        ('collect = ["scrape", "redfish"]', 'access = ["http=api"]'),
    ],
)
def test_what_can_work_is_in_order(tmp_path: Path, lines: tuple[str, ...]) -> None:
    assert "srv: " not in told(tmp_path, *lines)
