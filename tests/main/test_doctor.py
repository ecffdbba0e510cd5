"""`vigie doctor`: exit status, form of the answer, certificates and the agent's status file."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.clock import FakeClock
from gateway.core.health import Finding, State, examine
from gateway.main.doctor import certificate, doctor, line, look, report
from gateway.settings import load
from gateway.store.status import FILE_NAME, write_status


def write_certificate(file: Path, until: datetime) -> None:
    """A self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "box")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(until - timedelta(days=500))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(b"subject=box\n" + made.public_bytes(serialization.Encoding.PEM))


def write_site(folder: Path) -> Path:
    """A site.toml with an uplink."""
    file = folder / "site.toml"
    (folder / "inventory.toml").write_text("")
    file.write_text(
        f"""
[site]
id = "d1"
name = "Dépôt"
[data]
path = "{folder / "data"}"
runtime = "{folder / "run"}"
[uplink]
url = "mqtts://hq.example:8883"
ca = "{folder / "ca.pem"}"
cert = "{folder / "box.pem"}"
key = "{folder / "box.key"}"
"""
    )
    return file


def test_a_certificate_tells_its_time_left(tmp_path: Path) -> None:
    until = datetime(2026, 6, 1, tzinfo=UTC)
    write_certificate(tmp_path / "box.pem", until)
    found = certificate(tmp_path / "box.pem", until.timestamp() - 3600)
    assert found.remaining_s == 3600


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file"),
        ("", "no certificate in PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate"),
    ],
)
def test_what_is_no_certificate_says_why(tmp_path: Path, text: str | None, why: str) -> None:
    file = tmp_path / "box.pem"
    if text is not None:
        file.write_text(text)
    found = certificate(file, 0)
    assert found.remaining_s is None
    assert why in found.why


def test_without_a_configuration_only_the_box_is_looked_at() -> None:
    done = CliRunner().invoke(doctor, ["--json"], standalone_mode=False)
    answer = json.loads(done.stdout)
    assert {check["check"] for check in answer["checks"]} >= {
        "clock",
        "storage",
        "wear",
        "power",
        "temperature",
        "link",
    }
    assert "agent" not in {check["check"] for check in answer["checks"]}
    assert done.return_value == (0 if answer["ok"] else 1)


def test_the_form_of_the_answer() -> None:
    found = [Finding("link", State.FAILING, "eth0: no link", "check the cable"), Finding("power", State.OK, "good")]
    assert report(found) == {
        "ok": False,
        "checks": [
            {"check": "link", "state": "failing", "text": "eth0: no link", "remedy": "check the cable"},
            {"check": "power", "state": "ok", "text": "good", "remedy": None},
        ],
    }
    assert line(found[0]).splitlines() == ["FAILING  link: eth0: no link", "         -> check the cable"]
    assert line(found[1]) == "ok       power: good"


def test_with_a_configuration_agent_outbox_broker_and_certificates_are_looked_at(tmp_path: Path) -> None:
    clock = FakeClock()
    now = datetime.fromtimestamp(clock.wall(), UTC)
    write_certificate(tmp_path / "ca.pem", now + timedelta(days=300))
    write_certificate(tmp_path / "box.pem", now - timedelta(days=1))
    settings = load(write_site(tmp_path))
    link = {"connected": False, "reason": "connection refused", "waiting": {"1": 2}}
    write_status(settings.runtime / FILE_NAME, {"at": clock.wall() - 3, "link": link})

    findings = {(one.check, one.state, one.text) for one in examine(look(settings, clock))}
    texts = {text.replace("\N{NO-BREAK SPACE}", " ") for check, _, text in findings}
    assert {"last status 3 s ago", "2 messages wait for headquarters", "not connected: connection refused"} <= texts
    assert f"{tmp_path / 'box.pem'}: expired 1 d ago" in texts
    assert f"{tmp_path / 'ca.pem'}: 300 d left" in texts


def test_a_box_whose_agent_does_not_run_is_failing(tmp_path: Path) -> None:
    done = CliRunner().invoke(doctor, ["--config", str(write_site(tmp_path))], standalone_mode=False)
    assert done.return_value == 1
    assert "FAILING  agent: has written no status: it is not running" in done.stdout
