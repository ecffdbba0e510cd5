"""What a page may weigh, so that it opens at once on an old telephone over a poor link."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

PATHS = (
    "/",
    "/incidents",
    "/incidents/7c1f03a9d2e4",
    "/devices",
    "/devices/ups-1",
    "/discovery",
    "/devices/srv-1",
    "/box",
    "/report",
    "/help",
    "/sign-in",
    "/sign-in/code",
)
LANGUAGES = ("fr", "ar", "en")


class Counter(HTMLParser):
    """Counts elements and notes what a page loads and what a strict policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.elements = 0
        self.loads: list[str] = []
        self.forbidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements += 1
        given = dict(attrs)
        if tag in ("script", "img", "iframe"):
            self.loads.append(given.get("src") or "")
        if tag == "link":
            self.loads.append(given.get("href") or "")
        if tag == "style" or (tag == "script" and not given.get("src")):
            self.forbidden.append(tag)
        self.forbidden += [name for name in given if name == "style" or name.startswith("on")]


def packed(data: bytes) -> int:
    return len(gzip.compress(data, 6))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_first_load_of_every_page_stays_small(depot: Callable[..., Any], path: str, language: str) -> None:
    page = depot()
    html = page.text(path, language)
    seen = Counter()
    seen.feed(html)
    files = [page.client.get(address).data for address in seen.loads]
    assert packed(html.encode()) <= 6 * 1024
    assert packed(html.encode()) + sum(packed(data) for data in files) <= 16 * 1024
    assert 1 + len(files) <= 5
    assert all(address.startswith("/static/") for address in seen.loads)
    assert seen.forbidden == []


@pytest.mark.parametrize("scene", ["ok", "down", "power", "stale"])
def test_status_page_has_few_elements(depot: Callable[..., Any], scene: str) -> None:
    seen = Counter()
    seen.feed(depot(scene).text("/"))
    assert seen.elements <= 600


def test_sheet_and_script_stay_within_their_shares(depot: Callable[..., Any]) -> None:
    page = depot()
    assert packed(page.client.get("/static/app.css").data) <= 6 * 1024
    assert packed(page.client.get("/static/live.js").data) <= 2 * 1024


def test_sheet_knows_no_left_and_no_right(depot: Callable[..., Any]) -> None:
    sheet = re.sub(r"/\*.*?\*/", "", depot().client.get("/static/app.css").text, flags=re.DOTALL)
    physical = r"(?:margin|padding|border)-(?:left|right)|[;{ ](?:left|right)\s*:|text-align:\s*(?:left|right)"
    assert re.findall(physical, sheet) == []


def test_files_are_kept_for_a_year_under_an_address_that_changes_with_them(depot: Callable[..., Any]) -> None:
    page = depot()
    address = re.search(r'href="(/static/app\.css\?v=\w+)"', page.text("/"))
    assert address is not None
    answer = page.client.get(address[1], headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert page.client.get("/static/../app.py").status_code == 404
