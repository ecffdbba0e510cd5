"""TLS towards a broker, for the box and for headquarters alike: whom to trust, what to show, and what went wrong."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from gateway.settings.model import UplinkSettings

PORTS = {"mqtts": 8883, "mqtt": 1883}
CONNECT_TIMEOUT_S = 30.0
"""Seconds for TCP and TLS to come up: 4.5-11 s were measured on a 64 kbit/s line with loss, paho's default is 5."""

_ALERTS = {
    "unknown ca": "the broker does not know the authority that signed this certificate: check {table}.cert",
    "certificate required": "the broker wants a client certificate: set {table}.cert and {table}.key",
    "handshake failure": "the broker wants a client certificate: set {table}.cert and {table}.key",
    "certificate expired": "this certificate has expired: renew {table}.cert",
    "certificate revoked": "this certificate was revoked: renew {table}.cert",
    "bad certificate": "the broker refuses this certificate: check {table}.cert",
    "certificate unknown": "the broker refuses this certificate: check {table}.cert",
}


_OUT_OF_TIME = {9: "is not valid yet", 10: "has expired"}
_UNKNOWN_AUTHORITY = frozenset((18, 19, 20, 21))
"""OpenSSL's X509_V_ERR_*: the authority is another one, or the certificate signs itself."""


def tls_context(connection: UplinkSettings) -> ssl.SSLContext:
    """Trusts the given authority only and shows the given certificate. OSError names a file that cannot be used. Made
    anew for every connection, so that renewed certificates are taken up."""
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=_readable(connection.ca))
    except ssl.SSLError as error:
        raise OSError(f"{connection.ca} is no certificate of an authority: check {connection.table}.ca") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if connection.cert:
        try:
            context.load_cert_chain(str(connection.cert), _readable(connection.key))
        except ssl.SSLError as error:
            raise OSError(f"{connection.cert} and {connection.key} are no certificate with its key") from error
    return context


def _readable(path: Path | None) -> str | None:
    if path is None:
        return None
    with path.open("rb"):  # so that the error names the file, which ssl's does not
        return str(path)


def host_and_port(connection: UplinkSettings) -> tuple[str, int]:
    """Where the broker listens."""
    url = urlsplit(connection.url)
    return url.hostname or "", url.port or PORTS[url.scheme]


def explain(error: Exception, connection: UplinkSettings) -> str:
    """One line for a person: why there is no connection to the broker."""
    broker, table = urlsplit(connection.url).netloc, connection.table
    text = str(error).replace("\n", " ").replace("_", " ").lower()
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message
        if error.verify_code in _OUT_OF_TIME:
            return (
                f"{broker}: the broker's certificate {_OUT_OF_TIME[error.verify_code]}: is this machine's clock right?"
            )
        if error.verify_code in _UNKNOWN_AUTHORITY:
            return (
                f"{broker}: the broker's certificate is not accepted: {why}: check {table}.ca; if it is right, "
                "something on the way (a captive portal, a proxy) answers instead of the broker"
            )
        return f"{broker}: the broker's certificate is not accepted: {why}: check {table}.ca and the clock"
    if isinstance(error, ssl.SSLError):
        for alert, meaning in _ALERTS.items():
            if alert in text:
                return f"{broker}: {meaning.format(table=table)}"
        failed = error.reason or str(error)
        return f"{broker}: TLS failed: {failed}: is this the broker's TLS port? (a captive portal answers so too)"
    if isinstance(error, ConnectionRefusedError):
        return f"{broker}: connection refused: is the broker running?"
    if isinstance(error, TimeoutError):
        return f"{broker}: no answer within {CONNECT_TIMEOUT_S:.0f} s: is the link up?"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}: check the certificates in [{table}]"
    if "name or service" in text or "name resolution" in text or "no address" in text:
        return f"{broker}: this name is not known to DNS: check {table}.url and the link"
    if any(words in text for words in ("reset by peer", "broken pipe", "is not connected", "eof occurred")):
        return f"{broker}: the connection was cut: is this the broker's port, and {table}.url mqtts:// if it wants TLS?"
    return f"{broker}: {error}"


def refusal(connection: UplinkSettings, *, wait_s: float = 3.0) -> str:
    """Why a broker cut a connection before it said a word of MQTT; empty if TLS is not why.

    Connects once more and sends nothing: the alert that names the reason is lost when it crosses our own first bytes.
    """
    if not connection.url.startswith("mqtts://"):
        return ""
    host, port = host_and_port(connection)
    try:
        with (
            socket.create_connection((host, port), CONNECT_TIMEOUT_S) as raw,
            tls_context(connection).wrap_socket(raw, server_hostname=host) as secured,
        ):
            secured.settimeout(wait_s)
            secured.recv(1)
    except ssl.SSLError as error:
        return explain(error, connection)
    except OSError:
        return ""
    return ""
