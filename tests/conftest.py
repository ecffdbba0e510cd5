"""What tests of several packages share: a real broker with certificates, and waiting for something to become true."""

from __future__ import annotations

import getpass
import ipaddress
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import settings as hypothesis_settings

from gateway.clock import SystemClock
from gateway.settings import UplinkSettings

DAY = timedelta(days=1)

# No deadline: a busy machine is no fault of the code. The same examples in every run: a red run can be looked into.
hypothesis_settings.register_profile("vigie", deadline=None, derandomize=True)
hypothesis_settings.load_profile("vigie")


class Eventually:
    """Waits until a condition holds; fails with what was expected if it does not within the time."""

    def __call__(self, holds: Callable[[], object], what: str, *, within_s: float = 20.0) -> None:
        pause = threading.Event()
        for _ in range(int(within_s / 0.02)):
            if holds():
                return
            pause.wait(0.02)
        pytest.fail(f"not within {within_s:g} s: {what}")


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """``eventually(lambda: done, "what is expected")``."""
    return Eventually()


@dataclass(frozen=True)
class Pair:
    """A certificate and its key as PEM files."""

    cert: Path
    key: Path


class Authority:
    """A certificate authority that lives in a temporary directory."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.cert = self._write(name, self._name, self._key).cert

    def issue(self, name: str, days: tuple[float, float] = (-3, 3), host: str = "127.0.0.1") -> Pair:
        """A certificate for a server at an address or a client with this common name, valid between two days counted
        from today."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        addresses = [x509.IPAddress(ipaddress.ip_address(host)), x509.DNSName("localhost")]
        server = x509.SubjectAlternativeName(addresses)
        return self._write(name, subject, ec.generate_private_key(ec.SECP256R1()), days, server)

    def _write(
        self,
        name: str,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        days: tuple[float, float] = (-3, 3),
        server: x509.SubjectAlternativeName | None = None,
    ) -> Pair:
        now = datetime.fromtimestamp(SystemClock().wall(), UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * DAY)
            .not_valid_after(now + days[1] * DAY)
            .add_extension(x509.BasicConstraints(ca=server is None, path_length=None), critical=True)
        )
        if server:
            builder = builder.add_extension(server, critical=False)
        signed = builder.sign(self._key, hashes.SHA256())
        pair = Pair(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        pair.cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        pair.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return pair


class Mosquitto:
    """A real mosquitto with mutual TLS on a port of its own. Every site may write below its own root only."""

    def __init__(self, program: str, folder: Path, authority: Authority) -> None:
        folder.mkdir(parents=True)
        self.authority = authority
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        server = authority.issue("broker")
        access = folder / "access"
        access.write_text(
            "pattern readwrite vigie/v1/org/%u/#\npattern write homeassistant/binary_sensor/%u/+/config\n"
            "user desk\ntopic readwrite vigie/v1/org/#\ntopic readwrite homeassistant/#\n"
        )
        access.chmod(0o600)
        config = folder / "mosquitto.conf"
        config.write_text(
            f"user {getpass.getuser()}\nlistener {self.port} 127.0.0.1\ncafile {authority.cert}\n"
            f"certfile {server.cert}\nkeyfile {server.key}\nrequire_certificate true\n"
            f"use_identity_as_username true\nacl_file {access}\nallow_anonymous false\n"
            f"persistence false\nlog_dest file {folder}/log\n"
        )
        self._command = [program, "-c", str(config)]

    def start(self) -> None:
        """Starts it and waits until it listens."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        Eventually()(self._listens, f"mosquitto on port {self.port}")

    def kill(self) -> None:
        """kill -9."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def hold(self, number: signal.Signals) -> None:
        """SIGSTOP, or SIGCONT after it."""
        assert self._process is not None
        self._process.send_signal(number)

    def settings(self, name: str, *, port: int | None = None, **files: Path | None) -> UplinkSettings:
        """The way to it for a client with this common name."""
        pair = self.authority.issue(name)
        given = {"ca": self.authority.cert, "cert": pair.cert, "key": pair.key} | files
        return UplinkSettings(f"mqtts://127.0.0.1:{port or self.port}", **given, keepalive_s=5)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The organisation's certificate authority."""
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def mosquitto(tmp_path: Path, authority: Authority) -> Iterator[Mosquitto]:
    """A running broker for organisation `org`."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    if program is None:
        pytest.skip("mosquitto is not installed")
    broker = Mosquitto(program, tmp_path / "mosquitto", authority)
    broker.start()
    yield broker
    broker.kill()
