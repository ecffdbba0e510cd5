"""Backup jobs call `/call/<token>` when they are done: a dead man's switch. No account, no form, no page.

The token is all that a script has, so it opens nothing but this: one line about its own job. Calls are rationed per job
(five at once, then one a minute), and so are wrong tokens per address. A token is never written to a log.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

from flask import Flask, Response, request

from gateway.clock import Clock
from gateway.core.backups import Job, jobs, size_of
from gateway.core.ration import Rate, Ration
from web.site.facts import Sources

ROUTE = "/call/"
_EACH, _TOGETHER = Rate(1 / 60, 5), Rate(1.0, 60)
_DETAIL_LENGTH = 120
_GOOD = frozenset({"", "0", "ok", "true", "success", "succeeded"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_TOKEN = re.compile(rf"({ROUTE})[^\s\"'?\]]+")


class Calling:
    """The route and what becomes of a call."""

    def __init__(self, sources: Sources, clock: Clock) -> None:
        self._sources = sources
        self._clock = clock
        self._ration = Ration(_EACH, _TOGETHER)
        self._guesses = Ration(_EACH, _TOGETHER)

    def register(self, app: Flask) -> None:
        """Adds the route, without the CSRF rule that protects people's sessions: there is no session here."""
        app.add_url_rule("/call/<token>", "call", self.take, methods=["GET", "POST"])
        app.extensions["csrf"].exempt(self.take)
        for logger in (app.logger, logging.getLogger("waitress"), logging.getLogger("werkzeug")):
            logger.addFilter(_without_tokens)

    def take(self, token: str) -> Response:
        """Keeps what a job told, and has the agent look at it within seconds."""
        now = self._clock.monotonic()
        park, calls = self._sources.park(), self._sources.calls
        call = calls.find(token) if calls else None
        device = park.devices.get(call.device) if call else None
        if calls is None or call is None or device is None or not any(_is(job, call.job) for job in jobs(device)):
            return _say(404, "no job calls here") if self._guesses.admit(request.remote_addr, now) else _slower()
        if not self._ration.admit((call.device, call.job), now):
            return _slower()
        if request.method == "HEAD":  # whoever only looks has not made a backup
            return _say(200, "a job calls here")
        told = _told()
        if told is None:  # a failure in a form that nobody understands must not pass for a good backup
            return _say(400, "send status and size as a form, as JSON or in the address")
        try:
            size = size_of(told.get("size", ""))
        except ValueError:
            return _say(400, "size: a whole number of bytes")
        status = " ".join(told.get("status", "").split())[:_DETAIL_LENGTH]
        ok = status.lower() in _GOOD
        calls.note(call, ok=ok, detail="" if ok else status, size=size)
        self._sources.submit("poll_now", "call", {"device": call.device})
        return _say(200, "noted")


def _is(job: Job, name: str) -> bool:
    return job.calls and job.name == name


def _told() -> dict[str, str] | None:
    """The fields of the query and of the body, whose own win; None for a body that is neither a form nor a JSON
    object."""
    fields = request.args.to_dict()
    if request.mimetype in _FORMS:
        return {**fields, **request.form.to_dict()}
    if not request.get_data():
        return fields
    document = request.get_json(silent=True)
    if not isinstance(document, dict):
        return None
    return {**fields, **{str(key): str(value) for key, value in document.items()}}


def _say(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")


def _slower() -> Response:
    return _say(429, "too many calls: once a minute is enough")


def _without_tokens(record: logging.LogRecord) -> bool:
    """Takes tokens out of a line of a log: frameworks write the address of a request that failed."""
    text = record.getMessage()
    if ROUTE in text:
        record.msg, record.args = _TOKEN.sub(r"\1...", text), ()
    return True


def call_addresses(sources: Sources) -> Iterator[tuple[str, str, str]]:
    """(device, job, URL) of every job that calls, as `vigie web --calls` prints them."""
    park, calls = sources.park(), sources.calls
    for device in park.devices.values() if calls else ():
        for job in jobs(device):
            if calls and job.calls:
                yield device.id, job.name, call_address(sources, calls.token(device.id, job.name))


def call_address(sources: Sources, token: str) -> str:
    """The URL of a token, by the box's IP address: scripts shall not depend on names."""
    return f"{sources.card.addresses[0].rstrip('/')}{ROUTE}{token}"
