"""Throw-away certificates for the demo's broker, made with the `openssl` program: they live as long as the demo."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.core.errors import UnavailableError

_DAYS = "3"
_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, both PEM."""

    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority whose files lie in ``folder``; ``pair`` is its own certificate."""

    folder: Path
    pair: Pair

    def server(self, host: str) -> Pair:
        """A certificate for a server that is reached by the address ``host`` or as localhost."""
        names = f"subjectAltName=IP:{host},DNS:localhost"
        return self._signed("broker", f"{names}\nextendedKeyUsage=serverAuth\n")

    def client(self, name: str) -> Pair:
        """A certificate for a client whose common name is ``name``."""
        return self._signed(name, "extendedKeyUsage=clientAuth\n")

    def _signed(self, name: str, extensions: str) -> Pair:
        pair = Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        request, extra = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extra.write_text(extensions, encoding="utf-8")
        _openssl("req", "-new", *_CURVE, "-keyout", pair.key, "-out", request, "-subj", f"/CN={name}")
        signer = ("-CA", self.pair.cert, "-CAkey", self.pair.key, "-CAcreateserial")
        _openssl("x509", "-req", "-in", request, *signer, "-days", _DAYS, "-extfile", extra, "-out", pair.cert)
        request.unlink()
        extra.unlink()
        return pair


def available() -> bool:
    """True if there is an `openssl` program."""
    return shutil.which("openssl") is not None


def make_authority(folder: Path) -> Authority:
    """Makes a new authority in ``folder``; raises UnavailableError if openssl fails."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pair = Pair(folder / "ca.crt", folder / "ca.key")
    subject = ("-subj", "/CN=Vigie demo", "-addext", "basicConstraints=critical,CA:TRUE")
    _openssl("req", "-x509", "-new", *_CURVE, "-keyout", pair.key, "-out", pair.cert, "-days", _DAYS, *subject)
    return Authority(folder, pair)


def _openssl(*arguments: str | Path) -> None:
    command: Sequence[str] = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise UnavailableError(f"openssl {arguments[0]} failed: {said}", remedy="reinstall openssl")
