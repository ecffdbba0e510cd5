"""Short messages, by the HTTP interface of whatever gateway the company has: its fields are a template."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from web.desk.deliver import post
from web.desk.notify import Notification

LENGTH = 300
"""A text is cut to this many characters: two or three short messages."""
FIELDS: Mapping[str, str] = {"to": "{to}", "text": "{text}"}
"""What is posted unless desk.toml says otherwise."""
NUMBER = re.compile(r"\+?[0-9][0-9 ]{4,18}[0-9]")
"""A telephone number."""


@dataclass(frozen=True, slots=True)
class SmsGateway:
    """A POST to ``url``. ``fields`` are name -> value, in which ``{to}``, ``{text}`` and ``{key}`` stand for the
    number, the text and the key of the message; ``form`` says how they are sent: form or json. ``authorization`` reads
    the value of that header when it is needed."""

    url: str
    fields: Mapping[str, str] = field(default_factory=lambda: FIELDS)
    form: str = "form"
    authorization: Callable[[], str] | None = None
    timeout_s: float = 15.0


class Sms:
    """Delivers the subject of a message, which says what fails where; the proof is the gateway's answer."""

    def __init__(self, gateway: SmsGateway) -> None:
        self._gateway = gateway

    def deliver(self, message: Notification) -> str:
        """See ``Channel.deliver``."""
        gateway = self._gateway
        known = {"{to}": message.address.replace(" ", ""), "{text}": message.subject[:LENGTH], "{key}": message.key}
        filled = {name: _filled(template, known) for name, template in gateway.fields.items()}
        headers = {"Content-Type": "application/json; charset=utf-8"}
        body = json.dumps(filled, ensure_ascii=False).encode()
        if gateway.form == "form":
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            body = urlencode(filled).encode()
        if gateway.authorization is not None:
            headers["Authorization"] = gateway.authorization()
        return post("SMS gateway", gateway.url, body, headers, gateway.timeout_s)


def _filled(template: str, known: Mapping[str, str]) -> str:
    """A template with its places filled in one pass: a text that contains "{to}" stays as it is."""
    return re.sub(r"\{(?:to|text|key)\}", lambda place: known[place[0]], template)
