"""`site.toml`: what is accepted, and that every fault is told at once with line and remedy."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.core.device import Criticality
from gateway.core.document import parse_duration
from gateway.core.errors import InputError, VigieError
from gateway.settings import (
    CalendarSettings,
    Credential,
    KeepSettings,
    Secret,
    Settings,
    Target,
    UplinkSettings,
    load,
    parse,
    reveal,
)

SCENARIOS = Path(__file__).parents[2] / "shared" / "data" / "scenarios"
HERE = Path("/etc/vigie/site.toml")
SITE = '[site]\nid = "alger"\n'
WHOLE = """
[site]
id = "alger-1"
name = "Dépôt d'Alger"
organisation = "sahel"
timezone = "Africa/Algiers"
language = "ar"
[data]
path = "/var/lib/vigie"
commit = "1m"
raw = "30d"
[inventory]
path = "inventory.toml"
[calendar]
holidays = [2026-06-16, "2026-07-05"]
[calendar.week]
sun = ["08:00", "16:30"]
mon = [["13:00", "17:00"], ["08:00", "12:00"]]
[[calendar.special]]
from = 2026-02-18
to = 2026-03-19
[calendar.special.week]
sun = ["09:00", "15:00"]
[service_levels.critical]
response = "1h"
intervention = "90m"
restore = "8h30m"
availability = 0.995
[service_levels.standard]
restore = "25h30m"
[credentials.lecture]
version = "3"
user = "vigie"
auth = { env = "SNMP_AUTH" }
priv = { file = "secrets/priv" }
[uplink]
url = "mqtts://siege.example:8883"
ca = "ca.pem"
cert = "site.pem"
key = "/etc/ssl/site.key"
keepalive = "4m"
[networks]
ranges = ["192.168.1.0/24", "fd00::/64"]
[poll]
every = "30s"
[page]
port = 80
host_names = ["vigie.local"]
[panel]
enabled = true
[detect]
enabled = false
[contact]
name = "Yacine"
phone = "0550 00 00 00"
[notify]
to = ["yacine@example.dz"]
channel = "mail"
"""


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as refused:
        parse(text, Path("site.toml"))
    return [str(fault) for fault in refused.value.faults]


def test_whole_file_is_read() -> None:
    settings = parse(WHOLE, HERE)
    assert (settings.site.id, settings.site.name, settings.site.language) == ("alger-1", "Dépôt d'Alger", "ar")
    assert settings.data == Path("/var/lib/vigie")
    assert settings.keep == KeepSettings(60.0, 30 * 86400.0)
    assert settings.inventory == Path("/etc/vigie/inventory.toml")
    assert settings.calendar == CalendarSettings(
        {"sun": ((480, 990),), "mon": ((480, 720), (780, 1020))},
        (date(2026, 6, 16), date(2026, 7, 5)),
        ((date(2026, 2, 18), date(2026, 3, 19), {"sun": ((540, 900),)}),),
    )
    assert settings.service_levels == {
        Criticality.CRITICAL: Target(3600, 5400, 30600, 0.995),
        Criticality.STANDARD: Target(restore_s=91800),
    }
    assert settings.credentials == {
        "lecture": Credential(
            "lecture",
            version="3",
            user="vigie",
            auth=Secret(variable="SNMP_AUTH"),
            priv=Secret(Path("/etc/vigie/secrets/priv")),
        )
    }
    base = Path("/etc/vigie")
    assert settings.uplink == UplinkSettings(
        "mqtts://siege.example:8883", base / "ca.pem", base / "site.pem", Path("/etc/ssl/site.key"), 240
    )
    assert settings.networks == ("192.168.1.0/24", "fd00::/64")
    assert (settings.poll.every_s, settings.poll.retries, settings.page.port) == (30.0, 1, 80)
    assert (settings.panel.enabled, settings.detect.enabled) == (True, False)
    assert (settings.contact_name, settings.notify.to, settings.notify.channel) == (
        "Yacine",
        ("yacine@example.dz",),
        "mail",
    )


def test_least_file_has_the_stated_defaults() -> None:
    settings = parse(SITE, HERE)
    assert settings.site.name == "alger"
    assert (settings.data, settings.inventory) == (Path("/etc/vigie/data"), Path("/etc/vigie/data/inventory.json"))
    assert settings == Settings(
        settings.site, settings.data, settings.inventory, settings.runtime, calendar=CalendarSettings()
    )


@pytest.mark.parametrize("folder", sorted(SCENARIOS.glob("*")) or [None])
def test_recorded_depots_are_read(folder: Path | None) -> None:
    if folder is None:
        pytest.skip("the scenarios are not beside this checkout")
    settings = load(folder / "site.toml")
    assert settings.calendar.holidays == "DZ"
    assert set(settings.service_levels) == set(Criticality)


def test_fourth_service_level_is_refused_with_the_reason() -> None:
    levels = "".join(f"[service_levels.{name}]\n" for name in (*Criticality, "gold"))
    (fault,) = faults(SITE + levels)
    assert fault == (
        'site.toml:6: a fourth service level "gold" is refused: there are at most three service levels, '
        "one per criticality: more cannot be kept or explained (M3)"
    )


def test_service_level_of_no_criticality_is_refused() -> None:
    assert faults(SITE + "[service_levels.gold]\n") == [
        'site.toml:3: service level "gold" belongs to no criticality: one of critical, important, standard'
    ]


def test_all_faults_of_a_file_are_told_at_once_with_line_and_remedy() -> None:
    text = """networks = 3
[site]
id = "Dépôt"
nmae = "x"
timezone = "Mars/Olympus"
language = "de"
[calendar]
holidays = "Algérie"
[calendar.week]
sun = ["08:00", "7:30"]
son = []
mon = [["08:00", "12:00"], ["11:00", "13:00"]]
[[calendar.special]]
from = 2026-03-01
to = 2026-02-01
[service_levels.critical]
response = "1d"
restore = 4
availability = 99.5
[poll]
every = true
retries = 1.5
[page]
port = 99999
[panel]
red = 18
"""
    told = faults(text)
    assert [int(line.split(":")[1]) for line in told] == [1, 3, 4, 5, 6, 8, 10, 11, 12, 15, 17, 18, 19, 21, 22, 24, 25]
    assert 'site.toml:4: unknown key "site.nmae": did you mean "name"?' in told
    assert "site.toml:21: poll.every is true or false (True): expected a duration in quotes" in "\n".join(told)
    assert "site.toml:22: poll.retries is a number (1.5): expected a whole number" in told
    assert "a day is not a fixed number of working hours: use hours" in "\n".join(told)


def test_literal_secret_is_refused_and_not_repeated() -> None:
    (fault,) = faults(SITE + '[credentials.a]\ncommunity = "hunter2"\n')
    assert fault.startswith("site.toml:4: credentials.a.community holds the secret itself: a secret is never in this")
    assert "hunter2" not in fault


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('community = { file = "a", env = "B" }', "needs one of file and env"),
        ("community = {}", "needs one of file and env"),
        ('community = { env = "1x" }', '"1x" is no name of a variable'),
        ('community = { vault = "a" }', 'unknown key "credentials.a.community.vault"'),
        ("community = 7", "credentials.a.community is a whole number (7)"),
        ('version = "3"', "credentials.a.user is missing: SNMP version 3 needs it"),
        ('version = "4"', 'credentials.a.version = "4" is unknown: one of 1, 2c, 3'),
        ('user = "x"', "credentials.a.community is missing: SNMP version 2c needs it"),
        ('version = "3"\nuser = "x"\npriv = { env = "P" }', "credentials.a.priv without auth"),
    ],
)
def test_credential_that_cannot_work_is_told(text: str, told: str) -> None:
    assert any(told in fault for fault in faults(f"{SITE}[credentials.a]\n{text}\n"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('url = "http://x"', 'uplink.url = "http://x" is no broker: write it as "mqtts://host:8883"'),
        ("", "uplink.url is missing"),
        ('url = "mqtts://x"\ncert = "c"', "uplink.key is missing: cert and key belong together"),
        ('url = "mqtt://x"\nca = "c"', "mqtt:// does not use them"),
    ],
)
def test_uplink_that_cannot_work_is_told(text: str, told: str) -> None:
    assert any(told in fault for fault in faults(f"{SITE}[uplink]\n{text}\n"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[networks]\nranges = ["192.168.1.7/24"]', "has host bits set"),
        ('[inventory]\npath = "parc.xls"', "parc.xls is no inventory"),
        ('[data]\ncommit = "1h"', "readings would be committed every 3600 s"),
        ("[[calendar.special]]\nfrom = 2026-02-18", "calendar.special.1 lacks from or to"),
        ("[calendar]\nholidays = [3]", "calendar.holidays holds 3"),
        ("[calendar.week]\nsun = 8", "calendar.week.sun is a whole number (8)"),
        ('[panel]\nred = 17\ngreen = 17', "one GPIO number is used twice"),
    ],
)  # fmt: skip
def test_other_faults_are_told(text: str, told: str) -> None:
    assert any(told in fault for fault in faults(f"{SITE}{text}\n"))


def test_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"site\.toml:0: cannot be read: No such file or directory"):
        load(tmp_path / "site.toml")
    (tmp_path / "site.toml").write_bytes(b'[site]\nid = "\xff"\n')
    with pytest.raises(InputError, match=r"site\.toml:2: not UTF-8 text"):
        load(tmp_path / "site.toml")


def test_what_is_no_toml_is_told_with_its_line() -> None:
    (fault,) = faults("[site]\nid = alger\n")
    assert fault.startswith("site.toml:2: not valid TOML: ")


def test_secret_is_read_when_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "community"
    file.write_text("s3cret \n")
    monkeypatch.setenv("SNMP_AUTH", "other")
    assert reveal(Secret(file)) == "s3cret "
    assert reveal(Secret(variable="SNMP_AUTH")) == "other"


def test_secret_that_is_not_there_names_its_file_or_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SNMP_AUTH", raising=False)
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(VigieError, match="environment variable SNMP_AUTH: not set: set it"):
        reveal(Secret(variable="SNMP_AUTH"))
    with pytest.raises(VigieError, match="absent: No such file or directory: make it readable"):
        reveal(Secret(tmp_path / "absent"))
    with pytest.raises(VigieError, match="empty: empty: write the secret into it"):
        reveal(Secret(tmp_path / "empty"))


@pytest.mark.parametrize(
    ("text", "seconds"), [("1h", 3600), ("8h30m", 30600), ("90s", 90), ("0.5s", 0.5), (" 4h ", 14400), ("1h1m1s", 3661)]
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "h", "1", "3d", "30m1h", "-1h", "1 h", "1.5h", "1H"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert parse_duration(text) is None


def test_days_are_durations_only_where_they_are_allowed() -> None:
    assert parse_duration("30d12h", days=True) == 30.5 * 86400
