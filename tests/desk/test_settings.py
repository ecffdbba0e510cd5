"""`desk.toml`: what is read, and every fault told at once with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.core.device import Criticality
from gateway.core.errors import InputError
from gateway.core.incident import Priority
from web.desk.digest import Routine
from web.desk.quiet import Quiet
from web.desk.settings import DeskSettings, load, parse

WHOLE = """
[desk]
organisation = "sarl-amel"
name = "SARL Amel"
timezone = "Africa/Algiers"
language = "ar"
silent_after = "15m"

[data]
path = "ledger"

[broker]
url = "mqtts://broker.example:8883"
ca = "ca.crt"
cert = "desk.crt"
key = "desk.key"
client_id = "desk-1"

[page]
host = "127.0.0.1"
port = 8443
host_names = ["desk.example"]
address = "https://desk.example"
secure = true

[mail]
host = "smtp.example"
sender = "vigie@example.dz"
user = "vigie"
password = { env = "SMTP_PASSWORD" }

[webhook]
secret = { file = "webhook.secret" }

[[recipient]]
name = "Nadia"
channel = "mail"
address = "nadia@example.dz"
language = "ar"
sites = ["depot-oran"]
lowest = "P1"
step = 2
always = true
digest = false

[notify]
digest_at = "08:15"
test_day = 5
warn_share = 0.5

[notify.quiet]
from = "22:00"
to = "06:30"
wakes = { critical = "P3", important = "none", standard = "P1" }

[[recipient]]
name = "Chat"
channel = "webhook"
address = "https://chat.example/hook"

[[site]]
id = "depot-oran"
name = "Dépôt d'Oran"
"""
LEAST = '[desk]\norganisation = "org"\n[broker]\nurl = "mqtt://127.0.0.1"\n'


def read(text: str) -> DeskSettings:
    return parse(text, Path("/etc/vigie/desk.toml"))


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(text)
    return [str(fault) for fault in caught.value.faults]


def test_a_whole_file(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(WHOLE)
    assert (settings.organisation, settings.name, settings.language) == ("sarl-amel", "SARL Amel", "ar")
    assert settings.database == "sqlite:////etc/vigie/ledger/desk.db"
    assert settings.silent_after_s == 900
    assert (settings.broker.cert, settings.broker.table) == (Path("/etc/vigie/desk.crt"), "broker")
    assert (settings.page.port, settings.page.host_names, settings.secure) == (8443, ("desk.example",), True)
    nadia, chat = settings.people
    assert (nadia.sites, nadia.lowest, chat.channel) == (("depot-oran",), Priority.P1, "webhook")
    assert (nadia.step, nadia.quiet, nadia.digest) == (2, None, False)
    assert (chat.step, chat.digest) == (1, False)
    assert chat.quiet == Quiet(22 * 60, 390, "Africa/Algiers", {Criticality.CRITICAL: "P3", Criticality.STANDARD: "P1"})
    assert (settings.notify.routine, settings.notify.pace.warn_share) == (Routine(495, "Africa/Algiers", 5), 0.5)
    assert settings.expected == {"depot-oran": "Dépôt d'Oran"}
    assert settings.mail is not None
    assert (settings.mail.port, settings.mail.security) == (587, "starttls")
    assert settings.mail.password is not None
    monkeypatch.setenv("SMTP_PASSWORD", "hush")
    assert settings.mail.password() == "hush", "read when it is used"


def test_the_least_that_must_be_said() -> None:
    settings = read(LEAST)
    assert settings.name == "org"
    assert settings.silent_after_s == 720
    assert settings.people == ()
    assert settings.mail is None
    assert settings.page.port == 8090


def test_a_postgresql_ledger_is_driven_by_psycopg() -> None:
    settings = read(LEAST + '[data]\ndatabase = "postgresql://vigie@db.example/ledger"\n')
    assert settings.database == "postgresql+psycopg://vigie@db.example/ledger"


def test_all_faults_are_told_at_once_with_their_lines() -> None:
    told = faults(
        '[desk]\norganisation = "Org X"\ncolour = 1\nsilent_after = 12\n[broker]\nurl = "broker"\ncert = "a.crt"\n'
        '[[recipient]]\nname = "A"\nchannel = "fax"\naddress = "x"\n[mail]\nhost = "m"\npassword = "hush"\nuser = "u"\n'
    )
    assert [int(line.split(":")[1]) for line in told] == sorted(int(line.split(":")[1]) for line in told)
    text = "\n".join(told)
    for piece in (
        '2: desk.organisation = "Org X" is no id',
        '3: unknown key "desk.colour"',
        "4: desk.silent_after is a whole number",
        '6: broker.url = "broker" is no broker',
        "broker.key is missing",
        '10: recipient.1.channel = "fax" is unknown',
        "11: recipient.1.address",
        "14: mail.password holds the secret itself",
    ):
        assert piece in text
    assert "hush" not in text


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('[data]\ndatabase = "postgresql://u:hush@db/x"\n', "data.database holds a password"),
        ('[data]\ndatabase = "mysql://db/x"\n', "is no PostgreSQL"),
        ('[[recipient]]\nname = "A"\naddress = "a@b.dz"\n', "there is no [mail]"),
        ('[[recipient]]\nname = "A"\nchannel = "webhook"\naddress = "chat"\n', "is no URL"),
        ('[mail]\nhost = "m"\nuser = "u"\n', "user and password belong together"),
        ('[[site]]\nid = "a"\n[[site]]\nid = "a"\n', 'site "a" is named twice'),
        ("[colour]\n", 'unknown key "colour"'),
        ('[notify]\ndigest_at = "25:00"\n', "is no time of day"),
        ('[notify.quiet]\nfrom = "21:00"\n', "notify.quiet.to is missing"),
        ('[notify.quiet]\nfrom = "21:00"\nto = "06:00"\nwakes = {critical = "none"}\n', "always wakes"),
        ("[notify]\ntest_day = 29\n", "test_day"),
        ('[sms]\nurl = "sms.example"\n', "is no URL"),
        ('[sms]\nurl = "https://x"\nfields = {to = "{to}"}\n', "lack {to} or {text}"),
        ('[[recipient]]\nname = "A"\nchannel = "sms"\naddress = "+213 550 00 00 00"\n', "there is no [sms]"),
        ('[sms]\nurl = "https://x"\n[[recipient]]\nname = "A"\nchannel = "sms"\naddress = "a"\n', "is no number"),
        ("[broker.deep]\nx = 1\n", 'unknown key "broker.deep"'),
    ],
)
def test_a_fault_says_what_and_what_to_do(more: str, says: str) -> None:
    (told, *_) = faults(LEAST + more)
    assert says in told
    assert "hush" not in told


def test_an_unknown_time_zone() -> None:
    assert 'timezone "Mars/Base" is unknown' in faults(LEAST.replace("[broker]", 'timezone = "Mars/Base"\n[broker]'))[0]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.toml:0: cannot be read"):
        load(tmp_path / "gone.toml")


def test_the_gateway_for_short_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    more = """
[sms]
url = "https://sms.example/send"
form = "json"
fields = { dest = "{to}", message = "{text}", from = "VIGIE" }
authorization = { env = "SMS_KEY" }
"""
    sms = read(LEAST + more).sms
    assert sms is not None
    assert (sms.url, sms.form) == ("https://sms.example/send", "json")
    assert sms.fields == {"dest": "{to}", "message": "{text}", "from": "VIGIE"}
    monkeypatch.setenv("SMS_KEY", "Bearer hush")
    assert sms.authorization is not None
    assert sms.authorization() == "Bearer hush"
