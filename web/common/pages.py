"""Pages that stay open for days: rendered once per snapshot and language, asked for again with an ETag.

A page is rendered with two marks in it, one for the CSRF token and one for the time of the last check. They are filled
in when it is sent, so that the rendered text (and with it the ETag) is the same for everybody and for every poll until
something really changes. `live.js` asks with ``X-Part: main`` and gets the inside of ``<main>`` only; the time of the
last check and the title come in headers, on a 304 too.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, current_app, g, render_template, request, url_for
from flask_wtf.csrf import generate_csrf

CSRF_MARK = f"csrf-{secrets.token_hex(8)}"
CHECKED_MARK = f"checked-{secrets.token_hex(8)}"
_KEPT = 64
_FRESH_S = 10.0
"""A rendered page is used again for this long at most: durations in it ("38 minutes") grow without any news."""
_WORTH_COMPRESSING = 500

Build = Callable[[], Mapping[str, Any]]


class Page:
    """One rendered page with its marks, and the inside of its ``<main>``."""

    def __init__(self, whole: str) -> None:
        self.whole = whole
        start, end = whole.index(">", whole.index("<main")) + 1, whole.rindex("</main>")
        self.part = whole[start:end]
        head, _, rest = whole.partition("<title>")
        self.title = html.unescape(rest.partition("</title>")[0]) if rest else head[:0]

    @cached_property
    def tags(self) -> tuple[str, str]:
        """ETags of the whole page and of its part."""
        return _digest(self.whole), _digest(self.part)


def _digest(text: str) -> str:
    return hashlib.blake2s(text.encode(), digest_size=12).hexdigest()


class PageCache:
    """The pages rendered last, at most 64; threads may use it together."""

    def __init__(self) -> None:
        self._pages: OrderedDict[tuple[object, ...], Page] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[object, ...], render: Callable[[], str]) -> Page:
        """The page under ``key``, rendered now if it is not there."""
        with self._lock:
            page = self._pages.get(key)
            if page:
                self._pages.move_to_end(key)
                return page
        page = Page(render())
        with self._lock:
            self._pages[key] = page
            while len(self._pages) > _KEPT:
                self._pages.popitem(last=False)
        return page


def live_page(template: str, build: Build, *, version: str, checked_at: float | None) -> Response:
    """Answers the current request with a page that `live.js` keeps up to date.

    ``build`` gives the template's variables; it is called only if no page of this ``version`` (any text that changes
    when the facts do) is at hand. ``checked_at`` (s since the epoch) is when the facts were last checked.
    """
    bucket = int(g.now // _FRESH_S)
    who = g.account.name if g.account else ""
    key = (template, request.full_path, request.host, g.language.code, who, version, bucket)
    page = _cache().get(key, lambda: render_template(template, checked=CHECKED_MARK, live=True, **build()))
    part = request.headers.get("X-Part") == "main"
    checked = g.formats.clock(checked_at) if checked_at is not None else "-"  # a header: ASCII
    response = Response(mimetype="text/html")
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Checked"] = checked
    response.headers["X-Title"] = quote(page.title)
    response.vary.update(("X-Part", "Cookie"))
    response.set_etag(page.tags[1] if part else page.tags[0])
    if request.if_none_match.contains(response.get_etag()[0] or ""):
        response.status_code = 304
        return response
    return _send(response, (page.part if part else page.whole).replace(CHECKED_MARK, checked))


def plain_page(template: str, status: int = 200, **variables: Any) -> Response:
    """Answers with a page that does not renew itself: sign-in, an error."""
    response = Response(mimetype="text/html", status=status)
    return _send(response, render_template(template, checked="", live=False, **variables))


def _send(response: Response, text: str) -> Response:
    if CSRF_MARK in text:
        text = text.replace(CSRF_MARK, generate_csrf())
    response.set_data(text)
    return compress(response)


def compress(response: Response) -> Response:
    """Compresses the answer if the browser takes gzip and it is worth it."""
    response.vary.add("Accept-Encoding")
    data = response.get_data()
    if len(data) >= _WORTH_COMPRESSING and _takes_gzip() and response.status_code != 304:
        response.set_data(gzip.compress(data, 6, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
    return response


def _takes_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0


def _cache() -> PageCache:
    cache = current_app.extensions["vigie.pages"]
    assert isinstance(cache, PageCache)  # noqa: S101 - put there by create_base_app
    return cache


_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file that a page loads, as it is and compressed; ``digest`` is part of its address."""

    data: bytes
    packed: bytes
    type: str
    digest: str


def read_assets(*folders: Path) -> dict[str, Asset]:
    """The files of ``static`` folders by name, read once at start; a later folder wins."""
    assets = {}
    for folder in folders:
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.suffix in _TYPES:
                data = path.read_bytes()
                digest = hashlib.blake2s(data, digest_size=5).hexdigest()
                assets[path.name] = Asset(data, gzip.compress(data, 9, mtime=0), _TYPES[path.suffix], digest)
    return assets


def serve_assets(app: Flask, assets: Mapping[str, Asset]) -> None:
    """Adds `/static/<name>`, kept by browsers for a year since the address holds the digest, and ``asset()`` for
    templates."""

    @app.get("/static/<name>")
    def static(name: str) -> Response:
        asset = assets.get(name)
        if asset is None:
            return Response(status=404)
        response = Response(asset.data, content_type=asset.type)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        response.vary.add("Accept-Encoding")
        if _takes_gzip():
            response.set_data(asset.packed)
            response.headers["Content-Encoding"] = "gzip"
        return response

    @app.template_global()
    def asset(name: str) -> str:
        return url_for("static", name=name, v=assets[name].digest)
