"""The depot's page on literal facts, without a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from site_example import NOW, Example

from gateway.clock import FakeClock
from gateway.core.device import Site
from gateway.core.inventory import Entry
from gateway.settings import Settings
from web.common import hash_secret
from web.site.app import create_app

SECRET = "correct horse battery"


class Depot:
    """An example depot, its page, and a browser without a screen."""

    def __init__(self, folder: Path, scene: str, entries: Sequence[Entry] | None = None) -> None:
        self.example = Example(scene)
        self.clock = FakeClock(NOW)
        settings = Settings(Site("rouiba", "Dépôt de Rouiba"), folder, folder / "inventory.json")
        sources = self.example.sources()
        if entries is not None:
            sources = replace(sources, entries=lambda: entries)
        self.app = create_app(settings, self.clock, sources, secret_key=b"k" * 32)
        self.app.testing = True
        self.client: FlaskClient = self.app.test_client()

    def text(self, path: str, language: str = "fr") -> str:
        """A page's HTML in a language."""
        self.client.set_cookie("lang", language)
        return self.client.get(path).text

    def token(self) -> str:
        """The CSRF token of this browser's session."""
        return str(self.client.get("/api/v1/session").json["csrf_token"])

    def post(self, path: str, **fields: str) -> object:
        """A form, sent with its token."""
        return self.client.post(path, data={"csrf_token": self.token(), **fields})

    def sign_in(self, name: str = "Karim Benali") -> None:
        """Makes the account and opens a session."""
        if self.example.accounts.account(name) is None:
            self.example.accounts.add(name, "responder", hash_secret(SECRET))
        answer = self.client.post("/sign-in", data={"csrf_token": self.token(), "name": name, "secret": SECRET})
        assert answer.status_code == 303


@pytest.fixture
def depot(tmp_path: Path) -> Callable[..., Depot]:
    """Makes the page of the example depot in a scene (ok, down, power or stale), perhaps with other entries."""
    return lambda scene="down", entries=None: Depot(tmp_path, scene, entries)
