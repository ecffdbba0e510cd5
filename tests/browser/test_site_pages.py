"""The depot's page in a real browser: nobody is shut out, nothing overflows or is refused, old is shown as old."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright
from site_example import NOW, Example
from werkzeug.serving import make_server

from gateway.clock import FakeClock
from gateway.core.device import Site
from gateway.settings import Settings
from web.common import hash_secret
from web.site.app import create_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (scripts/setup installs it)"),
]
PATHS = (
    "/",
    "/incidents",
    "/incidents/7c1f03a9d2e4",
    "/devices",
    "/devices/ups-1",
    "/devices/srv-1",
    "/week",
    "/discovery",
    "/box",
    "/report",
    "/help",
    "/sign-in",
    "/sign-in/code",
)
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
NAME, SECRET = "Karim Benali", "un long mot de passe"


@dataclass
class Served:
    """A running page: its address, its facts, its clock."""

    base: str
    example: Example
    clock: FakeClock


@contextmanager
def serving(scene: str) -> Iterator[Served]:
    example, clock = Example(scene), FakeClock(NOW)
    settings = Settings(Site("rouiba", "Dépôt de Rouiba"), Path("data"), Path("inventory.json"))
    app = create_app(settings, clock, example.sources(), secret_key=b"k" * 32)
    # werkzeug's own server: unlike waitress it can be ended from another thread
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}", example, clock)
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def down() -> Iterator[Served]:
    """The depot with a dead till server."""
    with serving("down") as served:
        yield served


@contextmanager
def opened(browser: Browser, base: str, language: str = "fr", **options: object) -> Iterator[tuple[Page, list[str]]]:
    """A page, and all that it says to its console."""
    context = browser.new_context(base_url=base, **options)  # type: ignore[arg-type]
    context.add_cookies([{"name": "lang", "value": language, "url": base}])
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.set_default_timeout(15_000)
    try:
        yield page, said
    finally:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_no_page_shuts_anybody_out_or_overflows(browser: Browser, down: Served, language: str, scheme: str) -> None:
    axe = Axe()
    with opened(browser, down.base, language, viewport=PHONE, color_scheme=scheme) as (page, said):
        for path in PATHS:
            page.goto(path)
            found = axe.run(page).response["violations"]
            assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in found] == [], path
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide == 0, path
        assert said == []


@pytest.mark.parametrize("scene", ["ok", "power", "stale"])
def test_other_scenes_shut_nobody_out_either(browser: Browser, scene: str) -> None:
    axe = Axe()
    with serving(scene) as served:
        for scheme, size in (("light", PHONE), ("dark", DESKTOP)):
            with opened(browser, served.base, viewport=size, color_scheme=scheme) as (page, said):
                for path in ("/", "/incidents", "/week", "/box"):
                    page.goto(path)
                    found = axe.run(page).response["violations"]
                    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == [], path
                assert said == []


def test_arabic_is_read_from_the_right_and_telephone_numbers_are_not(browser: Browser, down: Served) -> None:
    with opened(browser, down.base, "ar", viewport=PHONE) as (page, _):
        page.goto("/")
        icon, title = page.locator(".say svg").bounding_box(), page.locator("h1").bounding_box()
        assert icon is not None
        assert title is not None
        assert icon["x"] > title["x"]
        phone = page.locator("a[href^='tel:'] bdi")
        assert phone.get_attribute("dir") == "ltr"
        assert phone.inner_text() == "021 00 00 00"


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("scene", ["down", "power"])
def test_sentence_and_buttons_fit_on_the_first_screen_of_a_telephone(
    browser: Browser, language: str, scene: str
) -> None:
    with serving(scene) as served, opened(browser, served.base, language, viewport=PHONE) as (page, _):
        page.goto("/")
        last = page.locator(".hero .acts > *:last-child").bounding_box()
        assert last is not None
        assert last["y"] + last["height"] <= PHONE["height"]


def test_keyboard_walks_from_the_skip_link_through_the_page_in_reading_order(browser: Browser, down: Served) -> None:
    with opened(browser, down.base, viewport=DESKTOP) as (page, _):
        page.goto("/")
        walked = []
        for _ in range(12):
            page.keyboard.press("Tab")
            walked.append(page.evaluate("document.activeElement.textContent.trim().replace(/\\s+/g, ' ')"))
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid", walked[-1]
        assert walked[0] == "Aller au contenu"
        assert walked[1:4] == ["FR", "ع", "EN"]
        assert walked[4:9] == ["Le site", "Pannes", "Appareils", "Semaine", "Technicien"]
        assert walked[9] == "Suivre la panne, étape par étape"


def test_status_says_the_same_without_scripts(browser: Browser, down: Served) -> None:
    texts = []
    for enabled in (True, False):
        with opened(browser, down.base, java_script_enabled=enabled) as (page, _):
            page.goto("/")
            texts.append(page.locator("main").inner_text())
    assert texts[0] == texts[1]
    assert "La caisse est arrêtée" in texts[0]


def test_lost_box_is_told_within_a_minute_and_found_again(browser: Browser, down: Served) -> None:
    with opened(browser, down.base, viewport=PHONE) as (page, said):
        page.clock.install()
        page.goto("/")
        banner = page.locator("#stale")
        expect(banner).to_be_hidden()
        page.route("**/*", lambda route: route.abort())
        for _ in range(5):
            page.clock.run_for(12_000)
            page.wait_for_timeout(100)
            if banner.is_visible():
                break
        expect(banner).to_contain_text("10:20:08")
        assert "grayscale" in page.locator("main").evaluate("one => getComputedStyle(one).filter")
        page.unroute("**/*")
        down.example.scene = "ok"
        for _ in range(5):
            page.clock.run_for(12_000)
            page.wait_for_timeout(100)
            if banner.is_hidden():
                break
        expect(banner).to_be_hidden()
        expect(page.locator("h1")).to_have_text("Tout fonctionne")
        assert page.title() == "Tout fonctionne – Dépôt de Rouiba"
        assert [line for line in said if "ERR_FAILED" not in line] == []


def test_new_facts_leave_the_focus_and_opened_details_where_they_are(browser: Browser, down: Served) -> None:
    with opened(browser, down.base, viewport=DESKTOP) as (page, _):
        page.clock.install()
        page.goto("/devices/ups-1")
        page.get_by_text("Voir les chiffres").click()
        down.example.scene = "ok"
        page.clock.run_for(12_500)
        expect(page.locator(".hero")).to_have_class("hero ok")
        assert page.locator("details").first.evaluate("one => one.open")
        assert page.evaluate("document.activeElement.textContent").strip() == "Voir les chiffres"


def test_person_signs_in_takes_the_incident_and_writes_a_note(browser: Browser) -> None:
    with serving("power") as served, opened(browser, served.base, viewport=PHONE) as (page, said):
        served.example.accounts.add(NAME, "responder", hash_secret(SECRET))
        page.goto("/")
        page.get_by_role("link", name="Suivre la panne").click()
        page.get_by_role("button", name="Je m’en occupe").click()
        page.get_by_label("Votre nom").fill(NAME)
        page.get_by_label("Mot de passe").fill(SECRET)
        page.get_by_role("button", name="Se connecter").click()
        expect(page.locator(".foot")).to_contain_text(NAME)
        page.get_by_role("button", name="Je m’en occupe").click()
        expect(page.locator(".doneline")).to_contain_text("vous vous occupez de cette panne")
        page.get_by_label("Ce que vous voyez").fill("Disjoncteur baissé")
        page.get_by_role("button", name="Envoyer la note").click()
        expect(page.locator(".doneline")).to_contain_text("La note est enregistrée")
        assert [(one.kind, one.who) for one in served.example.submitted] == [("acknowledge", NAME), ("note", NAME)]
        assert said == []
