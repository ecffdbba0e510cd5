"""The two ways out: mail (SMTP) and webhook (JSON over HTTP, signed). Both return the server's own words as proof."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import smtplib
import ssl
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from urllib.parse import urlsplit

from gateway.clock import Clock
from gateway.core.errors import UnavailableError, VigieError
from web.desk.notify import Notification

_HTTP_OK = range(200, 300)
_HTTP_LATER = frozenset({408, 425, 429})
_SMTP_DONE = 250
_SMTP_FORWARDED = 251
_SMTP_PERMANENT = 500


Attach = Callable[[Notification], tuple[str, bytes] | None]
"""What goes with a message: the name of a PDF and its bytes, or nothing."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """How mail leaves. ``security`` is starttls (required: no message goes out in the clear), tls, or none for a relay
    on the same machine. ``password`` reads the secret when it is needed."""

    host: str
    port: int = 587
    sender: str = "vigie@localhost"
    security: str = "starttls"
    user: str = ""
    password: Callable[[], str] | None = None
    timeout_s: float = 15.0
    context: ssl.SSLContext | None = None


class Mail:
    """Delivers by SMTP. The Message-ID comes from the message's key: a second copy sent because an answer was lost is
    recognised by mail programs. The proof is that id and what the server said to it."""

    def __init__(self, server: MailServer, clock: Clock, attach: Attach = lambda _message: None) -> None:
        self._server = server
        self._clock = clock
        self._attach = attach

    def deliver(self, message: Notification) -> str:
        """See ``Channel.deliver``."""
        where = f"mail server {self._server.host}:{self._server.port}"
        try:
            with self._connected() as smtp:
                return self._sent(smtp, message)
        except smtplib.SMTPAuthenticationError as error:
            raise UnavailableError(
                f"{where} refuses the sign-in ({_said(error)})", remedy="check user and password"
            ) from error
        except smtplib.SMTPResponseException as error:
            kind = VigieError if error.smtp_code >= _SMTP_PERMANENT else UnavailableError
            raise kind(f"{where} answered {_said(error)}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise UnavailableError(f"{where}: {_short(error)}", remedy="tried again later") from error

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        context = server.context or ssl.create_default_context()
        if server.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
        with ExitStack() as undo:
            undo.callback(smtp.close)
            if server.security == "starttls":
                smtp.starttls(context=context)
            if server.user and server.password is not None:
                smtp.login(server.user, server.password())
            undo.pop_all()
        return smtp

    def _sent(self, smtp: smtplib.SMTP, message: Notification) -> str:
        letter = self._letter(message)
        # the steps of sendmail one by one, since the answer to DATA, which names the queue entry, is the proof
        smtp.ehlo_or_helo_if_needed()
        _expect(smtp.mail(self._server.sender), _SMTP_DONE)
        _expect(smtp.rcpt(message.address), _SMTP_DONE, _SMTP_FORWARDED)
        # CRLF: smtplib sends bytes as they are, and to a server bare LF is one line that is too long
        said = _expect(smtp.data(letter.as_bytes(policy=SMTP_POLICY)), _SMTP_DONE)
        return f"{letter['Message-ID']} {said}"

    def _letter(self, message: Notification) -> EmailMessage:
        letter = EmailMessage()
        domain = self._server.sender.rpartition("@")[2] or "localhost"
        letter["Message-ID"] = f"<{message.key}@{domain}>"
        letter["Date"] = format_datetime(datetime.fromtimestamp(self._clock.wall(), UTC))
        letter["From"] = self._server.sender
        letter["To"] = message.address
        letter["Subject"] = message.subject
        letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
        letter["Content-Language"] = message.language
        # all messages about one incident form one conversation in mail programs
        thread = hashlib.sha256(f"{message.site}/{message.incident}".encode()).hexdigest()[:24]
        letter["References"] = f"<{thread}@{domain}>"
        letter.set_content(message.text, cte="base64")
        attached = self._attach(message)
        if attached is not None:
            name, data = attached
            letter.add_attachment(data, maintype="application", subtype="pdf", filename=name)
        return letter


def _expect(answer: tuple[int, bytes], *good: int) -> str:
    code, said = answer
    if code not in good:
        raise smtplib.SMTPResponseException(code, said)
    return f"{code} {said.decode('utf-8', 'replace')}"


def _said(error: smtplib.SMTPResponseException) -> str:
    text = error.smtp_error
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return f"{error.smtp_code} {' '.join(words.split())}"[:200]


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


class Webhook:
    """Delivers by POST of one JSON document.

    Header ``Vigie-Signature: t=<epoch>,v1=<hex>`` holds HMAC-SHA256 of ``<epoch>.<body>`` under the shared secret, so
    that the receiver can refuse forgeries and replays; ``Vigie-Delivery`` is the message's key, for doubles.
    Redirects are not followed: the signature is for one receiver.
    """

    def __init__(self, secret: Callable[[], str] | None, clock: Clock, *, timeout_s: float = 10.0) -> None:
        self._secret = secret
        self._clock = clock
        self._timeout_s = timeout_s

    def deliver(self, message: Notification) -> str:
        """See ``Channel.deliver``."""
        body = json.dumps(_document(message), ensure_ascii=False).encode()
        return post("webhook", message.address, body, self._headers(message, body), self._timeout_s)

    def _headers(self, message: Notification, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json; charset=utf-8", "Vigie-Delivery": message.key}
        if self._secret is not None:
            headers["Vigie-Signature"] = signature(self._secret(), int(self._clock.wall()), body)
        return headers


def post(what: str, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> str:
    """Posts a body; returns the answer as proof. Raises VigieError, with ``retry`` if it may be taken later. ``what``
    names the receiver in errors; of the address only the host is told, since a path may hold a secret."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise VigieError(f"{what} {url!r} is no http or https address", remedy="correct it in desk.toml")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=timeout_s)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        said = " ".join(answer.read(200).decode("utf-8", "replace").split())
    except (OSError, http.client.HTTPException) as error:
        raise UnavailableError(f"{what} {parts.netloc}: {_short(error)}", remedy="tried again later") from error
    finally:
        connection.close()
    if answer.status not in _HTTP_OK:
        later = answer.status >= http.client.INTERNAL_SERVER_ERROR or answer.status in _HTTP_LATER
        raise (UnavailableError if later else VigieError)(f"{what} {parts.netloc} answered {answer.status} {said}")
    return f"HTTP {answer.status} {said}".strip()


def signature(secret: str, at: int, body: bytes) -> str:
    """Value of the ``Vigie-Signature`` header for a body sent at an instant (s since the epoch)."""
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


def _document(message: Notification) -> dict[str, str]:
    return {
        "key": message.key,
        "kind": message.kind,
        "site": message.site,
        "incident": message.incident,
        "priority": message.priority,
        "to": message.to,
        "subject": message.subject,
        "text": message.text,
        "created_at": datetime.fromtimestamp(message.created_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
